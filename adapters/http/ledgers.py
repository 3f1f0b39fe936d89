"""台账接口: one address for every ledger. What can be filtered by follows from a line's columns.

- any column: ``name=value``, several times for any of several values; a region asks for everything below it as well,
  a list for lines that hold any of the values, free text for lines that contain it; ``name=`` for lines without one;
- dates, moments and numbers: ``name_from`` and ``name_until``, both included;
- ``overdue=true`` where a line has a time by which it should be done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

import orjson
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.moments import Moment, moment, recorded_at
from adapters.http.problems import Place, invalid
from adapters.http.routing import PREFIX
from adapters.http.schemas import REF, Schemas
from adapters.logging import audit
from domain.command import refuse
from domain.ids import Id, RegionId
from domain.issues import Status
from projections.book_ledger import BookLine
from projections.case_ledger import CaseLine
from projections.charge_ledger import ChargeLine
from projections.commendation_ledger import CommendationLine
from projections.comparison_ledger import ComparisonLine, ContradictionLine
from projections.decision_ledger import DecisionLine
from projections.directory import DirectoryLine
from projections.duty_ledger import DayLine
from projections.escalation_ledger import EscalationLine
from projections.evidence_ledger import EvidenceLine
from projections.exit_ledger import ExitLine
from projections.household_ledger import HouseholdLine
from projections.indicator_ledger import IndicatorLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.key_ledger import KeyLine
from projections.leave_ledger import LeaveLine
from projections.line import Column, Line
from projections.measure_ledger import MeasureLine
from projections.notice_ledger import NoticeLine
from projections.pledge_ledger import PledgeLine
from projections.post_ledger import PostLine
from projections.ranking_board import BoardLine, EditionLine
from projections.reading import Query, Where, count, page
from projections.rectification_ledger import RectificationLine
from projections.responsibility_ledger import ResponsibilityLine
from projections.reverse_check_ledger import ClaimLine
from projections.signature_ledger import SignatureLine
from projections.signoff_ledger import SignOffLine
from projections.sweep_ledger import FindingLine, SweepLine
from projections.village_ledger import VillageLine
from projections.visit_ledger import VisitLine

MOST: Final = 500
"""Lines in a page."""

_RANGED: Final = ("bigint", "date", "timestamptz")
_MEANS: Final = {
    "limit": f"每页行数,1至{MOST},默认50",
    "cursor": "翻页标记:上一页的 next",
    "order": "排序的列,倒序加 -,可写多次",
    "as_of": "截至:事实序号,或带时区的时刻,或中国日期(含当日);不写则为现在",
    "min_position": "至少读到此序号:写入后带上所得序号,即可看到自己所写",
    "count": "true 则另给总行数",
    "overdue": "true 则只要逾期未办的",
}


class Shelf(NamedTuple):
    """一本台账: its line, and what it means there to be overdue at a moment."""

    line: type[Line]
    overdue: Callable[[Moment], tuple[Where, ...]] | None = None


def _issues_overdue(at: Moment) -> tuple[Where, ...]:
    undone = (Status.NOT_STARTED, Status.RECTIFYING, Status.PARTLY_DONE)
    return (Where("due", "before", at.day), Where("status", "in", undone))


def _measures_overdue(at: Moment) -> tuple[Where, ...]:
    return (Where("due", "before", at.day), Where("done_on", "null", True), Where("withdrawn", "eq", False))


def _answers_overdue(at: Moment) -> tuple[Where, ...]:
    return (Where("answer_due", "before", at.at), Where("answered", "eq", False))


def _books_overdue(at: Moment) -> tuple[Where, ...]:
    return (Where("due", "before", at.day), Where("status", "eq", "open"))


def _clues_overdue(at: Moment) -> tuple[Where, ...]:
    return (Where("clue_due", "before", at.day),)


def _decisions_overdue(at: Moment) -> tuple[Where, ...]:
    return (Where("due", "before", at.day), Where("settled_on", "null", True))


SHELVES: Final[Mapping[str, Shelf]] = {
    "issues": Shelf(IssueLine, _issues_overdue),
    "rectification": Shelf(RectificationLine, _measures_overdue),
    "evidence": Shelf(EvidenceLine),
    "signoffs": Shelf(SignOffLine),
    "signatures": Shelf(SignatureLine),
    "escalations": Shelf(EscalationLine, _answers_overdue),
    "responsibilities": Shelf(ResponsibilityLine),
    "posts": Shelf(PostLine),
    "keys": Shelf(KeyLine),
    "directory": Shelf(DirectoryLine),
    "boards": Shelf(BoardLine),
    "editions": Shelf(EditionLine),
    "cases": Shelf(CaseLine),
    "measures": Shelf(MeasureLine),
    "commendations": Shelf(CommendationLine),
    "notices": Shelf(NoticeLine),
    "households": Shelf(HouseholdLine, _clues_overdue),
    "villages": Shelf(VillageLine),
    "books": Shelf(BookLine, _books_overdue),
    "indicators": Shelf(IndicatorLine),
    "exits": Shelf(ExitLine),
    "sweeps": Shelf(SweepLine),
    "findings": Shelf(FindingLine),
    "comparisons": Shelf(ComparisonLine),
    "contradictions": Shelf(ContradictionLine),
    "days": Shelf(DayLine),
    "leaves": Shelf(LeaveLine),
    "visits": Shelf(VisitLine),
    "charges": Shelf(ChargeLine),
    "decisions": Shelf(DecisionLine, _decisions_overdue),
    "reverse_checks": Shelf(ClaimLine),
    "pledges": Shelf(PledgeLine),
}


@dataclass(frozen=True)
class Asked:
    """查询: what an address asks of a ledger."""

    where: tuple[Where, ...]
    order: tuple[str, ...]
    limit: int
    count: bool


def ledgers(application: Application, entrance: Entrance, schemas: Schemas) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["台账"])
    for name, shelf in SHELVES.items():
        _shelve(router, application, entrance, schemas, name, shelf)
    return router


def _shelve(
    router: APIRouter, application: Application, entrance: Entrance, schemas: Schemas, name: str, shelf: Shelf
) -> None:
    def endpoint(request: Request) -> Response:
        viewer = entrance.reader(request)
        at, cursor = moment_of(application, request.query_params)
        asked = asked_of(shelf, request.query_params, at)
        audit("viewed", viewer=viewer, what=name, about=named(asked), as_of=at.position)
        query = Query(asked.where, asked.order, at.position, asked.limit, cursor)
        with application.pool.connection() as connection:
            found = page(connection, shelf.line, query)
            total = count(connection, shelf.line, asked.where, found.position) if asked.count else None
        body: dict[str, Any] = {
            "as_of": {"position": found.position, "recorded_at": recorded_at(application, found.position)},
            "lines": [told(line, at.day) for line in found.lines],
            "next": f"{int(at.at.timestamp() * 1e6)}.{found.next}" if found.next else None,
        }
        if total is not None:
            body["count"] = total
        return answer(body)

    router.add_api_route(
        f"/ledgers/{name}",
        endpoint,
        methods=["GET"],
        name=f"ledger_{name}",
        operation_id=f"ledger_{name}",
        summary=shelf.line.label,
        description=(shelf.line.__doc__ or "").partition("\n")[2].strip(),
        response_class=Response,
    )
    schemas.later(f"ledger_{name}", lambda: _described(shelf, schemas))


def moment_of(application: Application, given: QueryParams) -> tuple[Moment, str | None]:
    """When is to be read, and where the walk stands. A cursor carries the moment of its first page: what was overdue
    then stays so to the last."""
    least = given.get("min_position")
    if least is not None and not _number(least):
        raise invalid(Place("min_position", "应为整数"))
    if (cursor := given.get("cursor")) is None:
        return moment(application, given.get("as_of"), int(least) if least else None), None
    stamp, _, place = cursor.partition(".")
    if not _number(stamp):
        refuse("bad_cursor", "翻页标记无效,请从第一页重新查询")
    at = datetime.fromtimestamp(min(int(stamp) / 1e6, application.now().timestamp()), UTC)
    return Moment(None, at), place


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def asked_of(shelf: Shelf, given: QueryParams, at: Moment) -> Asked:
    """What an address asks. Raises Problem for what no ledger understands; the rest is refused where it is read."""
    columns = {column.name: column for column in shelf.line.columns}
    where: list[Where] = []
    unknown: list[Place] = []
    for key in dict.fromkeys(given.keys()):
        values = given.getlist(key)
        if key in _MEANS and not (key == "overdue" and shelf.overdue is None):
            continue
        found = _where(columns, key, values)
        if found is None:
            unknown.append(Place(key[:60], "没有此项,请核对名称"))
        else:
            where.append(found)
    if unknown:
        raise invalid(*unknown)
    if shelf.overdue and _flag(given, "overdue"):
        where.extend(shelf.overdue(at))
    return Asked(tuple(where), tuple(given.getlist("order")), _limit(given), _flag(given, "count"))


def _where(columns: Mapping[str, Column], key: str, values: list[str]) -> Where | None:
    if (column := columns.get(key)) is not None:
        if values == [""] and column.nullable:
            return Where(key, "null", True)
        if column.many:
            return Where(key, "any", values)
        if not column.scalar:
            return None
        if _is_region(column):
            return Where(key, "within", values)
        if _is_text(column):
            return Where(key, "contains", values[0])
        return Where(key, "in", values)
    name, _, bound = key.rpartition("_")
    if (column := columns.get(name)) is not None and column.sql in _RANGED:
        match bound:
            case "from":
                return Where(name, "from", values[0])
            case "until":
                return Where(name, "until", values[0])
    return None


def _limit(given: QueryParams) -> int:
    text = given.get("limit", "50")
    if not (_number(text) and 1 <= int(text) <= MOST):
        raise invalid(Place("limit", f"应为1至{MOST}的整数"))
    return int(text)


def _flag(given: QueryParams, name: str) -> bool:
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(Place(name, "应为 true 或 false"))
    return text == "true"


def named(asked: Asked) -> list[str]:
    """The people, units and places an address asks about: nothing else of it is kept."""
    values = (value for where in asked.where for value in (where.value if isinstance(where.value, list) else ()))
    return [value for value in values if str(value).startswith(("person-", "unit-", "region-"))]


def _is_region(column: Column) -> bool:
    return column.load is RegionId


def _is_text(column: Column) -> bool:
    return column.scalar and column.parser.json_schema() == {"type": "string"}


# What lines look like outside


def told(line: Line, day: date) -> dict[str, Any]:
    """The line's columns, and what of it depends on the day."""
    body: dict[str, Any] = _plain(line)
    if isinstance(line, IssueLine):
        body["overdue_days"] = overdue_days(line, day)
    return body


