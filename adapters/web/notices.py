"""电视通报: what was broadcast, of which edition and whom it named; recording one, and taking one back."""

from typing import Any, Final

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, done, open_to, performed, shown_again
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.names import Names, named_in, names_of
from adapters.web.site import Site, Visit
from domain.broadcasts import MEDIA, BroadcastNotice, RetractNotice
from domain.fact import Past
from domain.ids import EditionId, Id, NoticeId, RegionId
from domain.rankings import PUBLISHERS, Colour
from projections.directory import DirectoryLine
from projections.notice_ledger import NoticeLine
from projections.ranking_board import BoardLine, EditionLine
from projections.reading import Query, Where, find, page, walk

PAGE: Final = 30
MOST_EDITIONS: Final = 24
MOST_NAMED: Final = 500

BROADCAST: Final = Form(
    "broadcast",
    BroadcastNotice,
    "记录电视通报",
    "记录通报",
    (
        Field("medium", "在哪里通报", "choice", choices=tuple(MEDIA.items()), value="television"),
        Field("outlet", "台名、报名", "line", hint="例如:县电视台"),
        Field("broadcast_on", "播出日期", "date"),
        Field("praised", "表扬了谁", "checks", required=False),
        Field("criticised", "批评了谁", "checks", required=False),
        Field("matter", "通报内容", hint="不写农户姓名、身份证号、电话"),
        Field("evidence", "通报稿、截图等", "files", required=False),
    ),
    makes=(("notice", NoticeId),),
)
RETRACT: Final = Form(
    "retract",
    RetractNotice,
    "更正通报",
    "更正",
    (
        Field("reason", "更正理由", hint="原通报的记录保留,注明已更正"),
        Field("retracted_on", "更正日期", "date"),
    ),
    tone="grave",
)


def notices(site: Site) -> None:
    site.page("/notices", list_page)
    site.page("/notices/broadcast", broadcast, method="POST")
    site.page("/notices/{notice}", notice_page)
    site.page("/notices/{notice}/retract", retract, method="POST")
    site.templates.globals["media"] = MEDIA


def list_page(visit: Visit) -> Response:
    return listed(visit)


