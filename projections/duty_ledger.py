"""在岗台账: one line per person and day of which anything is known: where they said they were, leave, and signatures.

Whether a month has enough days is a count of these lines; nobody keeps a tally.
"""

from collections.abc import Iterator
from datetime import date, datetime

from domain import attendance
from domain.attendance import ATTENDANCE, Day, DayReported, LeaveApproved, LeaveReturned, Presence, days_after
from domain.chains import SignedOff
from domain.fact import Recorded
from domain.ids import ChainId, LeaveId, PersonId, RegionId
from projections.ledger import Ledger
from projections.line import Line

SIGNED_ON_LEAVE = "signed_on_leave"
"""请假期间签字: among the marks of a day."""


class DayLine(
    Line,
    table="duty_ledger",
    key=("person", "day"),
    found_by=(("region", "day"), ("day",)),
):
    """在岗台账

    ``present`` says that the day counts as a day in the village (a trip on duty does, a day of approved leave does
    not); ``marks`` what its record makes visible: late, backfilled, reworded, present_on_leave, leave_unapproved,
    signed_on_leave. ``signed`` are the chains signed that day.
    """

    person: PersonId
    day: date
    region: RegionId | None
    presence: Presence | None
    present: bool
    work: str | None
    due_at: datetime | None
    first_reported_at: datetime | None
    reported_at: datetime | None
    reports: int
    leave: LeaveId | None
    signed: tuple[ChainId, ...]
    marks: tuple[str, ...]

    @property
    def as_day(self) -> Day:
        return Day(
            self.person,
            self.day,
            self.region,
            self.presence,
            self.work,
            self.due_at,
            self.first_reported_at,
            self.reported_at,
            self.reports,
            self.leave,
            self.signed,
        )


Lines = tuple[DayLine, ...]


def line_of(day: Day) -> DayLine:
    return DayLine(
        day.person,
        day.on,
        day.region,
        day.presence,
        day.present,
        day.work,
        day.due_at,
        day.first_reported_at,
        day.reported_at,
        day.reports,
        day.leave,
        day.signed,
        day.marks,
    )


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.by if isinstance(fact.event, SignedOff) else fact.event.person  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, group: str) -> Lines:
    # A person has a line for every day of years; only those that the fact is about are folded.
    about = {line.day: line.as_day for line in lines if concerns(fact, line)}
    after = days_after(about, fact, PersonId(group))
    return (*(line for line in lines if line.day not in about), *map(line_of, after.values()))


def concerns(fact: Recorded, line: DayLine) -> bool:
    match fact.event:
        case DayReported(on=day):
            return line.day == day
        case LeaveApproved(since=since, until=until):
            return since <= line.day <= until
        case LeaveReturned(leave=leave):
            return line.leave == leave
    return line.day == fact.on


LEDGER = Ledger(DayLine, folds=ATTENDANCE, groups=groups, evolve=evolve, rests_on=(attendance,))
