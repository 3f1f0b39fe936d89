"""Households 农户: who is registered, in which village, paired with which cadre, and which villages are covered.

A fact holds a household's number and its members' numbers with salted commitments (加盐承诺值); who they are is kept
elsewhere, so what is said of them can be proved without being written here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.fact import Event, Past, Recorded, Value
from domain.ids import CoverId, HouseholdId, MemberId, PairingId, PersonId, RegionId, UnitId
from domain.organisation import PersonRegistered, UnitDissolved, UnitEstablished, person_known, unit_standing
from domain.policy import Rank, in_force, policies_of
from domain.posts import FIELD, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.text import Prose, ShortText

REGISTER = (*FIELD, Post.HEADQUARTERS)
ARRANGE = (
    Post.TOWNSHIP_CLERK,
    Post.TOWNSHIP_SECRETARY,
    Post.TOWNSHIP_HEAD,
    Post.TOWNSHIP_FIRST_SECRETARY,
    Post.HEADQUARTERS,
    Post.ORGANISER,
)
"""Those who say which cadre helps which household, and who answers for which village."""


class Category(StrEnum):
    """户类别"""

    label: str

    def __new__(cls, value: str, label: str) -> "Category":
        category = str.__new__(cls, value)
        category._value_, category.label = value, label
        return category

    REGISTERED = "registered", "建档立卡户"
    MARGINAL = "marginal", "边缘易致贫户"
    UNSTABLE = "unstable", "脱贫不稳定户"
    SUDDEN = "sudden", "突发严重困难户"


class Member(Value):
    """家庭成员: a number, and the commitment to what is kept of the person elsewhere (64 hexadecimal digits)."""

    member: MemberId
    commitment: str = Field(pattern=r"^[0-9a-f]{64}$")


class HouseholdRegistered(Event, type="household.registered"):
    """登记农户"""

    household: HouseholdId
    region: RegionId
    hamlet: ShortText | None
    category: Category
    members: tuple[Member, ...] = Field(min_length=1, max_length=40)
    identified_on: date


class HouseholdRecategorised(Event, type="household.recategorised"):
    """调整户类别"""

    household: HouseholdId
    region: RegionId
    category: Category
    reason: Prose


class HouseholdRemoved(Event, type="household.removed"):
    """注销农户: moved away, merged, or registered in error; it stays in the record."""

    household: HouseholdId
    region: RegionId
    reason: Prose


class MemberJoined(Event, type="household.member_joined"):
    """家庭成员增加"""

    household: HouseholdId
    member: Member
    since: date
    reason: ShortText


class MemberLeft(Event, type="household.member_left"):
    """家庭成员减少"""

    household: HouseholdId
    member: MemberId
    on: date
    reason: ShortText


class RankRecorded(Event, type="person.rank_recorded"):
    """记录职级"""

    person: PersonId
    rank: Rank
    since: date


class Paired(Event, type="household.paired"):
    """结对帮扶"""

    pairing: PairingId
    household: HouseholdId
    person: PersonId
    since: date


class PairingEnded(Event, type="household.pairing_ended"):
    """结束结对"""

    pairing: PairingId
    household: HouseholdId
    person: PersonId
    on: date
    reason: Prose


class VillageListed(Event, type="village.listed"):
    """确定贫困村"""

    region: RegionId
    since: date


CoverKind = Literal["team", "leader", "department"]
"""包村类别: 工作队 县级领导 后盾部门."""

COVERS = {"team": "工作队", "leader": "县级领导", "department": "后盾部门"}


class CoverAssigned(Event, type="village.cover_assigned"):
    """安排包村: a work team, a county leader or a department answers for a village."""

    cover: CoverId
    region: RegionId
    kind: CoverKind
    person: PersonId | None
    unit: UnitId | None
    since: date


class CoverEnded(Event, type="village.cover_ended"):
    """结束包村"""

    cover: CoverId
    region: RegionId
    kind: CoverKind
    unit: UnitId | None
    on: date
    reason: Prose


HOUSEHOLD = (
    HouseholdRegistered,
    HouseholdRecategorised,
    HouseholdRemoved,
    MemberJoined,
    MemberLeft,
    Paired,
    PairingEnded,
)
RESIDENCE = (HouseholdRegistered, HouseholdRemoved)
"""What tells which households there are in a village."""

COVER = (CoverAssigned, CoverEnded)


@dataclass(frozen=True)
class Household:
    """农户: as it stands after a past."""

    household: HouseholdId
    region: RegionId
    category: Category
    identified_on: date
    members: Mapping[MemberId, str] = field(default_factory=dict)
    pairing: Paired | None = None
    """The pairing that stands."""
    unpaired_since: date | None = None
    """When the last pairing ended, while there is no other."""
    cadres: frozenset[PersonId] = frozenset()
    """Whoever has ever been paired with it."""
    removed: bool = False


def evolve(household: Household | None, fact: Recorded) -> Household | None:
    """The household after one more fact about it; facts of other kinds leave it as it is."""
    event = fact.event
    if isinstance(event, HouseholdRegistered):
        members = {one.member: one.commitment for one in event.members}
        return Household(event.household, event.region, event.category, event.identified_on, members)
    if household is None:
        return None
    match event:
        case HouseholdRecategorised(category=category):
            return replace(household, category=category)
        case HouseholdRemoved():
            return replace(household, removed=True)
        case MemberJoined(member=member):
            return replace(household, members={**household.members, member.member: member.commitment})
        case MemberLeft(member=gone):
            return replace(household, members={one: c for one, c in household.members.items() if one != gone})
        case Paired(person=person):
            return replace(household, pairing=event, unpaired_since=None, cadres=household.cadres | {person})
        case PairingEnded(on=day):
            return replace(household, pairing=None, unpaired_since=day)
    return household


def fold(past: Past, household: HouseholdId) -> Household:
    """One household as it stands after these facts; refused when nobody registered it."""
    state: Household | None = None
    for fact in past.about(household):
        state = evolve(state, fact)
    return state or refuse("unknown_household", f"农户{household}没有登记")


def present(past: Past, household: HouseholdId) -> Household:
    """The household, refused when it is unknown or has been removed."""
    state = fold(past, household)
    if state.removed:
        refuse("household_removed", "该户已注销,不能再办理此事")
    return state


def rules_of(past: Past, household: HouseholdId) -> Scope:
    """What to stand on to know the rules in force where a household lives."""
    return tuple(
        about
        for event in past.about(household).of(HouseholdRegistered).events
        if isinstance(event, HouseholdRegistered)
        for about in policies_of(event.region)
    )


def dwelling(past: Past, region: RegionId) -> tuple[HouseholdId, ...]:
    """The households registered in a village and not removed since, in order of registration."""
    found: dict[HouseholdId, None] = {}
    for event in past.about(region).of(*RESIDENCE).events:
        match event:
            case HouseholdRegistered(household=household):
                found[household] = None
            case HouseholdRemoved(household=household):
                found.pop(household, None)
    return tuple(found)


class RegisterHousehold(Command):
    """登记农户"""

    household: HouseholdId
    region: RegionId
    hamlet: ShortText | None = None
    category: Category
    members: tuple[Member, ...] = Field(min_length=1, max_length=40)
    identified_on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        members = (About(one.member, (HouseholdRegistered, MemberJoined, MemberLeft)) for one in self.members)
        return (
            *authority_of(act),
            About(self.region, LIFE),
            About(self.household, (HouseholdRegistered,)),
            *members,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        if self.region.level != "village":
            refuse("not_a_village", "农户须登记在村一级")
        authorise(past, act, self.region, *REGISTER)
        if past.about(self.household).of(HouseholdRegistered):
            refuse("household_already_registered", "该户已经登记")
        not_future(self.identified_on, act, "识别日期")
        if len({one.member for one in self.members}) != len(self.members):
            refuse("member_twice", "同一成员在一户中写了两次")
        for one in self.members:
            not_elsewhere(past, one.member)
        yield HouseholdRegistered(**dict(self))


def not_elsewhere(past: Past, member: MemberId) -> None:
    """Refuses a person who belongs to a household already: nobody is counted twice."""
    last = past.about(member).of(HouseholdRegistered, MemberJoined, MemberLeft)
    if last and not isinstance(last[-1].event, MemberLeft):
        refuse("member_of_another_household", f"成员{member}已登记在一户中,须先从该户减去")


class OnHousehold(Command, abstract=True):
    """What every command on a registered household names."""

    household: HouseholdId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.household, HOUSEHOLD))

    def present(self, past: Past) -> Household:
        return present(past, self.household)


class RecategoriseHousehold(OnHousehold):
    """调整户类别"""

    category: Category
    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *ARRANGE)
        if household.category == self.category:
            refuse("nothing_changes", f"该户已是{self.category.label}")
        yield HouseholdRecategorised(
            household=self.household, region=household.region, category=self.category, reason=self.reason
        )


class RemoveHousehold(OnHousehold):
    """注销农户"""

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, Post.HEADQUARTERS)
        yield HouseholdRemoved(household=self.household, region=household.region, reason=self.reason)


class AddMember(OnHousehold):
    """增加家庭成员"""

    member: Member
    since: date
    reason: ShortText

    def stands_on(self, past: Past, act: Act) -> Scope:
        whereabouts = About(self.member.member, (HouseholdRegistered, MemberJoined, MemberLeft))
        return (*super().stands_on(past, act), whereabouts)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *REGISTER)
        not_future(self.since, act, "增加日期")
        not_elsewhere(past, self.member.member)
        yield MemberJoined(household=self.household, member=self.member, since=self.since, reason=self.reason)


class RemoveMember(OnHousehold):
    """减少家庭成员"""

    member: MemberId
    on: date
    reason: ShortText

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *REGISTER)
        not_future(self.on, act, "减少日期")
        if self.member not in household.members:
            refuse("unknown_member", "该户没有这名成员")
        yield MemberLeft(household=self.household, member=self.member, on=self.on, reason=self.reason)


class RecordRank(Command):
    """记录职级"""

    person: PersonId
    rank: Rank
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.person, (PersonRegistered, RankRecorded)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, person_known(past, self.person).region, Post.ORGANISER)
        not_future(self.since, act, "职级起始日期")
        if rank_of(past, self.person) is self.rank:
            refuse("nothing_changes", f"此人职级已是{self.rank.label}")
        yield RankRecorded(person=self.person, rank=self.rank, since=self.since)


def rank_of(past: Past, person: PersonId) -> Rank | None:
    """The rank last recorded of a person."""
    rank = None
    for event in past.about(person).of(RankRecorded).events:
        if isinstance(event, RankRecorded) and event.person == person:
            rank = event.rank
    return rank


def paired_with(events: Iterable[Event], person: PersonId) -> frozenset[HouseholdId]:
    """The households a cadre is paired with now."""
    found: dict[PairingId, HouseholdId] = {}
    for event in events:
        match event:
            case Paired(person=who, pairing=pairing, household=household) if who == person:
                found[pairing] = household
            case PairingEnded(pairing=pairing):
                found.pop(pairing, None)
    return frozenset(found.values())


class PairingChange(OnHousehold, abstract=True):
    pairing: PairingId
    person: PersonId
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *super().stands_on(past, act),
            About(self.pairing, (Paired,)),
            About(self.person, (PersonRegistered, RankRecorded, Paired, PairingEnded)),
            *rules_of(past, self.household),
        )

    def pair(self, past: Past, act: Act, household: Household) -> Paired:
        """The new pairing; refused when the cadre has as many households as the rule of the place allows."""
        authorise(past, act, household.region, *ARRANGE)
        person_known(past, self.person)
        if past.about(self.pairing).of(Paired):
            refuse("pairing_already_made", "该结对已经记录")
        not_future(self.since, act, "结对日期")
        rule = in_force(past, household.region, act.today).pairing
        if rule:
            rank = rank_of(past, self.person)
            if rank is None and not rule.same_for_all:
                refuse("rank_unknown", "此人职级没有记录,无法确定可结对的户数")
            cap = rule.cap(rank or Rank.STAFF)
            if len(paired_with(past.about(self.person).events, self.person)) >= cap:
                who = "每名干部" if rule.same_for_all or rank is None else f"{rank.label}干部每人"
                refuse("pairing_cap", f"按本地规则,{who}结对不超过{cap}户,此人已满")
        return Paired(pairing=self.pairing, household=self.household, person=self.person, since=self.since)


class PairHousehold(PairingChange):
    """结对帮扶

    A household has one cadre at a time. Days between two pairings stay visible as a gap.
    """

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        if household.pairing:
            refuse("already_paired", "该户已有帮扶责任人,请办理变更")
        if household.unpaired_since:
            not_before(self.since, household.unpaired_since, "结对日期早于上一次结对结束日期")
        yield self.pair(past, act, household)


class ChangePairing(PairingChange):
    """变更帮扶责任人

    The one before ends on the day on which the new one begins: no gap, no overlap.
    """

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        before = household.pairing or refuse("not_paired", "该户没有帮扶责任人,请直接结对")
        if before.person == self.person:
            refuse("nothing_changes", "帮扶责任人没有变化")
        not_before(self.since, before.since, "变更日期早于原结对日期")
        paired = self.pair(past, act, household)
        yield PairingEnded(
            pairing=before.pairing, household=self.household, person=before.person, on=self.since, reason=self.reason
        )
        yield paired


class EndPairing(OnHousehold):
    """结束结对"""

    on: date
    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        household = self.present(past)
        authorise(past, act, household.region, *ARRANGE)
        before = household.pairing or refuse("not_paired", "该户没有帮扶责任人")
        not_future(self.on, act, "结束日期")
        not_before(self.on, before.since, "结束日期早于结对日期")
        yield PairingEnded(
            pairing=before.pairing, household=self.household, person=before.person, on=self.on, reason=self.reason
        )


class ListVillage(Command):
    """确定贫困村"""

    region: RegionId
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, (*LIFE, VillageListed)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        authorise(past, act, self.region, Post.HEADQUARTERS)
        if self.region.level != "village":
            refuse("not_a_village", "贫困村须是村一级")
        if past.about(self.region).of(VillageListed):
            refuse("already_listed", "该村已确定为贫困村")
        not_future(self.since, act, "确定日期")
        yield VillageListed(region=self.region, since=self.since)


def covers(past: Past, region: RegionId) -> dict[CoverKind, CoverAssigned]:
    """Who covers a village now, by kind."""
    found: dict[CoverKind, CoverAssigned] = {}
    for event in past.about(region).of(*COVER).events:
        match event:
            case CoverAssigned(kind=kind):
                found[kind] = event
            case CoverEnded(kind=kind):
                found.pop(kind, None)
    return found


class AssignCover(Command):
    """安排包村

    A team and a department are units, a county leader is a person. Each village has one of a kind at a time.
    """

    cover: CoverId
    region: RegionId
    kind: CoverKind
    person: PersonId | None = None
    unit: UnitId | None = None
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        person = (About(self.person, (PersonRegistered,)),) if self.person else ()
        unit = (About(self.unit, (UnitEstablished, UnitDissolved)),) if self.unit else ()
        return (
            *authority_of(act),
            About(self.region, (*LIFE, *COVER)),
            About(self.cover, COVER),
            *person,
            *unit,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        authorise(past, act, self.region, Post.HEADQUARTERS, Post.ORGANISER)
        if self.region.level != "village":
            refuse("not_a_village", "包村须写明哪个村")
        if past.about(self.cover):
            refuse("cover_already_assigned", "该包村安排已经记录")
        if (self.kind == "leader") != (self.person is not None) or (self.kind == "leader") == (self.unit is not None):
            refuse("cover_incoherent", "包村领导写人员,工作队和后盾部门写单位")
        if self.person:
            person_known(past, self.person)
        if self.unit:
            unit_standing(past, self.unit)
        if self.kind in covers(past, self.region):
            refuse("already_covered", f"该村已有{COVERS[self.kind]},请先结束原安排")
        not_future(self.since, act, "包村日期")
        for event in past.about(self.region).of(CoverEnded).events:
            if isinstance(event, CoverEnded) and event.kind == self.kind:
                not_before(self.since, event.on, "包村日期早于上一次包村结束日期")
        yield CoverAssigned(**dict(self))


class EndCover(Command):
    """结束包村"""

    region: RegionId
    kind: CoverKind
    on: date
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, COVER))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.HEADQUARTERS, Post.ORGANISER)
        cover = covers(past, self.region).get(self.kind) or refuse("not_covered", f"该村现在没有{COVERS[self.kind]}")
        not_future(self.on, act, "结束日期")
        not_before(self.on, cover.since, "结束日期早于包村日期")
        yield CoverEnded(
            cover=cover.cover, region=self.region, kind=self.kind, unit=cover.unit, on=self.on, reason=self.reason
        )
