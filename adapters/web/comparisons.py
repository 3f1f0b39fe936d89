"""大数据比对: a roster is read and shown first, and only what was shown is compared; and the ledger of comparisons.

A roster is full of identity numbers and is kept nowhere: who confirms sends the same file once more, known again by its
digest. What comes out of the vault is households, members' numbers and issues.
"""

from datetime import date
from typing import Final, NamedTuple

from starlette.datastructures import UploadFile
from starlette.responses import Response

from adapters.http.problems import Problem, problem_of
from adapters.logging import audit
from adapters.vault.comparing import Comparison, asked, compare
from adapters.vault.roster import Roster, read_roster
from adapters.web.actions import can_act
from adapters.web.forms import KEY, SEVERITIES, Choices, date_in
from adapters.web.issues import address as same_page
from adapters.web.issues import region_choices
from adapters.web.names import names_of
from adapters.web.site import Site, Visit, see_other
from adapters.workbooks.problems import BadWorkbook
from domain.command import Refused
from domain.comparison import RosterKind
from domain.ids import Id, ImportId, RegionId
from domain.policy import Severity
from domain.posts import OVERSIGHT
from projections.comparison_ledger import ComparisonLine, ContradictionLine
from projections.household_ledger import HouseholdLine
from projections.issue_ledger import IssueLine
from projections.reading import Query, Where, count, page
from services.ledger import Conflict

PAGE: Final = 30
DAYS: Final = 15
KINDS: Final[Choices] = tuple(
    (one.value, f"{one.label}({'应在册' if one.absence else '不应在册'})") for one in RosterKind
)


class Upload(NamedTuple):
    """上传: a roster as it was read, and what it is to be compared with."""

    roster: Roster
    wanted: Comparison
    name: str


class NotRead(Exception):
    """What was sent can't be compared; says why, in Chinese."""


def comparisons(site: Site) -> None:
    site.page("/comparisons", list_page)
    site.page("/comparisons/preview", preview, method="POST")
    site.page("/comparisons/confirm", confirm, method="POST")
    site.page("/comparisons/{roster}", comparison_page)
    site.templates.globals |= {"roster_kinds": KINDS}


def may_compare(visit: Visit) -> tuple[RegionId, ...]:
    """The places whose households the one who looks may compare with a roster."""
    if not can_act(visit):
        return ()
    return tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in OVERSIGHT))


def list_page(visit: Visit) -> Response:
    return listed(visit)


