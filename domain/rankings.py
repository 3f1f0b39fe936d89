"""Red and black lists 红黑榜: the rule, the count, the edition, objections to it and corrections of it.

Scores are whole centi-points (百分之一分), shares whole basis points (万分之一). An edition holds every count and
every score, so that anyone can compute it again from the facts up to its cut-off. Only outcomes are counted: no
photos, no logs, no use of a program.
"""

import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from domain.accountability import ACCOUNTABILITY, CaseOpened, CaseRevived, add_months, drop, speaks_for
from domain.accountability import fold as case_of
from domain.chains import (
    ChainOpened,
    ChainWithdrawn,
    Checked,
    ObjectionSettled,
    SentBack,
    SignatureRefused,
)
from domain.command import About, Act, Command, Scope, ahead, not_before, refuse
from domain.fact import CHINA, Event, Past, Recorded, Value
from domain.ids import (
    BoardId,
    CaseId,
    ChainId,
    EditionId,
    EscalationId,
    IssueId,
    ObjectionId,
    PersonId,
    RegionId,
    RuleId,
    UnitId,
)
from domain.issues import (
    Escalated,
    EscalationAnswered,
    ExtensionGranted,
    IssueAssigned,
    IssueClosed,
    IssueRegistered,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
)
from domain.organisation import UnitDissolved, UnitEstablished
from domain.policy import in_force, policies_of
from domain.posts import Post, authorise, authority_of
from domain.regions import RegionAbolished, RegionEstablished
from domain.text import Prose, ShortText

Ranked = RegionId | UnitId
"""上榜对象: a township on a board of townships, a unit on a board of units."""

Colour = Literal["red", "black"]
"""红榜 or 黑榜."""


class Indicator(StrEnum):
    """指标: an outcome that is counted. The value is data forever; ``good`` says whether more of it is better."""

    label: str
    good: bool

    def __new__(cls, value: str, label: str, good: bool) -> "Indicator":
        indicator = str.__new__(cls, value)
        indicator._value_, indicator.label, indicator.good = value, label, good
        return indicator

    CLOSED_ON_TIME = "closed_on_time", "按期销号", True
    CLOSED_LATE = "closed_late", "逾期销号", False
    OVERDUE_OPEN = "overdue_open", "逾期未销号", False
    RELAPSED = "relapsed", "回头看反弹", False
    SENT_BACK = "sent_back", "退回整改", False
    ANSWERED_LATE = "answered_late", "上报答复超时", False
    CLOSED_SHARE = "closed_share", "销号率", True
    ON_TIME_SHARE = "on_time_share", "按期率", True

    @property
    def share(self) -> bool:
        """Whether it is a share in basis points rather than a number of times."""
        return self in (Indicator.CLOSED_SHARE, Indicator.ON_TIME_SHARE)


class Component(Value):
    """计分项: so many centi-points for every whole ``per`` of the indicator, never below ``floor`` or above ``cap``."""

    indicator: Indicator
    points: int = Field(ge=-1_000_000, le=1_000_000)
    per: int = Field(ge=1, le=10_000)
    floor: int | None = None
    cap: int | None = None


class ScoringRule(Value):
    """评分规则

    Equal scores are ordered by ``ties`` in turn, then by division code, which decides the order of printing only.
    ``at_the_line`` says what becomes of those who are still equal where a list ends: division code decides
    (``code``), all of them are on it (``all``) or none is (``none``). ``red_floor`` and ``black_ceiling`` are scores in
    centi-points: nobody below the first is on the red list, nobody above the second on the black one.
    ``black_running`` is how many black lists in a row open an accountability case.
    """

    rule: RuleId
    title: ShortText
    version: int = Field(ge=1)
    source: Prose
    subjects: Literal["townships", "units"]
    period: Literal["month", "quarter", "free"]
    base: int
    components: tuple[Component, ...] = Field(min_length=1, max_length=len(Indicator))
    ties: tuple[Indicator, ...]
    at_the_line: Literal["code", "all", "none"]
    red_places: int = Field(ge=0)
    red_floor: int | None = None
    black_places: int = Field(ge=0)
    black_ceiling: int | None = None
    black_running: int = Field(ge=2, le=12)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        scored = [component.indicator for component in self.components]
        if len(set(scored)) != len(scored):
            raise ValueError("同一指标只能计分一次")
        if len(set(self.ties)) != len(self.ties) or not set(self.ties) <= set(scored):
            raise ValueError("并列时比较的指标须是计分项,且不重复")
        for component in self.components:
            if component.floor is not None and component.cap is not None and component.floor > component.cap:
                raise ValueError(f"{component.indicator.label}的下限高于上限")
        return self


