"""Posts 职务 and the authority they give.

Authority is a fold: who was appointed to which post over which region, and not relieved since. So who was allowed to
do what, at any past moment, is replayable.
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from domain.command import About, Act, Scope, refuse
from domain.fact import Event, Past
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.text import Prose


class Post(StrEnum):
    """职务. The value is data forever; the label is what people call it."""

    label: str
    level: str

    def __new__(cls, value: str, label: str, level: str) -> "Post":
        post = str.__new__(cls, value)
        post._value_, post.label, post.level = value, label, level
        return post

    VILLAGE_SECRETARY = "village_secretary", "村支书", "village"
    VILLAGE_DIRECTOR = "village_director", "村主任", "village"
    FIRST_SECRETARY = "first_secretary", "驻村第一书记", "village"
    VILLAGE_CHIEF = "village_chief", "大村长", "village"
    TEAM_MEMBER = "team_member", "驻村工作队员", "village"
    TOWNSHIP_CLERK = "township_clerk", "乡镇扶贫专干", "township"
    TOWNSHIP_SECRETARY = "township_secretary", "乡镇党委书记", "township"
    TOWNSHIP_HEAD = "township_head", "乡镇长", "township"
    TOWNSHIP_FIRST_SECRETARY = "township_first_secretary", "乡镇党委第一书记", "township"
    UNIT_LEADER = "unit_leader", "单位负责人", "county"
    UNIT_OFFICER = "unit_officer", "单位经办人", "county"
    COUNTY_SECRETARY = "county_secretary", "县委书记", "county"
    COUNTY_MAGISTRATE = "county_magistrate", "县长", "county"
    LEADER = "leader", "领导班子成员", "county"
    HEADQUARTERS = "headquarters", "指挥部办公室", "county"
    ORGANISER = "organiser", "组织部门", "county"
    SUPERVISOR = "supervisor", "督查室", "county"
    INSPECTOR = "inspector", "纪检监察", "county"
    CITY_SECRETARY = "city_secretary", "市委书记", "city"
    CITY_MAYOR = "city_mayor", "市长", "city"


VILLAGE = (
    Post.VILLAGE_SECRETARY,
    Post.VILLAGE_DIRECTOR,
    Post.FIRST_SECRETARY,
    Post.VILLAGE_CHIEF,
    Post.TEAM_MEMBER,
)
TOWNSHIP = (Post.TOWNSHIP_CLERK, Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, Post.TOWNSHIP_FIRST_SECRETARY)
OVERSIGHT = (Post.HEADQUARTERS, Post.SUPERVISOR, Post.INSPECTOR)
"""Those who see to it that others rectify, and so never do it themselves."""

FIELD = (*VILLAGE, *TOWNSHIP)
"""Those who work with issues day by day."""


class LedgerOpened(Event, type="ledger.opened"):
    """建台: the first fact of a place; it gives the first organiser the post from which all others follow."""

    region: RegionId
    organiser: PersonId
    appointment: AppointmentId
    since: date


class Appointed(Event, type="post.appointed"):
    """任职"""

    appointment: AppointmentId
    person: PersonId
    post: Post
    region: RegionId
    unit: UnitId | None
    since: date


class Relieved(Event, type="post.relieved"):
    """免职"""

    appointment: AppointmentId
    person: PersonId
    on: date
    reason: Prose


TENURE = (LedgerOpened, Appointed, Relieved)


class Tenure(NamedTuple):
    """任期: one person in one post over one region, of the region's own level or above it."""

    appointment: AppointmentId
    person: PersonId
    post: Post
    region: RegionId
    unit: UnitId | None
    since: date
    until: date | None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


def tenures(events: Iterable[Event]) -> dict[AppointmentId, Tenure]:
    """Every tenure there has been in these events, by its appointment."""
    known: dict[AppointmentId, Tenure] = {}
    for event in events:
        match event:
            case LedgerOpened():
                known[event.appointment] = Tenure(
                    event.appointment, event.organiser, Post.ORGANISER, event.region, None, event.since, None
                )
            case Appointed():
                known[event.appointment] = Tenure(
                    event.appointment, event.person, event.post, event.region, event.unit, event.since, None
                )
            case Relieved():
                known[event.appointment] = known[event.appointment]._replace(until=event.on)
    return known


def authority_of(act: Act) -> Scope:
    """What to stand on to know what the person who acts may do."""
    return (About(act.by, TENURE),)


def held(past: Past, person: PersonId, day: date) -> tuple[Tenure, ...]:
    """The posts a person holds on a day."""
    found = tenures(past.about(person).of(*TENURE).events).values()
    return tuple(tenure for tenure in found if tenure.person == person and tenure.covers(day))


def authorise(past: Past, act: Act, over: RegionId, *posts: Post) -> Tenure:
    """The tenure by which the person may act over this region; refused when none gives that right."""
    for tenure in held(past, act.by, act.today):
        if tenure.post in posts and tenure.region.holds(over):
            return tenure
    refuse("no_authority", f"您现在不担任可办理此事的职务:须为该区划的{'、'.join(post.label for post in posts)}")
