"""红黑榜与问责: editions with every score in words and a recount by anyone; cases with their measures and appeals."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.dossier import tenures_of, timeline
from adapters.web.formats import points, share
from adapters.web.names import named_in, names_of
from adapters.web.site import Site, Visit
from domain.accountability import REASONS
from domain.command import About
from domain.fact import Past
from domain.ids import BoardId, CaseId, EditionId
from domain.posts import TENURE
from domain.rankings import (
    BOARD,
    Component,
    Edition,
    EditionPublished,
    Indicator,
    ScoredComponent,
    ScoringRule,
    Standing,
    fold,
)
from projections.case_ledger import CaseLine
from projections.measure_ledger import MeasureLine
from projections.ranking_board import BoardLine, EditionLine
from projections.reading import Query, Where, page, walk
from services import ranking

PAGE: Final = 30
LAST_WORD: Final = {"code": "按区划代码定", "all": "一并列入", "none": "都不列入"}
STATES: Final = {"open": "办理中", "dropped": "案由消失", "closed": "已结案"}


def boards(site: Site) -> None:
    site.page("/boards", edition_list)
    site.page("/boards/{edition}", edition_page)
    site.page("/cases", case_list)
    site.page("/cases/{case}", case_page)
    site.templates.globals |= {"worked_out": worked_out, "case_states": STATES, "case_reasons": REASONS}


def edition_list(visit: Visit) -> Response:
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        query = Query((), ("-until", "-number"), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, EditionLine, query)
        editions = [str(line.edition) for line in found.lines]
        lines = list(walk(connection, BoardLine, Query((Where("edition", "in", editions),), (), as_of.position, 500)))
        names = names_of(connection, {line.region for line in found.lines} | {line.subject for line in lines})
    listed = {
        line.edition: {
            colour: [each.subject for each in lines if each.edition == line.edition and each.listed == colour]
            for colour in ("red", "black")
        }
        for line in found.lines
    }
    return visit.render(
        "boards.html",
        lines=found.lines,
        listed=listed,
        names=names,
        as_of=as_of,
        next=f"/boards?cursor={found.next}" if found.next else "",
    )


class Counted(NamedTuple):
    """计分: one component of a score, and the arithmetic that led to it."""

    label: str
    counted: str
    sum: str
    points: str


def worked_out(rule: ScoringRule, scored: ScoredComponent) -> Counted:
    """How the count gave these points, in words."""
    indicator = scored.indicator
    component = next(one for one in rule.components if one.indicator is indicator)
    counted = share(scored.count) if indicator.share else f"{scored.count}件次"
    return Counted(indicator.label, counted, arithmetic(component, indicator), points(scored.points))


def arithmetic(component: Component, indicator: Indicator) -> str:
    per = share(component.per) if indicator.share else f"{component.per}件次"
    bounds = [
        *([f"最低{points(component.floor)}分"] if component.floor is not None else []),
        *([f"最高{points(component.cap)}分"] if component.cap is not None else []),
    ]
    verb = "加" if component.points >= 0 else "扣"
    return f"每{per}{verb}{points(abs(component.points))}分" + "".join(f",{bound}" for bound in bounds)


def edition_page(visit: Visit) -> Response:
    """One edition: ranks with every component, the rule in words, objections, corrections, and a recount on request."""
    asked = EditionId(visit.request.path_params["edition"])
    as_of = visit.as_of
    application = visit.application
    versions = [
        one
        for one in ranking.versions(application.facts, asked)
        if as_of.position is None or one.stood_at <= as_of.position
    ]
    if not versions:
        raise Problem(404, "unknown_edition", "没有这一期榜单,或当时还没有公布")
    edition = versions[-1]
    past = Past(application.facts.about(asked, until=as_of.position))
    recount = ranking.recount(application.facts, asked, edition.revision) if visit.query("recount") else None
    board = fold(application.facts.read((About(board_of(past), BOARD),)).facts, board_of(past))
    with application.pool.connection() as connection:
        where = (Where("subject", "in", [str(one) for one in edition.subjects]),)
        cases = [
            line for line in walk(connection, CaseLine, Query(where, (), as_of.position, 500)) if asked in line.grounds
        ]
        ids = named_in(past) | set(edition.subjects) | {edition.region, edition.published_by}
        names = names_of(connection, ids)
    earlier = [one for one in board.editions if one.number < edition.number]
    held = tenures_of(application.facts.read(tuple(About(by, TENURE) for by in sorted({f.by for f in past}))).facts)
    return visit.render(
        "edition.html",
        edition=edition,
        rule=edition.rule,
        first=versions[0],
        versions=versions,
        recount=recount,
        differing=differing(recount.published, recount.computed) if recount else [],
        names=names,
        cases=cases,
        entries=timeline(past, held, names),
        before=ranks(earlier[-1]) if earlier else {},
        ties="、".join(one.label for one in edition.rule.ties),
        last_word=LAST_WORD[edition.rule.at_the_line],
        as_of=as_of,
        arithmetic=[(one.indicator.label, arithmetic(one, one.indicator)) for one in edition.rule.components],
    )


def board_of(past: Past) -> BoardId:
    return next(event.board for event in past.events if isinstance(event, EditionPublished))


def ranks(edition: Edition) -> Mapping[object, int]:
    return {standing.subject: standing.rank for standing in edition.standings}


def differing(published: tuple[Standing, ...], computed: tuple[Standing, ...]) -> list[object]:
    """The subjects whose published standing is not the computed one."""
    mine, theirs = ({one.subject: one for one in standings} for standings in (published, computed))
    return [subject for subject in {**mine, **theirs} if mine.get(subject) != theirs.get(subject)]


def case_list(visit: Visit) -> Response:
    as_of = visit.as_of
    state = visit.query("state")
    where = (Where("state", "eq", state),) if state in STATES else ()
    with visit.application.pool.connection() as connection:
        query = Query(where, ("-opened_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, CaseLine, query)
        cases = [str(line.case) for line in found.lines]
        measures: dict[CaseId, list[MeasureLine]] = {}
        for line in walk(
            connection, MeasureLine, Query((Where("case", "in", cases),), ("decided_on",), as_of.position)
        ):
            measures.setdefault(line.case, []).append(line)
        names = names_of(connection, {line.subject for line in found.lines} | {line.region for line in found.lines})
    audit("viewed", viewer=visit.viewer.person, what="case_ledger", as_of=as_of.position)
    return visit.render(
        "cases.html",
        lines=found.lines,
        measures=measures,
        names=names,
        state=state,
        as_of=as_of,
        next=f"/cases?state={state}&cursor={found.next}" if found.next else "",
    )


def case_page(visit: Visit) -> Response:
    """One case: what it rests on, its measures and how long each binds, appeals, and everything in order."""
    case = CaseId(visit.request.path_params["case"])
    as_of = visit.as_of
    past = Past(visit.application.facts.about(case, until=as_of.position))
    with visit.application.pool.connection() as connection:
        lines = page(connection, CaseLine, Query((Where("case", "eq", case),), (), as_of.position)).lines
        if not lines:
            raise Problem(404, "unknown_case", "没有这项问责事项,或当时还没有立项")
        where = (Where("case", "eq", case),)
        measures = list(walk(connection, MeasureLine, Query(where, ("decided_on",), as_of.position)))
        held = tenures_of(
            visit.application.facts.read(tuple(About(by, TENURE) for by in sorted({f.by for f in past}))).facts
        )
        ids = named_in(past) | {tenure.region for tenure in held.values()} | {lines[0].subject}
        names = names_of(connection, ids)
    audit("viewed", viewer=visit.viewer.person, what="case", subject=case, as_of=as_of.position)
    return visit.render(
        "case.html", line=lines[0], measures=measures, names=names, entries=timeline(past, held, names), as_of=as_of
    )
