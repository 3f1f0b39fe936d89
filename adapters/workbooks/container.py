"""文件检查: is a file an .xlsx workbook that is safe to hand to a parser?

The fast parser (calamine) reserves memory for the whole rectangle between the outermost cells, and aborts the process
when that fails, so two cells in opposite corners are enough to kill a server. Nothing is therefore handed to it before
every part was streamed once through expat: sizes as they are and not as declared, no DTD and so no entities, the real
extent of each sheet, well-formed XML. The same pass picks up the few things calamine does not tell: hidden rows,
formulas nobody calculated, error values, and dates shown as a month only.
"""

import posixpath
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from typing import Any
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl.utils import column_index_from_string

from adapters.workbooks.problems import BadWorkbook

MAX_FILE = 20 * 2**20
MAX_PARTS = 2_000
MAX_PART = 120 * 2**20
MAX_UNPACKED = 250 * 2**20
MAX_RATIO = 200
RATIO_MATTERS_FROM = 2**20
MAX_ROWS = 100_000
MAX_COLUMNS = 256
MAX_AREA = 3_000_000
MAX_CELLS = 5_000_000
MAX_MERGES = 100_000

_CHUNK = 2**16
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DIRECTORY_ENTRY = b"PK\x01\x02"
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"
# Formats that Excel ships in its Chinese edition and that show year and month only.
_MONTH_FORMATS = frozenset({17, 27, 36, 50, 52, 57})
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')

Attributes = Mapping[str, str]
Start = Callable[[str, Attributes], None]


class Mark(Enum):
    """What is peculiar about a cell that its value does not tell."""

    ERROR = "error"
    UNCALCULATED = "uncalculated"
    MONTH = "month"


@dataclass
class SheetFacts:
    """What one pass over a sheet's XML tells besides the values. Rows and columns count from 0."""

    rows: int = 0
    columns: int = 0
    hidden_rows: list[int] = field(default_factory=list)
    marks: dict[tuple[int, int], Mark] = field(default_factory=dict)


@dataclass(frozen=True)
class Container:
    """A workbook's file that may be parsed: its sheets' facts in the workbook's order."""

    content: bytes
    sheets: tuple[SheetFacts, ...]
    date1904: bool


def open_container(content: bytes) -> Container:
    """Check a file and return what the parser will not tell about it; raises BadWorkbook."""
    _refuse_other_formats(content)
    try:
        with ZipFile(BytesIO(content)) as archive:
            parts = _parts(archive)
            return _inspect(archive, parts, content)
    except (BadZipFile, zlib.error, EOFError, expat.ExpatError, NotImplementedError, ValueError) as cause:
        raise BadWorkbook(
            "not_a_workbook", "文件已损坏或不是 Excel 工作簿(.xlsx),请用 Excel 或 WPS 重新另存后再试"
        ) from cause


def _refuse_other_formats(content: bytes) -> None:
    if len(content) > MAX_FILE:
        raise BadWorkbook("workbook_too_large", f"文件超过 {MAX_FILE >> 20} MB,请拆分后再导入")
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise BadWorkbook("encrypted_workbook", "工作簿设有打开密码,请取消密码后再导入")
        if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
            raise BadWorkbook("old_xls", "这是旧版 .xls 文件,请另存为 .xlsx 后再导入")
    if not content.startswith(b"PK"):
        raise BadWorkbook("not_a_workbook", "文件不是 Excel 工作簿(.xlsx)")
    # Counted before the directory is read, since reading it takes memory for each entry.
    if content.count(_DIRECTORY_ENTRY) > MAX_PARTS:
        raise BadWorkbook("workbook_hostile", "文件内部部件过多,已拒绝打开")


def _parts(archive: ZipFile) -> dict[str, ZipInfo]:
    """The archive's parts by lower-case name, once their number and declared sizes are bearable."""
    entries = archive.infolist()
    parts = {entry.filename.replace("\\", "/").lower(): entry for entry in entries}
    if len(parts) != len(entries):
        raise BadWorkbook("workbook_hostile", "文件内部有重名部件,已拒绝打开")
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadWorkbook("encrypted_workbook", "文件已加密,请取消密码后再导入")
    if _WORKBOOK not in parts:
        raise BadWorkbook("not_a_workbook", "文件不是 Excel 工作簿(.xlsx),请用 Excel 或 WPS 另存为 .xlsx 后再导入")
    for entry in entries:
        swollen = entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        if entry.file_size > MAX_PART or (entry.file_size > RATIO_MATTERS_FROM and swollen):
            raise BadWorkbook("workbook_hostile", "文件解压后异常膨胀,疑似压缩炸弹,已拒绝打开")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise BadWorkbook("workbook_hostile", "文件解压后异常膨胀,疑似压缩炸弹,已拒绝打开")
    return parts


