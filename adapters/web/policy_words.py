"""政策包的说法: a policy in words, section by section, as people read it."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from adapters.web.formats import share
from adapters.web.words import LEVEL_NAMES
from domain.policy import (
    Closure,
    Duty,
    Evaluation,
    ExitRule,
    IndicatorRule,
    LeaveRule,
    Policy,
    Severity,
    Stage,
    Threshold,
    VisitRule,
)
from domain.statements import Assurance

OBJECTS: Final = {"household": "贫困户", "village": "贫困村", "county": "贫困县"}
BLOCKING: Final = {
    "graver": "同一户、村等对象上有更重的未销号问题时,不能签字",
    "any": "同一户、村等对象上有任何未销号问题时,不能签字",
    "none": "同一对象上的其他问题不妨碍签字",
}
SENSES: Final = {"at_least": "不低于", "above": "高于", "below": "低于"}
PERIODS: Final = {"month": "每月", "quarter": "每季度", "year": "每年"}
VISITED: Final = {"township": "有贫困村的乡镇", "village": "贫困村", "household": "建档立卡户", "paired": "结对户"}


class Section(NamedTuple):
    """一节: a heading, and the rules under it."""

    title: str
    lines: tuple[str, ...]


def sections(policy: Policy) -> Iterator[Section]:
    """What the policy says; what it has no rule for is left out."""
    yield Section(
        "问题销号", tuple(f"{severity.label}问题:{closure(policy.closure(severity))}" for severity in Severity)
    )
    yield Section(
        "时限",
        (
            f"上报后须在{policy.answer_hours}小时内答复",
            f"红黑榜公布后{policy.objection_days}天内可提异议",
            f"问责决定后{policy.appeal_days}天内可申诉,办理期间不停止执行",
        ),
    )
    yield Section("妨碍签字的问题", (BLOCKING[policy.blocking],))
    if pairing := policy.pairing:
        caps = (("处级", pairing.division), ("科级", pairing.section), ("一般干部", pairing.staff))
        words = (
            (f"每名干部结对不超过{pairing.staff}户",)
            if pairing.same_for_all
            else tuple(f"{rank}干部结对不超过{cap}户" for rank, cap in caps)
        )
        yield Section("结对帮扶", words)
    for rule in policy.exits:
        yield Section(f"{OBJECTS[rule.object]}退出", tuple(exit_lines(policy, rule)))
    for one in policy.indicator_sets:
        yield Section(f"{one.title}({len(one.indicators)}项)", tuple(indicator(rule) for rule in one.indicators))
    if policy.sweeps:
        yield Section("排查", tuple(f"{rule.title}:发现的问题归“{rule.category}”类" for rule in policy.sweeps))
    if monitoring := policy.monitoring:
        notice = f",公示不少于{monitoring.notice_days}天" if monitoring.notice_days else ""
        yield Section("防返贫监测", (f"从发现线索到识别认定不超过{monitoring.identify_days}天{notice}",))
    if policy.duty:
        yield from duty(policy.duty)
    if policy.seals:
        yield Section("日志封存", ("在 SHA-256、Ed25519 之外,另以国密 SM3、SM2 封存同一日志",))


def closure(rule: Closure) -> str:
    notice = f"公示{rule.notice_days}天,再" if rule.notice_days else ""
    return f"现场核查通过后,{notice}{signed_by(rule.stages)}"


def signed_by(stages: tuple[Stage, ...]) -> str:
    """依次由村级(村支书、村主任)、乡镇级(…)签字."""
    return (
        "依次由" + "、".join(f"{LEVEL_NAMES[stage.level]}({stage.label}{assured(stage)})" for stage in stages) + "签字"
    )


def assured(stage: Stage) -> str:
    return f",须用{stage.assurance.label}签名" if stage.assurance is not Assurance.ACCOUNT else ""


def exit_lines(policy: Policy, rule: ExitRule) -> Iterator[str]:
    notice = [f"公示{rule.notice_days}天"] if rule.notice_days else []
    ruling = ["省级审定"] if rule.ruling else []
    yield f"程序:{'→'.join([*(step.label for step in rule.steps), *notice, '签字', *ruling])}"
    yield signed_by(rule.stages)
    if rule.indicators:
        yield f"指标:{len(policy.wanted(rule))}项全部达标,评定在{rule.fresh_days}天以内"
    if rule.incidence_below is not None:
        yield f"贫困发生率低于{share(rule.incidence_below)}"
    if rule.evaluation:
        yield evaluation(rule.evaluation)


def evaluation(rule: Evaluation) -> str:
    return (
        f"第三方评估:错退率低于{share(rule.wrong_below)},漏评率低于{share(rule.missed_below)},"
        f"群众认可度不低于{share(rule.approving_at_least)}"
    )


def indicator(rule: IndicatorRule) -> str:
    threshold = f":{bound(rule.threshold)}" if rule.threshold else ""
    return f"{rule.title}{threshold}{'(由系统从记录算出)' if rule.computed else ''}"


def bound(threshold: Threshold) -> str:
    return f"{SENSES[threshold.sense]}{threshold.figure:,}{threshold.unit}"


def duty(rule: Duty) -> Iterator[Section]:
    lines = []
    if rule.days_a_month:
        who = "、".join(post.label for post in rule.stationed) or "驻村人员"
        lines.append(f"{who}每月驻村不少于{rule.days_a_month}天")
    lines.append(f"当天的工作日志在{rule.log_by}时前报送")
    if rule.responsible_by:
        lines.append(f"第一责任人由{'、'.join(post.label for post in rule.responsible_by)}指定或变更")
    yield Section("驻村值守", tuple(lines))
    if rule.visits:
        yield Section("走访", tuple(visit(one) for one in rule.visits))
    if rule.leave:
        yield Section("请假审批", tuple(leave(one) for one in rule.leave))


def visit(rule: VisitRule) -> str:
    who = "、".join(post.label for post in rule.posts) or "结对干部"
    times = f"走访{rule.times}次" if rule.times else "每处走访一次"
    return f"{rule.title}:{who}{PERIODS[rule.every]}到{VISITED[rule.to]}{times}"


def leave(rule: LeaveRule) -> str:
    who = "、".join([*(post.label for post in rule.posts), *(rank.label for rank in rule.ranks)]) or "其他人员"
    length = f"{rule.days}天以内" if rule.days else "不限天数"
    seats = "、".join(seat.label for seat in rule.seats)
    return f"{who}请假{length}:{'依次' if len(rule.seats) > 1 else ''}由{seats}批准"
