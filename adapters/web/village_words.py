"""表述: the facts of households, books, checks and exits in words."""

from adapters.web.formats import day, money
from adapters.web.names import Names
from domain import books, chains, comparison, exits, households, indicators, monitoring, sweeps, vault
from domain.fact import Event
from domain.ids import Id, IssueId, RegionId

OBJECTS = {"province": "省", "city": "市", "county": "贫困县", "township": "乡镇", "village": "贫困村"}


def called(subject: Id, names: Names) -> str:
    return names.path(subject) if isinstance(subject, RegionId) else names(subject)


def object_of(subject: Id) -> str:
    """What exits: 贫困户, 贫困村 or 贫困县."""
    return OBJECTS[subject.level] if isinstance(subject, RegionId) else "贫困户"


def cover(event: households.CoverAssigned | households.CoverEnded) -> str:
    return households.COVERS[event.kind]


def of_households(event: Event, names: Names) -> str | None:
    match event:
        case households.HouseholdRegistered():
            where = names.path(event.region) + (event.hamlet or "")
            return f"登记{where}一户{len(event.members)}人,{event.category.label},{day(event.identified_on)}识别"
        case households.HouseholdRecategorised():
            return f"{names(event.household)}调整为{event.category.label}"
        case households.HouseholdRemoved():
            return f"{names(event.household)}注销,原记录保留"
        case households.MemberJoined():
            return f"{names(event.household)}自{day(event.since)}起增加一名成员"
        case households.MemberLeft():
            return f"{names(event.household)}自{day(event.on)}起减少一名成员"
        case households.RankRecorded():
            return f"{names(event.person)}自{day(event.since)}起为{event.rank.label}"
        case households.Paired():
            return f"{names(event.person)}自{day(event.since)}起结对帮扶{names(event.household)}"
        case households.PairingEnded():
            return f"{names(event.person)}自{day(event.on)}起不再结对帮扶{names(event.household)}"
        case households.VillageListed():
            return f"{names.path(event.region)}自{day(event.since)}起确定为贫困村"
        case households.CoverAssigned():
            who = event.person or event.unit
            return f"{names(who) if who else ''}自{day(event.since)}起为{names.path(event.region)}的{cover(event)}"
        case households.CoverEnded():
            return f"{names.path(event.region)}自{day(event.on)}起没有{cover(event)}"
        case books.HouseholdSurveyed():
            return f"{day(event.surveyed_on)}摸排{names(event.household)},致贫原因:{'、'.join(event.causes)}"
        case books.HelpPlanned():
            funds = f",计划资金{money(event.planned_funds)}" if event.planned_funds is not None else ""
            return f"{names(event.household)}的{event.category}帮扶计划,{day(event.due)}前完成{funds}"
        case books.HelpReported():
            funds = f",支出资金{money(event.spent_funds)}" if event.spent_funds is not None else ""
            return f"{day(event.occurred_on)},{'帮扶计划已完成' if event.done else '帮扶计划有进展'}{funds}"
        case books.HelpDropped():
            return f"取消{names(event.household)}的一项帮扶计划,原计划保留"
        case books.TaskListPublished():
            return (
                f"下达{names(event.team)}{event.month.year}年{event.month.month}月任务清单,共{len(event.tasks)}项,"
                f"依据截至第{event.cut_off}号记录"
            )
    return None


def of_checks(event: Event, names: Names) -> str | None:
    match event:
        case indicators.IndicatorAssessed():
            value = f",数值{event.value}" if event.value is not None else ""
            state = "达标" if event.met else "未达标"
            asked = f"{called(event.subject, names)}“{names.indicator(event.subject, event.indicator)}”"
            return f"{day(event.assessed_on)}评定{asked}{state}{value}"
        case sweeps.SweepOpened():
            return f"{day(event.opened_on)}起在{names.path(event.region)}开展“{event.title}”排查"
        case sweeps.HouseholdSwept():
            found = "查出问题" if event.issue else "没有查出问题"
            return f"{day(event.swept_on)}入户排查{names(event.household)},{found}"
        case sweeps.SweepConcluded():
            return f"{day(event.concluded_on)}排查办结,共{event.households}户,查出{event.found}个问题,均已了结"
        case monitoring.ClueReported():
            return f"{day(event.found_on)}发现{names(event.household)}的风险线索({event.source}),{day(event.due)}前认定"
        case monitoring.ClueNoticePosted():
            return f"{day(event.posted_on)}起在“{event.place}”公示拟监测对象,到{day(event.until)}止"
        case monitoring.ClueDismissed():
            return f"{day(event.dismissed_on)}排除{names(event.household)}的风险线索"
        case monitoring.RiskIdentified():
            return f"{day(event.identified_on)}认定{names(event.household)}为{monitoring.KINDS[event.kind]}"
        case monitoring.RiskReleased():
            return f"{day(event.released_on)}{names(event.household)}风险消除"
    return None