def listed(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """Every notice, the latest first; and for the office that records them, the form, on the edition it asks for."""
    as_of = visit.as_of
    asked = (typed.values.get("edition", "") if typed else "") or visit.query("edition")
    with visit.application.pool.connection() as connection:
        query = Query((), ("-broadcast_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, NoticeLine, query)
        names = names_of(
            connection, {id for line in found.lines for id in (line.edition, *line.praised, *line.criticised)}
        )
        places = recording(visit)
        editions = editions_of(connection, places)
        forms = open_to(visit, [fitted(visit, connection, place, asked) for place in places])
    audit("viewed", viewer=visit.viewer.person, what="notice_ledger", as_of=as_of.position)
    return visit.render(
        "notices.html",
        status,
        lines=found.lines,
        names=names,
        as_of=as_of,
        editions=editions,
        edition=asked,
        forms=forms,
        typed=shown_again(forms, typed),
        next=f"/notices?cursor={found.next}" if found.next else "",
    )


def recording(visit: Visit) -> tuple[RegionId, ...]:
    """The places for which the one who looks may record a notice."""
    if not can_act(visit):
        return ()
    return tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in PUBLISHERS))


def editions_of(connection: Connection[Any], places: tuple[RegionId, ...]) -> Choices:
    if not places:
        return ()
    query = Query((Where("region", "within", places),), ("-until",), limit=MOST_EDITIONS)
    lines = page(connection, EditionLine, query).lines
    names = names_of(connection, {line.region for line in lines})
    return tuple((str(line.edition), f"{names(line.region)}第{line.number}期红黑榜") for line in lines)


def fitted(visit: Visit, connection: Connection[Any], place: RegionId, edition: str) -> Form:
    """The form at a place: whom the edition lists, or, without one, every township and unit."""
    form = BROADCAST._replace(
        fixed={"region": str(place), **({"edition": edition} if edition else {})},
        probe={"medium": "television", "broadcast_on": visit.today, "praised": (), "criticised": ()},
    )
    if edition:
        red, black = (listed_on(connection, edition, colour) for colour in ("red", "black"))
        form = form.asking("praised", choices=red, value=" ".join(one for one, _ in red), label="表扬了谁(红榜)")
        return form.asking("criticised", choices=black, value=" ".join(one for one, _ in black), label="批评了谁(黑榜)")
    everyone = nameable(connection, place)
    return form.asking("praised", choices=everyone).asking("criticised", choices=everyone)


def listed_on(connection: Connection[Any], edition: str, colour: Colour) -> Choices:
    where = (Where("edition", "eq", edition), Where("listed", "eq", colour))
    lines = list(walk(connection, BoardLine, Query(where, ("rank",))))
    names = names_of(connection, {line.subject for line in lines})
    return tuple((str(line.subject), names(line.subject)) for line in lines)


def nameable(connection: Connection[Any], place: RegionId) -> Choices:
    within = (Where("region", "within", (place,)), Where("standing", "eq", True))
    towns = (*within, Where("kind", "eq", "region"), Where("level", "eq", "township"))
    units = (*within, Where("kind", "eq", "unit"))
    lines = [
        *page(connection, DirectoryLine, Query(towns, ("region",), limit=MOST_NAMED)).lines,
        *page(connection, DirectoryLine, Query(units, ("sort_key",), limit=MOST_NAMED)).lines,
    ]
    return tuple((str(line.id), line.name) for line in lines)


def broadcast(visit: Visit) -> Response:
    """Who was ticked is for the decision to judge: whether they were on the list, and are of the place."""
    form = BROADCAST
    for field in ("praised", "criticised"):
        form = form.asking(field, choices=ticked(visit, field))
    return performed(
        visit,
        form,
        about(visit, form),
        lambda typed, status: listed(visit, typed, status),
        lambda command: f"/notices/{command.notice}",
    )


def ticked(visit: Visit, field: str) -> Choices:
    return tuple((name.removeprefix(f"{field}."), "") for name in visit.posted if name.startswith(f"{field}."))


# One notice


def notice_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    notice = NoticeId(visit.request.path_params["notice"])
    as_of = visit.as_of
    past = Past(visit.application.facts.about(notice, until=as_of.position))
    with visit.application.pool.connection() as connection:
        line = find(connection, NoticeLine, notice, as_of=as_of.position)
        if line is None or not past:
            raise Problem(404, "unknown_notice", "没有这次通报,或当时还没有记录")
        held = held_by_writers(visit.application.facts, past)
        ids: set[Id | None] = {line.region, line.recorded_by, line.retracted_by}
        names: Names = names_of(connection, named_in(past) | ids | {tenure.region for tenure in held.values()})
    audit("viewed", viewer=visit.viewer.person, what="notice", subject=notice, as_of=as_of.position)
    forms = open_to(visit, [RETRACT._replace(fixed={"notice": str(notice)}, probe={"retracted_on": visit.today})])
    return visit.render(
        "notice.html",
        status,
        line=line,
        names=names,
        entries=timeline(past, held, names),
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, BROADCAST, RETRACT),
    )


def retract(visit: Visit) -> Response:
    notice = NoticeId(visit.request.path_params["notice"])
    return performed(
        visit,
        RETRACT,
        {"notice": notice},
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/notices/{notice}",
    )


def notices_on(connection: Connection[Any], edition: EditionId, position: int | None) -> tuple[NoticeLine, ...]:
    """What was broadcast of an edition."""
    query = Query((Where("edition", "eq", edition),), ("broadcast_on",), position)
    return tuple(walk(connection, NoticeLine, query))
