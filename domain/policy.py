"""Policy 政策包: a place's rules, as a fact with a date.

A county adopts a pack; the pack itself is in the fact, so what was the rule on any day is replayable and no later
edition of a file can change it. Where the rules differ from place to place, they differ here and nowhere else.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Literal

from pydantic import Field

from domain.command import About, Act, Command, Scope, refuse
from domain.fact import Event, Past, Value
from domain.ids import PolicyId, RegionId
from domain.posts import Post, authorise, authority_of
from domain.text import Prose, ShortText


class Severity(StrEnum):
    """问题等级"""

    label: str

    def __new__(cls, value: str, label: str) -> "Severity":
        severity = str.__new__(cls, value)
        severity._value_, severity.label = value, label
        return severity

    MINOR = "minor", "一般"
    SERIOUS = "serious", "较重"
    MAJOR = "major", "重大"

    @property
    def weight(self) -> int:
        return list(Severity).index(self)


class Seat(Value):
    """签字席: whoever holds one of these posts may take it."""

    posts: tuple[Post, ...] = Field(min_length=1)

    @property
    def label(self) -> str:
        return "或".join(post.label for post in self.posts)


class Stage(Value):
    """签字环节: one level's seats, each signed by a different person before the next stage opens."""

    level: Literal["village", "township", "county", "city"]
    seats: tuple[Seat, ...] = Field(min_length=1)

    @property
    def label(self) -> str:
        return "、".join(seat.label for seat in self.seats)


class Closure(Value):
    """销号规则: what an issue of one gravity must go through before it is closed."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    notice_days: int = Field(ge=0, le=60)
    """公示天数; 0 where no notice is asked."""


class Policy(Value):
    """政策包"""

    policy: PolicyId
    title: ShortText
    version: int = Field(ge=1)
    source: Prose
    minor: Closure
    serious: Closure
    major: Closure
    answer_hours: int = Field(ge=1, le=24 * 60)
    """指挥部答复时限, in hours."""
    blocking: Literal["graver", "any", "none"]
    """同一对象上哪些未销号问题妨碍签字: graver ones, any, or none."""
    objection_days: int = Field(ge=1, le=365)
    """榜单公布后可提异议的天数."""
    appeal_days: int = Field(ge=1, le=365)
    """问责决定后可申诉的天数."""

    def closure(self, severity: Severity) -> Closure:
        return {Severity.MINOR: self.minor, Severity.SERIOUS: self.serious, Severity.MAJOR: self.major}[severity]


class PolicyAdopted(Event, type="policy.adopted"):
    """采用政策包"""

    region: RegionId
    policy: Policy
    since: date


def packaged(name: str) -> Policy:
    """A pack that ships with the program. Raises FileNotFoundError for a name there is none of."""
    return Policy.model_validate(tomllib.loads((files("domain") / "policies" / f"{name}.toml").read_text("utf-8")))


def policies_of(region: RegionId) -> Scope:
    """What to stand on to know the rules in force at a place: those of its county, or of its city."""
    return tuple(
        About(above, (PolicyAdopted,)) for level in ("county", "city") if (above := region.at(level)) is not None
    )


def in_force(past: Past, region: RegionId, day: date) -> Policy:
    """The rules at a place on a day: its county's latest, or else its city's; refused when nobody adopted any."""
    for level in ("county", "city"):
        found = None
        for fact in past.of(PolicyAdopted):
            match fact.event:
                case PolicyAdopted(region=place, policy=policy, since=since):
                    if place == region.at(level) and since <= day:
                        found = policy
        if found:
            return found
    refuse("no_policy", "本地尚未采用政策包,无法确定适用的规则")


class AdoptPolicy(Command):
    """采用政策包"""

    region: RegionId
    policy: Policy
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), *policies_of(self.region))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if self.region.level not in ("county", "city"):
            refuse("policy_level", "政策包由县或市采用")
        authorise(past, act, self.region, Post.HEADQUARTERS, Post.ORGANISER)
        for fact in past.of(PolicyAdopted):
            match fact.event:
                case PolicyAdopted(region=self.region, policy=earlier) if (
                    earlier.policy == self.policy.policy and earlier.version >= self.policy.version
                ):
                    refuse("policy_version_not_newer", f"已采用该政策包第{earlier.version}版,新版版本号须更大")
        yield PolicyAdopted(region=self.region, policy=self.policy, since=self.since)
