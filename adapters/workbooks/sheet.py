"""一张工作表: from lines to rows, with every problem met on the way."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from typing import TypeVar

from adapters.workbooks.container import Mark
from adapters.workbooks.deadlines import AsOf, Calendar, Deadline, read_as_of, read_day, read_deadline
from adapters.workbooks.grid import Line, Sheet, Value, cell_name
from adapters.workbooks.layout import KNOWN_UNREAD, Field, Layout, find_layout, head_of, is_header_like
from adapters.workbooks.lines import is_subtotal, kind_of
from adapters.workbooks.places import Location, Locator, SheetPlace
from adapters.workbooks.problems import Problem, Unreadable
from adapters.workbooks.reading import Row
from adapters.workbooks.values import (
    cell_text,
    is_none_mark,
    key_text,
    read_closed,
    read_money,
    read_prose,
    read_review,
    read_severity,
    read_short,
    read_status,
)
from domain.text import personal_number

T = TypeVar("T")

_MARKS = {
    Mark.ERROR: ("error_value", "单元格是错误值(如 #REF!、#N/A),请改正公式或直接填写"),
    Mark.UNCALCULATED: ("formula_without_value", "公式没有计算结果,请用 Excel 或 WPS 打开并保存后再导入"),
}
_DITTOS = frozenset({"同上", "同前", "〃", "″", '"', "''"})


class SheetReading:
    """Reads one sheet: iterate ``rows`` to the end, then ``problems`` is complete."""

    def __init__(self, sheet: Sheet, locator: Locator, *, date1904: bool) -> None:
        self.problems: list[Problem] = []
        self._sheet = sheet
        self._locator = locator
        self._date1904 = date1904

    def rows(self) -> Iterator[Row]:
        head = head_of(self._sheet.rows)
        if not any(True for line in head for _ in line.own()):
            return
        if self._sheet.hidden:
            self._say("hidden_sheet", "工作表已隐藏,未读取;需要登记的,请取消隐藏后再导入")
            return
        layout = find_layout(head)
        if layout is None:
            self._say("no_header", "没有找到问题清单的表头,本工作表未读取")
            return
        self._name_columns(layout)
        issues = _Issues(self._sheet.name, layout, self._context(layout, head), self._locator, self.problems)
        below = (line for line in chain(head, self._sheet.rows) if line.number > layout.last_row)
        read: list[int] = []
        for row in issues.read(below):
            read.append(row.row)
            yield row
        self._name_hidden(sorted(set(read) & set(self._sheet.hidden_rows)))

    def _context(self, layout: Layout, head: Sequence[Line]) -> "_Context":
        """What the lines above the header and the sheet's name say of all its rows."""
        above = [
            " ".join(cell_text(value) or "" for _, value in line.own())
            for line in head
            if line.number < layout.first_row
        ]
        as_of = read_as_of(above, self._sheet.name)
        place = self._locator.of_sheet(self._sheet.name, " ".join(above), has_township="township" in layout.columns)
        return _Context(as_of, Calendar(as_of.year, self._date1904), place)

    def _name_columns(self, layout: Layout) -> None:
        for column in layout.unknown:
            self._say("unknown_column", f"不认识的列“{_quotable(column.title)}”,未读取", column.row, column.index)
        for column in layout.aside:
            if column.field is not None and column.field not in KNOWN_UNREAD:
                read = layout.columns[column.field][0].title
                message = f"已读取“{read}”列,相近的“{column.title}”列未读取"
                self._say("secondary_column", message, column.row, column.index)
        for column in layout.unclear:
            message = f"“{column.title}”列分不清是计划还是实际完成时间,请改写表头"
            self._say("ambiguous_column", message, column.row, column.index)

    def _name_hidden(self, hidden: Sequence[int]) -> None:
        if hidden:
            listed = "、".join(map(str, hidden[:10])) + ("等" if len(hidden) > 10 else "")
            message = f"第 {listed} 行被隐藏或筛选掉,共 {len(hidden)} 行,已照常读取"
            self._say("hidden_rows", message, hidden[0])

    def _say(self, kind: str, message: str, row: int | None = None, column: int | None = None) -> None:
        cell = cell_name(row, column) if row is not None and column is not None else None
        self.problems.append(Problem(self._sheet.name, row, cell, kind, message))


@dataclass(frozen=True)
class _Context:
    as_of: AsOf
    calendar: Calendar
    place: SheetPlace