class Period(Value):
    """统计周期: both days are in it."""

    since: date
    until: date

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until < self.since:
            raise ValueError("统计周期的终止日早于起始日")
        return self

    def holds(self, day: date) -> bool:
        return self.since <= day <= self.until


class ScoredComponent(Value):
    """得分项: what was counted, and the centi-points it gave."""

    indicator: Indicator
    count: int = Field(ge=0)
    points: int


class Standing(Value):
    """名次

    ``rank`` is shared by those who are equal by score and ties. ``by_last_word`` says that being on a list or not was
    decided by the rule's last word over equals, and by nothing else.
    """

    subject: Ranked
    rank: int = Field(ge=1)
    score: int
    components: tuple[ScoredComponent, ...]
    listed: Colour | None
    by_last_word: bool


class Exclusion(Value):
    """不计入: an issue that a correction leaves out of the count, and why."""

    issue: IssueId
    reason: Prose


class ScoringRuleAdopted(Event, type="rule.adopted"):
    """采用评分规则: the first one adopted makes the board."""

    board: BoardId
    region: RegionId
    rule: ScoringRule
    since: date


class EditionPublished(Event, type="edition.published"):
    """公布榜单

    ``number`` is the 期号; ``cut_off`` the position of the last fact that was read.
    """

    edition: EditionId
    board: BoardId
    region: RegionId
    number: int = Field(ge=1)
    rule: RuleId
    rule_version: int = Field(ge=1)
    period: Period
    cut_off: int = Field(ge=1)
    standings: tuple[Standing, ...] = Field(min_length=1)


class EditionObjected(Event, type="edition.objected"):
    """榜单异议: against the standings as they were after ``revision`` corrections."""

    objection: ObjectionId
    edition: EditionId
    board: BoardId
    subject: Ranked
    revision: int = Field(ge=0)
    matter: Prose


class EditionObjectionAnswered(Event, type="edition.objection_answered"):
    """异议答复: upheld, it calls for a correction."""

    objection: ObjectionId
    edition: EditionId
    board: BoardId
    subject: Ranked
    upheld: bool
    answer: Prose


class EditionCorrected(Event, type="edition.corrected"):
    """更正榜单

    The same rule and period, counted again at a later cut-off, without the excluded issues. ``excluded`` is the whole
    list: what an earlier correction left out and this one does not name counts again. What was published stays.
    """

    edition: EditionId
    board: BoardId
    region: RegionId
    revision: int = Field(ge=1)
    cut_off: int = Field(ge=1)
    objection: ObjectionId | None
    excluded: tuple[Exclusion, ...]
    reason: Prose
    standings: tuple[Standing, ...] = Field(min_length=1)


BOARD = (ScoringRuleAdopted, EditionPublished, EditionObjected, EditionObjectionAnswered, EditionCorrected)


Counts = Mapping[Ranked, Mapping[Indicator, Annotated[int, Field(ge=0)]]]
"""计数: for every subject, how often each indicator occurred, or how large a share it is."""


# Counting


COUNTED = (
    IssueRegistered,
    IssueAssigned,
    ExtensionGranted,
    Escalated,
    EscalationAnswered,
    ChainOpened,
    Checked,
    ObjectionSettled,
    SentBack,
    SignatureRefused,
    ChainWithdrawn,
    IssueClosed,
    LookedBack,
    IssueReopened,
    IssueWithdrawn,
)
"""The facts that scores are counted from."""

SUBJECTS = (RegionEstablished, RegionAbolished, UnitEstablished, UnitDissolved)
"""The facts that say who is on a board."""


