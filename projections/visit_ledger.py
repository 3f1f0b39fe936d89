"""走访台账: one line per visit. What is owed and what is missing follows from these and the rules in force."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import HouseholdId, PersonId, RegionId, VisitId
from domain.visits import VisitRecorded
from projections.ledger import Ledger, one_line
from projections.line import Line


class VisitLine(
    Line,
    table="visit_ledger",
    key=("visit",),
    found_by=(("person", "occurred_on"), ("region", "occurred_on"), ("household",)),
):
    """走访台账

    ``backfilled`` says that it was recorded on a later day than it is said to have happened.
    """

    visit: VisitId
    person: PersonId
    region: RegionId
    household: HouseholdId | None
    occurred_on: date
    findings: str
    recorded_on: date
    backfilled: bool


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.visit  # type: ignore[attr-defined]


def evolve(line: VisitLine | None, fact: Recorded) -> VisitLine | None:
    match fact.event:
        case VisitRecorded() as event:
            return VisitLine(
                event.visit,
                event.person,
                event.region,
                event.household,
                event.occurred_on,
                event.findings,
                fact.on,
                fact.on > event.occurred_on,
            )
    return line


LEDGER = Ledger(VisitLine, folds=(VisitRecorded,), groups=groups, evolve=one_line(evolve))
