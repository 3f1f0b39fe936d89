"""请假台账: one line per leave asked for, and who has approved it."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from domain.attendance import (
    LEAVE,
    LeaveApproved,
    LeaveDenied,
    LeaveEndorsed,
    LeaveKind,
    LeaveRequested,
    LeaveReturned,
    LeaveWithdrawn,
)
from domain.fact import Recorded
from domain.ids import LeaveId, PersonId, RegionId
from domain.policy import Seat
from domain.posts import Post
from projections.ledger import Ledger, one_line
from projections.line import Line


class LeaveLine(
    Line,
    table="leave_ledger",
    key=("leave",),
    found_by=(("person", "since"), ("region", "state")),
):
    """请假台账

    ``waiting`` lists the posts any of which may give a next approval; ``late`` says that the leave was asked for, or
    approved, when it had already begun.
    """

    leave: LeaveId
    person: PersonId
    region: RegionId
    kind: LeaveKind
    since: date
    until: date
    reason: str
    seats: tuple[Seat, ...]
    requested_at: datetime
    waiting: tuple[Post, ...]
    late: bool
    endorsed: tuple[PersonId, ...] = ()
    endorsed_seats: tuple[int, ...] = ()
    state: Literal["pending", "approved", "denied", "withdrawn"] = "pending"
    decided_by: PersonId | None = None
    decided_on: date | None = None
    opinion: str | None = None
    returned_on: date | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.leave  # type: ignore[attr-defined]


def evolve(line: LeaveLine | None, fact: Recorded) -> LeaveLine | None:
    event = fact.event
    if isinstance(event, LeaveRequested):
        return LeaveLine(
            event.leave,
            event.person,
            event.region,
            event.kind,
            event.since,
            event.until,
            event.reason,
            event.seats,
            fact.recorded_at,
            waiting(event.seats, ()),
            late=fact.on > event.since,
        )
    if line is None:
        return None
    match event:
        case LeaveEndorsed(seat=seat, opinion=opinion):
            seats = (*line.endorsed_seats, seat)
            return line.but(
                endorsed=(*line.endorsed, fact.by),
                endorsed_seats=seats,
                waiting=waiting(line.seats, seats),
                opinion=opinion,
            )
        case LeaveApproved():
            late = line.late or fact.on > line.since
            return line.but(state="approved", decided_by=fact.by, decided_on=fact.on, late=late)
        case LeaveDenied(reason=reason):
            return line.but(state="denied", decided_by=fact.by, decided_on=fact.on, opinion=reason, waiting=())
        case LeaveWithdrawn(reason=reason):
            return line.but(state="withdrawn", decided_on=fact.on, opinion=reason, waiting=())
        case LeaveReturned(on=day):
            return line.but(returned_on=day)
    return line


def waiting(seats: tuple[Seat, ...], given: tuple[int, ...]) -> tuple[Post, ...]:
    """The posts of the approvals not yet given."""
    return tuple(dict.fromkeys(post for number, seat in enumerate(seats) if number not in given for post in seat.posts))


LEDGER = Ledger(LeaveLine, folds=LEAVE, groups=groups, evolve=one_line(evolve))
