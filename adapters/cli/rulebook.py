"""政策包 in print: section by section, as a county office would read it on paper."""

from collections.abc import Iterator

import typer

from adapters.cli.duty import print_duty
from adapters.cli.speech import lines, table
from domain.exiting import percent
from domain.policy import ExitRule, IndicatorRule, Policy, Rank, Severity, Stage
from domain.statements import Assurance

OBJECTS = {"household": "贫困户", "village": "贫困村", "county": "贫困县"}
LEVELS = {"village": "村级", "township": "乡镇级", "county": "县级", "city": "市级"}
BLOCKING = {"graver": "有更重的未销号问题时不能签字", "any": "有任何未销号问题时不能签字", "none": "不作限制"}
SENSES = {"at_least": "不低于", "above": "高于", "below": "低于"}


def print_policy(policy: Policy) -> None:
    """The whole pack, section by section; nothing for a section that it has not."""
    typer.echo(f"《{policy.title}》第{policy.version}版\n{policy.source}")
    table("销号须经的签字", ("问题等级", "层级", "签字人(须全部签)", "签名方式", "公示天数"), closing_rows(policy))
    lines(
        [
            ("上报答复时限", f"{policy.answer_hours}小时"),
            ("同一对象", BLOCKING[policy.blocking]),
            ("榜单异议期", f"{policy.objection_days}天"),
            ("申诉期", f"{policy.appeal_days}天"),
        ]
    )
    if pairing := policy.pairing:
        table("结对户数上限", ("职级", "户数"), ((rank.label, pairing.cap(rank)) for rank in Rank))
    for one in policy.indicator_sets:
        rows = ((number, rule.title, limit(rule), rule.code) for number, rule in enumerate(one.indicators, 1))
        table(f"{one.title}({OBJECTS[one.object]},{len(one.indicators)}项)", ("序号", "指标", "界限", "代码"), rows)
    if policy.exits:
        table("退出须经的程序和签字", ("对象", "程序", "公示天数", "签字"), map(exit_row, policy.exits))
        for rule in policy.exits:
            lines([(f"{OBJECTS[rule.object]}退出条件", ";".join(conditions(policy, rule)))])
    if policy.sweeps:
        rows_of_sweeps = ((one.title, one.category, one.code) for one in policy.sweeps)
        table("排查", ("排查项", "问题类别", "代码"), rows_of_sweeps)
    if watch := policy.monitoring:
        lines([("防返贫监测", f"{watch.identify_days}日内认定,公示不少于{watch.notice_days}日")])
    if rules := policy.duty:
        print_duty(rules)


def closing_rows(policy: Policy) -> Iterator[tuple[str, str, str, str, int | str]]:
    for severity in Severity:
        closure = policy.closure(severity)
        for stage in closure.stages:
            manner = "账号" if stage.assurance is Assurance.ACCOUNT else f"{stage.assurance.label}以上"
            yield severity.label, LEVELS[stage.level], stage.label, manner, closure.notice_days or "不公示"


def limit(rule: IndicatorRule) -> str:
    how = "由台账计算," if rule.computed else ""
    if rule.threshold is None:
        return how or "评定"
    return f"{how}{SENSES[rule.threshold.sense]}{rule.threshold.figure}({rule.threshold.unit})"


def exit_row(rule: ExitRule) -> tuple[str, str, int | str, str]:
    stages = ",然后".join(signed_by(stage) for stage in rule.stages)
    ruling = ",然后报省审定" if rule.ruling else ""
    steps = "、".join(step.label for step in rule.steps)
    return OBJECTS[rule.object], steps, rule.notice_days or "不公示", stages + ruling


def signed_by(stage: Stage) -> str:
    surely = "" if stage.assurance is Assurance.ACCOUNT else f"({stage.assurance.label}以上)"
    return f"{LEVELS[stage.level]}{stage.label}{surely}"


def conditions(policy: Policy, rule: ExitRule) -> Iterator[str]:
    named = [one.title for one in policy.indicator_sets if one.code in rule.indicators]
    if named:
        yield f"{'、'.join(named)}各项达标,评定不超过{rule.fresh_days}天"
    if rule.object == "household":
        yield "没有未销号的问题"
    if rule.incidence_below is not None:
        yield f"贫困发生率低于{percent(rule.incidence_below)}"
    if found := rule.evaluation:
        yield f"错退率低于{percent(found.wrong_below)},漏评率低于{percent(found.missed_below)}"
        yield f"群众认可度不低于{percent(found.approving_at_least)}"
