"""红黑榜: editions with every score in words and a recount by anyone; publishing, objecting, answering, correcting."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.asking.hearings import counts_of, raised
from adapters.http.problems import Problem
from adapters.web.actions import Performance, about, admitted, can_act, done, execute, open_to, performed, shown_again
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.formats import day, points, share, typeset
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.names import Names, named_in, names_of
from adapters.web.notices import notices_on, recording
from adapters.web.offers import probe
from adapters.web.organisation import ruled_places
from adapters.web.site import Site, Visit
from domain.accountability import add_months
from domain.command import About, Act, Command
from domain.fact import Past
from domain.ids import BoardId, EditionId, IssueId, ObjectionId, RegionId
from domain.rankings import (
    BOARD,
    PUBLISHERS,
    AdoptScoringRule,
    AnswerObjection,
    Board,
    Component,
    CorrectEdition,
    Edition,
    EditionPublished,
    Indicator,
    ObjectToEdition,
    Period,
    PublishEdition,
    ScoredComponent,
    ScoringRule,
    ScoringRuleAdopted,
    Standing,
    fold,
    packaged,
)
from projections.case_ledger import CaseLine
from projections.issue_ledger import IssueLine
from projections.ranking_board import BoardLine, EditionLine
from projections.reading import Query, Where, page, walk
from services import ranking
from services.ledger import Ledger, Outcome

PAGE: Final = 30
MOST_ISSUES: Final = 60
LAST_WORD: Final = {"code": "按区划代码定", "all": "一并列入", "none": "都不列入"}
RULES: Final = ("townships", "units")
"""The rules that ship with the program."""

RANKED: Final = {"townships": "乡镇", "units": "责任单位"}
MONTHS: Final = {"month": 1, "quarter": 3, "free": 0}

PUBLISH: Final = Form(
    "publish",
    PublishEdition,
    "公布榜单",
    "统计并公布",
    (Field("period", "统计周期", "period"),),
    tone="sign",
    makes=(("edition", EditionId),),
)
ADOPT: Final = Form(
    "adopt-rule",
    AdoptScoringRule,
    "采用评分规则",
    "采用",
    (
        Field("rule", "评分规则", "choice", reads=packaged),
        Field("since", "从哪天起启用", "date", hint="不能早于今天:排名的规则须事先公开"),
    ),
)
ON_EDITION: Final = {
    form.name: form
    for form in (
        Form(
            "object",
            ObjectToEdition,
            "提出异议",
            "提交异议",
            (
                Field("subject", "代表哪一方", "choice"),
                Field("matter", "异议内容", hint="写明哪一项得分不对、为什么;每一期(及每次更正后)可提一次"),
            ),
            makes=(("objection", ObjectionId),),
        ),
        Form(
            "answer",
            AnswerObjection,
            "答复异议",
            "提交答复",
            (
                Field("upheld", "异议是否成立", "yesno", hint="成立的,须随后更正榜单"),
                Field("answer", "答复意见"),
            ),
            tone="sign",
        ),
        Form(
            "correct",
            CorrectEdition,
            "更正榜单",
            "重新统计并更正",
            (
                Field("objection", "因哪项异议更正", "choice", required=False, hint="不因异议而更正的,不选"),
                Field(
                    "excluded",
                    "不计入的问题",
                    "exclusions",
                    required=False,
                    hint="更正按现有全部记录重新统计;选中的问题不计入。以前不计入而这次不选的,重新计入",
                ),
                Field("reason", "更正理由"),
            ),
            tone="grave",
        ),
    )
}


def boards(site: Site) -> None:
    site.page("/boards", edition_list)
    site.page("/boards/{form}", act_on_board, method="POST")
    site.page("/boards/{edition}", edition_page)
    site.page("/boards/{edition}/{form}", act_on_edition, method="POST")
    site.templates.globals["worked_out"] = worked_out


def edition_list(visit: Visit) -> Response:
    return listed_editions(visit)


def listed_editions(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """Every edition, the latest first, and for who keeps boards: the next one to publish, and rules to adopt."""
    as_of = visit.as_of
    with visit.application.pool.connection() as connection:
        query = Query((), ("-until", "-number"), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, EditionLine, query)
        editions = [str(line.edition) for line in found.lines]
        lines = list(walk(connection, BoardLine, Query((Where("edition", "in", editions),), (), as_of.position, 500)))
        places = ruled_places(visit, connection, *PUBLISHERS) if can_act(visit) else ()
        names = names_of(
            connection, {line.region for line in found.lines} | {line.subject for line in lines} | {*places}
        )
    kept = [board for place in places for board in boards_of(visit, place)]
    forms = (*publishing(visit, kept, names), *adopting(visit, places, kept, names))
    listed = {
        line.edition: {
            colour: [each.subject for each in lines if each.edition == line.edition and each.listed == colour]
            for colour in ("red", "black")
        }
        for line in found.lines
    }
    return visit.render(
        "boards.html",
        status,
        forms=forms,
        waiting=[words for board in kept if (words := not_yet(visit, board, names))],
        typed=shown_again(forms, typed),
        done=done(visit, PUBLISH, ADOPT),
        ranked={one.edition: RANKED["townships" if isinstance(one.subject, RegionId) else "units"] for one in lines},
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
    return shown(visit, EditionId(visit.request.path_params["edition"]))


def shown(visit: Visit, asked: EditionId, typed: Typed | None = None, status: int = 200) -> Response:
    """One edition: ranks with every component, the rule in words, objections, corrections, a recount on request, and
    the forms its reader may use now."""
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
        suspects = countable(connection, edition) if can_act(visit) else ()
        notices = notices_on(connection, asked, as_of.position)
    forms = on_edition(visit, edition, raised(past), suspects, names)
    earlier = [one for one in board.editions if one.number < edition.number]
    held = held_by_writers(application.facts, past)
    return visit.render(
        "edition.html",
        status,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, PUBLISH, *ON_EDITION.values()),
        edition=edition,
        ranked=RANKED,
        rule=edition.rule,
        first=versions[0],
        versions=versions,
        recount=recount,
        differing=differing(recount.published, recount.computed) if recount else [],
        names=names,
        cases=cases,
        notices=notices,
        may_broadcast=bool(recording(visit)),
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


# Publishing, and the rules it goes by


def boards_of(visit: Visit, region: RegionId) -> Iterator[Board]:
    """The boards a place keeps."""
    store = visit.application.facts
    adopted = store.read((About(region, (ScoringRuleAdopted,)),)).facts.events
    for board in dict.fromkeys(event.board for event in adopted if isinstance(event, ScoringRuleAdopted)):
        yield fold(store.read((About(board, BOARD),)).facts, board)


def next_period(board: Board) -> Period:
    """The period that follows the last edition; for the first edition, the first one that a rule was there for."""
    last = board.editions[-1].period.until if board.editions else None
    since = last + timedelta(days=1) if last else board.rules[0][0]
    rule = board.rule_on(since) or board.rules[0][1]
    months = MONTHS[rule.period]
    if not months:
        return Period(since=since, until=since + timedelta(days=29))
    start = since.replace(month=since.month - (since.month - 1) % months, day=1)
    if start < since:
        start = add_months(start, months)
    return Period(since=start, until=add_months(start, months) - timedelta(days=1))


def titled(board: Board, names: Names) -> str:
    return f"{names(board.region)}{RANKED[board.rules[-1][1].subjects]}红黑榜第{len(board.editions) + 1}期"


def publishing(visit: Visit, kept: Iterable[Board], names: Names) -> tuple[Form, ...]:
    head = visit.application.facts.head()
    return open_to(
        visit,
        [
            PUBLISH._replace(
                title=f"公布{titled(board, names)}",
                fixed={"board": str(board.board)},
                probe={"period": period, "counts": {}, "cut_off": head},
                note=typeset("公布时由系统按截至此刻的全部记录统计,任何人都可以复算"),
            ).asking(
                "period",
                value=f"{period.since}/{period.until}",
                hint={"month": "须为整月", "quarter": "须为整季度", "free": ""}[board.rules[-1][1].period],
            )
            for board in kept
            for period in (next_period(board),)
            if head
        ],
    )


def not_yet(visit: Visit, board: Board, names: Names) -> str:
    """When the next edition can be published, where that is not today."""
    until = next_period(board).until
    return "" if until < visit.today else f"{titled(board, names)}统计到{day(until)},次日起可以公布"


def adopting(visit: Visit, places: Iterable[RegionId], kept: Iterable[Board], names: Names) -> Iterator[Form]:
    """For each place, the packaged rules that it may adopt, each for the board that there is for those it ranks."""
    boards = list(kept)
    for place in places:
        rules = {name: packaged(name) for name in RULES}
        commands = [adoption(visit, place, boards, rule) for rule in rules.values()]
        allowed = [name for name, may in zip(rules, admitted(visit, commands), strict=True) if may]
        if allowed:
            choices: Choices = tuple((one, f"《{rules[one].title}》第{rules[one].version}版") for one in allowed)
            yield ADOPT.asking("rule", choices=choices)._replace(
                title=f"{names(place)}采用评分规则", fixed={"region": str(place)}
            )


def adoption(visit: Visit, place: RegionId, boards: Iterable[Board], rule: ScoringRule) -> AdoptScoringRule:
    return AdoptScoringRule(board=board_for(place, boards, rule), region=place, rule=rule, since=visit.today)


def board_for(place: RegionId, boards: Iterable[Board], rule: ScoringRule) -> BoardId:
    """The place's own board of those whom the rule ranks; a new one where there is none yet."""
    same = (one.board for one in boards if (one.region, one.rules[-1][1].subjects) == (place, rule.subjects))
    return next(same, BoardId.derived(place, rule.subjects))


