"""路由的共同之处: where the API begins, and what its description says of a route."""

from collections.abc import Awaitable, Callable
from inspect import cleandoc
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

PREFIX: Final = "/api/v1"


class Told(APIRoute):
    """A route whose title is the first line of its function's docstring."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        given["summary"] = given.get("summary") or cleandoc(endpoint.__doc__ or "").partition("\n")[0]
        super().__init__(path, endpoint, **given)


class Plain(APIRoute):
    """A route whose function reads the request itself and answers with a response: described like any other, without
    the framework's reading of parameters, which for these costs as much as the work."""

    def __init__(self, path: str, endpoint: Callable[[Request], Awaitable[Response]], **given: Any) -> None:
        super().__init__(path, endpoint, **given)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await endpoint(Request(scope, receive))
            await response(scope, receive, send)

        self.app = app
