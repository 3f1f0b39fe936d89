"""Sign-off 三签字: applying, checking on site, public notice, signing level by level, closing, looking back.

A signature stands on the exact facts its signer was shown: if anything was recorded on the subject since, it is
refused, and the signer looks again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import ClassVar, Literal, NamedTuple

from pydantic import Field

from domain import chains
from domain.chains import (
    Chain,
    ChainOpened,
    ChainWithdrawn,
    Checked,
    Given,
    NoticePosted,
    ObjectionRaised,
    ObjectionSettled,
    Phase,
    SentBack,
    SignatureRefused,
    SignedOff,
    Subject,
    last_notice_day,
)
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.escalation import rules_of
from domain.evidence import Evidence
from domain.fact import Event, Past
from domain.ids import ChainId, IssueId, ObjectionId, PersonId, RegionId
from domain.issues import (
    Deadline,
    Issue,
    IssueClosed,
    IssueRegistered,
    IssueRegraded,
    IssueReopened,
    IssueWithdrawn,
    LookedBack,
    Status,
    fold,
)
from domain.keys import KEYS, accept
from domain.policy import Policy, Severity, Stage, in_force
from domain.posts import FIELD, OVERSIGHT, Post, authorise, authority_of, held
from domain.rectification import rectifies
from domain.registration import coherent, open_issue
from domain.statements import Digest, PersonalSignature, Statement
from domain.text import Prose

CHECK = (
    Post.TOWNSHIP_CLERK,
    Post.TOWNSHIP_FIRST_SECRETARY,
    Post.VILLAGE_CHIEF,
    Post.FIRST_SECRETARY,
    Post.HEADQUARTERS,
    Post.SUPERVISOR,
)
SETTLE = (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, *OVERSIGHT)
LOOK_BACK = (*OVERSIGHT, Post.TOWNSHIP_FIRST_SECRETARY)

STANDING = (IssueRegistered, IssueRegraded, IssueClosed, IssueReopened, IssueWithdrawn)
"""What tells whether an issue on an object stands open, and how grave it is."""


class Shown(NamedTuple):
    """所见: what someone has been shown of a subject: the position of its last fact, and a digest over all of them."""

    position: int
    digest: str


def shown_of(past: Past) -> Shown:
    """What these facts, shown to someone, come to. The digest covers the digests of their exact bytes, in order."""
    lines = "".join(f"{fact.position} {fact.digest}\n" for fact in past)
    return Shown(past[-1].position if past else 0, sha256(lines.encode()).hexdigest())


def stages_for(policy: Policy, severity: Severity, region: RegionId) -> tuple[Stage, ...]:
    """The stages a chain at this place must have. Levels below the issue's own region have nothing to sign; an issue
    that lies above all of its gravity's levels is signed by its own level's pair."""
    fitting = tuple(stage for stage in policy.closure(severity).stages if region.at(stage.level))
    if fitting:
        return fitting
    own = tuple(stage for stage in policy.major.stages if stage.level == region.level)
    return own or refuse("no_stage", "政策包没有规定这一级问题由谁签字")


class Bar(NamedTuple):
    """回避: who may not do it because of the part they took, and why."""

    people: frozenset[PersonId]
    code: str
    why: str

    def against(self, act: Act, what: str) -> None:
        if act.by in self.people:
            refuse(self.code, f"{self.why},不能由您{what}")


@dataclass(frozen=True)
class Matter:
    """签批事项: what a chain is about, as far as checking, notice and signing go.

    ``record`` is what a signer is shown: every fact that a signature stands on. ``checking`` bars from checking and
    from deciding on objections, ``signing`` from signing, sending back and refusing. Nothing further can have
    happened before ``done_on``; ``awaits`` names what must be done before the chain goes on at all.
    """

    subject: Subject
    region: RegionId
    record: Past
    checkers: tuple[Post, ...]
    checking: Bar
    signing: Bar
    owners: frozenset[PersonId] = frozenset()
    done_on: date | None = None
    awaits: str | None = None

    def ready(self) -> None:
        if self.awaits:
            refuse("step_before_missing", f"须先完成{self.awaits}")


class Application(Command, abstract=True):
    """What every command on a chain names: which application is meant. What it is about, what stands in its way and
    what its last signature concludes, each kind of application says for itself."""

    noun: ClassVar[str] = "申请"
    work: ClassVar[str] = "前一步"
    """What a check comes after."""

    chain: ChainId

    def regarding(self, past: Past) -> Matter:
        """What the chain is about; refused when that is unknown."""
        raise NotImplementedError

    def unblocked(self, past: Past, act: Act) -> None:
        """Refuses a signature while something that the rule wants first does not hold."""
        raise NotImplementedError

    def concluded(self, past: Past, chain: Chain) -> Iterator[Event]:
        """What follows from the last signature."""
        raise NotImplementedError

    def under_way(self, past: Past) -> tuple[Matter, Chain]:
        """The matter and its chain, refused when the chain is another's, unknown, or over."""
        matter = self.regarding(past)
        chain = chains.fold(matter.record, self.chain)
        if chain is None or chain.subject != matter.subject:
            refuse("unknown_chain", f"没有这份{self.noun}")
        if chain.phase.over:
            refuse("chain_over", f"这份{self.noun}{chain.phase.label},不能再办理")
        return matter, chain


