"""What visits 走访 are still owed: one person's, from what is about them; everybody's in a place, from all of it.

Reads only; nothing is decided here, so nothing stands under a condition.
"""

from collections.abc import Iterable
from datetime import date

from domain.command import About, Refused
from domain.fact import Past
from domain.households import RESIDENCE, Paired, PairingEnded, VillageListed
from domain.ids import PersonId, RegionId
from domain.policy import VisitRule, in_force, policies_of
from domain.posts import TENURE, tenures
from domain.regions import RegionEstablished
from domain.visits import GROUND, Quota, VisitRecorded, ground_of, quotas
from services.ledger import FactStore


def visit_rules(store: FactStore, regions: Iterable[RegionId], day: date) -> tuple[VisitRule, ...]:
    """The rules about visits in force at these places on a day, each once."""
    found: dict[VisitRule, None] = {}
    for region in dict.fromkeys(regions):
        try:
            duty = in_force(store.read(policies_of(region)).facts, region, day).duty
        except Refused:
            continue
        found |= dict.fromkeys(duty.visits if duty else ())
    return tuple(found)


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


def owed_in(store: FactStore, region: RegionId, day: date, until: int | None = None) -> tuple[Quota, ...]:
    """What everybody in post in a region, or paired with a household there, owes; as known at a position."""
    ground = ground_of(store.facts(GROUND, until=until))
    rules = visit_rules(store, (region,), day)
    within = {household for household, where in ground.households.items() if region.holds(where)}
    return tuple(
        quota
        for quota in quotas(ground, rules, day)
        if (region.holds(quota.region) if quota.region else any(one in within for one in quota.wanted))
    )