def _inspect(archive: ZipFile, parts: Mapping[str, ZipInfo], content: bytes) -> Container:
    styles = _Styles()
    if _STYLES in parts:
        _stream(archive, parts[_STYLES], styles.start)
    book, relations = _Book(), _Relations()
    _stream(archive, parts[_WORKBOOK], book.start)
    if _RELATIONS in parts:
        _stream(archive, parts[_RELATIONS], relations.start)
    # Every other part is passed through too: which of them the parser will follow is its own decision.
    scanned: dict[str, SheetFacts] = {}
    for name, entry in parts.items():
        if name.endswith((".xml", ".rels")) and name not in (_STYLES, _WORKBOOK, _RELATIONS):
            scan = _SheetScan(styles.month_only())
            _stream(archive, entry, scan.start, scan)
            scanned[name] = scan.finish()
    targets = [relations.targets.get(each, "") for each in book.sheets]
    if not targets or any(target not in scanned for target in targets) or not relations.plain:
        raise BadWorkbook("not_a_workbook", "工作簿内部缺少工作表,请用 Excel 或 WPS 重新另存后再试")
    return Container(content, tuple(scanned[target] for target in targets), book.date1904)


def _stream(archive: ZipFile, entry: ZipInfo, start: Start, scan: "_SheetScan | None" = None) -> None:
    """Feed one part to expat in pieces, refusing DTDs; element names lose their namespace prefix."""
    parser = expat.ParserCreate()

    def refuse_dtd(*_: object) -> None:
        raise BadWorkbook("workbook_hostile", "文件内含有不允许的 XML 实体定义,已拒绝打开")

    def begin(name: str, attributes: dict[str, str]) -> None:
        start(name if ":" not in name else name.rpartition(":")[2], attributes)

    parser.StartDoctypeDeclHandler = refuse_dtd
    parser.StartElementHandler = begin
    if scan is not None:
        scan.parser = parser
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            parser.Parse(piece, False)
    parser.Parse(b"", True)


class _Book:
    """xl/workbook.xml: the sheets' relation ids in order, and the date system."""

    def __init__(self) -> None:
        self.sheets: list[str] = []
        self.date1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet":
            self.sheets.append(next((value for key, value in attributes.items() if key.rpartition(":")[2] == "id"), ""))
        elif name == "workbookPr":
            self.date1904 = attributes.get("date1904", "0") in ("1", "true")


class _Relations:
    """xl/_rels/workbook.xml.rels: which part a relation id means."""

    def __init__(self) -> None:
        self.targets: dict[str, str] = {}
        self.plain = True

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship":
            return
        target = posixpath.normpath(posixpath.join("/xl", attributes.get("Target", "").replace("\\", "/")))
        identity = attributes.get("Id", "")
        if attributes.get("Type", "").endswith("sheet"):
            # One id, one part, and a part that was looked at.
            self.plain &= target.lower().endswith(".xml") and identity not in self.targets
        self.targets.setdefault(identity, target.lstrip("/").lower())


class _Styles:
    """xl/styles.xml: which cell styles show a date as a month only."""

    def __init__(self) -> None:
        self._formats: dict[int, bool] = {}
        self._styles: list[int] = []
        self._inside = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt":
            self._formats[int(attributes.get("numFmtId", "0"))] = shows_month_only(attributes.get("formatCode", ""))
        elif name in ("cellStyleXfs", "cellXfs", "cellStyles", "dxfs"):
            self._inside = name
        elif name == "xf" and self._inside == "cellXfs":
            self._styles.append(int(attributes.get("numFmtId", "0")))

    def month_only(self) -> frozenset[str]:
        """The style indexes, as cells write them."""
        return frozenset(
            str(index) for index, code in enumerate(self._styles) if self._formats.get(code, code in _MONTH_FORMATS)
        )


