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
from domain.issues import Deadline, IssueRegistered
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
    """比对不一致"""

    roster: ImportId
    kind: RosterKind
    household: HouseholdId
    region: RegionId
    members: tuple[MemberId, ...] = Field(min_length=1)
    issue: IssueId


class CompareRoster(Command):
    """名册比对

    The contradictions were found inside the vault; here it is decided which of them become issues. The same roster
    again gives only what it did not give before.
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
            *(About(one.household, KEPT) for one in self.contradictions),
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
            yield from self.issue(one, act)

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
                    issue=IssueId.derived(self.roster, one.household, self.kind),
                )

    def issue(self, found: ContradictionFound, act: Act) -> Iterator[Event]:
        many = f"该户{len(found.members)}名成员"
        said = f"应在而不在{self.kind.label}中" if self.kind.absence else f"列于{self.kind.label}"
        yield IssueRegistered(
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
        yield found


def may_compare(past: Past, act: Act, region: RegionId) -> None:
    """Refuses whoever may not compare; asked before anything is read in the vault, and again by the decision."""
    authorise(past, act, region, *OVERSIGHT)