class _Issues:
    """The lines below a header."""

    def __init__(
        self, sheet: str, layout: Layout, context: _Context, locator: Locator, problems: list[Problem]
    ) -> None:
        self._sheet = sheet
        self._layout = layout
        self._context = context
        self._locator = locator
        self._problems = problems
        self._totals = _Totals()
        self._numbers: dict[str, int] = {}
        self._numberless: list[int] = []
        self._titled = {column.index for columns in layout.columns.values() for column in columns} | {
            column.index for column in (*layout.aside, *layout.unknown, *layout.unclear)
        }

    def read(self, lines: Iterator[Line]) -> Iterator[Row]:
        for line in lines:
            if is_header_like(line) and not self._layout.repeats(line):
                self._say(line, 0, "second_layout", "此处是另一种表头,从本行起未读取,请拆成两张工作表")
                break
            match kind_of(line, self._layout):
                case "issue":
                    yield self._issue(line)
                case "total":
                    self._check_total(line)
                case "section":
                    column, value = next(line.own())
                    message = f"只有“{_quotable(key_text(value))}”一格有内容,未作为问题读取"
                    self._say(line, column, "section_row", message)
                    self._numbers.clear()
                case "sample":
                    self._say(line, self._column("number"), "sample_row", "填写示例,未作为问题读取")
                case "nothing":
                    self._say(line, self._column("description"), "no_issue_reported", "填报为“无”,未作为问题读取")
                case "blank" | "header" | "footnote" | "numbering":
                    pass
        if self._numbers:
            for row in self._numberless:
                self._problems.append(Problem(self._sheet, row, None, "number_missing", "没有序号,已照常读取"))

    def _issue(self, line: Line) -> Row:
        self._check_untitled(line)
        self._check_number(line)
        location = self._location(line)
        description = self._read(line, "description", _description)
        money = self._read(line, "money", lambda value: read_money(value, self._layout.money_unit))
        calendar = self._context.calendar
        deadline = self._read(line, "due", lambda value: read_deadline(value, calendar)) or Deadline()
        row = Row(
            sheet=self._sheet,
            row=line.number,
            township=location.township,
            village=location.village,
            category=self._read(line, "category", read_short),
            source=self._read(line, "source", read_short),
            severity=self._read(line, "severity", read_severity),
            description=description,
            unit=self._read(line, "unit", read_short),
            leader=self._read(line, "leader", read_short),
            person=self._read(line, "person", read_short),
            measure=self._read(line, "measure", read_prose),
            money_wan=money,
            due=deadline.due,
            due_precision=deadline.precision,
            long_term=deadline.long_term,
            status=self._read(line, "status", read_status),
            done=self._read(line, "done", lambda value: read_day(value, calendar)),
            closed=self._read(line, "closure", read_closed),
            county=location.county,
            region=location.region,
            hamlet=location.hamlet,
        )
        self._add_to_totals(line, money)
        if row.status == "已销号" and is_none_mark(self._peek(line, "closure")):
            row = replace(row, closed=True)
        self._check_claims(line, row)
        return row

    def _read(self, line: Line, field: Field, read: Callable[[Value], T | None]) -> T | None:
        """A field of a line; null, with the problem named at its cell, where it can't be read."""
        try:
            value = self._value(line, field)
            if isinstance(value, Mark):
                raise Unreadable(*_MARKS[value])
            if isinstance(value, str) and key_text(value) in _DITTOS:
                raise Unreadable("ditto_mark", "写了“同上”,表格一经排序或筛选就会失真,请填写具体内容")
            return read(value)
        except Unreadable as cause:
            self._say(line, self._column(field), cause.kind, cause.message)
            return None

    def _value(self, line: Line, field: Field) -> Value:
        """What a line says of a field; raises Unreadable where two columns of it differ."""
        columns = self._layout.columns.get(field, ())
        if len(columns) == 1:
            return line[columns[0].index]
        filled = [column.index for column in columns if not is_none_mark(line[column.index])]
        if len({_comparable(line[column]) for column in filled}) > 1:
            cells = "、".join(cell_name(line.number, column) for column in filled)
            raise Unreadable("conflicting_columns", f"同名的几列内容不一致({cells}),请只保留一列")
        return line[filled[0]] if filled else None

    def _peek(self, line: Line, field: Field) -> Value:
        """The first thing that a line says of a field; blank where the sheet has no column for it."""
        columns = self._layout.columns.get(field, ())
        said = (line[column.index] for column in columns)
        return next((value for value in said if not is_none_mark(value)), None)

    def _location(self, line: Line) -> Location:
        county = self._read(line, "county", _place)
        township = self._read(line, "township", _place)
        village = self._read(line, "village", _place)
        if county is None or township is None:
            return Location()
        location, troubles = self._locator.locate(self._context.place, county, township, village or "")
        if village is None:
            # Its cell was named already; without it the row is about nowhere, not about its whole township.
            location = replace(location, region=None)
            troubles = tuple(trouble for trouble in troubles if trouble.kind != "region_missing")
        for trouble in troubles:
            where = self._layout.first(trouble.field, "village", "township", "county", "number")
            self._say(line, where, trouble.kind, trouble.message)
        return location

    def _column(self, field: Field) -> int:
        """The first column of a field; column A where the sheet has none."""
        columns = self._layout.columns.get(field)
        return columns[0].index if columns else 0

    def _check_untitled(self, line: Line) -> None:
        for column, _ in line.own():
            if column not in self._titled:
                self._titled.add(column)
                self._say(line, column, "unknown_column", "该列没有表头,未读取")

    def _check_number(self, line: Line) -> None:
        if "number" not in self._layout.columns:
            return
        column = self._column("number")
        number = key_text(line[column])
        if not number:
            self._numberless.append(line.number)
        elif column in line.lent:
            self._say(line, column, "merged_number", f"与上一行合用序号 {_quotable(number)},已按单独一条问题读取")
        elif (first := self._numbers.setdefault(number, line.number)) != line.number:
            self._say(line, column, "duplicate_number", f"序号与第 {first} 行重复,已照常读取")

    def _add_to_totals(self, line: Line, money: Decimal | None) -> None:
        column = self._column("money")
        if "money" not in self._layout.columns or column in line.lent:
            return
        self._totals.add(money, whole=money is not None or is_none_mark(self._peek(line, "money")))

    def _check_total(self, line: Line) -> None:
        expected = self._totals.take(subtotal=is_subtotal(line))
        value = self._peek(line, "money")
        if expected is None or is_none_mark(value) or isinstance(value, Mark):
            return
        try:
            said = read_money(value, self._layout.money_unit)
        except Unreadable:
            return
        if said != expected:
            message = f"合计 {_amount(said)} 万元,各行相加为 {_amount(expected)} 万元,请核对"
            self._say(line, self._column("money"), "total_mismatch", message)

    def _check_claims(self, line: Line, row: Row) -> None:
        """Contradictions within a row: worth naming, and no reason to doubt how it was read."""
        columns = self._layout.columns
        closure = key_text(self._peek(line, "closure"))
        if row.closed:
            if "reviewer" in columns and is_none_mark(self._peek(line, "reviewer")):
                self._say(line, self._column("reviewer"), "closed_without_reviewer", "已销号但没有复核人签字")
            if row.status not in (None, "已完成", "已销号"):
                self._say(line, self._column("status"), "closed_but_unfinished", f"已销号但整改状态为“{row.status}”")
            if read_review(self._peek(line, "review")) is False:
                self._say(line, self._column("review"), "closed_but_rejected", "已销号但复核不通过")
        elif row.status == "已销号" and closure:
            message = "整改状态为“已销号”而销号状态不是,已按后者读取"
            self._say(line, self._column("closure"), "closure_contradicts_status", message)
        if row.done is None and row.status in ("已完成", "已销号") and self._is_blank(line, "done"):
            self._say(line, self._column("done"), "done_without_date", f"“{row.status}”但没有实际完成时间")
        if row.done is not None and row.status in ("未启动", "整改中"):
            self._say(line, self._column("done"), "unfinished_with_date", f"“{row.status}”却写有实际完成时间")
        if row.done is not None and self._context.as_of.day is not None and row.done > self._context.as_of.day:
            self._say(line, self._column("done"), "done_after_as_of", "实际完成时间晚于表中的截至日期")

    def _is_blank(self, line: Line, field: Field) -> bool:
        return field in self._layout.columns and is_none_mark(self._peek(line, field))

    def _say(self, line: Line, column: int, kind: str, message: str) -> None:
        self._problems.append(Problem(self._sheet, line.number, cell_name(line.number, column), kind, message))


