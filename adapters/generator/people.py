"""人员: who is in post in a county, and which household is whose to help. Every name is drawn from common syllables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, islice

from adapters.generator.shape import CountyShape, Shape, divided
from adapters.generator.world import World
from domain.ids import AppointmentId, HouseholdId, IssueId, PersonId, RegionId, UnitId
from domain.policy import Pairing, Rank
from domain.posts import Post
from domain.regions import Place as Named

_SURNAMES = "陈林黄李梁罗吕丘谢温江庞刘杨张吴龙向舒田"
_FIRST = "明立光家丽桂凤世安德美庆远小素朝柳正学江耀彩长思启雪卫金树承"
_SECOND = "亮新辉兴萍英鸣荣宁才芳丰航龙珍阳青平文波东云林源华梅军秀声业"

_DEPARTMENTS = tuple(
    name
    for line in (
        "交通运输局 住房和城乡建设局 水利局 教育局 卫生健康局 农业农村局 民政局 人力资源和社会保障局",
        "自然资源局 林业局 发展和改革局 财政局 文化和旅游局 供电局 医疗保障局 残疾人联合会",
    )
    for name in line.split()
)
_A_DEPARTMENT = 100
"""Cadres of a county for each of its departments, roughly."""

_SECTION_SHARE = 0.08
"""How many of a department's officers are of section rank."""


@dataclass(eq=False)
class Officer:
    """干部: a person and the post they were appointed to."""

    person: PersonId
    appointment: AppointmentId
    name: str
    post: Post
    region: RegionId
    rank: Rank
    unit: UnitId | None = None
    away: set[date] = field(default_factory=set)
    """Days of approved leave."""


@dataclass(eq=False)
class Home:
    """农户: with its members' number, and the officer who helps it once paired."""

    household: HouseholdId
    village: "Village"
    people: int
    exiting: bool
    cadre: Officer | None = None


@dataclass(eq=False)
class Village:
    """村: its pair, its team (the first secretary first), and who covers it."""

    region: RegionId
    name: str
    poor: bool
    exiting: bool
    town: "Town"
    secretary: Officer
    director: Officer
    team: list[Officer]
    unit: UnitId
    homes: list[Home] = field(default_factory=list)


@dataclass(eq=False)
class Town:
    """乡镇: ``slack`` is how many of its issues are finished late, ``open`` are those not closed, in order."""

    region: RegionId
    name: str
    secretary: Officer
    head: Officer
    clerk: Officer
    slack: float
    villages: list[Village] = field(default_factory=list)
    open: dict[IssueId, None] = field(default_factory=dict)


@dataclass(eq=False)
class Department:
    """部门"""

    unit: UnitId
    name: str
    leader: Officer
    officers: list[Officer] = field(default_factory=list)


@dataclass(eq=False)
class City:
    """市: those of its offices that take part in a county's work."""

    region: RegionId
    organiser: Officer
    headquarters: Officer
    secretary: Officer
    mayor: Officer

    @property
    def officers(self) -> tuple[Officer, ...]:
        return self.organiser, self.headquarters, self.secretary, self.mayor


@dataclass(eq=False)
class County:
    """县: everybody in post in it, by office."""

    shape: CountyShape
    region: RegionId
    organiser: Officer
    headquarters: list[Officer]
    supervisors: list[Officer]
    inspectors: list[Officer]
    secretary: Officer
    magistrate: Officer
    leaders: list[Officer]
    towns: list[Town]
    departments: list[Department]

    @property
    def villages(self) -> Iterator[Village]:
        return chain.from_iterable(town.villages for town in self.towns)

    @property
    def homes(self) -> Iterator[Home]:
        return chain.from_iterable(village.homes for village in self.villages)

    @property
    def officers(self) -> Iterator[Officer]:
        """Everybody, the county's offices first."""
        yield self.organiser
        yield from chain(self.headquarters, self.supervisors, self.inspectors)
        yield from (self.secretary, self.magistrate, *self.leaders)
        for town in self.towns:
            yield from (town.secretary, town.head, town.clerk)
            for village in town.villages:
                yield from (village.secretary, village.director, *village.team)
        for department in self.departments:
            yield from (department.leader, *department.officers)


def signers(city: City, county: County, village: Village) -> Mapping[Post, Officer]:
    """Who signs for which post when it is about this village, or a household or an issue in it."""
    town = village.town
    those = (
        village.secretary,
        village.director,
        town.secretary,
        town.head,
        county.secretary,
        county.magistrate,
        city.secretary,
        city.mayor,
    )
    return {officer.post: officer for officer in those}


