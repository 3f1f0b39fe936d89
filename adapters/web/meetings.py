"""会议督办: what meetings decided, what became of it, and what someone other than who did it still has to look at."""

from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, done, open_to, performed, shown_again
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.duty import PROGRESS
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.issues import region_choices, townships_first
from adapters.web.names import named_in, names_of
from adapters.web.site import Site, Visit
from domain.fact import Past
from domain.ids import DecisionId, Id, IssueId, PersonId, RegionId
from domain.meetings import DECIDE, MEETINGS, MakeDecision, SettleDecision
from domain.posts import VILLAGE, Post
from projections.decision_ledger import DecisionLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, walk
from projections.waiting import UNDONE_STATUSES

PAGE: Final = 30
MOST_ISSUES: Final = 60
MOST_PEOPLE: Final = 500
STATES: Final = {"open": "未落实", "late": "逾期未落实", "reported": "待销账", "settled": "已销账"}

RECORD: Final = Form(
    "record",
    MakeDecision,
    "记录会议决定",
    "记录决定",
    (
        Field("meeting", "什么会", "choice", choices=tuple(MEETINGS.items())),
        Field("held_on", "会议日期", "date"),
        Field("matter", "决定事项", hint="一事一项,写明做什么、做到什么程度;不写农户姓名、身份证号、电话"),
        Field("responsible", "责任人", "choice"),
        Field("due", "落实时限", "date"),
        Field("issues", "涉及的问题", "checks", required=False, hint="只列尚未整改完的,时限早的在前"),
    ),
    makes=(("decision", DecisionId),),
)
SETTLE: Final = Form(
    "settle",
    SettleDecision,
    "督办销账",
    "提交",
    (
        Field("done", "查看后,确实落实了吗", "yesno", hint="没有落实的退回责任人"),
        Field("findings", "查看情况"),
    ),
    tone="sign",
)
ON_DECISION: Final = {form.name: form for form in (PROGRESS, SETTLE)}


def meetings(site: Site) -> None:
    site.page("/meetings", list_page)
    site.page("/meetings/new", new_decision)
    site.page("/meetings/record", record_decision, method="POST")
    site.page("/meetings/{decision}", decision_page)
    site.page("/meetings/{decision}/{form}", act_on_decision, method="POST")
    site.templates.globals["decision_state"] = state_of


def state_of(line: DecisionLine, day: Any) -> str:
    """Which of STATES a decision is in on a day."""
    if line.settled_on:
        return "settled"
    if line.done_on:
        return "reported"
    return "late" if line.due < day else "open"


def in_state(state: str, day: Any) -> tuple[Where, ...]:
    match state:
        case "open":
            return (Where("settled_on", "null", True), Where("done_on", "null", True))
        case "late":
            return (*in_state("open", day), Where("due", "before", day))
        case "reported":
            return (Where("settled_on", "null", True), Where("done_on", "null", False))
        case "settled":
            return (Where("settled_on", "null", False),)
    return ()


def list_page(visit: Visit) -> Response:
    as_of = visit.as_of
    state = visit.query("state") if visit.query("state") in STATES else ""
    where = in_state(state, as_of.day)
    order = ("-held_on",) if state in ("", "settled") else ("due",)
    with visit.application.pool.connection() as connection:
        query = Query(where, order, as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, DecisionLine, query)
        counts = [
            (key, label, count(connection, DecisionLine, in_state(key, as_of.day), as_of.position))
            for key, label in STATES.items()
        ]
        names = names_of(connection, {one for line in found.lines for one in (line.region, line.responsible)})
    audit("viewed", viewer=visit.viewer.person, what="decision_ledger", as_of=as_of.position)
    return visit.render(
        "meetings.html",
        lines=found.lines,
        counts=counts,
        state=state,
        names=names,
        as_of=as_of,
        may_record=can_act(visit) and bool(chairing(visit)),
        next=f"/meetings?state={state}&cursor={found.next}" if found.next else "",
    )


# Recording one


def chairing(visit: Visit) -> tuple[RegionId, ...]:
    """The places whose meetings the one who looks may record the decisions of."""
    return tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in DECIDE))


class Agenda(NamedTuple):
    """议题: the place a meeting is for, and what its decisions may name."""

    place: RegionId
    places: Choices
    townships: Choices
    people: Choices
    issues: Choices
    ticked: str


def new_decision(visit: Visit) -> Response:
    return recording(visit)