@dataclass
class _Totals:
    """合计: what the issues' money adds up to, each merged amount once; null where an amount could not be read."""

    part: Decimal = Decimal(0)
    overall: Decimal = Decimal(0)
    part_whole: bool = True
    overall_whole: bool = True

    def add(self, money: Decimal | None, *, whole: bool) -> None:
        self.part += money or 0
        self.overall += money or 0
        self.part_whole &= whole
        self.overall_whole &= whole

    def take(self, *, subtotal: bool) -> Decimal | None:
        """The sum since the last subtotal, or of all lines so far."""
        whole, expected = (self.part_whole, self.part) if subtotal else (self.overall_whole, self.overall)
        self.part, self.part_whole = Decimal(0), True
        return expected if whole else None


def _description(value: Value) -> str:
    text = read_prose(value)
    if text is None:
        raise Unreadable("description_missing", "没有问题描述")
    return text


def _place(value: Value) -> str:
    """A place cell as plain text; refused where it holds a personal number, because messages repeat places."""
    if is_none_mark(value):
        return ""
    read_short(value)
    return key_text(value)


def _comparable(value: Value) -> object:
    return value if isinstance(value, Mark) else key_text(value)


def _quotable(text: str) -> str:
    """Text that a message may repeat."""
    return "…" if personal_number(text) else text[:40]


def _amount(money: Decimal | None) -> str:
    return "0" if money is None else f"{money.normalize():f}"
