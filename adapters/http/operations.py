"""运行: whether the program lives, whether it may be sent work, and what its interface is."""

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import HTMLResponse, JSONResponse, Response

from adapters.bootstrap import Application
from adapters.http.codes import codes
from adapters.http.routing import PREFIX, Told


def operations(application: Application) -> APIRouter:
    router = APIRouter(tags=["运行"], route_class=Told)

    @router.get("/healthz")
    async def alive() -> dict[str, str]:
        """进程是否在运行"""
        return {"status": "ok"}

    @router.get("/readyz")
    def ready() -> Response:
        """能否办理业务: the database answers; how many facts each ledger is behind

        503 while the database does not answer, or a ledger is not there yet.
        """
        head = application.facts.head()
        behind = {name: head - position for name, position in application.projector.positions().items()}
        sealed = application.sealer.status()
        body = {
            "position": head,
            "behind": behind,
            "log": {
                "state": sealed.state,
                "signed": sealed.signed,
                "published": sealed.published,
                "second": sealed.second,
            },
        }
        return JSONResponse(body, 200 if behind else 503)

    return router


def interface(api: FastAPI) -> APIRouter:
    """The description of the interface, for people; ``/api/openapi.json`` has it for programs."""
    router = APIRouter(tags=["运行"], route_class=Told)

    @router.get(f"{PREFIX}/codes")
    def refusal_codes() -> list[dict[str, Any]]:
        """不予办理的代码表"""
        return [code._asdict() for code in codes()]

    @router.get("/api/docs", include_in_schema=False, response_class=HTMLResponse)
    def listing() -> str:
        return _listing(api.openapi())

    return router


def _listing(described: dict[str, Any]) -> str:
    areas: dict[str, list[str]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            row = f"<tr><td>{method.upper()}<td><code>{escape(path)}</code><td>{escape(operation.get('summary', ''))}"
            areas.setdefault(operation["tags"][0] if operation.get("tags") else "其他", []).append(row)
    tables = "".join(f"<h2>{escape(area)}</h2><table>{''.join(rows)}</table>" for area, rows in areas.items())
    return (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(described['info']['title'])}</title><h1>{escape(described['info']['title'])}</h1>"
        '<p><a href="/api/openapi.json">openapi.json</a> · <a href="/api/v1/codes">代码表</a></p>'
        f"{tables}</html>"
    )