def subjects_of(
    facts: Iterable[Recorded], kind: Literal["townships", "units"], region: RegionId, day: date
) -> tuple[Ranked, ...]:
    """Who is on a board: the townships that stood in the region on a day, or the region's own departments."""
    found: set[Ranked] = set()
    for fact in facts:
        match fact.event:
            case RegionEstablished(region=place, since=since) if kind == "townships":
                if place.level == "township" and region.holds(place) and since <= day:
                    found.add(place)
            case UnitEstablished(unit=unit, kind="department", region=home) if kind == "units":
                if home == region and fact.on <= day:
                    found.add(unit)
            case RegionAbolished(region=place, on=on) if on <= day:
                found.discard(place)
            case UnitDissolved(unit=unit, on=on) if on <= day:
                found.discard(unit)
    return tuple(sorted(found))


@dataclass(slots=True)
class _Course:
    """How far one issue has come, as far as counting needs it."""

    township: RegionId | None
    due: date | None
    unit: UnitId | None = None
    chain: ChainId | None = None
    applied_on: date | None = None
    closed: bool = False
    void: bool = False
    waiting: dict[EscalationId, tuple[RegionId, datetime]] = field(default_factory=dict)
    marks: Counter[tuple[Ranked, Indicator]] = field(default_factory=Counter)

    @property
    def answerable(self) -> tuple[Ranked, ...]:
        """The township, and the unit that answers for the issue now."""
        return tuple(subject for subject in (self.township, self.unit) if subject)

    def mark(self, indicator: Indicator) -> None:
        for subject in self.answerable:
            self.marks[subject, indicator] += 1

    @property
    def timely(self) -> bool:
        """Whether an application that still stands was made by the day due. Not the day of closing: how long others
        take to check and sign is not the rectifier's doing; and not a day anyone claims: the day it was recorded."""
        return self.due is None or (self.applied_on is not None and self.applied_on <= self.due)


def tally(
    facts: Iterable[Recorded],
    subjects: Collection[Ranked],
    period: Period,
    excluded: Collection[IssueId] = (),
) -> dict[Ranked, dict[Indicator, int]]:
    """How often each indicator occurred in a period, for every subject; in one pass, in memory by number of issues.

    The facts come in order, up to the cut-off. What was recorded after the period's last day does not count, save two
    things that tell what the period was like: that an issue was registered in error (it counts nowhere), and a look
    back made in the period. A subject that had nothing to close has closed all of it: its shares are 10,000.
    """
    subjects = sorted(subjects)
    courses: dict[IssueId, _Course] = {}
    for fact in facts:
        _follow(courses, fact, period)
    counts: dict[Ranked, Counter[Indicator]] = {subject: Counter() for subject in subjects}
    totals: dict[Ranked, Counter[Indicator]] = {subject: Counter() for subject in subjects}
    for issue, course in courses.items():
        if course.void or issue in excluded:
            continue
        _conclude(course, period)
        for (subject, indicator), times in course.marks.items():
            if subject in counts:
                counts[subject][indicator] += times
        for subject in course.answerable:
            if subject in totals:
                totals[subject][Indicator.CLOSED_SHARE] += 1
                totals[subject][Indicator.ON_TIME_SHARE] += course.due is not None and period.holds(course.due)
    return {
        subject: {
            indicator: _share(counts[subject][indicator], totals[subject][indicator])
            if indicator.share
            else counts[subject][indicator]
            for indicator in Indicator
        }
        for subject in subjects
    }


def _share(part: int, whole: int) -> int:
    return part * 10_000 // whole if whole else 10_000


def _follow(courses: dict[IssueId, _Course], fact: Recorded, period: Period) -> None:
    """One more fact of an issue."""
    event, day = fact.event, fact.on
    if isinstance(event, IssueRegistered):
        if day <= period.until:
            courses[event.issue] = _Course(event.region.at("township"), event.deadline.due)
        return
    course = courses.get(getattr(event, "issue", None) or getattr(event, "subject", None))  # type: ignore[arg-type]
    if course is None:
        return
    match event:
        case IssueWithdrawn():
            course.void = True
        case LookedBack(holds=False, looked_on=looked_on) if period.holds(looked_on):
            course.mark(Indicator.RELAPSED)
    if day <= period.until:
        _advance(course, fact, counts=period.holds(day), period=period)


