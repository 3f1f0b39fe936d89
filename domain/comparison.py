"""Comparison 大数据比对: an outside roster held against the households on record.

The roster is compared where the identity numbers are kept, and only households and their members' numbers come out.
Every contradiction becomes an issue on its household, to be looked into like any other: a roster may be wrong.
"""

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from pydantic import Field

from domain.command import About, Act, Command, Scope, not_future
from domain.fact import Event, Past, Value
from domain.households import fold
from domain.ids import HouseholdId, ImportId, IssueId, MemberId, RegionId
from domain.issues import Deadline, IssueClosed, IssueRegistered, IssueReopened, IssueWithdrawn
from domain.policy import Severity
from domain.posts import OVERSIGHT, authorise, authority_of
from domain.regions import LIFE, standing
from domain.registration import coherent
from domain.vault import KEPT, protection

SOURCE = "大数据比对"
MOST = 20_000
"""Contradictions of one comparison; more of them speak against the roster."""


class RosterKind(StrEnum):
    """名册类别: what a roster lists, what an issue found by it is about, and what contradicts the record: to be listed,
    or not to be."""

    label: str
    category: str
    absence: bool

    def __new__(cls, value: str, label: str, category: str, absence: bool) -> "RosterKind":
        kind = str.__new__(cls, value)
        kind._value_, kind.label, kind.category, kind.absence = value, label, category, absence
        return kind

    DEATHS = "deaths", "死亡人员名册", "人口", False
    PAYROLL = "payroll", "财政供养人员名册", "收入", False
    CARS = "cars", "机动车登记名册", "财产", False
    HOUSES = "houses", "商品房登记名册", "财产", False
    SCHOOL = "school", "义务教育学籍名册", "教育", True
    INSURANCE = "insurance", "基本医疗保险参保名册", "医疗", True


class Born(NamedTuple):
    """出生范围: both days included, as eight digits, so that 29 February needs no rule."""

    earliest: str
    latest: str


def expected(kind: RosterKind, on: date) -> Born | None:
    """Whom a roster of that day should list, where it is not everybody: at school, those of 6 to 15 years
    (义务教育法 §11)."""
    if kind is not RosterKind.SCHOOL:
        return None
    day = f"{on:%m%d}"
    # Whoever has their sixteenth birthday that day is sixteen.
    return Born(f"{on.year - 16:04}{int(day) + 1:04}", f"{on.year - 6:04}{day}")


class Contradiction(Value):
    """比对结果: the members of a household that are on the roster, or are not on it and should be."""

    household: HouseholdId
    members: tuple[MemberId, ...] = Field(min_length=1)


def issue_of(roster: ImportId, household: HouseholdId, kind: RosterKind) -> IssueId:
    """The issue that a roster opens on a household, unless one of its kind stands open there already."""
    return IssueId.derived(roster, household, kind)


class RosterCompared(Event, type="roster.compared"):
    """名册比对: who compared which roster with the households of a place; the roster's number is its SHA-256.

    ``unreadable`` rows have no identity number that can be read; ``households`` are those newly found contradicting.
    """

    roster: ImportId
    kind: RosterKind
    region: RegionId
    roster_on: date
    rows: int = Field(ge=0)
    unreadable: int = Field(ge=0)
    households: int = Field(ge=0)


class ContradictionFound(Event, type="roster.contradicted"):
    """比对不一致: ``issue`` is the one it opened, or the one of its kind that stood open on the household already."""

    roster: ImportId
    kind: RosterKind
    household: HouseholdId
    region: RegionId
    members: tuple[MemberId, ...] = Field(min_length=1)
    issue: IssueId

    @property
    def opened(self) -> bool:
        """Whether it opened its issue."""
        return self.issue == issue_of(self.roster, self.household, self.kind)


FATE = (IssueRegistered, IssueWithdrawn, IssueClosed, IssueReopened)
"""What tells whether an issue is open."""


