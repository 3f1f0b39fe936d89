"""政策包 on the command line: shown as a county office would read it on paper, and adopted: one that ships with the
program, or a file of the place's own. What is adopted is the text, so what a place ruled on any day can be shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.fields import table_of
from adapters.cli.ledgers import AsOf
from adapters.cli.opening import As, Since, acting_or_headquarters, opened, region_of
from adapters.cli.rulebook import print_policy
from adapters.cli.speech import AsJson, document, lines, table
from domain.command import About, refuse
from domain.fact import Past, Recorded
from domain.ids import RegionId
from domain.policy import AdoptPolicy, Policy, PolicyAdopted, adopted_by, packaged

if TYPE_CHECKING:
    from adapters.bootstrap import Application

Pack = Annotated[str, typer.Argument(metavar="政策包", help="自带政策包的名称,例如 county,或一个 .toml 文件")]


def adopt(
    name: Pack,
    region: Annotated[str, typer.Option("--region", metavar="代码", help="采用它的县或市")],
    who: As = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """采用政策包:自某日起,本地按它的规则办理。采用的是全文,文件以后怎样改都不影响。"""
    place, policy = region_of(region), policy_named(name)
    with opened() as application:
        act = acting_or_headquarters(application, who, place, "AdoptPolicy")
        day = since.date() if since else act.today
        outcome = application.ledger.execute(AdoptPolicy(region=place, policy=policy, since=day), act)
    if as_json:
        document({"region": place, "policy": policy.policy, "version": policy.version, "position": outcome.position})
    else:
        typer.echo(f"{place.code}自{day.isoformat()}起采用《{policy.title}》第{policy.version}版")


def show(
    name: Annotated[
        str | None, typer.Argument(metavar="政策包", help="自带政策包的名称,或一个 .toml 文件;看已采用的则不写")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="代码", help="看此地已采用的政策包的原文")] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="已采用的第几版;不写则为当时有效的一版")
    ] = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """把政策包写成人能读的文件:供采用前与本地文件核对,或看任一时刻所采用的任何一版。"""
    if region is not None:
        show_adopted(region_of(region), version, as_of, as_json)
        return
    if name is None:
        refuse("which_policy", "请写明政策包的名称或文件,或用 --region 看已采用的")
    policy = policy_named(name)
    if as_json:
        document(policy)
    else:
        print_policy(policy)


def show_adopted(place: RegionId, version: int | None, as_of: str | None, as_json: bool) -> None:
    """As the facts recorded until then say it: the pack in force that day, or one version of it."""
    from adapters.http.moments import instant_of

    with opened() as application:
        at = instant_of(application, as_of)
        known = adoptions(application, place, at.position)
    if version is None:
        chosen = adopted_by(Past(known), place, at.day)
    else:
        chosen = next((one for one in reversed(known) if event_of(one).policy.version == version), None)
    if chosen is None:
        refuse("no_policy", "此地当时没有有效的政策包,或没有采用过这一版")
    adopted = event_of(chosen)
    if as_json:
        document(
            {"region": adopted.region, "since": adopted.since, "position": chosen.position, "policy": adopted.policy}
        )
        return
    print_policy(adopted.policy)
    lines([("采用", f"{adopted.region.code}自{adopted.since.isoformat()}起,事实序号{chosen.position}")])
    rows = (
        (event_of(one).policy.title, event_of(one).policy.version, event_of(one).since, one.position) for one in known
    )
    table("采用过的各版", ("政策包", "版", "施行日期", "事实序号"), rows)


def adoptions(application: "Application", place: RegionId, until: int | None) -> list[Recorded]:
    """Of the place's county and of its city, in order."""
    above = dict.fromkeys(found for level in ("city", "county") if (found := place.at(level)))
    known = application.facts.read([About(one, (PolicyAdopted,)) for one in above]).facts
    return [fact for fact in known if until is None or fact.position <= until]


def event_of(fact: Recorded) -> PolicyAdopted:
    assert isinstance(fact.event, PolicyAdopted)
    return fact.event


def policy_named(name: str) -> Policy:
    """One that ships with the program, or the one in a file. Raises ValidationError for a file that is no pack."""
    if name.endswith(".toml"):
        return Policy.model_validate(table_of(Path(name)))
    try:
        if name.isidentifier():
            return packaged(name)
    except FileNotFoundError:
        pass
    refuse("unknown_policy", f"没有政策包“{name[:40]}”:应为自带的名称,或一个 .toml 文件")
