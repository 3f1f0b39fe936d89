"""整改时限: what people write where a date is wanted, read into dates, and written back.

A deadline is a date, how exactly it was said, and whether the work goes on after it. A month is a deadline only where
its end is said (10月底, 10月内): a bare 2019年10月 may mean its first day as well as its last, so it is refused.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from adapters.workbooks.grid import Value
from adapters.workbooks.problems import Unreadable
from adapters.workbooks.values import cell_text, is_none_mark

Precision = Literal["day", "month_end", "year_end", "immediate"]

PLAUSIBLE = range(2000, 2061)
"""Years a rectification date may lie in; anything else is a slip of the pen or a serial number read wrongly."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """整改时限: ``due`` is null for 立行立改 and where no date is said, ``precision`` only in the latter case."""

    due: date | None = None
    precision: Precision | None = None
    long_term: bool = False


@dataclass(frozen=True, slots=True)
class AsOf:
    """截至: the year a sheet speaks of and, where it says so, the day."""

    year: int | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Calendar:
    """年份依据: the year of dates written without one (null if the sheet says none), and the file's date system."""

    year: int | None = None
    date1904: bool = False

    def of_serial(self, serial: float) -> date | None:
        """The day a date cell's serial number stands for; null if no plausible day."""
        first = date(1904, 1, 1) if self.date1904 else date(1899, 12, 30)
        if not 0 <= serial < 80_000:
            return None
        day = first + timedelta(days=int(serial))
        return day if day.year in PLAUSIBLE else None


_DIGITS = {character: str(number) for number, character in enumerate("零一二三四五六七八九")} | dict.fromkeys(
    "〇○", "0"
)
_CHINESE_YEAR = re.compile(f"[{''.join(_DIGITS)}]{{4}}(?=年)")
_CHINESE_NUMBER = re.compile(r"[一二三四五六七八九十廿卅]{1,3}(?=[月日号])")
_TENS_AND_ONES = re.compile(r"(?P<tens>[二三]?十|[廿卅])?(?P<ones>[一二三四五六七八九])?")
_TENS = {"十": 1, "二十": 2, "廿": 2, "三十": 3, "卅": 3}
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?$")
_LONG_TERM = re.compile(
    r"[,、;;]?(?:并|且|并且|然后|之后)?(?:长期坚持|长期整改|长期推进|长期落实|持续整改|持续推进|持续坚持|持续落实|常态化坚持|长期|持续)"
    r"(?:整改|推进|下去)?$"
)
_LEAD = re.compile(r"^(?:于|在|限|计划|拟|确保)")
_TAIL = re.compile(r"(?:完成整改|整改完成|整改到位|整改完毕|完成|到位)$")
_IMMEDIATE = frozenset(
    {"立行立改", "立知立改", "即知即改", "即行即改", "立整立改", "立即整改", "立即", "即时整改", "立改"}
)

_YEAR = r"(?:(?P<year>\d{4})年|(?P<relative>今年|本年|当年|明年|次年|去年))"
_DAY_FORMS = (
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<year>\d{4})([-./])(?P<month>\d{1,2})\2(?P<day>\d{1,2})"),
    re.compile(rf"{_YEAR}(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})[日号]?"),
    re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]"),
)
_BEFORE = re.compile(r"(?:之前|以前|前)$")
_MONTH_END = re.compile(rf"{_YEAR}?(?P<month>\d{{1,2}})月份?[底末内]")
_YEAR_END = re.compile(rf"(?:{_YEAR}年?|年)[底末内]")
_BARE_MONTH = re.compile(rf"{_YEAR}?\d{{1,2}}月份?|\d{{4}}[-./]\d{{1,2}}")
_DATE = r"[::]?(?:(?P<year>20\d{2})[-./年])?(?P<month>\d{1,2})(?:[-./月](?P<day>\d{1,2}))?"
_AS_OF = re.compile(rf"截[至止](?:到|至)?(?:目前|日期|时间)?{_DATE}")
_FILLED_ON = re.compile(rf"(?:填报|填表|制表|统计|上报|报送|更新)(?:日期|时间){_DATE}")
_A_YEAR = re.compile(r"(?<!\d)20\d{2}(?!\d)")
_RELATIVE = {"明年": 1, "次年": 1, "去年": -1}
_NOT_YET = frozenset({"未完成", "整改中", "正在整改", "推进中", "长期坚持", "持续整改", "持续推进", "未启动", "待完成"})


def read_deadline(value: Value, calendar: Calendar) -> Deadline:
    """Read a cell of the deadline column; raises Unreadable."""
    if is_none_mark(value):
        return Deadline()
    if (day := _from_number(value, calendar)) is not None:
        return Deadline(day, "day")
    text = _simplified(value)
    shorter = _LONG_TERM.sub("", text)
    long_term, text = shorter != text, _BEFORE.sub("", _TAIL.sub("", _LEAD.sub("", shorter)))
    if not text:
        return Deadline(long_term=long_term)
    if text in _IMMEDIATE:
        return Deadline(None, "immediate", long_term)
    if (day := _day(text, calendar)) is not None:
        return Deadline(day, "day", long_term)
    if found := _MONTH_END.fullmatch(text):
        return Deadline(_end_of_month(_year(found, calendar), int(found["month"])), "month_end", long_term)
    if found := _YEAR_END.fullmatch(text):
        return Deadline(_real(_year(found, calendar), 12, 31), "year_end", long_term)
    if _BARE_MONTH.fullmatch(text):
        raise Unreadable("unreadable_deadline", "整改时限只写到月份,未写明是否为月底,请写成“某年某月底前”或具体日期")
    raise Unreadable(
        "unreadable_deadline", "整改时限无法识别,请写成具体日期、“某月底前”“某年底前”或“立行立改”“长期坚持”"
    )


