"""接口: one application of the program on HTTP, its API and its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio.to_thread
import structlog
from eventsourcing.persistence import OperationalError as LogUnavailable
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Application
from adapters.evidence.store import EvidenceRefused
from adapters.http.admission import CSRF_HEADER, Entrance
from adapters.http.commands import accept_commands
from adapters.http.duty import duties
from adapters.http.exits import exits
from adapters.http.files import files
from adapters.http.keys import keys
from adapters.http.ledgers import ledgers
from adapters.http.operations import interface, operations
from adapters.http.problems import problem_of, response_to
from adapters.http.schemas import Schemas
from adapters.http.sessions import sessions
from adapters.http.subjects import subjects
from adapters.http.threshold import Threshold
from adapters.http.workbooks import workbooks
from adapters.identity.admission import NotAdmitted
from adapters.proofs.routes import router
from adapters.vault.routes import vault
from adapters.web.pages import pages
from adapters.workbooks.problems import BadWorkbook
from domain.command import Refused
from services.ledger import Conflict

_log = structlog.stdlib.get_logger("taizhang.http")

THREADS: Final = 64
"""Requests that may wait on the database at once. Each needs a thread and little else."""

_EXPECTED: Final = (
    HTTPException,
    RequestValidationError,
    ValidationError,
    Refused,
    Conflict,
    NotAdmitted,
    EvidenceRefused,
    BadWorkbook,
    PoolTimeout,
    OperationalError,
    LogUnavailable,
)
_ABOUT: Final = (
    "只追加的问责与问题台账。指令记下事实,台账由事实算出,可按任一时刻读取(`as_of`)。"
    "\n\n- 人用会话:`POST /api/v1/session` 登录,凡办理业务须带 `X-CSRF-Token`。程序用令牌:`Authorization: Bearer …`。"
    "\n- `Idempotency-Key` 使重试安全:同一键的同一请求只记录一次。"
    "\n- 不予办理时答复 `application/problem+json`,`code` 不变,`title` 给人看;代码表见 `/api/v1/codes`。"
    "\n- 台账按列筛选:`列=值`(可写多次,区划含其下各级,文字为包含),`列_from`、`列_until` 为起止,`列=` 为没有值;"
    "`next` 用作下一页的 `cursor`。"
    "\n- 金额以分为单位,日期为中国日期,个人信息不得写入。"
)


def create_api(application: Application) -> FastAPI:
    """The whole program on HTTP, over an application that is open; whoever opened it closes it."""
    schemas = Schemas()
    entrance = Entrance(application)
    api = FastAPI(title="台账", lifespan=_threads, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    api.openapi = lambda: _described(api, schemas, entrance)  # type: ignore[method-assign]
    for kind in _EXPECTED:
        api.add_exception_handler(kind, _refuse)
    accept_commands(api, application, entrance, schemas)
    api.include_router(sessions(application, entrance))
    api.include_router(files(application, entrance, schemas))
    api.include_router(workbooks(application, entrance, schemas))
    api.include_router(ledgers(application, entrance, schemas))
    api.include_router(subjects(application, entrance))
    api.include_router(exits(application, entrance))
    api.include_router(duties(application, entrance))
    api.include_router(keys(application, entrance))
    api.include_router(vault(application, entrance, schemas))
    api.include_router(router(application.log, application.recorder, entrance.reader))
    api.include_router(operations(application))
    api.include_router(interface(api))
    api.include_router(pages(application), include_in_schema=False)
    settings = application.settings
    api.add_middleware(
        Threshold,
        upload_limit=(max(24, settings.evidence_megabytes) + 1) << 20,
        https=settings.secure_cookies,
    )
    return api


@asynccontextmanager
async def _threads(_: FastAPI) -> AsyncIterator[None]:
    anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def _refuse(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status_code >= 500:
        _log.warning("unavailable", code=problem.code, why=str(error))
    return response_to(request, problem)


def _described(api: FastAPI, schemas: Schemas, entrance: Entrance) -> dict[str, Any]:
    if api.openapi_schema is None:
        described = get_openapi(title=api.title, version="1", description=_ABOUT, routes=api.routes)
        for methods in described["paths"].values():
            for operation in methods.values():
                schemas.describe(operation)
                # What the framework would say here is not what we answer.
                if "422" in operation["responses"]:
                    operation["responses"] |= schemas.refusals(401, 403, 422)
        components = described.setdefault("components", {})
        theirs = {"HTTPValidationError", "ValidationError"}
        ours = {name: part for name, part in components.get("schemas", {}).items() if name not in theirs}
        components["schemas"] = ours | schemas.components
        components["securitySchemes"] = {
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": entrance.cookie,
                "description": f"凡办理业务,另带 {CSRF_HEADER}",
            },
            "token": {"type": "http", "scheme": "bearer"},
        }
        described["security"] = [{"session": []}, {"token": []}]
        api.openapi_schema = described
    return api.openapi_schema
