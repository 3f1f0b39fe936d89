"""表述: every fact in words. One case for each type; a test holds that none is missing."""

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from adapters.web.duty_words import of_duty, of_meetings
from adapters.web.formats import day, deadline, fingerprint, moment, money
from adapters.web.merit_words import of_merits
from adapters.web.names import Names, office
from adapters.web.village_words import of_checks, of_exits, of_households, of_personal
from domain import accountability as acc
from domain import chains, issues, keys, organisation, policy, posts, rankings, regions
from domain.evidence import Evidence
from domain.fact import Event
from domain.ids import Id, RegionId
from domain.policy import Stage

LEVEL_NAMES = {"province": "省级", "city": "市级", "county": "县级", "township": "乡镇级", "village": "村级"}
BACK_TO = {"rectification": "整改", "check": "现场核查", "notice": "公示", "signing": "签字"}
OUTCOMES = {"upheld": "申诉成立,撤销原决定", "lightened": "变更为较轻的措施", "rejected": "维持原决定"}
CAUSES = {"served": "期满解除", "early": "提前解除", "appeal": "申诉后解除", "ground_gone": "案由消失而解除"}
ESCALATED_TO = {"township": "乡镇", "county": "县指挥部"}
SUITES = {"ed25519": "密钥文件", "webauthn": "通行密钥", "sm2": "国密密钥"}


class Quote(NamedTuple):
    """What someone wrote, under what it was written as. Shown exactly as it is."""

    label: str
    text: str


class Told(NamedTuple):
    """表述: what a fact says in our words, what people wrote in it, and the files it names."""

    sentence: str
    quotes: tuple[Quote, ...]
    evidence: tuple[Evidence, ...]


def title(event: Event | type[Event]) -> str:
    """The fact's Chinese term, which its docstring begins with."""
    kind = event if isinstance(event, type) else type(event)
    return (kind.__doc__ or kind.type).split("\n")[0].split(":")[0].strip()


def tell(event: Event, names: Names) -> Told:
    return Told(sentence(event, names), tuple(quotes(event)), getattr(event, "evidence", ()))


QUOTED = {
    "description": "问题描述",
    "measure": "措施",
    "progress": "进展",
    "statement": "申请说明",
    "findings": "情况",
    "matter": "事由",
    "opinion": "意见",
    "answer": "答复",
    "grounds": "申诉理由",
    "reasons": "决定理由",
    "reason": "理由",
    "manner": "核对方式",
    "work": "当日工作",
    "promise": "承诺内容",
}


def quotes(event: Event) -> Iterator[Quote]:
    for name, label in QUOTED.items():
        text = getattr(event, name, None)
        if (
            type(text) is str
            and name in type(event).model_fields
            and not isinstance(text, Id)
            and not coded(event, name)
        ):
            yield Quote(label, text)


def coded(event: Event, name: str) -> bool:
    """Whether the field holds a word of ours rather than someone's own."""
    return isinstance(event, acc.CaseOpened) and name == "reason"


def claimed_on(event: Event) -> date | None:
    """When its author says that it happened; what was entered on a later day is shown as entered late."""
    for name in ("occurred_on", "checked_on", "posted_on", "raised_on", "looked_on", "decided_on", "held_on"):
        said = getattr(event, name, None)
        if isinstance(said, date):
            return said
    return None


def standing_of(subject: Id, names: Names) -> str:
    return names.path(subject) if isinstance(subject, RegionId) else names(subject)


def stage_words(stages: tuple[Stage, ...]) -> str:
    return ",然后".join(f"{LEVEL_NAMES[stage.level]}({stage.label})" for stage in stages)


def funds(label: str, fen: int | None) -> str:
    return f",{label}{money(fen)}" if fen is not None else ""


def sentence(event: Event, names: Names) -> str:
    """What the fact says, in one sentence without its full stop; of a type without words of its own, its term."""
    for words in (
        of_households,
        of_checks,
        of_exits,
        of_personal,
        of_duty,
        of_meetings,
        of_places,
        of_issues,
        of_chains,
        of_boards,
        of_cases,
        of_merits,
    ):
        if said := words(event, names):
            return said
    return title(event)


