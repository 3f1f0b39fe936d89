"""Organisation 机构与任职: units, people, the opening of a ledger, and who is relieved of what."""

from collections.abc import Iterator
from datetime import date
from typing import Literal

from domain.command import About, Act, Command, Scope, not_before, refuse
from domain.fact import Event, Past
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.posts import (
    TENURE,
    LedgerOpened,
    Post,
    Relieved,
    authorise,
    authority_of,
    tenures,
)
from domain.regions import LIFE, RegionEstablished, standing
from domain.text import Prose, ShortText

UnitKind = Literal["party", "government", "department", "team", "headquarters", "enterprise"]
"""单位类别: 党委 政府 部门 工作队 指挥部 企业."""


class PersonRegistered(Event, type="person.registered"):
    """登记人员: an official, never a villager."""

    person: PersonId
    name: ShortText
    region: RegionId


class UnitEstablished(Event, type="unit.established"):
    """设立单位"""

    unit: UnitId
    name: ShortText
    kind: UnitKind
    region: RegionId


class UnitDissolved(Event, type="unit.dissolved"):
    """撤销单位"""

    unit: UnitId
    on: date


def unit_standing(past: Past, unit: UnitId) -> UnitEstablished:
    """The unit, refused if it does not stand."""
    facts = past.about(unit).of(UnitEstablished, UnitDissolved).events
    if facts and isinstance(facts[-1], UnitEstablished):
        return facts[-1]
    refuse("unknown_unit", f"单位{unit}不存在或已撤销")


def person_known(past: Past, person: PersonId) -> PersonRegistered:
    """The person, refused if nobody registered them."""
    for event in past.about(person).of(PersonRegistered).events:
        if isinstance(event, PersonRegistered) and event.person == person:
            return event
    refuse("unknown_person", f"人员{person}未登记")


class OpenLedger(Command):
    """建台

    Opens the ledger of a place and appoints its first organiser. Whoever runs the server does this once; every
    later authority follows from a post.
    """

    region: RegionId
    name: ShortText
    organiser: PersonId
    organiser_name: ShortText
    appointment: AppointmentId
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (About(self.region, (LedgerOpened, *LIFE)), About(self.organiser))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if past.about(self.region).of(LedgerOpened):
            refuse("ledger_already_open", "该区划已经建台")
        if not past.about(self.organiser).of(PersonRegistered):
            yield PersonRegistered(person=self.organiser, name=self.organiser_name, region=self.region)
        yield LedgerOpened(region=self.region, organiser=self.organiser, appointment=self.appointment, since=self.since)
        if not past.about(self.region).of(RegionEstablished):
            yield RegionEstablished(region=self.region, name=self.name, since=self.since)


class RegisterPerson(Command):
    """登记人员"""

    person: PersonId
    name: ShortText
    region: RegionId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.person, (PersonRegistered,)), About(self.region, LIFE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.ORGANISER, Post.HEADQUARTERS)
        standing(past, self.region)
        if past.about(self.person).of(PersonRegistered):
            refuse("person_already_registered", "该人员已经登记")
        yield PersonRegistered(person=self.person, name=self.name, region=self.region)


class EstablishUnit(Command):
    """设立单位"""

    unit: UnitId
    name: ShortText
    kind: UnitKind
    region: RegionId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.unit, (UnitEstablished, UnitDissolved)), About(self.region, LIFE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.ORGANISER, Post.HEADQUARTERS)
        standing(past, self.region)
        if past.about(self.unit).of(UnitEstablished):
            refuse("unit_already_established", "该单位已经设立")
        yield UnitEstablished(unit=self.unit, name=self.name, kind=self.kind, region=self.region)


class DissolveUnit(Command):
    """撤销单位"""

    unit: UnitId
    on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.unit, (UnitEstablished, UnitDissolved)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        unit = unit_standing(past, self.unit)
        authorise(past, act, unit.region, Post.ORGANISER, Post.HEADQUARTERS)
        yield UnitDissolved(unit=self.unit, on=self.on)


def fits(post: Post, region: RegionId) -> bool:
    """Whether the post exists at the region's level. Offices of oversight exist at county and city alike."""
    if post.level == "county" and post not in (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE):
        return region.level in ("county", "city")
    return region.level == post.level


class Relieve(Command):
    """免职"""

    appointment: AppointmentId
    on: date
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.appointment, TENURE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        tenure = tenures(past.about(self.appointment).events).get(self.appointment)
        if tenure is None:
            refuse("unknown_appointment", "没有这次任职的记录")
        authorise(past, act, tenure.region, Post.ORGANISER)
        if tenure.until is not None:
            refuse("already_relieved", "此人已经免去该职务")
        not_before(self.on, tenure.since, "免职日期早于任职日期")
        if self.on < act.today:
            # What someone signed while in post must stay signed by someone in post.
            refuse("past_date", "免职不能追溯到今天以前")
        yield Relieved(appointment=self.appointment, person=tenure.person, on=self.on, reason=self.reason)
