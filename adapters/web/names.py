"""称呼: what the ids in facts are called. People read names; ids are for programs."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from psycopg import Connection

from domain.fact import Recorded, ids_in
from domain.ids import LEVELS, EditionId, HouseholdId, Id, IssueId, PersonId, RegionId, UnitId
from domain.indicators import kind_of
from domain.policy import ObjectKind
from domain.posts import Post, Tenure
from projections.directory import DirectoryLine
from projections.issue_ledger import IssueLine
from projections.line import L
from projections.post_ledger import PostLine
from projections.ranking_board import EditionLine
from projections.reading import MOST, Query, Where, walk


class Names:
    """称呼: of whatever is shown."""

    def __init__(self, known: Mapping[Id, str], indicators: Mapping[tuple[ObjectKind, str], str] | None = None) -> None:
        self.known = known
        self.indicators = indicators or {}

    def __call__(self, one: Id) -> str:
        """What it is called; what has no name is called by its kind and the end of its id."""
        if found := self.known.get(one):
            return found
        if isinstance(one, RegionId):
            return f"区划{one.code}"
        return f"{(type(one).__doc__ or '编号').split(':')[0].strip()}{one.partition('-')[2][-6:]}"

    def indicator(self, subject: HouseholdId | RegionId, code: str) -> str:
        """住房有保障: what the place's rules call an indicator; its code where they are not known here."""
        return self.indicators.get((kind_of(subject), code), code)

    def path(self, region: RegionId) -> str:
        """环江毛南族自治县明伦镇百祥村: the whole way from the county down, or from the city for what lies above."""
        return "".join(self(each) for each in above(region) if each.level not in ("province", "city")) or self(region)

    def local(self, region: RegionId) -> str:
        """明伦镇百祥村: without the county, for lists whose places lie in one."""
        return "".join(self(each) for each in above(region) if each.level in ("township", "village")) or self(region)

    def post(self, one: Tenure | PostLine, whole: bool = False) -> str:
        """明伦镇党委书记, or 交通运输局单位负责人: a post where it is held."""
        if one.unit and one.post.level == "county":
            return self(one.unit) + one.post.label
        return office(self.path(one.region) if whole else self.local(one.region), one.post)

    def office(self, region: RegionId, post: Post) -> str:
        return office(self.local(region), post)


def above(region: RegionId) -> tuple[RegionId, ...]:
    """The region and all that hold it, the largest first."""
    return tuple(RegionId(f"region-{region.code[:width]}") for width in LEVELS if width <= len(region.code))


def named_in(facts: Iterable[Recorded]) -> set[Id]:
    """Everything in these facts that has a name, who recorded them among it."""
    return {one for fact in facts for one in (fact.by, *ids_in(fact.event))}


def office(place: str, post: Post) -> str:
    """A post at a place, as people say it: 明伦镇党委书记, 明伦镇镇长, 百祥村村支书."""
    label = post.label.removeprefix("乡镇") if place.endswith(("乡", "镇", "街道")) else post.label
    return place + (f"{place[-1]}长" if label == "长" and place[-1] in "乡镇" else "主任" if label == "长" else label)


def names_of(connection: Connection[Any], ids: Iterable[Id | None]) -> Names:
    """The names of people, units, regions (with every region above them), issues and editions among these."""
    wanted: set[Id] = set()
    for one in ids:
        match one:
            case RegionId():
                wanted.update(above(one))
            case PersonId() | UnitId() | IssueId() | EditionId():
                wanted.add(one)
    known: dict[Id, str] = {}
    for line in _lines(connection, DirectoryLine, "id", wanted, (RegionId, PersonId, UnitId)):
        known[line.id] = line.name
    for issue in _lines(connection, IssueLine, "issue", wanted, (IssueId,)):
        known[issue.issue] = f"“{issue.description[:30]}”"
    for edition in _lines(connection, EditionLine, "edition", wanted, (EditionId,)):
        known[edition.edition] = f"第{edition.number}期红黑榜"
    return Names(known)


def _lines(
    connection: Connection[Any], line: type[L], column: str, wanted: Iterable[Id], kinds: tuple[type[Id], ...]
) -> Iterator[L]:
    ids = sorted(one for one in wanted if isinstance(one, kinds))
    return walk(connection, line, Query((Where(column, "in", ids),), limit=MOST)) if ids else iter(())
