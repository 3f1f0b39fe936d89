"""Policy 政策包: a place's rules, as a fact with a date.

A county adopts a pack; the pack itself is in the fact, so what was the rule on any day is replayable and no later
edition of a file can change it. Where the rules differ from place to place, they differ here and nowhere else.
"""

import tomllib
from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from domain.command import About, Act, Command, Scope, ahead, refuse
from domain.fact import Event, Past, Recorded, Value, upcasts
from domain.ids import PolicyId, RegionId
from domain.posts import Post, authorise, authority_of
from domain.statements import Assurance
from domain.text import Prose, ShortText


class Severity(StrEnum):
    """问题等级"""

    label: str

    def __new__(cls, value: str, label: str) -> "Severity":
        severity = str.__new__(cls, value)
        severity._value_, severity.label = value, label
        return severity

    MINOR = "minor", "一般"
    SERIOUS = "serious", "较重"
    MAJOR = "major", "重大"

    @property
    def weight(self) -> int:
        return list(Severity).index(self)


class Seat(Value):
    """签字席: whoever holds one of these posts may take it."""

    posts: tuple[Post, ...] = Field(min_length=1)

    @property
    def label(self) -> str:
        return "或".join(post.label for post in self.posts)


class Stage(Value):
    """签字环节: one level's seats, each signed by a different person before the next stage opens."""

    level: Literal["village", "township", "county", "city"]
    seats: tuple[Seat, ...] = Field(min_length=1)
    assurance: Assurance = Assurance.ACCOUNT
    """须达到的保证等级, at least."""

    @property
    def label(self) -> str:
        return "、".join(seat.label for seat in self.seats)


class Closure(Value):
    """销号规则: what an issue of one gravity must go through before it is closed."""

    stages: tuple[Stage, ...] = Field(min_length=1)
    notice_days: int = Field(ge=0, le=60)
    """公示天数; 0 where no notice is asked."""


class Rank(StrEnum):
    """职级"""

    label: str

    def __new__(cls, value: str, label: str) -> "Rank":
        rank = str.__new__(cls, value)
        rank._value_, rank.label = value, label
        return rank

    DIVISION = "division", "处级"
    SECTION = "section", "科级"
    STAFF = "staff", "一般干部"


class Pairing(Value):
    """结对规则: how many households a cadre of each rank may be paired with at once."""

    division: int = Field(ge=0, le=100)
    section: int = Field(ge=0, le=100)
    staff: int = Field(ge=0, le=100)

    def cap(self, rank: Rank) -> int:
        return {Rank.DIVISION: self.division, Rank.SECTION: self.section, Rank.STAFF: self.staff}[rank]

    @property
    def same_for_all(self) -> bool:
        return self.division == self.section == self.staff


Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
"""代码: what a rule is called by facts; permanent."""

ObjectKind = Literal["household", "village", "county"]
"""对象类别: 户 村 县."""


class Threshold(Value):
    """指标界限: a figure in a named unit, in whole numbers of it."""

    sense: Literal["at_least", "above", "below"]
    figure: int
    unit: ShortText

    def met_by(self, value: int) -> bool:
        match self.sense:
            case "at_least":
                return value >= self.figure
            case "above":
                return value > self.figure
            case "below":
                return value < self.figure


class IndicatorRule(Value):
    """指标: assessed by people, or ``computed`` from the record, and then never entered by anyone."""

    code: Code
    title: ShortText
    threshold: Threshold | None = None
    computed: Literal["incidence"] | None = None


class IndicatorSet(Value):
    """指标体系: what one kind of object is measured by.

    An indicator that stands in two sets of one kind is one indicator: assessed once, it serves both.
    """

    code: Code
    title: ShortText
    object: ObjectKind
    indicators: tuple[IndicatorRule, ...] = Field(min_length=1, max_length=100)


class ExitStep(StrEnum):
    """退出程序: a step before the notice. Verification is the check on site; every exit has it."""

    label: str

    def __new__(cls, value: str, label: str) -> "ExitStep":
        step = str.__new__(cls, value)
        step._value_, step.label = value, label
        return step

    VERIFICATION = "verification", "核实"
    DEMOCRATIC_REVIEW = "democratic_review", "民主评议"
    CONSENT = "consent", "农户认可"
    CITY_REVIEW = "city_review", "市级初审"


class Evaluation(Value):
    """评估界限: what a survey of those who exited may find at most, and at least, in basis points (万分之一)."""

    wrong_below: int = Field(ge=0, le=10_000)
    """错退率."""
    missed_below: int = Field(ge=0, le=10_000)
    """漏评率."""
    approving_at_least: int = Field(ge=0, le=10_000)
    """群众认可度."""