class Checking(Application, abstract=True):
    passed: bool
    findings: Prose
    checked_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if chain.phase is not Phase.CHECK:
            refuse("already_checked", "该申请已核查")
        matter.ready()
        matter.checking.against(act, "核查")
        authorise(past, act, matter.region, *matter.checkers)
        not_future(self.checked_on, act, "核查日期")
        if matter.done_on:
            not_before(self.checked_on, matter.done_on, f"核查日期早于{self.work}日期")
        yield Checked(
            chain=self.chain,
            subject=matter.subject,
            passed=self.passed,
            findings=self.findings,
            evidence=self.evidence,
            checked_on=self.checked_on,
        )


class Noticing(Application, abstract=True):
    posted_on: date
    place: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if chain.phase is not Phase.NOTICE:
            refuse("no_notice_due", "该申请现在不需要公示")
        matter.ready()
        authorise(past, act, matter.region, *FIELD, Post.HEADQUARTERS)
        not_future(self.posted_on, act, "公示日期")
        for earlier in (chain.checked_on, matter.done_on):
            if earlier:
                not_before(self.posted_on, earlier, "公示日期早于核查日期")
        yield NoticePosted(
            chain=self.chain,
            subject=matter.subject,
            posted_on=self.posted_on,
            until=last_notice_day(self.posted_on, chain.notice_days),
            place=self.place,
        )


class Objecting(Application, abstract=True):
    objection: ObjectionId
    matter: Prose
    raised_on: date

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        authorise(past, act, matter.region, *FIELD, *OVERSIGHT)
        if chain.notice_until is None:
            refuse("no_notice", "该申请没有在公示")
        if past.about(self.objection):
            refuse("objection_already_raised", "该异议已经记录")
        not_future(self.raised_on, act, "提出日期")
        if self.raised_on > chain.notice_until:
            refuse("notice_over", "公示期已满;请向督查部门反映,由其退回")
        yield ObjectionRaised(
            chain=self.chain,
            subject=matter.subject,
            objection=self.objection,
            matter=self.matter,
            raised_on=self.raised_on,
        )


class Settling(Application, abstract=True):
    objection: ObjectionId
    upheld: bool
    answer: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if self.objection not in chain.objections:
            refuse("unknown_objection", "没有这项待处理的异议")
        matter.checking.against(act, "处理异议")
        authorise(past, act, matter.region, *SETTLE)
        yield ObjectionSettled(
            chain=self.chain,
            subject=matter.subject,
            objection=self.objection,
            upheld=self.upheld,
            answer=self.answer,
        )


class Signature(NamedTuple):
    """席位: where a person may sign now."""

    stage: int
    seat: int
    post: Post
    region: RegionId


def seat_for(past: Past, act: Act, chain: Chain) -> Signature:
    """The open seat of the present stage that the person's post gives; refused, with why, when there is none."""
    if chain.stage is None:
        refuse("chain_over", "这份申请已签完")
    tenures = held(past, act.by, act.today)
    for number in range(chain.stage, len(chain.stages)):
        stage = chain.stages[number]
        seats = chain.open_seats if number == chain.stage else range(len(stage.seats))
        for seat in seats:
            for tenure in tenures:
                if tenure.post in stage.seats[seat].posts and tenure.region == chain.region.at(stage.level):
                    if number > chain.stage:
                        refuse("stage_before_not_whole", f"须先由{chain.stages[chain.stage].label}签完,才轮到您签")
                    return Signature(number, seat, tenure.post, tenure.region)
    refuse("no_authority", f"现在须由{chain.stages[chain.stage].label}签字,您不在此列")