def open_issue(past: Past, household: HouseholdId, kind: RosterKind) -> IssueId | None:
    """The issue on a household that an earlier contradiction of this kind opened and that is still open, if one is."""
    for event in past.about(household).of(ContradictionFound).events:
        if isinstance(event, ContradictionFound) and event.kind is kind:
            fate = past.about(event.issue).of(*FATE).events
            if fate and isinstance(fate[-1], IssueRegistered | IssueReopened):
                return event.issue
    return None


class CompareRoster(Command):
    """名册比对

    The contradictions were found inside the vault; here it is decided which of them become issues. The same roster
    again gives only what it did not give before, and another roster no second issue while the first is open.
    """

    roster: ImportId
    kind: RosterKind
    region: RegionId
    roster_on: date
    rows: int = Field(ge=1)
    unreadable: int = Field(ge=0)
    contradictions: tuple[Contradiction, ...] = Field(max_length=MOST)
    severity: Severity
    deadline: Deadline

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.region, LIFE),
            About(self.roster, (RosterCompared, ContradictionFound)),
            *(About(one.household, (*KEPT, ContradictionFound)) for one in self.contradictions),
            *(About(issue, FATE) for issue in self.named_before(past)),
        )

    def named_before(self, past: Past) -> frozenset[IssueId]:
        """The issues of this kind that these households already had."""
        return frozenset(
            event.issue
            for one in self.contradictions
            for event in past.about(one.household).of(ContradictionFound).events
            if isinstance(event, ContradictionFound) and event.kind is self.kind
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        may_compare(past, act, self.region)
        not_future(self.roster_on, act, "名册日期")
        coherent(self.deadline, act.today)
        found = tuple(self.found(past))
        if not found and self.compared(past):
            return
        yield RosterCompared(
            roster=self.roster,
            kind=self.kind,
            region=self.region,
            roster_on=self.roster_on,
            rows=self.rows,
            unreadable=self.unreadable,
            households=len(found),
        )
        for one in found:
            if one.opened:
                yield self.issue(one, act)
            yield one

    def compared(self, past: Past) -> bool:
        """Whether this was done before: the same roster, of the same kind, for the same place."""
        return any(
            isinstance(event, RosterCompared) and (event.kind, event.region) == (self.kind, self.region)
            for event in past.about(self.roster).events
        )

    def found(self, past: Past) -> Iterator[ContradictionFound]:
        """What is new: households that stand, whose values may be used, and their members of today."""
        known = {
            event.household
            for event in past.about(self.roster).events
            if isinstance(event, ContradictionFound) and event.kind is self.kind
        }
        for one in self.contradictions:
            household = fold(past, one.household)
            members = tuple(member for member in one.members if member in household.members)
            usable = not household.removed and protection(past, one.household) is None
            if members and usable and one.household not in known and self.region.holds(household.region):
                yield ContradictionFound(
                    roster=self.roster,
                    kind=self.kind,
                    household=one.household,
                    region=household.region,
                    members=members,
                    issue=open_issue(past, one.household, self.kind) or issue_of(self.roster, one.household, self.kind),
                )

    def issue(self, found: ContradictionFound, act: Act) -> IssueRegistered:
        many = f"该户{len(found.members)}名成员"
        said = f"应在而不在{self.kind.label}中" if self.kind.absence else f"列于{self.kind.label}"
        return IssueRegistered(
            issue=found.issue,
            region=found.region,
            place=None,
            object=found.household,
            category=self.kind.category,
            source=SOURCE,
            severity=self.severity,
            description=f"经与{self.roster_on}的名册比对,{many}{said},与在册情况不一致,须入户核实",
            found_on=act.today,
            deadline=self.deadline,
            planned_funds=None,
        )


def may_compare(past: Past, act: Act, region: RegionId) -> None:
    """Refuses whoever may not compare; asked before anything is read in the vault, and again by the decision."""
    authorise(past, act, region, *OVERSIGHT)
