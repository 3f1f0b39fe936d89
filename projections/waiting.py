"""待办: what waits for one person in the ledgers, by the posts they hold."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from psycopg import Connection

from domain.chains import Phase
from domain.escalation import ANSWER
from domain.ids import Id, IssueId, PersonId, RegionId
from domain.issues import Status
from domain.meetings import DECIDE, FOLLOW_UP
from domain.policy import ExitStep
from domain.posts import FIELD, Post, Tenure
from domain.rectification import DECIDE_EXTENSION
from projections.decision_ledger import DecisionLine
from projections.escalation_ledger import EscalationLine
from projections.exit_ledger import ExitLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.leave_ledger import LeaveLine
from projections.reading import Query, Where, page, walk
from projections.rectification_ledger import RectificationLine
from projections.signoff_ledger import SignOffLine, queue

MOST: Final = 100
"""Lines of each kind."""

UNDONE_STATUSES: Final = (Status.NOT_STARTED, Status.RECTIFYING, Status.PARTLY_DONE)
"""What counts as late once its deadline has passed."""


class Waiter(NamedTuple):
    """所问之人: whose turn it is asked about, with the posts they hold on that day."""

    person: PersonId
    held: Sequence[Tenure]
    today: date

    def where_held(self, posts: Sequence[Post]) -> list[RegionId]:
        """Where they hold one of these posts."""
        return sorted({tenure.region for tenure in self.held if tenure.post in posts})


class Pending(NamedTuple):
    """待办的退出: an exit, and what is to be done about it."""

    todo: str
    line: ExitLine


class Waiting(NamedTuple):
    """待签待办: everything that waits for one person, the oldest first. ``about`` are the issues by id.

    ``undone`` are the decisions of meetings that are theirs to carry out, ``settling`` those of others that they may
    look at and settle; ``mine`` is how many issues they answer for.
    """

    chains: tuple[SignOffLine, ...]
    escalations: tuple[EscalationLine, ...]
    extensions: tuple[IssueLine, ...]
    overdue: tuple[IssueLine, ...]
    exits: tuple[Pending, ...]
    leaves: tuple[LeaveLine, ...]
    undone: tuple[DecisionLine, ...]
    settling: tuple[DecisionLine, ...]
    mine: int
    about: dict[Id, IssueLine]

    @property
    def total(self) -> int:
        """How much waits, other than what is overdue."""
        lines = (self.chains, self.escalations, self.extensions, self.exits, self.leaves, self.undone, self.settling)
        return sum(map(len, lines))


def waiting(connection: Connection[Any], who: Waiter) -> Waiting:
    """What waits for them now."""
    chains = page(connection, SignOffLine, Query(queue(who.held, who.person, who.today), ("opened_on",), limit=MOST))
    escalations = to_answer(connection, who)
    wanted: set[Id] = {line.subject for line in chains.lines if isinstance(line.subject, IssueId)}
    wanted |= {line.issue for line in escalations}
    about: dict[Id, IssueLine] = {}
    if wanted:
        found = page(connection, IssueLine, Query((Where("issue", "in", sorted(map(str, wanted))),), limit=2 * MOST))
        about = {line.issue: line for line in found.lines}
    mine: dict[IssueId, IssueLine] = {}
    for role in ("person", "leader"):
        where = (Where(role, "eq", who.person), Where("status", "in", UNDONE_STATUSES))
        mine |= {line.issue: line for line in page(connection, IssueLine, Query(where, ("due",), limit=MOST)).lines}
    overdue = sorted((line for line in mine.values() if overdue_days(line, who.today)), key=lambda line: str(line.due))
    return Waiting(
        tuple(line for line in chains.lines if apart(line, about.get(line.subject), who)),
        escalations,
        to_decide(connection, who),
        tuple(overdue),
        exits_due(connection, who),
        to_approve(connection, who),
        undone(connection, who),
        to_settle(connection, who),
        len(mine),
        about,
    )


def to_report(connection: Connection[Any], who: Waiter) -> tuple[RectificationLine, ...]:
    """The measures on which they have still to report."""
    where = (Where("person", "eq", who.person), Where("done_on", "null", True), Where("withdrawn", "eq", False))
    return page(connection, RectificationLine, Query(where, ("due",), limit=MOST)).lines


def apart(line: SignOffLine, issue: IssueLine | None, who: Waiter) -> bool:
    """Whether they took no part: nobody checks or signs their own rectification."""
    return who.person != line.applicant and (issue is None or who.person not in (issue.leader, issue.person))


def to_answer(connection: Connection[Any], who: Waiter) -> tuple[EscalationLine, ...]:
    regions = who.where_held([post for posts in ANSWER.values() for post in posts])
    if not regions:
        return ()
    where = (Where("answered", "eq", False), Where("region", "in", regions))
    lines = page(connection, EscalationLine, Query(where, ("answer_due",), limit=MOST)).lines
    return tuple(line for line in lines if line.region in who.where_held(tuple(ANSWER[line.to])))


def to_decide(connection: Connection[Any], who: Waiter) -> tuple[IssueLine, ...]:
    regions = who.where_held([post for posts in DECIDE_EXTENSION.values() for post in posts])
    if not regions:
        return ()
    where = (Where("extensions_pending", "from", 1), Where("region", "within", regions))
    lines = page(connection, IssueLine, Query(where, ("due",), limit=MOST)).lines
    return tuple(line for line in lines if may_decide(line, who))


def may_decide(line: IssueLine, who: Waiter) -> bool:
    asked_by = {one.asked_by for one in line.extensions if one.granted is None}
    posts = any(region.holds(line.region) for region in who.where_held(tuple(DECIDE_EXTENSION[line.severity])))
    return posts and who.person not in asked_by and who.person not in (line.leader, line.person)


def exits_due(connection: Connection[Any], who: Waiter) -> tuple[Pending, ...]:
    """The exits whose next step, ruling or announcement is theirs to record: those in the field for households and
    villages, the headquarters for the county. Whoever has to check, put up a notice, settle an objection or sign is
    asked for it by the chain itself."""
    county = Where("object", "eq", "county")
    taking = (Where("phase", "eq", Phase.CHECK), Where("next_step", "ne", ExitStep.VERIFICATION))
    ruling = (Where("ruling", "eq", True), Where("phase", "eq", Phase.COMPLETE), Where("ruled", "null", True))
    announcing = (Where("standing", "eq", True), Where("announced_on", "null", True))
    field, headquarters = who.where_held(FIELD), who.where_held((Post.HEADQUARTERS,))
    asked: tuple[tuple[list[RegionId], tuple[Where, ...]], ...] = (
        (field, taking),
        (field, announcing),
        (headquarters, (county, *taking)),
        (headquarters, ruling),
        (headquarters, (county, *announcing)),
    )
    return tuple(
        Pending(todo(line), line)
        for regions, where in asked
        if regions
        for line in page(
            connection, ExitLine, Query((Where("region", "within", regions), *where), ("opened_on",), limit=MOST)
        ).lines
    )


def todo(line: ExitLine) -> str:
    if line.standing:
        return "待公告"
    return f"待{line.next_step.label}" if line.next_step else "待记录省级审定"


def to_approve(connection: Connection[Any], who: Waiter) -> tuple[LeaveLine, ...]:
    """The leaves of others on which their posts may decide now."""
    if not who.held:
        return ()
    where = (
        Where("state", "eq", "pending"),
        Where("region", "within", sorted({tenure.region for tenure in who.held})),
        Where("waiting", "any", sorted({tenure.post.value for tenure in who.held})),
    )
    lines = walk(connection, LeaveLine, Query(where, ("since",), limit=MOST))
    return tuple(
        line
        for line in lines
        if line.person != who.person
        and who.person not in line.endorsed
        and any(tenure.post in line.waiting and tenure.region.holds(line.region) for tenure in who.held)
    )


def undone(connection: Connection[Any], who: Waiter) -> tuple[DecisionLine, ...]:
    """What meetings gave them to do, and they have not reported done."""
    where = (
        Where("responsible", "eq", who.person),
        Where("settled_on", "null", True),
        Where("done_on", "null", True),
    )
    return page(connection, DecisionLine, Query(where, ("due",), limit=MOST)).lines


def to_settle(connection: Connection[Any], who: Waiter) -> tuple[DecisionLine, ...]:
    """What others report done, and they may settle."""
    regions = who.where_held((*FOLLOW_UP, *DECIDE))
    if not regions:
        return ()
    where = (
        Where("region", "within", regions),
        Where("settled_on", "null", True),
        Where("done_on", "null", False),
        Where("responsible", "ne", who.person),
    )
    return page(connection, DecisionLine, Query(where, ("done_on",), limit=MOST)).lines
