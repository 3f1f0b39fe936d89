"""履职: what one person owes and has done, what everybody in a place owes, and a reverse check drawn again."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.ledgers import answer
from adapters.http.problems import Problem
from adapters.http.routing import PREFIX, Told
from adapters.logging import audit
from domain.command import Act, Refused
from domain.fact import CHINA
from domain.ids import DrawId, PersonId, RegionId
from domain.visits import Quota
from services import draws, duty

OnDay = Annotated[date | None, Query(description="哪一天所在的月、季、年;不写则为今天")]


def duties(application: Application, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["履职"], route_class=Told)

    def today(person: PersonId) -> date:
        return Act(person, application.now()).today

    def new_year(day: date) -> int:
        """The last position before the year of a day."""
        midnight = datetime.combine(day.replace(month=1, day=1), time(), CHINA)
        return application.facts.position_at(midnight - timedelta.resolution)

    @router.get("/people/{person}/duty", response_class=Response)
    def duty_of_person(request: Request, person: Annotated[PersonId, Path()], day: OnDay = None) -> Response:
        """个人履职: days in the village in the month of a day, and visits owed, covered and missing"""
        viewer = entrance.reader(request)
        audit("viewed", viewer=viewer, what="duty", subject=person)
        on = day or today(viewer)
        month, _ = duty.month_by(application.facts, person, on)
        owed = duty.owed_by(application.facts, person, on)
        return answer({"month": {**month._asdict(), "short": month.short}, "visits": told(owed)})

    @router.get("/regions/{region}/visits-owed", response_class=Response)
    def visits_owed(request: Request, region: Annotated[RegionId, Path()], day: OnDay = None) -> Response:
        """走访任务完成情况: of everybody in post there, and of the cadres paired with its households"""
        viewer = entrance.reader(request)
        audit("viewed", viewer=viewer, what="visits_owed", subject=region)
        on = day or today(viewer)
        return answer({"visits": told(duty.owed_in(application.facts, region, on, new_year=new_year(on)))})

    @router.get("/reverse-checks/{draw}/redrawing", response_class=Response)
    def redrawing(request: Request, draw: Annotated[DrawId, Path()]) -> Response:
        """复抽: draws the claims again from the facts up to the cut-off, and holds them against what was drawn"""
        viewer = entrance.reader(request)
        try:
            again = draws.redraw(application.facts, draw)
        except Refused as refusal:
            raise Problem(404, refusal.code, refusal.sentence) from refusal
        audit("viewed", viewer=viewer, what="redrawing", subject=draw)
        return answer({**again._asdict(), "holds": again.holds})

    return router


def told(quotas: Iterable[Quota]) -> list[dict[str, Any]]:
    return [
        {
            "rule": quota.rule.code,
            "title": quota.rule.title,
            "person": quota.person,
            "post": quota.post,
            "region": quota.region,
            "since": quota.since,
            "until": quota.until,
            "needed": quota.needed,
            "done": quota.done,
            "short": quota.short,
            "covered": quota.covered,
            "missing": quota.missing,
        }
        for quota in quotas
    ]