def of_places(event: Event, names: Names) -> str | None:
    match event:
        case posts.LedgerOpened():
            return f"{names.path(event.region)}建台,{names(event.organiser)}为首任组织部门经办人,自{day(event.since)}起"
        case posts.Appointed():
            unit = f"({names(event.unit)})" if event.unit else ""
            return f"{names(event.person)}任{office(names.path(event.region), event.post)}{unit},自{day(event.since)}起"
        case posts.Relieved():
            return f"{names(event.person)}自{day(event.on)}起不再担任该职务"
        case organisation.PersonRegistered():
            return f"登记{event.name},属{names.path(event.region)}"
        case organisation.UnitEstablished():
            return f"设立{event.name},属{names.path(event.region)}"
        case organisation.UnitDissolved():
            return f"{names(event.unit)}自{day(event.on)}起撤销"
        case keys.KeyRegistered():
            kind = SUITES[event.suite]
            return f"{names(event.person)}登记{kind}“{event.label}”,指纹{fingerprint(event.key)},确认前不能使用"
        case keys.KeyConfirmed():
            signed = f",确认人以密钥签名,其指纹{fingerprint(event.signature.key)}" if event.signature else ""
            return f"确认{names(event.person)}的密钥,指纹{fingerprint(event.key)},从此可用来签字{signed}"
        case keys.KeyRevoked():
            return f"吊销{names(event.person)}的密钥,指纹{fingerprint(event.key)};自{day(event.since)}起它所签的存疑"
        case regions.RegionEstablished():
            return f"设立{event.name}(代码{event.region.code}),自{day(event.since)}起"
        case regions.RegionRenamed():
            return f"更名为{event.name}(代码{event.region.code}),自{day(event.since)}起"
        case regions.RegionAbolished():
            return f"{names(event.region)}自{day(event.on)}起撤销"
        case policy.PolicyAdopted():
            pack = event.policy
            return (
                f"{names.path(event.region)}采用《{pack.title}》第{pack.version}版,自{day(event.since)}起;"
                f"指挥部答复时限{pack.answer_hours}小时"
            )
    return None


def of_issues(event: Event, names: Names) -> str | None:
    match event:
        case issues.IssueRegistered():
            where = names.path(event.region) + (event.place or "")
            found = f",{day(event.found_on)}发现" if event.found_on else ""
            return (
                f"{where},{event.category}类{event.severity.label}问题,来源为{event.source}{found},"
                f"整改时限{deadline(event.deadline)}{funds('计划资金', event.planned_funds)}"
            )
        case issues.WorkbookImported():
            return f"从《{event.file_name}》导入{event.rows}条问题,归入{names.path(event.region)}"
        case issues.ClaimedByWorkbook():
            said = [f"表中第{event.row}行({event.sheet})"]
            said += [
                f"{label}写作“{text}”"
                for label, text in (
                    ("责任单位", event.unit),
                    ("责任领导", event.leader),
                    ("责任人", event.person),
                    ("状态", event.status),
                )
                if text
            ]
            said += [f"完成时间写作{day(event.done_on)}"] if event.done_on else []
            said += ["写明已销号"] if event.closed else []
            return ",".join(said) + ";仅为表载,未经核实"
        case issues.IssueAssigned():
            return f"交由{names(event.unit)}负责,责任领导{names(event.leader)},责任人{names(event.person)}"
        case issues.IssueRegraded():
            return f"问题等级调整为{event.severity.label}"
        case issues.StepPlanned():
            due = f",{day(event.due)}前完成" if event.due else ""
            return f"第{event.round}轮整改措施{due}{funds('计划资金', event.planned_funds)}"
        case issues.StepReported():
            said_done = "措施已完成" if event.done else "措施有进展"
            return f"{day(event.occurred_on)},{said_done}{funds('支出资金', event.spent_funds)}"
        case issues.ExtensionRequested():
            return f"申请把整改时限延到{day(event.due)}"
        case issues.ExtensionGranted():
            return f"同意延期,整改时限改为{day(event.due)}"
        case issues.ExtensionDenied():
            return "不同意延期,整改时限不变"
        case issues.Escalated():
            return f"上报{ESCALATED_TO[event.to]}({names(event.region)}),请在{moment(event.answer_due)}前答复"
        case issues.EscalationAnswered():
            return f"{names(event.region)}答复上报"
        case issues.IssueWithdrawn():
            return "问题登记有误,予以撤销;原记录保留"
        case issues.IssueClosed():
            return f"第{event.round}轮整改的审签已经全部完成,销号备案"
        case issues.LookedBack():
            return f"{day(event.looked_on)}回头看第{event.round}轮整改:" + ("没有反弹" if event.holds else "已经反弹")
        case issues.IssueReopened():
            return f"重新立项,开始第{event.round}轮整改,整改时限{deadline(event.deadline)};以前各轮记录保留"
    return None


