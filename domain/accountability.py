"""Accountability 问责: cases, the ladder of measures, how long each binds, appeals; read top to bottom, and their fold.

A case is opened by a list (black twice running) or by hand; measures follow from it; each can be appealed, lifted and
replaced by a lighter one. What was decided stays in the record whatever becomes of it.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field

from domain.chains import ChainOpened
from domain.command import About, Act, Command, Scope, ahead, not_before, not_future, refuse
from domain.fact import Event, Past, Recorded, Value
from domain.ids import (
    AppealId,
    CaseId,
    ChainId,
    EditionId,
    EscalationId,
    Id,
    IssueId,
    MeasureId,
    PersonId,
    RegionId,
    UnitId,
)
from domain.issues import Escalated, IssueRegistered
from domain.organisation import PersonRegistered, UnitDissolved, UnitEstablished, person_known, unit_standing
from domain.policy import in_force, policies_of
from domain.posts import TENURE, Post, Tenure, authorise, authority_of, held, tenures
from domain.regions import LIFE, standing
from domain.text import Prose

Accountable = RegionId | UnitId | PersonId
"""问责对象: a township, a unit, or a person."""

Reason = Literal["black_running", "missed_deadline", "late_answer", "false_report", "other"]
"""案由: 连续黑榜 逾期未办 答复超时 弄虚作假 其他."""

REASONS: Mapping[Reason, str] = {
    "black_running": "连续列入黑榜",
    "missed_deadline": "逾期未办",
    "late_answer": "答复超时",
    "false_report": "弄虚作假",
    "other": "其他",
}


class MeasureKind(StrEnum):
    """问责方式, from the lightest to the gravest. The value is data forever; the label is what people call it."""

    label: str

    def __new__(cls, value: str, label: str) -> "MeasureKind":
        kind = str.__new__(cls, value)
        kind._value_, kind.label = value, label
        return kind

    TALK = "talk", "约谈"
    STATEMENT = "statement", "表态发言"
    CRITICISM = "criticism", "通报批评"
    ADMONITION = "admonition", "诫勉"
    WARNING = "warning", "政务警告"
    PARTY_WARNING = "party_warning", "党内警告"
    DEMERIT = "demerit", "政务记过"
    REASSIGNMENT = "reassignment", "调整职务"
    MAJOR_DEMERIT = "major_demerit", "政务记大过"
    SERIOUS_PARTY_WARNING = "serious_party_warning", "党内严重警告"
    REMOVAL = "removal", "免职"
    DEMOTION = "demotion", "降职"
    SUMMARY_REMOVAL = "summary_removal", "就地免职"
    DOWNGRADE = "downgrade", "政务降级"
    DISMISSAL = "dismissal", "政务撤职"
    PARTY_POSTS_REVOKED = "party_posts_revoked", "撤销党内职务"
    PROBATION = "probation", "留党察看"
    EXPULSION = "expulsion", "开除党籍"


class Effect(StrEnum):
    """影响: what a measure keeps someone from for as long as it binds."""

    label: str

    def __new__(cls, value: str, label: str) -> "Effect":
        effect = str.__new__(cls, value)
        effect._value_, effect.label = value, label
        return effect

    NO_PROMOTION = "no_promotion", "不得提拔"
    NO_LEADING_POST = "no_leading_post", "不得安排领导职务"
    MERIT_LOST = "merit_lost", "取消评优评先资格"
    NO_READMISSION = "no_readmission", "不得重新入党"


class Binding(Value):
    """影响期: one effect, and the first day on which it no longer holds."""

    effect: Effect
    until: date


class CaseOpened(Event, type="case.opened"):
    """问责立项

    ``automatic`` says that a rule opened it, not a person: black lists running, named in ``grounds``. ``region`` is
    the place that handles it, the subject's own or one above.
    """

    case: CaseId
    subject: Accountable
    region: RegionId
    reason: Reason
    grounds: tuple[EditionId | IssueId | EscalationId | ChainId, ...]
    matter: Prose
    automatic: bool


class CaseDropped(Event, type="case.dropped"):
    """案由消失: a correction took away what the case rested on. It stays in the record, and so do its measures."""

    case: CaseId
    subject: Accountable
    region: RegionId
    edition: EditionId
    matter: Prose


class CaseRevived(Event, type="case.revived"):
    """案由恢复: a further correction brought back what a dropped case rested on."""

    case: CaseId
    subject: Accountable
    region: RegionId
    edition: EditionId
    matter: Prose


class MeasureDecided(Event, type="measure.decided"):
    """问责决定

    ``binds_from`` is the first day; ``binds_until`` the first day on which nothing of it binds any more, none when it
    binds nothing. ``replaces`` names the graver measure that an appeal turned into this one. ``post`` is the one by
    which it was decided.
    """

    measure: MeasureId
    case: CaseId
    on: Accountable
    region: RegionId
    kind: MeasureKind
    post: Post
    reasons: Prose
    decided_on: date
    binds_from: date
    binds_until: date | None
    bindings: tuple[Binding, ...]
    replaces: MeasureId | None


class MeasureAppealed(Event, type="measure.appealed"):
    """申诉: the first is 复审, the second 复核. It never suspends the measure."""

    appeal: AppealId
    measure: MeasureId
    case: CaseId
    on: Accountable
    instance: int = Field(ge=1, le=2)
    grounds: Prose


class AppealDecided(Event, type="appeal.decided"):
    """申诉决定: 维持, 撤销 or 变更为较轻的措施; never heavier."""

    appeal: AppealId
    measure: MeasureId
    case: CaseId
    on: Accountable
    outcome: Literal["upheld", "lightened", "rejected"]
    post: Post
    reasons: Prose


class MeasureLifted(Event, type="measure.lifted"):
    """解除: from this day the measure no longer binds; that it was decided remains."""

    measure: MeasureId
    case: CaseId
    on: Accountable
    cause: Literal["served", "early", "appeal", "ground_gone"]
    reason: Prose
    lifted_on: date


class CaseClosed(Event, type="case.closed"):
    """问责结案: with the measures that stand, or with the reason why there is none."""

    case: CaseId
    subject: Accountable
    region: RegionId
    measures: tuple[MeasureId, ...]
    reason: Prose | None


ACCOUNTABILITY = (
    CaseOpened,
    CaseDropped,
    CaseRevived,
    MeasureDecided,
    MeasureAppealed,
    AppealDecided,
    MeasureLifted,
    CaseClosed,
)

MEASURES = (MeasureDecided, MeasureAppealed, AppealDecided, MeasureLifted)
"""The facts that say what binds whom."""


class Rung(NamedTuple):
    """梯级: what one kind of measure is and may do.

    ``form`` is which of the 四种形态 it belongs to; ``months`` how long each effect lasts; ``term`` the months between
    which the decider chooses (留党察看), added to each of them.
    """

    form: int
    nature: Literal["admonitory", "organisational", "administrative", "party"]
    posts: tuple[Post, ...]
    months: Mapping[Effect, int] = {}
    term: tuple[int, int] = (0, 0)
    merit_lost: bool = False

    @property
    def persons_only(self) -> bool:
        return bool(self.months)


PAIRS = (Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE, Post.CITY_SECRETARY, Post.CITY_MAYOR)
_REMINDERS = (Post.HEADQUARTERS, Post.SUPERVISOR, Post.INSPECTOR, *PAIRS)
_CRITICS = (Post.INSPECTOR, *PAIRS)
_ORGANISERS = (Post.ORGANISER, Post.COUNTY_SECRETARY, Post.CITY_SECRETARY)
_INSPECTORS = (Post.INSPECTOR,)
_REMOVED = {Effect.NO_LEADING_POST: 12, Effect.NO_PROMOTION: 24}


def _barred(months: int) -> dict[Effect, int]:
    return {Effect.NO_PROMOTION: months}


LADDER: Mapping[MeasureKind, Rung] = {
    MeasureKind.TALK: Rung(1, "admonitory", _REMINDERS),
    MeasureKind.STATEMENT: Rung(1, "admonitory", _REMINDERS),
    MeasureKind.CRITICISM: Rung(1, "admonitory", _CRITICS),
    MeasureKind.ADMONITION: Rung(1, "admonitory", (Post.ORGANISER, *_CRITICS), _barred(6), merit_lost=True),
    MeasureKind.WARNING: Rung(2, "administrative", _INSPECTORS, _barred(6)),
    MeasureKind.PARTY_WARNING: Rung(2, "party", _INSPECTORS, _barred(12)),
    MeasureKind.DEMERIT: Rung(2, "administrative", _INSPECTORS, _barred(12)),
    MeasureKind.REASSIGNMENT: Rung(2, "organisational", _ORGANISERS, _barred(12)),
    MeasureKind.MAJOR_DEMERIT: Rung(2, "administrative", _INSPECTORS, _barred(18)),
    MeasureKind.SERIOUS_PARTY_WARNING: Rung(2, "party", _INSPECTORS, _barred(18)),
    MeasureKind.REMOVAL: Rung(3, "organisational", _ORGANISERS, _REMOVED),
    MeasureKind.DEMOTION: Rung(3, "organisational", _ORGANISERS, _barred(24)),
    MeasureKind.SUMMARY_REMOVAL: Rung(3, "organisational", _ORGANISERS, _REMOVED),
    MeasureKind.DOWNGRADE: Rung(3, "administrative", _INSPECTORS, _barred(24)),
    MeasureKind.DISMISSAL: Rung(3, "administrative", _INSPECTORS, _barred(24)),
    MeasureKind.PARTY_POSTS_REVOKED: Rung(3, "party", _INSPECTORS, _barred(24)),
    MeasureKind.PROBATION: Rung(3, "party", _INSPECTORS, _barred(24), term=(12, 24)),
    MeasureKind.EXPULSION: Rung(
        3, "party", _INSPECTORS, {Effect.NO_LEADING_POST: 60, Effect.NO_PROMOTION: 60, Effect.NO_READMISSION: 60}
    ),
}
"""问责阶梯, from the lightest to the gravest; no rung binds for less than the one before it. What a decision came to is
written into its fact, so a later change here changes nothing that was decided."""

OF_VILLAGE_OFFICERS = (MeasureKind.WARNING, MeasureKind.DEMERIT, MeasureKind.MAJOR_DEMERIT)
"""The 政务处分 there are for village officers."""

VILLAGE_OFFICERS = (Post.VILLAGE_SECRETARY, Post.VILLAGE_DIRECTOR)


def gravity(kind: MeasureKind) -> int:
    """Its place on the ladder: higher is graver."""
    return list(LADDER).index(kind)


def add_months(day: date, months: int) -> date:
    """The same day so many calendar months on, or the last day of that month where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def bindings_of(kind: MeasureKind, since: date, term: int = 0) -> tuple[Binding, ...]:
    """What a measure of this kind keeps someone from, when it binds from this day; ``term`` in months."""
    rung = LADDER[kind]
    bound = tuple(
        Binding(effect=effect, until=add_months(since, months + term)) for effect, months in rung.months.items()
    )
    if not rung.merit_lost:
        return bound
    return (*bound, Binding(effect=Effect.MERIT_LOST, until=date(since.year + 1, 1, 1)))


