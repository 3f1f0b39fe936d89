"""Issues 问题: every fact of an issue's life, read top to bottom, and their fold.

register → assign → plan → report (→ extend, escalate) → apply → check → notice → sign → close → look back → reopen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeVar

from pydantic import Field

from domain.chains import (
    ChainOpened,
    ChainWithdrawn,
    Checked,
    ObjectionSettled,
    SentBack,
    SignatureRefused,
)
from domain.command import refuse
from domain.evidence import Evidence
from domain.fact import Event, Fen, Recorded, State, Value
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
from domain.policy import Severity
from domain.text import Prose, ShortText

K = TypeVar("K")
V = TypeVar("V")

ObjectId = HouseholdId | ProjectId
"""问题对象: the household or project an issue is about, where it is about one."""


class Deadline(Value):
    """整改时限: a date, how exactly it was said, and whether the work goes on after it.

    ``immediate`` (立行立改) and ``unstated`` carry no date; ``month_end`` and ``year_end`` carry the last day.
    """

    due: date | None
    precision: Literal["day", "month_end", "year_end", "immediate", "unstated"]
    long_term: bool


class IssueRegistered(Event, type="issue.registered"):
    """登记问题"""

    issue: IssueId
    region: RegionId
    place: ShortText | None
    object: ObjectId | None
    category: ShortText
    source: ShortText
    severity: Severity
    description: Prose
    found_on: date | None
    deadline: Deadline
    planned_funds: Fen | None
    """计划资金, in 分."""


class WorkbookImported(Event, type="workbook.imported"):
    """导入表格"""

    workbook: ImportId
    region: RegionId
    file_name: ShortText
    file_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(ge=1)


class ClaimedByWorkbook(Event, type="issue.claimed"):
    """表载情况: what a workbook says of an issue. It is recorded as said, and counts as verified nowhere."""

    issue: IssueId
    workbook: ImportId
    sheet: ShortText
    row: int = Field(ge=1)
    unit: ShortText | None
    leader: ShortText | None
    person: ShortText | None
    measure: Prose | None
    status: ShortText | None
    done_on: date | None
    closed: bool


class IssueAssigned(Event, type="issue.assigned"):
    """交办: from now on this unit, leader and person answer for it."""

    issue: IssueId
    unit: UnitId
    leader: PersonId
    person: PersonId
    reason: Prose | None


class IssueRegraded(Event, type="issue.regraded"):
    """调整等级"""

    issue: IssueId
    object: ObjectId | None
    severity: Severity
    reason: Prose


class StepPlanned(Event, type="step.planned"):
    """制定措施"""

    issue: IssueId
    step: StepId
    round: int = Field(ge=1)
    measure: Prose
    due: date | None
    planned_funds: Fen | None


class StepReported(Event, type="step.reported"):
    """报告进展"""

    issue: IssueId
    step: StepId
    round: int = Field(ge=1)
    progress: Prose
    done: bool
    occurred_on: date
    spent_funds: Fen | None
    evidence: tuple[Evidence, ...]


class ExtensionRequested(Event, type="extension.requested"):
    """申请延期"""

    issue: IssueId
    extension: ExtensionId
    due: date
    reason: Prose


class ExtensionGranted(Event, type="extension.granted"):
    """同意延期"""

    issue: IssueId
    extension: ExtensionId
    due: date
    opinion: Prose


class ExtensionDenied(Event, type="extension.denied"):
    """不同意延期"""

    issue: IssueId
    extension: ExtensionId
    reason: Prose


class Escalated(Event, type="issue.escalated"):
    """上报: what this level cannot solve goes to the next, which answers by ``answer_due``."""

    issue: IssueId
    escalation: EscalationId
    region: RegionId
    to: Literal["township", "county"]
    matter: Prose
    answer_due: datetime


class EscalationAnswered(Event, type="issue.escalation_answered"):
    """答复"""

    issue: IssueId
    escalation: EscalationId
    region: RegionId
    answer: Prose


class IssueWithdrawn(Event, type="issue.withdrawn"):
    """撤销问题: registered in error; it stays in the record."""

    issue: IssueId
    object: ObjectId | None
    reason: Prose


class IssueClosed(Event, type="issue.closed"):
    """销号备案"""

    issue: IssueId
    object: ObjectId | None
    chain: ChainId
    round: int = Field(ge=1)


class LookedBack(Event, type="issue.looked_back"):
    """回头看"""

    issue: IssueId
    round: int = Field(ge=1)
    holds: bool
    findings: Prose
    looked_on: date
    evidence: tuple[Evidence, ...]


class IssueReopened(Event, type="issue.reopened"):
    """反弹重开: a new round; the earlier ones stay."""

    issue: IssueId
    object: ObjectId | None
    round: int = Field(ge=2)
    reason: Prose
    deadline: Deadline


class Status(StrEnum):
    """问题状态"""

    label: str

    def __new__(cls, value: str, label: str) -> "Status":
        status = str.__new__(cls, value)
        status._value_, status.label = value, label
        return status

    NOT_STARTED = "not_started", "未启动"
    RECTIFYING = "rectifying", "整改中"
    PARTLY_DONE = "partly_done", "阶段性完成"
    DONE = "done", "已完成"
    IN_REVIEW = "in_review", "待验收"
    CLOSED = "closed", "已销号"
    WITHDRAWN = "withdrawn", "已撤销"

    @property
    def open(self) -> bool:
        return self not in (Status.CLOSED, Status.WITHDRAWN)


@dataclass(frozen=True)
class Step(State):
    """整改措施: one measure of a round, and how far it has come."""

    step: StepId
    round: int
    measure: str
    due: date | None
    reported: int = 0
    done_on: date | None = None


@dataclass(frozen=True)
class Issue(State):
    """问题: as it stands after a past."""

    issue: IssueId
    region: RegionId
    object: ObjectId | None
    severity: Severity
    registered_on: date
    found_on: date | None
    deadline: Deadline
    round: int = 1
    unit: UnitId | None = None
    leader: PersonId | None = None
    person: PersonId | None = None
    steps: Mapping[StepId, Step] = field(default_factory=dict)
    rectifiers: frozenset[PersonId] = frozenset()
    """Who took part in rectifying this round: reported, applied, or answers for it. None of them may check or sign."""
    chain: ChainId | None = None
    """The chain now under way."""
    extensions: Mapping[ExtensionId, tuple[date, PersonId]] = field(default_factory=dict)
    """Requests not yet decided: the date asked for, and by whom."""
    escalations: Mapping[EscalationId, Escalated] = field(default_factory=dict)
    """Escalations not yet answered."""
    last_done_on: date | None = None
    closed_on: date | None = None
    withdrawn: bool = False

    @property
    def present_steps(self) -> tuple[Step, ...]:
        return tuple([step for step in self.steps.values() if step.round == self.round])

    @property
    def responsible(self) -> frozenset[PersonId]:
        return frozenset(person for person in (self.leader, self.person) if person)

    @property
    def status(self) -> Status:
        if self.withdrawn:
            return Status.WITHDRAWN
        if self.closed_on:
            return Status.CLOSED
        if self.chain:
            return Status.IN_REVIEW
        steps = self.present_steps
        done = [step for step in steps if step.done_on]
        if done:
            return Status.DONE if len(done) == len(steps) else Status.PARTLY_DONE
        if self.unit or steps:
            return Status.RECTIFYING
        return Status.NOT_STARTED


def evolve(issue: Issue | None, fact: Recorded) -> Issue | None:
    """The issue after one more fact about it; facts of other kinds leave it as it is."""
    event = fact.event
    if isinstance(event, IssueRegistered):
        return Issue(
            event.issue,
            event.region,
            event.object,
            event.severity,
            fact.on,
            event.found_on,
            event.deadline,
        )
    if issue is None:
        return None
    match event:
        case IssueAssigned(unit=unit, leader=leader, person=person):
            return issue.but(unit=unit, leader=leader, person=person)
        case IssueRegraded(severity=severity):
            return issue.but(severity=severity)
        case StepPlanned():
            step = Step(event.step, event.round, event.measure, event.due)
            return issue.but(steps={**issue.steps, event.step: step})
        case StepReported():
            step = issue.steps[event.step]
            step = step.but(reported=step.reported + 1, done_on=event.occurred_on if event.done else step.done_on)
            return issue.but(
                steps={**issue.steps, event.step: step},
                rectifiers=issue.rectifiers | {fact.by},
                last_done_on=max(filter(None, (issue.last_done_on, step.done_on)), default=None),
            )
        case ExtensionRequested():
            return issue.but(extensions={**issue.extensions, event.extension: (event.due, fact.by)})
        case ExtensionGranted(extension=extension, due=due):
            deadline = issue.deadline.model_copy(update={"due": due, "precision": "day"})
            return issue.but(deadline=deadline, extensions=_without(issue.extensions, extension))
        case ExtensionDenied(extension=extension):
            return issue.but(extensions=_without(issue.extensions, extension))
        case Escalated():
            return issue.but(escalations={**issue.escalations, event.escalation: event})
        case EscalationAnswered(escalation=escalation):
            return issue.but(escalations=_without(issue.escalations, escalation))
        case ChainOpened(chain=chain):
            return issue.but(chain=chain, rectifiers=issue.rectifiers | {fact.by})
        case SentBack(to="rectification") | SignatureRefused() | ChainWithdrawn() | Checked(passed=False):
            return issue.but(chain=None)
        case ObjectionSettled(upheld=True):
            return issue.but(chain=None)
        case IssueWithdrawn():
            return issue.but(withdrawn=True)
        case IssueClosed():
            return issue.but(chain=None, closed_on=fact.on)
        case IssueReopened(round=number, deadline=deadline):
            return issue.but(
                round=number,
                deadline=deadline,
                closed_on=None,
                rectifiers=frozenset(),
                last_done_on=None,
            )
    return issue


def _without(mapping: Mapping[K, V], key: K) -> Mapping[K, V]:
    return {k: v for k, v in mapping.items() if k != key}


def fold(facts: Iterable[Recorded], issue: IssueId) -> Issue:
    """One issue as it stands after these facts; refused when nobody registered it."""
    state: Issue | None = None
    for fact in facts:
        if issue in fact.event.tags:
            state = evolve(state, fact)
    return state or refuse("unknown_issue", f"问题{issue}没有登记")
