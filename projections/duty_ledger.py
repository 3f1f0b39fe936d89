"""在岗台账: one line per person and day of which anything is known: where they said they were, leave, and signatures.

Whether a month has enough days is a count of these lines; nobody keeps a tally.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from domain import attendance
from domain.attendance import (
    ATTENDANCE,
    LONGEST_LEAVE,
    Day,
    DayReported,
    LeaveApproved,
    LeaveReturned,
    Presence,
    days_after,
)
from domain.chains import SignedOff
from domain.fact import Recorded
from domain.ids import ChainId, LeaveId, PersonId, RegionId
from projections.ledger import Ledger
from projections.line import Key, Line

SIGNED_ON_LEAVE = "signed_on_leave"
"""请假期间签字: among the marks of a day."""


class DayLine(
    Line,
    table="duty_ledger",
    key=("person", "day"),
    grouped=2,
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


def groups(fact: Recorded) -> Iterator[Key]:
    """The days that the fact is about. A person has a line for every day of years: each day is folded by itself."""
    match fact.event:
        case SignedOff():
            yield fact.by, fact.on
        case DayReported(person=person, on=day):
            yield person, day
        case LeaveApproved(person=person, since=since, until=until):
            yield from days_from(person, since, (until - since).days + 1)
        case LeaveReturned(person=person, on=back):
            # How long the leave would have lasted, the fact does not say; no leave is longer than this.
            yield from days_from(person, back, LONGEST_LEAVE)


def days_from(person: PersonId, since: date, many: int) -> Iterator[Key]:
    return ((person, since + timedelta(days=n)) for n in range(many))


def evolve(lines: Lines, fact: Recorded, group: Key) -> Lines:
    person, day = group
    before = lines[0].as_day if lines else None
    after = day_after(before, fact, person, day)
    if after is before:
        return lines
    return (line_of(after),) if after else ()


def day_after(before: Day | None, fact: Recorded, person: PersonId, day: date) -> Day | None:
    event = fact.event
    if isinstance(event, LeaveApproved):
        # The domain tells a leave's days all at once; here it is asked about one of them.
        fact = fact._replace(event=event.model_copy(update={"since": day, "until": day}))
    return days_after({day: before} if before else {}, fact, person).get(day)


LEDGER = Ledger(DayLine, folds=ATTENDANCE, groups=groups, evolve=evolve, rests_on=(attendance,))
