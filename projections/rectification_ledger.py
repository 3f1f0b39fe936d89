"""整改台账: one line per measure of every round of every issue.

An issue for which no measure is planned yet stands in it with an empty one, so that supervisors find it, and so that
the first measure knows where the issue lies and who answers for it.
"""

from datetime import date
from enum import StrEnum

from domain.fact import Recorded
from domain.ids import EvidenceId, IssueId, PersonId, RegionId, StepId, UnitId
from domain.issues import (
    IssueAssigned,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    StepPlanned,
    StepReported,
)
from projections.ledger import Ledger
from projections.line import Line


class Progress(StrEnum):
    """措施进展"""

    label: str

    def __new__(cls, value: str, label: str) -> "Progress":
        progress = str.__new__(cls, value)
        progress._value_, progress.label = value, label
        return progress

    UNPLANNED = "unplanned", "未制定措施"
    NOT_STARTED = "not_started", "未启动"
    UNDER_WAY = "under_way", "进行中"
    DONE = "done", "已完成"


class RectificationLine(
    Line,
    table="rectification_ledger",
    key=("issue", "number"),
    found_by=(("region", "issue"), ("unit",), ("person",)),
):
    """整改台账

    ``number`` counts the measures of an issue from 1; 0 is the place of the one still to be planned. Money in 分.
    ``late_days`` is the longest that a report came after what it reports (补录).
    """

    issue: IssueId
    number: int
    step: StepId | None
    region: RegionId
    round: int
    progress: Progress
    unit: UnitId | None = None
    leader: PersonId | None = None
    person: PersonId | None = None
    measure: str | None = None
    due: date | None = None
    planned_on: date | None = None
    planned_by: PersonId | None = None
    planned_funds: int | None = None
    spent_funds: int = 0
    reports: int = 0
    last_progress: str | None = None
    done_on: date | None = None
    first_reported_on: date | None = None
    last_reported_on: date | None = None
    reported_by: PersonId | None = None
    late_days: int = 0
    evidence: tuple[EvidenceId, ...] = ()
    evidence_count: int = 0
    withdrawn: bool = False


Lines = tuple[RectificationLine, ...]


def groups(fact: Recorded) -> tuple[str]:
    return (fact.event.issue,)  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, issue: str) -> Lines:
    match fact.event:
        case IssueRegistered(issue=found, region=region):
            return (RectificationLine(found, 0, None, region, 1, Progress.UNPLANNED),)
        case IssueAssigned(unit=unit, leader=leader, person=person):
            return tuple(
                line if line.progress is Progress.DONE else line.but(unit=unit, leader=leader, person=person)
                for line in lines
            )
        case StepPlanned() as planned:
            return (*(line for line in lines if line.number), measure(lines, planned, fact))
        case StepReported() as report:
            return tuple(reported(line, report, fact) if line.step == report.step else line for line in lines)
        case IssueReopened(round=number):
            last = lines[-1]
            empty = RectificationLine(last.issue, 0, None, last.region, number, Progress.UNPLANNED)
            return (*lines, empty.but(unit=last.unit, leader=last.leader, person=last.person))
        case IssueWithdrawn():
            return tuple(line.but(withdrawn=True) for line in lines)
    return lines


def measure(lines: Lines, event: StepPlanned, fact: Recorded) -> RectificationLine:
    """The new measure's line: the place that waited for it, or one like the last."""
    like = lines[0] if not lines[0].number else lines[-1]
    return RectificationLine(
        like.issue,
        1 + max(line.number for line in lines),
        event.step,
        like.region,
        event.round,
        Progress.NOT_STARTED,
        unit=like.unit,
        leader=like.leader,
        person=like.person,
        measure=event.measure,
        due=event.due,
        planned_on=fact.on,
        planned_by=fact.by,
        planned_funds=event.planned_funds,
    )


def reported(line: RectificationLine, event: StepReported, fact: Recorded) -> RectificationLine:
    files = dict.fromkeys((*line.evidence, *(evidence.file for evidence in event.evidence)))
    return line.but(
        progress=Progress.DONE if event.done or line.progress is Progress.DONE else Progress.UNDER_WAY,
        spent_funds=line.spent_funds + (event.spent_funds or 0),
        reports=line.reports + 1,
        last_progress=event.progress,
        done_on=event.occurred_on if event.done else line.done_on,
        first_reported_on=line.first_reported_on or fact.on,
        last_reported_on=fact.on,
        reported_by=fact.by,
        late_days=max(line.late_days, (fact.on - event.occurred_on).days),
        evidence=tuple(files),
        evidence_count=len(files),
    )


LEDGER = Ledger(
    RectificationLine,
    folds=(IssueRegistered, IssueAssigned, StepPlanned, StepReported, IssueReopened, IssueWithdrawn),
    groups=groups,
    evolve=evolve,
)
