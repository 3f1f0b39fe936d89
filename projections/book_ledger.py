"""帮扶台账: one line per plan item and per issue on a household: the plan and the progress of the three books.

What was reported for an issue stands here as the progress of its line; nobody enters it again.
"""

from datetime import date
from typing import Literal

from domain.books import PLAN, HelpDropped, HelpPlanned, HelpReported
from domain.fact import Recorded
from domain.ids import HouseholdId, IssueId, ItemId, PersonId
from domain.issues import (
    ExtensionGranted,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    StepPlanned,
    StepReported,
)
from projections.ledger import Ledger, one_line
from projections.line import Line


class BookLine(
    Line,
    table="book_ledger",
    key=("entry",),
    found_by=(("household", "entry"), ("status", "due")),
):
    """帮扶台账

    ``plans`` counts the measures planned on the line (an item is one), ``done`` those reported done. Funds in 分.
    """

    entry: ItemId | IssueId
    household: HouseholdId
    kind: Literal["item", "issue"]
    category: str
    measure: str
    due: date | None
    planned_on: date
    planned_by: PersonId
    planned_funds: int
    status: Literal["open", "done", "dropped"]
    last_position: int
    plans: int = 0
    done: int = 0
    reports: int = 0
    progress: str | None = None
    reported_on: date | None = None
    reported_by: PersonId | None = None
    spent_funds: int = 0
    done_on: date | None = None
    dropped_for: str | None = None


def groups(fact: Recorded) -> tuple[str]:
    event = fact.event
    return (event.item if type(event) in PLAN else event.issue,)  # type: ignore[attr-defined]


def evolve(line: BookLine | None, fact: Recorded) -> BookLine | None:
    event = fact.event
    match event:
        case HelpPlanned():
            return BookLine(
                entry=event.item,
                household=event.household,
                kind="item",
                category=event.category,
                measure=event.measure,
                due=event.due,
                planned_on=fact.on,
                planned_by=fact.by,
                planned_funds=event.planned_funds or 0,
                status="open",
                last_position=fact.position,
                plans=1,
            )
        case IssueRegistered(object=HouseholdId() as household):
            return BookLine(
                entry=event.issue,
                household=household,
                kind="issue",
                category=event.category,
                measure=event.description,
                due=event.deadline.due,
                planned_on=fact.on,
                planned_by=fact.by,
                planned_funds=event.planned_funds or 0,
                status="open",
                last_position=fact.position,
            )
    if line is None:
        return None
    line = line.but(last_position=fact.position)
    match event:
        case HelpReported() | StepReported():
            line = line.but(
                reports=line.reports + 1,
                progress=event.progress,
                reported_on=event.occurred_on,
                reported_by=fact.by,
                spent_funds=line.spent_funds + (event.spent_funds or 0),
                done=line.done + event.done,
            )
            if isinstance(event, HelpReported) and event.done:
                return line.but(status="done", done_on=event.occurred_on)
            return line
        case HelpDropped(reason=reason) | IssueWithdrawn(reason=reason):
            return line.but(status="dropped", dropped_for=reason)
        case StepPlanned():
            return line.but(plans=line.plans + 1)
        case ExtensionGranted(due=due):
            return line.but(due=due)
        case IssueClosed():
            return line.but(status="done", done_on=fact.on)
        case IssueReopened(deadline=deadline):
            return line.but(status="open", done_on=None, due=deadline.due)
    return line


LEDGER = Ledger(
    BookLine,
    folds=(
        *PLAN,
        IssueRegistered,
        StepPlanned,
        StepReported,
        ExtensionGranted,
        IssueWithdrawn,
        IssueClosed,
        IssueReopened,
    ),
    groups=groups,
    evolve=one_line(evolve),
)
