"""写法: dates, money, spans and punctuation as they are written in Chinese official papers."""

import re
from datetime import date, datetime, timedelta

from domain.fact import CHINA
from domain.ids import Id, RegionId, SigningKeyId
from domain.issues import Deadline

_CJK = r"\u3400-\u9fff\u3000-\u303f\uff00-\uffef"
_HALF = re.compile(rf"(?<=[{_CJK}\u201d])[,;:?!]|[,;:?!](?=[{_CJK}\u201c])")
_PAIR = re.compile(rf"\(([^()]*[{_CJK}][^()]*)\)")
FULL = str.maketrans(",;:?!()", "\uff0c\uff1b\uff1a\uff1f\uff01\uff08\uff09")


def typeset(text: str) -> str:
    """Full-width punctuation where it stands beside Chinese. For our own sentences, never for what people wrote."""
    return _PAIR.sub("\uff08\\1\uff09", _HALF.sub(lambda found: found[0].translate(FULL), text))


def day(value: date | None) -> str:
    return f"{value.year}年{value.month}月{value.day}日" if value else "未写明"


def moment(value: datetime | None) -> str:
    """In China's time, to the minute."""
    if value is None:
        return "未写明"
    local = value.astimezone(CHINA)
    return f"{day(local.date())} {local:%H:%M}"


def money(fen: int | None) -> str:
    """From 分 to 万元, without zeros that say nothing."""
    if fen is None:
        return "未写明"
    whole, rest = divmod(fen, 1_000_000)
    return f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "") + "万元"


def points(centi: int) -> str:
    """From centi-points to points, signed as it is."""
    sign, whole = ("-" if centi < 0 else ""), abs(centi)
    return f"{sign}{whole // 100}" + (f".{whole % 100:02d}".rstrip("0") if whole % 100 else "")


def share(basis: int) -> str:
    """From basis points to a percentage."""
    return f"{basis // 100}" + (f".{basis % 100:02d}".rstrip("0") if basis % 100 else "") + "%"


def size(octets: int) -> str:
    return f"{octets / (1 << 20):.1f}MB" if octets >= 1 << 20 else f"{max(1, octets >> 10)}KB"


def deadline(value: Deadline) -> str:
    """As it was said: 2019年10月20日, 2019年7月底前, 2019年底前, 立行立改, with 并长期坚持 where that was said."""
    match value.precision, value.due:
        case "immediate", _:
            said = "立行立改"
        case "month_end", date() as due:
            said = f"{due.year}年{due.month}月底前"
        case "year_end", date() as due:
            said = f"{due.year}年底前"
        case _, date() as due:
            said = f"{day(due)}前"
        case _:
            said = "" if value.long_term else "未写明"
    return typeset(f"{said},并长期坚持") if said and value.long_term else said or "长期坚持"


def fingerprint(key: SigningKeyId) -> str:
    """指纹: 128 bits of a key's digest, in groups that two people can read to each other."""
    digest = key.partition("-")[2]
    return " ".join(digest[n : n + 4] for n in range(0, 32, 4))


def span(value: timedelta) -> str:
    """A length of time in its two largest units: 3天4小时, 5小时20分钟, 8分钟."""
    minutes = max(0, int(value.total_seconds() // 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}天" + (f"{hours}小时" if hours else "")
    if hours:
        return f"{hours}小时" + (f"{minutes}分钟" if minutes else "")
    return f"{minutes}分钟"


def left(due: date | None, today: date) -> str:
    """还剩几天, or 逾期几天."""
    if due is None:
        return ""
    days = (due - today).days
    return f"还剩{days}天" if days > 0 else "今天到期" if days == 0 else f"已逾期{-days}天"


def countdown(due: datetime, now: datetime) -> str:
    return f"还剩{span(due - now)}" if now <= due else f"已超时{span(now - due)}"


def address(subject: Id) -> str:
    """The page about an id."""
    if isinstance(subject, RegionId):
        return f"/regions/{subject.code}"
    return f"/{PAGES.get(subject.kind, 'timeline')}/{subject}"


PAGES = {
    "issue": "issues",
    "person": "people",
    "unit": "units",
    "case": "cases",
    "edition": "boards",
    "household": "households",
    "sweep": "sweeps",
    "decision": "meetings",
    "merit": "merits",
    "notice": "notices",
    "tasklist": "task-lists",
}
"""The pages there are about one kind of thing; of every other id there is the timeline."""


def today(now: datetime) -> date:
    """The day it is in China."""
    return now.astimezone(CHINA).date()
