"""责任档案: a person's, a unit's and a place's record, the directory to find them by, and the timeline of any id.

Who looked at whose record is kept in the log.
"""

from typing import Any, Final

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, done, performed, shown_again
from adapters.web.cases import supervising
from adapters.web.dossier import tenures_of, timeline
from adapters.web.formats import address
from adapters.web.forms import Form, Typed
from adapters.web.issues import UNDONE_STATUSES
from adapters.web.names import named_in, names_of
from adapters.web.organisation import (
    APPOINT,
    DISSOLVE,
    ESTABLISH,
    REGISTER,
    RELIEVE,
    on_directory,
    on_person,
    on_unit,
    region_of,
)
from adapters.web.site import Site, Visit
from domain.command import About
from domain.commendation import RESERVE_LEVELS
from domain.fact import Past
from domain.ids import Id, PersonId, UnitId, id_of
from domain.issues import Status
from domain.posts import TENURE
from domain.reverse_check import CLAIM_KINDS
from projections.accountability_record import Record, record
from projections.directory import DirectoryLine
from projections.issue_ledger import IssueLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, tally, walk

PAGE: Final = 50
ROLES: Final = {"unit": "责任单位", "leader": "责任领导", "person": "责任人", "nobody": "未交办"}
ENDINGS: Final = {"assigned": "已交办", "reassigned": "变更责任人", "closed": "已销号", "withdrawn": "已撤销"}
KINDS: Final = {"person": "人员", "unit": "单位", "region": "区划"}


def records(site: Site) -> None:
    site.page("/people/{who}", person_page)
    site.page("/people/{who}/{form}", act_on_person, method="POST")
    site.page("/units/{who}", unit_page)
    site.page("/units/{who}/{form}", act_on_unit, method="POST")
    site.page("/regions/{code}", region_page)
    site.page("/directory", directory_page)
    site.page("/directory/register-person", register_person, method="POST")
    site.page("/directory/establish-unit", establish_unit, method="POST")
    site.page("/timeline/{tag}", timeline_page)
    site.templates.globals |= {
        "roles": ROLES,
        "endings": ENDINGS,
        "kinds": KINDS,
        "claim_kinds": CLAIM_KINDS,
        "reserve_levels": RESERVE_LEVELS,
    }


def person_page(visit: Visit) -> Response:
    return record_page(visit, PersonId(visit.request.path_params["who"]))


def unit_page(visit: Visit) -> Response:
    return record_page(visit, UnitId(visit.request.path_params["who"]))


def act_on_person(visit: Visit) -> Response:
    """Appoints the person, or relieves them."""
    return act_on(visit, PersonId(visit.request.path_params["who"]), (APPOINT, RELIEVE))


def act_on_unit(visit: Visit) -> Response:
    return act_on(visit, UnitId(visit.request.path_params["who"]), (DISSOLVE,))


def act_on(visit: Visit, who: PersonId | UnitId, forms: tuple[Form, ...]) -> Response:
    form = next((one for one in forms if one.name == visit.request.path_params["form"]), None)
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    fixed = {**about(visit, form), **({who.kind: who} if who.kind in form.command.model_fields else {})}
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: record_page(visit, who, typed, status),
        lambda _: address(who),
    )


def record_page(visit: Visit, who: PersonId | UnitId, typed: Typed | None = None, status: int = 200) -> Response:
    """责任档案"""
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        line = find(connection, DirectoryLine, who)
        if line is None:
            raise Problem(404, "unknown_subject", "台账中没有这个人或这个单位")
        found = record(connection, who, as_of.position, as_of.day)
        members = () if isinstance(who, PersonId) else members_of(connection, who, as_of.position)
        names = names_of(
            connection,
            {
                who,
                line.region,
                *mentioned(found),
                *(one.person for one in members),
                *(one.region for one in members),
                *(one.unit for one in members),
            },
        )
        if isinstance(who, PersonId):
            offered = on_person(visit, connection, who, found.posts, names)
        else:
            offered = on_unit(visit, who, line.standing)
    audit("viewed", viewer=visit.viewer.person, subject=who, what="accountability_record", as_of=as_of.position)
    return visit.render(
        "record.html",
        status,
        line=line,
        record=found,
        names=names,
        as_of=as_of,
        members=members,
        offered=offered,
        typed=shown_again(offered.forms, typed),
        done=done(visit, REGISTER, ESTABLISH, APPOINT, RELIEVE, DISSOLVE),
        may_open=can_act(visit) and supervising(visit),
    )


def members_of(connection: Connection[Any], unit: UnitId, position: int | None) -> tuple[PostLine, ...]:
    where = (Where("unit", "eq", unit),)
    return page(connection, PostLine, Query(where, ("since",), position, 200)).lines


def mentioned(found: Record) -> set[Id | None]:
    return {
        *(one.region for one in found.posts),
        *(one.unit for one in found.posts),
        *(one.issue.region for one in found.responsibilities),
        *(one.region for one in found.signatures),
        *(one.region for one in found.answers),
        *(one.subject for one in found.cases),
        *(one.decided_by for one in found.measures),
        *(one.decided_by for one in found.merits),
        *(one.revoked_by for one in found.merits),
        *(one.subject for one in found.signatures),
        *(id for one in found.charges for id in (one.region, one.decided_by)),
        *(id for one in found.untrue for id in (one.region, one.checked_by)),
    }


