"""Attendance 在岗: days in the village, leave, and the day's report, which is presence and work log at once.

What contradicts itself is recorded and shown, not forbidden: someone who says they were in the village on a day of
approved leave has said so, and the record says both.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple

from pydantic import Field

from domain.chains import SignedOff
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import CHINA, Event, Past, Recorded
from domain.households import RankRecorded, rank_of
from domain.ids import ChainId, LeaveId, PersonId, RegionId
from domain.policy import Duty, LeaveRule, Policy, Rank, Seat, in_force, policies_of
from domain.posts import Post, Tenure, authority_of, held
from domain.regions import LIFE, standing
from domain.text import Prose

Presence = Literal["village", "trip", "leave"]
"""在岗情况: 在村 公差 请假. 公差 counts as present."""

PRESENCES = {"village": "在村", "trip": "公差", "leave": "请假"}

LeaveKind = Literal["personal", "sick", "annual", "family", "other"]
LEAVE_KINDS = {"personal": "事假", "sick": "病假", "annual": "年休假", "family": "婚丧产假", "other": "其他"}

LONGEST_LEAVE = 366


class DayReported(Event, type="day.reported"):
    """报告当日工作: where someone was and what they did, said once for both. Said again, the last word counts and the
    earlier ones stay in the record. On time until ``due_at``."""

    person: PersonId
    region: RegionId
    on: date
    presence: Presence
    work: Prose | None
    due_at: datetime
    evidence: tuple[Evidence, ...]


class LeaveRequested(Event, type="leave.requested"):
    """请假: with the approvals that the rule in force asks for."""

    leave: LeaveId
    person: PersonId
    region: RegionId
    kind: LeaveKind
    since: date
    until: date
    reason: Prose
    seats: tuple[Seat, ...] = Field(min_length=1)


class LeaveEndorsed(Event, type="leave.endorsed"):
    """同意请假: one of the approvals."""

    leave: LeaveId
    person: PersonId
    seat: int = Field(ge=0)
    post: Post
    opinion: Prose


class LeaveApproved(Event, type="leave.approved"):
    """准假: every approval is given."""

    leave: LeaveId
    person: PersonId
    region: RegionId
    kind: LeaveKind
    since: date
    until: date


class LeaveDenied(Event, type="leave.denied"):
    """不准假"""

    leave: LeaveId
    person: PersonId
    post: Post
    reason: Prose


class LeaveWithdrawn(Event, type="leave.withdrawn"):
    """撤回请假"""

    leave: LeaveId
    person: PersonId
    reason: Prose


class LeaveReturned(Event, type="leave.returned"):
    """销假: back in post from ``on``; the leave binds no day from then on."""

    leave: LeaveId
    person: PersonId
    on: date


LEAVE = (LeaveRequested, LeaveEndorsed, LeaveApproved, LeaveDenied, LeaveWithdrawn, LeaveReturned)


@dataclass(frozen=True)
class Leave:
    """请假单: as it stands after a past; ``until`` is its last day."""

    leave: LeaveId
    person: PersonId
    region: RegionId
    kind: LeaveKind
    since: date
    until: date
    seats: tuple[Seat, ...]
    endorsed: Mapping[int, PersonId] = field(default_factory=dict)
    state: Literal["pending", "approved", "denied", "withdrawn"] = "pending"
    returned_on: date | None = None

    @property
    def stands(self) -> bool:
        return self.state in ("pending", "approved")

    @property
    def last(self) -> date:
        """The last day on which the person is away."""
        return self.until if self.returned_on is None else min(self.until, self.returned_on - timedelta(days=1))

    def covers(self, day: date) -> bool:
        """Whether the person is on approved leave that day."""
        return self.state == "approved" and self.since <= day <= self.last


def evolve(leaves: Mapping[LeaveId, Leave], fact: Recorded) -> Mapping[LeaveId, Leave]:
    """The leaves after one more fact; facts of other kinds leave them as they are."""
    event = fact.event
    if isinstance(event, LeaveRequested):
        asked = Leave(event.leave, event.person, event.region, event.kind, event.since, event.until, event.seats)
        return {**leaves, event.leave: asked}
    leave = leaves.get(getattr(event, "leave", LeaveId("leave-none")))
    if leave is None:
        return leaves
    match event:
        case LeaveEndorsed(seat=seat):
            leave = replace(leave, endorsed={**leave.endorsed, seat: fact.by})
        case LeaveApproved():
            leave = replace(leave, state="approved")
        case LeaveDenied():
            leave = replace(leave, state="denied")
        case LeaveWithdrawn():
            leave = replace(leave, state="withdrawn")
        case LeaveReturned(on=day):
            leave = replace(leave, returned_on=day)
    return {**leaves, leave.leave: leave}


def leaves_in(facts: Iterable[Recorded]) -> Mapping[LeaveId, Leave]:
    """Every leave that was ever asked for in these facts."""
    leaves: Mapping[LeaveId, Leave] = {}
    for fact in facts:
        leaves = evolve(leaves, fact)
    return leaves


def leave_known(past: Past, leave: LeaveId) -> Leave:
    """The leave, refused when nobody asked for it."""
    return leaves_in(past.about(leave)).get(leave) or refuse("unknown_leave", "没有这份请假单")


def leave_rule(duty: Duty | None, posts: Iterable[Post], rank: Rank | None, days: int) -> LeaveRule:
    """The rule for a leave of so many days; refused where the place's rules have none."""
    held_posts = set(posts)
    for rule in duty.leave if duty else ():
        by_post = not rule.posts or not held_posts.isdisjoint(rule.posts)
        by_rank = not rule.ranks or rank in rule.ranks
        if by_post and by_rank and (rule.days is None or days <= rule.days):
            return rule
    refuse("no_leave_rule", "本地政策包没有规定这种请假由谁批准")


