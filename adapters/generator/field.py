"""在岗: days in the village, leave, replacement, leaders' visits, and townships' weekly meetings."""

from collections.abc import Sequence
from datetime import timedelta

from adapters.generator import texts
from adapters.generator.people import City, County, Officer, Town, Village
from adapters.generator.world import Life, World, months
from domain.appointing import ReplaceMember
from domain.attendance import (
    ApproveLeave,
    DenyLeave,
    LeaveRequested,
    Presence,
    ReportDay,
    RequestLeave,
    ReturnFromLeave,
)
from domain.ids import AppointmentId, DecisionId, LeaveId, VisitId
from domain.meetings import MakeDecision, ReportDecision, SettleDecision
from domain.posts import Post
from domain.visits import RecordVisit


def team(world: World, county: County, village: Village) -> None:
    """Everybody of the village's team is in the village most days, and away on leave now and then."""
    for seat in range(len(village.team)):
        world.begin(days(world, county, village, seat), leaves(world, county, village, seat))
    if county.shape.whole_year and world.chance(0.03):
        world.begin(replaced(world, county, village))


def days(world: World, county: County, village: Village, seat: int) -> Life:
    """Reported the same evening, one of twenty-five on the next day; a trip on duty counts as present."""
    for number in range(county.shape.days):
        day = county.shape.begins + timedelta(days=number)
        if not world.chance(0.75):
            continue
        yield world.at(day, 18, 23)
        member = village.team[seat]
        if day in member.away:
            continue
        if world.chance(0.04):
            yield world.at(day + timedelta(days=1), 8, 12)
        presence: Presence = "trip" if world.chance(0.08) else "village"
        work = world.random.choice(texts.WORK)
        world.ask(member.person, ReportDay(region=village.region, on=day, presence=presence, work=work))


def leaves(world: World, county: County, village: Village, seat: int) -> Life:
    shape = county.shape
    parts = (0.1, 0.45), (0.55, 0.9)
    for least, most in parts if shape.whole_year else parts[:1]:
        if world.chance(0.8 if shape.whole_year else 0.15):
            yield world.at(shape.part(world.random.uniform(least, most)))
            yield from leave(world, county, village, village.team[seat])


def leave(world: World, county: County, village: Village, member: Officer) -> Life:
    """Asked for before it begins; who approves follows from its length."""
    name = world.id(LeaveId)
    since = world.today + timedelta(days=world.between(1, 4))
    until = since + timedelta(days=world.between(0, 2) if world.chance(0.85) else world.between(3, 7))
    kind = world.random.choice(("personal", "sick", "annual", "family"))
    asked = {
        "leave": name,
        "region": village.region,
        "kind": kind,
        "since": since,
        "until": until,
        "reason": "家中有事",
    }
    events = world.ask(member.person, RequestLeave.model_validate(asked))
    posts = [seat.posts[0] for event in events if isinstance(event, LeaveRequested) for seat in event.seats]
    for post in posts:
        yield world.soon()
        approver = county.organiser if post is Post.ORGANISER else village.town.secretary
        if world.chance(0.04):
            world.ask(approver.person, DenyLeave(leave=name, reason="近期任务集中,请另行安排"))
            return
        world.ask(approver.person, ApproveLeave(leave=name, opinion="同意"))
    member.away |= {since + timedelta(days=number) for number in range((until - since).days + 1)}
    if until > since and world.chance(0.1):
        yield world.at(until)
        member.away.discard(world.today)
        world.ask(member.person, ReturnFromLeave(leave=name, on=world.today))


def replaced(world: World, county: County, village: Village) -> Life:
    """撤换: the last of the team makes way for an officer of some department."""
    yield world.at(county.shape.part(world.random.uniform(0.3, 0.7)))
    before = village.team[-1]
    successor = world.random.choice(world.random.choice(county.departments).officers)
    after = Officer(
        successor.person,
        world.id(AppointmentId),
        successor.name,
        before.post,
        before.region,
        successor.rank,
        away=successor.away,
    )
    cause = world.random.choice(("idle", "absent", "unfamiliar", "unfit"))
    asked = {
        "appointment": before.appointment,
        "successor": after.person,
        "succeeding": after.appointment,
        "cause": cause,
        "reason": "经考核不能胜任驻村工作",
    }
    world.ask(county.organiser.person, ReplaceMember.model_validate(asked))
    village.team[-1] = after


def calls(world: World, county: County, officer: Officer, villages: Sequence[Village]) -> Life:
    """A leader's visit to a poor village each month, made nine times of ten."""
    for first, last in months(county.shape.begins, county.shape.ends):
        if world.chance(0.9):
            since = max(first, world.today)
            yield world.at(since + timedelta(days=world.between(0, (last - since).days)))
            world.ask(officer.person, call(world, world.random.choice(villages)))


def round_of(world: World, county: County, officer: Officer, villages: Sequence[Village]) -> Life:
    """Every poor village in turn, all through the days: what is asked of the county's pair."""
    for number, village in enumerate(villages):
        yield world.at(county.shape.part((number + world.random.random()) / len(villages)))
        world.ask(officer.person, call(world, village))


def call(world: World, village: Village) -> RecordVisit:
    findings = "到村调研,看望农户,听取工作队汇报"
    return RecordVisit(visit=world.id(VisitId), region=village.region, occurred_on=world.today, findings=findings)


def leaders(world: World, city: City, county: County) -> None:
    poor = [village for village in county.villages if village.poor]
    for officer in (*county.leaders, city.secretary, city.mayor):
        world.begin(calls(world, county, officer, poor))
    for officer in (county.secretary, county.magistrate):
        world.begin(round_of(world, county, officer, poor))


def meetings(world: World, county: County, town: Town) -> Life:
    """A township's meeting each Monday, as long as there is an issue open."""
    for number in range(county.shape.days):
        day = county.shape.begins + timedelta(days=number)
        if day.weekday() == 0:
            yield world.at(day, 15, 17)
            if town.open:
                world.begin(decided(world, town))


def decided(world: World, town: Town) -> Life:
    name = world.id(DecisionId)
    responsible = world.random.choice([town.clerk, *(village.team[0] for village in town.villages)])
    world.ask(
        town.secretary.person,
        MakeDecision(
            decision=name,
            region=town.region,
            meeting="weekly",
            held_on=world.today,
            matter=world.random.choice(texts.MATTERS),
            issues=tuple(world.random.sample(list(town.open), min(3, len(town.open)))),
            responsible=responsible.person,
            due=world.today + timedelta(days=7),
        ),
    )
    done = False
    while not done:
        yield world.after(2, 8)
        reported = ReportDecision(decision=name, progress="已逐项落实", done=True, occurred_on=world.today)
        world.ask(responsible.person, reported)
        yield world.after(1, 3)
        done = world.chance(0.92)
        findings = "抽查属实" if done else "抽查发现仍有未落实的"
        world.ask(town.head.person, SettleDecision(decision=name, done=done, findings=findings))
