"""四个覆盖台账: one line per village, and which of a work team, a county leader and a department it lacks.

The fourth coverage is a cadre for every household: the households of the household ledger that have none.
"""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.households import COVER, COVERS, CoverAssigned, CoverEnded, VillageListed
from domain.ids import PersonId, RegionId, UnitId
from domain.regions import RegionAbolished, RegionEstablished
from projections.ledger import Ledger, one_line
from projections.line import Line


class VillageLine(
    Line,
    table="village_ledger",
    key=("region",),
    found_by=(("listed", "region"), ("team",), ("leader",), ("department",)),
):
    """四个覆盖台账

    ``lacks`` lists the kinds of cover that a village on the list of poor villages has not, in words; ``gap_days``
    are the days between one cover and the next of its kind, all kinds together.
    """

    region: RegionId
    listed: bool = False
    listed_since: date | None = None
    team: UnitId | None = None
    team_since: date | None = None
    leader: PersonId | None = None
    leader_since: date | None = None
    department: UnitId | None = None
    department_since: date | None = None
    ended: tuple[str, ...] = ()
    """Kinds whose cover ended and has no successor, as ``kind@day``."""
    gap_days: int = 0
    lacks: tuple[str, ...] = ()
    standing: bool = True


def groups(fact: Recorded) -> Iterator[str]:
    event = fact.event
    region = event.region  # type: ignore[attr-defined]
    if region.level == "village":
        yield region


def evolve(line: VillageLine | None, fact: Recorded) -> VillageLine | None:
    event = fact.event
    line = line or VillageLine(region=event.region)  # type: ignore[attr-defined]
    match event:
        case RegionEstablished():
            line = line.but(standing=True)
        case RegionAbolished():
            line = line.but(standing=False)
        case VillageListed(since=day):
            line = line.but(listed=True, listed_since=day)
        case CoverAssigned(kind=kind, since=day):
            before = next((one for one in line.ended if one.startswith(f"{kind}@")), None)
            gap = (day - date.fromisoformat(before.partition("@")[2])).days if before else 0
            line = line.but(
                ended=tuple(one for one in line.ended if one != before),
                gap_days=line.gap_days + gap,
                **{kind: event.person or event.unit, f"{kind}_since": day},
            )
        case CoverEnded(kind=kind, on=day):
            line = line.but(ended=(*line.ended, f"{kind}@{day}"), **{kind: None, f"{kind}_since": None})
    lacks = tuple(label for kind, label in COVERS.items() if getattr(line, kind) is None)
    return line.but(lacks=lacks if line.listed else ())


LEDGER = Ledger(
    VillageLine,
    folds=(RegionEstablished, RegionAbolished, VillageListed, *COVER),
    groups=groups,
    evolve=one_line(evolve),
)