class Muster:
    """点名: makes people up, each new to the world they are for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random

    def officer(self, post: Post, region: RegionId, rank: Rank, unit: UnitId | None = None) -> Officer:
        draw = self._random.choice
        return Officer(
            self._world.id(PersonId),
            self._world.id(AppointmentId),
            draw(_SURNAMES) + draw(_FIRST) + draw(_SECOND),
            post,
            region,
            rank,
            unit,
        )

    def city(self, shape: Shape) -> City:
        def one(post: Post) -> Officer:
            return self.officer(post, shape.city.region, Rank.DIVISION)

        return City(
            shape.city.region,
            one(Post.ORGANISER),
            one(Post.HEADQUARTERS),
            one(Post.CITY_SECRETARY),
            one(Post.CITY_MAYOR),
        )

    def county(self, shape: CountyShape) -> County:
        """A county with all its cadres: its offices, towns and villages are filled first, the departments with whoever
        is left."""
        region = shape.region.region

        def one(post: Post, rank: Rank = Rank.SECTION) -> Officer:
            return self.officer(post, region, rank)

        county = County(
            shape,
            region,
            one(Post.ORGANISER),
            [one(Post.HEADQUARTERS) for _ in range(3)],
            [one(Post.SUPERVISOR) for _ in range(2)],
            [one(Post.INSPECTOR) for _ in range(2)],
            one(Post.COUNTY_SECRETARY, Rank.DIVISION),
            one(Post.COUNTY_MAGISTRATE, Rank.DIVISION),
            [one(Post.LEADER, Rank.DIVISION) for _ in range(max(1, shape.figures.cadres // 300))],
            [self._town(town) for town in shape.towns],
            [],
        )
        self._settle(county)
        left = shape.figures.cadres - sum(1 for _ in county.officers)
        many = min(len(_DEPARTMENTS), max(2, shape.figures.cadres // _A_DEPARTMENT))
        names = _DEPARTMENTS[:many]
        for name, size in zip(names, divided(left, [1] * many), strict=True):
            county.departments.append(self._department(region, name, size))
        return county

    def _town(self, place: Named) -> Town:
        def one(post: Post, rank: Rank) -> Officer:
            return self.officer(post, place.region, rank)

        return Town(
            place.region,
            place.name,
            one(Post.TOWNSHIP_SECRETARY, Rank.SECTION),
            one(Post.TOWNSHIP_HEAD, Rank.SECTION),
            one(Post.TOWNSHIP_CLERK, Rank.STAFF),
            slack=self._random.uniform(0.02, 0.22),
        )

    def _department(self, region: RegionId, name: str, size: int) -> Department:
        unit = self._world.id(UnitId)
        department = Department(unit, name, self.officer(Post.UNIT_LEADER, region, Rank.SECTION, unit))
        for _ in range(size - 1):
            rank = Rank.SECTION if self._random.random() < _SECTION_SHARE else Rank.STAFF
            department.officers.append(self.officer(Post.UNIT_OFFICER, region, rank, unit))
        return department

    def _settle(self, county: County) -> None:
        """The villages, a part of them poor, and the households that live in them."""
        shape = county.shape
        towns = {town.region: town for town in county.towns}
        poor = set(self._random.sample(range(len(shape.villages)), shape.figures.poor))
        going = set(sorted(poor)[: len(poor) // 6]) if shape.whole_year else set[int]()
        for number, place in enumerate(shape.villages):
            town = towns[place.region.at("township") or place.region]
            town.villages.append(self._village(place, town, number in poor, number in going))
        villages = list(county.villages)
        weights = [(5 if village.poor else 2) * self._random.randint(8, 12) for village in villages]
        sizes = self._sizes(shape.figures.people, shape.figures.households)
        for village, many in zip(villages, divided(shape.figures.households, weights), strict=True):
            share = 0.97 if village.exiting else 0.3
            village.homes = [
                Home(
                    self._world.id(HouseholdId),
                    village,
                    people,
                    self._random.random() < share,
                )
                for people in islice(sizes, many)
            ]

    def _village(self, place: Named, town: Town, poor: bool, exiting: bool) -> Village:
        def one(post: Post) -> Officer:
            return self.officer(post, place.region, Rank.STAFF)

        members = [one(Post.TEAM_MEMBER) for _ in range(2 if poor else 1)]
        team = [one(Post.FIRST_SECRETARY), *members]
        pair = one(Post.VILLAGE_SECRETARY), one(Post.VILLAGE_DIRECTOR)
        unit = self._world.id(UnitId)
        return Village(place.region, place.name, poor, exiting, town, *pair, team, unit)

    def _sizes(self, people: int, households: int) -> Iterator[int]:
        """How many live in each household: from one to nine, and all of them together as many as there are."""
        sizes = divided(people, [1] * households)
        for _ in range(2 * households):
            giver, taker = self._random.randrange(households), self._random.randrange(households)
            if sizes[giver] > 1 and sizes[taker] < 9:
                sizes[giver] -= 1
                sizes[taker] += 1
        return iter(sizes)

    def pair(self, county: County, rule: Pairing | None) -> None:
        """Gives every household its cadre, by turns: everybody has one before anybody has a second, and nobody more
        than the rule of the place allows."""
        cadres = list(county.officers)
        self._random.shuffle(cadres)
        homes = list(county.homes)
        self._random.shuffle(homes)
        caps = [rule.cap(cadre.rank) if rule else len(homes) for cadre in cadres]
        turns = (cadre for turn in range(max(caps)) for cadre, cap in zip(cadres, caps, strict=True) if turn < cap)
        for home, cadre in zip(homes, turns, strict=False):
            home.cadre = cadre
