"""Exiting 退出办理: proposing, the steps before the notice, the notice, three signatures by object, ruling, announcing,
and voiding what is found false; and the figures of a place that its exit stands on.

The pack in force says who signs, after which steps, and what must hold at every signature: the indicators met and
freshly assessed, no open issue on the household, the incidence and the findings of the evaluation within their limits.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar

from pydantic import Field

from domain import exits, issues
from domain.books import HelpReported
from domain.chains import Chain, ChainOpened, Phase, SentBack
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.exits import (
    Attempt,
    EvaluationRecorded,
    Exit,
    ExitAnnounced,
    ExitDecided,
    ExitProposed,
    ExitRuled,
    ExitStepTaken,
    ExitVoided,
    IncidenceRecorded,
    attempts,
    scope_of,
)
from domain.fact import Event, Past
from domain.households import Category, VillageListed, present
from domain.ids import ChainId, HouseholdId, IncidenceId, IssueId, PersonId, RegionId
from domain.indicators import Assessed, IndicatorAssessed, kind_of, lacking, place_of
from domain.issues import IssueRegistered
from domain.policy import Evaluation, ExitRule, ExitStep, Policy, in_force, policies_of
from domain.posts import FIELD, OVERSIGHT, TOWNSHIP, VILLAGE, Post, authorise, authority_of
from domain.regions import LIFE, standing
from domain.signoff import (
    Application,
    Bar,
    Checking,
    Matter,
    Noticing,
    Objecting,
    Refusing,
    SendingBack,
    Settling,
    Signing,
    Withdrawing,
)
from domain.text import Prose

PROPOSE = {
    "household": (*VILLAGE, Post.TOWNSHIP_CLERK),
    "village": TOWNSHIP,
    "county": (Post.HEADQUARTERS,),
}
VERIFY = {
    "household": VILLAGE,
    "village": (Post.TOWNSHIP_CLERK, Post.TOWNSHIP_FIRST_SECRETARY, Post.HEADQUARTERS, Post.SUPERVISOR),
    "county": (Post.HEADQUARTERS, Post.SUPERVISOR),
}
TAKE_STEPS = (*FIELD, Post.HEADQUARTERS, Post.SUPERVISOR)
FIGURES = (Post.HEADQUARTERS, Post.SUPERVISOR)


def rule_for(policy: Policy, subject: Assessed) -> ExitRule:
    """The rule by which the subject exits, refused when the place has none."""
    return policy.exit(kind_of(subject)) or refuse("no_exit_rule", "本地政策包没有规定这类对象怎样退出")


def there(past: Past, subject: Assessed) -> RegionId:
    """Where the subject lies, refused when there is no such household or region."""
    if isinstance(subject, RegionId):
        standing(past, subject)
    return place_of(past, subject)


class ProposeExit(Command):
    """提出退出

    The stages, the steps and the days of notice are fixed here, by the rule in force today.
    """

    chain: ChainId
    subject: Assessed
    statement: Prose
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.chain, (ChainOpened,)), *scope_of(past, self.subject))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        region = there(past, self.subject)
        kind = kind_of(self.subject)
        rule = rule_for(in_force(past, region, act.today), self.subject)
        authorise(past, act, region, *PROPOSE[kind])
        if past.about(self.chain).of(ChainOpened):
            refuse("chain_already_open", "这份退出申请已经提出")
        if isinstance(self.subject, HouseholdId):
            if present(past, self.subject).category is not Category.REGISTERED:
                refuse("not_on_the_register", "只有建档立卡户可以办理退出")
        elif kind == "village" and not past.about(self.subject).of(VillageListed):
            refuse("not_on_the_register", "该村没有确定为贫困村")
        made = attempts(past, self.subject)
        if any(attempt.exit.stands for attempt in made):
            refuse("already_exited", "该对象已经退出")
        if any(attempt.open for attempt in made):
            refuse("exit_under_way", "已有退出申请正在办理")
        yield ChainOpened(
            chain=self.chain,
            subject=self.subject,
            purpose="exit",
            region=region,
            round=1 + sum(attempt.exit.voided_on is not None for attempt in made),
            statement=self.statement,
            evidence=self.evidence,
            stages=rule.stages,
            notice_days=rule.notice_days,
        )
        yield ExitProposed(chain=self.chain, subject=self.subject, steps=rule.steps, ruling=rule.ruling)


class OnExit(Application, abstract=True):
    """What every command on a proposed exit stands on: the chain names its subject, and that its place and rules."""

    noun: ClassVar[str] = "退出申请"

    def stands_on(self, past: Past, act: Act) -> Scope:
        proposed = past.about(self.chain).of(ExitProposed).events
        subjects = tuple(event.subject for event in proposed if isinstance(event, ExitProposed))
        wider = tuple(about for subject in subjects for about in scope_of(past, subject))
        return (*authority_of(act), About(self.chain), *wider)

    def exit(self, past: Past) -> Exit:
        return exits.fold(past, self.chain) or refuse("unknown_chain", "没有这份退出申请")

    def attempt(self, past: Past) -> Attempt:
        subject = self.exit(past).subject
        return next(one for one in attempts(past, subject) if one.exit.chain == self.chain)

    def regarding(self, past: Past) -> Matter:
        attempt = self.attempt(past)
        exit = attempt.exit
        record = exits.record(past, exit.subject)
        step = exit.next_step
        due = step is None or (step is ExitStep.VERIFICATION and attempt.chain.phase is Phase.CHECK)
        applicant = frozenset({attempt.chain.applicant})
        checker = frozenset({attempt.chain.checker} if attempt.chain.checker else ())
        return Matter(
            subject=exit.subject,
            region=attempt.chain.region,
            record=record,
            checkers=VERIFY[kind_of(exit.subject)],
            checking=Bar(helpers_of(past, exit.subject) | applicant, "own_help", "您帮扶了该户,或提出了这份退出申请"),
            # A cadre who helped may sign: the rule names who must, and there is nobody else to.
            signing=Bar(applicant | checker, "own_application", "您提出或核实了这份退出申请"),
            done_on=exit.done_on,
            awaits=None if due or step is None else step.label,
        )

    def unblocked(self, past: Past, act: Act) -> None:
        exit = self.exit(past)
        region = place_of(past, exit.subject)
        policy = in_force(past, region, act.today)
        conditions(past, act, exit.subject, policy, rule_for(policy, exit.subject))

    def concluded(self, past: Past, chain: Chain) -> Iterator[Event]:
        exit = self.exit(past)
        if not exit.ruling:
            yield ExitDecided(chain=self.chain, subject=exit.subject, round=chain.round)


def helpers_of(past: Past, subject: Assessed) -> frozenset[PersonId]:
    """Whoever was paired with the household or reported help for it."""
    if isinstance(subject, RegionId):
        return frozenset()
    reported = {fact.by for fact in past.about(subject).of(HelpReported)}
    return present(past, subject).cadres | reported


def conditions(past: Past, act: Act, subject: Assessed, policy: Policy, rule: ExitRule) -> None:
    """Refuses while anything that the rule wants of the subject does not hold."""
    oldest = act.today - timedelta(days=rule.fresh_days)
    if isinstance(subject, HouseholdId):
        for issue in open_issues(past, subject):
            refuse("open_issue_on_object", f"该户还有未销号的问题({issue}),须先销号")
    if found := lacking(past, policy.wanted(rule), subject, oldest):
        refuse("indicators_not_met", f"还不符合退出标准:{';'.join(found)}")
    if rule.incidence_below is not None:
        incidence_holds(past, subject, rule.incidence_below, oldest)
    if rule.evaluation:
        evaluation_holds(past, subject, rule.evaluation, oldest)


def incidence_holds(past: Past, subject: Assessed, limit: int, oldest: date) -> None:
    counted: IncidenceRecorded | None = None
    for fact in past.about(subject):
        match fact.event:
            case IncidenceRecorded(region=region) as latest if region == subject and fact.on >= oldest:
                counted = latest
    if counted is None:
        refuse("incidence_missing", "近期没有核算贫困发生率")
    if not counted.below(limit):
        refuse("incidence_too_high", f"贫困发生率{counted.percentage},须低于{percent(limit)}")


def evaluation_holds(past: Past, subject: Assessed, limits: Evaluation, oldest: date) -> None:
    found: EvaluationRecorded | None = None
    for event in past.about(subject).events:
        match event:
            case EvaluationRecorded(region=region, evaluated_on=day) if region == subject and day >= oldest:
                found = event
    if found is None:
        refuse("evaluation_missing", "近期没有退出评估")
    if found.wrong * 10_000 >= limits.wrong_below * found.exited_sampled:
        refuse("evaluation_fails", f"错退率须低于{percent(limits.wrong_below)}")
    if found.missed * 10_000 >= limits.missed_below * found.others_sampled:
        refuse("evaluation_fails", f"漏评率须低于{percent(limits.missed_below)}")
    if found.approving * 10_000 < limits.approving_at_least * found.asked:
        refuse("evaluation_fails", f"群众认可度须达到{percent(limits.approving_at_least)}")


def percent(basis_points: int) -> str:
    return f"{basis_points // 100}.{basis_points % 100:02d}%"


def open_issues(past: Past, household: HouseholdId) -> tuple[IssueId, ...]:
    """The issues on a household that are neither written off nor withdrawn."""
    found = {
        event.issue: None
        for event in past.about(household).of(IssueRegistered).events
        if isinstance(event, IssueRegistered) and event.object == household
    }
    return tuple(issue for issue in found if issues.fold(past, issue).status.open)


class TakeExitStep(OnExit):
    """办理退出程序

    民主评议, 农户认可 and what else the rule asks before the notice, in its order; the check on site is a command of
    its own. A step that fails ends the application.
    """

    step: ExitStep
    passed: bool
    present: int | None = Field(default=None, ge=1)
    in_favour: int | None = Field(default=None, ge=0)
    findings: Prose
    taken_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, _ = self.under_way(past)
        exit = self.exit(past)
        authorise(past, act, matter.region, *TAKE_STEPS)
        if self.step is ExitStep.VERIFICATION or self.step is not exit.next_step:
            due = exit.next_step
            refuse("step_out_of_order", f"现在应办理{due.label if due else '公示或签字'},不是{self.step.label}")
        not_future(self.taken_on, act, "办理日期")
        if exit.done_on:
            not_before(self.taken_on, exit.done_on, f"{self.step.label}早于前一步")
        self.counted()
        yield ExitStepTaken(
            chain=self.chain,
            subject=exit.subject,
            step=self.step,
            passed=self.passed,
            present=self.present,
            in_favour=self.in_favour,
            findings=self.findings,
            taken_on=self.taken_on,
            evidence=self.evidence,
        )
        if not self.passed:
            yield SentBack(chain=self.chain, subject=exit.subject, to="rectification", stage=None, reason=self.findings)

    def counted(self) -> None:
        """Refuses a review whose votes are missing, or contradict what it is said to have come to."""
        voted = self.present is not None and self.in_favour is not None
        if (self.step is ExitStep.DEMOCRATIC_REVIEW) != voted:
            refuse("votes_required", "民主评议须写明到会和赞成人数,其他程序不写")
        if self.present is not None and self.in_favour is not None:
            if self.in_favour > self.present:
                refuse("votes_incoherent", "赞成人数多于到会人数")
            if self.passed != (self.in_favour * 2 > self.present):
                refuse("votes_incoherent", "赞成过半为通过,票数与评议结果不符")


class VerifyExit(OnExit, Checking):
    """核实

    By those who neither helped the household nor proposed its exit. What fails goes back to be helped further.
    """


class PostExitNotice(OnExit, Noticing):
    """退出公示"""


class ObjectToExit(OnExit, Objecting):
    """退出公示异议

    Recorded by an official for whoever raised it, who is not named.
    """


class SettleExitObjection(OnExit, Settling):
    """处理退出异议

    Upheld, it ends the application.
    """


class SignExit(OnExit, Signing):
    """退出签字

    ``shown`` and ``shown_digest`` say what the signer had before them. With the last signature the exit is decided,
    unless the province has to rule.
    """

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), *self.keys(act))


class SendBackExit(OnExit, SendingBack):
    """退回退出申请"""

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), *self.keys(act))


class RefuseExit(OnExit, Refusing):
    """拒签退出申请"""

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), *self.keys(act))


class WithdrawExit(OnExit, Withdrawing):
    """撤回退出申请"""


class RecordRuling(OnExit):
    """记录审定

    What the provincial secretary and governor ruled on a county that its city's pair has signed for.
    """

    approved: bool
    document: Prose
    ruled_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        exit, chain = self.attempt(past)
        authorise(past, act, chain.region, Post.HEADQUARTERS)
        if not exit.ruling or chain.phase is not Phase.COMPLETE or exit.ruled is not None:
            refuse("no_ruling_due", "该申请现在不需要审定")
        not_future(self.ruled_on, act, "审定日期")
        if chain.notice_until:
            not_before(self.ruled_on, chain.notice_until, "审定日期早于公示期满")
        yield ExitRuled(
            chain=self.chain,
            subject=exit.subject,
            approved=self.approved,
            document=self.document,
            ruled_on=self.ruled_on,
            evidence=self.evidence,
        )
        if self.approved:
            yield ExitDecided(chain=self.chain, subject=exit.subject, round=chain.round)


class AnnounceExit(OnExit):
    """公告退出"""

    announced_on: date
    place: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        exit, chain = self.attempt(past)
        authorise(past, act, chain.region, *FIELD, Post.HEADQUARTERS)
        if exit.decided_on is None or exit.voided_on or exit.announced_on:
            refuse("nothing_to_announce", "没有待公告的退出")
        not_future(self.announced_on, act, "公告日期")
        not_before(self.announced_on, exit.decided_on, "公告日期早于退出日期")
        yield ExitAnnounced(chain=self.chain, subject=exit.subject, announced_on=self.announced_on, place=self.place)


class VoidExit(OnExit):
    """撤销退出

    For an exit that was found false; who signed it stays in the record. By those who oversee.
    """

    reason: Prose
    found_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        exit, chain = self.attempt(past)
        authorise(past, act, chain.region, *OVERSIGHT)
        if not exit.stands or exit.decided_on is None:
            refuse("not_exited", "该对象没有依这份申请退出,或退出已经撤销")
        not_future(self.found_on, act, "发现日期")
        not_before(self.found_on, exit.decided_on, "发现日期早于退出日期")
        yield ExitVoided(
            chain=self.chain,
            subject=exit.subject,
            reason=self.reason,
            found_on=self.found_on,
            evidence=self.evidence,
        )


class RecordIncidence(Command):
    """核算贫困发生率

    How many are left is counted from the facts up to ``cut_off``, and can be counted again by anyone. Indicators that
    the pack computes from it follow at once.
    """

    incidence: IncidenceId
    region: RegionId
    cut_off: int = Field(ge=1)
    population: int = Field(ge=1)
    households: int = Field(ge=0)
    people: int = Field(ge=0)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (
            *authority_of(act),
            About(self.region, LIFE),
            About(self.incidence, (IncidenceRecorded,)),
            *policies_of(self.region),
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        kind = kind_of(self.region)
        authorise(past, act, self.region, *FIGURES)
        if past.about(self.incidence).of(IncidenceRecorded):
            refuse("incidence_already_recorded", "该次核算已经记录")
        if self.people > self.population:
            refuse("population_incoherent", "剩余贫困人口多于农村人口,请核对农村人口数")
        found = IncidenceRecorded(**dict(self))
        yield found
        for rule in in_force(past, self.region, act.today).indicators(kind).values():
            if rule.computed == "incidence" and rule.threshold:
                yield IndicatorAssessed(
                    subject=self.region,
                    indicator=rule.code,
                    met=rule.threshold.met_by(found.basis_points),
                    value=found.basis_points,
                    findings=None,
                    assessed_on=act.today,
                    evidence=(),
                )


class RecordEvaluation(Command):
    """记录退出评估"""

    region: RegionId
    exited_sampled: int = Field(ge=1)
    wrong: int = Field(ge=0)
    others_sampled: int = Field(ge=1)
    missed: int = Field(ge=0)
    asked: int = Field(ge=1)
    approving: int = Field(ge=0)
    evaluated_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.region, LIFE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        kind_of(self.region)
        authorise(past, act, self.region, *FIGURES)
        not_future(self.evaluated_on, act, "评估日期")
        for part, whole in (
            (self.wrong, self.exited_sampled),
            (self.missed, self.others_sampled),
            (self.approving, self.asked),
        ):
            if part > whole:
                refuse("evaluation_incoherent", "查出的户数多于抽查的户数")
        yield EvaluationRecorded(**dict(self))