def _advance(course: _Course, fact: Recorded, *, counts: bool, period: Period) -> None:
    match fact.event:
        case IssueAssigned(unit=unit):
            course.unit = unit
        case ExtensionGranted(due=due):
            course.due = due
        case Escalated(to="township", escalation=escalation, region=region, answer_due=due):
            if period.holds(due.astimezone(CHINA).date()):
                course.waiting[escalation] = region, due
        case EscalationAnswered(escalation=escalation) if escalation in course.waiting:
            if fact.recorded_at <= course.waiting[escalation][1]:
                del course.waiting[escalation]
        case ChainOpened(chain=chain):
            course.chain, course.applied_on = chain, fact.on
        case (
            SentBack(to="rectification", chain=chain)
            | SignatureRefused(chain=chain)
            | Checked(passed=False, chain=chain)
            | ObjectionSettled(upheld=True, chain=chain)
        ) if chain == course.chain:
            course.chain, course.applied_on = None, None
            if counts:
                course.mark(Indicator.SENT_BACK)
        case ChainWithdrawn(chain=chain) if chain == course.chain:
            course.chain, course.applied_on = None, None
        case IssueClosed():
            course.closed = True
            if counts and course.due:
                course.mark(Indicator.CLOSED_ON_TIME if course.timely else Indicator.CLOSED_LATE)
        case IssueReopened(deadline=deadline):
            course.closed, course.chain, course.applied_on, course.due = False, None, None, deadline.due


def _conclude(course: _Course, period: Period) -> None:
    """What shows only at the period's end."""
    if course.closed:
        course.mark(Indicator.CLOSED_SHARE)
    if course.due and course.due <= period.until and not course.closed and not course.timely:
        course.mark(Indicator.OVERDUE_OPEN)
    if course.due and period.holds(course.due) and course.timely:
        course.mark(Indicator.ON_TIME_SHARE)
    for township, _ in course.waiting.values():
        course.marks[township, Indicator.ANSWERED_LATE] += 1


# Ranking


class _Entry(NamedTuple):
    subject: Ranked
    score: int
    merit: tuple[int, ...]
    """The score and the ties after it, each turned so that more is better."""
    components: tuple[ScoredComponent, ...]


def scored(component: Component, count: int) -> ScoredComponent:
    """What a count gives: points for whole units only, so that there is nothing to round."""
    points = count // component.per * component.points
    if component.floor is not None:
        points = max(points, component.floor)
    if component.cap is not None:
        points = min(points, component.cap)
    return ScoredComponent(indicator=component.indicator, count=count, points=points)


def _entry(rule: ScoringRule, subject: Ranked, counted: Mapping[Indicator, int]) -> _Entry:
    components = tuple(scored(component, counted[component.indicator]) for component in rule.components)
    score = rule.base + sum(component.points for component in components)
    ties = (counted[indicator] if indicator.good else -counted[indicator] for indicator in rule.ties)
    return _Entry(subject, score, (score, *ties), components)


def _on_list(
    entries: Sequence[_Entry], places: int, last_word: Literal["code", "all", "none"]
) -> tuple[set[Ranked], set[Ranked]]:
    """Who of these, foremost first, is on a list; and over whom the rule's last word decided."""
    taken = {entry.subject for entry in entries[:places]}
    if not taken:
        return set(), set()
    equals = {entry.subject for entry in entries if entry.merit == entries[len(taken) - 1].merit}
    if equals <= taken:
        return taken, set()
    return {"code": taken, "all": taken | equals, "none": taken - equals}[last_word], equals


