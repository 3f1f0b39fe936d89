"""Dates and deadlines: every way of writing reads back, and what is no date is refused."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.workbooks.deadlines import (
    Calendar,
    Deadline,
    Precision,
    deadline_text,
    read_as_of,
    read_day,
    read_deadline,
)
from adapters.workbooks.grid import Value
from adapters.workbooks.problems import Unreadable

DAYS = st.dates(date(2000, 1, 1), date(2060, 12, 31))
DIGITS = "〇一二三四五六七八九"


def chinese(number: int) -> str:
    """1 to 31 as 一 to 三十一."""
    tens, ones = divmod(number, 10)
    head = {0: "", 1: "十"}.get(tens, DIGITS[tens] + "十" if tens > 1 else "")
    return head + (DIGITS[ones] if ones else "")


def in_chinese(day: date) -> str:
    return f"{''.join(DIGITS[int(each)] for each in str(day.year))}年{chinese(day.month)}月{chinese(day.day)}日"


WAYS: dict[str, Callable[[date], Value]] = {
    "年月日": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "年月日, padded": lambda day: f"{day.year}年{day.month:02}月{day.day:02}日",
    "年月号": lambda day: f"{day.year}年{day.month}月{day.day}号",
    "dots": lambda day: f"{day.year}.{day.month}.{day.day}",
    "dots, padded": lambda day: f"{day.year}.{day.month:02}.{day.day:02}",
    "slashes": lambda day: f"{day.year}/{day.month}/{day.day}",
    "ISO": lambda day: day.isoformat(),
    "ISO with midnight": lambda day: f"{day.isoformat()} 00:00:00",
    "eight digits": lambda day: f"{day:%Y%m%d}",
    "a number of eight digits": lambda day: float(f"{day:%Y%m%d}"),
    "a date cell": lambda day: day,
    "a date cell with midnight": lambda day: datetime.combine(day, time()),
    "a serial number": lambda day: float((day - date(1899, 12, 30)).days),
    "a serial number as text": lambda day: str((day - date(1899, 12, 30)).days),
    "Chinese numerals": in_chinese,
    "fullwidth": lambda day: f"{day.year}年{day.month}月{day.day}日".translate({48 + n: 65296 + n for n in range(10)}),
    "spaces": lambda day: f" {day.year} 年 {day.month}月\n{day.day} 日。",
}


@pytest.mark.parametrize("way", WAYS)
@given(day=DAYS)
def test_a_day_reads_back_however_it_is_written(way: str, day: date) -> None:
    value = WAYS[way](day)
    assert read_day(value, Calendar()) == day
    assert read_deadline(value, Calendar()) == Deadline(day, "day")


@given(day=DAYS)
def test_a_day_without_a_year_takes_the_sheets(day: date) -> None:
    assert read_day(f"{day.month}月{day.day}日", Calendar(day.year)) == day
    with pytest.raises(Unreadable) as refusal:
        read_day(f"{day.month}月{day.day}日", Calendar())
    assert refusal.value.kind == "date_without_year"


@given(day=DAYS)
def test_a_serial_number_counts_from_the_files_own_first_day(day: date) -> None:
    if day >= date(1931, 5, 18):
        assert read_day(float((day - date(1904, 1, 1)).days), Calendar(date1904=True)) == day


@given(
    day=DAYS, precision=st.sampled_from(["day", "month_end", "year_end", "immediate", None]), long_term=st.booleans()
)
def test_a_deadline_reads_back_as_it_is_written(day: date, precision: Precision | None, long_term: bool) -> None:
    due: date | None = day
    if precision == "month_end":
        due = day.replace(day=monthrange(day.year, day.month)[1])
    elif precision == "year_end":
        due = date(day.year, 12, 31)
    elif precision != "day":
        due = None
    deadline = Deadline(due, precision, long_term)
    assert read_deadline(deadline_text(deadline), Calendar()) == deadline


@given(text=st.text(alphabet="0123456789年月日底前末内今明一二三十长期坚持立行改,./- ", max_size=14))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        deadline = read_deadline(text, Calendar(2019))
    except Unreadable:
        return
    assert (deadline.due is None) == (deadline.precision in (None, "immediate"))


END_OF_SEPTEMBER = Deadline(date(2019, 9, 30), "month_end")


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("9月底", END_OF_SEPTEMBER),
        ("9月底前", END_OF_SEPTEMBER),
        ("2019年9月底之前完成", END_OF_SEPTEMBER),
        ("9月份内", END_OF_SEPTEMBER),
        ("九月末", END_OF_SEPTEMBER),
        ("9月底前完成整改,并长期坚持", Deadline(date(2019, 9, 30), "month_end", True)),
        ("9月30日前", Deadline(date(2019, 9, 30), "day")),
        ("于2019年9月30日前完成", Deadline(date(2019, 9, 30), "day")),
        ("元月15日", Deadline(date(2019, 1, 15), "day")),
        ("2020年2月底前", Deadline(date(2020, 2, 29), "month_end")),
        ("年底前", Deadline(date(2019, 12, 31), "year_end")),
        ("今年年底", Deadline(date(2019, 12, 31), "year_end")),
        ("明年6月底", Deadline(date(2020, 6, 30), "month_end")),
        ("二零一九年底", Deadline(date(2019, 12, 31), "year_end")),
        ("2024年底前", Deadline(date(2024, 12, 31), "year_end")),
        ("立行立改", Deadline(None, "immediate")),
        ("立行立改,长期坚持", Deadline(None, "immediate", True)),
        ("长期坚持。", Deadline(None, None, True)),
        ("/", Deadline()),
        (None, Deadline()),
    ],
)
def test_deadlines_as_people_write_them(text: str | None, deadline: Deadline) -> None:
    assert read_deadline(text, Calendar(2019)) == deadline


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("10月中旬", "unreadable_deadline"),
        ("上半年", "unreadable_deadline"),
        ("2019年10月", "unreadable_deadline"),
        ("10月前", "unreadable_deadline"),
        ("7.26", "unreadable_deadline"),
        (7.26, "unreadable_deadline"),
        ("9月至10月", "unreadable_deadline"),
        ("2019年9月1日-2019年9月30日", "unreadable_deadline"),
        ("尽快", "unreadable_deadline"),
        ("底前", "unreadable_deadline"),
        (3.0, "unreadable_deadline"),
        (99999.0, "unreadable_deadline"),
        (time(9, 30), "unreadable_deadline"),
        ("2019年2月30日", "impossible_date"),
        ("13月底前", "impossible_date"),
        (20191301.0, "impossible_date"),
        ("1019年9月1日", "impossible_date"),
        (date(1919, 9, 1), "impossible_date"),
    ],
)
def test_what_is_no_deadline_is_refused(text: Value, kind: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_deadline(text, Calendar(2019))
    assert refusal.value.kind == kind


@pytest.mark.parametrize("text", ["已完成", "9月底", "9月", "无法确定"])
def test_a_completion_date_is_a_day(text: str) -> None:
    with pytest.raises(Unreadable):
        read_day(text, Calendar(2019))


def test_work_still_going_on_has_no_completion_date() -> None:
    for text in ("/", "未完成", "整改中", "长期坚持"):
        assert read_day(text, Calendar(2019)) is None


def test_where_a_sheets_year_and_day_come_from() -> None:
    said = {
        "截至2019年9月30日": (2019, date(2019, 9, 30)),
        "填报单位:某办        截止到 2019.9.30": (2019, date(2019, 9, 30)),
        "数据截至二〇一九年九月三十日": (2019, date(2019, 9, 30)),
        "填报时间:2019-10-08": (2019, date(2019, 10, 8)),
        "截至2019年9月": (2019, None),
        "某县2019年问题清单": (2019, None),
        "某县2018—2019年问题清单": (None, None),
        "某县问题清单": (None, None),
    }
    for text, expected in said.items():
        as_of = read_as_of([text])
        assert (as_of.year, as_of.day) == expected, text
    with_title = read_as_of(["某县2019年问题清单", "截至9月30日"])
    assert with_title.day == date(2019, 9, 30)
    assert read_as_of(["2018年考核反馈问题", "截至2019年9月30日"]).year == 2019
