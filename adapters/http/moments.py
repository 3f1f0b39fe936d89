"""何时: from what stands in an address to a position of the log, and whether the ledgers are there yet."""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final, NamedTuple

from fastapi import Query

from adapters.bootstrap import Application
from adapters.http.problems import Place, Problem, invalid
from domain.fact import CHINA

PATIENCE: Final = 5.0
"""Seconds a reader waits for the ledgers."""

_POSITION = re.compile(r"[0-9]{1,18}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

AsOf = Annotated[
    str | None,
    Query(
        description="截至:事实序号,或带时区的时刻,或中国日期(含当日);不写则为现在",
        max_length=40,
        examples=["1024", "2019-10-20", "2019-10-20T12:00:00+08:00"],
    ),
]
MinPosition = Annotated[
    int | None, Query(ge=0, lt=10**18, description="至少读到此序号:写入后带上所得序号,即可看到自己所写")
]


class Moment(NamedTuple):
    """截至: the position asked for, none for now; what depends on the day is reckoned by ``at``."""

    position: int | None
    at: datetime

    @property
    def day(self) -> date:
        return self.at.astimezone(CHINA).date()


def moment(application: Application, as_of: str | None, min_position: int | None) -> Moment:
    """What is to be read, once every ledger holds it. Raises Problem 422 for no such moment, 503 after PATIENCE."""
    found = instant_of(application, as_of)
    if min_position is not None and min_position > application.facts.head():
        raise invalid(Place("min_position", "还没有记到这个序号"))
    caught_up(application, max(found.position or 0, min_position or 0))
    return found


def instant_of(application: Application, as_of: str | None) -> Moment:
    """What is to be read, of the facts themselves. Raises Problem 422 for no such moment."""
    now = application.now()
    if as_of is None:
        return Moment(None, now)
    if _POSITION.fullmatch(as_of):
        position = int(as_of)
        if position > application.facts.head():
            raise invalid(Place("as_of", "还没有记到这个序号"))
        return Moment(position, recorded_at(application, position) or now)
    at = min(_instant(as_of), now)
    return Moment(application.facts.position_at(at), at)


def caught_up(application: Application, position: int) -> None:
    """Returns once every ledger holds this position. Raises Problem 503 when that takes longer than PATIENCE."""
    if position and not application.projector.wait_for(position, PATIENCE):
        raise Problem(503, "ledgers_behind", "台账正在更新,请稍后重试", headers={"Retry-After": "5"})


def recorded_at(application: Application, position: int) -> datetime | None:
    """When the fact at a position was recorded, or none for 0."""
    stored = application.facts.stored(position) if position else None
    return stored.recorded_at if stored else None


def _instant(text: str) -> datetime:
    try:
        if _DAY.fullmatch(text):
            # The whole day counts.
            midnight = datetime.combine(date.fromisoformat(text), time(), CHINA)
            return midnight + timedelta(days=1) - timedelta(microseconds=1)
        # In an address, a plus sign that was not escaped arrives as a space.
        instant = datetime.fromisoformat(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        raise invalid(
            Place("as_of", "应为事实序号、日期或时刻,例如 1024、2019-10-20、2019-10-20T12:00:00+08:00")
        ) from None
    if instant.tzinfo is None:
        raise invalid(Place("as_of", "时刻须写明时区,例如 2019-10-20T12:00:00+08:00"))
    return instant