@dataclass(frozen=True)
class Appeal:
    """申诉: one, and what became of it."""

    appeal: AppealId
    instance: int
    by: PersonId
    raised_on: date
    outcome: str | None = None
    decided_by: PersonId | None = None
    decided_on: date | None = None


@dataclass(frozen=True)
class Measure:
    """问责措施: as it stands after a past."""

    measure: MeasureId
    case: CaseId
    on: Accountable
    region: RegionId
    kind: MeasureKind
    decided_by: PersonId
    decided_on: date
    recorded_on: date
    binds_from: date
    binds_until: date | None
    bindings: tuple[Binding, ...]
    replaces: MeasureId | None
    lifted_on: date | None = None
    lifted_because: str | None = None
    appeals: tuple[Appeal, ...] = ()

    @property
    def void(self) -> bool:
        """Whether it was undone, rather than served: by an appeal, or because its ground is gone."""
        return self.lifted_because in ("appeal", "ground_gone")

    @property
    def pending(self) -> Appeal | None:
        """The appeal that waits for a decision; meanwhile the measure binds as before."""
        return next((appeal for appeal in self.appeals if appeal.outcome is None), None)

    def binds_on(self, day: date, *effects: Effect) -> bool:
        """Whether it keeps someone from any of these (from anything, if none is named) on a day."""
        if day < self.binds_from or (self.lifted_on is not None and day >= self.lifted_on):
            return False
        return any(day < binding.until for binding in self.bindings if not effects or binding.effect in effects)