class ExitRule(Value):
    """退出规则: what one kind of object must go through and come up to before it has exited.

    ``indicators`` names the sets of which every indicator must be met, assessed within ``fresh_days``;
    ``incidence_below`` is the 贫困发生率 in basis points. Where ``ruling`` is asked, the province's 审定 follows the
    signatures and decides.
    """

    object: ObjectKind
    stages: tuple[Stage, ...] = Field(min_length=1)
    steps: tuple[ExitStep, ...] = Field(min_length=1)
    notice_days: int = Field(ge=0, le=60)
    fresh_days: int = Field(ge=1, le=3660)
    indicators: tuple[Code, ...] = Field(default=(), max_length=10)
    incidence_below: int | None = Field(default=None, ge=0, le=10_000)
    evaluation: Evaluation | None = None
    ruling: bool = False

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if len(set(self.steps)) != len(self.steps) or ExitStep.VERIFICATION not in self.steps:
            raise ValueError("退出程序各步不得重复,且须有核实")
        return self


class SweepRule(Value):
    """排查规则: one line of a check that goes from door to door, such as 以户查房."""

    code: Code
    title: ShortText
    category: ShortText
    """问题类别 of what it finds."""


class Monitoring(Value):
    """监测规则: days from a clue to identification at most, and days of notice at least."""

    identify_days: int = Field(ge=1, le=365)
    notice_days: int = Field(ge=0, le=60)


class VisitRule(Value):
    """走访规则: where whoever holds one of these posts must go in each period.

    ``held_at`` is the level at which the post is held (none: any). ``paired`` asks the cadre of each pairing, whatever
    their post, unless posts are named. A township is owed when a poor village lies in it, a village when it is a poor
    village, a household when it is registered there. ``times`` is how many visits in all; left out, each place once.
    """

    code: Code
    title: ShortText
    to: Literal["township", "village", "household", "paired"]
    every: Literal["month", "quarter", "year"]
    posts: tuple[Post, ...] = ()
    held_at: Literal["village", "township", "county", "city"] | None = None
    times: int | None = Field(default=None, ge=1, le=366)


class LeaveRule(Value):
    """请假规则: of the rules that fit the applicant and the length, the first one counts.

    ``days`` is the greatest length in days; empty ``posts`` and ``ranks`` fit everyone. Each seat is one approval,
    by a different person, and never by the applicant.
    """

    seats: tuple[Seat, ...] = Field(min_length=1, max_length=5)
    posts: tuple[Post, ...] = ()
    ranks: tuple[Rank, ...] = ()
    days: int | None = Field(default=None, ge=1, le=366)


class Duty(Value):
    """值守规则: presence in the village, work logs, visits, leave, and who names the first responsible person.

    ``log_by`` is the full hour in China by which a day's report is in (24: midnight).
    """

    days_a_month: int | None = Field(default=None, ge=1, le=31)
    stationed: tuple[Post, ...] = ()
    """驻村人员: those who owe these days."""
    log_by: int = Field(default=24, ge=1, le=24)
    visits: tuple[VisitRule, ...] = Field(default=(), max_length=50)
    leave: tuple[LeaveRule, ...] = Field(default=(), max_length=50)
    responsible_by: tuple[Post, ...] = ()
    """点将: who may name or change the first responsible person."""


Seal = Literal["sm"]
"""封存算法: SM3 and SM2."""


