"""Exits 退出: the facts of a household's, village's or county's exit around its chain of signatures, and their fold.

propose → review, verify, consent in the order of the rule → notice → sign → (the province rules) → announce; and void,
when an exit is found false. The signatures themselves are the chain's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from pydantic import Field

from domain import chains
from domain.chains import CHAIN, Chain, Checked, SentBack
from domain.command import About, Scope
from domain.evidence import Evidence
from domain.fact import Event, Past, Recorded
from domain.households import (
    Category,
    HouseholdRecategorised,
    HouseholdRegistered,
    HouseholdRemoved,
    MemberJoined,
    MemberLeft,
    VillageListed,
    rules_of,
)
from domain.ids import ChainId, HouseholdId, IncidenceId, RegionId
from domain.indicators import Assessed, IndicatorAssessed
from domain.policy import ExitStep, policies_of
from domain.regions import LIFE
from domain.text import Prose


class ExitProposed(Event, type="exit.proposed"):
    """提出退出: with the steps that the rule in force asked for that day."""

    chain: ChainId
    subject: Assessed
    steps: tuple[ExitStep, ...] = Field(min_length=1)
    ruling: bool
    """Whether the province's 审定 decides after the signatures."""


class ExitStepTaken(Event, type="exit.step_taken"):
    """退出程序: one step before the notice, other than the check on site. A 民主评议 says how many were there, and how
    many in favour."""

    chain: ChainId
    subject: Assessed
    step: ExitStep
    passed: bool
    present: int | None = Field(ge=1)
    in_favour: int | None = Field(ge=0)
    findings: Prose
    taken_on: date
    evidence: tuple[Evidence, ...]


class ExitRuled(Event, type="exit.ruled"):
    """审定: by the province, as its document says."""

    chain: ChainId
    subject: Assessed
    approved: bool
    document: Prose
    ruled_on: date
    evidence: tuple[Evidence, ...]


class ExitDecided(Event, type="exit.decided"):
    """退出: from now on it has exited."""

    chain: ChainId
    subject: Assessed
    round: int = Field(ge=1)


class ExitAnnounced(Event, type="exit.announced"):
    """公告退出"""

    chain: ChainId
    subject: Assessed
    announced_on: date
    place: Prose


class ExitVoided(Event, type="exit.voided"):
    """撤销退出: it was found false. Every fact of it stays; from now on it has not exited."""

    chain: ChainId
    subject: Assessed
    reason: Prose
    found_on: date
    evidence: tuple[Evidence, ...]