def evolve(measure: Measure | None, fact: Recorded) -> Measure | None:
    """The measure after one more fact about it; facts of other kinds leave it as it is."""
    match fact.event:
        case MeasureDecided() as event:
            return Measure(
                event.measure,
                event.case,
                event.on,
                event.region,
                event.kind,
                fact.by,
                event.decided_on,
                fact.on,
                event.binds_from,
                event.binds_until,
                event.bindings,
                event.replaces,
            )
        case MeasureAppealed(appeal=appeal, instance=instance) if measure:
            return replace(measure, appeals=(*measure.appeals, Appeal(appeal, instance, fact.by, fact.on)))
        case AppealDecided(appeal=appeal, outcome=outcome) if measure:
            return replace(
                measure,
                appeals=tuple(
                    replace(one, outcome=outcome, decided_by=fact.by, decided_on=fact.on)
                    if one.appeal == appeal
                    else one
                    for one in measure.appeals
                ),
            )
        case MeasureLifted(lifted_on=day, cause=cause) if measure:
            return replace(measure, lifted_on=day, lifted_because=cause)
    return measure


def measures(facts: Iterable[Recorded]) -> dict[MeasureId, Measure]:
    """Every measure in these facts, as it stands after them."""
    found: dict[MeasureId, Measure] = {}
    for fact in facts:
        if isinstance(fact.event, MeasureDecided | MeasureAppealed | AppealDecided | MeasureLifted):
            state = evolve(found.get(fact.event.measure), fact)
            if state:
                found[state.measure] = state
    return found


