"""Counting who is still poor 贫困发生率: from the facts up to a position, recorded so that anyone can count again.

Counting reads every household of a region under no condition; the exit that stands on the figure reads the figure only.
"""

from domain.command import About, Act, refuse
from domain.exiting import FIGURES, RecordIncidence
from domain.exits import REMAINING, IncidenceRecorded, Remaining, remaining
from domain.ids import IncidenceId, RegionId
from domain.posts import authorise, authority_of
from services.ledger import FactStore, Ledger, Outcome


def count(store: FactStore, region: RegionId, cut_off: int) -> Remaining:
    """How many are left in a region as known at a position."""
    return remaining(store.facts(REMAINING, until=cut_off), region)


def record(
    ledger: Ledger, incidence: IncidenceId, region: RegionId, population: int, act: Act, key: str | None = None
) -> Outcome:
    """Counts as of now and records what it comes to over a rural population. Raises Refused, and Conflict, as the
    ledger does.

    Asked again for a count that is recorded, it counts up to that one's own cut-off: the same request is then the same.
    """
    made = recorded(ledger.store, incidence)
    cut_off = made.cut_off if made else ledger.store.head()
    # Before every household is read, not after: only those who may record the figure may ask for it.
    authorise(ledger.store.read(authority_of(act)).facts, act, region, *FIGURES)
    left = count(ledger.store, region, cut_off)
    command = RecordIncidence(
        incidence=incidence,
        region=region,
        cut_off=cut_off,
        population=population,
        households=left.households,
        people=left.people,
    )
    return ledger.execute(command, act, key)


def recount(store: FactStore, incidence: IncidenceId) -> bool:
    """Whether a recorded count is what the facts up to its cut-off come to. Raises Refused when there is none."""
    made = recorded(store, incidence) or refuse("unknown_incidence", "没有这次核算")
    return (made.households, made.people) == count(store, made.region, made.cut_off)


def recorded(store: FactStore, incidence: IncidenceId) -> IncidenceRecorded | None:
    for event in store.read((About(incidence, (IncidenceRecorded,)),)).facts.events:
        if isinstance(event, IncidenceRecorded):
            return event
    return None
