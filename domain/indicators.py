"""Indicators 指标: who assessed what of a household, a village or a county, when, and on what evidence.

Which indicators there are, and from which figure on one is met, the pack in force says: 两不愁三保障, 八有一超,
十一有一低于 or a county's own.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from pydantic import Field

from domain.command import About, Act, Command, Scope, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past, Value
from domain.households import HOUSEHOLD, present, rules_of
from domain.ids import HouseholdId, PersonId, RegionId
from domain.policy import Code, IndicatorRule, ObjectKind, in_force, policies_of
from domain.posts import FIELD, OVERSIGHT, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.text import Prose

Assessed = HouseholdId | RegionId
"""评估对象: a household, a village or a county."""

ASSESS = (*FIELD, *OVERSIGHT, Post.UNIT_LEADER, Post.UNIT_OFFICER)


class IndicatorAssessed(Event, type="indicator.assessed"):
    """指标评定: ``value`` is in whole numbers of the indicator's own unit."""

    subject: Assessed
    indicator: Code
    met: bool
    value: int | None
    findings: Prose | None
    assessed_on: date
    evidence: tuple[Evidence, ...]


class Assessment(Value):
    """评定: of one indicator."""

    indicator: Code
    met: bool
    value: int | None = None
    findings: Prose | None = None


class Standing(NamedTuple):
    """指标现状: the latest assessment of an indicator, and by whom."""

    assessed: IndicatorAssessed
    by: PersonId


def kind_of(subject: Assessed) -> ObjectKind:
    """What kind of object it is; refused for a region that is neither a village nor a county."""
    if isinstance(subject, HouseholdId):
        return "household"
    if subject.level == "village":
        return "village"
    if subject.level == "county":
        return "county"
    refuse("not_an_object", "对象须是户、村或县")


def latest(past: Past, subject: Assessed) -> Mapping[str, Standing]:
    """The latest assessment of each indicator, by the day it was made of the subject, then by when it was recorded."""
    found: dict[str, Standing] = {}
    for fact in past.about(subject).of(IndicatorAssessed):
        event = fact.event
        assert isinstance(event, IndicatorAssessed)
        before = found.get(event.indicator)
        if event.subject == subject and (before is None or before.assessed.assessed_on <= event.assessed_on):
            found[event.indicator] = Standing(event, fact.by)
    return found


def lacking(past: Past, wanted: Iterable[IndicatorRule], subject: Assessed, oldest: date) -> tuple[str, ...]:
    """What keeps a subject from coming up to what is wanted, in words: each indicator that is not assessed, is not
    met, or was assessed before the ``oldest`` day that still counts."""
    stands = latest(past, subject)
    found = []
    for rule in wanted:
        standing = stands.get(rule.code)
        if standing is None:
            found.append(f"{rule.title}未评定")
        elif not standing.assessed.met:
            found.append(f"{rule.title}未达标")
        elif standing.assessed.assessed_on < oldest:
            found.append(f"{rule.title}的评定已过期")
    return tuple(found)


def place_of(past: Past, subject: Assessed) -> RegionId:
    """Where the subject lies; refused when it does not stand."""
    return subject if isinstance(subject, RegionId) else present(past, subject).region


def standing_of(past: Past, subject: Assessed) -> Scope:
    """What to stand on to know that the subject is there, and the rules in force for it."""
    if isinstance(subject, RegionId):
        return (About(subject, LIFE), *policies_of(subject))
    return (About(subject, HOUSEHOLD), *rules_of(past, subject))


class AssessIndicators(Command):
    """指标评定

    As many indicators of one object as were looked at together. A figure decides where the pack names a limit.
    """

    subject: Assessed
    assessments: tuple[Assessment, ...] = Field(min_length=1, max_length=100)
    assessed_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), *standing_of(past, self.subject))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        kind = kind_of(self.subject)
        region = place_of(past, self.subject)
        if isinstance(self.subject, RegionId):
            standing(past, region)
        authorise(past, act, region, *ASSESS)
        not_future(self.assessed_on, act, "评定日期")
        rules = in_force(past, region, act.today).indicators(kind)
        if len({one.indicator for one in self.assessments}) != len(self.assessments):
            refuse("indicator_twice", "同一指标只能评定一次")
        for one in self.assessments:
            rule = rules.get(one.indicator) or refuse("unknown_indicator", f"本地政策包没有指标{one.indicator}")
            if rule.computed:
                refuse("computed_indicator", f"{rule.title}由台账计算,不能填报")
            if rule.threshold:
                if one.value is None:
                    refuse("value_required", f"{rule.title}须写明数值({rule.threshold.unit})")
                if rule.threshold.met_by(one.value) != one.met:
                    refuse("value_contradicts", f"{rule.title}的数值与是否达标不符")
            yield IndicatorAssessed(
                subject=self.subject, assessed_on=self.assessed_on, evidence=self.evidence, **dict(one)
            )
