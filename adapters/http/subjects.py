"""所问: one issue, one person's or unit's record, what waits for me, and the facts behind any of it."""

from collections.abc import Iterable
from dataclasses import fields
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from adapters.asking.hearings import hearings
from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.ledgers import answer, told
from adapters.http.moments import AsOf, MinPosition, Moment, caught_up, moment, recorded_at
from adapters.http.problems import Place, Problem, invalid
from adapters.http.routing import PREFIX, Told
from adapters.logging import audit
from domain.command import About, Act, Refused
from domain.fact import Past, Recorded
from domain.ids import EditionId, Id, IssueId, PersonId, RegionId, UnitId, kinds
from domain.posts import TENURE, held
from domain.signoff import shown_of
from projections.accountability_record import Record, record
from projections.issue_ledger import IssueLine
from projections.line import Line
from projections.reading import find
from projections.waiting import Waiter, to_report, waiting
from services import ranking

MOST: Final = 200
"""Lines of each kind in a queue, facts in a page of a timeline."""


def subjects(application: Application, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix=PREFIX, route_class=Told)

    @router.get("/issues/{issue}", tags=["台账"], response_class=Response)
    def one_issue(
        request: Request, issue: Annotated[IssueId, Path()], as_of: AsOf = None, min_position: MinPosition = None
    ) -> Response:
        """一个问题

        ``shown`` is what a signature on it sends back: the position and digest of all that stands in its timeline.
        """
        viewer = entrance.reader(request)
        at = moment(application, as_of, min_position)
        facts = Past(application.facts.about(issue, until=at.position))
        if not facts:
            raise Problem(404, "unknown_issue", "没有这个问题")
        audit("viewed", viewer=viewer, what="issue", subject=issue, as_of=at.position)
        shown = shown_of(facts)
        caught_up(application, shown.position)
        with application.pool.connection() as connection:
            line = find(connection, IssueLine, issue, as_of=shown.position)
        return answer(
            {
                "as_of": _as_of(application, shown.position),
                "line": told(line, at.day) if line else None,
                "shown": shown,
            }
        )

    @router.get("/queue", tags=["本人"], response_class=Response)
    def my_queue(request: Request, min_position: MinPosition = None) -> Response:
        """待签与待办: what waits for the one who asks, by the posts held today

        ``signing`` are chains to check or sign, ``rectifying`` measures to report on, ``answering`` escalations,
        ``extensions`` issues with an extension to decide, ``exits`` those with a step to record, ``leaves`` those to
        approve, ``decisions`` of meetings to carry out, ``settling`` those of others to settle, ``hearings`` what is
        to be decided or can be contested ``on`` a board or a case.
        """
        viewer = entrance.reader(request)
        at = moment(application, None, min_position)
        past = application.facts.read((About(viewer, TENURE),)).facts
        return answer(_queue(application, Waiter(viewer, held(past, viewer, at.day), at.day), at))

    @router.get("/people/{person}/record", tags=["台账"], response_class=Response)
    def record_of_person(
        request: Request, person: Annotated[PersonId, Path()], as_of: AsOf = None, min_position: MinPosition = None
    ) -> Response:
        """个人责任档案"""
        return _record(application, entrance.reader(request), person, moment(application, as_of, min_position))

    @router.get("/units/{unit}/record", tags=["台账"], response_class=Response)
    def record_of_unit(
        request: Request, unit: Annotated[UnitId, Path()], as_of: AsOf = None, min_position: MinPosition = None
    ) -> Response:
        """单位责任档案"""
        return _record(application, entrance.reader(request), unit, moment(application, as_of, min_position))

    @router.get("/regions/{region}/record", tags=["台账"], response_class=Response)
    def record_of_region(
        request: Request, region: Annotated[RegionId, Path()], as_of: AsOf = None, min_position: MinPosition = None
    ) -> Response:
        """一地责任档案"""
        return _record(application, entrance.reader(request), region, moment(application, as_of, min_position))

    @router.get("/timeline/{id}", tags=["事实"], response_class=Response)
    def timeline(
        request: Request,
        id: Annotated[str, Path(max_length=140)],
        as_of: AsOf = None,
        min_position: MinPosition = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
        cursor: Annotated[int, Query(ge=0, lt=10**18, description="翻页标记:上一页的 next")] = 0,
    ) -> Response:
        """任一编号的时间线: every fact that names it, in order

        ``digest`` is the SHA-256 of the fact's exact bytes.
        """
        viewer = entrance.reader(request)
        tag = _tag(id)
        at = moment(application, as_of, min_position)
        audit("viewed", viewer=viewer, what="timeline", subject=tag, as_of=at.position)
        facts = application.facts.about(tag, after=cursor, until=at.position, most=limit + 1)
        shown, more = facts[:limit], facts[limit:]
        position = at.position if at.position is not None else application.facts.head()
        return answer(
            {
                "as_of": _as_of(application, position),
                "facts": [_fact(fact) for fact in shown],
                "next": shown[-1].position if more else None,
            }
        )

    @router.get("/facts/{position}", tags=["事实"], response_class=Response)
    def one_fact(request: Request, position: Annotated[int, Path(ge=1, lt=10**18)]) -> Response:
        """一条事实的原始字节

        Byte for byte what was stored: what hashes and signatures cover. ``ETag`` is their SHA-256.
        """
        viewer = entrance.reader(request)
        stored = application.facts.stored(position)
        if stored is None:
            raise Problem(404, "unknown_fact", "没有这条事实")
        audit("viewed", viewer=viewer, what="fact", subject=str(position))
        return Response(
            stored.data,
            media_type="application/json",
            headers={"ETag": f'"{sha256(stored.data).hexdigest()}"', "X-Recorded-At": stored.recorded_at.isoformat()},
        )

    @router.get("/editions/{edition}/recomputation", tags=["红黑榜"], response_class=Response)
    def recomputation(
        request: Request,
        edition: Annotated[EditionId, Path()],
        revision: Annotated[
            int | None, Query(ge=0, le=10_000, description="第几次更正;0 为初次公布,不写则为最新")
        ] = None,
    ) -> Response:
        """复算榜单: counts the facts up to the cut-off again, and holds the result against what was published"""
        viewer = entrance.reader(request)
        try:
            recount = ranking.recount(application.facts, edition, revision)
        except Refused as refusal:
            raise Problem(404, refusal.code, refusal.sentence) from refusal
        audit("viewed", viewer=viewer, what="recomputation", subject=edition)
        return answer({**recount._asdict(), "holds": recount.holds})

    return router


