"""表述: the facts of duty in words: days and leave, visits, who is responsible, meetings, reverse checks, pledges."""

from adapters.web.formats import day
from adapters.web.names import Names, office
from adapters.web.village_words import called
from domain import attendance, meetings, pledges, responsibility, reverse_check, visits
from domain.fact import Event


def of_duty(event: Event, names: Names) -> str | None:
    match event:
        case attendance.DayReported():
            stayed = f"在{names.path(event.region)}驻村"
            where = stayed if event.presence == "village" else attendance.PRESENCES[event.presence]
            return f"{names(event.person)}{day(event.on)}{where}"
        case attendance.LeaveRequested():
            seats = "、".join(seat.label for seat in event.seats)
            return f"{names(event.person)}请{span(event)},须由{seats}批准"
        case attendance.LeaveEndorsed():
            return f"{event.post.label}同意{names(event.person)}请假"
        case attendance.LeaveApproved():
            return f"准{names(event.person)}{span(event)}"
        case attendance.LeaveDenied():
            return f"{event.post.label}不准{names(event.person)}请假"
        case attendance.LeaveWithdrawn():
            return f"{names(event.person)}撤回请假"
        case attendance.LeaveReturned():
            return f"{names(event.person)}自{day(event.on)}起返岗销假"
        case visits.VisitRecorded():
            house = names(event.household) if event.household else ""
            return f"{names(event.person)}{day(event.occurred_on)}走访{names.path(event.region)}{house}"
        case responsibility.ResponsibilityTaken():
            before = f",接替{names(event.before)}" if event.before else ""
            return f"{names(event.person)}为{names.path(event.region)}第一责任人{before}({event.post.label}点将)"
        case pledges.PledgeSigned():
            instead = ",替代此前所签" if event.supersedes else ""
            return (
                f"以{office(names.path(event.region), event.post)}身份签订《{event.title}》,"
                f"{day(event.due)}前兑现,文本摘要{event.text_digest[:12]}{instead}"
            )
    return None


def of_meetings(event: Event, names: Names) -> str | None:
    match event:
        case meetings.DecisionMade():
            about = f",涉及{len(event.issues)}个问题" if event.issues else ""
            return (
                f"{names.path(event.region)}{day(event.held_on)}{meetings.MEETINGS[event.meeting]}定案,"
                f"{names(event.responsible)}负责,{day(event.due)}前落实{about}"
            )
        case meetings.DecisionReported():
            return f"{day(event.occurred_on)},{'会议决定已落实' if event.done else '会议决定有进展'}"
        case meetings.DecisionSettled():
            return "会议决定督办销账" if event.done else "会议决定未落实,退回责任人"
        case reverse_check.ClaimsDrawn():
            return (
                f"对{called(event.subject, names)}{day(event.since)}至{day(event.until)}所报,"
                f"从截至第{event.cut_off}号记录的{event.candidates}条中抽取{len(event.claims)}条反向核查"
            )
        case reverse_check.ClaimChecked():
            held = "属实" if event.holds else "不属实,登记为问题"
            return f"{day(event.checked_on)}核查{names(event.claimant)}所报(第{event.position}号记录):{held}"
    return None


def span(event: attendance.LeaveRequested | attendance.LeaveApproved) -> str:
    return f"{attendance.LEAVE_KINDS[event.kind]},{day(event.since)}至{day(event.until)}"
