"""问责事项台账: one line per case."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from domain.accountability import CaseClosed, CaseDropped, CaseOpened, CaseRevived, MeasureDecided, Reason
from domain.fact import Recorded
from domain.ids import CaseId, Id, MeasureId, PersonId, RegionId, UnitId
from projections.ledger import Ledger, one_line
from projections.line import Line


class CaseLine(
    Line, table="case_ledger", key=("case",), found_by=(("region", "case"), ("subject",), ("state", "region"))
):
    """问责事项台账

    ``state`` is open, dropped (its ground is gone) or closed; ``measures`` are all that were decided in it.
    """

    case: CaseId
    subject: RegionId | UnitId | PersonId
    region: RegionId
    reason: Reason
    grounds: tuple[Id, ...]
    matter: str
    automatic: bool
    opened_on: date
    opened_by: PersonId
    last_position: int
    state: Literal["open", "dropped", "closed"] = "open"
    measures: tuple[MeasureId, ...] = ()
    dropped_on: date | None = None
    closed_on: date | None = None
    closing_reason: str | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.case  # type: ignore[attr-defined]


def evolve(line: CaseLine | None, fact: Recorded) -> CaseLine | None:
    match fact.event:
        case CaseOpened() as event:
            return CaseLine(
                event.case,
                event.subject,
                event.region,
                event.reason,
                event.grounds,
                event.matter,
                event.automatic,
                fact.on,
                fact.by,
                fact.position,
            )
        case CaseDropped() if line:
            return line.but(state="dropped", dropped_on=fact.on, last_position=fact.position)
        case CaseRevived() if line:
            return line.but(state="open", dropped_on=None, last_position=fact.position)
        case MeasureDecided(measure=measure) if line:
            return line.but(measures=(*line.measures, measure), last_position=fact.position)
        case CaseClosed(reason=reason) if line:
            return line.but(state="closed", closed_on=fact.on, closing_reason=reason, last_position=fact.position)
    return line


LEDGER = Ledger(
    CaseLine,
    folds=(CaseOpened, CaseDropped, CaseRevived, MeasureDecided, CaseClosed),
    groups=groups,
    evolve=one_line(evolve),
)
