"""人物: who is in the story, and in which posts. The names of the workbook's people are its own; all others are made up
from surnames and given names that are common there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import NamedTuple

from pypinyin import lazy_pinyin

from adapters.workbooks.reading import Row
from domain.appointing import Appoint
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.organisation import EstablishUnit, RegisterPerson, UnitKind
from domain.posts import Post

CITY, COUNTY = RegionId("region-4512"), RegionId("region-451226")
IN_POST_SINCE = date(2019, 7, 26)
"""The day on which the county sent its heads of units to the villages."""

_SURNAMES = "覃韦蒙谭卢莫罗欧兰黄"
_GIVEN = tuple(
    name
    for line in (
        "明亮 立新 光辉 家兴 丽萍 桂英 凤鸣 世荣 安宁 德才",
        "美芳 庆丰 远航 小龙 素珍 朝阳 柳青 正平 学文 江波",
        "耀东 彩云 长林 思源 启明 雪梅 卫东 金凤 树声 承业",
    )
    for name in line.split()
)
_PARTY_UNITS = ("县委办公室",)


class Member(NamedTuple):
    """人物: a person, and the post they hold if they hold one."""

    person: PersonId
    name: str
    post: Post | None
    region: RegionId
    unit: UnitId | None = None


@dataclass
class Cast:
    """全体人物: found by post and place, or by unit and name."""

    members: list[Member] = field(default_factory=list)
    units: dict[str, UnitId] = field(default_factory=dict)
    _names: Iterator[str] = field(
        default_factory=lambda: (surname + given for given, surname in product(_GIVEN, _SURNAMES))
    )

    @classmethod
    def of(cls, rows: Iterable[Row], townships: Iterable[RegionId]) -> "Cast":
        """The county's and the city's offices, every township's, those of the villages that the rows are about, and
        the units and people that the rows name."""
        cast = cls()
        rows = tuple(rows)
        for post, region in (
            (Post.CITY_SECRETARY, CITY),
            (Post.CITY_MAYOR, CITY),
            (Post.COUNTY_SECRETARY, COUNTY),
            (Post.COUNTY_MAGISTRATE, COUNTY),
            (Post.HEADQUARTERS, COUNTY),
            (Post.SUPERVISOR, COUNTY),
            (Post.INSPECTOR, COUNTY),
        ):
            cast.join(post, region)
        for town in townships:
            for post in (
                Post.TOWNSHIP_SECRETARY,
                Post.TOWNSHIP_HEAD,
                Post.TOWNSHIP_FIRST_SECRETARY,
                Post.TOWNSHIP_CLERK,
            ):
                cast.join(post, town)
        for village in sorted({RegionId.of(row.village) for row in rows if row.village}):
            cast.join(Post.VILLAGE_SECRETARY, village)
            cast.join(Post.VILLAGE_DIRECTOR, village)
        for row in rows:
            cast.take_in(row)
        return cast

    def join(self, post: Post, region: RegionId) -> PersonId:
        """Somebody new in an office of a place, which has one of each in this story."""
        person = holder(post, region)
        self.members.append(Member(person, next(self._names), post, region))
        return person

    def take_in(self, row: Row) -> None:
        """The unit and the people that a row names. Two of one name in different units are two people; the leader who
        is named first leads the unit."""
        if row.unit is None:
            return
        headed = row.unit in self.units
        unit = self.units.setdefault(row.unit, UnitId(f"unit-{COUNTY.code}-{_spelled(row.unit)}"))
        for name, post in ((row.leader, None if headed else Post.UNIT_LEADER), (row.person, None)):
            if name is None:
                continue
            person = self.of_unit(row.unit, name)
            if all(member.person != person for member in self.members):
                self.members.append(Member(person, name, post, COUNTY, unit if post else None))

    def of_unit(self, unit: str, name: str) -> PersonId:
        return PersonId(f"person-{_spelled(unit)}-{_spelled(name)}")

    def register(self) -> Iterator[RegisterPerson]:
        seen: set[PersonId] = set()
        for member in self.members:
            if member.person not in seen:
                seen.add(member.person)
                yield RegisterPerson(person=member.person, name=member.name, region=member.region)

    def appoint(self) -> Iterator[Appoint]:
        for member in self.members:
            if member.post is not None:
                yield Appoint(
                    appointment=AppointmentId.derived(member.person, member.post, member.region),
                    person=member.person,
                    post=member.post,
                    region=member.region,
                    unit=member.unit,
                    since=IN_POST_SINCE,
                )

    def establish(self) -> Iterator[EstablishUnit]:
        for name, unit in self.units.items():
            kind: UnitKind = "party" if name in _PARTY_UNITS else "department"
            yield EstablishUnit(unit=unit, name=name, kind=kind, region=COUNTY)


def holder(post: Post, region: RegionId) -> PersonId:
    """Who holds an office of a place in this story."""
    return PersonId(f"person-{post.value.replace('_', '-')}-{region.code}")


def _spelled(name: str) -> str:
    return "".join(lazy_pinyin(name))
