"""称呼: what the ids in facts are called. People read names; ids are for programs."""

from collections.abc import Iterable, Mapping
from typing import Any

from psycopg import Connection

from domain.fact import Recorded, ids_in
from domain.ids import LEVELS, Id, PersonId, RegionId, UnitId
from projections.directory import DirectoryLine
from projections.reading import MOST, Query, Where, walk


class Names:
    """称呼: of some people, units and regions."""

    def __init__(self, known: Mapping[Id, str]) -> None:
        self.known = known

    def __call__(self, one: Id) -> str:
        """What it is called; what has no name is called by its kind and the end of its id."""
        if found := self.known.get(one):
            return found
        if isinstance(one, RegionId):
            return f"区划{one.code}"
        return f"{(type(one).__doc__ or '编号').split(':')[0].strip()}{one.partition('-')[2][-6:]}"

    def path(self, region: RegionId) -> str:
        """环江毛南族自治县明伦镇百祥村: the whole way from the county down, or from the city for what lies above."""
        return "".join(self(each) for each in above(region) if each.level not in ("province", "city")) or self(region)


def above(region: RegionId) -> tuple[RegionId, ...]:
    """The region and all that hold it, the largest first."""
    return tuple(RegionId(f"region-{region.code[:width]}") for width in LEVELS if width <= len(region.code))


def named_in(facts: Iterable[Recorded]) -> set[Id]:
    """Everything in these facts that has a name, who recorded them among it."""
    return {one for fact in facts for one in (fact.by, *ids_in(fact.event))}


def names_of(connection: Connection[Any], ids: Iterable[Id | None]) -> Names:
    """The names of these, and of every region above those that are regions."""
    wanted: set[Id] = set()
    for one in ids:
        match one:
            case RegionId():
                wanted.update(above(one))
            case PersonId() | UnitId():
                wanted.add(one)
    if not wanted:
        return Names({})
    asked = Query((Where("id", "in", sorted(wanted)),), limit=MOST)
    return Names({line.id: line.name for line in walk(connection, DirectoryLine, asked)})
