"""出表: the issue ledger as the closure ledger that offices print, 问题整改销号台账."""

from collections import defaultdict
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
from projections.line import L
from projections.reading import MOST, Query, Where, page, walk
from projections.rectification_ledger import RectificationLine
from projections.signoff_ledger import SignOffLine

TITLE = "问题整改销号台账"


class Workbook(NamedTuple):
    """表: its bytes, how many issues are in it, and the position that it is true of."""

    content: bytes
    rows: int
    position: int


class _Beside(NamedTuple):
    """What other ledgers say of the issues: their measures, their evidence's titles, and who checked them."""

    measures: defaultdict[Id, list[str]]
    evidence: defaultdict[Id, list[str]]
    checkers: dict[Id, str]


def issue_ledger(
    connection: Connection[Any], where: Sequence[Where], as_of: int | None, day: date, filler: str | None = None
) -> Workbook:
    """The issues that the conditions find, as of a position (now, if none), in the order of places.

    Who answers for an issue is who it was assigned to; before that, whom the workbook claimed. Closed is what was
    closed here; what a workbook claims of it stands among the remarks. Raises Refused as reading a ledger does.
    """
    position = page(connection, IssueLine, Query(where, as_of=as_of, limit=1)).position

    def every(line: type[L], *conditions: Where, order: Sequence[str] = ()) -> Iterator[L]:
        return walk(connection, line, Query(conditions, order, position, MOST))

    issues = list(every(IssueLine, *where, order=("region", "registered_at", "row_number")))
    names: dict[Id, str] = {line.id: line.name for line in every(DirectoryLine)}
    beside = _Beside(defaultdict(list), defaultdict(list), {})
    for step in every(RectificationLine):
        if step.measure:
            beside.measures[step.issue].append(step.measure)
    for file in every(EvidenceLine, order=("first_position",)):
        beside.evidence[file.subject].append(file.title)
    for chain in every(SignOffLine, Where("checked", "eq", True), order=("opened_on",)):
        if chain.checker:
            beside.checkers[chain.subject] = names.get(chain.checker, chain.checker)
    rows = [_row(number, issue, names, beside) for number, issue in enumerate(issues, start=1)]
    content = write_workbook(
        TITLE,
        CLOSURE_LEDGER_COLUMNS,
        rows,
        as_of_text=f"截至{day.year}年{day.month}月{day.day}日",
        filler=filler,
    )
    return Workbook(content, len(rows), position)


def _row(number: int, issue: IssueLine, names: Mapping[Id, str], beside: _Beside) -> dict[str, object]:
    def named(region: RegionId | None) -> str | None:
        return names.get(region, region.code) if region else None

    checker = beside.checkers.get(issue.issue)
    return {
        "number": number,
        "township": named(issue.region.at("township") or issue.region),
        "village": named(issue.region.at("village")),
        "category": issue.category,
        "source": issue.source,
        "severity": issue.severity.label,
        "description": issue.description,
        "unit": names.get(issue.unit) if issue.unit else issue.claimed_unit,
        "leader": names.get(issue.leader) if issue.leader else issue.claimed_leader,
        "person": names.get(issue.person) if issue.person else issue.claimed_person,
        "measure": ";".join(beside.measures.get(issue.issue, ())) or issue.claimed_measure,
        "due": issue.due if issue.precision == "day" and not issue.long_term else _deadline(issue),
        "done": issue.last_done_on,
        "evidence": "、".join(beside.evidence.get(issue.issue, ())),
        "review": "通过" if checker else None,
        "reviewer": checker,
        "closure": "已销号" if issue.status is Status.CLOSED else "未销号",
        "note": ";".join(_remarks(issue)),
    }


def _deadline(issue: IssueLine) -> str:
    precision = None if issue.precision == "unstated" else issue.precision
    return deadline_text(Deadline(issue.due, precision, issue.long_term))


def _remarks(issue: IssueLine) -> Iterator[str]:
    yield issue.status.label
    if issue.round > 1:
        yield f"第{issue.round}轮整改"
    if issue.withdrawn_for:
        yield f"撤销原因:{issue.withdrawn_for}"
    if issue.claimed_closed and issue.status is not Status.CLOSED:
        yield "原表填报已销号,未经本台账核实"
