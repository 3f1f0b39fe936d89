"""Rectification 整改: planning steps, reporting them with evidence, and asking for more time."""

from collections.abc import Iterator
from datetime import date

from pydantic import Field

from domain.command import About, Act, Command, Scope, ahead, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Fen, Past
from domain.ids import ExtensionId, IssueId, StepId
from domain.issues import (
    ExtensionDenied,
    ExtensionGranted,
    ExtensionRequested,
    Issue,
    StepPlanned,
    StepReported,
)
from domain.policy import Severity
from domain.posts import FIELD, Post, authorise, authority_of, held
from domain.registration import open_issue
from domain.text import Prose

DECIDE_EXTENSION = {
    Severity.MINOR: (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, Post.TOWNSHIP_FIRST_SECRETARY, Post.HEADQUARTERS),
    Severity.SERIOUS: (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, Post.TOWNSHIP_FIRST_SECRETARY, Post.HEADQUARTERS),
    Severity.MAJOR: (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE, Post.HEADQUARTERS),
}


def rectifies(past: Past, act: Act, issue: Issue) -> None:
    """Refuses whoever has no part in rectifying this issue: those responsible for it, their unit, and those in post
    in its village and township. Never those who oversee it."""
    if act.by in issue.responsible:
        return
    for tenure in held(past, act.by, act.today):
        if tenure.post in FIELD and tenure.region.holds(issue.region):
            return
        if tenure.post in (Post.UNIT_LEADER, Post.UNIT_OFFICER) and tenure.unit and tenure.unit == issue.unit:
            return
    refuse("no_authority", "您不是该问题的责任人,也不在该村、乡镇或责任单位任职,不能办理整改")


def under_rectification(past: Past, issue: IssueId) -> Issue:
    """The issue, refused while its write-off is under way."""
    state = open_issue(past, issue)
    if state.chain:
        refuse("in_review", "销号申请正在办理,不能再改动整改记录;请先撤回申请")
    return state


class PlanStep(Command):
    """制定整改措施"""

    issue: IssueId
    step: StepId
    measure: Prose
    due: date | None = None
    planned_funds: Fen | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue), About(self.step, (StepPlanned,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = under_rectification(past, self.issue)
        rectifies(past, act, issue)
        if past.about(self.step).of(StepPlanned):
            refuse("step_already_planned", "该措施已经制定")
        if self.due:
            ahead(self.due, act, "措施时限")
            if issue.deadline.due and not issue.deadline.long_term and self.due > issue.deadline.due:
                refuse("after_deadline", f"措施时限晚于问题整改时限{issue.deadline.due.isoformat()},请先申请延期")
        yield StepPlanned(
            issue=self.issue,
            step=self.step,
            round=issue.round,
            measure=self.measure,
            due=self.due,
            planned_funds=self.planned_funds,
        )


class ReportStep(Command):
    """报告整改进展

    ``occurred_on`` is when it happened; what is entered late is recorded late, not refused. Files are uploaded
    before, and named here by what their content hashes to.
    """

    issue: IssueId
    step: StepId
    progress: Prose
    done: bool
    occurred_on: date
    spent_funds: Fen | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = under_rectification(past, self.issue)
        rectifies(past, act, issue)
        step = issue.steps.get(self.step)
        if step is None or step.round != issue.round:
            refuse("unknown_step", "本轮整改没有这项措施")
        if step.done_on:
            refuse("step_already_done", "该措施已报告完成;如有反复请另定措施")
        not_future(self.occurred_on, act)
        if issue.found_on:
            not_before(self.occurred_on, issue.found_on, "进展日期早于问题发现日期")
        yield StepReported(
            issue=self.issue,
            step=self.step,
            round=issue.round,
            progress=self.progress,
            done=self.done,
            occurred_on=self.occurred_on,
            spent_funds=self.spent_funds,
            evidence=self.evidence,
        )


class RequestExtension(Command):
    """申请延期"""

    issue: IssueId
    extension: ExtensionId
    due: date
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue), About(self.extension))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = under_rectification(past, self.issue)
        rectifies(past, act, issue)
        if past.about(self.extension):
            refuse("extension_already_requested", "该延期申请已经提出")
        if issue.extensions:
            refuse("extension_pending", "已有延期申请待批")
        ahead(self.due, act, "申请的时限")
        if issue.deadline.due and self.due <= issue.deadline.due:
            refuse("not_an_extension", f"申请的时限不晚于现时限{issue.deadline.due.isoformat()}")
        yield ExtensionRequested(issue=self.issue, extension=self.extension, due=self.due, reason=self.reason)


def pending_extension(past: Past, act: Act, issue_id: IssueId, extension: ExtensionId) -> date:
    """The date asked for; refused to whoever may not decide on it, its own applicant among them."""
    issue = open_issue(past, issue_id)
    if extension not in issue.extensions:
        refuse("unknown_extension", "没有这份待批的延期申请")
    due, applicant = issue.extensions[extension]
    authorise(past, act, issue.region, *DECIDE_EXTENSION[issue.severity])
    if act.by == applicant or act.by in issue.responsible:
        refuse("own_request", "延期须由他人审批,不能自己批自己的申请")
    return due


class GrantExtension(Command):
    """同意延期"""

    issue: IssueId
    extension: ExtensionId
    opinion: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        due = pending_extension(past, act, self.issue, self.extension)
        yield ExtensionGranted(issue=self.issue, extension=self.extension, due=due, opinion=self.opinion)


class DenyExtension(Command):
    """不同意延期"""

    issue: IssueId
    extension: ExtensionId
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        pending_extension(past, act, self.issue, self.extension)
        yield ExtensionDenied(issue=self.issue, extension=self.extension, reason=self.reason)
