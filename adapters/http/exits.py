"""退出与农户: one exit with what its signers are shown, and one household."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.ledgers import answer, told
from adapters.http.moments import AsOf, MinPosition, caught_up, moment, recorded_at
from adapters.http.problems import Problem
from adapters.http.routing import PREFIX, Told
from adapters.logging import audit
from domain.command import Act, Refused
from domain.ids import ChainId, HouseholdId
from projections.book_ledger import BookLine
from projections.exit_ledger import ExitLine
from projections.household_ledger import HouseholdLine
from projections.reading import Query, Where, find, page
from services.exits import show

MOST = 500


def exits(application: Application, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["退出"], route_class=Told)

    @router.get("/exits/{chain}", response_class=Response)
    def one_exit(request: Request, chain: Annotated[ChainId, Path()], min_position: MinPosition = None) -> Response:
        """一份退出申请

        ``shown`` is what a signature on it sends back: the position and digest of ``facts``, the positions it stands
        on. ``obstacle`` says why the rule lets nobody sign yet, where it does not.
        """
        viewer = entrance.reader(request)
        at = moment(application, None, min_position)
        try:
            showing = show(application.facts, chain, Act(viewer, application.now()))
        except Refused as refusal:
            raise Problem(404, refusal.code, refusal.sentence) from refusal
        audit("viewed", viewer=viewer, what="exit", subject=chain, as_of=showing.shown.position)
        caught_up(application, showing.shown.position)
        with application.pool.connection() as connection:
            line = find(connection, ExitLine, chain)
        why = showing.obstacle
        return answer(
            {
                "as_of": {
                    "position": showing.shown.position,
                    "recorded_at": recorded_at(application, showing.shown.position),
                },
                "line": told(line, at.day) if line else None,
                "subject": showing.subject,
                "facts": [fact.position for fact in showing.facts],
                "shown": showing.shown,
                "obstacle": {"code": why.code, "sentence": why.sentence} if why else None,
            }
        )

    @router.get("/households/{household}", response_class=Response)
    def one_household(
        request: Request,
        household: Annotated[HouseholdId, Path()],
        as_of: AsOf = None,
        min_position: MinPosition = None,
    ) -> Response:
        """一户: its line, and its three books"""
        viewer = entrance.reader(request)
        at = moment(application, as_of, min_position)
        audit("viewed", viewer=viewer, what="household", subject=household, as_of=at.position)
        with application.pool.connection() as connection:
            line = find(connection, HouseholdLine, household, as_of=at.position)
            if line is None:
                raise Problem(404, "unknown_household", "没有这户")
            asked = Query((Where("household", "eq", household),), ("due",), at.position, MOST)
            books = page(connection, BookLine, asked)
        return answer(
            {
                "as_of": {
                    "position": books.position,
                    "recorded_at": recorded_at(application, books.position),
                },
                "line": told(line, at.day),
                "books": [told(one, at.day) for one in books.lines],
            }
        )

    return router
