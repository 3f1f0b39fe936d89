"""排查: sweeps under way and done, opening one in a village, its doors one by one, and what it still waits for."""

from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, done, open_to, performed, shown_again
from adapters.web.formats import typeset
from adapters.web.forms import SEVERITIES, Choices, Field, Form, Typed
from adapters.web.issues import address as same_page
from adapters.web.issues import region_choices, townships_first
from adapters.web.names import Names, names_of
from adapters.web.site import Site, Visit
from adapters.web.villages import FILES, village_choices
from domain.command import About, Refused
from domain.ids import Id, RegionId, SweepId
from domain.policy import in_force, policies_of
from domain.sweeps import (
    ORDER,
    SWEEP_LIFE,
    ConcludeSweep,
    HouseholdSwept,
    OpenSweep,
    SweepHousehold,
)
from projections.household_ledger import HouseholdLine
from projections.reading import Query, Where, count, find, page, walk
from projections.sweep_ledger import FindingLine, SweepLine

PAGE: Final = 30
STATES: Final = {"": "全部", "open": "进行中", "concluded": "已办结"}

OPEN: Final = Form(
    "open",
    OpenSweep,
    "开展排查",
    "开展",
    (
        Field("region", "在哪个村", "choice"),
        Field("rule", "排查项", "choice"),
        Field("opened_on", "开展日期", "date"),
    ),
    makes=(("sweep", SweepId),),
    note=typeset("一次排查须走遍全村在册农户,查出的每个问题都须整改、销号、跟踪检查后才能办结。"),
)
FORMS: Final = {
    form.name: form
    for form in (
        Form(
            "visit",
            SweepHousehold,
            "记录入户排查",
            "保存",
            (
                Field("household", "哪一户", "choice"),
                Field("findings", "入户情况", hint="不写农户姓名、身份证号、电话"),
                Field("swept_on", "入户日期", "date"),
                Field("found", "查出问题了吗", "finding", choices=SEVERITIES, hint="查出的问题同时登记进问题台账"),
                FILES,
            ),
        ),
        Form("conclude", ConcludeSweep, "排查办结", "办结", (Field("concluded_on", "办结日期", "date"),), tone="sign"),
    )
}


def sweeps(site: Site) -> None:
    site.page("/sweeps", list_page)
    site.page("/sweeps/open", open_sweep, method="POST")
    site.page("/sweeps/{sweep}", sweep_page)
    site.page("/sweeps/{sweep}/{form}", act_on_sweep, method="POST")


# All of them


def list_page(visit: Visit) -> Response:
    return listed(visit)