def recording(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """The form for a decision of a meeting at the place the address names, or at the reader's own."""
    mine = chairing(visit)
    if not mine:
        raise Problem(403, "no_authority", "您现任的职务不主持会议,也不记录会议决定")
    with visit.application.pool.connection() as connection:
        agenda = agenda_of(visit, connection, mine, typed)
    form = RECORD._replace(
        fixed={"region": str(agenda.place)}, probe={"responsible": PersonId("person-probe"), "due": visit.today}
    )
    form = form._replace(probe={**form.probe, "meeting": "weekly", "held_on": visit.today})
    form = form.asking("responsible", choices=agenda.people)
    form = form.asking("issues", choices=agenda.issues, value=agenda.ticked)
    forms = open_to(visit, [form])
    return visit.render(
        "meeting_new.html",
        status,
        agenda=agenda,
        forms=forms,
        typed=shown_again(forms, typed),
        issue=visit.query("issue"),
    )


def agenda_of(visit: Visit, connection: Connection[Any], mine: tuple[RegionId, ...], typed: Typed | None) -> Agenda:
    named = find(connection, IssueLine, IssueId(visit.query("issue"))) if visit.query("issue") else None
    asked = (typed.values.get("region", "") if typed else "") or visit.query("region")
    place = next((one for one in mine if named and one.holds(named.region)), mine[0])
    if asked.startswith("region-") and any(one.holds(RegionId(asked)) for one in mine):
        place = RegionId(asked)
    return Agenda(
        place,
        region_choices(connection, visit.query("township") or str(place), within=mine),
        townships_first(connection, within=mine),
        people_of(connection, place),
        issues_of(connection, place, named),
        str(named.issue) if named else "",
    )


def people_of(connection: Connection[Any], place: RegionId) -> Choices:
    """Who is in post there, and below: for a county without the villages' own officers."""
    where = [Where("region", "within", (place,)), Where("until", "null", True)]
    if place.level in ("city", "county"):
        where.append(Where("post", "in", [post.value for post in Post if post not in VILLAGE]))
    found = page(connection, PostLine, Query(where, ("region",), limit=MOST_PEOPLE)).lines
    lines: dict[PersonId, PostLine] = {}
    for line in sorted(found, key=lambda line: (line.region, list(Post).index(line.post))):
        lines.setdefault(line.person, line)
    names = names_of(connection, {one for line in lines.values() for one in (line.person, line.region, line.unit)})
    return tuple((str(person), f"{names(person)} · {names.post(line)}") for person, line in lines.items())


def issues_of(connection: Connection[Any], place: RegionId, named: IssueLine | None) -> Choices:
    where = (Where("region", "within", (place,)), Where("status", "in", UNDONE_STATUSES))
    lines = page(connection, IssueLine, Query(where, ("due",), limit=MOST_ISSUES)).lines
    first = (named,) if named and place.holds(named.region) else ()
    return tuple({str(line.issue): line.description[:60] for line in (*first, *lines)}.items())


def record_decision(visit: Visit) -> Response:
    """What was ticked is for the decision to judge: the issues must stand open at the place."""
    form = RECORD.asking("issues", choices=tuple((name, "") for name in ticked(visit)))
    return performed(
        visit,
        form,
        about(visit, form),
        lambda typed, status: recording(visit, typed, status),
        lambda command: f"/meetings/{command.decision}",
    )


def ticked(visit: Visit) -> list[str]:
    return [name.removeprefix("issues.") for name in visit.posted if name.startswith("issues.")]


# One decision


def decision_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """One decision: what it says, the issues it is about, everything in order, and what its reader may do."""
    decision = DecisionId(visit.request.path_params["decision"])
    as_of = visit.as_of
    past = Past(visit.application.facts.about(decision, until=as_of.position))
    with visit.application.pool.connection() as connection:
        line = find(connection, DecisionLine, decision, as_of=as_of.position)
        if line is None or not past:
            raise Problem(404, "unknown_decision", "没有这项会议决定,或当时还没有记录")
        asked = [str(one) for one in line.issues]
        issues = list(walk(connection, IssueLine, Query((Where("issue", "in", asked),), (), as_of.position)))
        held = held_by_writers(visit.application.facts, past)
        ids: set[Id | None] = {line.region, line.responsible, line.made_by, line.settled_by}
        ids |= {tenure.region for tenure in held.values()} | {one.region for one in issues}
        names = names_of(connection, named_in(past) | ids)
    audit("viewed", viewer=visit.viewer.person, what="decision", subject=decision, as_of=as_of.position)
    forms = offered(visit, decision)
    return visit.render(
        "meeting.html",
        status,
        line=line,
        issues=[(one, overdue_days(one, as_of.day)) for one in issues],
        names=names,
        entries=timeline(past, held, names),
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, RECORD, *ON_DECISION.values()),
    )


def offered(visit: Visit, decision: DecisionId) -> tuple[Form, ...]:
    fixed = {"decision": str(decision)}
    reporting = PROGRESS._replace(fixed=fixed, probe={"done": False, "occurred_on": visit.today})
    return open_to(visit, [reporting, SETTLE._replace(fixed=fixed, probe={"done": True})])


def act_on_decision(visit: Visit) -> Response:
    form = ON_DECISION.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    decision = DecisionId(visit.request.path_params["decision"])
    return performed(
        visit,
        form,
        {"decision": decision},
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/meetings/{decision}",
    )
