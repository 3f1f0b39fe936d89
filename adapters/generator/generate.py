"""生成: a place as a stream of decisions, in the order of simulated time."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from adapters.generator.exits import village_exits
from adapters.generator.field import leaders, meetings, team
from adapters.generator.founding import city_founded, county_founded
from adapters.generator.homes import household
from adapters.generator.lists import editions
from adapters.generator.matters import issues
from adapters.generator.memory import Decision
from adapters.generator.people import City, County, Muster
from adapters.generator.shape import PLACES, Shape
from adapters.generator.world import Life, World
from adapters.regions.divisions import Divisions
from domain.command import refuse
from domain.fact import CHINA
from domain.policy import packaged


def generate(place: str, *, seed: int = 1, scale: float = 1.0, days: int | None = None) -> Iterator[Decision]:
    """Every decision of a place, in order; its facts have the positions that they have in a log of nothing else.

    ``place`` is one of ``PLACES``, ``scale`` above 0 up to 1, ``days`` how many days from the first one (all of them,
    when it is left out). The same words give the same bytes. Raises Refused, at the call, for a place or a
    scale that there is none of, and for a scale at which there are fewer cadres than posts.
    """
    make = PLACES.get(place) or refuse("unknown_place", f"没有“{place[:40]}”的规模:应为{'、'.join(PLACES)}")
    if not 0 < scale <= 1:
        refuse("scale_out_of_range", "比例应大于0、不大于1")
    shape = make(Divisions.load(), scale)
    if not all(county.staffed for county in shape.counties):
        refuse("scale_too_small", "比例太小:按此比例,干部不够分到县、乡、村各个岗位")
    return Generated(shape, f"{place} {seed} {scale}").decisions(days)


class Generated:
    """生成的地方: ``world`` is its clock and its facts."""

    def __init__(self, shape: Shape, seed: str) -> None:
        self.shape = shape
        self.world = World(seed, shape.counties[0].begins)
        self.policy = packaged(shape.pack)
        self._muster = Muster(self.world)

    def decisions(self, days: int | None = None) -> Iterator[Decision]:
        """County by county. What a county's households and issues came to is forgotten when its days are over, so that
        no more is kept than of one county and of the city's own offices."""
        world, shape = self.world, self.shape
        first, last = shape.counties[0].begins, shape.counties[-1].ends
        end = last if days is None else min(last, first + timedelta(days=days))
        city = self._muster.city(shape)
        world.begin(city_founded(world, shape, city, self.policy))
        yield from world.live(morning(first))
        own = world.store.head()
        for each in shape.counties:
            if each.begins >= end:
                return
            county = self._muster.county(each)
            self._muster.pair(county, self.policy.pairing)
            world.begin(self._county(city, county))
            yield from world.live(morning(min(each.ends, end)))
            world.store.forget(after=own)

    def _county(self, city: City, county: County) -> Life:
        """Everybody's work begins when the county is founded."""
        world = self.world
        yield from county_founded(world, self.shape, city, county, self.policy)
        for home in county.homes:
            world.begin(household(world, city, county, home, self.policy))
        for village in county.villages:
            team(world, county, village)
            if village.exiting:
                world.begin(village_exits(world, city, county, village, self.policy))
        for town in county.towns:
            world.begin(meetings(world, county, town))
        leaders(world, city, county)
        world.begin(issues(world, city, county), editions(world, county))


def morning(day: date) -> datetime:
    """Nine o'clock: by then the month before has its edition, and a new county has not begun."""
    return datetime.combine(day, time(9), CHINA)
