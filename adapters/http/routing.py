"""路由的共同之处: where the API begins, and what its description says of a route."""

from collections.abc import Callable
from inspect import cleandoc
from typing import Any, Final

from fastapi.routing import APIRoute

PREFIX: Final = "/api/v1"


class Told(APIRoute):
    """A route whose title is the first line of its function's docstring."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        given["summary"] = given.get("summary") or cleandoc(endpoint.__doc__ or "").partition("\n")[0]
        super().__init__(path, endpoint, **given)
