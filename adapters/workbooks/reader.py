"""读表: an issue-list workbook into rows and problems. Nothing is guessed: what can't be read is null and is named."""

import hashlib
from collections.abc import Iterator

import orjson

from adapters.regions.divisions import Divisions, trim
from adapters.workbooks.container import open_container
from adapters.workbooks.grid import sheets
from adapters.workbooks.places import Locator
from adapters.workbooks.problems import BadWorkbook, Problem
from adapters.workbooks.reading import Reading, Row
from adapters.workbooks.sheet import SheetReading

__all__ = ["MAX_ISSUES", "READER_VERSION", "Reading", "Row", "read_workbook"]

READER_VERSION = 1
"""Counted up whenever the same file may read differently, so that an old preview can't be confirmed."""

MAX_ISSUES = 50_000


def read_workbook(content: bytes, divisions: Divisions, place: str) -> Reading:
    """Read a workbook of issues within a county or a city (a code); raises BadWorkbook for a file refused whole."""
    locator = Locator(divisions, place)
    container = open_container(content)
    rows: list[Row] = []
    problems: list[Problem] = []
    for sheet in sheets(container):
        reading = SheetReading(sheet, locator, date1904=container.date1904)
        for row in reading.rows():
            rows.append(row)
            if len(rows) > MAX_ISSUES:
                raise BadWorkbook("too_many_rows", f"问题超过 {MAX_ISSUES} 条,请拆分后再导入")
        problems += reading.problems
    if not rows:
        raise BadWorkbook("no_issues_found", "没有找到问题清单:请确认表头含有“问题描述”等列,且表头下有内容")
    problems += _duplicates(rows)
    return Reading(_digest(content, trim(place), rows), tuple(rows), tuple(problems))


def _digest(content: bytes, place: str, rows: list[Row]) -> str:
    outcome = hashlib.sha256()
    outcome.update(orjson.dumps([READER_VERSION, hashlib.sha256(content).hexdigest(), place]))
    for row in rows:
        outcome.update(orjson.dumps([row.as_json(), row.region, row.hamlet]))
    return outcome.hexdigest()


def _duplicates(rows: list[Row]) -> Iterator[Problem]:
    """Rows that say what an earlier row said, word for word, in whatever sheet."""
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        first = seen.setdefault(row.said, row)
        if first is not row:
            where = f"第 {first.row} 行" if first.sheet == row.sheet else f"工作表“{first.sheet}”第 {first.row} 行"
            yield Problem(row.sheet, row.row, None, "duplicate_issue", f"与{where}内容完全相同,请核对是否重复填报")
