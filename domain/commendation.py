"""Commendation 激励: what people, units and places earned, who decided it, and what was taken back; and its fold.

Nothing disappears: what was revoked stays in the record, with the reason.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal, Self

from pydantic import model_validator

from domain.accountability import (
    MEASURES,
    PAIRS,
    Accountable,
    Effect,
    apart_from,
    barred_until,
    exists,
    identity,
)
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.fact import Event, Fen, Past, Recorded
from domain.ids import MeritId, PersonId, RegionId
from domain.posts import Post, authorise, authority_of
from domain.text import Prose

ReserveLevel = Literal["section", "deputy_section", "middle"]
"""储备层次: 正科 副科 中层."""

RESERVE_LEVELS: Mapping[ReserveLevel, str] = {"section": "正科级", "deputy_section": "副科级", "middle": "中层"}


class MeritKind(StrEnum):
    """激励方式. The value is data forever; the label is what people call it."""

    label: str

    def __new__(cls, value: str, label: str) -> "MeritKind":
        kind = str.__new__(cls, value)
        kind._value_, kind.label = value, label
        return kind

    PRAISE = "praise", "通报表扬"
    BONUS = "bonus", "绩效奖励"
    RESERVE = "reserve", "列入储备干部"
    PROMOTION = "promotion", "同等条件下优先提拔考虑"


_ORGANISERS = (Post.ORGANISER, Post.COUNTY_SECRETARY, Post.CITY_SECRETARY)
DECIDERS: Mapping[MeritKind, tuple[Post, ...]] = {
    MeritKind.PRAISE: PAIRS,
    MeritKind.BONUS: PAIRS,
    MeritKind.RESERVE: _ORGANISERS,
    MeritKind.PROMOTION: _ORGANISERS,
}
"""Praise and money are the government's to decide at its own level; reserves and promotion the organisers'."""

OF_CADRES = (MeritKind.RESERVE, MeritKind.PROMOTION)
"""What only a person can be given, and nobody whom a measure bars from promotion."""


class MeritGiven(Event, type="merit.given"):
    """激励决定: ``amount`` in 分 is a bonus's, ``level`` a reserve's."""

    merit: MeritId
    on: Accountable
    region: RegionId
    kind: MeritKind
    post: Post
    reasons: Prose
    decided_on: date
    amount: Fen | None
    level: ReserveLevel | None


class MeritRevoked(Event, type="merit.revoked"):
    """取消激励: the bonus is cancelled, the name is off the reserve list, the praise withdrawn; that it was given
    remains."""

    merit: MeritId
    on: Accountable
    post: Post
    reasons: Prose
    revoked_on: date


MERITS = (MeritGiven, MeritRevoked)


@dataclass(frozen=True)
class Merit:
    """激励: as it stands after a past."""

    merit: MeritId
    on: Accountable
    region: RegionId
    kind: MeritKind
    decided_by: PersonId
    decided_on: date
    level: ReserveLevel | None
    revoked_on: date | None = None


def merits(facts: Iterable[Recorded]) -> dict[MeritId, Merit]:
    """Every merit in these facts, as it stands after them."""
    found: dict[MeritId, Merit] = {}
    for fact in facts:
        match fact.event:
            case MeritGiven() as event:
                found[event.merit] = Merit(
                    event.merit, event.on, event.region, event.kind, fact.by, event.decided_on, event.level
                )
            case MeritRevoked(merit=merit, revoked_on=day):
                found[merit] = replace(found[merit], revoked_on=day)
    return found


def deserving(past: Past, kind: MeritKind, on: Accountable, day: date) -> None:
    """Refuses what a measure bars while it binds, and says until when; and what is only for people."""
    if not isinstance(on, PersonId):
        if kind in OF_CADRES:
            refuse("persons_only", f"{kind.label}只能对个人作出")
        return
    if kind in OF_CADRES:
        if until := barred_until(past, on, day, Effect.NO_PROMOTION, Effect.NO_LEADING_POST):
            refuse("promotion_barred", f"此人在问责影响期内,{until.isoformat()}前不得{kind.label}")
    elif until := barred_until(past, on, day, Effect.MERIT_LOST):
        refuse("merit_lost", f"此人已取消评优评先资格,{until.isoformat()}前不得{kind.label}")


class GiveMerit(Command):
    """激励决定

    Praise, a bonus (with its amount in 分), a place on the reserve list (with its level), or a note that promotion was
    considered. Nobody decides on themselves or on where they held a post.
    """

    merit: MeritId
    on: Accountable
    region: RegionId
    kind: MeritKind
    reasons: Prose
    decided_on: date
    amount: Fen | None = None
    level: ReserveLevel | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.amount is not None) != (self.kind is MeritKind.BONUS):
            raise ValueError("绩效奖励须写明金额,其他激励不写金额")
        if (self.level is not None) != (self.kind is MeritKind.RESERVE):
            raise ValueError("列入储备须写明层次,其他激励不写层次")
        return self

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.merit, MERITS),
            identity(self.on),
            About(self.on, (*MEASURES, *MERITS)),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        post = authorise(past, act, self.region, *DECIDERS[self.kind]).post
        if past.about(self.merit).of(*MERITS):
            refuse("merit_already_given", "这项激励已经记录")
        exists(past, self.on, self.region)
        apart_from(past, act, self.on)
        not_future(self.decided_on, act, "决定日期")
        deserving(past, self.kind, self.on, act.today)
        if self.kind is MeritKind.RESERVE:
            for one in merits(past).values():
                if (one.on, one.level, one.revoked_on) == (self.on, self.level, None):
                    refuse("already_in_reserve", "此人已经列入这一层次的储备")
        yield MeritGiven(post=post, **dict(self))


class RevokeMerit(Command):
    """取消激励

    A bonus cancelled, a name taken off the reserve list, praise withdrawn: by whoever may give it, with the reason.
    """

    merit: MeritId
    reasons: Prose
    revoked_on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        given = [fact.event for fact in past.about(self.merit) if isinstance(fact.event, MeritGiven)]
        return (*authority_of(act), About(self.merit, MERITS), *(identity(event.on) for event in given))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        merit = merits(past.about(self.merit)).get(self.merit) or refuse("unknown_merit", "没有这项激励")
        post = authorise(past, act, merit.region, *DECIDERS[merit.kind]).post
        apart_from(past, act, merit.on)
        if merit.revoked_on:
            refuse("already_revoked", "这项激励已经取消")
        not_future(self.revoked_on, act, "取消日期")
        not_before(self.revoked_on, merit.decided_on, "取消日期早于决定日期")
        yield MeritRevoked(merit=self.merit, on=merit.on, post=post, reasons=self.reasons, revoked_on=self.revoked_on)