def bar_ends(found: Iterable[Measure], day: date, *effects: Effect) -> date | None:
    """The first day on which none of these measures that bind on ``day`` has any of these effects any more; none when
    none has."""
    ends = (
        binding.until
        for measure in found
        if measure.binds_on(day, *effects)
        for binding in measure.bindings
        if binding.effect in effects
    )
    return max(ends, default=None)


def barred_until(facts: Iterable[Recorded], person: PersonId, day: date, *effects: Effect) -> date | None:
    """The first day on which no measure bars the person from any of these any more; none when none does on ``day``."""
    return bar_ends((measure for measure in measures(facts).values() if measure.on == person), day, *effects)


def promotable(facts: Iterable[Recorded], person: PersonId, day: date) -> bool:
    """Whether no measure on the person forbids promoting them, or giving them a leading post, on a day."""
    return barred_until(facts, person, day, Effect.NO_PROMOTION, Effect.NO_LEADING_POST) is None


@dataclass(frozen=True)
class Case:
    """问责事项: as it stands after a past."""

    case: CaseId
    subject: Accountable
    region: RegionId
    reason: Reason
    automatic: bool
    opened_by: PersonId
    opened_on: date
    dropped: bool = False
    closed_on: date | None = None
    measures: tuple[Measure, ...] = ()

    @property
    def open(self) -> bool:
        return not self.dropped and self.closed_on is None

    @property
    def in_effect(self) -> tuple[Measure, ...]:
        """The measures that were not undone."""
        return tuple(measure for measure in self.measures if not measure.void)


def fold(facts: Iterable[Recorded], case: CaseId) -> Case | None:
    """One case as it stands after these facts, or none when nobody opened it."""
    state: Case | None = None
    about = [fact for fact in facts if getattr(fact.event, "case", None) == case]
    for fact in about:
        match fact.event:
            case CaseOpened() as event:
                state = Case(
                    case,
                    event.subject,
                    event.region,
                    event.reason,
                    event.automatic,
                    opened_by=fact.by,
                    opened_on=fact.on,
                )
            case CaseDropped() if state:
                state = replace(state, dropped=True)
            case CaseRevived() if state:
                state = replace(state, dropped=False)
            case CaseClosed() if state:
                state = replace(state, closed_on=fact.on)
    return replace(state, measures=tuple(measures(about).values())) if state else None


def under_way(past: Past, case: CaseId) -> Case:
    """The case, refused unless it is open."""
    state = fold(past, case) or refuse("unknown_case", "没有这项问责事项")
    if state.dropped:
        refuse("case_dropped", "该问责事项的案由已因榜单更正而消失")
    if state.closed_on:
        refuse("case_closed", "该问责事项已经结案")
    return state


def ever_in(past: Past, person: PersonId, subject: RegionId | UnitId) -> bool:
    """Whether the person has held a post in the township, or in the unit: who left it may still answer for it."""
    return any(
        tenure.unit == subject if isinstance(subject, UnitId) else subject.holds(tenure.region)
        for tenure in tenures(past.about(person).of(*TENURE).events).values()
        if tenure.person == person
    )


