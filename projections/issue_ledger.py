"""问题台账: one line per issue, as it stands."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from domain import chains, issues
from domain.chains import CHAIN, ChainOpened, ChainWithdrawn, Checked, ObjectionSettled, SentBack, SignatureRefused
from domain.fact import Event, Recorded, Value
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
    found_by=(("region", "issue"), ("status", "region", "issue"), ("unit",), ("person",)),
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

    @cached_property
    def as_issue(self) -> Issue:
        """The domain's issue, as far as its standing depends on it: of a step only whether it is done."""
        done = dict.fromkeys(self.done_steps, self.last_done_on)
        return Issue(
            self.issue,
            self.region,
            self.object,
            self.severity,
            self.registered_on,
            self.found_on,
            self.deadline,
            round=self.round,
            unit=self.unit,
            leader=self.leader,
            person=self.person,
            steps={step: Step(step, self.round, "", None, done_on=done.get(step)) for step in self.steps},
            chain=self.chain,
            last_done_on=self.last_done_on,
            closed_on=self.closed_on,
            withdrawn=self.status is Status.WITHDRAWN,
        )


Changes = dict[str, Any]
"""Columns, and what they become."""

OF_CHAINS = frozenset(CHAIN)
"""Asking a fact whether it is one of nine models takes fifty times as long as looking its type up."""


def overdue_days(line: IssueLine, day: date) -> int:
    """逾期天数: how many days the work has been late on this day; 0 while it is not.

    Late is what is not reported done by its deadline, and stays late to the day it was done.
    """
    if line.due is None or line.status is Status.WITHDRAWN:
        return 0
    done = line.last_done_on if line.status in (Status.DONE, Status.IN_REVIEW, Status.CLOSED) else None
    return max(0, ((done or day) - line.due).days)


def groups(fact: Recorded) -> tuple[str, ...]:
    event = fact.event
    if type(event) not in OF_CHAINS:
        return (event.issue,)  # type: ignore[attr-defined]
    subject = event.subject  # type: ignore[attr-defined]
    return (subject,) if isinstance(subject, IssueId) else ()


def evolve(line: IssueLine | None, fact: Recorded) -> IssueLine | None:
    event = fact.event
    if isinstance(event, IssueRegistered):
        return registered(event, fact)
    if line is None:
        return None
    before = line.as_issue
    after = (issues.evolve(before, fact) or before) if type(event) in STANDING else before
    changes = standing(after, after.unlike(before)) if after is not before else {}
    tell = TELLING.get(type(event))
    if tell:
        changes |= tell(line, event, fact)
    changes["last_position"] = fact.position
    return line.but(**changes).knowing(as_issue=after)


STANDING = {
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
}
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


ALIKE = frozenset({"severity", "round", "unit", "leader", "person", "last_done_on", "chain", "closed_on"})
"""What the domain's issue and its line call the same."""


def standing(issue: Issue, changed: frozenset[str]) -> Changes:
    """Everything that the domain itself folds, of what a fact changed in it: its rules are not said twice."""
    changes: Changes = {name: getattr(issue, name) for name in changed & ALIKE}
    if "deadline" in changed:
        deadline = issue.deadline
        changes |= {"due": deadline.due, "precision": deadline.precision, "long_term": deadline.long_term}
    if "steps" in changed or "round" in changed:
        present = issue.present_steps
        steps = tuple([step.step for step in present])
        done = tuple([step.step for step in present if step.done_on])
        changes |= {"steps": steps, "done_steps": done, "steps_planned": len(steps), "steps_done": len(done)}
    changes["status"] = issue.status
    return changes


def claimed(line: IssueLine, event: ClaimedByWorkbook, fact: Recorded) -> Changes:
    contradiction = event.done_on and line.found_on and event.done_on < line.found_on
    return {
        "claimed_unit": event.unit,
        "claimed_leader": event.leader,
        "claimed_person": event.person,
        "claimed_measure": event.measure,
        "claimed_status": event.status,
        "claimed_done_on": event.done_on,
        "claimed_closed": event.closed,
        "workbook": event.workbook,
        "sheet": event.sheet,
        "row_number": event.row,
        "marks": (*line.marks, DONE_BEFORE_FOUND) if contradiction else line.marks,
    }


def assigned(line: IssueLine, event: IssueAssigned, fact: Recorded) -> Changes:
    return {"assigned_on": fact.on}


def reported(line: IssueLine, event: StepReported, fact: Recorded) -> Changes:
    return {
        "last_progress": event.progress,
        "last_reported_on": fact.on,
        "spent_funds": line.spent_funds + (event.spent_funds or 0),
    }


def asked(line: IssueLine, event: ExtensionRequested, fact: Recorded) -> Changes:
    one = Extension(extension=event.extension, due=event.due, reason=event.reason, asked_by=fact.by, asked_on=fact.on)
    return {"extensions": (*line.extensions, one), "extensions_pending": line.extensions_pending + 1}


def decided(line: IssueLine, event: ExtensionGranted | ExtensionDenied, fact: Recorded) -> Changes:
    granted = isinstance(event, ExtensionGranted)
    opinion = event.opinion if isinstance(event, ExtensionGranted) else event.reason
    outcome = {"granted": granted, "opinion": opinion, "decided_by": fact.by, "decided_on": fact.on}
    return {
        "extensions": tuple(
            one.model_copy(update=outcome) if one.extension == event.extension else one for one in line.extensions
        ),
        "extensions_pending": line.extensions_pending - 1,
        "extensions_granted": line.extensions_granted + granted,
    }


def escalated(line: IssueLine, event: Escalated, fact: Recorded) -> Changes:
    return waiting((*line.open_escalations, event.escalation))


def answered(line: IssueLine, event: EscalationAnswered, fact: Recorded) -> Changes:
    return waiting(tuple(other for other in line.open_escalations if other != event.escalation))


def waiting(escalations: tuple[EscalationId, ...]) -> Changes:
    return {"open_escalations": escalations, "escalations_open": len(escalations)}


def closed(line: IssueLine, event: IssueClosed, fact: Recorded) -> Changes:
    hasty = fact.recorded_at - line.registered_at < timedelta(hours=1)
    return {"marks": (*line.marks, CLOSED_WITHIN_AN_HOUR)} if hasty else {}


def reopened(line: IssueLine, event: IssueReopened, fact: Recorded) -> Changes:
    return {"reopened": line.reopened + 1}


def looked_back(line: IssueLine, event: LookedBack, fact: Recorded) -> Changes:
    return {"looked_back_on": event.looked_on}


def withdrawn(line: IssueLine, event: IssueWithdrawn, fact: Recorded) -> Changes:
    return {"withdrawn_for": event.reason}


TELLING: dict[type[Event], Callable[[IssueLine, Any, Recorded], Changes]] = {
    ClaimedByWorkbook: claimed,
    IssueAssigned: assigned,
    StepReported: reported,
    ExtensionRequested: asked,
    ExtensionGranted: decided,
    ExtensionDenied: decided,
    Escalated: escalated,
    EscalationAnswered: answered,
    IssueClosed: closed,
    IssueReopened: reopened,
    LookedBack: looked_back,
    IssueWithdrawn: withdrawn,
}
"""What a line says of a fact besides the standing of its issue."""


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