class RequestLeave(Command):
    """请假

    Asked from a post one holds, before one goes; who must approve follows from the length, the post and the rank. Asked
    for afterwards it is recorded as late, not refused.
    """

    leave: LeaveId
    region: RegionId
    kind: LeaveKind
    since: date
    until: date
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(act.by, (RankRecorded, *LEAVE)),
            About(self.leave, LEAVE),
            *policies_of(self.region),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        own = [tenure for tenure in held(past, act.by, act.today) if tenure.region == self.region]
        if not own:
            refuse("no_authority", "您现在没有在该区划任职,请按任职的区划请假")
        if past.about(self.leave).of(LeaveRequested):
            refuse("leave_already_requested", "这份请假单已经提出")
        not_before(self.until, self.since, "请假截止日期早于开始日期")
        days = (self.until - self.since).days + 1
        if days > LONGEST_LEAVE or abs((self.since - act.today).days) > LONGEST_LEAVE:
            refuse("implausible_date", "请假日期过于遥远或过长,请核对")
        for other in leaves_in(past.about(act.by).of(*LEAVE)).values():
            if other.person == act.by and other.stands and other.since <= self.until and self.since <= other.last:
                refuse("leave_overlaps", f"与{other.since}至{other.last}的请假重叠")
        duty = in_force(past, self.region, act.today).duty
        rule = leave_rule(duty, (tenure.post for tenure in own), rank_of(past, act.by), days)
        yield LeaveRequested(person=act.by, seats=rule.seats, **dict(self))


