"""门槛: what every request passes on its way in and out, page or API alike: its number, its size, its line in the
log, and the headers that keep browsers from being used against their owners."""

import re
from time import perf_counter
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.http.problems import Problem, problem_of, response_to
from adapters.logging import in_request

TEXT_LIMIT: Final = 1 << 20
"""Bytes of a body that is read whole: JSON, or a form without files."""

_SANE = re.compile(r"[0-9A-Za-z._-]{8,64}")
_READ_WHOLE: Final = ("application/json", "application/x-www-form-urlencoded", "")
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
_HTTPS_ONLY: Final = {"strict-transport-security": "max-age=31536000"}

_log = structlog.stdlib.get_logger("taizhang.access")


class Threshold:
    """``upload_limit`` in bytes is for files; what is read whole may have no more than TEXT_LIMIT."""

    def __init__(self, app: ASGIApp, *, upload_limit: int, https: bool) -> None:
        self.app = app
        self.upload_limit = upload_limit
        headers = _HEADERS | (_HTTPS_ONLY if https else {})
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = scope["request_id"] = given if _SANE.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})
        status = 0

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(header for header in self.headers if header[0] not in given),
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        with in_request(request_id):
            try:
                await self.app(scope, self.measured(headers, receive), out)
            except ClientDisconnect:
                # Nobody is left to be told.
                status = status or 499
            except Exception as error:
                problem = problem_of(error)
                if problem.status_code >= 500:
                    _log.exception("failed", route=_route(scope))
                if status:
                    raise
                await response_to(Request(scope), problem)(scope, receive, out)
            finally:
                _log.info(
                    "served",
                    method=scope["method"],
                    route=_route(scope),
                    status=status,
                    ms=round((perf_counter() - began) * 1000, 1),
                    person=scope["state"].get("person"),
                )

    def measured(self, headers: Headers, receive: Receive) -> Receive:
        """``receive``, which raises Problem 413 as soon as it is clear that too much is coming."""
        whole = headers.get("content-type", "").partition(";")[0].strip().lower() in _READ_WHOLE
        limit = TEXT_LIMIT if whole else self.upload_limit
        declared = headers.get("content-length", "")
        come = int(declared) if declared.isdecimal() and len(declared) < 19 else 0
        too_large = Problem(413, "too_large", f"请求内容过大,最多{limit >> 20}MB", headers={"Connection": "close"})

        async def within() -> Message:
            nonlocal come
            if come > limit:
                raise too_large
            message = await receive()
            if not declared:
                come += len(message.get("body", b""))
                if come > limit:
                    raise too_large
            return message

        return within


def _route(scope: Scope) -> str:
    """The template, not the path: ids of people stand in paths."""
    return str(getattr(scope.get("route"), "path", "-"))
