"""红黑榜 on the command line: adopting a rule, publishing an edition, showing it and counting it again."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.opening import acting, opened, region_of
from adapters.cli.speech import AsJson, document, lines, table
from domain.command import refuse
from domain.ids import BoardId, EditionId, RegionId
from domain.rankings import AdoptScoringRule, EditionPublished, Period, ScoringRule, Standing, packaged
from services import ranking

if TYPE_CHECKING:
    from adapters.bootstrap import Application
    from adapters.web.names import Names

Who = Annotated[str, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须为指挥部办公室或督查室")]
Edition = Annotated[str, typer.Argument(metavar="期次", help="榜单期次的编号")]
Day = ["%Y-%m-%d"]
BOARDS = ("towns", "units")
_RULES = {"towns": "townships", "units": "units"}
Board = Annotated[str, typer.Option("--board", metavar="榜", help="towns(乡镇榜)、units(单位榜)或榜的编号 board-…")]
Region = Annotated[str, typer.Option("--region", metavar="代码", help="设榜的县或市")]


def board_of(name: str, region: RegionId) -> BoardId:
    """The board of a place: the one of townships, the one of units, or one by its own id."""
    if name in BOARDS:
        return BoardId(f"board-{region.code}-{_RULES[name]}")
    if name.startswith("board-"):
        return BoardId(name)
    refuse("unknown_board", f"没有“{name[:40]}”这样的榜:应为 towns、units 或榜的编号")


def publish(
    region: Region,
    since: Annotated[datetime, typer.Option("--from", formats=Day, metavar="日期", help="统计周期自(含)")],
    until: Annotated[datetime, typer.Option("--to", formats=Day, metavar="日期", help="统计周期至(含)")],
    who: Who,
    board: Board = "towns",
    as_json: AsJson = False,
) -> None:
    """公布一期红黑榜:由到此刻为止的事实算出,连同每一项得分一并公布。"""
    place = region_of(region)
    if until < since:
        refuse("period_backwards", "统计周期的终止日早于起始日")
    period = Period(since=since.date(), until=until.date())
    name = board_of(board, place)
    edition = EditionId.derived(name, period.since, period.until)
    with opened() as application:
        act = acting(application, who, "PublishEdition")
        outcome = ranking.publish(application.ledger, edition, name, period, act)
    published = next(event for event in outcome.facts if isinstance(event, EditionPublished))
    if as_json:
        document({"edition": edition, "position": outcome.position, "published": published})
    else:
        typer.echo(f"已公布第{published.number}期(截止序号{published.cut_off}): {edition}")


def show(edition: Edition, as_json: AsJson = False) -> None:
    """看一期红黑榜:名次、得分和每一项的计数,以最近一次更正为准。"""
    with opened(reading=True) as application:
        recount = ranking.recount(application.facts, edition_named(edition))
        if as_json:
            document({"edition": edition, "revision": recount.revision, "standings": recount.published})
            return
        names = _names(application, recount.published)
    if recount.revision:
        lines([("已更正", f"{recount.revision}次")])
    _standings(edition, recount.published, names)


def _names(application: "Application", standings: tuple[Standing, ...]) -> "Names":
    from adapters.web.names import names_of

    with application.pool.connection() as connection:
        return names_of(connection, (standing.subject for standing in standings))


def _standings(title: str, standings: tuple[Standing, ...], names: "Names") -> None:
    from adapters.web.formats import points

    counted = [component.indicator.label for component in standings[0].components]
    lists = {"red": "红榜", "black": "黑榜", None: ""}
    rows = (
        (
            one.rank,
            names(one.subject),
            points(one.score),
            lists[one.listed],
            *(f"{component.count}→{points(component.points)}" for component in one.components),
        )
        for one in standings
    )
    table(title, ("名次", "对象", "得分", "榜", *counted), rows)


def verify(
    edition: Edition,
    revision: Annotated[
        int | None, typer.Option("--revision", min=0, help="第几次更正;0 为初次公布,不写则为最近一次")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """复算一期红黑榜:从事实重新计数,与公布的逐项比对;不一致时退出码为1。"""
    with opened() as application:
        recount = ranking.recount(application.facts, edition_named(edition), revision)
    if as_json:
        document({**recount._asdict(), "holds": recount.holds})
    elif recount.holds:
        typer.echo(f"复算一致:到序号{recount.cut_off}为止的事实得出的正是所公布的")
    elif not recount.whole:
        typer.echo("截止位置没有包含统计周期内的全部事实")
    else:
        both = zip(recount.published, recount.computed, strict=False)
        wrong = ((one.subject, one.score, other.subject, other.score) for one, other in both if one != other)
        table("复算不一致", ("公布对象", "公布得分(百分之一分)", "复算对象", "复算得分(百分之一分)"), wrong)
    if not recount.holds:
        raise typer.Exit(1)


def edition_named(text: str) -> EditionId:
    if not text.startswith("edition-"):
        refuse("unknown_edition", "没有这一期榜单:期次编号形如 edition-…")
    return EditionId(text)


def show_rule(
    name: Annotated[str, typer.Argument(metavar="规则", help="townships 或 units")], as_json: AsJson = False
) -> None:
    """把评分规则写成人能读的文件。"""
    from adapters.web.formats import points

    rule = rule_named(name)
    if as_json:
        document(rule)
        return
    typer.echo(f"《{rule.title}》第{rule.version}版\n{rule.source}")
    rows = (
        (
            one.indicator.label,
            f"每{'1%' if one.indicator.share and one.per == 100 else one.per}{points(one.points)}分",
            points(one.floor) if one.floor is not None else "",
            points(one.cap) if one.cap is not None else "",
        )
        for one in rule.components
    )
    table(f"基础分{points(rule.base)}", ("指标", "计分", "最低", "最高"), rows)
    lines(
        [
            ("并列时依次比较", [one.label for one in rule.ties]),
            ("红榜", f"前{rule.red_places}名" + _bound("不低于", rule.red_floor)),
            ("黑榜", f"后{rule.black_places}名" + _bound("不高于", rule.black_ceiling)),
            ("问责", f"连续{rule.black_running}期黑榜"),
        ]
    )


def _bound(words: str, centi: int | None) -> str:
    from adapters.web.formats import points

    return f",{words}{points(centi)}分" if centi is not None else ""


def adopt_rule(
    name: Annotated[str, typer.Argument(metavar="规则", help="townships 或 units")],
    region: Region,
    who: Who,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=Day, metavar="日期", help="自哪天起,不早于今天;不写则为今天")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """采用评分规则:第一次采用即设立该榜。"""
    rule, place = rule_named(name), region_of(region)
    board = board_of("units" if rule.subjects == "units" else "towns", place)
    with opened() as application:
        act = acting(application, who, "AdoptScoringRule")
        day = since.date() if since else act.today
        outcome = application.ledger.execute(AdoptScoringRule(board=board, region=place, rule=rule, since=day), act)
    if as_json:
        document({"board": board, "rule": rule.rule, "version": rule.version, "position": outcome.position})
    else:
        typer.echo(f"{place.code}自{day.isoformat()}起采用《{rule.title}》第{rule.version}版,榜为 {board}")


def rule_named(name: str) -> ScoringRule:
    try:
        if name.isidentifier():
            return packaged(name)
    except FileNotFoundError:
        pass
    refuse("unknown_rule", f"没有评分规则“{name[:40]}”:应为 townships 或 units")