class OnLeave(Command, abstract=True):
    """What every command on a leave names."""

    leave: LeaveId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.leave, LEAVE))

    def pending(self, past: Past) -> Leave:
        leave = leave_known(past, self.leave)
        if leave.state != "pending":
            refuse("leave_decided", "这份请假单已经办结")
        return leave

    def seat(self, past: Past, act: Act) -> tuple[Leave, int, Tenure]:
        """The leave, and the open approval that the person's post gives; refused to the applicant."""
        leave = self.pending(past)
        if act.by == leave.person:
            refuse("own_request", "不能批准自己的请假")
        if act.by in leave.endorsed.values():
            refuse("endorsed_already", "您已经批过这份请假单")
        for number, seat in enumerate(leave.seats):
            for tenure in held(past, act.by, act.today):
                if number not in leave.endorsed and tenure.post in seat.posts and tenure.region.holds(leave.region):
                    return leave, number, tenure
        waiting = "、".join(seat.label for number, seat in enumerate(leave.seats) if number not in leave.endorsed)
        refuse("no_authority", f"这份请假须由{waiting}批准,您不在此列")


class ApproveLeave(OnLeave):
    """批准请假

    Where the rule asks for several, the leave is approved when each has approved.
    """

    opinion: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        leave, number, tenure = self.seat(past, act)
        yield LeaveEndorsed(leave=self.leave, person=leave.person, seat=number, post=tenure.post, opinion=self.opinion)
        if len(leave.endorsed) + 1 == len(leave.seats):
            yield LeaveApproved(
                leave=self.leave,
                person=leave.person,
                region=leave.region,
                kind=leave.kind,
                since=leave.since,
                until=leave.until,
            )


class DenyLeave(OnLeave):
    """不批准请假"""

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        leave, _, tenure = self.seat(past, act)
        yield LeaveDenied(leave=self.leave, person=leave.person, post=tenure.post, reason=self.reason)


class WithdrawLeave(OnLeave):
    """撤回请假

    By the applicant, while it is not decided.
    """

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        leave = self.pending(past)
        if act.by != leave.person:
            refuse("no_authority", "只有请假人可以撤回")
        yield LeaveWithdrawn(leave=self.leave, person=leave.person, reason=self.reason)


class ReturnFromLeave(OnLeave):
    """销假

    By whoever was away, on coming back before the last day.
    """

    on: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        leave = leave_known(past, self.leave)
        if act.by != leave.person:
            refuse("no_authority", "只有请假人可以销假")
        if leave.state != "approved":
            refuse("leave_not_approved", "这份请假没有批准,不需要销假")
        if leave.returned_on:
            refuse("returned_already", "已经销假")
        not_future(self.on, act, "返岗日期")
        not_before(self.on, leave.since, "返岗日期早于请假开始日期")
        if self.on > leave.until:
            refuse("leave_over", "假期已满,不需要销假")
        yield LeaveReturned(leave=self.leave, person=leave.person, on=self.on)


def due_at(on: date, policy: Policy) -> datetime:
    """The instant by which a day's report is on time."""
    hour = policy.duty.log_by if policy.duty else 24
    return datetime.combine(on, time(0), CHINA) + timedelta(hours=hour)


class ReportDay(Command):
    """报告当日工作

    Where one was and what one did. After the hour of the place's rules it is recorded late, on another day backfilled.
    """

    region: RegionId
    on: date
    presence: Presence
    work: Prose | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, LIFE), *policies_of(self.region))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        not_future(self.on, act, "工作日期")
        if not any(tenure.region == self.region for tenure in held(past, act.by, self.on)):
            refuse("no_authority", "您当日没有在该区划任职,请按任职的区划报告")
        due = due_at(self.on, in_force(past, self.region, self.on))
        yield DayReported(person=act.by, due_at=due, **dict(self))


@dataclass(frozen=True)
class Day:
    """当日情况: what is said and known of one person's day."""

    person: PersonId
    on: date
    region: RegionId | None = None
    presence: Presence | None = None
    work: str | None = None
    due_at: datetime | None = None
    first_reported_at: datetime | None = None
    reported_at: datetime | None = None
    reports: int = 0
    leave: LeaveId | None = None
    signed: tuple[ChainId, ...] = ()

    @property
    def present(self) -> bool:
        """Whether the day counts: a trip on duty does, a day of approved leave does not, whatever was said of it."""
        return self.presence in ("village", "trip") and self.leave is None

    @property
    def marks(self) -> tuple[str, ...]:
        """What the day's record makes visible."""
        return tuple(name for name, shows in MARKS.items() if shows(self))


