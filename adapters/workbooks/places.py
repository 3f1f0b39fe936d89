"""问题所在地: which county, township and village a row is about, from what its cells and its sheet say.

Nothing is inherited from the row above. A row is about a whole township where its village cell is blank or says 全镇,
and about the whole county only where a cell says 全县 or 县本级 in so many words.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NoReturn

from adapters.regions.divisions import LENGTH, Division, Divisions, Level, Match, plain
from adapters.workbooks.problems import BadWorkbook

PlaceField = Literal["county", "township", "village"]

_WHOLE_COUNTY = frozenset({"全县", "县本级", "县级", "县直", "全区", "区本级", "全县各乡镇"})
_WHOLE_CITY = frozenset({"全市", "市本级", "市级", "市直"})
_WHOLE_TOWNSHIP = frozenset(
    {
        "全镇",
        "全乡",
        "全街道",
        "镇本级",
        "乡本级",
        "街道本级",
        "乡镇本级",
        "镇级",
        "乡级",
        "各村",
        "全镇各村",
        "全乡各村",
        "辖区各村",
    }
)
_REMARK = re.compile(r"\((?:非|已|深度|一般|整村|\d{4}年?|预)*(?:贫困|脱贫|出列|退出|重点|示范)村?\)$")
_HAMLET = re.compile(r"^(?P<village>.+?(?:村(?:民?委员会|委会)?|社区))(?P<hamlet>.{1,12}(?:屯|组|队|寨))$")
_SEVERAL = re.compile(r"[、,;/和及]")
_SHEET_NAME_NOISE = re.compile(r"^[\d.、()(\-]+|[\d.、()(\-]+$")
_NOUN: dict[Level, str] = {"county": "县(市、区)", "township": "乡镇", "village": "村(社区)"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is to be said about one of a row's place cells."""

    field: PlaceField
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Location:
    """地点: codes as far as they could be read, and the 屯 or 组 below the village as text.

    ``region`` is the code the row is about, null where that is not known.
    """

    region: str | None = None
    county: str | None = None
    township: str | None = None
    village: str | None = None
    hamlet: str | None = None


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """What a sheet says of all its rows: the county and, for a sheet per township, the township."""

    county: str | None
    township: str | None


class Locator:
    """Finds rows' places within a county or a city; raises BadWorkbook for any other place."""

    def __init__(self, divisions: Divisions, place: str) -> None:
        division = divisions.get(place)
        if division is None or division.level not in ("county", "city"):
            raise BadWorkbook("unknown_place", "区划代码不在名录中,或不是市、县(市、区)的代码")
        self._divisions = divisions
        self._place = division.code
        self._is_city = division.level == "city"
        # Forms name the same villages over and over.
        self.locate = lru_cache(maxsize=8192)(self._locate)

    def of_sheet(self, name: str, title: str, *, has_township: bool) -> SheetPlace:
        """What the sheet's name and title say. The title names a township only where no column does."""
        bare = _SHEET_NAME_NOISE.sub("", plain(name))
        county = self._named("county", self._place, bare, title) if self._is_city else self._place
        if county is None:
            return SheetPlace(None, None)
        return SheetPlace(county, self._named("township", county, bare, "" if has_township else title))

    def _named(self, level: Level, within: str, name: str, title: str) -> str | None:
        for match in (
            self._divisions.match(name, level, within),
            self._divisions.named_in(name, level, within),
            self._divisions.named_in(title, level, within),
        ):
            if match.only is not None and not match.renamed:
                return match.only.code
        return None

    def _locate(
        self, sheet: SheetPlace, county: str, township: str, village: str
    ) -> tuple[Location, tuple[Trouble, ...]]:
        """Read a row's three place cells, given as plain text and empty where they say nothing."""
        search = _Search(self._divisions, self._place, sheet)
        try:
            found = search.read(*(text.strip("★*※#") for text in (county, township, village)))
        except _Lost:
            found = search.found
        return found, tuple(search.troubles)


class _Lost(Exception):
    """A place that can't be read any further; why is among the troubles."""