def region_page(visit: Visit) -> Response:
    """地区概况: issues by status, who is in post, what the lists said."""
    region = region_of(visit)
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        line = find(connection, DirectoryLine, region)
        if line is None:
            raise Problem(404, "unknown_region", "没有这个区划")
        within = (Where("region", "within", (region,)),)
        statuses = tally(connection, IssueLine, ("status",), within, as_of.position)
        late = (*within, Where("due", "before", as_of.day), Where("status", "in", UNDONE_STATUSES))
        overdue = count(connection, IssueLine, late, as_of.position)
        here = (Where("region", "eq", region),)
        posts = [
            one
            for one in walk(connection, PostLine, Query(here, ("post",), as_of.position))
            if one.tenure.covers(as_of.day)
        ]
        below = page(connection, DirectoryLine, Query((Where("kind", "eq", "region"), *within), ("region",), limit=500))
        found = record(connection, region, as_of.position, as_of.day)
        names = names_of(connection, {region, *(one.person for one in posts), *(one.subject for one in found.cases)})
    audit("viewed", viewer=visit.viewer.person, subject=region, what="region", as_of=as_of.position)
    width = {"province": 4, "city": 6, "county": 9, "township": 12, "village": 0}[region.level]
    return visit.render(
        "region.html",
        may_open=can_act(visit) and supervising(visit) and region.level == "township",
        line=line,
        region=region,
        statuses=[(status, statuses.get((status,), 0)) for status in Status],
        overdue=overdue,
        posts=posts,
        below=[one for one in below.lines if len(one.region.code) == width],
        record=found,
        names=names,
        as_of=as_of,
    )


def directory_page(visit: Visit) -> Response:
    return directory(visit, visit.query("kind") if visit.query("kind") in KINDS else "person")


def register_person(visit: Visit) -> Response:
    return added(visit, REGISTER, "person")


def establish_unit(visit: Visit) -> Response:
    return added(visit, ESTABLISH, "unit")


def added(visit: Visit, form: Form, kind: str) -> Response:
    """To the page of whoever, or whatever, is now in the directory."""
    return performed(
        visit,
        form,
        {},
        lambda typed, status: directory(visit, kind, typed, status),
        lambda command: address(getattr(command, kind)),
    )


def directory(visit: Visit, kind: str, typed: Typed | None = None, status: int = 200) -> Response:
    """名录: people, units and places by name, and for who may, adding to them."""
    text = visit.query("name")
    where = [Where("kind", "eq", kind), *([Where("name", "contains", text)] if text else [])]
    with visit.application.pool.connection() as connection:
        query = Query(where, ("sort_key",), None, PAGE, visit.query("cursor") or None)
        found = page(connection, DirectoryLine, query)
        people = [str(line.id) for line in found.lines] if kind == "person" else []
        posts: dict[Id, list[PostLine]] = {}
        for post in walk(connection, PostLine, Query((Where("person", "in", people),))) if people else ():
            if post.tenure.covers(visit.today):
                posts.setdefault(post.person, []).append(post)
        total = count(connection, DirectoryLine, where)
        held = {one for each in posts.values() for post in each for one in (post.region, post.unit)}
        names = names_of(connection, held | {line.region for line in found.lines})
        offered = on_directory(visit, connection, kind)
    return visit.render(
        "directory.html",
        status,
        offered=offered,
        typed=shown_again(offered.forms, typed),
        lines=found.lines,
        posts=posts,
        names=names,
        kind=kind,
        text=text,
        total=total,
        next=f"/directory?kind={kind}&name={text}&cursor={found.next}" if found.next else "",
    )


def timeline_page(visit: Visit) -> Response:
    """时间线: every fact that carries an id, a page at a time, the oldest first."""
    try:
        tag = id_of(visit.request.path_params["tag"])
    except ValueError:
        raise Problem(404, "unknown_id", "没有这种编号") from None
    as_of = visit.as_of
    after = int(visit.query("after")) if visit.query("after").isdigit() else 0
    facts = visit.application.facts.about(tag, after=after, until=as_of.position, most=PAGE + 1)
    shown, more = Past(facts[:PAGE]), len(facts) > PAGE
    held = tenures_of(
        visit.application.facts.read(tuple(About(by, TENURE) for by in sorted({f.by for f in shown}))).facts
    )
    names = visit.names(named_in(shown) | {tag} | {tenure.region for tenure in held.values()})
    audit("viewed", viewer=visit.viewer.person, subject=tag, what="timeline", as_of=as_of.position)
    past = f"&as_of={as_of.asked}" if as_of.past else ""
    return visit.render(
        "timeline.html",
        tag=tag,
        names=names,
        entries=timeline(shown, held, names),
        as_of=as_of,
        next=f"/timeline/{tag}?after={shown[-1].position}{past}" if more else "",
    )
