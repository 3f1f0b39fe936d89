"""单元格: a sheet's cells as people see them, row by row.

python-calamine reads the values (an order of magnitude faster than openpyxl, in a fraction of its memory) and the
merged ranges. What it leaves out comes from ``container``: it reads error values and uncalculated formulas as blanks,
and a date shown as 2019年10月 as the first of that month.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from math import isfinite

from openpyxl.utils import get_column_letter
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from adapters.workbooks.container import Container, Mark, SheetFacts
from adapters.workbooks.problems import BadWorkbook

Value = str | int | float | bool | date | datetime | time | timedelta | Mark | None
"""What a cell holds. A blank is None; a mark stands where an error or an uncalculated formula does."""

Merge = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Line:
    """一行: the row's number as people count it, its values from column A, and which columns a merge lends a value to.

    A merged range's value stands in each cell that it covers. ``lent`` are the covered cells except the first.
    """

    number: int
    values: Sequence[Value]
    lent: frozenset[int] = frozenset()

    def __getitem__(self, column: int) -> Value:
        return self.values[column] if column < len(self.values) else None

    def own(self) -> Iterator[tuple[int, Value]]:
        """The columns with a value of their own."""
        return (
            (column, value) for column, value in enumerate(self.values) if value is not None and column not in self.lent
        )


@dataclass(frozen=True)
class Sheet:
    """工作表: its name, whether it is hidden, the numbers of its hidden rows, and its lines."""

    name: str
    hidden: bool
    hidden_rows: tuple[int, ...]
    rows: Iterator[Line]


def cell_name(row: int, column: int) -> str:
    """``N27`` for row 27 and column 13 (columns count from 0)."""
    return f"{get_column_letter(column + 1)}{row}"


def sheets(container: Container) -> Iterator[Sheet]:
    """The workbook's sheets in order, one in memory at a time; charts and macro sheets are passed over."""
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(container.content))
    except CalamineError as cause:
        raise BadWorkbook("not_a_workbook", "文件已损坏,请用 Excel 或 WPS 重新另存后再试") from cause
    with book:
        if len(book.sheets_metadata) != len(container.sheets):
            raise BadWorkbook("workbook_hostile", "文件内部结构前后不一致,已拒绝打开")
        for index, (about, facts) in enumerate(zip(book.sheets_metadata, container.sheets, strict=True)):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            hidden = about.visible != SheetVisibleEnum.Visible
            yield Sheet(about.name, hidden, tuple(row + 1 for row in facts.hidden_rows), _lines(book, index, facts))


def _lines(book: CalamineWorkbook, index: int, facts: SheetFacts) -> Iterator[Line]:
    try:
        sheet = book.get_sheet_by_index(index)
    except CalamineError as cause:
        raise BadWorkbook("not_a_workbook", "工作表无法读取,请用 Excel 或 WPS 重新另存后再试") from cause
    left = [None] * (sheet.start[1] if sheet.start else 0)
    rows: Iterator[list[Value]] = ([*left, *map(_value, row)] for row in sheet.iter_rows())
    return _merged(_marked(rows, facts), sheet.merged_cell_ranges or [])


def _value(value: Value) -> Value:
    if isinstance(value, str):
        return value if value.strip() else None
    return Mark.ERROR if isinstance(value, float) and not isfinite(value) else value


def _marked(rows: Iterator[list[Value]], facts: SheetFacts) -> Iterator[list[Value]]:
    marks: dict[int, list[tuple[int, Mark]]] = {}
    for (number, column), mark in facts.marks.items():
        marks.setdefault(number, []).append((column, mark))
    count = 0
    for count, row in enumerate(rows, start=1):
        for column, mark in marks.pop(count - 1, ()):
            row.extend([None] * (column + 1 - len(row)))
            row[column] = _as_month(row[column]) if mark is Mark.MONTH else mark
        yield row
    # Calamine ends at the last value it knows of; an error or an uncalculated formula may stand below it.
    for number in range(count, max(marks, default=-1) + 1):
        marked: dict[int, Value] = dict(marks.get(number, ()))
        yield [marked.get(column) for column in range(facts.columns)]


def _as_month(value: Value) -> Value:
    return f"{value.year}年{value.month}月" if isinstance(value, date) else value


def _merged(rows: Iterator[list[Value]], merges: Sequence[Merge]) -> Iterator[Line]:
    """Lend each merged range's first value to the cells it covers, holding only the ranges open at the row."""
    waiting = sorted(merges, reverse=True)
    open_ranges: list[tuple[Merge, Value]] = []
    for number, row in enumerate(rows):
        open_ranges = [each for each in open_ranges if each[0][1][0] >= number]
        while waiting and waiting[-1][0][0] <= number:
            merge = waiting.pop()
            (_, left), _ = merge
            open_ranges.append((merge, row[left] if left < len(row) else None))
        if len(open_ranges) > max(len(row), 1) + 256:
            raise BadWorkbook("workbook_hostile", "工作表的合并单元格互相重叠,已拒绝打开")
        lent: set[int] = set()
        for ((top, left), (_, right)), value in open_ranges:
            for column in range(left, min(right + 1, len(row))):
                if (number, column) != (top, left):
                    row[column] = value
                    lent.add(column)
        yield Line(number + 1, row, frozenset(lent))
