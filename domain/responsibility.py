"""First responsibility 第一责任人: who answers for a place, at every moment, by whose decision.

A handover takes effect when it is recorded, and names whom it takes the place from: so at no moment did nobody, or two,
answer for it, and no later entry can say otherwise.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from domain.command import About, Act, Command, Scope, refuse
from domain.fact import Event, Past, Recorded
from domain.ids import PersonId, RegionId
from domain.organisation import PersonRegistered, person_known
from domain.policy import in_force, policies_of
from domain.posts import TENURE, Post, authorise, authority_of, held
from domain.regions import LIFE, standing
from domain.text import Prose

NAME = (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE, Post.LEADER, Post.TOWNSHIP_FIRST_SECRETARY)
"""Who names the first responsible person where the place's rules do not say: the county's leaders."""


class ResponsibilityTaken(Event, type="responsibility.taken"):
    """第一责任人: from the moment this was recorded this person answers for the place, and the one before no longer."""

    region: RegionId
    person: PersonId
    before: PersonId | None
    post: Post
    """By which post it was decided."""
    reason: Prose


class Charge(NamedTuple):
    """任期: who was first responsible for a place, from which instant until which (excluded)."""

    person: PersonId
    since: datetime
    until: datetime | None


def charges(facts: Iterable[Recorded], region: RegionId) -> tuple[Charge, ...]:
    """Everyone who was first responsible for a place, in order; each begins at the instant the one before ends."""
    found: list[Charge] = []
    for fact in facts:
        match fact.event:
            case ResponsibilityTaken(region=where, person=person) if where == region:
                found[-1:] = [one._replace(until=fact.recorded_at) for one in found[-1:]]
                found.append(Charge(person, fact.recorded_at, None))
    return tuple(found)


def responsible_at(facts: Iterable[Recorded], region: RegionId, moment: datetime) -> PersonId | None:
    """Who answered for a place at a moment; nobody before the first was named."""
    for one in reversed(charges(facts, region)):
        if one.since <= moment:
            return one.person
    return None


class NameResponsible(Command):
    """确定第一责任人

    Names the first one, or changes to another (变更第一责任人). ``before`` is whom the decider saw in charge: if that
    has changed meanwhile, it is refused.
    """

    region: RegionId
    person: PersonId
    before: PersonId | None = None
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.region, (*LIFE, ResponsibilityTaken)),
            About(self.person, (PersonRegistered, *TENURE)),
            *policies_of(self.region),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        if self.region.level not in ("village", "township", "county"):
            refuse("no_platform", "第一责任人设在县、乡镇、村三级")
        duty = in_force(past, self.region, act.today).duty
        tenure = authorise(past, act, self.region, *(duty.responsible_by if duty and duty.responsible_by else NAME))
        person_known(past, self.person)
        if not held(past, self.person, act.today):
            refuse("not_in_post", "第一责任人须是现任职人员")
        if act.by == self.person:
            refuse("own_request", "不能自己确定自己为第一责任人")
        now = charges(past.about(self.region), self.region)
        if (now[-1].person if now else None) != self.before:
            refuse("responsible_changed", "现任第一责任人与您所见的不同,请重新查看")
        if self.before == self.person:
            refuse("nothing_changes", "第一责任人没有变化")
        yield ResponsibilityTaken(
            region=self.region, person=self.person, before=self.before, post=tenure.post, reason=self.reason
        )