def _backfilled(day: Day) -> bool:
    return day.first_reported_at is not None and day.first_reported_at.astimezone(CHINA).date() > day.on


def _late(day: Day) -> bool:
    return day.first_reported_at is not None and day.due_at is not None and day.first_reported_at > day.due_at


MARKS: Mapping[str, Callable[[Day], bool]] = {
    "late": lambda day: _late(day) and not _backfilled(day),
    "backfilled": _backfilled,
    "reworded": lambda day: day.reports > 1,
    "present_on_leave": lambda day: day.leave is not None and day.presence in ("village", "trip"),
    "leave_unapproved": lambda day: day.leave is None and day.presence == "leave",
    "signed_on_leave": lambda day: day.leave is not None and bool(day.signed),
}
MARK_NAMES = {
    "late": "迟报",
    "backfilled": "补录",
    "reworded": "改写",
    "present_on_leave": "请假期间称在岗",
    "leave_unapproved": "称请假而未获准",
    "signed_on_leave": "请假期间签字",
}

ATTENDANCE = (DayReported, LeaveApproved, LeaveReturned, SignedOff)
"""What a person's days are folded from."""

Days = Mapping[date, Day]


def days_after(days: Days, fact: Recorded, person: PersonId) -> Days:
    """A person's days after one more fact."""
    event = fact.event
    match event:
        case DayReported(person=who, on=on) if who == person:
            day = days.get(on) or Day(person, on)
            told = replace(
                day,
                region=event.region,
                presence=event.presence,
                work=event.work,
                due_at=event.due_at,
                first_reported_at=day.first_reported_at or fact.recorded_at,
                reported_at=fact.recorded_at,
                reports=day.reports + 1,
            )
            return {**days, on: told}
        case LeaveApproved(person=who) if who == person:
            away = (event.since + timedelta(days=n) for n in range((event.until - event.since).days + 1))
            return {**days, **{on: replace(days.get(on) or Day(person, on), leave=event.leave) for on in away}}
        case LeaveReturned(person=who, leave=leave, on=back) if who == person:
            mine = {on: replace(day, leave=None) for on, day in days.items() if day.leave == leave and on >= back}
            # A day of which nothing is left to say has no record.
            return {on: day for on, day in {**days, **mine}.items() if day != Day(person, on)}
        case SignedOff(chain=chain) if fact.by == person:
            day = days.get(fact.on) or Day(person, fact.on)
            return {**days, fact.on: replace(day, signed=tuple(dict.fromkeys((*day.signed, chain))))}
    return days


def days_of(facts: Iterable[Recorded], person: PersonId) -> Days:
    """A person's days, as these facts have them."""
    days: Days = {}
    for fact in facts:
        days = days_after(days, fact, person)
    return days


class Month(NamedTuple):
    """月度在岗: what a month's days come to."""

    present: int
    village: int
    trips: int
    leave: int
    needed: int | None
    contradicted: int

    @property
    def short(self) -> int:
        return max(0, (self.needed or 0) - self.present)


CONTRADICTIONS = ("present_on_leave", "leave_unapproved", "signed_on_leave")


def month_of(days: Iterable[Day], needed: int | None) -> Month:
    """What these days of one month come to, held against how many the place's rules ask for."""
    listed = tuple(days)
    counted = [day for day in listed if day.present]
    return Month(
        len(counted),
        sum(day.presence == "village" for day in counted),
        sum(day.presence == "trip" for day in counted),
        sum(day.leave is not None for day in listed),
        needed,
        sum(not set(day.marks).isdisjoint(CONTRADICTIONS) for day in listed),
    )
