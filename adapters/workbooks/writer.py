"""写表: rows as an .xlsx workbook that prints as government offices expect it.

Title over all columns, the 截至 line, one or two header lines with merged groups, frozen panes, filters, wrapped text,
landscape A4 with the header on every page. It knows columns, not ledgers.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from io import BytesIO
from itertools import groupby
from typing import Any, Literal, NamedTuple

import xlsxwriter

Kind = Literal["text", "int", "date", "money"]

_FEN_PER_WAN = 1_000_000
_LONGEST_CELL = 32_767
_FONT = "宋体"
_TITLE_FONT = "方正小标宋简体"
_FORMATS: dict[Kind, dict[str, object]] = {
    "text": {"align": "left"},
    "int": {"align": "center", "num_format": "0"},
    "date": {"align": "center", "num_format": "yyyy-mm-dd"},
    "money": {"align": "right", "num_format": "#,##0.00####"},
}


class Column(NamedTuple):
    """一列: the key of a row's value, its title, the group it stands under, its width in characters and its kind.

    ``money`` takes 分 and shows 万元; ``date`` takes a date; text given for any kind is written as text.
    """

    key: str
    title: str
    group: str | None = None
    width: int = 12
    kind: Kind = "text"


CLOSURE_LEDGER_COLUMNS: tuple[Column, ...] = (
    Column("number", "序号", width=6, kind="int"),
    Column("township", "乡镇", width=11),
    Column("village", "行政村", width=13),
    Column("category", "问题类别", width=10),
    Column("source", "问题来源", width=13),
    Column("severity", "问题等级(一般/较重/重大)", width=9),
    Column("description", "问题具体描述", width=34),
    Column("material", "涉及资料/农户数量", width=13),
    Column("unit", "责任单位", "整改责任", 16),
    Column("leader", "责任领导", "整改责任", 9),
    Column("person", "责任人", "整改责任", 9),
    Column("measure", "整改措施", width=26),
    Column("due", "计划完成时限", width=14, kind="date"),
    Column("done", "实际完成时间", width=12, kind="date"),
    Column("evidence", "佐证材料名称", width=18),
    Column("review", "复核情况(通过/不通过)", "复核销号", 11),
    Column("reviewer", "复核人签字", "复核销号", 10),
    Column("closure", "销号状态(已销号/未销号)", "复核销号", 11),
    Column("note", "备注", width=14),
)
"""问题整改销号台账: the standard sixteen columns, with the township, the village and the category before them."""


def write_workbook(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Mapping[str, object]],
    *,
    as_of_text: str,
    filler: str | None = None,
) -> bytes:
    """The bytes of an .xlsx with one sheet; a key missing from a row is a blank.

    ``as_of_text`` stands under the title (截至2019年9月30日), after ``filler``, the reporting unit, where there is one.
    Raises ValueError for text that no cell can hold (over 32,767 characters).
    """
    target = BytesIO()
    # Rows can be streamed to disk as they come unless a header cell spans two of them.
    streamed = not any(column.group for column in columns)
    with xlsxwriter.Workbook(target, {"constant_memory": streamed, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(_sheet_name(title))
        _set_up(sheet, columns)
        first = _write_head(book, sheet, title, columns, as_of_text, filler)
        last = first - 1
        formats = [book.add_format(_cell_format(column.kind)) for column in columns]
        for last, row in enumerate(rows, start=first):
            for index, column in enumerate(columns):
                _write(sheet, last, index, row.get(column.key), column.kind, formats[index])
        sheet.autofilter(first - 1, 0, max(last, first - 1), len(columns) - 1)
        sheet.freeze_panes(first, 0)
        sheet.repeat_rows(0, first - 1)
    return target.getvalue()


def _sheet_name(title: str) -> str:
    """A title as a sheet's name: at most 31 characters, without those Excel refuses."""
    return "".join(each for each in title if each not in r"[]:*?/\'").strip()[:31] or "台账"


def _set_up(sheet: Any, columns: Sequence[Column]) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer("&C第 &P 页 共 &N 页")
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)


def _write_head(
    book: Any, sheet: Any, title: str, columns: Sequence[Column], as_of_text: str, filler: str | None
) -> int:
    """Write title, 截至 line and header; returns the first row below them."""
    last = len(columns) - 1
    big = book.add_format({"font_name": _TITLE_FONT, "font_size": 18, "align": "center", "valign": "vcenter"})
    small = book.add_format({"font_name": _FONT, "font_size": 10, "align": "left", "valign": "vcenter"})
    head = book.add_format(
        {"font_name": _FONT, "font_size": 10, "bold": True, "border": 1, "bg_color": "#E7EEF7", "text_wrap": True}
        | {"align": "center", "valign": "vcenter"}
    )
    sheet.set_row(0, 32)
    _span(sheet, (0, 0, 0, last), title, big)
    _span(sheet, (1, 0, 1, last), f"填报单位:{filler}        {as_of_text}" if filler else as_of_text, small)
    sheet.set_row(2, 30)
    if not any(column.group for column in columns):
        for index, column in enumerate(columns):
            sheet.write_string(2, index, column.title, head)
        return 3
    for group, members in groupby(enumerate(columns), key=lambda each: each[1].group or each[0]):
        indexes = [index for index, _ in members]
        if isinstance(group, str):
            _span(sheet, (2, indexes[0], 2, indexes[-1]), group, head)
            for index in indexes:
                sheet.write_string(3, index, columns[index].title, head)
        else:
            _span(sheet, (2, group, 3, group), columns[group].title, head)
    return 4


def _span(sheet: Any, area: tuple[int, int, int, int], text: str, style: Any) -> None:
    top, left, bottom, right = area
    if (top, left) != (bottom, right):
        sheet.merge_range(*area, "", style)
    sheet.write_string(top, left, text, style)


def _cell_format(kind: Kind) -> dict[str, object]:
    return {"font_name": _FONT, "font_size": 10, "border": 1, "text_wrap": True, "valign": "vcenter", **_FORMATS[kind]}


def _write(sheet: Any, row: int, column: int, value: object, kind: Kind, style: Any) -> None:
    match value:
        case None | "":
            sheet.write_blank(row, column, None, style)
        case date() if kind == "date":
            sheet.write_datetime(row, column, value, style)
        case int() if kind == "money" and not isinstance(value, bool):
            sheet.write_number(row, column, value / _FEN_PER_WAN, style)
        case int() if kind == "int" and not isinstance(value, bool):
            sheet.write_number(row, column, value, style)
        case str():
            if len(value) > _LONGEST_CELL:
                raise ValueError(f"text of {len(value)} characters does not fit a cell")
            # Always as a string: text that begins with = + - @ is what somebody wrote, never a formula.
            sheet.write_string(row, column, value, style)
        case _:
            raise TypeError(f"a {kind} column can't hold {type(value).__name__}")
