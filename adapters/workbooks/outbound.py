"""出表: the issue ledger as the closure ledger that offices print, 问题整改销号台账."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from psycopg import Connection

from adapters.workbooks.deadlines import Deadline, deadline_text
from adapters.workbooks.writer import CLOSURE_LEDGER_COLUMNS, write_workbook
from domain.ids import Id, RegionId
from domain.issues import Status
from projections.directory import DirectoryLine
from projections.evidence_ledger import EvidenceLine
from projections.issue_ledger import IssueLine
from projections.reading import MOST, Query, Where, page, walk
from projections.rectification_ledger import RectificationLine

TITLE = "问题整改销号台账"


class Workbook(NamedTuple):
    """表: its bytes, how many issues are in it, and the position that it is true of."""

    content: bytes
    rows: int
    position: int


def issue_ledger(
    connection: Connection[Any], where: Sequence[Where], as_of: int | None, day: date, filler: str | None = None
) -> Workbook:
    """The issues that the conditions find, as of a position (now, if none), in the order of places.

    Who answers for an issue is who it was assigned to; before that, whom the workbook claimed. Raises Refused as
    reading a ledger does.
    """
    first = page(connection, IssueLine, Query(where, ("region",), as_of, MOST))
    position = first.position
    issues = list(walk(connection, IssueLine, Query(where, ("region", "registered_at"), position, MOST)))
    names = {line.id: line.name for line in walk(connection, DirectoryLine, Query(as_of=position, limit=MOST))}
    measures: dict[str, list[str]] = {}
    for step in walk(connection, RectificationLine, Query(as_of=position, limit=MOST)):
        measures.setdefault(step.issue, []).append(step.measure)
    rows = list(_rows(issues, names, measures))
    content = write_workbook(
        f"{_place(issues, names)}{TITLE}",
        CLOSURE_LEDGER_COLUMNS,
        rows,
        as_of_text=f"截至{day.year}年{day.month}月{day.day}日",
        filler=filler,
    )
    return Workbook(content, len(rows), position)
