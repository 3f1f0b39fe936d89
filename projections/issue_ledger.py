"""问题台账: one line per issue, as it stands."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal

from domain import chains, issues
from domain.chains import CHAIN, ChainOpened, ChainWithdrawn, Checked, ObjectionSettled, SentBack, SignatureRefused
from domain.fact import Recorded, Value
from domain.ids import (
    ChainId,
    EscalationId,
    ExtensionId,
    HouseholdId,
    ImportId,
    IssueId,
    PersonId,
    ProjectId,
    RegionId,
    StepId,
    UnitId,
)
from domain.issues import (
    ClaimedByWorkbook,
    Deadline,
    Escalated,
    EscalationAnswered,
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    Issue,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueRegraded,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
    Status,
    Step,
    StepPlanned,
    StepReported,
)
from domain.policy import Severity
from projections.ledger import Ledger, one_line
from projections.line import Line

CLOSED_WITHIN_AN_HOUR = "closed_within_an_hour"
"""登记后一小时内销号."""
DONE_BEFORE_FOUND = "done_before_found"
"""完成早于发现: the workbook says so; a report that says so is refused."""


class Extension(Value):
    """延期: what was asked, and what became of it; undecided while ``granted`` is none."""

    extension: ExtensionId
    due: date
    reason: str
    asked_by: PersonId
    asked_on: date
    granted: bool | None = None
    opinion: str | None = None
    decided_by: PersonId | None = None
    decided_on: date | None = None


class IssueLine(
    Line,
    table="issue_ledger",
    key=("issue",),
    found_by=(("region", "issue"), ("status", "region"), ("unit",), ("person",)),
):
    """问题台账

    Money in 分. ``late_days`` is from found to registered; ``steps`` and ``done_steps`` are those of the present
    round. ``claimed_…`` is what a workbook said, verified nowhere. ``marks`` point out what an inspector should see.
    """

    issue: IssueId
    region: RegionId
    place: str | None
    object: HouseholdId | ProjectId | None
    category: str
    source: str
    severity: Severity
    description: str
    found_on: date | None
    registered_on: date
    registered_at: datetime
    registered_by: PersonId
    late_days: int | None
    due: date | None
    precision: Literal["day", "month_end", "year_end", "immediate", "unstated"]
    long_term: bool
    original_due: date | None
    planned_funds: int | None
    status: Status
    last_position: int
    round: int = 1
    unit: UnitId | None = None
    leader: PersonId | None = None
    person: PersonId | None = None
    assigned_on: date | None = None
    claimed_unit: str | None = None
    claimed_leader: str | None = None
    claimed_person: str | None = None
    claimed_measure: str | None = None
    claimed_status: str | None = None
    claimed_done_on: date | None = None
    claimed_closed: bool | None = None
    workbook: ImportId | None = None
    sheet: str | None = None
    row_number: int | None = None
    extensions: tuple[Extension, ...] = ()
    extensions_pending: int = 0
    extensions_granted: int = 0
    spent_funds: int = 0
    steps: tuple[StepId, ...] = ()
    done_steps: tuple[StepId, ...] = ()
    steps_planned: int = 0
    steps_done: int = 0
    last_progress: str | None = None
    last_reported_on: date | None = None
    last_done_on: date | None = None
    chain: ChainId | None = None
    closed_on: date | None = None
    open_escalations: tuple[EscalationId, ...] = ()
    escalations_open: int = 0
    reopened: int = 0
    looked_back_on: date | None = None
    withdrawn_for: str | None = None
    marks: tuple[str, ...] = ()

    @property
    def deadline(self) -> Deadline:
        return Deadline(due=self.due, precision=self.precision, long_term=self.long_term)


def overdue_days(line: IssueLine, day: date) -> int:
    """逾期天数: how many days the work has been late on this day; 0 while it is not.

    Late is what is not reported done by its deadline, and stays late to the day it was done.
    """
    if line.due is None or line.status is Status.WITHDRAWN:
        return 0
    done = line.last_done_on if line.status in (Status.DONE, Status.IN_REVIEW, Status.CLOSED) else None
    return max(0, ((done or day) - line.due).days)


def groups(fact: Recorded) -> Iterator[str]:
    event = fact.event
    issue = getattr(event, "issue", None) or getattr(event, "subject", None)
    if isinstance(issue, IssueId):
        yield issue


def evolve(line: IssueLine | None, fact: Recorded) -> IssueLine | None:
    event = fact.event
    if isinstance(event, IssueRegistered):
        return registered(event, fact)
    if line is None:
        return None
    line = standing(line, fact) if isinstance(event, STANDING) else line.but(last_position=fact.position)
    match event:
        case ClaimedByWorkbook():
            return claimed(line, event)
        case IssueAssigned():
            return line.but(assigned_on=fact.on)
        case StepReported():
            return line.but(
                last_progress=event.progress,
                last_reported_on=fact.on,
                spent_funds=line.spent_funds + (event.spent_funds or 0),
            )
        case ExtensionRequested():
            asked = Extension(
                extension=event.extension, due=event.due, reason=event.reason, asked_by=fact.by, asked_on=fact.on
            )
            return line.but(extensions=(*line.extensions, asked), extensions_pending=line.extensions_pending + 1)
        case ExtensionGranted(extension=extension, opinion=opinion):
            return decided(line, fact, extension, True, opinion)
        case ExtensionDenied(extension=extension, reason=reason):
            return decided(line, fact, extension, False, reason)
        case Escalated(escalation=escalation):
            return waiting(line, (*line.open_escalations, escalation))
        case EscalationAnswered(escalation=escalation):
            return waiting(line, tuple(other for other in line.open_escalations if other != escalation))
        case IssueClosed() if fact.recorded_at - line.registered_at < timedelta(hours=1):
            return line.but(marks=(*line.marks, CLOSED_WITHIN_AN_HOUR))
        case IssueReopened():
            return line.but(reopened=line.reopened + 1)
        case LookedBack(looked_on=day):
            return line.but(looked_back_on=day)
        case IssueWithdrawn(reason=reason):
            return line.but(withdrawn_for=reason)
    return line


STANDING = (
    IssueAssigned,
    IssueRegraded,
    StepPlanned,
    StepReported,
    ExtensionGranted,
    IssueWithdrawn,
    IssueClosed,
    IssueReopened,
    ChainOpened,
    Checked,
    ObjectionSettled,
    SentBack,
    SignatureRefused,
    ChainWithdrawn,
)
"""The facts by which the domain changes what a line has of its issue; to the others it need not be asked."""


def registered(event: IssueRegistered, fact: Recorded) -> IssueLine:
    return IssueLine(
        issue=event.issue,
        region=event.region,
        place=event.place,
        object=event.object,
        category=event.category,
        source=event.source,
        severity=event.severity,
        description=event.description,
        found_on=event.found_on,
        registered_on=fact.on,
        registered_at=fact.recorded_at,
        registered_by=fact.by,
        late_days=(fact.on - event.found_on).days if event.found_on else None,
        due=event.deadline.due,
        precision=event.deadline.precision,
        long_term=event.deadline.long_term,
        original_due=event.deadline.due,
        planned_funds=event.planned_funds,
        status=Status.NOT_STARTED,
        last_position=fact.position,
    )


def standing(line: IssueLine, fact: Recorded) -> IssueLine:
    """The line with everything that the domain itself folds: its rules are not said twice."""
    before = issue_of(line)
    after = issues.evolve(before, fact)
    if after is None or after is before:
        return line.but(last_position=fact.position)
    steps, done = line.steps, line.done_steps
    if after.steps is not before.steps or after.round != before.round:
        steps = tuple(step.step for step in after.present_steps)
        done = tuple(step.step for step in after.present_steps if step.done_on)
    deadline = after.deadline
    return line.but(
        last_position=fact.position,
        severity=after.severity,
        due=deadline.due,
        precision=deadline.precision,
        long_term=deadline.long_term,
        round=after.round,
        unit=after.unit,
        leader=after.leader,
        person=after.person,
        steps=steps,
        done_steps=done,
        steps_planned=len(steps),
        steps_done=len(done),
        last_done_on=after.last_done_on,
        chain=after.chain,
        closed_on=after.closed_on,
        status=after.status,
    )


def issue_of(line: IssueLine) -> Issue:
    """The domain's issue, as far as its standing depends on it: of a step only whether it is done."""
    return Issue(
        line.issue,
        line.region,
        line.object,
        line.severity,
        line.registered_on,
        line.found_on,
        line.deadline,
        round=line.round,
        unit=line.unit,
        leader=line.leader,
        person=line.person,
        steps={
            step: Step(step, line.round, "", None, done_on=line.last_done_on if step in line.done_steps else None)
            for step in line.steps
        },
        chain=line.chain,
        last_done_on=line.last_done_on,
        closed_on=line.closed_on,
        withdrawn=line.status is Status.WITHDRAWN,
    )