def standings(rule: ScoringRule, counts: Counts) -> tuple[Standing, ...]:
    """名次: the order a rule gives to these counts. Nobody is on both lists; the red one is drawn up first."""
    entries = sorted((_entry(rule, *item) for item in counts.items()), key=lambda entry: entry.subject)
    entries.sort(key=lambda entry: entry.merit, reverse=True)
    able = [entry for entry in entries if rule.red_floor is None or entry.score >= rule.red_floor]
    red, close_to_red = _on_list(able, rule.red_places, rule.at_the_line)
    able = [
        entry
        for entry in reversed(entries)
        if entry.subject not in red and (rule.black_ceiling is None or entry.score <= rule.black_ceiling)
    ]
    black, close_to_black = _on_list(able, rule.black_places, rule.at_the_line)
    return tuple(
        Standing(
            subject=entry.subject,
            rank=1 + sum(other.merit > entry.merit for other in entries),
            score=entry.score,
            components=entry.components,
            listed="red" if entry.subject in red else "black" if entry.subject in black else None,
            by_last_word=entry.subject in close_to_red | close_to_black,
        )
        for entry in entries
    )


# The board


@dataclass(frozen=True)
class Objection:
    """榜单异议: one, and what became of it."""

    objection: ObjectionId
    subject: Ranked
    revision: int
    by: PersonId
    upheld: bool | None = None
    corrected: bool = False


@dataclass(frozen=True)
class Edition:
    """期次: as it stands after a past, that is as last corrected."""

    edition: EditionId
    region: RegionId
    number: int
    rule: ScoringRule
    period: Period
    cut_off: int
    standings: tuple[Standing, ...]
    published_by: PersonId
    stood_at: int
    """The position of the fact these standings come from."""
    stood_on: date
    revision: int = 0
    revised_by: PersonId | None = None
    excluded: tuple[Exclusion, ...] = ()
    objections: Mapping[ObjectionId, Objection] = field(default_factory=dict)

    @property
    def black(self) -> frozenset[Ranked]:
        return frozenset(standing.subject for standing in self.standings if standing.listed == "black")

    @property
    def subjects(self) -> frozenset[Ranked]:
        return frozenset(standing.subject for standing in self.standings)


@dataclass(frozen=True)
class Board:
    """红黑榜: its rules and editions, in order."""

    board: BoardId
    region: RegionId
    rules: tuple[tuple[date, ScoringRule], ...]
    editions: tuple[Edition, ...] = ()

    def rule_on(self, day: date) -> ScoringRule | None:
        """The rule in force on a day."""
        return next((rule for since, rule in reversed(self.rules) if since <= day), None)

    def edition(self, edition: EditionId) -> Edition:
        """One of its editions, refused when there is none of that name."""
        return next((one for one in self.editions if one.edition == edition), None) or refuse(
            "unknown_edition", "没有这一期榜单"
        )

    def with_edition(self, changed: Edition) -> "Board":
        return replace(
            self, editions=tuple(changed if one.edition == changed.edition else one for one in self.editions)
        )


def evolve(board: Board | None, fact: Recorded) -> Board | None:
    """The board after one more fact about it; facts of other kinds leave it as it is."""
    event = fact.event
    if isinstance(event, ScoringRuleAdopted):
        rules = board.rules if board else ()
        adopted = (*rules, (event.since, event.rule))
        return replace(board, rules=adopted) if board else Board(event.board, event.region, adopted)
    if board is None:
        return None
    match event:
        case EditionPublished():
            rule = next(
                rule for _, rule in board.rules if (rule.rule, rule.version) == (event.rule, event.rule_version)
            )
            edition = Edition(
                event.edition,
                event.region,
                event.number,
                rule,
                event.period,
                event.cut_off,
                event.standings,
                published_by=fact.by,
                stood_at=fact.position,
                stood_on=fact.on,
            )
            return replace(board, editions=(*board.editions, edition))
        case EditionCorrected():
            edition = board.edition(event.edition)
            return board.with_edition(
                replace(
                    edition,
                    cut_off=event.cut_off,
                    standings=event.standings,
                    stood_at=fact.position,
                    stood_on=fact.on,
                    revision=event.revision,
                    revised_by=fact.by,
                    excluded=event.excluded,
                    objections={
                        name: replace(one, corrected=one.corrected or name == event.objection)
                        for name, one in edition.objections.items()
                    },
                )
            )
        case EditionObjected(objection=name, subject=subject, revision=revision):
            edition = board.edition(event.edition)
            raised = Objection(name, subject, revision, fact.by)
            return board.with_edition(replace(edition, objections={**edition.objections, name: raised}))
        case EditionObjectionAnswered(objection=name, upheld=upheld):
            edition = board.edition(event.edition)
            answered = replace(edition.objections[name], upheld=upheld)
            return board.with_edition(replace(edition, objections={**edition.objections, name: answered}))
    return board


