"""称呼: what the ids in facts are called. People read names; ids are for programs."""

from collections.abc import Iterable, Mapping

from domain.command import About
from domain.fact import Past, Recorded, ids_in
from domain.ids import LEVELS, Id, PersonId, RegionId, UnitId
from domain.organisation import PersonRegistered, UnitEstablished
from domain.regions import RegionEstablished, RegionRenamed
from services.ledger import FactStore

NAMING = (PersonRegistered, UnitEstablished, RegionEstablished, RegionRenamed)


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
    found: set[Id] = set()
    for fact in facts:
        found.add(fact.by)
        found.update(ids_in(fact.event))
    return found


def names_of(store: FactStore, ids: Iterable[Id]) -> Names:
    """The names of these, and of every region above those that are regions: one read."""
    wanted: set[Id] = set()
    for one in ids:
        match one:
            case RegionId():
                wanted.update(above(one))
            case PersonId() | UnitId():
                wanted.add(one)
    return Names(called(store.read(tuple(About(one, NAMING) for one in sorted(wanted))).facts) if wanted else {})


def called(past: Past) -> dict[Id, str]:
    known: dict[Id, str] = {}
    for event in past.events:
        match event:
            case PersonRegistered(person=person, name=name):
                known[person] = name
            case UnitEstablished(unit=unit, name=name):
                known[unit] = name
            case RegionEstablished(region=region, name=name) | RegionRenamed(region=region, name=name):
                known[region] = name
    return known
