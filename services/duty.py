"""What is owed and done in duty 履职: a person's month, their visits, and everybody's visits in a place.

Reads only; nothing is decided here, so nothing stands under a condition. A person's is worked out from what is about
them, a place's from all of it.
"""

from collections.abc import Iterable
from datetime import date
from itertools import chain

from domain.attendance import ATTENDANCE, Day, Month, days_of, month_of
from domain.chains import SignedOff
from domain.command import About, Refused
from domain.fact import Event, Past
from domain.households import RESIDENCE, Paired, PairingEnded, VillageListed
from domain.ids import ActorId, PersonId, RegionId
from domain.policy import Duty, VisitRule, in_force, policies_of
from domain.posts import TENURE, tenures
from domain.regions import RegionEstablished
from domain.visits import Quota, VisitRecorded, ground_of, overlaps, period_of, quotas
from services.ledger import FactStore


def rules_at(store: FactStore, region: RegionId, day: date) -> Duty | None:
    """The rules of duty in force at a place on a day, if it has any."""
    try:
        return in_force(store.read(policies_of(region)).facts, region, day).duty
    except Refused:
        return None


def visit_rules(store: FactStore, regions: Iterable[RegionId], day: date) -> tuple[VisitRule, ...]:
    """The rules about visits in force at these places on a day, each once."""
    found = (rules_at(store, region, day) for region in dict.fromkeys(regions))
    return tuple(dict.fromkeys(rule for duty in found if duty for rule in duty.visits))


def month_by(store: FactStore, person: PersonId, day: date) -> tuple[Month, tuple[Day, ...]]:
    """A person's days in the month that a day lies in, and what they come to. Days are owed by whoever held a post that
    the place's rules station in the village, on any day of the month."""
    signed = About(ActorId.of(person), (SignedOff,))
    mine = store.read((About(person, (*TENURE, *ATTENDANCE)), signed)).facts
    since, until = period_of(day, "month")
    needed = [
        duty.days_a_month
        for one in tenures(mine.of(*TENURE).events).values()
        if one.person == person and overlaps(one.since, one.until, since, until)
        if (duty := rules_at(store, one.region, until)) and one.post in duty.stationed and duty.days_a_month
    ]
    days = tuple(one for on, one in sorted(days_of(mine, person).items()) if since <= on <= until)
    return month_of(days, max(needed, default=None)), days


def owed_by(store: FactStore, person: PersonId, day: date) -> tuple[Quota, ...]:
    """What one person owes in the periods that a day lies in, and what of it is done."""
    mine = store.read((About(person, (*TENURE, Paired, PairingEnded, VisitRecorded)),)).facts
    held = [one for one in tenures(mine.of(*TENURE).events).values() if one.person == person]
    paired = {event.household for event in mine.events if isinstance(event, Paired) and event.person == person}
    homes = store.read(tuple(About(household, RESIDENCE) for household in sorted(paired))).facts if paired else Past()
    where = [event.region for event in homes.events if isinstance(event, RESIDENCE)]
    rules = visit_rules(store, (*(one.region for one in held), *where), day)
    townships = {
        one.region
        for one in held
        for rule in rules
        if rule.to == "household" and one.post in rule.posts and rule.held_at in (None, one.region.level)
    }
    villages = [
        fact.event.region
        for fact in (store.facts((RegionEstablished,)) if townships else ())
        if isinstance(fact.event, RegionEstablished) and any(town.holds(fact.event.region) for town in townships)
    ]
    below = store.read(tuple(About(village, RESIDENCE) for village in villages)).facts if villages else Past()
    listed = store.facts((VillageListed,)) if any(rule.to in ("village", "township") for rule in rules) else ()
    known = {fact.position: fact for part in (mine, homes, below, listed) for fact in part}
    ground = ground_of(known[position] for position in sorted(known))
    return tuple(quotas(ground, rules, day, person))


def owed_in(
    store: FactStore, region: RegionId, day: date, until: int | None = None, *, new_year: int = 0
) -> tuple[Quota, ...]:
    """What everybody in post in a region, or paired with a household there, owes; as known at a position. ``new_year``
    is the last position before the year of the day began: no visit of that year was recorded by then."""
    rules = visit_rules(store, (region,), day)
    if not rules:
        return ()
    made = store.facts((VisitRecorded,), after=new_year, until=until)
    ground = ground_of(chain(store.facts(asked_by(rules), until=until), made))
    within = {household for household, where in ground.households.items() if region.holds(where)}
    return tuple(
        quota
        for quota in quotas(ground, rules, day)
        if (region.holds(quota.region) if quota.region else any(one in within for one in quota.wanted))
    )


def asked_by(rules: Iterable[VisitRule]) -> tuple[type[Event], ...]:
    """The facts, other than visits, that these rules are worked out from."""
    where = {rule.to for rule in rules}
    return (
        *TENURE,
        *((VillageListed,) if where & {"township", "village"} else ()),
        *(RESIDENCE if where & {"household", "paired"} else ()),
        *((Paired, PairingEnded) if "paired" in where else ()),
    )