def read_day(value: Value, calendar: Calendar) -> date | None:
    """Read a cell of a column of days, such as 实际完成时间; raises Unreadable."""
    if is_none_mark(value):
        return None
    if (day := _from_number(value, calendar)) is not None:
        return day
    text = _simplified(value)
    if text in _NOT_YET:
        return None
    if (day := _day(_TAIL.sub("", text), calendar)) is not None:
        return day
    raise Unreadable("unreadable_date", "日期无法识别,请写成“2019年7月26日”这样的具体日期")


def deadline_text(deadline: Deadline) -> str:
    """A deadline as forms write it; ``read_deadline`` reads it back to the same."""
    match deadline.due, deadline.precision:
        case date() as due, "day":
            text = f"{due.year}年{due.month}月{due.day}日"
        case date() as due, "month_end":
            text = f"{due.year}年{due.month}月底前"
        case date() as due, "year_end":
            text = f"{due.year}年底前"
        case _, "immediate":
            text = "立行立改"
        case _:
            return "长期坚持" if deadline.long_term else ""
    return f"{text},并长期坚持" if deadline.long_term else text


def read_as_of(texts: Iterable[str], *names: str) -> AsOf:
    """截至: the day a sheet speaks of, from the rows above its header; its year, else the one year that they name.

    ``texts`` are those rows, one text each; ``names`` are looked at for a year only after them, one by one.
    """
    above = [_simplified(text) for text in texts]
    title = _only_year("\n".join(above))
    for said in (_AS_OF, _FILLED_ON):
        for text in above:
            if (found := said.search(text)) and (year := int(found["year"] or 0) or title):
                return AsOf(year, _possible(year, found["month"], found["day"]))
    return AsOf(title or next(filter(None, (_only_year(_simplified(name)) for name in names)), None), None)


def _only_year(text: str) -> int | None:
    years = {int(year) for year in _A_YEAR.findall(text)}
    return years.pop() if len(years) == 1 else None


def _possible(year: int, month: str | None, day: str | None) -> date | None:
    try:
        return date(year, int(month or 0), int(day or 0))
    except ValueError:
        return None


def _simplified(value: Value) -> str:
    """A cell's text in halfwidth, without spaces, time of day and final stop, numbers in Arabic digits, 元月 as 1月."""
    text = _TIME.sub("", unicodedata.normalize("NFKC", cell_text(value) or ""))
    text = "".join(text.split()).rstrip("。.;,").replace("元月", "1月")
    text = _CHINESE_YEAR.sub(lambda found: "".join(_DIGITS[each] for each in found[0]), text)
    return _CHINESE_NUMBER.sub(lambda found: _number(found[0]), text)


def _number(chinese: str) -> str:
    """二十六 as 26; what is no number stays as it is."""
    if not (found := _TENS_AND_ONES.fullmatch(chinese)):
        return chinese
    return str(_TENS.get(found["tens"], 0) * 10 + int(_DIGITS.get(found["ones"], "0")))


def _from_number(value: Value, calendar: Calendar) -> date | None:
    """A date cell, a serial number or yyyymmdd; null for text that is none of these."""
    if isinstance(value, date):
        return _real(value.year, value.month, value.day)
    if isinstance(value, str) and re.fullmatch(r"\s*\d{5}\s*", unicodedata.normalize("NFKC", value)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value == int(value) and 10**7 <= value < 10**8:
        return _real(int(value) // 10_000, int(value) // 100 % 100, int(value) % 100)
    if value >= 10_000 and (day := calendar.of_serial(value)) is not None:
        return day
    return None


def _day(text: str, calendar: Calendar) -> date | None:
    for form in _DAY_FORMS:
        if found := form.fullmatch(text):
            return _real(_year(found, calendar), int(found["month"]), int(found["day"]))
    return None


def _year(found: re.Match[str], calendar: Calendar) -> int:
    parts = found.groupdict()
    if year := parts.get("year"):
        return int(year)
    if calendar.year is None:
        raise Unreadable("date_without_year", "日期未写年份,表中也没有“截至”日期或标题年份可依据,请补写年份")
    return calendar.year + _RELATIVE.get(parts.get("relative") or "", 0)


def _end_of_month(year: int, month: int) -> date:
    return _real(year, month, monthrange(year, month)[1] if 1 <= month <= 12 and year in PLAUSIBLE else 1)


def _real(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise Unreadable("impossible_date", "日期不存在,请核对年、月、日") from None
    if found.year not in PLAUSIBLE:
        raise Unreadable("impossible_date", "日期超出合理年份,请核对")
    return found
