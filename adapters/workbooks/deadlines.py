"""整改时限: what people write where a date is wanted, read into dates, and written back.

A deadline is a date, how exactly it was said, and whether the work goes on after it. A month is a deadline only where
its end is said (10月底, 10月内): a bare 2019年10月 may mean its first day as well as its last, so it is refused.
"""

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from adapters.workbooks.grid import Value
from adapters.workbooks.problems import Unreadable
from adapters.workbooks.values import cell_text, is_none_mark

Precision = Literal["day", "month_end", "year_end", "immediate"]

PLAUSIBLE = range(2000, 2061)
"""Years a rectification date may lie in; anything else is a slip of the pen or a serial number read wrongly."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """整改时限: ``due`` is null for 立行立改 and where nothing is said; ``precision`` is null only in the latter case."""

    due: date | None = None
    precision: Precision | None = None
    long_term: bool = False


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


_DIGITS = {character: str(number) for number, character in enumerate("零一二三四五六七八九")} | dict.fromkeys("〇○", "0")
_CHINESE_YEAR = re.compile(f"[{''.join(_DIGITS)}]{{4}}(?=年)")
_CHINESE_NUMBER = re.compile(r"[一二三四五六七八九十廿卅]{1,3}(?=[月日号])")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?$")
_LONG_TERM = re.compile(
    r"[,、;;]?(?:并|且|并且|然后|之后)?(?:长期坚持|长期整改|长期推进|长期落实|持续整改|持续推进|持续坚持|持续落实|常态化坚持|长期|持续)"
    r"(?:整改|推进|下去)?$"
)
_LEAD = re.compile(r"^(?:于|在|计划|拟|确保)")
_TAIL = re.compile(r"(?:完成整改|整改完成|整改到位|整改完毕|完成|到位)$")
_IMMEDIATE = frozenset({"立行立改", "立知立改", "即知即改", "即行即改", "立整立改", "立即整改", "立即", "即时整改", "立改"})

_YEAR = r"(?:(?P<year>\d{4})年|(?P<relative>今年|本年|当年|明年|次年|去年))"
_DAY_FORMS = (
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<year>\d{4})([-./])(?P<month>\d{1,2})\2(?P<day>\d{1,2})"),
    re.compile(rf"{_YEAR}(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})[日号]?"),
    re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]"),
)
_MONTH_END = re.compile(rf"{_YEAR}?(?P<month>\d{{1,2}})月(?:份)?(?:底|末|内|底之前|月底|末之前)前?")
_YEAR_END = re.compile(rf"{_YEAR}?(?:年)?(?:底|末|内)(?:之)?前?")
_BARE_MONTH = re.compile(rf"{_YEAR}?(?P<month>\d{{1,2}})月(?:份)?前?|\d{{4}}[-./]\d{{1,2}}")
_RELATIVE = {"明年": 1, "次年": 1, "去年": -1}
_NOT_YET = frozenset({"未完成", "整改中", "正在整改", "推进中", "长期坚持", "持续整改", "持续推进", "未启动", "待完成"})


def read_deadline(value: Value, calendar: Calendar) -> Deadline:
    """Read a cell of the deadline column; raises Unreadable."""
    if is_none_mark(value):
        return Deadline()
    if (day := _from_number(value, calendar)) is not None:
        return Deadline(day, "day")
    text = _simplified(cell_text(value) or "")
    shorter = _LONG_TERM.sub("", text)
    long_term, text = shorter != text, _TAIL.sub("", _LEAD.sub("", shorter).rstrip("。.;;,"))
    if not text:
        return Deadline(long_term=long_term)
    if text in _IMMEDIATE:
        return Deadline(None, "immediate", long_term)
    if (day := _day(_without_before(text), calendar)) is not None:
        return Deadline(day, "day", long_term)
    if found := _MONTH_END.fullmatch(text):
        return Deadline(_end_of_month(_year(found, calendar), int(found["month"])), "month_end", long_term)
    if found := _YEAR_END.fullmatch(text):
        return Deadline(_real(_year(found, calendar), 12, 31), "year_end", long_term)
    if _BARE_MONTH.fullmatch(text):
        raise Unreadable("unreadable_deadline", "整改时限只写到月份,未写明是否为月底,请写成“某年某月底前”或具体日期")
    raise Unreadable("unreadable_deadline", "整改时限无法识别,请写成具体日期、“某月底前”“某年底前”或“立行立改”“长期坚持”")


def read_day(value: Value, calendar: Calendar) -> date | None:
    """Read a cell of a column of days, such as 实际完成时间; raises Unreadable."""
    if is_none_mark(value):
        return None
    if (day := _from_number(value, calendar)) is not None:
        return day
    text = _simplified(cell_text(value) or "").rstrip("。.;;,")
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


def _simplified(text: str) -> str:
    """Halfwidth, without spaces and a time of day, numbers in Arabic digits, 元月 as 1月."""
    text = _TIME.sub("", unicodedata.normalize("NFKC", text).strip())
    text = "".join(text.split()).replace("元月", "1月")
    text = _CHINESE_YEAR.sub(lambda found: "".join(_DIGITS[each] for each in found[0]), text)
    return _CHINESE_NUMBER.sub(lambda found: _number(found[0]), text)


def _number(chinese: str) -> str:
    """二十六 as 26; what is no number stays as it is."""
    found = re.fullmatch(r"(?:(?P<tens>[二三]?)十|(?P<short>[廿卅]))?(?P<ones>[一二三四五六七八九]?)", chinese)
    if found is None:
        return chinese
    tens = {"廿": 2, "卅": 3, "二": 2, "三": 3, "": 1}[found["short"] or found["tens"] or ""] if len(found[0]) > len(
        found["ones"]
    ) else 0
    return str(tens * 10 + int(_DIGITS.get(found["ones"], "0")))


def _from_number(value: Value, calendar: Calendar) -> date | None:
    """A date cell, a serial number or yyyymmdd; null for text that is none of these."""
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        if day.year not in PLAUSIBLE:
            raise Unreadable("impossible_date", "日期超出合理年份,请核对")
        return day
    if isinstance(value, str) and re.fullmatch(r"\s*\d{5}\s*", unicodedata.normalize("NFKC", value)):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if value == int(value) and 10**7 <= value < 10**8:
        return _real(int(value) // 10_000, int(value) // 100 % 100, int(value) % 100)
    if value >= 10_000 and (day := calendar.of_serial(value)) is not None:
        return day
    return None


def _without_before(text: str) -> str:
    return re.sub(r"(?:之前|以前|前)$", "", text)


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