def of_personal(event: Event, names: Names) -> str | None:
    match event:
        case vault.PersonalDataRestricted():
            return f"{names(event.household)}的个人信息限制处理,{day(event.erase_from)}起可以删除"
        case vault.PersonalDataReleased():
            return f"{names(event.household)}的个人信息解除限制"
        case vault.PersonalDataErased():
            return f"{names(event.household)}的{len(event.members)}人个人信息保存期满,已删除;承诺值和证明保留"
        case comparison.RosterCompared():
            unread = f",其中{event.unreadable}行身份证号无法读取" if event.unreadable else ""
            return (
                f"{names.path(event.region)}的农户与{day(event.roster_on)}的{event.kind.label}比对,"
                f"名册{event.rows}行{unread},新发现{event.households}户不一致"
            )
        case comparison.ContradictionFound():
            listed = "应在而不在" if event.kind.absence else "列于"
            became = "立为问题" if event.opened else "并入尚未了结的问题"
            return f"{names(event.household)}有{len(event.members)}名成员{listed}{event.kind.label},{became}"
    return None


def of_exits(event: Event, names: Names) -> str | None:
    match event:
        case chains.ChainOpened(purpose="exit"):
            again = f"第{event.round}次" if event.round > 1 else ""
            return f"{again}申请{called(event.subject, names)}退出,公示{event.notice_days}天"
        case chains.Checked(passed=False) if not isinstance(event.subject, IssueId):
            return f"{day(event.checked_on)}核实不通过,继续帮扶"
        case chains.ObjectionSettled(upheld=True) if not isinstance(event.subject, IssueId):
            return "异议成立,本次退出申请终止,继续帮扶"
        case chains.SentBack(to="rectification") if not isinstance(event.subject, IssueId):
            return "退回继续帮扶,本次退出申请终止"
        case chains.SignatureRefused() if not isinstance(event.subject, IssueId):
            return f"以{event.post.label}身份拒签(第{event.stage + 1}级),本次退出申请终止,继续帮扶"
        case chains.ChainWithdrawn() if not isinstance(event.subject, IssueId):
            return "撤回退出申请"
        case exits.ExitProposed():
            ruling = ",签字后报省审定" if event.ruling else ""
            return f"{object_of(event.subject)}退出程序:{'、'.join(step.label for step in event.steps)}{ruling}"
        case exits.ExitStepTaken():
            votes = f",到会{event.present}人,赞成{event.in_favour}人" if event.present is not None else ""
            return f"{day(event.taken_on)}{event.step.label}{'通过' if event.passed else '不通过'}{votes}"
        case exits.ExitRuled():
            return f"{day(event.ruled_on)}省级审定{'同意退出' if event.approved else '不同意退出'}({event.document})"
        case exits.ExitDecided():
            return f"{called(event.subject, names)}退出,签字和审定均已完成"
        case exits.ExitAnnounced():
            return f"{day(event.announced_on)}在“{event.place}”公告{called(event.subject, names)}退出"
        case exits.ExitVoided():
            return f"{day(event.found_on)}发现{called(event.subject, names)}的退出不实,予以撤销;原签字和记录保留"
        case exits.IncidenceRecorded():
            return (
                f"{names.path(event.region)}还有贫困人口{event.households}户{event.people}人,农村人口"
                f"{event.population}人,贫困发生率{event.percentage},依据截至第{event.cut_off}号记录"
            )
        case exits.EvaluationRecorded():
            return (
                f"{day(event.evaluated_on)}评估{names.path(event.region)}:抽查退出户{event.exited_sampled}户,"
                f"错退{event.wrong}户;抽查其他户{event.others_sampled}户,漏评{event.missed}户;"
                f"访问{event.asked}户,认可{event.approving}户"
            )
    return None
