"""第一责任人台账: who was first responsible for a place, from which instant to which, by whose decision."""

from collections.abc import Iterator
from datetime import datetime

from domain.fact import Recorded
from domain.ids import PersonId, RegionId
from domain.posts import Post
from domain.responsibility import ResponsibilityTaken
from projections.ledger import Ledger
from projections.line import Line


class ChargeLine(Line, table="charge_ledger", key=("region", "number"), found_by=(("person",),)):
    """第一责任人台账

    ``until`` is the instant at which the next one took over: there is none without one, and none with two.
    """

    region: RegionId
    number: int
    person: PersonId
    since: datetime
    decided_by: PersonId
    post: Post
    reason: str
    until: datetime | None = None


Lines = tuple[ChargeLine, ...]


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.region  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, region: str) -> Lines:
    match fact.event:
        case ResponsibilityTaken() as event:
            ended = tuple(line if line.until else line.but(until=fact.recorded_at) for line in lines)
            taken = ChargeLine(
                event.region, len(lines), event.person, fact.recorded_at, fact.by, event.post, event.reason
            )
            return (*ended, taken)
    return lines


LEDGER = Ledger(ChargeLine, folds=(ResponsibilityTaken,), groups=groups, evolve=evolve)
