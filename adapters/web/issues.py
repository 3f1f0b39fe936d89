"""问题: the ledger with its filters, one issue whole, what may be done with it, and registering a new one."""

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from psycopg import Connection
from starlette.datastructures import QueryParams
from starlette.responses import Response

from adapters.http.ledgers import SHELVES, asked_of
from adapters.http.moments import Moment
from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, performed, shown_again
from adapters.web.dossier import Dossier, dossier, held_by_writers, phase_words, timeline
from adapters.web.forms import FORMS, REGISTER, Choices, Form, Typed
from adapters.web.keys import signable
from adapters.web.names import Names, named_in, names_of
from adapters.web.offers import Offers, offers
from adapters.web.site import Site, Visit
from domain.fact import Past
from domain.ids import Id, IssueId, PersonId, RegionId
from domain.issues import Status
from domain.meetings import DECIDE
from domain.policy import Severity
from domain.posts import OVERSIGHT, Post
from domain.registration import REGISTER as MAY_REGISTER
from domain.signoff import shown_of
from projections.directory import DirectoryLine
from projections.duty_ledger import SIGNED_ON_LEAVE, DayLine
from projections.evidence_ledger import EvidenceLine
from projections.issue_ledger import CLOSED_WITHIN_AN_HOUR, DONE_BEFORE_FOUND, IssueLine, overdue_days
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, tally, walk
from projections.signoff_ledger import SIGNED_WITHIN_A_MINUTE, SignOffLine

PAGE: Final = 30
ORDERS: Final = (
    ("due", "时限最早"),
    ("-registered_at", "最新登记"),
    ("-last_position", "最近有变动"),
    ("region", "按地区"),
)
MOST_VILLAGES: Final = 400
"""Villages that a list to choose from still bears; beyond, those of the chosen township only."""


def issues(site: Site) -> None:
    site.page("/issues", issue_ledger)
    site.page("/issues/new", new_issue)
    site.page("/issues/new", register_issue, method="POST")
    site.page("/issues/{issue}", issue_page)
    site.page("/issues/{issue}/{form}", act_on_issue, method="POST")


# The ledger


def issue_ledger(visit: Visit) -> Response:
    """问题台账: filtered by what the address says, in the words of the API, so that one address is both."""
    given = {name: value for name, value in visit.request.query_params.items() if value.strip()}
    order = given.pop("order", "-last_position")
    typed_region = given.pop("region_name", "")
    imported = given.pop("imported", "")
    as_of = visit.as_of
    at = Moment(as_of.position, visit.now)
    filters = {name: value for name, value in given.items() if name not in ("cursor", "as_of")}
    with visit.application.pool.connection() as connection:
        named = regions_named(connection, typed_region) if typed_region else ()
        asked = asked_of(SHELVES["issues"], QueryParams(filters), at._replace(at=at.at))
        where = (*asked.where, *((Where("region", "within", named),) if named else ()))
        sorted_by = order if order in dict(ORDERS) else "-last_position"
        query = Query(where, (sorted_by,), as_of.position, PAGE, given.get("cursor"))
        found = page(connection, IssueLine, query)
        total = count(connection, IssueLine, where, found.position)
        others = tuple(one for one in where if one.column != "status")
        statuses = tally(connection, IssueLine, ("status",), others, found.position)
        words = {name: words_of(connection, name) for name in ("category", "source")}
        places = region_choices(connection, filters.get("region", ""))
        names = names_of(connection, ids_of(found.lines))
    audit("viewed", viewer=visit.viewer.person, what="issue_ledger", as_of=as_of.position)
    return visit.render(
        "issues.html",
        lines=[(line, overdue_days(line, as_of.day)) for line in found.lines],
        names=names,
        total=total,
        statuses=[(status, statuses.get((status,), 0)) for status in Status],
        severities=list(Severity),
        orders=ORDERS,
        order=sorted_by,
        filters={**given, "region_name": typed_region},
        unknown_region=typed_region if typed_region and not named else "",
        places=places,
        words=words,
        as_of=as_of,
        position=found.position,
        next=address(visit, cursor=found.next) if found.next else "",
        export="/api/v1/ledgers/issues.xlsx?" + urlencode(exported(filters, as_of.asked, sorted_by, named)),
        link=lambda **changes: address(visit, cursor="", **changes),
        may_register=may_register(visit),
        imported=imported,
        wide=any(tenure.region.level in ("city", "province") for tenure in visit.viewer.held),
    )


def address(visit: Visit, **changes: str | None) -> str:
    """This page's address with some of its words changed, or left out where they are empty."""
    kept = {**visit.request.query_params, **changes}
    return f"{visit.request.url.path}?{urlencode({name: value for name, value in kept.items() if value})}"


def exported(filters: dict[str, str], as_of: str, order: str, named: Iterable[RegionId]) -> list[tuple[str, str]]:
    fixed = [("as_of", as_of)] if as_of else []
    return [*filters.items(), *(("region", region) for region in named), ("order", order), *fixed]