class Giving(Application, abstract=True):
    """Saying something of a chain in one's own name, which may be signed with a key of one's own."""

    signature: PersonalSignature | None = None

    def keys(self, act: Act) -> Scope:
        """What to stand on to know the signer's keys."""
        return (About(act.by, KEYS),) if self.signature else ()

    @property
    def before_them(self) -> Shown | None:
        """What they had before them, if they say so."""
        raise NotImplementedError

    def given(self, past: Past, act: Act, matter: Matter, chain: Chain) -> Given:
        """What is said, as it stands on the account alone. Refused where it is not theirs to say now."""
        raise NotImplementedError

    def statement(self, past: Past, act: Act) -> Statement:
        """What the one who acts would sign here with a key of their own. Refused where it is not theirs to say now."""
        matter, chain = self.under_way(past)
        return chains.statement_of(self.given(past, act, matter, chain), act.by, chain, matter.record)

    def seen(self, matter: Matter) -> None:
        """Refuses what stands on something else than what is recorded now."""
        if self.before_them and self.before_them != shown_of(matter.record):
            refuse("changed_since_shown", "您查看之后又有新的记录,请重新查看后再办理")

    def vouched(self, past: Past, act: Act, given: Given, matter: Matter, chain: Chain) -> Given:
        """The same with the signature on it, if there is one. Refused where the present stage demands more."""
        if self.signature:
            said = chains.statement_of(given, act.by, chain, matter.record)
            reached = accept(past, act, self.signature, said)
            given = given.model_copy(update={"assurance": reached, "signature": self.signature})
        demanded = chain.demanded
        if given.assurance.weight < demanded.weight:
            refuse("assurance_too_low", f"本环节须用{demanded.label}签名,请在“我的密钥”登记并经确认后再签")
        return given


class Turning(Giving, abstract=True):
    """Turning a chain back. ``shown`` and ``shown_digest`` say what one had before one; with a signature they must be
    there, so that it is clear what it was made on."""

    reason: Prose
    shown: int | None = Field(default=None, ge=1)
    shown_digest: Digest | None = None

    @property
    def before_them(self) -> Shown | None:
        return None if self.shown is None or self.shown_digest is None else Shown(self.shown, self.shown_digest)

    def seen(self, matter: Matter) -> None:
        """Refuses a signature on nothing as well."""
        if self.before_them is None and (self.signature or self.shown is not None or self.shown_digest is not None):
            refuse("shown_missing", "签名须写明所见的最后一条记录和所见的摘要")
        super().seen(matter)