def _record(application: Application, viewer: PersonId, who: PersonId | UnitId | RegionId, at: Moment) -> Response:
    audit("viewed", viewer=viewer, what="accountability_record", subject=who, as_of=at.position)
    with application.pool.connection() as connection:
        found = record(connection, who, at.position, at.day)
    body = {field.name: getattr(found, field.name) for field in fields(Record)}
    return answer(
        {
            **{name: value for name, value in body.items() if name != "position"},
            "as_of": _as_of(application, found.position),
            "missed": len(found.missed),
            "binding": [line.measure for line in found.binding],
            "not_promotable_until": found.not_promotable_until,
        }
    )


def _queue(application: Application, who: Waiter, at: Moment) -> dict[str, Any]:
    with application.pool.connection() as connection:
        found = waiting(connection, who)
        measures = to_report(connection, who)
        heard = hearings(application.facts, connection, Act(who.person, at.at), who.held)

    def lines(those: Iterable[Line]) -> list[dict[str, Any]]:
        return [told(line, at.day) for line in those]

    return {
        "signing": lines(found.chains),
        "rectifying": lines(measures),
        "answering": lines(found.escalations),
        "extensions": lines(found.extensions),
        "exits": [{"todo": one.todo, **told(one.line, at.day)} for one in found.exits],
        "leaves": lines(found.leaves),
        "decisions": lines(found.undone),
        "settling": lines(found.settling),
        "hearings": [{"todo": one.todo, "on": one.on, "subject": one.subject, "matter": one.matter} for one in heard],
    }


def _fact(fact: Recorded) -> dict[str, Any]:
    return {
        "position": fact.position,
        "type": fact.event.type,
        "title": (type(fact.event).__doc__ or "").partition("\n")[0].partition(":")[0],
        "by": fact.by,
        "at": fact.at,
        "recorded_at": fact.recorded_at,
        "body": fact.event,
        "digest": fact.digest,
    }


def _tag(text: str) -> Id:
    try:
        return TypeAdapter(kinds[text.partition("-")[0]]).validate_python(text)
    except (KeyError, ValidationError):
        raise invalid(Place("id", "格式不对")) from None


def _as_of(application: Application, position: int) -> dict[str, Any]:
    return {"position": position, "recorded_at": recorded_at(application, position)}