def listed(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """排查台账, by place and by whether they are concluded."""
    as_of, state, region = visit.as_of, visit.query("state"), visit.query("region")
    where = [Where("region", "within", (region,))] if region else []
    if state in ("open", "concluded"):
        where.append(Where("concluded_on", "null", state == "open"))
    with visit.application.pool.connection() as connection:
        query = Query(where, ("-opened_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, SweepLine, query)
        total = count(connection, SweepLine, where, found.position)
        places = region_choices(connection, region)
        form, townships = opening(visit, connection, typed)
        names = names_of(connection, {one for line in found.lines for one in (line.region, line.opened_by)})
    audit("viewed", viewer=visit.viewer.person, what="sweep_ledger", as_of=as_of.position)
    return visit.render(
        "sweeps.html",
        status,
        lines=found.lines,
        total=total,
        names=names,
        places=places,
        region=region,
        state=state,
        states=STATES,
        forms=(form,) if form else (),
        townships=townships,
        typed=typed,
        as_of=as_of,
        next=same_page(visit, cursor=found.next) if found.next else "",
    )


def opening(visit: Visit, connection: Connection[Any], typed: Typed | None) -> tuple[Form | None, Choices]:
    """The form for opening one, for those who order sweeps where the rules know any."""
    mine = tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in ORDER))
    rules = rules_of(visit, mine)
    if not can_act(visit) or not rules:
        return None, ()
    chosen = (typed.values.get("region", "") if typed else "") or visit.query("township")
    villages = village_choices(connection, chosen, within=mine)
    return OPEN.asking("region", choices=villages).asking("rule", choices=rules), townships_first(
        connection, within=mine
    )


def rules_of(visit: Visit, places: tuple[RegionId, ...]) -> Choices:
    """The lines that the policies in force at these places know."""
    found: dict[str, str] = {}
    for place in places:
        past = visit.application.facts.read(policies_of(place)).facts
        try:
            policy = in_force(past, place, visit.today)
        except Refused:
            continue
        found |= {rule.code: rule.title for rule in policy.sweeps}
    return tuple(found.items())


def open_sweep(visit: Visit) -> Response:
    return performed(
        visit,
        OPEN,
        {},
        lambda typed, status: listed(visit, typed, status),
        lambda command: f"/sweeps/{command.sweep}",
    )


# One sweep


def sweep_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """One sweep: the doors still to be knocked at, those behind it, and what was found."""
    sweep = SweepId(visit.request.path_params["sweep"])
    as_of = visit.as_of
    facts = visit.application.facts.read((About(sweep, SWEEP_LIFE),)).facts
    visits = [
        fact
        for fact in facts
        if isinstance(fact.event, HouseholdSwept) and (as_of.position is None or fact.position <= as_of.position)
    ][::-1]
    with visit.application.pool.connection() as connection:
        line = find(connection, SweepLine, sweep, as_of=as_of.position)
        if line is None:
            raise Problem(404, "unknown_sweep", "没有这次排查,或当时还没有开展")
        living = (Where("region", "eq", line.region), Where("removed", "eq", False))
        homes = list(walk(connection, HouseholdLine, Query(living, (), as_of.position, 500)))
        where = (Where("sweep", "eq", sweep),)
        findings = list(walk(connection, FindingLine, Query(where, (), as_of.position, 500)))
        ids: set[Id | None] = {line.region, line.opened_by, *(fact.by for fact in visits)}
        names = names_of(connection, ids | {one.issue for one in findings})
    seen = {getattr(fact.event, "household") for fact in visits}  # noqa: B009
    left = [home for home in homes if home.household not in seen]
    forms = tuple(sensible(visit, line, left, homes, names)) if can_act(visit) and not line.concluded_on else ()
    forms = open_to(visit, forms)
    audit("viewed", viewer=visit.viewer.person, subject=sweep, what="sweep", as_of=as_of.position)
    return visit.render(
        "sweep.html",
        status,
        line=line,
        left=left,
        homes=homes,
        visits=visits,
        findings=findings,
        waiting=[one for one in findings if not one.settled],
        names=names,
        forms=forms,
        may_visit=any(form.name == "visit" for form in forms),
        asked_for=next((home.household for home in homes if home.household == visit.query("household")), None),
        typed=shown_again(forms, typed),
        done=done(visit, OPEN, *FORMS.values()),
        as_of=as_of,
    )


def sensible(
    visit: Visit, line: SweepLine, left: list[HouseholdLine], homes: list[HouseholdLine], names: Names
) -> Iterator[Form]:
    fixed = {"sweep": str(line.sweep)}
    if homes:
        waiting = {home.household for home in left}
        again = [home for home in homes if home.household not in waiting]
        choices = tuple(
            (str(home.household), f"{names(home.household)} {home.hamlet or ''}{suffix}".strip())
            for some, suffix in ((left, ""), (again, "(已入户,再次核实)"))
            for home in some
        )
        form = FORMS["visit"].asking("household", choices=choices, value=visit.query("household"))
        first = (left or homes)[0].household
        yield form._replace(fixed=fixed, probe={"household": first, "swept_on": visit.today})
    yield FORMS["conclude"]._replace(fixed=fixed, probe={"concluded_on": visit.today})


def act_on_sweep(visit: Visit) -> Response:
    form = FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    sweep = SweepId(visit.request.path_params["sweep"])
    fixed: dict[str, Id | str] = {**about(visit, form), "sweep": sweep}
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/sweeps/{sweep}",
    )