class Signing(Giving, abstract=True):
    opinion: Prose
    shown: int = Field(ge=1)
    shown_digest: Digest

    @property
    def before_them(self) -> Shown:
        return Shown(self.shown, self.shown_digest)

    def given(self, past: Past, act: Act, matter: Matter, chain: Chain) -> SignedOff:
        place = seat_for(past, act, chain)
        return SignedOff(
            chain=self.chain,
            subject=matter.subject,
            stage=place.stage,
            seat=place.seat,
            post=place.post,
            region=place.region,
            opinion=self.opinion,
            shown=self.shown,
            shown_digest=self.shown_digest,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if chain.phase is not Phase.SIGNING:
            refuse("stage_before_not_whole", f"该申请{chain.phase.label},还不能签字")
        if act.by in chain.signed.values():
            refuse("signed_already", "您在这份申请上已经签过字")
        matter.signing.against(act, "签字")
        signed = self.given(past, act, matter, chain)
        matter.ready()
        if chain.objections:
            refuse("objection_open", "公示期间的异议尚未处理完,不能签字")
        if not chain.notice_over(act.today):
            refuse("notice_running", f"公示期到{chain.notice_until}为止,期满后才能签字")
        self.seen(matter)
        self.unblocked(past, act)
        yield self.vouched(past, act, signed, matter, chain)
        if len(chain.open_seats) == 1 and signed.stage == len(chain.stages) - 1:
            yield from self.concluded(past, chain)


class SendingBack(Turning, abstract=True):
    to: Literal["rectification", "check", "notice", "signing"]
    stage: int | None = Field(default=None, ge=0)

    def given(self, past: Past, act: Act, matter: Matter, chain: Chain) -> SentBack:
        return SentBack(
            chain=self.chain,
            subject=matter.subject,
            to=self.to,
            stage=self.stage,
            reason=self.reason,
            shown=self.shown,
            shown_digest=self.shown_digest,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        matter.signing.against(act, "退回")
        if not any(t.post in OVERSIGHT and t.region.holds(matter.region) for t in held(past, act.by, act.today)):
            if chain.phase is not Phase.SIGNING:
                refuse("no_authority", "还没有到您签字的环节,不能退回")
            seat_for(past, act, chain)
        if (self.to == "signing") != (self.stage is not None):
            refuse("stage_required", "退回到签字环节须写明第几级,退回到其他环节不写")
        reached = {
            "rectification": True,
            "check": chain.checked,
            "notice": chain.notice_until is not None,
            "signing": self.stage is not None and any(stage >= self.stage for stage, _ in chain.signed),
        }
        if not reached[self.to]:
            refuse("stage_not_reached", "不能退回到还没有办过的环节")
        self.seen(matter)
        yield self.vouched(past, act, self.given(past, act, matter, chain), matter, chain)


class Refusing(Turning, abstract=True):
    def given(self, past: Past, act: Act, matter: Matter, chain: Chain) -> SignatureRefused:
        place = seat_for(past, act, chain)
        return SignatureRefused(
            chain=self.chain,
            subject=matter.subject,
            stage=place.stage,
            post=place.post,
            reason=self.reason,
            shown=self.shown,
            shown_digest=self.shown_digest,
        )

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if chain.phase is not Phase.SIGNING:
            refuse("stage_before_not_whole", f"该申请{chain.phase.label},还没有到签字环节")
        matter.signing.against(act, "拒签")
        refused = self.given(past, act, matter, chain)
        self.seen(matter)
        yield self.vouched(past, act, refused, matter, chain)


class Withdrawing(Application, abstract=True):
    reason: Prose

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        matter, chain = self.under_way(past)
        if act.by != chain.applicant and act.by not in matter.owners:
            refuse("no_authority", "只有申请人或责任人可以撤回申请")
        yield ChainWithdrawn(chain=self.chain, subject=matter.subject, reason=self.reason)


class WriteOff(Application, abstract=True):
    """销号: an application on an issue."""

    noun: ClassVar[str] = "销号申请"
    work: ClassVar[str] = "整改完成"

    issue: IssueId

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def regarding(self, past: Past) -> Matter:
        issue = fold(past, self.issue)
        bar = bar_on(issue)
        return Matter(
            subject=self.issue,
            region=issue.region,
            record=past.about(self.issue),
            checkers=CHECK,
            checking=bar,
            signing=bar,
            owners=issue.responsible,
            done_on=issue.last_done_on,
        )


def bar_on(issue: Issue) -> Bar:
    """Whoever took part in this round's rectification or answers for the issue."""
    return Bar(issue.rectifiers | issue.responsible, "own_rectification", "您参与了该问题的整改")


class ApplyForWriteOff(WriteOff):
    """申请销号

    Asked when every step of the round is reported done. The stages are fixed here, by the rule in force today and
    the issue's gravity.
    """

    statement: Prose
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)

    def stands_on(self, past: Past, act: Act) -> Scope:
        rules = tuple(about for fact in past.of(IssueRegistered) for about in rules_of(fact.event))
        return (*super().stands_on(past, act), About(self.chain, (ChainOpened,)), *rules)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = open_issue(past, self.issue)
        rectifies(past, act, issue)
        if past.about(self.chain).of(ChainOpened):
            refuse("chain_already_open", "这份销号申请已经提出")
        if issue.chain:
            refuse("in_review", "已有销号申请正在办理")
        if issue.status is not Status.DONE:
            refuse("not_done", "本轮整改措施尚未全部报告完成,不能申请销号")
        if issue.escalations:
            refuse("escalation_pending", "尚有上报未答复,不能申请销号")
        policy = in_force(past, issue.region, act.today)
        yield ChainOpened(
            chain=self.chain,
            subject=self.issue,
            purpose="write_off",
            region=issue.region,
            round=issue.round,
            statement=self.statement,
            evidence=self.evidence,
            stages=stages_for(policy, issue.severity, issue.region),
            notice_days=policy.closure(issue.severity).notice_days,
        )


class CheckOnSite(WriteOff, Checking):
    """现场核查

    By someone who took no part in the rectification. A check that fails sends the issue back to rectification.
    """


class PostNotice(WriteOff, Noticing):
    """公示

    For as many days as the rule asked when the application was made; the day of posting does not count.
    """


class RaiseObjection(WriteOff, Objecting):
    """公示异议

    Recorded by an official for whoever raised it, who is not named.
    """


class SettleObjection(WriteOff, Settling):
    """处理异议

    Upheld, it sends the issue back to rectification.
    """


class SignOff(WriteOff, Signing):
    """签字

    ``shown`` and ``shown_digest`` say what the signer had before them; the last signature closes the issue.
    """

    def stands_on(self, past: Past, act: Act) -> Scope:
        objects = {
            fact.event.object
            for fact in past.about(self.issue)
            if isinstance(fact.event, IssueRegistered) and fact.event.object
        }
        rules = tuple(about for fact in past.about(self.issue) for about in rules_of(fact.event))
        others = tuple(About(one, STANDING) for one in sorted(objects))
        return (*super().stands_on(past, act), *rules, *others, *self.keys(act))

    def unblocked(self, past: Past, act: Act) -> None:
        issue = fold(past, self.issue)
        unblocked(past, issue, in_force(past, issue.region, act.today))

    def concluded(self, past: Past, chain: Chain) -> Iterator[Event]:
        issue = fold(past, self.issue)
        yield IssueClosed(issue=self.issue, object=issue.object, chain=self.chain, round=issue.round)


def unblocked(past: Past, issue: Issue, policy: Policy) -> None:
    """Refuses while another issue on the same household or project stands open that the rule wants closed first."""
    if issue.object is None or policy.blocking == "none":
        return
    others = {fact.event.issue for fact in past.about(issue.object) if isinstance(fact.event, IssueRegistered)}
    for other in sorted(others - {issue.issue}):
        state = fold(past, other)
        if state.status.open and (policy.blocking == "any" or state.severity.weight > issue.severity.weight):
            refuse("open_issue_on_object", f"同一对象上还有未销号的{state.severity.label}问题({other}),须先销号")


class SendBack(WriteOff, SendingBack):
    """退回

    To a chosen stage, always with a reason. By those whose turn it is to sign, or who oversee, with what the stage
    whose turn it is demands of a signature. What was signed from there on is signed anew; what was signed stays in the
    record.
    """

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), *self.keys(act))