def answer(body: Any) -> Response:
    return Response(orjson.dumps(body, default=_plain, option=orjson.OPT_UTC_Z), media_type="application/json")


def _plain(value: Any) -> Any:
    match value:
        case Line():
            return {name: getattr(value, name) for name in value.names}
        case BaseModel():
            return value.model_dump(mode="json")
        case Id():
            return str(value)
        case tuple() if hasattr(value, "_asdict"):
            return value._asdict()
        case frozenset():
            return sorted(value)
    raise TypeError


def _described(shelf: Shelf, schemas: Schemas) -> dict[str, Any]:
    """What OpenAPI says of a ledger's route, which reads its own parameters."""
    page = {"application/json": {"schema": _page_schema(shelf.line, schemas)}}
    return {
        "parameters": filters(shelf),
        "responses": {"200": {"description": "一页", "content": page}, **schemas.refusals(401, 403, 422, 503)},
    }


def filters(shelf: Shelf) -> list[dict[str, Any]]:
    """What OpenAPI says of the parameters that ``asked_of`` reads."""
    parameters = [
        _parameter(name, {"type": "string"}, means)
        for name, means in _MEANS.items()
        if name != "overdue" or shelf.overdue
    ]
    for column in shelf.line.columns:
        if not (column.scalar or column.many):
            continue
        schema = {"type": "array", "items": _schema(column)}
        parameters.append(_parameter(column.name, schema, "含其下各级" if _is_region(column) else ""))
        if column.sql in _RANGED:
            parameters.append(_parameter(f"{column.name}_from", _schema(column), "自(含)"))
            parameters.append(_parameter(f"{column.name}_until", _schema(column), "至(含)"))
    return parameters


def _parameter(name: str, schema: dict[str, Any], means: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": means, "schema": schema}


def _schema(column: Column) -> dict[str, Any]:
    return column.parser.json_schema() if column.scalar else {"type": "string"}


def _page_schema(line: type[Line], schemas: Schemas) -> dict[str, Any]:
    columns = {}
    for column in line.columns:
        schema = schemas.hoisted(column.parser.json_schema(ref_template=REF))
        columns[column.name] = {"anyOf": [schema, {"type": "null"}]} if column.nullable else schema
    return {
        "type": "object",
        "required": ["as_of", "lines", "next"],
        "properties": {
            "as_of": schemas.refer("AsOf"),
            "lines": {"type": "array", "items": {"type": "object", "title": line.label, "properties": columns}},
            "next": {"type": ["string", "null"], "description": "下一页的 cursor"},
            "count": {"type": "integer"},
        },
    }
