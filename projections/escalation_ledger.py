"""上报答复台账: one line per escalation, and whether it was answered in time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from domain.fact import Recorded
from domain.ids import EscalationId, IssueId, PersonId, RegionId
from domain.issues import Escalated, EscalationAnswered
from projections.ledger import Ledger, one_line
from projections.line import Line


class EscalationLine(
    Line,
    table="escalation_ledger",
    key=("escalation",),
    found_by=(("region", "escalation"), ("issue",), ("answer_due",)),
):
    """上报答复台账

    ``region`` is the level that must answer; ``late`` says that the answer came after its time.
    """

    escalation: EscalationId
    issue: IssueId
    region: RegionId
    to: Literal["township", "county"]
    matter: str
    by: PersonId
    escalated_at: datetime
    answer_due: datetime
    answered: bool = False
    answer: str | None = None
    answered_by: PersonId | None = None
    answered_at: datetime | None = None
    late: bool = False


def overdue(line: EscalationLine, moment: datetime) -> bool:
    """超时: answered late, or not answered though its time has passed at this moment."""
    return line.late or (not line.answered and moment > line.answer_due)


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.escalation  # type: ignore[attr-defined]


def evolve(line: EscalationLine | None, fact: Recorded) -> EscalationLine | None:
    match fact.event:
        case Escalated() as event:
            return EscalationLine(
                event.escalation,
                event.issue,
                event.region,
                event.to,
                event.matter,
                fact.by,
                fact.recorded_at,
                event.answer_due,
            )
        case EscalationAnswered(answer=answer) if line:
            return line.but(
                answered=True,
                answer=answer,
                answered_by=fact.by,
                answered_at=fact.recorded_at,
                late=fact.recorded_at > line.answer_due,
            )
    return line


LEDGER = Ledger(EscalationLine, folds=(Escalated, EscalationAnswered), groups=groups, evolve=one_line(evolve))