def listed(visit: Visit, sentence: str = "", status: int = 200) -> Response:
    """比对台账, and the form for those who compare."""
    as_of, region, kind = visit.as_of, visit.query("region"), visit.query("kind")
    where = [Where("region", "within", (region,))] if region else []
    where += [Where("kind", "eq", kind)] if kind else []
    mine = may_compare(visit)
    with visit.application.pool.connection() as connection:
        query = Query(where, ("-position",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, ComparisonLine, query)
        total = count(connection, ComparisonLine, where, found.position)
        places = region_choices(connection, region)
        own = region_choices(connection, said(visit, "place"), within=mine) if mine else ()
        names = names_of(connection, {one for line in found.lines for one in (line.region, line.compared_by)})
    audit("viewed", viewer=visit.viewer.person, what="comparison_ledger", as_of=as_of.position)
    return visit.render(
        "comparisons.html",
        status,
        lines=found.lines,
        total=total,
        names=names,
        places=places,
        region=region,
        kind=kind,
        own=own,
        severities=SEVERITIES,
        days=DAYS,
        typed={name: said(visit, name) for name in ("kind", "place", "roster_on", "severity", "days")},
        sentence=sentence,
        as_of=as_of,
        next=same_page(visit, cursor=found.next) if found.next else "",
    )


def said(visit: Visit, name: str) -> str:
    return str(visit.posted.get(name, "")).strip()


def read(visit: Visit) -> Upload:
    """The roster that was sent and what was asked of it. Raises NotRead."""
    kind = next((one for one in RosterKind if one.value == said(visit, "kind")), None)
    if kind is None:
        raise NotRead("请选择名册类别")
    severity = next((one for one in Severity if one.value == said(visit, "severity")), None)
    days = said(visit, "days")
    if days and not (days.isascii() and days.isdigit() and 1 <= int(days) <= 365):
        raise NotRead("整改天数应为1至365的整数")
    try:
        region = RegionId.of(said(visit, "place").removeprefix("region-"))
        on: date | None = date_in(said(visit, "roster_on")) if said(visit, "roster_on") else None
    except ValueError as error:
        raise NotRead("请选择与哪里的农户比对" if "code" in str(error) else f"名册日期:{error}") from None
    file = visit.posted.get("roster")
    if not isinstance(file, UploadFile) or not file.filename:
        raise NotRead("请选择名册文件")
    try:
        roster = read_roster(file.file.read())
    except BadWorkbook as bad:
        raise NotRead(bad.message) from None
    wanted = asked(kind, region, visit.act, roster_on=on, severity=severity, days=int(days) if days else None)
    return Upload(roster, wanted, file.filename[-200:])


def preview(visit: Visit) -> Response:
    """What was read of the roster, and what it would be compared with. The vault is not asked yet."""
    if not may_compare(visit):
        raise Problem(403, "no_authority", "您现任的职务不能比对名册;须为指挥部办公室、督查室或纪检监察")
    try:
        upload = read(visit)
    except NotRead as reason:
        return listed(visit, str(reason), 422)
    return previewed(visit, upload)


def previewed(visit: Visit, upload: Upload, sentence: str = "", status: int = 200) -> Response:
    roster, wanted = upload.roster, upload.wanted
    with visit.application.pool.connection() as connection:
        here = (Where("region", "within", (wanted.region,)), Where("removed", "eq", False))
        households = count(connection, HouseholdLine, here)
        same = (Where("roster", "eq", roster.roster), Where("kind", "eq", wanted.kind))
        before = page(connection, ComparisonLine, Query(same, ("-position",), limit=PAGE)).lines
        names = names_of(connection, {wanted.region, *(line.region for line in before)})
    return visit.render(
        "comparison_preview.html",
        status,
        upload=upload,
        roster=roster,
        wanted=wanted,
        blocked=wanted.kind.absence and bool(roster.unreadable),
        households=households,
        before=before,
        names=names,
        digest=digest_of(roster.roster),
        fields={name: said(visit, name) for name in ("kind", "place", "severity", "days")}
        | {"roster_on": str(wanted.roster_on)},
        sentence=sentence,
    )


def digest_of(roster: ImportId) -> str:
    return roster.removeprefix(f"{ImportId.kind}-")


def confirm(visit: Visit) -> Response:
    """Compares what was shown: the same file, by its digest."""
    if not may_compare(visit):
        raise Problem(403, "no_authority", "您现任的职务不能比对名册;须为指挥部办公室、督查室或纪检监察")
    try:
        upload = read(visit)
    except NotRead as reason:
        return listed(visit, str(reason), 422)
    if digest_of(upload.roster.roster) != said(visit, "digest"):
        return previewed(visit, upload, "所选文件与刚才预览的不是同一份,请核对下面读到的内容再确认", 422)
    application, act = visit.application, visit.act
    try:
        outcome = compare(application.ledger, application.vault, upload.roster, upload.wanted, act, said(visit, KEY))
    except (Refused, Conflict) as refusal:
        problem = problem_of(refusal)
        audit("acted", person=act.by, what="CompareRoster", outcome=problem.code)
        return previewed(visit, upload, problem.sentence, problem.status_code)
    audit("acted", person=act.by, what="CompareRoster", outcome="recorded", position=outcome.position)
    visit.settled(outcome.position)
    done = "compared" if outcome.facts else "nothing_new"
    return see_other(f"/comparisons/{upload.roster.roster}?kind={upload.wanted.kind.value}&done={done}#top")


def comparison_page(visit: Visit) -> Response:
    """One roster: every time it was compared, and every household found."""
    roster = ImportId(visit.request.path_params["roster"])
    as_of, kind = visit.as_of, visit.query("kind")
    own = (Where("roster", "eq", roster), *((Where("kind", "eq", kind),) if kind else ()))
    with visit.application.pool.connection() as connection:
        lines = page(connection, ComparisonLine, Query(own, ("-position",), as_of.position, PAGE)).lines
        if not lines:
            raise Problem(404, "unknown_roster", "没有比对过这份名册")
        query = Query(own, ("region", "household"), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, ContradictionLine, query)
        total = count(connection, ContradictionLine, own, found.position)
        named = (Where("issue", "in", sorted({str(one.issue) for one in found.lines})),)
        issues = {one.issue: one for one in page(connection, IssueLine, Query(named, (), as_of.position, PAGE)).lines}
        names = names_of(connection, ids_of(lines, found.lines))
    audit("viewed", viewer=visit.viewer.person, subject=roster, what="comparison", as_of=as_of.position)
    return visit.render(
        "comparison.html",
        roster=roster,
        digest=digest_of(roster),
        lines=lines,
        found=found.lines,
        total=total,
        issues=issues,
        names=names,
        as_of=as_of,
        done=visit.query("done"),
        next=same_page(visit, cursor=found.next, done="") if found.next else "",
    )


def ids_of(lines: tuple[ComparisonLine, ...], found: tuple[ContradictionLine, ...]) -> set[Id | None]:
    return {one for line in lines for one in (line.region, line.compared_by)} | {one.region for one in found}
