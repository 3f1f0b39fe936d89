"""名册: the identity numbers of an outside roster (.xlsx or .csv), and the rows whose number can't be read.

Nothing else of a roster is read, and no number is ever said in a message: rows are named by sheet and line.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from adapters.workbooks.container import MAX_FILE, open_container
from adapters.workbooks.grid import Value, sheets
from adapters.workbooks.problems import BadWorkbook
from domain.ids import ImportId
from domain.vault import completed, well_formed_id_number

_HEADING: Final = re.compile(r"(?:公民|居民)?身份(?:证件?)?(?:号码?)?|证件号码?")
_ASIDE: Final = re.compile(r"\s|[(\uff08].*|\*")
_NOT_A_PERSON: Final = re.compile(r"合计|小计|总计|注[:\uff1a]|说明|备注[:\uff1a]|填表|制表|审核")
_EXACT: Final = 2**53
"""From here on a number cell has lost digits: Excel keeps fifteen of them."""


class Roster(NamedTuple):
    """名册: ``numbers`` are distinct; ``unreadable`` says where a row stands that has no readable number."""

    roster: ImportId
    numbers: tuple[str, ...]
    rows: int
    unreadable: tuple[str, ...]


class _Row(NamedTuple):
    place: str
    values: tuple[Value, ...]


def read_roster(content: bytes) -> Roster:
    """Raises BadWorkbook for a file that is no table, or has no single column of identity numbers."""
    numbers: dict[str, None] = {}
    unreadable: list[str] = []
    rows = 0
    columns = 0
    for table in _workbook(content) if content.startswith((b"PK", b"\xd0\xcf\x11\xe0")) else [_text(content)]:
        column: int | None = None
        for row in table:
            if column is None or _is_heading(row.values[column : column + 1]):
                column = _column(row) if column is None else column
                columns += column is not None
                continue
            if _nobody(row, column):
                continue
            rows += 1
            number = _number(row.values[column] if column < len(row.values) else None)
            if number is None:
                unreadable.append(row.place)
            else:
                numbers[number] = None
    if not columns:
        raise BadWorkbook("no_id_column", "没有找到身份证号一列:请确认表头写有“身份证号”或“公民身份号码”")
    if not rows:
        raise BadWorkbook("empty_roster", "名册中没有人员")
    return Roster(ImportId(f"import-{sha256(content).hexdigest()}"), tuple(numbers), rows, tuple(unreadable))


def _workbook(content: bytes) -> Iterator[Iterator[_Row]]:
    for sheet in sheets(open_container(content)):
        yield (_Row(f"{sheet.name} 第{line.number}行", tuple(line.values)) for line in sheet.rows)


def _text(content: bytes) -> Iterator[_Row]:
    if len(content) > MAX_FILE:
        raise BadWorkbook("workbook_too_large", f"文件超过 {MAX_FILE >> 20} MB,请拆分后再导入")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What Excel in China writes.
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise BadWorkbook("not_a_roster", "文件不是 .xlsx 工作簿,也不是文本表格(.csv)") from None
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        for values in reader:
            yield _Row(f"第{reader.line_num}行", tuple(value if value.strip() else None for value in values))
    except csv.Error:
        raise BadWorkbook("not_a_roster", f"文本表格第{reader.line_num}行无法读取") from None


def _column(row: _Row) -> int | None:
    found = [n for n, value in enumerate(row.values) if _is_heading((value,))]
    if len(found) > 1:
        raise BadWorkbook("ambiguous_id_column", f"{row.place}有不止一列身份证号,请只留下要比对的一列")
    return found[0] if found else None


def _is_heading(values: tuple[Value, ...]) -> bool:
    return any(isinstance(value, str) and _HEADING.fullmatch(_ASIDE.sub("", value)) for value in values)


def _nobody(row: _Row, column: int) -> bool:
    """A blank line, a total, or a note below the table."""
    said = [value for value in row.values if value is not None]
    own = row.values[column] if column < len(row.values) else None
    return not said or (own is None and isinstance(said[0], str) and bool(_NOT_A_PERSON.match(said[0].strip())))


def _number(value: Value) -> str | None:
    """The eighteen characters, if that is what stands there; of the fifteen digits of old, what they became."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(int(value)) if value < _EXACT else None
    if not isinstance(value, str):
        return None
    plain = re.sub(r"[\s'’]", "", unicodedata.normalize("NFKC", value)).upper()
    number = completed(plain) if re.fullmatch(r"\d{15}", plain) else plain
    return number if well_formed_id_number(number) else None