def claimed(line: IssueLine, event: ClaimedByWorkbook) -> IssueLine:
    contradiction = event.done_on and line.found_on and event.done_on < line.found_on
    return line.but(
        claimed_unit=event.unit,
        claimed_leader=event.leader,
        claimed_person=event.person,
        claimed_measure=event.measure,
        claimed_status=event.status,
        claimed_done_on=event.done_on,
        claimed_closed=event.closed,
        workbook=event.workbook,
        sheet=event.sheet,
        row_number=event.row,
        marks=(*line.marks, DONE_BEFORE_FOUND) if contradiction else line.marks,
    )


def decided(line: IssueLine, fact: Recorded, extension: ExtensionId, granted: bool, opinion: str) -> IssueLine:
    outcome = {"granted": granted, "opinion": opinion, "decided_by": fact.by, "decided_on": fact.on}
    return line.but(
        extensions=tuple(
            asked.model_copy(update=outcome) if asked.extension == extension else asked for asked in line.extensions
        ),
        extensions_pending=line.extensions_pending - 1,
        extensions_granted=line.extensions_granted + granted,
    )


def waiting(line: IssueLine, escalations: tuple[EscalationId, ...]) -> IssueLine:
    return line.but(open_escalations=escalations, escalations_open=len(escalations))


LEDGER = Ledger(
    IssueLine,
    folds=(
        IssueRegistered,
        ClaimedByWorkbook,
        IssueAssigned,
        IssueRegraded,
        StepPlanned,
        StepReported,
        ExtensionRequested,
        ExtensionGranted,
        ExtensionDenied,
        Escalated,
        EscalationAnswered,
        IssueWithdrawn,
        IssueClosed,
        LookedBack,
        IssueReopened,
        *CHAIN,
    ),
    groups=groups,
    evolve=one_line(evolve),
    rests_on=(issues, chains),
)
