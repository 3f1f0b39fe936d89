"""待办: what waits for whom, computed from the ledgers and the posts someone holds."""

from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.web.hearings import Hearing, hearings
from adapters.web.issues import UNDONE_STATUSES, may_register
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from domain.escalation import ANSWER
from domain.ids import Id, IssueId, RegionId
from domain.issues import Status
from domain.posts import Post
from domain.rectification import DECIDE_EXTENSION
from projections.escalation_ledger import EscalationLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.reading import Query, Where, count, page, tally
from projections.signoff_ledger import SignOffLine, phase_on, queue

MOST: Final = 100


class Waiting(NamedTuple):
    """待签待办: everything that waits for one person, the oldest first. ``about`` are the issues by id."""

    chains: tuple[SignOffLine, ...]
    escalations: tuple[EscalationLine, ...]
    extensions: tuple[IssueLine, ...]
    overdue: tuple[IssueLine, ...]
    hearings: tuple[Hearing, ...]
    mine: int
    about: dict[Id, IssueLine]

    @property
    def total(self) -> int:
        return sum(map(len, (self.chains, self.escalations, self.extensions, self.overdue, self.hearings)))


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
        names = names_of(connection, ids)
    phases = {line.chain: phase_on(line, visit.today) for line in found.chains}
    return visit.render("queue.html", waiting=found, names=names, phases=phases)
