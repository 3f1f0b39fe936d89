"""Sign-off chains 三签字: the facts of one chain from application to its end, read top to bottom, and their fold.

A chain is opened on a subject with the stages that the rule in force asked for that day; from then on the chain's own
fact says who must sign. What was sent back is signed anew; what was signed before stays in the record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field

from domain.evidence import Evidence
from domain.fact import Event, Recorded, State, upcasts
from domain.ids import ChainId, HouseholdId, IssueId, ObjectionId, PersonId, RegionId
from domain.policy import Stage
from domain.posts import Post
from domain.statements import Assurance, Digest, PersonalSignature, Statement, statement
from domain.text import Prose

Purpose = Literal["write_off", "exit"]
"""签批事由: 销号 or 退出."""

Subject = IssueId | HouseholdId | RegionId


class ChainOpened(Event, type="chain.opened"):
    """申请签批: that an issue be written off (销号), or that a household, village or county exit (退出)."""

    chain: ChainId
    subject: Subject
    purpose: Purpose
    region: RegionId
    round: int = Field(ge=1)
    statement: Prose
    evidence: tuple[Evidence, ...]
    stages: tuple[Stage, ...] = Field(min_length=1)
    notice_days: int = Field(ge=0)


class Checked(Event, type="chain.checked"):
    """现场核查: 谁验收谁负责."""

    chain: ChainId
    subject: Subject
    passed: bool
    findings: Prose
    evidence: tuple[Evidence, ...]
    checked_on: date


class NoticePosted(Event, type="chain.notice_posted"):
    """公示"""

    chain: ChainId
    subject: Subject
    posted_on: date
    until: date
    place: Prose


class ObjectionRaised(Event, type="chain.objection_raised"):
    """公示异议: who raised it is never named here."""

    chain: ChainId
    subject: Subject
    objection: ObjectionId
    matter: Prose
    raised_on: date


class ObjectionSettled(Event, type="chain.objection_settled"):
    """异议处理"""

    chain: ChainId
    subject: Subject
    objection: ObjectionId
    upheld: bool
    answer: Prose


class SignedOff(Event, type="chain.signed"):
    """签字: on the strength of exactly what was shown.

    ``shown`` is the position of the last fact of the subject that the signer saw, ``shown_digest`` the SHA-256 over
    the digests of all of them in order. ``signature`` is over ``statement_of`` this fact; without one, that it was the
    signer rests on their account alone.
    """

    chain: ChainId
    subject: Subject
    stage: int = Field(ge=0)
    seat: int = Field(ge=0)
    post: Post
    region: RegionId
    opinion: Prose
    shown: int = Field(ge=1)
    shown_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    assurance: Assurance = Assurance.ACCOUNT
    signature: PersonalSignature | None = None


class SentBack(Event, type="chain.sent_back", version=2):
    """退回: signed over what was shown, or resting on the account alone, as a sign-off."""

    chain: ChainId
    subject: Subject
    to: Literal["rectification", "check", "notice", "signing"]
    stage: int | None = Field(ge=0)
    reason: Prose
    shown: int | None = Field(default=None, ge=1)
    shown_digest: Digest | None = None
    assurance: Assurance = Assurance.ACCOUNT
    signature: PersonalSignature | None = None


class SignatureRefused(Event, type="chain.refused", version=2):
    """拒签: ends the chain; the issue is rectified again. Signed over what was shown, or resting on the account alone,
    as a sign-off."""

    chain: ChainId
    subject: Subject
    stage: int = Field(ge=0)
    post: Post
    reason: Prose
    shown: int | None = Field(default=None, ge=1)
    shown_digest: Digest | None = None
    assurance: Assurance = Assurance.ACCOUNT
    signature: PersonalSignature | None = None


def _by_account(body: dict[str, Any]) -> dict[str, Any]:
    """Until version 1 nobody could sign that they refused or sent back."""
    return {**body, "shown": None, "shown_digest": None, "assurance": "account", "signature": None}


upcasts[SentBack.type, 1] = upcasts[SignatureRefused.type, 1] = _by_account

Given = SignedOff | SentBack | SignatureRefused
"""What someone says of a chain in their own name, and may sign with a key of their own."""


class ChainWithdrawn(Event, type="chain.withdrawn"):
    """撤回申请"""

    chain: ChainId
    subject: Subject
    reason: Prose


CHAIN = (
    ChainOpened,
    Checked,
    NoticePosted,
    ObjectionRaised,
    ObjectionSettled,
    SignedOff,
    SentBack,
    SignatureRefused,
    ChainWithdrawn,
)


class Phase(StrEnum):
    """签批阶段"""

    label: str

    def __new__(cls, value: str, label: str) -> "Phase":
        phase = str.__new__(cls, value)
        phase._value_, phase.label = value, label
        return phase

    CHECK = "check", "待核查"
    NOTICE = "notice", "待公示"
    ON_NOTICE = "on_notice", "公示中"
    SIGNING = "signing", "审签中"
    COMPLETE = "complete", "已签完"
    SENT_BACK = "sent_back", "已退回整改"
    REFUSED = "refused", "已拒签"
    WITHDRAWN = "withdrawn", "已撤回"

    @property
    def over(self) -> bool:
        return self in (Phase.COMPLETE, Phase.SENT_BACK, Phase.REFUSED, Phase.WITHDRAWN)


@dataclass(frozen=True)
class Chain(State):
    """签批链: as it stands after a past."""

    chain: ChainId
    subject: Subject
    region: RegionId
    round: int
    stages: tuple[Stage, ...]
    notice_days: int
    applicant: PersonId
    opened_on: date
    ended: Phase | None = None
    checked: bool = False
    checker: PersonId | None = None
    checked_on: date | None = None
    notice_until: date | None = None
    objections: frozenset[ObjectionId] = frozenset()
    signed: Mapping[tuple[int, int], PersonId] = field(default_factory=dict)
    """(stage, seat) → who signed there, of the signatures that still count."""

    @property
    def phase(self) -> Phase:
        """Where it stands, whatever the day; a notice that has run out shows only by ``notice_over``."""
        if self.ended:
            return self.ended
        if not self.checked:
            return Phase.CHECK
        if self.notice_days and self.notice_until is None:
            return Phase.NOTICE
        return Phase.COMPLETE if self.stage is None else Phase.SIGNING

    @property
    def stage(self) -> int | None:
        """The first stage that is not whole, or none when every seat is signed."""
        for number, stage in enumerate(self.stages):
            if any((number, seat) not in self.signed for seat in range(len(stage.seats))):
                return number
        return None

    @property
    def demanded(self) -> Assurance:
        """What the present stage demands of whoever signs, refuses or sends back."""
        return Assurance.ACCOUNT if self.stage is None else self.stages[self.stage].assurance

    @property
    def open_seats(self) -> tuple[int, ...]:
        """The seats of the present stage that still wait for a signature."""
        if self.stage is None:
            return ()
        seats = range(len(self.stages[self.stage].seats))
        return tuple(seat for seat in seats if (self.stage, seat) not in self.signed)

    def notice_over(self, day: date) -> bool:
        """Whether no notice is asked, or it was posted and its last day has passed, with every objection settled."""
        if not self.notice_days:
            return True
        return self.notice_until is not None and day > self.notice_until and not self.objections


def evolve(chain: Chain | None, fact: Recorded) -> Chain | None:
    """The chain after one more fact; facts of other kinds leave it as it is."""
    event = fact.event
    if isinstance(event, ChainOpened):
        return Chain(
            event.chain, event.subject, event.region, event.round, event.stages, event.notice_days, fact.by, fact.on
        )
    if chain is None or getattr(event, "chain", None) != chain.chain:
        return chain
    match event:
        case Checked(passed=True, checked_on=day):
            return chain.but(checked=True, checker=fact.by, checked_on=day)
        case Checked(passed=False):
            return chain.but(ended=Phase.SENT_BACK, checker=fact.by)
        case NoticePosted(until=until):
            return chain.but(notice_until=until)
        case ObjectionRaised(objection=objection):
            return chain.but(objections=chain.objections | {objection})
        case ObjectionSettled(objection=objection, upheld=upheld):
            left = chain.objections - {objection}
            return chain.but(objections=left, ended=Phase.SENT_BACK if upheld else None)
        case SignedOff(stage=stage, seat=seat):
            return chain.but(signed={**chain.signed, (stage, seat): fact.by})
        case SentBack(to="rectification"):
            return chain.but(ended=Phase.SENT_BACK)
        case SentBack(to="check"):
            return chain.but(checked=False, checker=None, checked_on=None, notice_until=None, signed={})
        case SentBack(to="notice"):
            return chain.but(notice_until=None, signed={})
        case SentBack(to="signing", stage=stage):
            kept = {place: who for place, who in chain.signed.items() if stage is not None and place[0] < stage}
            return chain.but(signed=kept)
        case SignatureRefused():
            return chain.but(ended=Phase.REFUSED)
        case ChainWithdrawn():
            return chain.but(ended=Phase.WITHDRAWN)
    return chain


def fold(facts: Iterable[Recorded], chain: ChainId) -> Chain | None:
    """One chain as it stands after these facts."""
    state: Chain | None = None
    for fact in facts:
        if getattr(fact.event, "chain", None) == chain:
            state = evolve(state, fact)
    return state


def statement_of(given: Given, signer: PersonId, chain: Chain, before: Iterable[Recorded]) -> Statement:
    """What someone signs with their own key: all that the fact will say, and a digest over the signatures that count:
    of the stages before for a sign-off, all of them for what sets them aside. ``chain`` and ``before`` are the chain,
    and the facts about its subject, up to then."""
    match given:
        case SignedOff():
            kind, until = "taizhang.signoff.v1", given.stage
            said: dict[str, str | int | None] = {
                "decision": "approve",
                "stage": given.stage,
                "seat": given.seat,
                "post": given.post.value,
                "region": given.region,
                "opinion": given.opinion,
            }
        case SignatureRefused():
            kind, until = "taizhang.refusal.v1", len(chain.stages)
            said = {
                "decision": "refuse",
                "stage": given.stage,
                "post": given.post.value,
                "reason": given.reason,
            }
        case SentBack():
            kind, until = "taizhang.sendback.v1", len(chain.stages)
            said = {"decision": "send_back", "to": given.to, "stage": given.stage, "reason": given.reason}
    return statement(
        kind,
        subject=given.subject,
        chain=given.chain,
        shown=given.shown,
        shown_digest=given.shown_digest,
        signer=signer,
        before=_counting(chain, before, until),
        **said,
    )


def _counting(chain: Chain, before: Iterable[Recorded], until: int) -> str:
    """The SHA-256 over the signatures that count of the stages below this one, in order of stages and seats."""
    counted = {
        (fact.event.stage, fact.event.seat): f"{fact.position} {fact.digest}\n"
        for fact in before
        if isinstance(fact.event, SignedOff) and fact.event.chain == chain.chain and fact.event.stage < until
    }
    lines = "".join(counted[place] for place in sorted(counted) if place in chain.signed)
    return sha256(lines.encode()).hexdigest()


def last_notice_day(posted_on: date, days: int) -> date:
    """The last day of a notice of so many days; the day of posting does not count."""
    return posted_on + timedelta(days=days)
