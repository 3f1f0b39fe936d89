"""指标台账: one line per indicator of a household, a village or a county, as it was last assessed."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import HouseholdId, PersonId, RegionId
from domain.indicators import IndicatorAssessed, kind_of
from domain.policy import ObjectKind
from projections.ledger import Ledger
from projections.line import Line


class IndicatorLine(
    Line,
    table="indicator_ledger",
    key=("subject", "indicator"),
    found_by=(("object", "indicator", "met"), ("subject",)),
):
    """指标台账

    ``value`` is in whole numbers of the indicator's own unit; ``changes`` counts how often it turned from met to
    unmet or back.
    """

    subject: HouseholdId | RegionId
    indicator: str
    object: ObjectKind
    met: bool
    value: int | None
    findings: str | None
    assessed_on: date
    by: PersonId
    position: int
    assessments: int = 1
    changes: int = 0


Lines = tuple[IndicatorLine, ...]


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.subject  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, subject: str) -> Lines:
    event = fact.event
    assert isinstance(event, IndicatorAssessed)
    new = IndicatorLine(
        event.subject,
        event.indicator,
        kind_of(event.subject),
        event.met,
        event.value,
        event.findings,
        event.assessed_on,
        fact.by,
        fact.position,
    )
    others = tuple(line for line in lines if line.indicator != event.indicator)
    before = next((line for line in lines if line.indicator == event.indicator), None)
    if before is None:
        return (*others, new)
    if before.assessed_on > event.assessed_on:
        # Entered later, but of an earlier day: it is counted, and does not stand.
        return (*others, before.but(assessments=before.assessments + 1))
    changes = before.changes + (before.met != event.met)
    return (*others, new.but(assessments=before.assessments + 1, changes=changes))


LEDGER = Ledger(IndicatorLine, folds=(IndicatorAssessed,), groups=groups, evolve=evolve)
