"""名录: one line per region, unit and person, with what they are called."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from domain.fact import Recorded
from domain.ids import PersonId, RegionId, UnitId
from domain.organisation import PersonRegistered, UnitDissolved, UnitEstablished, UnitKind
from domain.regions import RegionAbolished, RegionEstablished, RegionRenamed
from projections.ledger import Ledger, one_line
from projections.line import Line


class DirectoryLine(
    Line, table="directory", key=("id",), found_by=(("region", "kind"), ("kind", "sort_key"), ("name",))
):
    """名录

    ``region`` is where a unit or person belongs, and a region itself; ``sort_key`` orders names by their pinyin.
    ``until`` is the day something was abolished or dissolved.
    """

    id: RegionId | UnitId | PersonId
    kind: Literal["region", "unit", "person"]
    name: str
    sort_key: str
    region: RegionId
    level: str
    unit_kind: UnitKind | None
    since: date
    standing: bool = True
    until: date | None = None
    former_names: tuple[str, ...] = ()


def sort_key(name: str) -> str:
    """By the sound of each character, its tone last, then by the characters themselves."""
    # All words of Chinese fill 50 MB and take a tenth of the start to import; only who folds names needs them.
    from pypinyin import Style, lazy_pinyin

    return f"{' '.join(lazy_pinyin(name, style=Style.TONE3, neutral_tone_with_five=True)).lower()} {name}"


def groups(fact: Recorded) -> Iterator[str]:
    match fact.event:
        case RegionEstablished(region=region) | RegionRenamed(region=region) | RegionAbolished(region=region):
            yield region
        case UnitEstablished(unit=unit) | UnitDissolved(unit=unit):
            yield unit
        case PersonRegistered(person=person):
            yield person


def evolve(line: DirectoryLine | None, fact: Recorded) -> DirectoryLine | None:
    match fact.event:
        case RegionEstablished(region=region, name=name, since=since) if line is None:
            return DirectoryLine(region, "region", name, sort_key(name), region, region.level, None, since)
        case RegionEstablished(name=name, since=since) if line:
            return renamed(line, name).but(since=since, standing=True, until=None)
        case RegionRenamed(name=name) if line:
            return renamed(line, name)
        case UnitEstablished(unit=unit, name=name, kind=kind, region=region):
            return DirectoryLine(unit, "unit", name, sort_key(name), region, region.level, kind, fact.on)
        case PersonRegistered(person=person, name=name, region=region):
            return DirectoryLine(person, "person", name, sort_key(name), region, region.level, None, fact.on)
        case RegionAbolished(on=day) | UnitDissolved(on=day) if line:
            return line.but(standing=False, until=day)
    return line


def renamed(line: DirectoryLine, name: str) -> DirectoryLine:
    if name == line.name:
        return line
    return line.but(name=name, sort_key=sort_key(name), former_names=(*line.former_names, line.name))


LEDGER = Ledger(
    DirectoryLine,
    folds=(RegionEstablished, RegionRenamed, RegionAbolished, UnitEstablished, UnitDissolved, PersonRegistered),
    groups=groups,
    evolve=one_line(evolve),
)
