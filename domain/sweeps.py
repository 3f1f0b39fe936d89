"""Sweeps 排查: a check that goes from door to door in a village (四查一检), and whose findings nobody drops.

What is found becomes an issue on the household. A sweep ends only when every household was looked at and every finding
was rectified, written off and looked back at (跟踪检查); a finding withdrawn as an error counts as one that was not,
until someone else has looked at the household again and found it sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past, Value
from domain.households import HOUSEHOLD, RESIDENCE, dwelling, present
from domain.ids import HouseholdId, IssueId, PersonId, RegionId, SweepId
from domain.issues import (
    Deadline,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
)
from domain.policy import Code, Severity, in_force, policies_of
from domain.posts import FIELD, OVERSIGHT, TOWNSHIP, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.registration import coherent
from domain.text import Prose, ShortText

SWEEP = (*FIELD, *OVERSIGHT, Post.UNIT_LEADER, Post.UNIT_OFFICER)
ORDER = (*TOWNSHIP, *OVERSIGHT)
"""Those who order a sweep, and end it."""


class SweepOpened(Event, type="sweep.opened"):
    """开展排查"""

    sweep: SweepId
    region: RegionId
    rule: Code
    title: ShortText
    category: ShortText
    opened_on: date


class HouseholdSwept(Event, type="sweep.household"):
    """入户排查: ``issue`` is what was found, where something was."""

    sweep: SweepId
    household: HouseholdId
    issue: IssueId | None
    findings: Prose
    swept_on: date
    evidence: tuple[Evidence, ...]


class SweepConcluded(Event, type="sweep.concluded"):
    """排查办结"""

    sweep: SweepId
    region: RegionId
    households: int = Field(ge=0)
    found: int = Field(ge=0)
    concluded_on: date


SWEEP_LIFE = (SweepOpened, HouseholdSwept, SweepConcluded)
FATE = (IssueRegistered, IssueClosed, IssueReopened, IssueWithdrawn, LookedBack)
"""What became of a finding."""


class Finding(Value):
    """查出问题"""

    issue: IssueId
    severity: Severity
    deadline: Deadline


@dataclass(frozen=True)
class Sweep:
    """排查: as it stands after a past."""

    opened: SweepOpened
    looked_at: tuple[tuple[HouseholdSwept, PersonId], ...] = ()
    concluded: bool = False

    @property
    def findings(self) -> dict[IssueId, HouseholdId]:
        return {event.issue: event.household for event, _ in self.looked_at if event.issue}

    def sound_again(self, issue: IssueId) -> bool:
        """Whether someone else looked at the household after the finding, and found nothing."""
        found = next((n for n, (event, _) in enumerate(self.looked_at) if event.issue == issue), None)
        if found is None:
            return False
        first, finder = self.looked_at[found]
        return any(
            event.household == first.household and event.issue is None and by != finder
            for event, by in self.looked_at[found + 1 :]
        )


def fold(past: Past, sweep: SweepId) -> Sweep:
    """One sweep as it stands after these facts; refused when nobody opened it."""
    opened: SweepOpened | None = None
    looked_at: list[tuple[HouseholdSwept, PersonId]] = []
    concluded = False
    for fact in past.about(sweep):
        match fact.event:
            case SweepOpened() as first:
                opened = first
            case HouseholdSwept() as swept:
                looked_at.append((swept, fact.by))
            case SweepConcluded():
                concluded = True
    if opened is None:
        refuse("unknown_sweep", f"排查{sweep}没有登记")
    return Sweep(opened, tuple(looked_at), concluded)


def outstanding(past: Past, sweep: Sweep) -> dict[IssueId, str]:
    """未了事项: the findings that nobody may let go of yet, and what each still waits for."""
    return {issue: reason for issue in sweep.findings if (reason := _waits_for(past, sweep, issue))}


def _waits_for(past: Past, sweep: Sweep, issue: IssueId) -> str | None:
    waits: str | None = "未销号"
    for event in past.about(issue).of(*FATE).events:
        match event:
            case IssueRegistered() | IssueReopened():
                waits = "未销号"
            case IssueClosed():
                waits = "未跟踪检查"
            case LookedBack(holds=True):
                waits = None
            case IssueWithdrawn():
                waits = None if sweep.sound_again(issue) else "已撤销,须由他人再次入户核实"
    return waits


class OpenSweep(Command):
    """开展排查

    Of one village, by a line that the pack in force knows.
    """

    sweep: SweepId
    region: RegionId
    rule: Code
    opened_on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.region, LIFE),
            About(self.sweep, SWEEP_LIFE),
            *policies_of(self.region),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        if self.region.level != "village":
            refuse("not_a_village", "排查按村开展")
        authorise(past, act, self.region, *ORDER)
        if past.about(self.sweep):
            refuse("sweep_already_opened", "该排查已经开展")
        not_future(self.opened_on, act, "开展日期")
        rule = in_force(past, self.region, act.today).sweep(self.rule) or refuse(
            "unknown_sweep_rule", f"本地政策包没有排查项{self.rule}"
        )
        yield SweepOpened(
            sweep=self.sweep,
            region=self.region,
            rule=rule.code,
            title=rule.title,
            category=rule.category,
            opened_on=self.opened_on,
        )


class SweepHousehold(Command):
    """入户排查

    What is found becomes an issue on the household at once.
    """

    sweep: SweepId
    household: HouseholdId
    findings: Prose
    swept_on: date
    found: Finding | None = None
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        issue = (About(self.found.issue, (IssueRegistered,)),) if self.found else ()
        return (*authority_of(act), About(self.sweep, SWEEP_LIFE), About(self.household, HOUSEHOLD), *issue)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        sweep = running(past, self.sweep)
        household = present(past, self.household)
        authorise(past, act, household.region, *SWEEP)
        if household.region != sweep.opened.region:
            refuse("not_in_this_sweep", "该户不在本次排查的村")
        not_future(self.swept_on, act, "入户日期")
        not_before(self.swept_on, sweep.opened.opened_on, "入户日期早于排查开展日期")
        yield HouseholdSwept(
            sweep=self.sweep,
            household=self.household,
            issue=self.found.issue if self.found else None,
            findings=self.findings,
            swept_on=self.swept_on,
            evidence=self.evidence,
        )
        if self.found:
            if past.about(self.found.issue).of(IssueRegistered):
                refuse("issue_already_registered", "该问题已经登记")
            coherent(self.found.deadline, self.swept_on)
            yield IssueRegistered(
                issue=self.found.issue,
                region=household.region,
                place=None,
                object=self.household,
                category=sweep.opened.category,
                source=sweep.opened.title,
                severity=self.found.severity,
                description=self.findings,
                found_on=self.swept_on,
                deadline=self.found.deadline,
                planned_funds=None,
            )


def running(past: Past, sweep: SweepId) -> Sweep:
    """The sweep, refused once it is concluded."""
    state = fold(past, sweep)
    if state.concluded:
        refuse("sweep_concluded", "该排查已经办结")
    return state


class ConcludeSweep(Command):
    """排查办结

    Refused while a household of the village has not been looked at, or a finding is not through.
    """

    sweep: SweepId
    concluded_on: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        opened = past.about(self.sweep).of(*SWEEP_LIFE).events
        villages = tuple(About(event.region, RESIDENCE) for event in opened if isinstance(event, SweepOpened))
        findings = tuple(
            About(event.issue, FATE) for event in opened if isinstance(event, HouseholdSwept) and event.issue
        )
        return (*authority_of(act), About(self.sweep, SWEEP_LIFE), *villages, *findings)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        sweep = running(past, self.sweep)
        region = sweep.opened.region
        authorise(past, act, region, *ORDER)
        not_future(self.concluded_on, act, "办结日期")
        not_before(self.concluded_on, sweep.opened.opened_on, "办结日期早于排查开展日期")
        households = dwelling(past, region)
        seen = {event.household for event, _ in sweep.looked_at}
        if missed := [one for one in households if one not in seen]:
            refuse("households_not_swept", f"还有{len(missed)}户没有入户排查,如{missed[0]}")
        if left := outstanding(past, sweep):
            issue, why = next(iter(left.items()))
            refuse("findings_outstanding", f"还有{len(left)}个查出的问题没有了结,如{issue}{why}")
        yield SweepConcluded(
            sweep=self.sweep,
            region=region,
            households=len(households),
            found=len(sweep.findings),
            concluded_on=self.concluded_on,
        )