class Policy(Value):
    """政策包

    The sections that a place has no rule for are left out: without ``pairing`` there is no cap, without a rule for
    a kind of object nothing of that kind exits.
    """

    policy: PolicyId
    title: ShortText
    version: int = Field(ge=1)
    source: Prose
    minor: Closure
    serious: Closure
    major: Closure
    answer_hours: int = Field(ge=1, le=24 * 60)
    """指挥部答复时限, in hours."""
    blocking: Literal["graver", "any", "none"]
    """同一对象上哪些未销号问题妨碍签字: graver ones, any, or none."""
    objection_days: int = Field(ge=1, le=365)
    """榜单公布后可提异议的天数."""
    appeal_days: int = Field(ge=1, le=365)
    """问责决定后可申诉的天数."""
    pairing: Pairing | None = None
    indicator_sets: tuple[IndicatorSet, ...] = Field(default=(), max_length=50)
    exits: tuple[ExitRule, ...] = Field(default=(), max_length=3)
    sweeps: tuple[SweepRule, ...] = Field(default=(), max_length=50)
    monitoring: Monitoring | None = None
    duty: Duty | None = None
    seals: tuple[Seal, ...] = ()
    """封存算法: the suites with which the log is sealed besides its own; once asked for, for good."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        sets = {one.code: one for one in self.indicator_sets}
        if len(sets) != len(self.indicator_sets) or len({one.object for one in self.exits}) != len(self.exits):
            raise ValueError("指标体系的代码不得重复,每类对象只有一条退出规则")
        if len({one.code for one in self.sweeps}) != len(self.sweeps):
            raise ValueError("排查规则的代码不得重复")
        if self.duty and len({one.code for one in self.duty.visits}) != len(self.duty.visits):
            raise ValueError("走访规则的代码不得重复")
        for one in self.exits:
            for code in one.indicators:
                if code not in sets or sets[code].object != one.object:
                    raise ValueError(f"退出规则所列指标体系{code}不存在,或不属这类对象")
        known: dict[tuple[str, str], IndicatorRule] = {}
        for one_set in self.indicator_sets:
            if len({rule.code for rule in one_set.indicators}) != len(one_set.indicators):
                raise ValueError(f"{one_set.title}有重复的指标")
            for rule in one_set.indicators:
                if known.setdefault((one_set.object, rule.code), rule) != rule:
                    raise ValueError(f"同一指标{rule.code}在两个体系中写法不同")
        return self

    def exit(self, kind: ObjectKind) -> ExitRule | None:
        """The rule by which objects of this kind exit, if the place has one."""
        return next((rule for rule in self.exits if rule.object == kind), None)

    def indicators(self, kind: ObjectKind) -> dict[str, IndicatorRule]:
        """Every indicator for objects of this kind, by its code."""
        return {rule.code: rule for one in self.indicator_sets if one.object == kind for rule in one.indicators}

    def wanted(self, rule: ExitRule) -> tuple[IndicatorRule, ...]:
        """The indicators an exit by this rule wants met, each once."""
        known = self.indicators(rule.object)
        codes = (one.code for own in self.indicator_sets if own.code in rule.indicators for one in own.indicators)
        return tuple(known[code] for code in dict.fromkeys(codes))

    def sweep(self, code: str) -> SweepRule | None:
        return next((rule for rule in self.sweeps if rule.code == code), None)

    def closure(self, severity: Severity) -> Closure:
        return {Severity.MINOR: self.minor, Severity.SERIOUS: self.serious, Severity.MAJOR: self.major}[severity]


class PolicyAdopted(Event, type="policy.adopted", version=2):
    """采用政策包"""

    region: RegionId
    policy: Policy
    since: date


def _without_seals(body: dict[str, Any]) -> dict[str, Any]:
    """Until version 1 no pack asked for another suite than the log's own."""
    return {**body, "policy": {**body["policy"], "seals": []}}


upcasts[PolicyAdopted.type, 1] = _without_seals


def packaged(name: str) -> Policy:
    """A pack that ships with the program. Raises FileNotFoundError for a name there is none of."""
    return Policy.model_validate(tomllib.loads((files("domain") / "policies" / f"{name}.toml").read_text("utf-8")))


def policies_of(region: RegionId) -> Scope:
    """What to stand on to know the rules in force at a place: those of its county, or of its city."""
    return tuple(
        About(above, (PolicyAdopted,)) for level in ("county", "city") if (above := region.at(level)) is not None
    )


def adopted_by(past: Past, region: RegionId, day: date) -> Recorded | None:
    """The adoption by which a place goes on a day: its county's latest, or else its city's."""
    for level in ("county", "city"):
        found = None
        for fact in past.of(PolicyAdopted):
            match fact.event:
                case PolicyAdopted(region=place, since=since):
                    if place == region.at(level) and since <= day:
                        found = fact
        if found:
            return found
    return None


def in_force(past: Past, region: RegionId, day: date) -> Policy:
    """The rules at a place on a day; refused when nobody adopted any."""
    match adopted_by(past, region, day):
        case Recorded(event=PolicyAdopted(policy=policy)):
            return policy
    refuse("no_policy", "本地尚未采用政策包,无法确定适用的规则")


class AdoptPolicy(Command):
    """采用政策包

    The first may say since when its rules have held; a later one holds from today at the earliest, so that nobody
    changes the rules under what was already done.
    """

    region: RegionId
    policy: Policy
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), *policies_of(self.region))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if self.region.level not in ("county", "city"):
            refuse("policy_level", "政策包由县或市采用")
        authorise(past, act, self.region, Post.HEADQUARTERS, Post.ORGANISER)
        for fact in past.of(PolicyAdopted):
            match fact.event:
                case PolicyAdopted(region=self.region, policy=earlier) if (
                    earlier.policy == self.policy.policy and earlier.version >= self.policy.version
                ):
                    refuse("policy_version_not_newer", f"已采用该政策包第{earlier.version}版,新版版本号须更大")
        if past.of(PolicyAdopted):
            ahead(self.since, act, "施行日期")
        yield PolicyAdopted(region=self.region, policy=self.policy, since=self.since)
