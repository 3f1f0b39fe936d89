"""Appointing 任职: who is put into which post, and who may not be while a measure binds."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

from domain.accountability import MEASURES, Effect, barred_until
from domain.command import About, Act, Command, Scope, ahead, refuse
from domain.fact import Event, Past
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.organisation import (
    PersonRegistered,
    UnitDissolved,
    UnitEstablished,
    fits,
    person_known,
    unit_standing,
)
from domain.posts import (
    TENURE,
    VILLAGE,
    Appointed,
    LedgerOpened,
    Post,
    Relieved,
    authorise,
    authority_of,
    held,
    tenures,
)
from domain.regions import LIFE, standing
from domain.text import Prose

LEADING: Mapping[Post, int] = {
    Post.TOWNSHIP_HEAD: 1,
    Post.TOWNSHIP_SECRETARY: 1,
    Post.UNIT_LEADER: 1,
    Post.TOWNSHIP_FIRST_SECRETARY: 2,
    Post.LEADER: 2,
    Post.COUNTY_MAGISTRATE: 3,
    Post.COUNTY_SECRETARY: 3,
    Post.CITY_MAYOR: 5,
    Post.CITY_SECRETARY: 5,
}
"""领导职务, by 层级: 1 正科, 2 副处, 3 正处, 4 副厅, 5 正厅. Who is sent to a village leads nothing by it."""


def grade(post: Post, region: RegionId) -> int:
    """层级 of a post: the city's own units and leaders stand two above the county's; 0 when it is no leading post."""
    return LEADING.get(post, 0) + (2 if region.level == "city" and post in (Post.UNIT_LEADER, Post.LEADER) else 0)


def unbarred(past: Past, person: PersonId, post: Post, region: RegionId, day: date) -> None:
    """Refuses a leading post while a measure bars any, and a higher one than those held while it bars promotion."""
    wanted = grade(post, region)
    if not wanted:
        return
    if until := barred_until(past, person, day, Effect.NO_LEADING_POST):
        refuse("leading_post_barred", f"此人在问责影响期内,{until.isoformat()}前不得安排领导职务")
    if wanted <= max((grade(tenure.post, tenure.region) for tenure in held(past, person, day)), default=0):
        return
    if until := barred_until(past, person, day, Effect.NO_PROMOTION):
        refuse("promotion_barred", f"此人在问责影响期内,{until.isoformat()}前不得提拔任用")


class Appoint(Command):
    """任职

    Refused when the post does not belong to the region's level, when the person already holds it there, or when a
    measure on them bars it on the day it would begin.
    """

    appointment: AppointmentId
    person: PersonId
    post: Post
    region: RegionId
    unit: UnitId | None = None
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        unit = (About(self.unit, (UnitEstablished, UnitDissolved)),) if self.unit else ()
        return (
            *authority_of(act),
            About(self.appointment, TENURE),
            About(self.person, (PersonRegistered, *TENURE, *MEASURES)),
            About(self.region, LIFE),
            *unit,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.ORGANISER)
        standing(past, self.region)
        person_known(past, self.person)
        if self.unit:
            unit_standing(past, self.unit)
        if past.about(self.appointment).of(Appointed, LedgerOpened):
            refuse("appointment_already_made", "该任职已经记录")
        if not fits(self.post, self.region):
            refuse("post_not_of_this_level", f"{self.post.label}不是{self.region.code}这一级的职务")
        if self.since > act.today:
            ahead(self.since, act, "任职日期", years=1)
        for tenure in tenures(past.about(self.person).of(*TENURE).events).values():
            same = (tenure.person, tenure.post, tenure.region) == (self.person, self.post, self.region)
            if same and tenure.until is None:
                refuse("post_already_held", f"此人已经担任{self.post.label}")
        unbarred(past, self.person, self.post, self.region, max(self.since, act.today))
        yield Appointed(
            appointment=self.appointment,
            person=self.person,
            post=self.post,
            region=self.region,
            unit=self.unit,
            since=self.since,
        )


ReplacedFor = Literal["idle", "absent", "unfamiliar", "false_report", "unfit", "other"]
"""撤换原因: 不作为 脱岗 不熟悉户情 弄虚作假 不胜任 其他."""

REPLACED_FOR: Mapping[ReplacedFor, str] = {
    "idle": "不作为",
    "absent": "脱岗",
    "unfamiliar": "不熟悉户情",
    "false_report": "弄虚作假",
    "unfit": "不胜任",
    "other": "其他",
}


class MemberReplaced(Event, type="post.replaced"):
    """撤换: for what, and by whom; who it was remains in the record."""

    appointment: AppointmentId
    person: PersonId
    region: RegionId
    cause: ReplacedFor
    successor: PersonId
    succeeding: AppointmentId
    reason: Prose


class ReplaceMember(Command):
    """撤换

    A team member, a first secretary or a village officer is relieved today and another takes the same post on the same
    day, so that the village is not a day without one.
    """

    appointment: AppointmentId
    successor: PersonId
    succeeding: AppointmentId
    cause: ReplacedFor
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.appointment, TENURE),
            About(self.succeeding, TENURE),
            About(self.successor, (PersonRegistered, *TENURE)),
            *(
                About(tenure.region, LIFE)
                for tenure in tenures(past.about(self.appointment).of(*TENURE).events).values()
            ),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        found = tenures(past.about(self.appointment).of(*TENURE).events)
        tenure = found.get(self.appointment) or refuse("unknown_appointment", "没有这次任职的记录")
        if tenure.post not in VILLAGE:
            refuse("not_a_village_post", "只有驻村、村级职务以撤换办理,其他职务请办理免职、任职")
        authorise(past, act, tenure.region, Post.ORGANISER)
        standing(past, tenure.region)
        person_known(past, self.successor)
        if tenure.until is not None or tenure.since > act.today:
            refuse("already_relieved", "此人今天不在该职务上")
        if past.about(self.succeeding).of(Appointed, LedgerOpened):
            refuse("appointment_already_made", "该任职已经记录")
        for one in held(past, self.successor, act.today):
            if (one.post, one.region) == (tenure.post, tenure.region):
                refuse("post_already_held", f"接替的人已经担任{tenure.post.label}")
        yield MemberReplaced(
            appointment=self.appointment,
            person=tenure.person,
            region=tenure.region,
            cause=self.cause,
            successor=self.successor,
            succeeding=self.succeeding,
            reason=self.reason,
        )
        yield Relieved(appointment=self.appointment, person=tenure.person, on=act.today, reason=self.reason)
        yield Appointed(
            appointment=self.succeeding,
            person=self.successor,
            post=tenure.post,
            region=tenure.region,
            unit=tenure.unit,
            since=act.today,
        )