def fold(facts: Iterable[Recorded], board: BoardId) -> Board:
    """One board as it stands after these facts; refused when no rule was ever adopted for it."""
    state: Board | None = None
    for fact in facts:
        if getattr(fact.event, "board", None) == board:
            state = evolve(state, fact)
    return state or refuse("unknown_board", "没有这个红黑榜,须先采用评分规则")


class Run(NamedTuple):
    """连续黑榜: so many black lists in a row, of one subject, that the rule asks for a case."""

    subject: Ranked
    editions: tuple[Edition, ...]

    @property
    def case(self) -> CaseId:
        """The case of these very editions, so that it is opened once however often they are looked at."""
        return CaseId.derived("black_running", self.subject, *(edition.edition for edition in self.editions))

    @property
    def matter(self) -> str:
        numbers = "、".join(f"第{edition.number}期" for edition in self.editions)
        return f"{numbers}连续{len(self.editions)}期列入黑榜"


def runs(editions: Sequence[Edition]) -> dict[CaseId, Run]:
    """Every run of black lists there is, as the editions stand. How many make one, the last one's rule says."""
    found = {}
    for end, last in enumerate(editions, start=1):
        window = tuple(editions[max(0, end - last.rule.black_running) : end])
        if len(window) == last.rule.black_running:
            for subject in sorted(frozenset.intersection(*(edition.black for edition in window))):
                run = Run(subject, window)
                found[run.case] = run
    return found


def consequences(past: Past, before: Board, after: Board, edition: EditionId, on: date) -> Iterator[Event]:
    """What a change of the lists does to cases: those it gives ground to are opened or revived, those whose ground is
    gone are dropped."""
    ran, running = runs(before.editions), runs(after.editions)
    for name, run in running.items():
        if name in ran:
            continue
        if case_of(past, name) is None:
            yield CaseOpened(
                case=name,
                subject=run.subject,
                region=after.region,
                reason="black_running",
                grounds=tuple(one.edition for one in run.editions),
                matter=run.matter,
                automatic=True,
            )
        else:
            yield CaseRevived(
                case=name, subject=run.subject, region=after.region, edition=edition, matter=f"更正后{run.matter}"
            )
    for name, run in ran.items():
        case = case_of(past, name)
        if name not in running and case is not None:
            yield from drop(case, edition, f"更正后不再是{run.matter}", on)


# Commands


PUBLISHERS = (Post.HEADQUARTERS, Post.SUPERVISOR)
"""Who adopts rules, publishes, answers and corrects."""


def packaged(name: str) -> ScoringRule:
    """A rule that ships with the program. Raises FileNotFoundError for a name there is none of."""
    return ScoringRule.model_validate(tomllib.loads((files("domain") / "rules" / f"{name}.toml").read_text("utf-8")))


