"""Registering issues 问题登记: one by one or a workbook at a time; assigning, regrading and withdrawing them."""

from collections.abc import Iterator
from datetime import date

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from domain.command import About, Act, Command, Scope, not_future, refuse
from domain.fact import Event, Fen, Past
from domain.ids import HouseholdId, ImportId, IssueId, PersonId, ProjectId, RegionId, UnitId
from domain.issues import (
    ClaimedByWorkbook,
    Deadline,
    Issue,
    IssueAssigned,
    IssueRegistered,
    IssueRegraded,
    IssueWithdrawn,
    WorkbookImported,
    fold,
)
from domain.organisation import PersonRegistered, UnitDissolved, UnitEstablished, person_known, unit_standing
from domain.policy import Severity
from domain.posts import FIELD, OVERSIGHT, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.text import Prose, ShortText

REGISTER = (*FIELD, *OVERSIGHT, Post.UNIT_LEADER, Post.UNIT_OFFICER)
ASSIGN = (
    Post.VILLAGE_CHIEF,
    Post.TOWNSHIP_CLERK,
    Post.TOWNSHIP_SECRETARY,
    Post.TOWNSHIP_HEAD,
    Post.TOWNSHIP_FIRST_SECRETARY,
    Post.HEADQUARTERS,
)


class RegisterIssue(Command):
    """登记问题"""

    issue: IssueId
    region: RegionId
    place: ShortText | None = None
    object: HouseholdId | ProjectId | None = None
    category: ShortText
    source: ShortText
    severity: Severity
    description: Prose
    found_on: date
    deadline: Deadline
    planned_funds: Fen | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, LIFE), About(self.issue, (IssueRegistered,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        authorise(past, act, self.region, *REGISTER)
        if past.about(self.issue).of(IssueRegistered):
            refuse("issue_already_registered", "该问题已经登记")
        not_future(self.found_on, act, "发现日期")
        coherent(self.deadline, self.found_on)
        yield IssueRegistered(**dict(self))


def coherent(deadline: Deadline, found_on: date | None) -> None:
    """Refuses a deadline that contradicts itself or lies before the issue was found."""
    dated = deadline.precision in ("day", "month_end", "year_end")
    if dated != (deadline.due is not None):
        refuse("deadline_incoherent", "整改时限与其精度不符:有日期的时限须写明日期,立行立改或未写明的不写日期")
    if deadline.due and found_on and deadline.due < found_on:
        refuse("dates_out_of_order", f"整改时限{deadline.due}早于发现日期{found_on},日期前后矛盾")


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class ImportedIssue:
    """表中一行: what will be registered, and what the workbook claims of it.

    As strict as any value, in half the memory: a workbook has tens of thousands.
    """

    sheet: ShortText
    row: int = Field(ge=1)
    region: RegionId
    category: ShortText
    source: ShortText
    severity: Severity
    description: Prose
    deadline: Deadline
    planned_funds: Fen | None
    unit: ShortText | None
    leader: ShortText | None
    person: ShortText | None
    measure: Prose | None
    status: ShortText | None
    done_on: date | None
    closed: bool


_REGISTERED = {*IssueRegistered.model_fields}
_CLAIMED = {*ClaimedByWorkbook.model_fields}


class ImportWorkbook(Command):
    """导入问题清单

    Registers every row or none. The workbook's digest is its id, so importing the same file again decides nothing.
    """

    workbook: ImportId
    region: RegionId
    file_name: ShortText
    file_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: tuple[ImportedIssue, ...] = Field(min_length=1, max_length=50_000)

    def stands_on(self, past: Past, act: Act) -> Scope:
        places = dict.fromkeys(row.region for row in self.rows)
        return (
            *authority_of(act),
            About(self.workbook, (WorkbookImported,)),
            *(About(place, LIFE) for place in places),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if past.about(self.workbook).of(WorkbookImported):
            return
        for place in dict.fromkeys(row.region for row in self.rows):
            standing(past, place)
            authorise(past, act, place, *REGISTER)
        yield WorkbookImported(
            workbook=self.workbook,
            region=self.region,
            file_name=self.file_name,
            file_digest=self.file_digest,
            rows=len(self.rows),
        )
        for row in self.rows:
            issue = IssueId.derived(self.workbook, row.sheet, row.row)
            # Each part was checked when the row was; a second time for tens of thousands of rows takes seconds.
            yield IssueRegistered.model_construct(
                _REGISTERED,
                issue=issue,
                region=row.region,
                place=None,
                object=None,
                category=row.category,
                source=row.source,
                severity=row.severity,
                description=row.description,
                found_on=None,
                deadline=row.deadline,
                planned_funds=row.planned_funds,
            )
            yield ClaimedByWorkbook.model_construct(
                _CLAIMED,
                issue=issue,
                workbook=self.workbook,
                sheet=row.sheet,
                row=row.row,
                unit=row.unit,
                leader=row.leader,
                person=row.person,
                measure=row.measure,
                status=row.status,
                done_on=row.done_on,
                closed=row.closed,
            )


def open_issue(past: Past, issue: IssueId) -> Issue:
    """The issue, refused if it is closed or withdrawn."""
    state = fold(past, issue)
    if not state.status.open:
        refuse("issue_not_open", f"该问题{state.status.label},不能再办理此事")
    return state


class AssignIssue(Command):
    """交办问题

    From now on this unit, leader and person answer for it; with a reason when it moves from others
    (变更第一责任人). There is no moment at which nobody, or two, were responsible.
    """

    issue: IssueId
    unit: UnitId
    leader: PersonId
    person: PersonId
    reason: Prose | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.issue),
            About(self.unit, (UnitEstablished, UnitDissolved)),
            About(self.leader, (PersonRegistered,)),
            About(self.person, (PersonRegistered,)),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        authorise(past, act, issue.region, *ASSIGN)
        unit_standing(past, self.unit)
        person_known(past, self.leader)
        person_known(past, self.person)
        if issue.chain:
            refuse("in_review", "销号申请正在办理,不能改变责任人;请先退回或撤回")
        if issue.unit and self.reason is None:
            refuse("reason_required", "变更责任单位或责任人须写明理由")
        if (issue.unit, issue.leader, issue.person) == (self.unit, self.leader, self.person):
            refuse("nothing_changes", "责任单位、责任领导和责任人都没有变化")
        yield IssueAssigned(
            issue=self.issue, unit=self.unit, leader=self.leader, person=self.person, reason=self.reason
        )


class RegradeIssue(Command):
    """调整问题等级"""

    issue: IssueId
    severity: Severity
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        authorise(past, act, issue.region, *OVERSIGHT)
        if issue.chain:
            refuse("in_review", "销号申请正在办理,不能调整等级;请先退回")
        if issue.severity == self.severity:
            refuse("nothing_changes", f"该问题已是{self.severity.label}")
        yield IssueRegraded(issue=self.issue, object=issue.object, severity=self.severity, reason=self.reason)


class WithdrawIssue(Command):
    """撤销问题

    For what was registered in error; it stays in the record with the reason. Never by those who answer for it.
    """

    issue: IssueId
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        authorise(past, act, issue.region, *OVERSIGHT)
        if act.by in issue.responsible:
            refuse("own_rectification", "不能撤销自己负责的问题")
        if issue.chain:
            refuse("in_review", "销号申请正在办理,不能撤销")
        yield IssueWithdrawn(issue=self.issue, object=issue.object, reason=self.reason)