def speaks_for(past: Past, act: Act, subject: Accountable) -> bool:
    """Whether the person who acts may speak for the subject: they are it, or lead the township or the unit."""

    def leads(tenure: Tenure) -> bool:
        if isinstance(subject, UnitId):
            return tenure.post is Post.UNIT_LEADER and tenure.unit == subject
        return tenure.post in (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD) and tenure.region == subject

    return act.by == subject or any(leads(tenure) for tenure in held(past, act.by, act.today))


def apart_from(past: Past, act: Act, subject: Accountable) -> None:
    """回避: refuses whoever is the subject, or belongs to it."""
    if act.by == subject if isinstance(subject, PersonId) else ever_in(past, act.by, subject):
        refuse("own_case", "事关您本人或您所在的单位、乡镇,须回避")


def exists(past: Past, subject: Accountable, region: RegionId) -> None:
    """Refuses a subject nobody knows, or one that does not belong to the place."""
    match subject:
        case PersonId():
            home = person_known(past, subject).region
        case UnitId():
            home = unit_standing(past, subject).region
        case RegionId():
            home = standing(past, subject).region
    if not region.holds(home):
        refuse("not_of_this_region", "问责对象不属于该区划")


def identity(subject: Accountable) -> About:
    """What to stand on to know who or what the subject is."""
    match subject:
        case PersonId():
            return About(subject, (PersonRegistered, *TENURE))
        case UnitId():
            return About(subject, (UnitEstablished, UnitDissolved))
        case RegionId():
            return About(subject, LIFE)


_GROUNDS: Mapping[type[Id], type[Event]] = {
    IssueId: IssueRegistered,
    EscalationId: Escalated,
    ChainId: ChainOpened,
}


class OpenCase(Command):
    """问责立项

    By hand, on grounds that are in the record. Cases from lists open by themselves.
    """

    case: CaseId
    subject: Accountable
    region: RegionId
    reason: Literal["missed_deadline", "late_answer", "false_report", "other"]
    grounds: tuple[IssueId | EscalationId | ChainId, ...] = Field(min_length=1, max_length=50)
    matter: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        grounds = (About(ground, (_GROUNDS[type(ground)],)) for ground in self.grounds)
        return (*authority_of(act), About(self.case, (CaseOpened,)), identity(self.subject), *grounds)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        authorise(past, act, self.region, Post.SUPERVISOR, Post.INSPECTOR, Post.HEADQUARTERS)
        if past.about(self.case).of(CaseOpened):
            refuse("case_already_open", "该问责事项已经立项")
        exists(past, self.subject, self.region)
        apart_from(past, act, self.subject)
        for ground in self.grounds:
            if not past.about(ground).of(_GROUNDS[type(ground)]):
                refuse("unknown_ground", f"台账中没有所列依据:{ground}")
        yield CaseOpened(
            case=self.case,
            subject=self.subject,
            region=self.region,
            reason=self.reason,
            grounds=self.grounds,
            matter=self.matter,
            automatic=False,
        )


def fits(past: Past, act: Act, kind: MeasureKind, on: Accountable, term: int) -> None:
    """Refuses a kind that there is not for the subject, and a term that there is not for the kind."""
    least, most = LADDER[kind].term
    if not least <= term <= most:
        refuse("term_out_of_range", f"{kind.label}的期限须为{least}至{most}个月" if most else f"{kind.label}不另定期限")
    if LADDER[kind].persons_only and not isinstance(on, PersonId):
        refuse("persons_only", f"{kind.label}只能对个人作出")
    if isinstance(on, PersonId) and LADDER[kind].nature == "administrative" and kind not in OF_VILLAGE_OFFICERS:
        posts = [tenure.post for tenure in held(past, on, act.today)]
        if posts and all(post in VILLAGE_OFFICERS for post in posts):
            refuse("not_for_village_officers", "对村干部的政务处分只有警告、记过、记大过")


def decided(
    case: Case,
    measure: MeasureId,
    on: Accountable,
    kind: MeasureKind,
    term: int,
    *,
    post: Post,
    reasons: str,
    decided_on: date,
    binds_from: date,
    replaces: MeasureId | None = None,
) -> MeasureDecided:
    """The decision, with what it comes to by the ladder as it is today."""
    bindings = bindings_of(kind, binds_from, term)
    return MeasureDecided(
        measure=measure,
        case=case.case,
        on=on,
        region=case.region,
        kind=kind,
        post=post,
        reasons=reasons,
        decided_on=decided_on,
        binds_from=binds_from,
        binds_until=max((binding.until for binding in bindings), default=None),
        bindings=bindings,
        replaces=replaces,
    )


