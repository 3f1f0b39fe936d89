"""What single cells say."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from adapters.workbooks.container import shows_month_only
from adapters.workbooks.grid import Value
from adapters.workbooks.problems import Unreadable
from adapters.workbooks.values import (
    cell_text,
    read_closed,
    read_money,
    read_prose,
    read_severity,
    read_short,
    read_status,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("  ", None),
        ("\u200b", None),
        (" 水利局\u3000", "水利局"),
        ("水利局\r\n住建局", "水利局\n住建局"),
        (12.0, "12"),
        (12.5, "12.5"),
        (True, "是"),
        (date(2019, 9, 1), "2019-09-01"),
        (datetime(2019, 9, 1), "2019-09-01"),  # noqa: DTZ001 - a cell has no time zone
        (time(9, 30), "09:30:00"),
    ],
)
def test_a_cell_as_text(value: Value, text: str | None) -> None:
    assert cell_text(value) == text


@pytest.mark.parametrize("mark", ["/", "-", "—", "——", "无", " / ", "／", None, ""])
def test_marks_for_nothing_are_nothing(mark: Value) -> None:
    assert read_short(mark) is None
    assert read_prose(mark) is None
    assert read_severity(mark) is None
    assert read_status(mark) is None
    assert read_money(mark, "万") is None
    assert read_closed(mark) is False


def test_a_name_typed_apart_is_put_together_and_several_people_stay_as_written() -> None:
    assert read_short("韦 强") == "韦强"
    assert read_short("韦\u3000强") == "韦强"
    assert read_short("韦志强、兰国华") == "韦志强、兰国华"
    assert read_short("韦志强\n兰国华") == "韦志强\n兰国华"


@pytest.mark.parametrize(
    ("value", "unit", "money"),
    [
        (12.6, "万", "12.6"),
        (120.0, "万", "120"),
        (0.0, "万", "0"),
        (4720.200000000002, "万", "4720.2"),
        ("1,200", "元", "0.12"),
        ("１２．５", "万", "12.5"),
        ("12.6万元", None, "12.6"),
        ("12.6万元", "元", "12.6"),
        ("35000元", "万", "3.5"),
        ("1.2亿元", "万", "12000"),
        (3.0, "千", "0.3"),
        (0.01, "元", "0.000001"),
    ],
)
def test_money_is_read_in_wan_exact_to_the_fen(value: Value, unit: str | None, money: str) -> None:
    assert read_money(value, unit) == Decimal(money)


@pytest.mark.parametrize(
    ("value", "unit", "kind"),
    [
        ("约20万元", "万", "unreadable_money"),
        ("20-30", "万", "unreadable_money"),
        (-5.0, "万", "unreadable_money"),
        (0.001, "元", "unreadable_money"),
        (True, "万", "unreadable_money"),
        (date(2019, 9, 1), "万", "unreadable_money"),
        (5.0, None, "money_without_unit"),
    ],
)
def test_money_that_is_no_amount_is_refused(value: Value, unit: str | None, kind: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_money(value, unit)
    assert refusal.value.kind == kind


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("整改中", "整改中"),
        ("正在整改", "整改中"),
        ("整 改 中", "整改中"),
        ("整改中,已完成路基开挖", None),
        ("整改中,已补3户", "整改中"),
        ("已完成。", "已完成"),
        ("已完成(2019.9.1)", "已完成"),
        ("未整改", "未启动"),
        ("已整改", "已完成"),
        ("已完成70%", None),
        ("基本完成", None),
    ],
)
def test_a_status_is_read_or_refused_never_guessed(value: str, status: str | None) -> None:
    if status is None:
        with pytest.raises(Unreadable):
            read_status(value)
    else:
        assert read_status(value) == status


@pytest.mark.parametrize(
    ("value", "closed"), [("已销号", True), ("√", True), ("是", True), (True, True), ("否", False), ("未 销 号", False)]
)
def test_closure_as_claimed(value: Value, closed: bool) -> None:
    assert read_closed(value) is closed


@pytest.mark.parametrize(
    ("code", "month_only"),
    [
        ('yyyy"年"m"月"', True),
        ('yyyy"年"m"月";@', True),
        ("mmm-yy", True),
        ("[$-804]yyyy\\年m\\月", True),
        ('yyyy"年"m"月"d"日"', False),
        ("yyyy/m/d", False),
        ("m/d", False),
        ("yyyy-mm h:mm", False),
        ("General", False),
        ("0.00", False),
    ],
)
def test_which_number_formats_show_a_month_only(code: str, month_only: bool) -> None:
    assert shows_month_only(code) is month_only