def ids_of(lines: Iterable[IssueLine]) -> set[Id | None]:
    return {one for line in lines for one in (line.region, line.unit, line.leader, line.person)}


def words_of(connection: Connection[Any], column: str) -> list[str]:
    """The words used in a column, the most frequent first."""
    found = tally(connection, IssueLine, (column,))
    return [word for (word,), _ in sorted(found.items(), key=lambda item: (-item[1], item[0]))][:40]


def regions_named(connection: Connection[Any], name: str) -> tuple[RegionId, ...]:
    """Every region whose name holds these characters: all of them are meant."""
    where = (Where("kind", "eq", "region"), Where("name", "contains", name))
    found = page(connection, DirectoryLine, Query(where, limit=200)).lines
    return tuple(RegionId(line.id) for line in found)


def standing_regions(within: tuple[RegionId, ...]) -> list[Where]:
    where = [Where("kind", "eq", "region"), Where("standing", "eq", True)]
    return [*where, Where("region", "within", within)] if within else where


def townships_first(connection: Connection[Any], *, within: tuple[RegionId, ...] = ()) -> Choices:
    """The townships to choose one of before its villages are listed; none where all villages are listed at once."""
    where = standing_regions(within)
    if count(connection, DirectoryLine, [*where, Where("level", "eq", "village")]) <= MOST_VILLAGES:
        return ()
    lines = walk(connection, DirectoryLine, Query([*where, Where("level", "eq", "township")], ("region",), limit=500))
    return tuple((str(line.id), line.name) for line in lines)


def region_choices(connection: Connection[Any], chosen: str, *, within: tuple[RegionId, ...] = ()) -> Choices:
    """Regions to choose from, each indented below the one that holds it; villages only of the chosen township where
    there are too many of them."""
    where = standing_regions(within)
    if townships_first(connection, within=within):
        township = chosen[:16] if len(chosen) >= len("region-") + 9 else ""
        larger = walk(connection, DirectoryLine, Query([*where, Where("level", "ne", "village")], ("region",)))
        below = [*where, Where("region", "within", (township,))] if township else []
        lines = [*larger, *(page(connection, DirectoryLine, Query(below, limit=500)).lines if below else ())]
    else:
        lines = list(walk(connection, DirectoryLine, Query(where, ("region",), limit=500)))
    depths = {"province": 0, "city": 0, "county": 0, "township": 1, "village": 2}
    unique = {line.id: line for line in sorted(lines, key=lambda line: line.id)}
    return tuple((str(line.id), "\u3000" * depths[line.level] + line.name) for line in unique.values())


# One issue


def issue_page(visit: Visit) -> Response:
    return shown(visit, IssueId(visit.request.path_params["issue"]))


def shown(visit: Visit, issue: IssueId, typed: Typed | None = None, status: int = 200) -> Response:
    """The issue with everything recorded about it, and the forms its reader may use now; ``typed`` is one that was
    refused, shown again as it was."""
    as_of = visit.as_of
    past = Past(visit.application.facts.about(issue, until=as_of.position))
    if not past:
        raise Problem(404, "unknown_issue", "没有这个问题,或当时还没有登记")
    found = dossier(past, issue)
    offered = Offers(()) if not can_act(visit) else offers_to(visit, found)
    held = held_by_writers(visit.application.facts, past)
    with visit.application.pool.connection() as connection:
        people = people_near(connection, found.issue.region) if any(f.name == "assign" for f in offered.forms) else ()
        wanted = named_in(past) | {tenure.region for tenure in held.values()} | {person for person, _ in people}
        names = names_of(connection, wanted | {one for _, line in people for one in (line.region, line.unit)})
        units = units_near(connection, found.issue.region) if people else ()
        marks = marks_of(connection, issue, as_of.position)
        reused = reused_in(connection, issue, as_of.position)
    audit("viewed", viewer=visit.viewer.person, what="issue", subject=issue, as_of=as_of.position)
    application = f"/api/v1/issues/{issue}/applications/{found.issue.chain}"
    offered_to_them = (with_people(form, people, units, names) for form in offered.forms)
    forms = signable(visit, offered_to_them, found.chain, application)
    return visit.render(
        "issue.html",
        status,
        issue=found.issue,
        found=found,
        names=names,
        entries=timeline(past, held, names),
        forms=forms,
        waiting=offered.waiting,
        typed=shown_again(forms, typed),
        marks=marks,
        reused=reused,
        seen=int(typed.values.get("shown", "0")) if typed and typed.values.get("shown", "").isdigit() else 0,
        as_of=as_of,
        shown=shown_of(past),
        phase=phase_words(found.chain, as_of.day) if found.chain else "",
        done=FORMS[visit.query("done")].title if visit.query("done") in FORMS else "",
        may_decide=can_act(visit) and any(tenure.post in DECIDE for tenure in visit.viewer.held),
        may_open_case=can_act(visit) and any(tenure.post in OVERSIGHT for tenure in visit.viewer.held),
        registered_now=visit.query("done") == "register",
    )


