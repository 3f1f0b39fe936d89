"""Escalation 上报答复: what one level cannot solve goes to the next, and comes back with an answer in time."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from domain.command import About, Act, Command, Scope, refuse
from domain.fact import Event, Past
from domain.ids import EscalationId, IssueId
from domain.issues import Escalated, EscalationAnswered, IssueRegistered
from domain.policy import in_force, policies_of
from domain.posts import TOWNSHIP, VILLAGE, Post, authorise, authority_of
from domain.registration import open_issue
from domain.text import Prose

ASK = {"township": VILLAGE, "county": TOWNSHIP}
ANSWER = {
    "township": (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, Post.TOWNSHIP_FIRST_SECRETARY),
    "county": (Post.HEADQUARTERS, Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE),
}
NAMES = {"township": "乡镇", "county": "县指挥部"}


class Escalate(Command):
    """上报

    Village to township, township to the county's headquarters; each answers within the hours of the place's rules.
    """

    issue: IssueId
    escalation: EscalationId
    to: Literal["township", "county"]
    matter: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        rules = {about.tag: about for fact in past.of(IssueRegistered) for about in rules_of(fact.event)}
        return (*authority_of(act), About(self.issue), About(self.escalation), *rules.values())

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        if past.about(self.escalation).of(Escalated):
            refuse("already_escalated", "这次上报已经记录")
        region = issue.region.at(self.to)
        if region is None or region == issue.region:
            refuse("nowhere_to_escalate", f"该问题不能上报到{NAMES[self.to]}")
        authorise(
            past,
            act,
            issue.region if self.to == "township" else issue.region.at("township") or issue.region,
            *ASK[self.to],
        )
        if any(waiting.to == self.to for waiting in issue.escalations.values()):
            refuse("escalation_pending", f"已上报{NAMES[self.to]},尚待答复")
        hours = in_force(past, issue.region, act.today).answer_hours
        yield Escalated(
            issue=self.issue,
            escalation=self.escalation,
            region=region,
            to=self.to,
            matter=self.matter,
            answer_due=act.at + timedelta(hours=hours),
        )


def rules_of(event: Event) -> Scope:
    """The policies that may apply where an issue was registered."""
    return policies_of(event.region) if isinstance(event, IssueRegistered) else ()


class AnswerEscalation(Command):
    """答复上报

    A late answer is recorded late; the answer is never refused for it.
    """

    issue: IssueId
    escalation: EscalationId
    answer: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        waiting = issue.escalations.get(self.escalation)
        if waiting is None:
            refuse("unknown_escalation", "没有这项待答复的上报")
        authorise(past, act, waiting.region, *ANSWER[waiting.to])
        yield EscalationAnswered(
            issue=self.issue, escalation=self.escalation, region=waiting.region, answer=self.answer
        )