class AdoptScoringRule(Command):
    """采用评分规则

    From today or later, never for a time gone by: who is ranked must be able to know by what.
    """

    board: BoardId
    region: RegionId
    rule: ScoringRule
    since: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.board, (ScoringRuleAdopted,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if self.region.level not in ("county", "city"):
            refuse("board_level", "红黑榜由县或市设立")
        authorise(past, act, self.region, *PUBLISHERS)
        ahead(self.since, act, "启用日期")
        for fact in past.about(self.board).of(ScoringRuleAdopted):
            match fact.event:
                case ScoringRuleAdopted(region=region, rule=rule, since=since):
                    if (region, rule.subjects) != (self.region, self.rule.subjects):
                        refuse("another_board", "该榜的区划和上榜对象不能改变,请另设一榜")
                    if rule.rule == self.rule.rule and rule.version >= self.rule.version:
                        refuse("rule_version_not_newer", f"已采用该规则第{rule.version}版,新版版本号须更大")
                    not_before(self.since, since, "启用日期早于上一规则")
        yield ScoringRuleAdopted(board=self.board, region=self.region, rule=self.rule, since=self.since)


def fits(rule: ScoringRule, period: Period) -> bool:
    """Whether the period is of the length the rule asks for: a calendar month, a quarter, or any."""
    months = {"month": 1, "quarter": 3, "free": 0}[rule.period]
    if not months:
        return True
    starts = period.since.day == 1 and (period.since.month - 1) % months == 0
    return starts and period.until == add_months(period.since, months) - timedelta(days=1)


def coherent(rule: ScoringRule, region: RegionId, counts: Counts) -> None:
    """Refuses counts that are not of the board's own subjects, or lack what the rule scores."""
    for subject, counted in counts.items():
        if isinstance(subject, RegionId):
            own = rule.subjects == "townships" and subject.level == "township" and region.holds(subject)
        else:
            own = rule.subjects == "units"
        if not own:
            refuse("not_on_this_board", f"{subject}不是该榜的上榜对象")
        if any(component.indicator not in counted for component in rule.components):
            refuse("counts_incomplete", f"{subject}缺少评分所需的计数")
    if not counts:
        refuse("nobody_to_rank", "该榜没有上榜对象")


class PublishEdition(Command):
    """公布榜单

    ``counts`` are what the facts up to ``cut_off`` come to; scores, ranks and lists follow from them here. Whoever
    doubts them counts again.
    """

    edition: EditionId
    board: BoardId
    period: Period
    cut_off: int = Field(ge=1)
    counts: Counts

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.board, BOARD), About(self.edition, (EditionPublished,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        if past.about(self.edition).of(EditionPublished):
            refuse("edition_already_published", "这一期榜单已经公布")
        board = fold(past, self.board)
        authorise(past, act, board.region, *PUBLISHERS)
        if self.period.until >= act.today:
            refuse("period_not_over", "统计周期尚未结束,不能公布")
        rule = board.rule_on(self.period.since) or refuse("no_rule", "统计周期开始时还没有启用的评分规则")
        if not fits(rule, self.period):
            refuse("period_does_not_fit", "统计周期与规则规定的周期(月或季)不符")
        if board.editions:
            last = board.editions[-1]
            if self.period.since <= last.period.until:
                refuse("period_overlaps", f"统计周期与第{last.number}期重叠,同一时段不能重复上榜")
            if self.cut_off <= last.cut_off:
                refuse("cut_off_not_later", f"截止位置须晚于第{last.number}期")
        coherent(rule, board.region, self.counts)
        published = EditionPublished(
            edition=self.edition,
            board=self.board,
            region=board.region,
            number=len(board.editions) + 1,
            rule=rule.rule,
            rule_version=rule.version,
            period=self.period,
            cut_off=self.cut_off,
            standings=standings(rule, self.counts),
        )
        yield published
        yield from consequences(past, board, foreseen(board, published, act), self.edition, act.today)


def foreseen(board: Board, event: Event, act: Act) -> Board:
    """The board as it will be once this is recorded."""
    return evolve(board, Recorded(0, event, act.by, act.at, act.at, "")) or board


class OnEdition(Command):
    """What every command on a published edition names, and stands on: the edition and its board."""

    edition: EditionId

    def stands_on(self, past: Past, act: Act) -> Scope:
        found = [
            event
            for event in past.about(self.edition).of(EditionPublished).events
            if isinstance(event, EditionPublished) and event.edition == self.edition
        ]
        boards = (about for event in found for about in (About(event.board, BOARD), *policies_of(event.region)))
        return (*authority_of(act), About(self.edition, (EditionPublished,)), *boards)

    def known(self, past: Past) -> tuple[Board, Edition]:
        for event in past.about(self.edition).of(EditionPublished).events:
            if isinstance(event, EditionPublished) and event.edition == self.edition:
                board = fold(past, event.board)
                return board, board.edition(self.edition)
        refuse("unknown_edition", "没有这一期榜单")


class ObjectToEdition(OnEdition):
    """榜单异议

    By whoever leads the township or the unit, once for the standings as published and once for each correction.
    """

    objection: ObjectionId
    subject: Ranked
    matter: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), About(self.objection))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        board, edition = self.known(past)
        if past.about(self.objection):
            refuse("objection_already_raised", "该异议已经记录")
        if self.subject not in edition.subjects:
            refuse("not_on_this_board", "该对象不在这一期榜单上")
        if not speaks_for(past, act, self.subject):
            refuse("not_concerned", "只有上榜乡镇或单位的主要负责人可以提出异议")
        if any((one.subject, one.revision) == (self.subject, edition.revision) for one in edition.objections.values()):
            refuse("already_objected", "对这一期榜单的异议已经提出")
        last = edition.stood_on + timedelta(days=in_force(past, edition.region, edition.stood_on).objection_days)
        if act.today > last:
            refuse("objection_too_late", f"异议期限到{last.isoformat()}为止,已过期限")
        yield EditionObjected(
            objection=self.objection,
            edition=self.edition,
            board=board.board,
            subject=self.subject,
            revision=edition.revision,
            matter=self.matter,
        )