MARKS: Final = {
    CLOSED_WITHIN_AN_HOUR: "登记后一小时内就销号",
    DONE_BEFORE_FOUND: "表载完成时间早于发现时间",
    SIGNED_WITHIN_A_MINUTE: "各级签字在一分钟内签完",
    SIGNED_ON_LEAVE: "有人在准假期间签字",
}
"""What an inspector should see at once, in words."""


def marks_of(connection: Connection[Any], issue: IssueId, position: int | None) -> list[str]:
    line = find(connection, IssueLine, issue, as_of=position)
    chains = page(connection, SignOffLine, Query((Where("subject", "eq", issue),), (), position)).lines
    found = [*(line.marks if line else ()), *(mark for chain in chains for mark in chain.marks)]
    if signers := sorted({signer for chain in chains for signer in chain.signers}):
        signed = Where("signed", "any", [chain.chain for chain in chains])
        where = (Where("person", "in", signers), Where("marks", "any", (SIGNED_ON_LEAVE,)), signed)
        found += [SIGNED_ON_LEAVE] if page(connection, DayLine, Query(where, (), position, 1)).lines else []
    return [MARKS[mark] for mark in dict.fromkeys(found) if mark in MARKS]


def reused_in(connection: Connection[Any], issue: IssueId, position: int | None) -> list[tuple[str, list[Id]]]:
    """The files that are also given as evidence elsewhere, and where."""
    where = (Where("subject", "eq", issue), Where("reused", "eq", True))
    found: list[tuple[str, list[Id]]] = []
    for line in page(connection, EvidenceLine, Query(where, (), position, 100)).lines:
        others = page(connection, EvidenceLine, Query((Where("file", "eq", line.file),), (), position, 100)).lines
        found.append((line.title, [other.subject for other in others if other.subject != issue]))
    return found


def offers_to(visit: Visit, found: Dossier) -> Offers:
    return offers(visit.application.facts, found, visit.act, visit.viewer.held)


def people_near(connection: Connection[Any], region: RegionId) -> tuple[tuple[PersonId, PostLine], ...]:
    """Who is in post in the issue's township, and at its county: those to whom it may be given."""
    county, township = region.at("county") or region, region.at("township")
    places = [Where("region", "eq", county), *([Where("region", "within", (township,))] if township else [])]
    lines: dict[PersonId, PostLine] = {}
    for where in places:
        for line in walk(connection, PostLine, Query((where, Where("until", "null", True)))):
            lines.setdefault(line.person, line)
    return tuple(lines.items())


def units_near(connection: Connection[Any], region: RegionId) -> Choices:
    county, township = region.at("county") or region, region.at("township")
    where = (Where("kind", "eq", "unit"), Where("standing", "eq", True), Where("region", "within", (county,)))
    lines = walk(connection, DirectoryLine, Query(where, ("sort_key",), limit=500))
    near = (line for line in lines if line.region == county or (township and township.holds(line.region)))
    return tuple((str(line.id), line.name) for line in near)


def with_people(form: Form, people: Iterable[tuple[PersonId, PostLine]], units: Choices, names: Names) -> Form:
    if form.name != "assign":
        return form
    choices = tuple((str(person), f"{names(person)} · {names.post(line)}") for person, line in people)
    return form.asking("unit", choices=units).asking("leader", choices=choices).asking("person", choices=choices)


# Doing something


def act_on_issue(visit: Visit) -> Response:
    """One form, filled in: done and back to the page, or the page again with what is wrong and what was typed."""
    issue = IssueId(visit.request.path_params["issue"])
    form = FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    return performed(
        visit,
        form,
        {**about(visit, form), "issue": issue},
        lambda typed, status: shown(visit, issue, typed, status),
        lambda _: f"/issues/{issue}",
    )


# Registering


def may_register(visit: Visit) -> bool:
    return any(tenure.post in MAY_REGISTER for tenure in visit.viewer.held)


def new_issue(visit: Visit) -> Response:
    return register_form(visit)


def register_form(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    mine = tuple(tenure.region for tenure in visit.viewer.held if tenure.post in MAY_REGISTER)
    if not mine:
        labels = "、".join(post.label for post in (Post.TOWNSHIP_CLERK, Post.VILLAGE_SECRETARY, Post.HEADQUARTERS))
        raise Problem(403, "no_authority", f"您现任的职务不能登记问题;可由{labels}等登记")
    chosen = (typed.values.get("region", "") if typed else "") or visit.query("township")
    with visit.application.pool.connection() as connection:
        places = region_choices(connection, chosen, within=mine)
        townships = townships_first(connection, within=mine)
        words = {name: words_of(connection, name) for name in ("category", "source")}
    form = REGISTER.asking("region", choices=places, value=chosen)
    return visit.render(
        "register.html", status, form=form, typed=typed, words=words, townships=townships, township=chosen[:16]
    )


def register_issue(visit: Visit) -> Response:
    return performed(
        visit,
        REGISTER,
        {},
        lambda typed, status: register_form(visit, typed, status),
        lambda command: f"/issues/{command.issue}",
    )
