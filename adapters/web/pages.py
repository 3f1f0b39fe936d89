"""网页: all of them on one router, and the style that goes with them."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from adapters.bootstrap import Application
from adapters.http.problems import Problem, problem_of, response_to
from adapters.web.access import access
from adapters.web.actions import actions
from adapters.web.boards import boards
from adapters.web.cases import cases
from adapters.web.comparisons import comparisons
from adapters.web.duty import duties
from adapters.web.exits import exits
from adapters.web.households import households
from adapters.web.imports import imports
from adapters.web.issues import issues
from adapters.web.keys import keys
from adapters.web.meetings import meetings
from adapters.web.merits import merits
from adapters.web.notices import notices
from adapters.web.organisation import organisation
from adapters.web.particulars import particulars
from adapters.web.places import places
from adapters.web.pledges import pledges
from adapters.web.queues import queues
from adapters.web.records import records
from adapters.web.reverse_checks import reverse_checks
from adapters.web.site import STATIC, Site, Visit
from adapters.web.sweeps import sweeps


def pages(application: Application) -> APIRouter:
    """Every page of the program, over an application that is open."""
    site = Site(application)
    for part in (
        access,
        actions,
        queues,
        issues,
        boards,
        cases,
        organisation,
        records,
        imports,
        keys,
        duties,
        reverse_checks,
        exits,
        meetings,
        merits,
        notices,
        pledges,
        households,
        particulars,
        places,
        sweeps,
        comparisons,
    ):
        part(site)
    site.page("/static/{name}", static, door="open")
    site.page("/{elsewhere:path}", nowhere, door="open")
    return site.router


def nowhere(visit: Visit) -> Response:
    """Whatever no page has: said as a page to people, as a problem to programs."""
    problem = Problem(404, "not_found", "没有这个页面")
    if visit.request.url.path.startswith("/api/"):
        return response_to(visit.request, problem_of(HTTPException(404)))
    return visit.site.problem_page(visit, problem)


def static(visit: Visit) -> Response:
    """A file of ours; its address carries its digest, so it may be kept for good."""
    name = visit.request.path_params["name"]
    if name not in visit.site.marks:
        return nowhere(visit)
    return FileResponse(STATIC / name, headers={"Cache-Control": "public, max-age=31536000, immutable"})
