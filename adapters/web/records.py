"""责任档案: a person's, a unit's and a place's record, the directory to find them by, and the timeline of any id.

Who looked at whose record is kept in the log.
"""

from typing import Any, Final

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, can_act, done, execute, performed, shown_again
from adapters.web.cases import supervising
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.formats import address
from adapters.web.forms import Form, Typed
from adapters.web.merits import may_give
from adapters.web.names import named_in, names_of
from adapters.web.organisation import (
    APPOINT,
    DISSOLVE,
    ESTABLISH,
    LIST_TASKS,
    RANK,
    REGISTER,
    RELIEVE,
    REPLACE,
    on_directory,
    on_person,
    on_unit,
)
from adapters.web.site import Site, Visit
from adapters.web.villages import with_indicators
from domain.books import PublishTaskList, TaskListPublished
from domain.command import About, Act, Command
from domain.commendation import RESERVE_LEVELS
from domain.fact import Past
from domain.households import RankRecorded
from domain.ids import Id, PersonId, RegionId, TaskListId, UnitId, id_of
from domain.reverse_check import CLAIM_KINDS
from projections.accountability_record import Record, record
from projections.book_ledger import BookLine
from projections.directory import DirectoryLine
from projections.issue_ledger import IssueLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, walk
from services import task_lists
from services.ledger import Ledger, Outcome

PAGE: Final = 50
MOST_TASKS: Final = 5000
ROLES: Final = {"unit": "责任单位", "leader": "责任领导", "person": "责任人", "nobody": "未交办"}
ENDINGS: Final = {"assigned": "已交办", "reassigned": "变更责任人", "closed": "已销号", "withdrawn": "已撤销"}
KINDS: Final = {"person": "人员", "unit": "单位", "region": "区划"}


def records(site: Site) -> None:
    site.page("/people/{who}", person_page)
    site.page("/people/{who}/{form}", act_on_person, method="POST")
    site.page("/units/{who}", unit_page)
    site.page("/units/{who}/{form}", act_on_unit, method="POST")
    site.page("/directory", directory_page)
    site.page("/directory/register-person", register_person, method="POST")
    site.page("/directory/establish-unit", establish_unit, method="POST")
    site.page("/timeline/{tag}", timeline_page)
    site.page("/task-lists/{tasklist}", task_list_page)
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
    """Appoints the person, replaces them, relieves them, or records their rank."""
    return act_on(visit, PersonId(visit.request.path_params["who"]), (APPOINT, RELIEVE, REPLACE, RANK))


def act_on_unit(visit: Visit) -> Response:
    return act_on(visit, UnitId(visit.request.path_params["who"]), (DISSOLVE, LIST_TASKS))


def act_on(visit: Visit, who: PersonId | UnitId, forms: tuple[Form, ...]) -> Response:
    form = next((one for one in forms if one.name == visit.request.path_params["form"]), None)
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    fixed: dict[str, Any] = {**about(visit, form), **({who.kind: who} if who.kind in form.command.model_fields else {})}
    if form is LIST_TASKS:
        fixed |= {"team": who, "cut_off": 1, "tasks": ()}
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: record_page(visit, who, typed, status),
        lambda _: address(who),
        published if form is LIST_TASKS else execute,
    )


def published(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    """What is on the list the service works out."""
    assert isinstance(command, PublishTaskList)
    return task_lists.publish(ledger, command.tasklist, command.team, command.month, act, key)


def lists_of(visit: Visit, team: UnitId, position: int | None) -> tuple[TaskListPublished, ...]:
    """The task lists of a team, the latest first."""
    facts = visit.application.facts.read((About(team, (TaskListPublished,)),)).facts
    known = [fact.event for fact in facts if position is None or fact.position <= position]
    found = [event for event in known if isinstance(event, TaskListPublished) and event.team == team]
    return tuple(sorted(found, key=lambda event: event.month, reverse=True))


def record_page(visit: Visit, who: PersonId | UnitId, typed: Typed | None = None, status: int = 200) -> Response:
    """责任档案"""
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        line = find(connection, DirectoryLine, who)
        if line is None:
            raise Problem(404, "unknown_subject", "台账中没有这个人或这个单位")
        found = record(connection, who, as_of.position, as_of.day)
        members = () if isinstance(who, PersonId) else members_of(connection, who, as_of.position)
        lists = () if isinstance(who, PersonId) else lists_of(visit, who, as_of.position)
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
            offered = on_unit(visit, line, lists)
    audit("viewed", viewer=visit.viewer.person, subject=who, what="accountability_record", as_of=as_of.position)
    return visit.render(
        "record.html",
        status,
        line=line,
        record=found,
        names=names,
        as_of=as_of,
        members=members,
        lists=lists,
        rank=rank_held(visit, who, as_of.position) if isinstance(who, PersonId) else None,
        may_commend=may_give(visit),
        offered=offered,
        typed=shown_again(offered.forms, typed),
        done=done(visit, REGISTER, ESTABLISH, APPOINT, RELIEVE, REPLACE, RANK, LIST_TASKS, DISSOLVE),
        may_open=can_act(visit) and supervising(visit),
    )


def rank_held(visit: Visit, person: PersonId, position: int | None) -> RankRecorded | None:
    """The rank last recorded of a person, with the day from which it counts."""
    facts = visit.application.facts.read((About(person, (RankRecorded,)),)).facts
    known = [fact.event for fact in facts if position is None or fact.position <= position]
    return next((event for event in reversed(known) if isinstance(event, RankRecorded)), None)


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
        *(id for one in found.charges for id in (one.region, one.person, one.decided_by)),
        *(one.edition for one in found.notices),
        *(id for one in found.untrue for id in (one.region, one.checked_by)),
    }


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


def task_list_page(visit: Visit) -> Response:
    """任务清单: what a team was given for a month, and how far each task has come since; drawn again on request."""
    tasklist = TaskListId(visit.request.path_params["tasklist"])
    found = task_lists.published(visit.application.facts, tasklist)
    if found is None:
        raise Problem(404, "unknown_tasklist", "没有这份任务清单")
    entries = [task.entry for task in found.tasks]
    with visit.application.pool.connection() as connection:
        asked = Query((Where("entry", "in", entries),), limit=MOST_TASKS)
        books = {str(line.entry): line for line in walk(connection, BookLine, asked)} if entries else {}
        numbered = Query(
            (Where("issue", "in", [one for one in entries if one.startswith("issue-")]),), limit=MOST_TASKS
        )
        issues = {str(line.issue): line for line in walk(connection, IssueLine, numbered)} if entries else {}
        ids: set[Id | None] = {found.team, *(task.region for task in found.tasks)}
        names = names_of(connection, ids)
    audit("viewed", viewer=visit.viewer.person, subject=tasklist, what="task_list")
    again = task_lists.redrawn(visit.application.facts, tasklist) if visit.query("redraw") else None
    return visit.render("task_list.html", tasklist=found, books=books, issues=issues, again=again, names=names)


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
    held = held_by_writers(visit.application.facts, shown)
    names = visit.names(named_in(shown) | {tag} | {tenure.region for tenure in held.values()})
    if place := next((one for one in (tag, *named_in(shown)) if isinstance(one, RegionId)), None):
        names = with_indicators(visit, names, place)
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
