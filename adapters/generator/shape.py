"""规模: how large a place is, and which of the published divisions it is made of.

陆川 (2016): 14 towns, 154 villages, 67 of them poor, 19,889 households, 85,817 people, 6,601 cadres; a year of work.
The published list has 165 villages: the 154 村委会, and 11 社区 and 居委会 of townspeople, who are left out.

怀化 (2017): 13 counties, 1,024 poor villages, 261,000 households, 870,664 people; 43,498 officials and 15,724 village
officers, for officials alone are too few to help all of them five households each. Every published division stands.
The counties take their month of work one after another, so that no more than one of them is ever under way.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, chain, pairwise
from operator import itemgetter

from adapters.regions.divisions import Division, Divisions
from domain.accountability import add_months
from domain.ids import RegionId
from domain.regions import Place as Named

YEAR = 180
"""Days from which on a county's work counts as a year's, with monthly visits, quarters and village exits."""


@dataclass(frozen=True)
class Figures:
    """数字: what a place comes to."""

    households: int
    people: int
    cadres: int
    villages: int
    poor: int

    def scaled(self, scale: float) -> "Figures":
        return Figures(*(max(1, round(figure * scale)) for figure in vars(self).values()))


@dataclass(frozen=True)
class CountyShape:
    """县: its divisions and figures, and the days that are generated of it (``ends`` excluded)."""

    region: Named
    towns: tuple[Named, ...]
    villages: tuple[Named, ...]
    figures: Figures
    begins: date
    ends: date

    @property
    def days(self) -> int:
        return (self.ends - self.begins).days

    def part(self, share: float) -> date:
        """The day on which so great a part of the days has gone by."""
        return self.begins + timedelta(days=int(share * self.days))

    @property
    def whole_year(self) -> bool:
        return self.days >= YEAR

    @property
    def staffed(self) -> bool:
        """Whether there are cadres for every office of the county and for two small departments."""
        return self.figures.cadres >= 15 + 3 * len(self.towns) + 4 * self.figures.villages + self.figures.poor


@dataclass(frozen=True)
class Shape:
    """规模: of a place: the city whose ledger it is, the pack and where it is adopted, and its counties in turn."""

    name: str
    city: Named
    pack: str
    adopts: RegionId
    counties: tuple[CountyShape, ...]


def luchuan(divisions: Divisions, scale: float) -> Shape:
    """陆川县, of 2016."""
    county = _known(divisions, "450922")
    villages = [one for one in divisions.within("450922", "village") if one.name.endswith("村委会")]
    figures = Figures(households=19_889, people=85_817, cadres=6_601, villages=len(villages), poor=67).scaled(scale)
    shape = _county(county, divisions.within("450922", "township"), villages, figures, date(2016, 1, 1), 12)
    return Shape("luchuan", named(_known(divisions, "4509")), "luchuan", shape.region.region, (shape,))


def huaihua(divisions: Divisions, scale: float) -> Shape:
    """怀化市, of 2017. There are as many counties as have a poor village at this scale."""
    city = _known(divisions, "4312")
    whole = Figures(households=261_000, people=870_664, cadres=43_498 + 15_724, villages=2_777, poor=1_024).scaled(
        scale
    )
    counties = divisions.within("4312", "county")[: whole.poor]
    villages = [divisions.within(county.code, "village") for county in counties]
    weights = [len(own) for own in villages]
    shares = [divided(figure, weights) for figure in vars(whole).values()]
    shapes = []
    for number, (county, own) in enumerate(zip(counties, villages, strict=True)):
        figures = Figures(*(share[number] for share in shares))
        towns = divisions.within(county.code, "township")
        shapes.append(_county(county, towns, own, figures, add_months(date(2017, 1, 1), number), 1))
    return Shape("huaihua", named(city), "huaihua", RegionId.of(city.code), tuple(shapes))


PLACES: Mapping[str, Callable[[Divisions, float], Shape]] = {"luchuan": luchuan, "huaihua": huaihua}


def named(division: Division) -> Named:
    return Named(region=RegionId.of(division.code), name=division.name)


def divided(total: int, weights: Sequence[int]) -> list[int]:
    """A total in whole shares by weight, each at least one (the total must be enough for that)."""
    whole = sum(weights)
    edges = (total * part // whole for part in accumulate(weights, initial=0))
    shares = [after - before for before, after in pairwise(edges)]
    for empty in [number for number, share in enumerate(shares) if not share]:
        shares[shares.index(max(shares))] -= 1
        shares[empty] = 1
    return shares


def _county(
    county: Division,
    towns: Sequence[Division],
    villages: Sequence[Division],
    figures: Figures,
    begins: date,
    months: int,
) -> CountyShape:
    """A county with as great a part of its towns as of its villages; of more, where those have too few villages."""
    many = max(1, round(len(towns) * figures.villages / len(villages)))
    while len(chosen := _spread(towns[:many], villages, figures.villages)) < figures.villages:
        many += 1
    places = tuple(map(named, towns[:many])), tuple(map(named, chosen))
    return CountyShape(named(county), *places, figures, begins, add_months(begins, months))


def _spread(towns: Sequence[Division], villages: Sequence[Division], wanted: int) -> list[Division]:
    """So many villages, the towns taking turns; in the order of codes."""
    own = (enumerate(one for one in villages if one.code.startswith(town.code)) for town in towns)
    in_turns = sorted(chain.from_iterable(own), key=itemgetter(0))
    return sorted(village for _, village in in_turns[:wanted])


def _known(divisions: Divisions, code: str) -> Division:
    division = divisions.get(code)
    if division is None:
        raise LookupError(f"the table of divisions lacks {code}")
    return division