class _Search:
    """One row's place: what was found so far, and what is to be said about it."""

    def __init__(self, divisions: Divisions, place: str, sheet: SheetPlace) -> None:
        self.found = Location()
        self.troubles: list[Trouble] = []
        self._divisions = divisions
        self._place = place
        self._sheet = sheet

    def read(self, county: str, township: str, village: str) -> Location:
        if len(self._place) == LENGTH["city"] and county in _WHOLE_CITY:
            return Location(region=self._place)
        code = self._county(county)
        self.found = Location(county=code)
        if township in _WHOLE_COUNTY or (not township and village in _WHOLE_COUNTY):
            return replace(self.found, region=code)
        village = self._without(village, code)
        if not township:
            found = self._township_unsaid(code, village)
            if found is None:
                return self._village(village, code)
        else:
            found = self._one("township", self._without(township, code), code).code
        self.found = replace(self.found, township=found)
        village = self._without(village, found)
        if not village or village in _WHOLE_TOWNSHIP:
            return replace(self.found, region=found)
        return self._village(village, found)

    def _county(self, text: str) -> str:
        if not text:
            if self._sheet.county is None:
                self._lose("county", "county_missing", "未写明所属县(市、区),工作表名称和标题中也没有")
            return self._sheet.county
        found = self._one("county", text, self._place[: LENGTH["city"]])
        if not found.code.startswith(self._place):
            self._lose("county", "outside_place", f"“{text}”不在本次导入的地区之内")
        return found.code

    def _township_unsaid(self, county: str, village: str) -> str | None:
        """The township the sheet is about, or the one that the village cell begins with; null if neither."""
        if self._sheet.township is not None:
            return self._sheet.township
        begun = {
            spelling: each.code
            for each in self._divisions.within(county, "township")
            for spelling in self._divisions.spellings(each)
            if village.startswith(spelling)
        }
        if not village:
            self._lose("village", "region_missing", "未写明乡镇和村;全县性问题请写“全县”或“县本级”")
        return begun[max(begun, key=len)] if begun else None

    def _village(self, text: str, within: str) -> Location:
        """A village inside its township, or the only one of its name in the county."""
        found = self._one("village", text, within)
        township = found.code[: LENGTH["township"]]
        return replace(self.found, region=found.code, township=township, village=found.code)

    def _without(self, text: str, code: str) -> str:
        """A name without a whole name of the division above it (川山镇白丹村)."""
        above = self._divisions.get(code)
        spellings = self._divisions.spellings(above) if above else frozenset[str]()
        begun = max((each for each in spellings if text.startswith(each)), key=len, default="")
        return text[len(begun) :]

    def _one(self, level: Literal["county", "township", "village"], text: str, within: str) -> Division:
        """The only division of the level that the text may mean."""
        text = _REMARK.sub("", text)
        match = self._divisions.match(text, level, within)
        if not match.divisions and level == "village" and (split := _HAMLET.match(text)):
            match = self._divisions.match(split["village"], level, within)
            if match.only is not None:
                self.found = replace(self.found, hamlet=split["hamlet"])
                message = f"“{split['hamlet']}”在村以下,区划登记到{match.only.name}"
                self.troubles.append(Trouble(level, "below_village", message))
        if match.only is None:
            self._lose(level, *self._why_not(level, text, match, within))
        if match.renamed:
            message = f"表中写“{text}”,区划名录中为“{match.only.name}”,已按后者匹配,请核对"
            self.troubles.append(Trouble(level, "renamed_place", message))
        return match.only

    def _why_not(self, level: Level, text: str, match: Match, within: str) -> tuple[str, str]:
        noun = _NOUN[level]
        if match.divisions:
            names = "、".join(f"{each.name}({each.code})" for each in match.divisions[:4])
            more = "和所属乡镇" if level == "village" else ""
            return f"ambiguous_{level}", f"“{text}”对应不止一个{noun}:{names},请写明全称{more}"
        parts = _SEVERAL.split(text)
        if (
            level == "village"
            and len(parts) > 1
            and all(self._divisions.match(each, level, within)[0] for each in parts)
        ):
            return "several_villages", f"“{text}”写了不止一个村,请一行只写一个村"
        return f"unknown_{level}", f"“{text}”在区划名录中找不到对应的{noun},请核对名称"

    def _lose(self, field: PlaceField, kind: str, message: str) -> NoReturn:
        self.troubles.append(Trouble(field, kind, message))
        raise _Lost