class DecideMeasure(Command):
    """问责决定

    On the case's subject, or on someone who holds or held a post in it. ``term`` in months, where the kind has one.
    """

    measure: MeasureId
    case: CaseId
    on: Accountable
    kind: MeasureKind
    term: int = 0
    reasons: Prose
    decided_on: date
    binds_from: date

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.case, ACCOUNTABILITY), About(self.measure), identity(self.on))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        case = under_way(past, self.case)
        post = authorise(past, act, case.region, *LADDER[self.kind].posts).post
        if past.about(self.measure).of(MeasureDecided):
            refuse("measure_already_decided", "该问责决定已经记录")
        exists(past, self.on, case.region)
        apart_from(past, act, self.on)
        answers = isinstance(self.on, PersonId) and not isinstance(case.subject, PersonId)
        if self.on != case.subject and not (answers and ever_in(past, self.on, case.subject)):  # type: ignore[arg-type]
            refuse("not_answerable", "只能对问责对象本身,或在其中任过职的人员作出决定")
        fits(past, act, self.kind, self.on, self.term)
        not_future(self.decided_on, act, "决定日期")
        not_before(self.decided_on, case.opened_on, "决定日期早于立项日期")
        not_before(self.binds_from, self.decided_on, "生效日期早于决定日期")
        if self.binds_from > act.today:
            ahead(self.binds_from, act, "生效日期", years=1)
        yield decided(
            case,
            self.measure,
            self.on,
            self.kind,
            self.term,
            post=post,
            reasons=self.reasons,
            decided_on=self.decided_on,
            binds_from=self.binds_from,
        )


class OnMeasure(Command):
    """What every command on a decided measure names, and stands on: the measure, and the case it follows from."""

    measure: MeasureId

    def stands_on(self, past: Past, act: Act) -> Scope:
        decisions = [
            fact.event
            for fact in past.about(self.measure)
            if isinstance(fact.event, MeasureDecided) and fact.event.measure == self.measure
        ]
        follow = (
            about
            for event in decisions
            for about in (About(event.case, ACCOUNTABILITY), identity(event.on), *policies_of(event.region))
        )
        return (*authority_of(act), About(self.measure, ACCOUNTABILITY), *follow)

    def known(self, past: Past) -> tuple[Case, Measure]:
        measure = measures(past).get(self.measure) or refuse("unknown_measure", "没有这项问责决定")
        return fold(past, measure.case) or refuse("unknown_case", "没有这项问责事项"), measure


class AppealMeasure(OnMeasure):
    """申诉

    By the person concerned, or whoever leads the township or the unit; once, and once more against the answer. Never
    suspends the measure.
    """

    appeal: AppealId
    grounds: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), About(self.appeal, (MeasureAppealed,)))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        _, measure = self.known(past)
        if not speaks_for(past, act, measure.on):
            refuse("not_concerned", "只有当事人,或当事单位、乡镇的主要负责人可以申诉")
        if past.about(self.appeal).of(MeasureAppealed):
            refuse("appeal_already_raised", "该申诉已经记录")
        if measure.void:
            refuse("measure_void", "该问责决定已经撤销")
        if measure.pending:
            refuse("appeal_pending", "已有申诉正在办理")
        if len(measure.appeals) == 2:
            refuse("appeals_exhausted", "已经复审、复核,不再受理申诉")
        answered = [appeal.decided_on for appeal in measure.appeals if appeal.decided_on]
        since = max(answered, default=measure.recorded_on)
        last = since + timedelta(days=in_force(past, measure.region, since).appeal_days)
        if act.today > last:
            refuse("appeal_too_late", f"申诉期限到{last.isoformat()}为止,已过期限")
        yield MeasureAppealed(
            appeal=self.appeal,
            measure=self.measure,
            case=measure.case,
            on=measure.on,
            instance=len(measure.appeals) + 1,
            grounds=self.grounds,
        )


