"""网页: all of them on one router, and the style that goes with them."""

from fastapi import APIRouter
from starlette.responses import FileResponse, Response

from adapters.bootstrap import Application
from adapters.web.access import access
from adapters.web.boards import boards
from adapters.web.imports import imports
from adapters.web.issues import issues
from adapters.web.queues import queues
from adapters.web.records import records
from adapters.web.site import STATIC, Site, Visit


def pages(application: Application) -> APIRouter:
    """Every page of the program, over an application that is open."""
    site = Site(application)
    for part in (access, queues, issues, boards, records, imports):
        part(site)
    site.page("/static/{name}", static, door="open")
    return site.router


def static(visit: Visit) -> Response:
    """A file of ours; its address carries its digest, so it may be kept for good."""
    name = visit.request.path_params["name"]
    if name not in visit.site.marks:
        return visit.site.nowhere(visit)
    return FileResponse(STATIC / name, headers={"Cache-Control": "public, max-age=31536000, immutable"})
