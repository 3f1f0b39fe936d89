"""表述: the facts of merit, of replacement and of what was broadcast in words."""

from adapters.web.formats import day, money
from adapters.web.names import Names
from domain.accountability import Accountable
from domain.appointing import REPLACED_FOR, MemberReplaced
from domain.broadcasts import MEDIA, NoticeBroadcast, NoticeRetracted
from domain.commendation import RESERVE_LEVELS, MeritGiven, MeritRevoked
from domain.fact import Event
from domain.ids import RegionId


def of_merits(event: Event, names: Names) -> str | None:
    match event:
        case MeritGiven():
            level = f"({RESERVE_LEVELS[event.level]})" if event.level else ""
            amount = money(event.amount) if event.amount is not None else ""
            return (
                f"{day(event.decided_on)}决定对{whose(event.on, names)}{event.kind.label}{level}{amount}"
                f"({event.post.label}作出)"
            )
        case MeritRevoked():
            return f"自{day(event.revoked_on)}起取消对{whose(event.on, names)}的激励({event.post.label}作出);记录保留"
        case MemberReplaced():
            place = names.path(event.region)
            return f"{place}撤换{names(event.person)},原因:{REPLACED_FOR[event.cause]},由{names(event.successor)}接替"
        case NoticeBroadcast():
            edition = f",通报{names(event.edition)}" if event.edition else ""
            said = (("表扬", event.praised), ("批评", event.criticised))
            told = "".join(f";{verb}{'、'.join(map(names, named))}" for verb, named in said if named)
            where = f"由{event.outlet}{MEDIA[event.medium]}通报({event.post.label}办理)"
            return f"{day(event.broadcast_on)}{where}{edition}{told}"
        case NoticeRetracted():
            return f"{day(event.retracted_on)}更正通报({event.post.label}办理);原通报的记录保留"
    return None


def whose(subject: Accountable, names: Names) -> str:
    return names.path(subject) if isinstance(subject, RegionId) else names(subject)