def of_chains(event: Event, names: Names) -> str | None:
    match event:
        case chains.ChainOpened():
            notice = f",公示{event.notice_days}天" if event.notice_days else ""
            return f"申请第{event.round}轮整改销号,须经现场核查{notice},依次由{stage_words(event.stages)}签字"
        case chains.Checked():
            return f"{day(event.checked_on)}现场核查" + ("通过" if event.passed else "不通过,退回整改")
        case chains.NoticePosted():
            return f"{day(event.posted_on)}起在“{event.place}”公示,到{day(event.until)}止"
        case chains.ObjectionRaised():
            return f"{day(event.raised_on)}收到公示异议"
        case chains.ObjectionSettled():
            return "异议成立,退回整改" if event.upheld else "异议不成立,继续办理"
        case chains.SignedOff():
            return (
                f"以{office(names.path(event.region), event.post)}身份签字(第{event.stage + 1}级),"
                f"所见为截至第{event.shown}号记录的全部内容,摘要{event.shown_digest[:12]}{signed_with(event)}"
            )
        case chains.SentBack():
            to = f"第{event.stage + 1}级签字" if event.stage is not None else BACK_TO[event.to]
            return f"退回到{to}环节,此后的签字须重新办理{signed_with(event)}"
        case chains.SignatureRefused():
            return f"以{event.post.label}身份拒签(第{event.stage + 1}级),本次申请终止,退回整改{signed_with(event)}"
        case chains.ChainWithdrawn():
            return "撤回销号申请"
    return None


def of_boards(event: Event, names: Names) -> str | None:
    match event:
        case rankings.ScoringRuleAdopted():
            return (
                f"{names.path(event.region)}采用评分规则《{event.rule.title}》第{event.rule.version}版,"
                f"自{day(event.since)}起"
            )
        case rankings.EditionPublished():
            return (
                f"公布第{event.number}期红黑榜,统计{day(event.period.since)}至{day(event.period.until)},"
                f"依据截至第{event.cut_off}号记录:{listed(event.standings, names)}"
            )
        case rankings.EditionObjected():
            return f"{standing_of(event.subject, names)}对榜单提出异议"
        case rankings.EditionObjectionAnswered():
            return f"对{standing_of(event.subject, names)}所提异议:" + ("成立,应予更正" if event.upheld else "不成立")
        case rankings.EditionCorrected():
            left_out = f",不计入{len(event.excluded)}个问题" if event.excluded else ""
            return (
                f"第{event.revision}次更正,依据截至第{event.cut_off}号记录重新计算{left_out}:"
                f"{listed(event.standings, names)}"
            )
    return None


def signed_with(event: chains.Given) -> str:
    """With what key, where it was more than an account."""
    if event.signature is None:
        return ""
    return f",以{event.assurance.label}签名,指纹{fingerprint(event.signature.key)}"


def listed(standings: tuple[rankings.Standing, ...], names: Names) -> str:
    """红榜某镇、某镇;黑榜某镇."""
    parts = []
    for colour, label in (("red", "红榜"), ("black", "黑榜")):
        on = [standing_of(each.subject, names) for each in standings if each.listed == colour]
        parts.append(f"{label}{'、'.join(on) if on else '空缺'}")
    return ";".join(parts)


def of_cases(event: Event, names: Names) -> str | None:
    match event:
        case acc.CaseOpened():
            how = "按规则自动立项" if event.automatic else "立项"
            return f"对{standing_of(event.subject, names)}问责{how},案由:{acc.REASONS[event.reason]}"
        case acc.CaseDropped():
            return f"榜单更正后,对{standing_of(event.subject, names)}问责的案由消失"
        case acc.CaseRevived():
            return f"榜单再次更正后,对{standing_of(event.subject, names)}问责的案由恢复"
        case acc.MeasureDecided():
            until = f",影响期到{day(event.binds_until)}" if event.binds_until else ",没有影响期"
            instead = ",替代原较重的措施" if event.replaces else ""
            return (
                f"{day(event.decided_on)}决定对{standing_of(event.on, names)}予以{event.kind.label}"
                f"({event.post.label}作出),自{day(event.binds_from)}起{until}{instead}"
            )
        case acc.MeasureAppealed():
            return f"{standing_of(event.on, names)}申请{'复审' if event.instance == 1 else '复核'};办理期间不停止执行"
        case acc.AppealDecided():
            return f"对{standing_of(event.on, names)}的申诉:{OUTCOMES[event.outcome]}({event.post.label}作出)"
        case acc.MeasureLifted():
            who = standing_of(event.on, names)
            return f"自{day(event.lifted_on)}起对{who}的措施{CAUSES[event.cause]};决定过的记录保留"
        case acc.CaseClosed():
            return f"对{standing_of(event.subject, names)}的问责结案,有效措施{len(event.measures)}项"
    return None