class IncidenceRecorded(Event, type="incidence.recorded"):
    """核算贫困发生率: what the facts up to ``cut_off`` come to, over the rural population given."""

    incidence: IncidenceId
    region: RegionId
    cut_off: int = Field(ge=1)
    population: int = Field(ge=1)
    households: int = Field(ge=0)
    people: int = Field(ge=0)

    @property
    def basis_points(self) -> int:
        """The incidence in whole basis points, rounded up: it is never shown lower than it is."""
        return -(-self.people * 10_000 // self.population)

    @property
    def percentage(self) -> str:
        """The incidence as people write it, to three places, rounded up: 0.075%."""
        thousandths = -(-self.people * 100_000 // self.population)
        return f"{thousandths // 1000}.{thousandths % 1000:03d}%"

    def below(self, limit: int) -> bool:
        return self.people * 10_000 < limit * self.population


class EvaluationRecorded(Event, type="evaluation.recorded"):
    """退出评估: how many were asked, and what was found among them."""

    region: RegionId
    exited_sampled: int = Field(ge=1)
    wrong: int = Field(ge=0)
    others_sampled: int = Field(ge=1)
    missed: int = Field(ge=0)
    asked: int = Field(ge=1)
    approving: int = Field(ge=0)
    evaluated_on: date
    evidence: tuple[Evidence, ...]


EXIT = (ExitProposed, ExitStepTaken, ExitRuled, ExitDecided, ExitAnnounced, ExitVoided)
OWN = (VillageListed, IndicatorAssessed, IncidenceRecorded, EvaluationRecorded, *EXIT)
"""A village's or county's own facts that its exit stands on; of the households in it, none."""


@dataclass(frozen=True)
class Exit:
    """退出: one of a subject's exits, as it stands after a past."""

    chain: ChainId
    subject: Assessed
    steps: tuple[ExitStep, ...]
    ruling: bool
    taken: Mapping[ExitStep, date] = field(default_factory=dict)
    ruled: bool | None = None
    decided_on: date | None = None
    announced_on: date | None = None
    voided_on: date | None = None

    @property
    def next_step(self) -> ExitStep | None:
        return next((step for step in self.steps if step not in self.taken), None)

    @property
    def done_on(self) -> date | None:
        """When the last step was taken."""
        return max(self.taken.values(), default=None)

    @property
    def stands(self) -> bool:
        return self.decided_on is not None and self.voided_on is None


def evolve(exit: Exit | None, fact: Recorded) -> Exit | None:
    """The exit after one more fact; facts of other exits and kinds leave it as it is."""
    event = fact.event
    if isinstance(event, ExitProposed):
        return Exit(event.chain, event.subject, event.steps, event.ruling)
    if exit is None or getattr(event, "chain", None) != exit.chain:
        return exit
    match event:
        case ExitStepTaken(passed=True, step=step, taken_on=day):
            return replace(exit, taken={**exit.taken, step: day})
        case Checked(passed=True, checked_on=day):
            return replace(exit, taken={**exit.taken, ExitStep.VERIFICATION: day})
        case SentBack(to="check"):
            before = exit.steps[: exit.steps.index(ExitStep.VERIFICATION)]
            return replace(exit, taken={step: day for step, day in exit.taken.items() if step in before})
        case ExitRuled(approved=approved):
            return replace(exit, ruled=approved)
        case ExitDecided():
            return replace(exit, decided_on=fact.on)
        case ExitAnnounced(announced_on=day):
            return replace(exit, announced_on=day)
        case ExitVoided(found_on=day):
            return replace(exit, voided_on=day)
    return exit


def fold(facts: Iterable[Recorded], chain: ChainId) -> Exit | None:
    """One exit as it stands after these facts."""
    state: Exit | None = None
    for fact in facts:
        # By its tags: to ask a fact for a field that it lacks is dear, and of a household's facts most lack this one.
        if chain in fact.event.tags:
            state = evolve(state, fact)
    return state


class Attempt(NamedTuple):
    """申请: an exit and its chain."""

    exit: Exit
    chain: Chain

    @property
    def open(self) -> bool:
        """Whether it may still end in an exit."""
        awaits_ruling = self.exit.ruling and self.exit.ruled is None
        return not self.chain.phase.over or (self.chain.stage is None and self.chain.ended is None and awaits_ruling)


def attempts(past: Past, subject: Assessed) -> tuple[Attempt, ...]:
    """Every exit that was proposed for a subject, in order."""
    found = []
    for event in past.about(subject).of(ExitProposed).events:
        if isinstance(event, ExitProposed) and event.subject == subject:
            exit, chain = fold(past, event.chain), chains.fold(past, event.chain)
            assert exit is not None
            assert chain is not None
            found.append(Attempt(exit, chain))
    return tuple(found)


def scope_of(past: Past, subject: Assessed) -> Scope:
    """What an exit of this subject stands on. Of a household, everything; of a village or county its own facts, the
    chains of its exits, and nothing of who lives in it."""
    if isinstance(subject, HouseholdId):
        return (About(subject), *rules_of(past, subject))
    proposed = tuple(event.chain for event in past.events if isinstance(event, ExitProposed))
    return (
        About(subject, (*LIFE, *OWN)),
        *(About(chain, (*CHAIN, *EXIT)) for chain in proposed),
        *policies_of(subject),
    )


def record(past: Past, subject: Assessed) -> Past:
    """所见: the facts that someone who signs for this subject's exit is shown, out of what ``scope_of`` names."""
    if isinstance(subject, HouseholdId):
        return past.about(subject)
    own = {event.chain for event in past.events if isinstance(event, ExitProposed) and event.subject == subject}
    return Past(
        fact
        for fact in past
        if getattr(fact.event, "chain", None) in own or (isinstance(fact.event, OWN) and subject in fact.event.tags)
    )


REMAINING = (
    HouseholdRegistered,
    HouseholdRecategorised,
    HouseholdRemoved,
    MemberJoined,
    MemberLeft,
    ExitDecided,
    ExitVoided,
)
"""The facts from which it follows how many are still poor."""


class Remaining(NamedTuple):
    """剩余贫困人口"""

    households: int
    people: int


@dataclass
class _Home:
    people: int
    poor: bool
    exited: bool = False
    removed: bool = False

    @property
    def counts(self) -> bool:
        return self.poor and not self.exited and not self.removed


def remaining(facts: Iterable[Recorded], region: RegionId) -> Remaining:
    """How many households on the register, and people in them, have not exited in a region after these facts."""
    homes: dict[HouseholdId, _Home] = {}
    for fact in facts:
        event = fact.event
        if isinstance(event, HouseholdRegistered):
            if region.holds(event.region):
                homes[event.household] = _Home(len(event.members), event.category is Category.REGISTERED)
            continue
        home = homes.get(getattr(event, "household", None) or getattr(event, "subject", None))  # type: ignore[arg-type]
        if home is None:
            continue
        match event:
            case HouseholdRecategorised(category=category):
                home.poor = category is Category.REGISTERED
            case HouseholdRemoved():
                home.removed = True
            case MemberJoined():
                home.people += 1
            case MemberLeft():
                home.people -= 1
            case ExitDecided():
                home.exited = True
            case ExitVoided():
                home.exited = False
    counted = [home for home in homes.values() if home.counts]
    return Remaining(len(counted), sum(home.people for home in counted))