class AnswerObjection(OnEdition):
    """答复榜单异议

    By someone of the headquarters or the supervision office who neither published nor corrected it.
    """

    objection: ObjectionId
    upheld: bool
    answer: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        board, edition = self.known(past)
        authorise(past, act, board.region, *PUBLISHERS)
        objection = edition.objections.get(self.objection)
        if objection is None or objection.upheld is not None:
            refuse("unknown_objection", "没有这项待答复的异议")
        if act.by in (edition.published_by, edition.revised_by, objection.by):
            refuse("took_part", "榜单由您公布、更正,或异议由您提出,须回避")
        yield EditionObjectionAnswered(
            objection=self.objection,
            edition=self.edition,
            board=board.board,
            subject=objection.subject,
            upheld=self.upheld,
            answer=self.answer,
        )


class CorrectEdition(OnEdition):
    """更正榜单

    Counted again up to a later cut-off, or without issues that should not have counted. ``revision`` is the number of
    this correction, one more than the last.
    """

    revision: int = Field(ge=1)
    cut_off: int = Field(ge=1)
    counts: Counts
    objection: ObjectionId | None = None
    excluded: tuple[Exclusion, ...] = Field(default=(), max_length=1000)
    reason: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        scope = super().stands_on(past, act)
        issues = tuple(About(exclusion.issue, (IssueRegistered,)) for exclusion in self.excluded)
        if not past.of(ScoringRuleAdopted):
            return (*scope, *issues)
        board, edition = self.known(past)
        coherent(edition.rule, board.region, self.counts)
        corrected = board.with_edition(replace(edition, standings=standings(edition.rule, self.counts)))
        cases = runs(board.editions).keys() ^ runs(corrected.editions).keys()
        return (*scope, *issues, *(About(case, ACCOUNTABILITY) for case in sorted(cases)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        board, edition = self.known(past)
        authorise(past, act, board.region, *PUBLISHERS)
        if self.revision != edition.revision + 1:
            refuse("revision_out_of_order", f"这一期已更正{edition.revision}次,请重新查看后再更正")
        if self.cut_off <= edition.cut_off:
            refuse("cut_off_not_later", "更正的截止位置须晚于原榜单")
        if self.objection is not None:
            objection = edition.objections.get(self.objection)
            if objection is None or not objection.upheld or objection.corrected:
                refuse("objection_not_upheld", "该异议没有成立,或已经更正")
        names = [exclusion.issue for exclusion in self.excluded]
        if len(set(names)) != len(names):
            refuse("excluded_twice", "同一问题只能列为不计入一次")
        for name in names:
            if not past.about(name).of(IssueRegistered):
                refuse("unknown_issue", f"问题{name}没有登记")
        coherent(edition.rule, board.region, self.counts)
        if frozenset(self.counts) != edition.subjects:
            refuse("not_on_this_board", "更正不能增减上榜对象")
        corrected = EditionCorrected(
            edition=self.edition,
            board=board.board,
            region=board.region,
            revision=self.revision,
            cut_off=self.cut_off,
            objection=self.objection,
            excluded=self.excluded,
            reason=self.reason,
            standings=standings(edition.rule, self.counts),
        )
        yield corrected
        yield from consequences(past, board, foreseen(board, corrected, act), self.edition, act.today)