class DecideAppeal(OnMeasure):
    """申诉决定

    By someone who took no part. Lightened, the measure is lifted and a lighter one binds in its place, from the same
    day; it is never heavier.
    """

    appeal: AppealId
    outcome: Literal["upheld", "lightened", "rejected"]
    kind: MeasureKind | None = None
    term: int = 0
    replacement: MeasureId | None = None
    reasons: Prose

    def stands_on(self, past: Past, act: Act) -> Scope:
        replacement = (About(self.replacement, ACCOUNTABILITY),) if self.replacement else ()
        return (*super().stands_on(past, act), *replacement)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        case, measure = self.known(past)
        if measure.pending is None or measure.pending.appeal != self.appeal:
            refuse("unknown_appeal", "没有这项待办理的申诉")
        post = authorise(past, act, case.region, *LADDER[measure.kind].posts).post
        apart_from(past, act, measure.on)
        involved = {measure.decided_by, measure.pending.by, *(appeal.decided_by for appeal in measure.appeals)}
        if act.by in involved or (not case.automatic and act.by == case.opened_by):
            refuse("took_part", "您参与过立项、原决定或前次申诉的办理,须回避")
        if self.outcome != "lightened" and (self.kind or self.replacement):
            refuse("replacement_incoherent", "只有变更为较轻措施时,才写明新的措施")
        yield AppealDecided(
            appeal=self.appeal,
            measure=self.measure,
            case=measure.case,
            on=measure.on,
            outcome=self.outcome,
            post=post,
            reasons=self.reasons,
        )
        if self.outcome == "lightened":
            yield self.lighter(past, act, case, measure, post)
        if self.outcome != "rejected" and not measure.void:
            yield lifted(measure, "appeal", self.reasons, act.today)

    def lighter(self, past: Past, act: Act, case: Case, measure: Measure, post: Post) -> MeasureDecided:
        if measure.void:
            refuse("measure_void", "该问责决定已经撤销")
        if self.kind is None or self.replacement is None:
            refuse("replacement_incoherent", "变更为较轻措施时,须写明新的措施")
        if past.about(self.replacement).of(MeasureDecided):
            refuse("measure_already_decided", "该问责决定已经记录")
        if gravity(self.kind) >= gravity(measure.kind):
            refuse("not_lighter", f"申诉不得加重:须轻于{measure.kind.label}")
        fits(past, act, self.kind, measure.on, self.term)
        return decided(
            case,
            self.replacement,
            measure.on,
            self.kind,
            self.term,
            post=post,
            reasons=self.reasons,
            decided_on=act.today,
            binds_from=measure.binds_from,
            replaces=measure.measure,
        )


def lifted(
    measure: Measure, cause: Literal["served", "early", "appeal", "ground_gone"], reason: str, on: date
) -> MeasureLifted:
    return MeasureLifted(
        measure=measure.measure, case=measure.case, on=measure.on, cause=cause, reason=reason, lifted_on=on
    )


class LiftMeasure(OnMeasure):
    """解除

    When it has run its time, or before, with a reason. A measure that binds nothing has nothing to lift.
    """

    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        case, measure = self.known(past)
        authorise(past, act, case.region, *LADDER[measure.kind].posts)
        apart_from(past, act, measure.on)
        if measure.lifted_on:
            refuse("already_lifted", "该措施已经解除")
        if measure.binds_until is None:
            refuse("nothing_to_lift", f"{measure.kind.label}没有影响期,不需要解除")
        yield lifted(measure, "served" if act.today >= measure.binds_until else "early", self.reason, act.today)


class CloseCase(Command):
    """问责结案

    With the measures that stand; without any, with the reason why.
    """

    case: CaseId
    reason: Prose | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        subjects = [fact.event.subject for fact in past.about(self.case) if isinstance(fact.event, CaseOpened)]
        return (*authority_of(act), About(self.case, ACCOUNTABILITY), *(identity(subject) for subject in subjects))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        case = under_way(past, self.case)
        authorise(past, act, case.region, *_REMINDERS)
        apart_from(past, act, case.subject)
        if any(measure.pending for measure in case.measures):
            refuse("appeal_pending", "申诉正在办理,不能结案")
        if not case.in_effect and self.reason is None:
            refuse("reason_required", "没有问责措施的,结案须说明理由")
        yield CaseClosed(
            case=self.case,
            subject=case.subject,
            region=case.region,
            measures=tuple(measure.measure for measure in case.in_effect),
            reason=self.reason,
        )


def drop(case: Case, edition: EditionId, matter: str, on: date) -> Iterator[Event]:
    """What follows when a case loses its ground: it is dropped, and its measures no longer bind."""
    yield CaseDropped(case=case.case, subject=case.subject, region=case.region, edition=edition, matter=matter)
    for measure in case.in_effect:
        if measure.lifted_on is None:
            yield lifted(measure, "ground_gone", matter, on)
