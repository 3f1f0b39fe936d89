"""责任台账: who answered for which issue, in which role, from when to when.

From registration until it is assigned, nobody answers for an issue; that is a line as well.
"""

from datetime import date
from typing import Literal

from domain.fact import Recorded
from domain.ids import IssueId, PersonId, RegionId, UnitId
from domain.issues import (
    ExtensionGranted,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    Status,
    StepReported,
)
from projections.ledger import Ledger
from projections.line import Line

Role = Literal["nobody", "unit", "leader", "person"]
"""未交办, 责任单位, 责任领导, 责任人."""

Ending = Literal["assigned", "reassigned", "closed", "withdrawn"]
"""已交办, 变更责任人, 已销号, 已撤销."""


class ResponsibilityLine(
    Line,
    table="responsibility_ledger",
    key=("issue", "number"),
    found_by=(("holder",), ("region", "role")),
):
    """责任台账

    ``due`` and ``done_on`` are as they were while the responsibility lasted; ``until`` is the day it ended, for the
    reason in ``ended``.
    """

    issue: IssueId
    number: int
    region: RegionId
    round: int
    role: Role
    holder: UnitId | PersonId | None
    since: date
    due: date | None
    done_on: date | None = None
    until: date | None = None
    ended: Ending | None = None


Lines = tuple[ResponsibilityLine, ...]


def missed(line: ResponsibilityLine, status: Status, day: date) -> bool:
    """逾期: whether the deadline passed unmet while this holder answered for the issue, as seen on a day.

    ``status`` is the issue's own, which tells whether a responsibility that lasts is already met.
    """
    if line.due is None or line.holder is None or line.ended == "withdrawn":
        return False
    met = status in (Status.DONE, Status.IN_REVIEW) if line.until is None else line.ended == "closed"
    end = (line.done_on if met else None) or line.until or day
    return end > line.due


def groups(fact: Recorded) -> tuple[str]:
    return (fact.event.issue,)  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, issue: str) -> Lines:
    match fact.event:
        case IssueRegistered(issue=found, region=region, deadline=deadline):
            return (ResponsibilityLine(found, 0, region, 1, "nobody", None, fact.on, deadline.due),)
        case IssueAssigned() as assigned:
            return reassigned(lines, assigned, fact.on)
        case ExtensionGranted(due=due):
            return tuple(line if line.until else line.but(due=due) for line in lines)
        case StepReported(done=True, occurred_on=day):
            return tuple(line if line.until else line.but(done_on=max(day, line.done_on or day)) for line in lines)
        case IssueClosed():
            return tuple(over(line, fact.on, "closed") for line in lines)
        case IssueWithdrawn():
            return tuple(over(line, fact.on, "withdrawn") for line in lines)
        case IssueReopened(round=number, deadline=deadline):
            before = (line for line in lines if line.ended == "closed" and line.round == number - 1)
            again = (
                line.but(number=n, round=number, since=fact.on, due=deadline.due, done_on=None, until=None, ended=None)
                for n, line in enumerate(before, len(lines))
            )
            return (*lines, *again)
    return lines


def reassigned(lines: Lines, event: IssueAssigned, day: date) -> Lines:
    """Whoever stays in the same role goes on; the others end, and the new begin."""
    asked: dict[Role, UnitId | PersonId] = {"unit": event.unit, "leader": event.leader, "person": event.person}
    standing = {(line.role, line.holder) for line in lines if line.until is None}
    new = [(role, holder) for role, holder in asked.items() if (role, holder) not in standing]
    last = next(line for line in reversed(lines) if line.until is None)
    kept = (line if (line.role, line.holder) in asked.items() else over(line, day, ending(line)) for line in lines)
    begun = (
        ResponsibilityLine(last.issue, n, last.region, last.round, role, holder, day, last.due, done_on=last.done_on)
        for n, (role, holder) in enumerate(new, len(lines))
    )
    return (*kept, *begun)


def ending(line: ResponsibilityLine) -> Ending:
    return "assigned" if line.role == "nobody" else "reassigned"


def over(line: ResponsibilityLine, day: date, why: Ending) -> ResponsibilityLine:
    return line if line.until else line.but(until=day, ended=why)


LEDGER = Ledger(
    ResponsibilityLine,
    folds=(
        IssueRegistered,
        IssueAssigned,
        ExtensionGranted,
        StepReported,
        IssueClosed,
        IssueWithdrawn,
        IssueReopened,
    ),
    groups=groups,
    evolve=evolve,
)
