"""表格: issue lists come in by way of a preview, and the ledger goes out as the form that offices print."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from adapters.asking.performing import acted
from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.commands import key_of, told
from adapters.http.files import attachment
from adapters.http.ledgers import SHELVES, answer, asked_of, filters, moment_of, named
from adapters.http.problems import Place, Problem, invalid
from adapters.http.routing import PREFIX, Told
from adapters.http.schemas import Schemas
from adapters.logging import audit
from adapters.workbooks.intake import standing_there, to_register
from adapters.workbooks.outbound import issue_ledger
from adapters.workbooks.reading import Reading
from domain.command import Act
from domain.ids import PersonId, RegionId
from domain.policy import Severity

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
AT_ONCE: Final = 2
"""Workbooks read at the same time: each may keep a core busy for seconds."""

_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "file": {"type": "string", "format": "binary"},
    "place": {"type": "string", "description": "县或市的区划代码,例如 451226"},
}
_CONFIRMING: Final[dict[str, dict[str, Any]]] = _FIELDS | {
    "digest": {"type": "string", "description": "预览给出的摘要"},
    "unstated": {"type": "string", "enum": [one.value for one in Severity], "description": "没写等级的一律按哪一级"},
}


class Sent(NamedTuple):
    """来表: a workbook and what was said with it."""

    content: bytes
    file_name: str
    place: str
    digest: str
    unstated: Severity | None


def workbooks(application: Application, entrance: Entrance, schemas: Schemas) -> APIRouter:
    router = APIRouter(prefix=PREFIX, route_class=Told)
    turns = BoundedSemaphore(AT_ONCE)

    def read(sent: Sent) -> Reading:
        with _turn(turns):
            return application.readings.of(sent.content, sent.place)

    def previewed(request: Request, form: FormData) -> Response:
        return answer(read(_sent(form)).as_json())

    def registered(request: Request, form: FormData, person: PersonId) -> Response:
        sent = _sent(form)
        act = Act(person, application.now())
        command = to_register(read(sent), sent.digest, sent.content, sent.file_name, sent.place, sent.unstated)
        standing_there(command, application.facts)
        key = key_of(request)
        outcome = acted("ImportWorkbook", command, lambda: application.ledger.execute(command, act, key), act)
        return told(outcome, {"workbook": command.workbook})

    @router.post("/imports/previews", tags=["问题登记"], response_class=Response, openapi_extra=_form(_FIELDS, schemas))
    async def preview(request: Request) -> Response:
        """预览表格

        What each row becomes and every problem, by sheet and cell; registers nothing.
        """
        await run_in_threadpool(entrance.actor, request)
        async with request.form(max_files=1, max_fields=10) as form:
            return await run_in_threadpool(previewed, request, form)

    @router.post(
        "/imports",
        tags=["问题登记"],
        status_code=201,
        response_class=Response,
        openapi_extra=_form(_CONFIRMING, schemas),
    )
    async def register(request: Request) -> Response:
        """导入问题清单

        The same file and place as previewed, with the digest that the preview gave: all of its rows or none.
        """
        person = await run_in_threadpool(entrance.actor, request)
        async with request.form(max_files=1, max_fields=10) as form:
            return await run_in_threadpool(registered, request, form, person)

    @router.get(
        "/ledgers/issues.xlsx",
        tags=["台账"],
        response_class=Response,
        openapi_extra={
            "parameters": filters(SHELVES["issues"]),
            "responses": {
                "200": {"description": "表格", "content": {XLSX: {}}},
                **schemas.refusals(401, 403, 422, 503),
            },
        },
    )
    def closure_ledger(request: Request) -> Response:
        """问题整改销号台账(表格)"""
        viewer = entrance.reader(request)
        at, _ = moment_of(application, request.query_params)
        asked = asked_of(SHELVES["issues"], request.query_params, at)
        audit("viewed", viewer=viewer, what="issues.xlsx", about=named(asked), as_of=at.position)
        with _turn(turns), application.pool.connection() as connection:
            workbook = issue_ledger(connection, asked.where, at.position, at.day)
        return Response(
            workbook.content,
            media_type=XLSX,
            headers={
                "Content-Disposition": attachment(f"问题整改销号台账-{at.day}.xlsx"),
                "X-As-Of": str(workbook.position),
            },
        )

    return router


@contextmanager
def _turn(turns: BoundedSemaphore) -> Iterator[None]:
    if not turns.acquire(timeout=10):
        raise Problem(429, "busy", "正在处理其他表格,请稍后重试")
    try:
        yield
    finally:
        turns.release()


def _sent(form: FormData) -> Sent:
    file, place, unstated = form.get("file"), str(form.get("place", "")), str(form.get("unstated", ""))
    if not isinstance(file, UploadFile):
        raise invalid(Place("file", "缺少文件"))
    if not _has_issues(place):
        raise invalid(Place("place", "应为县或市的区划代码,例如 451226"))
    grave = next((one for one in Severity if one.value == unstated), None)
    if unstated and grave is None:
        raise invalid(Place("unstated", f"不在可选范围内,应为:{'、'.join(Severity)}"))
    return Sent(
        file.file.read(),
        file.filename or "问题清单.xlsx",
        place,
        str(form.get("digest", "")),
        grave,
    )


def _has_issues(place: str) -> bool:
    try:
        return RegionId.of(place).level in ("county", "city")
    except ValueError:
        return False


def _form(fields: dict[str, dict[str, Any]], schemas: Schemas) -> dict[str, Any]:
    schema = {"type": "object", "required": [name for name in fields if name != "unstated"], "properties": fields}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}},
        "responses": schemas.refusals(401, 403, 413, 422),
    }
