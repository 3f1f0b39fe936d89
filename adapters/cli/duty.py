"""履职与反向核查 on the command line: a person's month and visits, and a draw done again."""

from datetime import datetime
from typing import Annotated

import typer

from adapters.cli.ledgers import id_named
from adapters.cli.opening import opened
from adapters.cli.speech import AsJson, document, lines, table
from domain.command import Act, refuse
from domain.ids import DrawId, PersonId
from domain.policy import Duty, LeaveRule, VisitRule
from domain.reverse_check import CLAIM_KINDS

EVERY = {"month": "每月", "quarter": "每季度", "year": "每年"}
HELD = {"village": "村级任职", "township": "乡镇任职", "county": "县级任职", "city": "市级任职"}
WHERE = {"township": "有贫困村的乡镇", "village": "贫困村", "household": "贫困户", "paired": "结对户"}


def duty(
    person: Annotated[str, typer.Argument(metavar="人员编号", help="谁的履职情况:person-…")],
    day: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], metavar="日期", help="哪一天所在的月、季、年;不写则为今天"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """看一个人的履职:本月在岗天数,走访任务完成了多少、还差多少。"""
    from adapters.http.duty import told
    from adapters.web.names import names_of
    from services.duty import month_by, owed_by

    who = id_named(person)
    if not isinstance(who, PersonId):
        refuse("unknown_id", f"{person[:80]}不是人员编号")
    with opened() as application:
        on = day.date() if day else Act(who, application.now()).today
        month, _ = month_by(application.facts, who, on)
        owed = owed_by(application.facts, who, on)
        if as_json:
            document({"month": {**month._asdict(), "short": month.short}, "visits": told(owed)})
            return
        with application.pool.connection() as connection:
            names = names_of(connection, {target for quota in owed for target in quota.missing})
    lines(
        [
            ("在岗天数", month.present),
            ("应不少于", month.needed if month.needed is not None else "没有规定"),
            ("还差", month.short),
            ("准假天数", month.leave),
            ("前后矛盾天数", month.contradicted),
        ]
    )
    rows = (
        (quota.rule.title, quota.until, quota.needed, quota.done, "、".join(map(names, quota.missing)) or quota.short)
        for quota in owed
    )
    table("走访任务", ("任务", "截至", "应走访", "已走访", "未走访"), rows)


def redraw(
    draw: Annotated[str, typer.Argument(metavar="抽取编号", help="哪一次反向核查:draw-…")], as_json: AsJson = False
) -> None:
    """复抽一次反向核查:按同样的种子从同样的填报中再抽一遍,看是否一致。"""
    from services import draws

    number = id_named(draw)
    if not isinstance(number, DrawId):
        refuse("unknown_id", f"{draw[:80]}不是反向核查的编号")
    with opened() as application:
        again = draws.redraw(application.facts, number)
    if as_json:
        document({**again._asdict(), "holds": again.holds})
    else:
        rows = ((one.position, CLAIM_KINDS[one.kind], one.claimant, one.claimed_on) for one in again.computed)
        table("复抽结果", ("记录序号", "所报", "填报人", "所报日期"), rows)
        lines([("与当时所抽", "一致" if again.holds else "不一致")])
    if not again.holds:
        raise typer.Exit(1)


def print_duty(rules: Duty) -> None:
    """值守规则, as a county office would read it on paper."""
    stationed = "、".join(post.label for post in rules.stationed)
    days = f"{stationed}每月不少于{rules.days_a_month}天,公差计入" if rules.days_a_month else "没有规定"
    named = "、".join(post.label for post in rules.responsible_by) or "县级领导、乡镇党委第一书记"
    log = f"当日{rules.log_by}时前" if rules.log_by < 24 else "当日内"
    lines([("驻村天数", days), ("当日工作报告", log), ("第一责任人由谁确定", named)])
    if rules.visits:
        table("走访", ("任务", "谁", "对象", "周期", "次数"), map(visit_row, rules.visits))
    if rules.leave:
        table("请假由谁批准(自上而下,先合者为准)", ("谁", "天数", "批准"), map(leave_row, rules.leave))


def visit_row(rule: VisitRule) -> tuple[str, str, str, str, str]:
    who = "、".join(post.label for post in rule.posts) or "结对干部"
    level = f"({HELD[rule.held_at]})" if rule.held_at else ""
    times = f"{rule.times}次" if rule.times else "每处一次"
    return rule.title, who + level, WHERE[rule.to], EVERY[rule.every], times


def leave_row(rule: LeaveRule) -> tuple[str, str, str]:
    who = "、".join((*(rank.label for rank in rule.ranks), *(post.label for post in rule.posts))) or "所有人"
    return who, f"{rule.days}天以内" if rule.days else "不限", "和".join(seat.label for seat in rule.seats)
