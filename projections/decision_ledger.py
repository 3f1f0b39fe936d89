"""会议决定台账: one line per decision, and what became of it."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import DecisionId, IssueId, PersonId, RegionId
from domain.meetings import DECISION, DecisionMade, DecisionReported, DecisionSettled, Meeting
from projections.ledger import Ledger, one_line
from projections.line import Line


class DecisionLine(
    Line,
    table="decision_ledger",
    key=("decision",),
    found_by=(("region", "held_on"), ("responsible",), ("due",)),
):
    """会议决定台账

    ``done_on`` is when the one responsible says it was done, ``settled_on`` when someone else found it so.
    """

    decision: DecisionId
    region: RegionId
    meeting: Meeting
    held_on: date
    matter: str
    issues: tuple[IssueId, ...]
    responsible: PersonId
    due: date
    made_by: PersonId
    progress: str | None = None
    done_on: date | None = None
    sent_back: int = 0
    findings: str | None = None
    settled_by: PersonId | None = None
    settled_on: date | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.decision  # type: ignore[attr-defined]


def evolve(line: DecisionLine | None, fact: Recorded) -> DecisionLine | None:
    match fact.event:
        case DecisionMade() as event:
            return DecisionLine(
                event.decision,
                event.region,
                event.meeting,
                event.held_on,
                event.matter,
                event.issues,
                event.responsible,
                event.due,
                fact.by,
            )
        case DecisionReported(progress=progress, done=done, occurred_on=day) if line:
            return line.but(progress=progress, done_on=day if done else line.done_on)
        case DecisionSettled(done=True, findings=findings) if line:
            return line.but(findings=findings, settled_by=fact.by, settled_on=fact.on)
        case DecisionSettled(findings=findings) if line:
            return line.but(findings=findings, done_on=None, sent_back=line.sent_back + 1)
    return line


LEDGER = Ledger(DecisionLine, folds=DECISION, groups=groups, evolve=one_line(evolve))
