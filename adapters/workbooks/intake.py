"""收表: from what a workbook was read as to the command that registers it.

A preview needs no ledger. Registering does: the digest that was previewed, no blocking problem, and a ledger in which
every place of the rows stands.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Literal

from pydantic import ValidationError

from adapters.workbooks.deadlines import Precision
from adapters.workbooks.problems import BadWorkbook, Problem
from adapters.workbooks.reader import Reading, Row
from domain.command import About, refuse
from domain.ids import ImportId, RegionId
from domain.issues import Deadline, WorkbookImported
from domain.policy import Severity
from domain.posts import LedgerOpened
from domain.regions import LIFE, latest
from domain.registration import ImportedIssue, ImportWorkbook
from services.ledger import FactStore

UNSTATED = "未写明"
"""What is recorded where a form has no 问题类别 or 问题来源: that it says nothing."""

_SHOWN = 5


def to_register(
    reading: Reading, digest: str, content: bytes, file_name: str, place: str, unstated: Severity | None = None
) -> ImportWorkbook:
    """The command that registers what was previewed, as it was previewed.

    ``unstated`` is the gravity that whoever confirms gives the rows without one; nothing gives them one otherwise.
    Raises Refused ``digest_differs``, ``workbook_has_problems`` or ``severity_missing``.
    """
    if digest.strip().casefold() != reading.digest:
        refuse(
            "digest_differs", f"所确认的摘要与本次预览不符(本次为{reading.digest}):文件或地区有变化,请重新预览后再确认"
        )
    if reading.blocking:
        refuse(
            "workbook_has_problems",
            f"有{len(reading.blocking)}处问题须先更正:{_told(place_of(one) for one in reading.blocking)}",
        )
    ungraded = [row for row in reading.rows if row.severity is None]
    if ungraded and unstated is None:
        refuse(
            "severity_missing",
            f"有{len(ungraded)}条没有写问题等级:{_told(f'“{row.sheet}”第{row.row}行' for row in ungraded)};"
            "请在表中补上,或在确认时指明一律按哪一级登记",
        )
    return ImportWorkbook(
        workbook=ImportId(f"import-{reading.digest}"),
        region=RegionId.of(place),
        file_name=file_name[-200:],
        file_digest=sha256(content).hexdigest(),
        rows=tuple(imported(row, unstated) for row in reading.rows),
    )


def imported(row: Row, unstated: Severity | None = None) -> ImportedIssue:
    """The row as the ledger takes it: money in 分, the gravity by its name in facts, 屯 and 组 before the description.

    Raises BadWorkbook ``row_not_registrable`` for what the reader let pass and the ledger does not take.
    """
    try:
        return ImportedIssue(
            sheet=row.sheet,
            row=row.row,
            region=_region(row.region or ""),
            category=row.category or UNSTATED,
            source=row.source or UNSTATED,
            severity=severity_named(row.severity) if row.severity or unstated is None else unstated,
            description=f"{row.hamlet}:{row.description}" if row.hamlet else row.description or "",
            deadline=_deadline(row.due, row.due_precision or "unstated", row.long_term),
            planned_funds=row.money_fen,
            unit=row.unit,
            leader=row.leader,
            person=row.person,
            measure=row.measure,
            status=row.status,
            done_on=row.done,
            closed=bool(row.closed),
        )
    except (ValidationError, ValueError) as error:
        raise BadWorkbook("row_not_registrable", f"“{row.sheet}”第{row.row}行不能登记,请核对后再导入") from error


# A long list names the same few places and days over and over: one of each is enough.
_region = lru_cache(4096)(RegionId.of)


@lru_cache(4096)
def _deadline(due: date | None, precision: Precision | Literal["unstated"], long_term: bool) -> Deadline:
    return Deadline(due=due, precision=precision, long_term=long_term)


def severity_named(label: str | None) -> Severity:
    """一般, 较重 or 重大. Raises ValueError for another word, or none."""
    for severity in Severity:
        if severity.label == label:
            return severity
    raise ValueError(f"not a severity: {label}")


def standing_there(command: ImportWorkbook, facts: FactStore) -> None:
    """Refuses what the command alone can't see: a county that nobody opened (``county_not_open``), places that the
    ledger does not know (``region_not_established``), with the rows they are in, and a file that was imported before as
    another reading, say of the city and now of the county (``file_already_imported``)."""
    for county in sorted({row.region.at("county") or row.region for row in command.rows}):
        above = [region for level in ("county", "city") if (region := county.at(level))]
        if not facts.read([About(region, (LedgerOpened,)) for region in above]).facts:
            refuse("county_not_open", f"{county.code}尚未建台,请先运行 taizhang open --county {county.code} 建台")
    places = sorted({row.region for row in command.rows})
    known = facts.read([About(place, LIFE) for place in places]).facts
    unknown = {place for place in places if latest(known, place) is None}
    if unknown:
        rows = (f"“{row.sheet}”第{row.row}行({row.region.code})" for row in command.rows if row.region in unknown)
        refuse(
            "region_not_established",
            f"有{len(unknown)}个区划不在台账中:{_told(rows)};请先运行 taizhang regions load 载入区划",
        )
    for fact in facts.facts((WorkbookImported,)):
        match fact.event:
            case WorkbookImported(file_digest=command.file_digest, workbook=earlier) if earlier != command.workbook:
                refuse("file_already_imported", f"同一文件已于{fact.on.isoformat()}按另一地区或另一次读取登记过")


def place_of(problem: Problem) -> str:
    """Where a problem is, and what it is, for a person."""
    cell = problem.cell or (f"第{problem.row}行" if problem.row else "")
    return f"“{problem.sheet}”{cell}:{problem.message}"


def _told(sentences: Iterable[str]) -> str:
    """The first few, and that there are more."""
    every: Sequence[str] = list(islice(sentences, _SHOWN + 1))
    return ";".join(every[:_SHOWN]) + (" 等" if len(every) > _SHOWN else "")
