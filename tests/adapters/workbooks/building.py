"""Workbooks built for the tests, as clerks fill them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters.regions.divisions import Divisions
from adapters.workbooks.problems import Problem
from adapters.workbooks.reader import Reading, Row, read_workbook

HUANJIANG = "451226"
LUCHUAN = "450922"
TONGYU = "220822"
XUPU = "431224"
HUAIHUA = "4312"

Cells = Sequence[Sequence[object]]


@cache
def divisions() -> Divisions:
    return Divisions.load()


@dataclass
class Page:
    """A sheet to build."""

    cells: Cells
    name: str = "问题清单"
    merges: Sequence[str] = ()
    formats: Mapping[str, str] = field(default_factory=dict)
    hidden_rows: Sequence[int] = ()
    hidden: bool = False


def book(*pages: Page, date1904: bool = False) -> bytes:
    workbook = Workbook()
    workbook.remove(workbook.active)
    if date1904:
        workbook.epoch = CALENDAR_MAC_1904
    for page in pages:
        sheet = workbook.create_sheet(page.name)
        for row, cells in enumerate(page.cells, start=1):
            for column, value in enumerate(cells, start=1):
                if value is not None:
                    sheet.cell(row, column, value)
        for cell, shown_as in page.formats.items():
            sheet[cell].number_format = shown_as
        for area in page.merges:
            sheet.merge_cells(area)
        for row in page.hidden_rows:
            sheet.row_dimensions[row].hidden = True
        if page.hidden:
            sheet.sheet_state = "hidden"
    target = BytesIO()
    workbook.save(target)
    return target.getvalue()


def with_part(content: bytes, name: str, part: bytes) -> bytes:
    """The same file with one part replaced or added."""
    target = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(target, "w", ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, part)
    return target.getvalue()


def part_of(content: bytes, name: str) -> str:
    with ZipFile(BytesIO(content)) as archive:
        return archive.read(name).decode()


def cells(text: str) -> list[object]:
    """A line's cells, written with a bar between them; nothing between two bars is a blank."""
    return [cell or None for cell in text.split("|")]


HEADER: list[object] = cells(
    "序号|乡镇|行政村|问题来源|问题类别|问题等级|问题具体描述|责任单位|责任领导|责任人|整改措施|计划资金(万元)"
    "|整改时限|整改进展|实际完成时间|复核情况|复核人签字|销号状态|备注"
)
TITLE: list[object] = ["环江毛南族自治县2019年脱贫攻坚问题清单"]
AS_OF: list[object] = ["截至2019年9月30日"]
FIRST_ROW = 4
"""Where the first issue of a ``plain_book`` stands."""

ISSUE: Mapping[str, object] = {
    "序号": 1,
    "乡镇": "川山镇",
    "行政村": "白丹村",
    "问题来源": "自查",
    "问题类别": "道路",
    "问题等级": "一般",
    "问题具体描述": "水毁路段未修复",
    "责任单位": "交通运输局",
    "责任领导": "韦志强",
    "责任人": "兰国华",
    "整改措施": "组织修复",
    "计划资金(万元)": 12.6,
    "整改时限": "2019年10月20日",
    "整改进展": "整改中",
    "销号状态": "未销号",
}


def cell_of(title: str, row: int = FIRST_ROW) -> str:
    return f"{chr(ord('A') + HEADER.index(title))}{row}"


def line(**changes: object) -> list[object]:
    """An issue's cells under HEADER, with some of them changed."""
    unknown = set(changes) - set(HEADER) - {"资金"}
    assert not unknown, unknown
    if "资金" in changes:
        changes["计划资金(万元)"] = changes.pop("资金")
    filled = {**ISSUE, **changes}
    return [filled.get(str(title)) for title in HEADER]


def plain_book(*lines: Sequence[object], **page: object) -> bytes:
    """The plainest layout: a title, an 截至 line, one header line, the issues."""
    return book(Page([TITLE, AS_OF, HEADER, *lines], **page))  # type: ignore[arg-type]


def read(content: bytes, place: str = HUANJIANG) -> Reading:
    return read_workbook(content, divisions(), place)


def read_line(**changes: object) -> tuple[Row, tuple[Problem, ...]]:
    """One issue with some cells changed, read in the plainest layout."""
    reading = read(plain_book(line(**changes)))
    assert len(reading.rows) == 1
    return reading.rows[0], reading.problems


def kinds(reading: Reading) -> list[tuple[str, str | None]]:
    return [(problem.kind, problem.cell) for problem in reading.problems]
