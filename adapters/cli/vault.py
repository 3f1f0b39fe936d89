"""个人信息库与大数据比对 on the command line."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.opening import As, acting, acting_or_headquarters, opened, region_of
from adapters.cli.speech import AsJson, document, lines, say
from adapters.cli.workbooks import contents
from adapters.workbooks.intake import severity_named
from domain.command import Act, Refused, refuse
from domain.comparison import RosterCompared, RosterKind
from domain.households import HouseholdRegistered
from domain.ids import HouseholdId, PersonId
from domain.issues import IssueRegistered
from domain.vault import Disclosure, Item, proved_by

NOBODY = PersonId("person-nobody")
Who = Annotated[
    str, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须为指挥部办公室、督查室或纪检监察")
]


def status(as_json: AsJson = False) -> None:
    """个人信息库:保存了多少、等待登记的、已删除的、期满待删除的、被查看的次数。不显示任何个人信息。"""
    from adapters.vault.access import due

    with opened() as application:
        told = application.vault.status()
        waiting = due(application.facts, Act(NOBODY, application.now()).today)
    if as_json:
        document({**told._asdict(), "due": waiting})
        return
    lines(
        [
            ("保存", f"{told.households}户{told.people}人"),
            ("等待登记事实", f"{told.orphans}人(1小时后清除)"),
            ("已删除", f"{told.erased}人"),
            ("已记录删除而尚未删除", f"{told.unfinished}人"),
            ("期满待删除", f"{len(waiting)}户"),
            ("查看和比对", f"{told.looks}次"),
        ]
    )


def erase(
    who: As = None,
    household: Annotated[str | None, typer.Option("--household", metavar="编号", help="只删除这一户")] = None,
    as_json: AsJson = False,
) -> None:
    """删除保存期满的个人信息:先记录删除事实,再销毁内容和盐值。

    不指明农户时,删除所有已限制处理且期满的户,并补做以前中断的删除;从备份恢复之后也要运行一次。
    """
    from adapters.vault import access

    erased: list[HouseholdId] = []
    refused: list[str] = []
    with opened() as application:
        today = Act(NOBODY, application.now()).today
        due = [HouseholdId(household)] if household else access.due(application.facts, today)
        if due:
            homes = {
                event.household: event.region
                for fact in application.facts.facts((HouseholdRegistered,))
                if isinstance(event := fact.event, HouseholdRegistered)
            }
            for one in due:
                if one not in homes:
                    refuse("unknown_household", f"农户{one}没有登记")
                act = acting_or_headquarters(application, who, homes[one], "EraseParticulars")
                try:
                    access.erase(application.ledger, application.vault, one, act)
                except Refused as refusal:
                    if household:
                        raise
                    refused.append(f"{one}: {refusal.sentence}")
                else:
                    erased.append(one)
        finished = application.vault.erase()
        swept = application.vault.sweep()
    if as_json:
        document({"erased": erased, "refused": len(refused), "finished": finished, "swept": swept})
        return
    typer.echo(f"已删除{len(erased)}户的个人信息,补做{finished}人,清除没有登记事实的{swept}人")
    for sentence in refused:
        say(sentence)


def verify(
    file: Annotated[Path, typer.Argument(metavar="披露.json", help="查看一项个人信息时接口给出的答复")],
    bundle: Annotated[Path, typer.Option("--bundle", metavar="文件", help="该户的证据包(.zip)")],
    policy: Annotated[Path, typer.Option("--policy", metavar="文件", help="信任名单(C2SP tlog-policy),由核验人自备")],
    as_json: AsJson = False,
) -> None:
    """离线核验一项披露:证据包中的事实确实承诺过这项内容。不需要数据库,也看不到该户的其他内容。"""
    from adapters.proofs.offline import verify_bundle
    from adapters.proofs.policy import Policy

    report = verify_bundle(contents(bundle), Policy.parse(contents(policy).decode("utf-8", "replace")))
    try:
        said = json.loads(contents(file))
        disclosure = Disclosure.model_validate({name: said[name] for name in Disclosure.model_fields})
    except (ValueError, KeyError, TypeError):
        refuse("bad_disclosure", "披露文件无法读取")
    fact = proved_by(report.facts, disclosure)
    if fact is None:
        refuse("disclosure_unproven", "证据包中没有事实承诺过这项内容:内容、盐值或成员不符")
    item = next((one.label for one in Item if one.value == disclosure.field), disclosure.field)
    if as_json:
        document({"verified": True, "member": disclosure.member, "field": disclosure.field, "position": fact.position})
    else:
        typer.echo(f"核验通过:第{fact.position}号事实承诺过{disclosure.member}的这项{item}")


def compare(
    file: Annotated[Path, typer.Argument(metavar="名册", help="名册(.xlsx 或 .csv),须有身份证号一列")],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="类别",
            help="、".join(f"{one.value}({one.label})" for one in RosterKind),
        ),
    ],
    region: Annotated[str, typer.Option("--region", metavar="代码", help="与哪里的农户比对")],
    who: Who,
    on: Annotated[
        datetime | None, typer.Option("--on", metavar="日期", formats=["%Y-%m-%d"], help="名册截至的日期,不给则为今天")
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="等级", help="所立问题的等级,不给则为较重")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="天数", min=1, max=365, help="整改天数,不给则为15天")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """大数据比对:把外部名册与农户在个人信息库内比对,每一处不一致立为一个问题。

    身份证号只在库内比对,不出库、不入日志、不入台账。同一份名册再次比对,不会重复立项。
    """
    from adapters.vault import comparing
    from adapters.vault.roster import read_roster

    sort = next((one for one in RosterKind if kind in (one.value, one.label)), None)
    if sort is None:
        refuse("unknown_roster_kind", f"没有这类名册:应为{'、'.join(one.value for one in RosterKind)}")
    try:
        grave = severity_named(severity) if severity is not None else None
    except ValueError:
        refuse("unknown_severity", "问题等级应为一般、较重或重大")
    roster = read_roster(contents(file))
    with opened() as application:
        act = acting(application, who, "CompareRoster")
        wanted = comparing.asked(
            sort,
            region_of(region),
            act,
            roster_on=on.date() if on else None,
            severity=grave,
            days=days,
        )
        outcome = comparing.compare(application.ledger, application.vault, roster, wanted, act)
    issues = [event.issue for event in outcome.facts if isinstance(event, IssueRegistered)]
    if as_json:
        document(
            {
                "roster": roster.roster,
                "rows": roster.rows,
                "unreadable": roster.unreadable,
                "issues": issues,
                "compared": any(isinstance(event, RosterCompared) for event in outcome.facts),
                "position": outcome.position,
            }
        )
        return
    typer.echo(f"名册{roster.rows}行,新立{len(issues)}个问题(事实序号至{outcome.position})")
    if roster.unreadable:
        say(f"有{len(roster.unreadable)}行的身份证号无法读取:{'、'.join(roster.unreadable[:10])}")
