"""Meetings 调度会议: what the weekly meeting or the day's dispatch decided, on which issues, and what became of it.

A decision names the issues it is about, so it stands in their record; they go on by their own rules, and no decision
closes one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pydantic import Field

from domain.command import About, Act, Command, Scope, ahead, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past
from domain.ids import DecisionId, IssueId, PersonId, RegionId
from domain.organisation import PersonRegistered, person_known
from domain.posts import OVERSIGHT, TOWNSHIP, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.registration import open_issue
from domain.text import Prose

Meeting = Literal["weekly", "dispatch", "special"]
"""会议类别: 周例会 日调度 专题会议."""

MEETINGS = {"weekly": "周例会", "dispatch": "日调度", "special": "专题会议"}

DECIDE = (
    Post.COUNTY_SECRETARY,
    Post.COUNTY_MAGISTRATE,
    Post.LEADER,
    Post.HEADQUARTERS,
    Post.TOWNSHIP_SECRETARY,
    Post.TOWNSHIP_HEAD,
    Post.TOWNSHIP_FIRST_SECRETARY,
    Post.VILLAGE_CHIEF,
)
"""Those who chair one, and the office that keeps its record."""

FOLLOW_UP = (*TOWNSHIP, *OVERSIGHT)


class DecisionMade(Event, type="decision.made"):
    """会议决定: who does what by when, and for which issues."""

    decision: DecisionId
    region: RegionId
    meeting: Meeting
    held_on: date
    matter: Prose
    issues: tuple[IssueId, ...]
    responsible: PersonId
    due: date


class DecisionReported(Event, type="decision.reported"):
    """报告落实情况"""

    decision: DecisionId
    region: RegionId
    progress: Prose
    done: bool
    occurred_on: date
    evidence: tuple[Evidence, ...]


class DecisionSettled(Event, type="decision.settled"):
    """督办销账: someone other than who did it finds it done, or sends it back."""

    decision: DecisionId
    region: RegionId
    done: bool
    findings: Prose


@dataclass(frozen=True)
class Resolution:
    """决定事项: as it stands after a past."""

    made: DecisionMade
    done_on: date | None = None
    settled: bool = False


DECISION = (DecisionMade, DecisionReported, DecisionSettled)


def resolution(past: Past, decision: DecisionId) -> Resolution:
    """One decision as it stands; refused when nobody made it."""
    state: Resolution | None = None
    for fact in past.about(decision):
        match fact.event:
            case DecisionMade() as made:
                state = Resolution(made)
            case DecisionReported(done=done, occurred_on=day) if state:
                state = replace(state, done_on=day if done else state.done_on)
            case DecisionSettled(done=done) if state:
                state = replace(state, settled=done, done_on=state.done_on if done else None)
    return state or refuse("unknown_decision", "没有这项会议决定")


class MakeDecision(Command):
    """会议定案

    Decided on the spot: one matter, one responsible person, one date. The issues named must stand open in the region
    the meeting is for.
    """

    decision: DecisionId
    region: RegionId
    meeting: Meeting
    held_on: date
    matter: Prose
    issues: tuple[IssueId, ...] = Field(default=(), max_length=50)
    responsible: PersonId
    due: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.decision, DECISION),
            About(self.region, LIFE),
            About(self.responsible, (PersonRegistered,)),
            *(About(issue) for issue in self.issues),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        authorise(past, act, self.region, *DECIDE)
        if past.about(self.decision).of(*DECISION):
            refuse("decision_already_made", "这项决定已经记录")
        person_known(past, self.responsible)
        not_future(self.held_on, act, "会议日期")
        ahead(self.due, act, "落实时限")
        if len(set(self.issues)) != len(self.issues):
            refuse("issue_twice", "同一问题写了两次")
        for issue in self.issues:
            if not self.region.holds(open_issue(past, issue).region):
                refuse("issue_elsewhere", f"问题{issue}不在会议所辖区划")
        yield DecisionMade(**dict(self))


class OnDecision(Command, abstract=True):
    decision: DecisionId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.decision, DECISION))

    def unsettled(self, past: Past) -> Resolution:
        state = resolution(past, self.decision)
        if state.settled:
            refuse("decision_settled", "这项决定已销账")
        return state


class ReportDecision(OnDecision):
    """报告落实情况

    By the one responsible.
    """

    progress: Prose
    done: bool
    occurred_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        state = self.unsettled(past)
        if act.by != state.made.responsible:
            refuse("no_authority", "这项决定由责任人本人报告落实情况")
        not_future(self.occurred_on, act)
        not_before(self.occurred_on, state.made.held_on, "落实日期早于会议日期")
        yield DecisionReported(region=state.made.region, **dict(self))


class SettleDecision(OnDecision):
    """督办销账

    By someone who did not do it: either it is done, or it goes back.
    """

    done: bool
    findings: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        state = self.unsettled(past)
        if state.done_on is None:
            refuse("not_done", "责任人还没有报告完成")
        authorise(past, act, state.made.region, *FOLLOW_UP, *DECIDE)
        if act.by == state.made.responsible:
            refuse("own_request", "不能由责任人自己销账")
        yield DecisionSettled(region=state.made.region, **dict(self))