class RefuseSignature(WriteOff, Refusing):
    """拒签

    Ends the application; the issue goes back to rectification.
    """

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*super().stands_on(past, act), *self.keys(act))


class WithdrawApplication(WriteOff, Withdrawing):
    """撤回申请"""


class LookBack(Command):
    """回头看

    Whether a closed issue still holds. If it does not, it is reopened as a new round with a new deadline; the rounds
    before stay as they were.
    """

    issue: IssueId
    holds: bool
    findings: Prose
    looked_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)
    deadline: Deadline | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.issue))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        issue = fold(past, self.issue)
        if issue.closed_on is None:
            refuse("issue_not_closed", "该问题没有销号,不能回头看")
        bar_on(issue).against(act, "回头看")
        authorise(past, act, issue.region, *LOOK_BACK)
        not_future(self.looked_on, act, "回头看日期")
        not_before(self.looked_on, issue.closed_on, "回头看日期早于销号日期")
        if self.holds == (self.deadline is not None):
            refuse("deadline_incoherent", "反弹的问题须定新的整改时限,没有反弹的不定")
        yield LookedBack(
            issue=self.issue,
            round=issue.round,
            holds=self.holds,
            findings=self.findings,
            looked_on=self.looked_on,
            evidence=self.evidence,
        )
        if self.deadline:
            coherent(self.deadline, self.looked_on)
            yield IssueReopened(
                issue=self.issue,
                object=issue.object,
                round=issue.round + 1,
                reason=self.findings,
                deadline=self.deadline,
            )