def shows_month_only(code: str) -> bool:
    """Whether a number format shows year and month and no day (``yyyy"年"m"月"``)."""
    shown = _QUOTED.sub("", code.split(";")[0]).lower()
    return "y" in shown and "m" in shown and "d" not in shown and "h" not in shown and "s" not in shown


class _SheetScan:
    """One pass over a part that may be a sheet."""

    def __init__(self, month_styles: frozenset[str]) -> None:
        self.parser: Any = None
        self._facts = SheetFacts()
        self._month_styles = month_styles
        self._columns: dict[str, int] = {}
        self._row = -1
        self._column = -1
        self._elements = {"row": 0, "c": 0, "mergeCell": 0}
        self._formula = False
        self._kind = ""
        self._style = ""
        self._valued = True
        self._start: dict[str, Start] = {
            "row": self._begin_row,
            "c": self._begin_cell,
            "f": self._begin_formula,
            "v": self._begin_value,
            "t": self._begin_value,
            "mergeCell": self._count,
        }

    def start(self, name: str, attributes: Attributes) -> None:
        if (begin := self._start.get(name)) is not None:
            if name in self._elements:
                self._elements[name] += 1
            begin(name, attributes)
        elif self._formula and name != "is":
            self._end_cell()

    def finish(self) -> SheetFacts:
        self._end_cell()
        return self._facts

    def _begin_row(self, _: str, attributes: Attributes) -> None:
        self._end_cell()
        self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
        self._column = -1
        if self._elements["row"] > MAX_ROWS:
            raise BadWorkbook("too_many_rows", f"工作表超过 {MAX_ROWS} 行(含只有格式的空行),请删除多余空行后再导入")
        if attributes.get("hidden") in ("1", "true"):
            self._facts.hidden_rows.append(self._row)

    def _begin_cell(self, _: str, attributes: Attributes) -> None:
        self._end_cell()
        if (reference := attributes.get("r")) is not None:
            letters = reference.rstrip("0123456789")
            if (column := self._columns.get(letters)) is None:
                column = self._columns[letters] = column_index_from_string(letters) - 1
            self._column = column
            if digits := reference[len(letters) :]:
                self._row = int(digits) - 1
        else:
            self._column += 1
        if self._elements["c"] > MAX_CELLS:
            raise BadWorkbook("workbook_too_large", "工作表单元格过多,请拆分后再导入")
        self._kind = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._formula = self._valued = False

    def _begin_formula(self, _: str, __: Attributes) -> None:
        self._formula = True

    def _begin_value(self, _: str, __: Attributes) -> None:
        if self._formula and self._kind != "str":
            # Some programs write an empty <v/> after a formula they never calculated.
            self.parser.CharacterDataHandler = self._value_text
        else:
            self._value()

    def _value_text(self, text: str) -> None:
        if text.strip():
            self._value()

    def _value(self) -> None:
        self._valued = True
        self._reach(self._row, self._column)
        if self._kind == "e":
            self._facts.marks[self._row, self._column] = Mark.ERROR
        elif self._kind == "n" and self._style in self._month_styles:
            self._facts.marks[self._row, self._column] = Mark.MONTH

    def _end_cell(self) -> None:
        if self._formula:
            if self.parser is not None:
                self.parser.CharacterDataHandler = None
            if not self._valued:
                self._facts.marks[self._row, self._column] = Mark.UNCALCULATED
                self._reach(self._row, self._column)
            self._formula = False

    def _reach(self, row: int, column: int) -> None:
        facts = self._facts
        if row < facts.rows and column < facts.columns:
            return
        facts.rows, facts.columns = max(facts.rows, row + 1), max(facts.columns, column + 1)
        if facts.rows > MAX_ROWS:
            raise BadWorkbook("too_many_rows", f"第 {facts.rows} 行仍有内容,超过 {MAX_ROWS} 行,请删除多余行后再导入")
        if facts.columns > MAX_COLUMNS:
            raise BadWorkbook("too_many_columns", f"工作表超过 {MAX_COLUMNS} 列仍有内容,请删除多余列后再导入")
        if facts.rows * facts.columns > MAX_AREA:
            raise BadWorkbook("workbook_too_large", "工作表范围过大,请删除表格以外的零散内容后再导入")

    def _count(self, _: str, __: Attributes) -> None:
        if self._elements["mergeCell"] > MAX_MERGES:
            raise BadWorkbook("workbook_hostile", "工作表合并单元格数量异常,已拒绝打开")
