"""Ledger workbooks as they are written, and read again."""

from collections.abc import Mapping
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from adapters.workbooks.deadlines import Deadline, deadline_text
from adapters.workbooks.reader import Row
from adapters.workbooks.writer import CLOSURE_LEDGER_COLUMNS, Column, write_workbook
from tests.adapters.workbooks.building import divisions, read
from tests.adapters.workbooks.test_huanjiang import given

AS_OF = "截至2019年9月30日"
PLAIN = (Column("name", "名称", width=20), Column("count", "数量", kind="int"), Column("on", "日期", kind="date"))
MONEY = Column("funds", "计划资金(万元)", kind="money")


def opened(content: bytes) -> Any:
    return load_workbook(BytesIO(content)).active


def closure_line(number: int, row: Row) -> Mapping[str, object]:
    """A row that was read, as a line of the ledger that is written."""
    names = {
        code: division.name for code in (row.township, row.village) if code and (division := divisions().get(code))
    }
    day = row.due if row.due_precision == "day" and not row.long_term else None
    return {
        "number": number,
        "township": names.get(row.township or ""),
        "village": names.get(row.village or ""),
        "category": row.category,
        "source": row.source,
        "severity": row.severity,
        "description": row.description,
        "unit": row.unit,
        "leader": row.leader,
        "person": row.person,
        "measure": row.measure,
        "due": day or deadline_text(Deadline(row.due, row.due_precision, row.long_term)),
        "done": row.done,
        "reviewer": row.leader if row.closed else None,
        "closure": "已销号" if row.closed else "未销号",
    }


def test_a_closure_ledger_reads_back_as_it_was_written() -> None:
    rows = given().rows
    lines = [closure_line(number, row) for number, row in enumerate(rows, start=1)]
    content = write_workbook(
        "问题整改销号台账", CLOSURE_LEDGER_COLUMNS, lines, as_of_text=AS_OF, filler="县指挥部办公室"
    )
    reading = read(content)
    assert reading.problems == ()
    # The sixteen columns have no place for the status and the money.
    lost = {"sheet", "row", "status", "money_wan"}

    def kept(row: Row) -> dict[str, object]:
        return {key: value for key, value in row.as_json().items() if key not in lost}

    assert [kept(row) for row in reading.rows] == [kept(row) for row in rows]
    assert (reading.rows[0].sheet, reading.rows[0].row) == ("问题整改销号台账", 5)


def test_a_grouped_header_is_merged_frozen_filtered_and_repeated_in_print() -> None:
    columns = [PLAIN[0], Column("a", "单位", "责任"), Column("b", "人", "责任"), MONEY]
    sheet = opened(write_workbook("台账", columns, [{"name": "甲"}, {"name": "乙"}], as_of_text=AS_OF))
    merged = {str(area) for area in sheet.merged_cells.ranges}
    assert merged == {"A1:D1", "A2:D2", "A3:A4", "B3:C3", "D3:D4"}
    assert [sheet["A1"].value, sheet["A2"].value] == ["台账", AS_OF]
    assert [sheet[cell].value for cell in ("A3", "B3", "B4", "C4", "D3")] == [
        "名称",
        "责任",
        "单位",
        "人",
        "计划资金(万元)",
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A5", "A4:D6", "$1:$4")
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.page_setup.fitToHeight) == (True, 0)
    assert sheet["A5"].alignment.wrap_text
    assert 20 <= sheet.column_dimensions["A"].width < 22


def test_a_plain_header_is_one_line() -> None:
    sheet = opened(write_workbook("台账", PLAIN, [{"name": "甲", "count": 3}], as_of_text=AS_OF, filler="某办"))
    assert [sheet[cell].value for cell in ("A2", "A3", "A4", "B4", "C4")] == [
        "填报单位:某办        截至2019年9月30日",
        "名称",
        "甲",
        3,
        None,
    ]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A4", "A3:C4")


@pytest.mark.parametrize("grouped", [True, False])
def test_what_looks_like_a_formula_is_text(grouped: bool) -> None:
    columns = [Column("name", "名称", "组" if grouped else None), *PLAIN[1:]]
    texts = ["=1+1", "+8613", "-5", "@SUM(A1)", '=HYPERLINK("http://x")', "http://example.com", "{=1}"]
    sheet = opened(write_workbook("台账", columns, [{"name": text} for text in texts], as_of_text=AS_OF))
    first = 5 if grouped else 4
    cells = [sheet.cell(first + index, 1) for index in range(len(texts))]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.hyperlink is None for cell in cells)


def test_dates_are_dates_and_money_is_shown_in_wan() -> None:
    row = {"on": date(2019, 9, 30), "funds": 1_250_050, "name": "甲", "count": 0}
    sheet = opened(write_workbook("台账", [*PLAIN, MONEY], [row, {"on": "长期坚持", "funds": "/"}], as_of_text=AS_OF))
    assert sheet["C4"].is_date
    assert sheet["C4"].value.date() == date(2019, 9, 30)
    assert (sheet["D4"].value, sheet["D4"].number_format, sheet["B4"].value) == (1.25005, "#,##0.00####", 0)
    assert [sheet["C5"].value, sheet["D5"].value] == ["长期坚持", "/"]


def test_an_empty_ledger_and_a_single_column_can_be_written() -> None:
    sheet = opened(write_workbook("台账", PLAIN[:1], [], as_of_text=AS_OF))
    assert [sheet["A1"].value, sheet["A3"].value, sheet["A4"].value] == ["台账", "名称", None]
    one_grouped = opened(write_workbook("台账", [Column("a", "甲", "组")], [{"a": "值"}], as_of_text=AS_OF))
    assert [one_grouped[f"A{row}"].value for row in range(1, 6)] == ["台账", AS_OF, "组", "甲", "值"]


def test_a_title_that_is_no_sheet_name_is_still_a_title() -> None:
    title = "[环江]2019年/问题:整改*销号?台账(" + "很长" * 20 + ")"
    sheet = opened(write_workbook(title, PLAIN, [], as_of_text=AS_OF))
    assert sheet["A1"].value == title
    assert len(sheet.title) == 31
    assert opened(write_workbook("[]", PLAIN, [], as_of_text=AS_OF)).title == "台账"


def test_what_no_cell_can_hold_is_refused_and_not_cut() -> None:
    with pytest.raises(ValueError, match="32768"):
        write_workbook("台账", PLAIN, [{"name": "长" * 32_768}], as_of_text=AS_OF)
    with pytest.raises(TypeError):
        write_workbook("台账", PLAIN, [{"count": 1.5}], as_of_text=AS_OF)
    with pytest.raises(TypeError):
        write_workbook("台账", PLAIN, [{"on": True}], as_of_text=AS_OF)


def test_money_that_is_written_reads_back_to_the_fen() -> None:
    columns = [
        Column("n", "序号", kind="int"),
        Column("t", "乡镇"),
        Column("d", "问题描述"),
        Column("u", "责任单位"),
        MONEY,
    ]
    amounts = [1, 99, 1_000_000, 123_456_789_01, 4_720_200_000]
    lines = [{"n": n, "t": "川山镇", "d": f"问题{n}", "u": "水利局", "funds": fen} for n, fen in enumerate(amounts)]
    reading = read(write_workbook("2019年台账", columns, lines, as_of_text=AS_OF))
    assert [row.money_fen for row in reading.rows] == amounts
