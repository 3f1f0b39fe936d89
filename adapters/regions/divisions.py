"""区划代码: divisions by code, and by the many ways forms spell their names.

A name is compared as its *readings*: pairs of a stem and a kind. ``川山镇`` reads as the stem 川山 of the kind 镇,
``社村村委会`` as 社村 or 社 of the kind 村, a bare ``田湾`` as 田湾 of no said kind. Two names may mean one place if
they share a reading, and a name that two places share is ambiguous: nothing here ever picks between two.
"""

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Literal, NamedTuple, Self, cast

Level = Literal["province", "city", "county", "township", "village"]

LENGTH: Mapping[Level, int] = MappingProxyType({"province": 2, "city": 4, "county": 6, "township": 9, "village": 12})
"""How many digits a trimmed code of a level has."""

_LEVEL = {length: level for level, length in LENGTH.items()}

# Longest first, or 蒙古族 would be cut at its last two characters.
_PEOPLES = (
    "乌孜别克族|柯尔克孜族|俄罗斯族|鄂伦春族|鄂温克族|达斡尔族|哈萨克族|塔吉克族|塔塔尔族|维吾尔族|仫佬族|"
    "仡佬族|傈僳族|保安族|赫哲族|锡伯族|布依族|布朗族|毛南族|土家族|哈尼族|纳西族|景颇族|拉祜族|撒拉族|"
    "朝鲜族|蒙古族|高山族|门巴族|珞巴族|基诺族|阿昌族|德昂族|东乡族|裕固族|普米族|独龙族|侗族|傣族|回族|"
    "藏族|苗族|彝族|壮族|满族|瑶族|白族|黎族|佤族|畲族|水族|土族|羌族|怒族|京族|各族"
)
_ETHNIC_PART = re.compile(f"(?:{_PEOPLES}|民族)+(?=自治|[乡镇县])")
_SUFFIXES: dict[Level, tuple[tuple[re.Pattern[str], str], ...]] = {
    "province": ((re.compile(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)$"), "省"),),
    "city": ((re.compile(r"(?:市|地区|自治州|盟)$"), "市"),),
    "county": (
        (re.compile(r"(?:自治县|县)$"), "县"),
        (re.compile(r"市$"), "市"),
        (re.compile(r"(?:管理区|新区|区)$"), "区"),
        (re.compile(r"(?:自治旗|旗)$"), "旗"),
    ),
    "township": (
        (re.compile(r"(?:街道办事处|街道办|街道|办事处)$"), "街道"),
        (re.compile(r"镇(?:人民政府|政府)?$"), "镇"),
        (re.compile(r"乡(?:人民政府|政府)?$"), "乡"),
    ),
    "village": (
        (re.compile(r"(?:社区居民委员会|社区居委会|居民委员会|居委会|社区)$"), "社区"),
        # The doubled 会 stands in the published table itself.
        (re.compile(r"(?:村民委员会|村委员会|村委会会|村委会|村)$"), "村"),
    ),
}


class Division(NamedTuple):
    """区划: a trimmed code (2, 4, 6, 9 or 12 digits), the published name and the level."""

    code: str
    name: str
    level: Level


class Match(NamedTuple):
    """匹配结果: every division a name may mean. None is unknown, two are ambiguous.

    ``renamed`` says that only the stem agrees and the kind does not (a form's 田湾村 for the table's 田湾社区).
    """

    divisions: tuple[Division, ...]
    renamed: bool = False

    @property
    def only(self) -> Division | None:
        """The division meant, where there is exactly one."""
        return self.divisions[0] if len(self.divisions) == 1 else None


Reading = tuple[str, str | None]


def trim(code: str) -> str:
    """A code without the zeros that pad it to twelve digits: ``451226000000`` is ``451226``."""
    if len(code) != LENGTH["village"]:
        return code
    for keep, padding in ((9, "000"), (6, "000"), (4, "00"), (2, "00")):
        if code[keep:] != padding:
            break
        code = code[:keep]
    return code


def plain(name: str) -> str:
    """A name in halfwidth characters and without any space."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def without_peoples(name: str) -> str:
    """环江毛南族自治县 as 环江县, 驯乐苗族乡 as 驯乐乡."""
    return _ETHNIC_PART.sub("", name).replace("自治县", "县")


@cache
def readings(name: str, level: Level) -> frozenset[Reading]:
    """Every (stem, kind) that a plain name of this level can be read as."""
    found: set[Reading] = set()
    for spelling in {name, without_peoples(name)}:
        for suffix, kind in _SUFFIXES[level]:
            stem = suffix.sub("", spelling)
            if stem == spelling or not stem:
                continue
            found.add((stem, kind))
            # 谢村村委会 and 谢村 are one village, and so are 社村村委会 and 社村委会.
            if level == "village" and kind == "村" and len(stem) > 1 and stem.endswith("村"):
                found.add((stem[:-1], kind))
            break
        found.add((spelling, None))
    return frozenset(found)


class _Names:
    """The names of some divisions of one level, looked up in three widening steps."""

    def __init__(self, divisions: Iterable[Division], level: Level, prefixes: tuple[str, ...]) -> None:
        self._written: defaultdict[str, set[Division]] = defaultdict(set)
        self._read: defaultdict[Reading, set[Division]] = defaultdict(set)
        self._stems: defaultdict[str, set[Division]] = defaultdict(set)
        for division in divisions:
            name = plain(division.name)
            for prefix in prefixes:
                name = name.removeprefix(prefix) or name
            for spelling in (name, plain(division.name)):
                self._written[spelling].add(division)
                for stem, kind in readings(spelling, level):
                    self._read[stem, kind].add(division)
                    self._stems[stem].add(division)

    def written(self, name: str) -> set[Division]:
        return self._written.get(name, set())

    def read(self, name: str, level: Level) -> set[Division]:
        """Divisions of which the name says nothing false: same stem, and same kind where it says one."""
        found: set[Division] = set()
        for stem, kind in readings(name, level):
            found |= self._stems.get(stem, set()) if kind is None else self._read.get((stem, kind), set())
        return found

    def stems(self, name: str, level: Level) -> set[Division]:
        found: set[Division] = set()
        for stem, _ in readings(name, level):
            found |= self._stems.get(stem, set())
        return found


class Divisions:
    """区划表: divisions looked up by code and found by name."""

    def __init__(self, divisions: Iterable[Division]) -> None:
        trimmed = (Division(trim(code), name, level) for code, name, level in divisions)
        self._by_code = {division.code: division for division in sorted(trimmed)}
        self._below: defaultdict[str, list[Division]] = defaultdict(list)
        for division in self._by_code.values():
            for length in LENGTH.values():
                if length < len(division.code):
                    self._below[division.code[:length]].append(division)
        self._names: dict[tuple[str, Level], _Names] = {}

    @classmethod
    def load(cls) -> Self:
        """The packaged table."""
        table = resources.files("adapters.regions").joinpath("divisions.csv").read_text(encoding="utf-8")
        return cls(Division(row["code"], row["name"], cast(Level, row["level"])) for row in _rows(table))

    def get(self, code: str) -> Division | None:
        """The division of a code, trimmed or padded with zeros; none if the table lacks it."""
        return self._by_code.get(trim(code))

    def within(self, code: str, level: Level | None = None) -> tuple[Division, ...]:
        """Every division below a code, at one level or at all, in the order of codes."""
        return tuple(each for each in self._below.get(trim(code), ()) if level is None or each.level == level)

    def above(self, code: str, level: Level) -> Division | None:
        """The division of the level that a code lies in (or is)."""
        return self._by_code.get(trim(code)[: LENGTH[level]])

    def county_of(self, code: str) -> Division | None:
        """The county that a code lies in (or is); none for a city or province."""
        county = self.above(code, "county")
        return county if county is not None and county.level == "county" else None

    def match(self, name: str, level: Level, within: str) -> Match:
        """Find the divisions of a level below a code that a name may mean.

        Inside the division directly above, the name as published wins, then the same stem and kind, then the same stem
        alone (``renamed``). Over a wider area (a village in a whole county) names recur from town to town, so every
        division that the name may mean is a candidate and a differing kind is none.
        """
        wanted, parent = plain(name), trim(within)
        names = self._names_below(parent, level)
        if not wanted:
            return Match(())
        if _parent_length(level) != len(parent):
            return Match(tuple(sorted(names.written(wanted) | names.read(wanted, level))))
        for found in (names.written(wanted), names.read(wanted, level)):
            if found:
                return Match(tuple(sorted(found)))
        return Match(tuple(sorted(names.stems(wanted, level))), renamed=True)

    def named_in(self, text: str, level: Level, within: str) -> Match:
        """The divisions of a level whose whole names stand in a text such as a title; longer ones hide shorter ones."""
        text = plain(text)
        found: dict[str, Division] = {}
        for division in self.within(within, level):
            for spelling in self.spellings(division):
                if spelling in text:
                    found[spelling] = division
        seen = {
            name: each for name, each in found.items() if not any(name != other and name in other for other in found)
        }
        return Match(tuple(sorted(set(seen.values()))))

    def spellings(self, division: Division) -> frozenset[str]:
        """A division's whole names: as published, without its city's name before it, without its peoples' names."""
        name = plain(division.name)
        for prefix in self._prefixes(division.code[: _parent_length(division.level)]):
            name = name.removeprefix(prefix) or name
        return frozenset({plain(division.name), name, without_peoples(name), name.replace("管理区", "区")})

    def _names_below(self, parent: str, level: Level) -> _Names:
        key = (parent, level)
        if key not in self._names:
            self._names[key] = _Names(self.within(parent, level), level, self._prefixes(parent))
        return self._names[key]

    def _prefixes(self, code: str) -> tuple[str, ...]:
        """The names of a code's ancestors and its own, which a name below it may begin with (怀化市洪江管理区)."""
        above = (self._by_code.get(code[:length]) for length in LENGTH.values() if length <= len(code))
        return tuple(plain(each.name) for each in above if each is not None)


def _parent_length(level: Level) -> int:
    return max((length for length in LENGTH.values() if length < LENGTH[level]), default=0)


def _rows(table: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(table.splitlines())