def publish(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    """What the form leaves open, where to count to and what it comes to, the service works out."""
    assert isinstance(command, PublishEdition)
    return ranking.publish(ledger, command.edition, command.board, command.period, act, key)


def act_on_board(visit: Visit) -> Response:
    form = {"publish": PUBLISH, "adopt-rule": ADOPT}.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    if form is ADOPT:
        return adopt(visit)
    return performed(
        visit,
        form,
        {**about(visit, form), "counts": {}, "cut_off": 1},
        lambda typed, status: listed_editions(visit, typed, status),
        lambda command: f"/boards/{command.edition}",
        publish,
    )


def adopt(visit: Visit) -> Response:
    place, name = (str(visit.posted.get(field, "")) for field in ("region", "rule"))
    fixed: dict[str, Any] = {"region": place}
    if name in RULES and place:
        region = RegionId(place)
        fixed["board"] = board_for(region, boards_of(visit, region), packaged(name))
    return performed(
        visit,
        ADOPT.asking("rule", choices=tuple((one, one) for one in RULES)),
        fixed,
        lambda typed, status: listed_editions(visit, typed, status),
        lambda _: "/boards",
    )


# What may be done with an edition


def on_edition(
    visit: Visit, edition: Edition, matters: Mapping[ObjectionId, str], suspects: Choices, names: Names
) -> tuple[Form, ...]:
    """The forms the reader may use on an edition."""
    if not can_act(visit):
        return ()
    fixed = {"edition": str(edition.edition)}
    form = ON_EDITION["object"]._replace(fixed=fixed)
    sides = [one.subject for one in edition.standings]
    asked = [probe(form._replace(probe={"subject": side})) for side in sides]
    mine = [side for side, may in zip(sides, admitted(visit, asked), strict=True) if may]
    objecting = [form.asking("subject", choices=tuple((str(one), names(one)) for one in mine))] if mine else []
    answering = [
        ON_EDITION["answer"]._replace(
            title=f"答复{names(one.subject)}的异议",
            fixed={**fixed, "objection": str(one.objection)},
            probe={"upheld": False},
            note=matters[one.objection],
        )
        for one in edition.objections.values()
        if one.upheld is None
    ]
    return (*objecting, *open_to(visit, [*answering, correction(visit, edition, matters, suspects, names)]))


def correction(
    visit: Visit, edition: Edition, matters: Mapping[ObjectionId, str], suspects: Choices, names: Names
) -> Form:
    due = [one for one in edition.objections.values() if one.upheld and not one.corrected]
    choices = tuple(
        (str(one.objection), typeset(f"{names(one.subject)}:") + matters[one.objection][:50]) for one in due
    )
    form = ON_EDITION["correct"]
    if not due:
        form = form._replace(fields=tuple(field for field in form.fields if field.name != "objection"))
    kept = tuple((str(one.issue), one.reason) for one in edition.excluded)
    return (
        form.asking("objection", choices=choices, value=choices[0][0] if choices else "")
        .asking("excluded", choices=suspects, kept=kept, value=" ".join(one for one, _ in kept))
        ._replace(
            fixed={"edition": str(edition.edition), "revision": str(edition.revision + 1)},
            probe={"counts": counts_of(edition), "cut_off": visit.application.facts.head()},
        )
    )


def countable(connection: Connection[Any], edition: Edition) -> Choices:
    """The issues a correction may leave out: those of whoever objected that were due by the end of the period and not
    over before it, and those left out already."""
    objected = sorted({one.subject for one in edition.objections.values()})
    column = "region" if any(isinstance(one, RegionId) for one in objected) else "unit"
    left_out = [one.issue for one in edition.excluded]
    where = (
        Where(column, "within" if column == "region" else "in", objected),
        Where("due", "until", edition.period.until),
    )
    lines = page(connection, IssueLine, Query(where, ("-due",), limit=MOST_ISSUES)).lines if objected else ()
    more = page(connection, IssueLine, Query((Where("issue", "in", left_out),), limit=1000)).lines if left_out else ()
    current = (line for line in lines if line.closed_on is None or line.closed_on >= edition.period.since)
    found: dict[IssueId, IssueLine] = {line.issue: line for line in (*more, *current)}
    return tuple((str(one), line.description[:50] + typeset(f"(时限{day(line.due)})")) for one, line in found.items())


def correct(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    assert isinstance(command, CorrectEdition)
    return ranking.correct(
        ledger,
        command.edition,
        command.revision,
        command.reason,
        act,
        objection=command.objection,
        excluded=command.excluded,
        key=key,
    )


def act_on_edition(visit: Visit) -> Response:
    """One form on an edition, filled in."""
    edition = EditionId(visit.request.path_params["edition"])
    form = ON_EDITION.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    fixed: dict[str, Any] = {**about(visit, form), "edition": edition}
    perform: Performance = execute
    if form.name == "correct":
        fixed |= {"counts": {}, "cut_off": 1}
        form, perform = form.asking("excluded", choices=left_out(visit)), correct
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: shown(visit, edition, typed, status),
        lambda _: f"/boards/{edition}",
        perform,
    )


def left_out(visit: Visit) -> Choices:
    """The issues that were ticked; whether they are in the record is for the decision to say."""
    names = (name.removeprefix("excluded.") for name in visit.posted if name.startswith("excluded.issue-"))
    return tuple((name, "") for name in names)
