"""政策包的退出、结对、指标、排查和值守各节, as a county office would read them on paper."""

from collections.abc import Iterator

from adapters.cli.duty import print_duty
from adapters.cli.speech import lines, table
from domain.exiting import percent
from domain.policy import ExitRule, IndicatorRule, Policy, Rank

OBJECTS = {"household": "贫困户", "village": "贫困村", "county": "贫困县"}
LEVELS = {"village": "村级", "township": "乡镇级", "county": "县级", "city": "市级"}
SENSES = {"at_least": "不低于", "above": "高于", "below": "低于"}


def print_sections(policy: Policy) -> None:
    """Every section that the pack has of these; nothing for one that it has not."""
    if pairing := policy.pairing:
        table("结对户数上限", ("职级", "户数"), ((rank.label, pairing.cap(rank)) for rank in Rank))
    for one in policy.indicator_sets:
        rows = ((number, rule.title, limit(rule)) for number, rule in enumerate(one.indicators, 1))
        table(f"{one.title}({OBJECTS[one.object]},{len(one.indicators)}项)", ("序号", "指标", "界限"), rows)
    if policy.exits:
        table("退出须经的程序和签字", ("对象", "程序", "公示天数", "签字"), map(exit_row, policy.exits))
        for rule in policy.exits:
            lines([(f"{OBJECTS[rule.object]}退出条件", ";".join(conditions(policy, rule)))])
    if policy.sweeps:
        table("排查", ("排查项", "问题类别"), ((one.title, one.category) for one in policy.sweeps))
    if watch := policy.monitoring:
        lines([("防返贫监测", f"{watch.identify_days}日内认定,公示不少于{watch.notice_days}日")])
    if rules := policy.duty:
        print_duty(rules)


def limit(rule: IndicatorRule) -> str:
    how = "由台账计算," if rule.computed else ""
    if rule.threshold is None:
        return how or "评定"
    return f"{how}{SENSES[rule.threshold.sense]}{rule.threshold.figure}({rule.threshold.unit})"


def exit_row(rule: ExitRule) -> tuple[str, str, int | str, str]:
    stages = ",然后".join(f"{LEVELS[stage.level]}{stage.label}" for stage in rule.stages)
    ruling = ",然后报省审定" if rule.ruling else ""
    steps = "、".join(step.label for step in rule.steps)
    return OBJECTS[rule.object], steps, rule.notice_days or "不公示", stages + ruling


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
