"""Visits 走访: who went where, and what a place's rules still ask of whom.

What is owed is worked out from tenures, pairings and places; what was done, from visits that people recorded
themselves. Nobody enters a quota, and nobody enters that it was met.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

from pydantic import Field

from domain.command import About, Act, Command, Scope, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past, Recorded
from domain.households import (
    HOUSEHOLD,
    HouseholdRegistered,
    HouseholdRemoved,
    Paired,
    PairingEnded,
    VillageListed,
    present,
)
from domain.ids import AppointmentId, HouseholdId, PairingId, PersonId, RegionId, VisitId
from domain.policy import VisitRule
from domain.posts import TENURE, Appointed, LedgerOpened, Post, Relieved, Tenure, held, tenures
from domain.regions import LIFE, standing
from domain.text import Prose

Every = Literal["month", "quarter", "year"]
Target = RegionId | HouseholdId


class VisitRecorded(Event, type="visit.recorded"):
    """走访: by whoever went there, in their own words."""

    visit: VisitId
    person: PersonId
    region: RegionId
    household: HouseholdId | None
    occurred_on: date
    findings: Prose
    evidence: tuple[Evidence, ...]


class RecordVisit(Command):
    """记录走访

    By the visitor. Photographs are welcome as evidence and asked for nowhere.
    """

    visit: VisitId
    region: RegionId
    household: HouseholdId | None = None
    occurred_on: date
    findings: Prose
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        household = (About(self.household, HOUSEHOLD),) if self.household else ()
        return (
            About(act.by, (*TENURE, Paired)),
            About(self.visit, (VisitRecorded,)),
            About(self.region, LIFE),
            *household,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        if past.about(self.visit).of(VisitRecorded):
            refuse("visit_already_recorded", "这次走访已经记录")
        not_future(self.occurred_on, act, "走访日期")
        if self.household and present(past, self.household).region != self.region:
            refuse("household_elsewhere", "该户不在所写的村,请核对")
        paired = any(isinstance(event, Paired) and event.person == act.by for event in past.of(Paired).events)
        if not paired and not held(past, act.by, self.occurred_on):
            refuse("no_authority", "您在走访当日没有任职,也没有结对帮扶户,不能记录走访")
        yield VisitRecorded(person=act.by, **dict(self))


def period_of(day: date, every: Every) -> tuple[date, date]:
    """The first and the last day of the month, quarter or year that a day lies in."""
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    month = (day.month - 1) // months * months + 1
    since = day.replace(month=month, day=1)
    after = since.replace(year=since.year + 1, month=1) if month + months > 12 else since.replace(month=month + months)
    return since, after - timedelta(days=1)


class Pairing(NamedTuple):
    """结对: a cadre and a household, from when to when (the last day excluded)."""

    person: PersonId
    household: HouseholdId
    since: date
    until: date | None = None


@dataclass(frozen=True)
class Ground:
    """走访底数: the places, households, people and pairings that quotas are worked out from, and the visits."""

    tenures: Mapping[AppointmentId, Tenure] = field(default_factory=dict)
    villages: frozenset[RegionId] = frozenset()
    """Poor villages."""
    households: Mapping[HouseholdId, RegionId] = field(default_factory=dict)
    pairings: Mapping[PairingId, Pairing] = field(default_factory=dict)
    visits: tuple[VisitRecorded, ...] = ()


def ground_of(facts: Iterable[Recorded]) -> Ground:
    """What quotas are worked out from, after these facts."""
    villages: set[RegionId] = set()
    households: dict[HouseholdId, RegionId] = {}
    pairings: dict[PairingId, Pairing] = {}
    visits: list[VisitRecorded] = []
    appointments: list[Event] = []
    for fact in facts:
        match fact.event:
            case LedgerOpened() | Appointed() | Relieved() as appointment:
                appointments.append(appointment)
            case VillageListed(region=region):
                villages.add(region)
            case HouseholdRegistered(household=household, region=region):
                households[household] = region
            case HouseholdRemoved(household=household):
                households.pop(household, None)
            case Paired() as pair:
                pairings[pair.pairing] = Pairing(pair.person, pair.household, pair.since)
            case PairingEnded(pairing=pairing, on=day):
                pairings[pairing] = pairings[pairing]._replace(until=day)
            case VisitRecorded() as visit:
                visits.append(visit)
    return Ground(tenures(appointments), frozenset(villages), households, pairings, tuple(visits))


class Quota(NamedTuple):
    """走访任务: what one rule asks of one person in one period, what of it is covered and what is missing.

    ``wanted`` are the places that count; ``needed`` is how many visits are asked, ``done`` how many of them were made.
    ``missing`` names the places still to go to, where each is asked; where any so-many will do it is empty.
    """

    rule: VisitRule
    person: PersonId
    post: Post | None
    region: RegionId | None
    since: date
    until: date
    wanted: tuple[Target, ...]
    covered: tuple[Target, ...]
    needed: int
    done: int

    @property
    def missing(self) -> tuple[Target, ...]:
        if self.rule.times is not None:
            return ()
        reached = set(self.covered)
        return tuple(target for target in self.wanted if target not in reached)

    @property
    def short(self) -> int:
        """How many visits are still missing."""
        return max(0, self.needed - self.done)


class Obliged(NamedTuple):
    """走访责任: whom a rule means, by which post or pairing, and what may be visited to meet it."""

    person: PersonId
    post: Post | None
    region: RegionId | None
    wanted: tuple[Target, ...]


def quotas(ground: Ground, rules: Iterable[VisitRule], day: date, person: PersonId | None = None) -> Iterator[Quota]:
    """What the rules ask of everyone (or of one person) in the periods that a day lies in.

    It is owed by whoever held the post, or was paired, on any day of the period.
    """
    made: dict[PersonId, list[VisitRecorded]] = {}
    for visit in ground.visits:
        made.setdefault(visit.person, []).append(visit)
    for rule in rules:
        since, until = period_of(day, rule.every)
        for who in obliged(ground, rule, since, until):
            if person is not None and who.person != person:
                continue
            visits = [one for one in made.get(who.person, ()) if since <= one.occurred_on <= until]
            yield quota(rule, who, since, until, visits)


def quota(rule: VisitRule, who: Obliged, since: date, until: date, visits: Iterable[VisitRecorded]) -> Quota:
    index = set(who.wanted)
    reached = {(target, visit.occurred_on) for visit in visits for target in reaches(visit) if target in index}
    covered = {target for target, _ in reached}
    each = rule.times is None
    return Quota(
        rule,
        who.person,
        who.post,
        who.region,
        since,
        until,
        who.wanted,
        tuple(target for target in who.wanted if target in covered),
        len(who.wanted) if rule.times is None else rule.times,
        # A second visit to one place on one day is the same visit told twice.
        len(covered) if each else len(reached),
    )


def reaches(visit: VisitRecorded) -> Iterator[Target]:
    """Everything that a visit counts as a visit to: the household, its village, its township."""
    if visit.household:
        yield visit.household
    for level in ("village", "township"):
        if region := visit.region.at(level):
            yield region


def obliged(ground: Ground, rule: VisitRule, since: date, until: date) -> Iterator[Obliged]:
    """Whom a rule means in a period."""
    fitting = [
        one
        for one in ground.tenures.values()
        if (one.post in rule.posts or not rule.posts)
        and rule.held_at in (None, one.region.level)
        and overlaps(one.since, one.until, since, until)
    ]
    if rule.to != "paired":
        for person, post, region in dict.fromkeys((one.person, one.post, one.region) for one in fitting):
            yield Obliged(person, post, region, tuple(targets(ground, rule, region)))
        return
    in_post = {one.person for one in fitting}
    paired: dict[PersonId, list[Target]] = {}
    for pair in ground.pairings.values():
        if pair.household in ground.households and overlaps(pair.since, pair.until, since, until):
            paired.setdefault(pair.person, []).append(pair.household)
    for person, households in paired.items():
        if person in in_post or not (rule.posts or rule.held_at):
            yield Obliged(person, None, None, tuple(dict.fromkeys(households)))


def overlaps(begun: date, ended: date | None, since: date, until: date) -> bool:
    """Whether a tenure or pairing (its last day excluded) holds on any day of a period."""
    return begun <= until and (ended is None or ended > since)


def targets(ground: Ground, rule: VisitRule, region: RegionId) -> Iterator[Target]:
    """The places below a region that a rule asks to be visited, in the order of their codes or numbers."""
    match rule.to:
        case "village":
            yield from sorted(village for village in ground.villages if region.holds(village))
        case "township":
            towns = {village.at("township") for village in ground.villages if region.holds(village)}
            yield from sorted(town for town in towns if town and region.holds(town))
        case "household":
            yield from sorted(one for one, where in ground.households.items() if region.holds(where))
