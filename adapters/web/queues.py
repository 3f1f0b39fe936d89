"""待办: what waits for whom, computed from the ledgers and the posts someone holds."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.web.duty import to_approve
from adapters.web.hearings import Hearing, hearings
from adapters.web.issues import UNDONE_STATUSES, may_register
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from domain.chains import Phase
from domain.escalation import ANSWER
from domain.ids import Id, IssueId, RegionId
from domain.issues import Status
from domain.meetings import DECIDE, FOLLOW_UP
from domain.policy import ExitStep
from domain.posts import FIELD, Post
from domain.rectification import DECIDE_EXTENSION
from projections.decision_ledger import DecisionLine
from projections.escalation_ledger import EscalationLine
from projections.exit_ledger import ExitLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.leave_ledger import LeaveLine
from projections.reading import Query, Where, count, page, tally
from projections.signoff_ledger import SignOffLine, phase_on, queue

MOST: Final = 100


class Pending(NamedTuple):
    """待办的退出: an exit, and what is to be done about it."""

    todo: str
    line: ExitLine


class Waiting(NamedTuple):
    """待签待办: everything that waits for one person, the oldest first. ``about`` are the issues by id.

    ``undone`` are the decisions of meetings that are theirs to carry out, ``settling`` those of others that they may
    look at and settle.
    """

    chains: tuple[SignOffLine, ...]
    escalations: tuple[EscalationLine, ...]
    extensions: tuple[IssueLine, ...]
    overdue: tuple[IssueLine, ...]
    hearings: tuple[Hearing, ...]
    exits: tuple[Pending, ...]
    leaves: tuple[LeaveLine, ...]
    undone: tuple[DecisionLine, ...]
    settling: tuple[DecisionLine, ...]
    mine: int
    about: dict[Id, IssueLine]

    @property
    def total(self) -> int:
        """How much waits, other than what is overdue."""
        chains = (self.chains, self.escalations, self.extensions, self.hearings)
        return sum(map(len, (*chains, self.exits, self.leaves, self.undone, self.settling)))


def queues(site: Site) -> None:
    site.page("/", home)
    site.page("/queue", queue_page)


def waiting(visit: Visit, connection: Connection[Any]) -> Waiting:
    """What waits for the one who looks."""
    viewer, today = visit.viewer, visit.today
    chains = page(connection, SignOffLine, Query(queue(viewer.held, viewer.person, today), ("opened_on",), limit=MOST))
    escalations = to_answer(visit, connection)
    extensions = to_decide(visit, connection)
    wanted: set[Id] = {line.subject for line in chains.lines if isinstance(line.subject, IssueId)}
    wanted |= {line.issue for line in escalations}
    about: dict[Id, IssueLine] = {}
    if wanted:
        found = page(connection, IssueLine, Query((Where("issue", "in", sorted(map(str, wanted))),), limit=2 * MOST))
        about = {line.issue: line for line in found.lines}
    mine: dict[IssueId, IssueLine] = {}
    for role in ("person", "leader"):
        where = (Where(role, "eq", viewer.person), Where("status", "in", UNDONE_STATUSES))
        mine |= {line.issue: line for line in page(connection, IssueLine, Query(where, ("due",), limit=MOST)).lines}
    overdue = sorted((line for line in mine.values() if overdue_days(line, today)), key=lambda line: str(line.due))
    return Waiting(
        tuple(line for line in chains.lines if apart(line, about.get(line.subject), visit)),
        escalations,
        extensions,
        tuple(overdue),
        hearings(visit, connection),
        exits_due(visit, connection),
        to_approve(visit, connection),
        undone(visit, connection),
        to_settle(visit, connection),
        len(mine),
        about,
    )


def apart(line: SignOffLine, issue: IssueLine | None, visit: Visit) -> bool:
    """Whether the one who looks took no part: nobody checks or signs their own rectification."""
    me = visit.viewer.person
    return me != line.applicant and (issue is None or me not in (issue.leader, issue.person))


def to_answer(visit: Visit, connection: Connection[Any]) -> tuple[EscalationLine, ...]:
    regions = sorted({t.region for t in visit.viewer.held for posts in ANSWER.values() if t.post in posts})
    if not regions:
        return ()
    where = (Where("answered", "eq", False), Where("region", "in", regions))
    lines = page(connection, EscalationLine, Query(where, ("answer_due",), limit=MOST)).lines
    held = visit.viewer.held
    return tuple(line for line in lines if any(t.post in ANSWER[line.to] and t.region == line.region for t in held))


def to_decide(visit: Visit, connection: Connection[Any]) -> tuple[IssueLine, ...]:
    deciders: set[Post] = {post for posts in DECIDE_EXTENSION.values() for post in posts}
    regions = sorted({tenure.region for tenure in visit.viewer.held if tenure.post in deciders})
    if not regions:
        return ()
    where = (Where("extensions_pending", "from", 1), Where("region", "within", regions))
    lines = page(connection, IssueLine, Query(where, ("due",), limit=MOST)).lines
    return tuple(line for line in lines if may_decide(visit, line))


def may_decide(visit: Visit, line: IssueLine) -> bool:
    me = visit.viewer.person
    asked_by = {one.asked_by for one in line.extensions if one.granted is None}
    allowed = DECIDE_EXTENSION[line.severity]
    posts = any(t.post in allowed and t.region.holds(line.region) for t in visit.viewer.held)
    return posts and me not in asked_by and me not in (line.leader, line.person)


def exits_due(visit: Visit, connection: Connection[Any]) -> tuple[Pending, ...]:
    """The exits whose next step, ruling or announcement is for the one who looks to record: those in the field for
    households and villages, the headquarters for the county. Whoever has to check, put up a notice, settle an
    objection or sign is asked for it by the chain itself."""
    county = Where("object", "eq", "county")
    taking = (Where("phase", "eq", Phase.CHECK), Where("next_step", "ne", ExitStep.VERIFICATION))
    ruling = (Where("ruling", "eq", True), Where("phase", "eq", Phase.COMPLETE), Where("ruled", "null", True))
    announcing = (Where("standing", "eq", True), Where("announced_on", "null", True))
    asked: tuple[tuple[list[RegionId], tuple[Where, ...]], ...] = (
        (where_held(visit, FIELD), taking),
        (where_held(visit, FIELD), announcing),
        (where_held(visit, (Post.HEADQUARTERS,)), (county, *taking)),
        (where_held(visit, (Post.HEADQUARTERS,)), ruling),
        (where_held(visit, (Post.HEADQUARTERS,)), (county, *announcing)),
    )
    return tuple(
        Pending(todo(line), line)
        for regions, where in asked
        if regions
        for line in page(
            connection, ExitLine, Query((Where("region", "within", regions), *where), ("opened_on",), limit=MOST)
        ).lines
    )


def where_held(visit: Visit, posts: Sequence[Post]) -> list[RegionId]:
    """Where the one who looks holds one of these posts."""
    return sorted({tenure.region for tenure in visit.viewer.held if tenure.post in posts})


def todo(line: ExitLine) -> str:
    if line.standing:
        return "待公告"
    return f"待{line.next_step.label}" if line.next_step else "待记录省级审定"


def undone(visit: Visit, connection: Connection[Any]) -> tuple[DecisionLine, ...]:
    """What meetings gave the one who looks to do, and they have not reported done."""
    where = (
        Where("responsible", "eq", visit.viewer.person),
        Where("settled_on", "null", True),
        Where("done_on", "null", True),
    )
    return page(connection, DecisionLine, Query(where, ("due",), limit=MOST)).lines


def to_settle(visit: Visit, connection: Connection[Any]) -> tuple[DecisionLine, ...]:
    """What others report done, and the one who looks may settle."""
    regions = where_held(visit, (*FOLLOW_UP, *DECIDE))
    if not regions:
        return ()
    where = (
        Where("region", "within", regions),
        Where("settled_on", "null", True),
        Where("done_on", "null", False),
        Where("responsible", "ne", visit.viewer.person),
    )
    return page(connection, DecisionLine, Query(where, ("done_on",), limit=MOST)).lines


def home(visit: Visit) -> Response:
    """工作台: what waits today, by the posts one holds, and what has lately happened where one holds them."""
    regions = outermost([tenure.region for tenure in visit.viewer.held])
    with visit.application.pool.connection() as connection:
        found = waiting(visit, connection)
        where = (Where("region", "within", regions),) if regions else ()
        recent = page(connection, IssueLine, Query(where, ("-last_position",), limit=8)).lines if regions else ()
        statuses = tally(connection, IssueLine, ("status",), where) if regions else {}
        late = (*where, Where("due", "before", visit.today), Where("status", "in", UNDONE_STATUSES))
        overdue = count(connection, IssueLine, late) if regions else 0
        ids: set[Id | None] = {line.region for line in (*recent, *found.overdue)}
        ids |= {one.subject for one in found.hearings}
        names = names_of(connection, ids | {tenure.region for tenure in visit.viewer.held} | set(regions))
    return visit.render(
        "home.html",
        waiting=found,
        recent=recent,
        regions=regions,
        statuses=[(status, statuses.get((status,), 0)) for status in Status],
        overdue=overdue,
        names=names,
        may_register=may_register(visit),
    )


def outermost(regions: list[RegionId]) -> tuple[RegionId, ...]:
    """These regions, without those that lie in another of them."""
    return tuple(sorted({one for one in regions if not any(o != one and o.holds(one) for o in regions)}))


def queue_page(visit: Visit) -> Response:
    with visit.application.pool.connection() as connection:
        found = waiting(visit, connection)
        ids: set[Id | None] = {line.region for line in (*found.about.values(), *found.extensions, *found.overdue)}
        ids |= {one.subject for one in found.hearings}
        ids |= {one.asked_by for line in found.extensions for one in line.extensions}
        ids |= {line.by for line in found.escalations} | {line.applicant for line in found.chains}
        ids |= {line.region for line in found.chains} | {line.subject for line in found.chains}
        ids |= {id for one in found.exits for id in (one.line.region, one.line.subject, one.line.applicant)}
        ids |= {id for line in found.leaves for id in (line.region, line.person)}
        ids |= {id for line in (*found.undone, *found.settling) for id in (line.region, line.responsible)}
        names = names_of(connection, ids)
    phases = {line.chain: phase_on(line, visit.today) for line in found.chains}
    return visit.render("queue.html", waiting=found, names=names, phases=phases)
