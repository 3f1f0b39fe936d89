"""签批台账: one line per chain, and each signer's queue 待签."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from domain import chains, signoff
from domain.chains import (
    CHAIN,
    Chain,
    ChainOpened,
    ChainWithdrawn,
    Checked,
    NoticePosted,
    ObjectionRaised,
    ObjectionSettled,
    Phase,
    Purpose,
    SentBack,
    SignatureRefused,
    SignedOff,
)
from domain.exiting import VERIFY
from domain.fact import Recorded, Value
from domain.ids import LEVELS, ChainId, HouseholdId, IssueId, ObjectionId, PersonId, RegionId
from domain.indicators import kind_of
from domain.organisation import fits
from domain.policy import Stage
from domain.posts import FIELD, Post, Tenure
from domain.signoff import CHECK, SETTLE
from projections.ledger import Ledger, one_line
from projections.line import Line
from projections.reading import Where

POST_NOTICE = (*FIELD, Post.HEADQUARTERS)
"""Who may post a notice."""

UNDER_WAY = tuple(phase for phase in Phase if not phase.over)

SIGNED_WITHIN_A_MINUTE = "signed_within_a_minute"
"""一分钟内签完: every level's signature within sixty seconds."""


class Signed(Value):
    """签字: one that counts."""

    stage: int
    seat: int
    person: PersonId
    post: Post
    at: datetime


class SignOffLine(
    Line,
    table="signoff_ledger",
    key=("chain",),
    found_by=(("region", "chain"), ("phase", "region"), ("subject",)),
):
    """签批台账

    ``waiting`` lists who may do what comes next, as ``post@region``; ``ready_on`` is the first day on which they may.
    ``signed`` and ``signers`` are of the signatures that count, in the order they were given. The stage that signs
    now is none before and after signing.
    """

    chain: ChainId
    subject: IssueId | HouseholdId | RegionId
    purpose: Purpose
    region: RegionId
    round: int
    statement: str
    stages: tuple[Stage, ...]
    notice_days: int
    applicant: PersonId
    opened_on: date
    phase: Phase
    ready_on: date
    waiting: tuple[str, ...]
    last_position: int
    stage: int | None = None
    stage_label: str | None = None
    checked: bool = False
    checker: PersonId | None = None
    checked_on: date | None = None
    findings: str | None = None
    notice_posted_on: date | None = None
    notice_until: date | None = None
    notice_place: str | None = None
    objections: tuple[ObjectionId, ...] = ()
    objections_open: int = 0
    objections_raised: int = 0
    signed: tuple[Signed, ...] = ()
    signers: tuple[PersonId, ...] = ()
    sent_back: int = 0
    last_reason: str | None = None
    ended_on: date | None = None
    marks: tuple[str, ...] = ()

    @cached_property
    def as_chain(self) -> Chain:
        return Chain(
            self.chain,
            self.subject,
            self.region,
            self.round,
            self.stages,
            self.notice_days,
            self.applicant,
            self.opened_on,
            ended=self.phase if self.phase.over and self.phase is not Phase.COMPLETE else None,
            checked=self.checked,
            checker=self.checker,
            checked_on=self.checked_on,
            notice_until=self.notice_until,
            objections=frozenset(self.objections),
            signed={(one.stage, one.seat): one.person for one in self.signed},
        )


Changes = dict[str, Any]
"""Columns, and what they become."""


def phase_on(line: SignOffLine, day: date) -> Phase:
    """The phase as it shows on a day: a notice runs until its last day is over."""
    if line.phase is Phase.SIGNING and day < line.ready_on:
        return Phase.ON_NOTICE
    return line.phase


def queue(tenures: Iterable[Tenure], person: PersonId, day: date) -> tuple[Where, ...]:
    """待办: the chains on which someone with these tenures may act on a day, without those they have signed."""
    seats = tuple(seat(tenure.post, tenure.region) for tenure in tenures if tenure.covers(day))
    return (
        Where("phase", "in", UNDER_WAY),
        Where("waiting", "any", seats),
        Where("ready_on", "until", day),
        Where("signers", "lacks", (person,)),
    )


def seat(post: Post, region: RegionId) -> str:
    return f"{post}@{region}"


def groups(fact: Recorded) -> tuple[str]:
    return (fact.event.chain,)  # type: ignore[attr-defined]


def evolve(line: SignOffLine | None, fact: Recorded) -> SignOffLine | None:
    event = fact.event
    before = line.as_chain if line else None
    after = chains.evolve(before, fact)
    if after is None:
        return None
    if isinstance(event, ChainOpened):
        line = opened(event, fact)
    assert line is not None
    if before and after.signed is not before.signed:
        line = signed(line, after, fact)
    return line.but(**standing(line, after, fact), **told(line, fact)).knowing(as_chain=after)


def told(line: SignOffLine, fact: Recorded) -> Changes:
    """What the line says of a fact besides the standing of its chain."""
    match fact.event:
        case SignedOff():
            return {}
        case Checked(findings=findings):
            return {"findings": findings}
        case NoticePosted(posted_on=day, place=place):
            return {"notice_posted_on": day, "notice_place": place}
        case ObjectionRaised():
            return {"objections_raised": line.objections_raised + 1}
        case ObjectionSettled(upheld=True, answer=reason):
            return {"last_reason": reason}
        case SentBack(reason=reason):
            return {"sent_back": line.sent_back + 1, "last_reason": reason}
        case SignatureRefused(reason=reason) | ChainWithdrawn(reason=reason):
            return {"last_reason": reason}
    return {}


def opened(event: ChainOpened, fact: Recorded) -> SignOffLine:
    return SignOffLine(
        chain=event.chain,
        subject=event.subject,
        purpose=event.purpose,
        region=event.region,
        round=event.round,
        statement=event.statement,
        stages=event.stages,
        notice_days=event.notice_days,
        applicant=fact.by,
        opened_on=fact.on,
        phase=Phase.CHECK,
        ready_on=fact.on,
        waiting=(),
        last_position=fact.position,
    )


def signed(line: SignOffLine, chain: Chain, fact: Recorded) -> SignOffLine:
    """The line with the signatures that still count, and the one that was just given."""
    kept = tuple(one for one in line.signed if chain.signed.get((one.stage, one.seat)) == one.person)
    if isinstance(fact.event, SignedOff):
        event = fact.event
        kept += (Signed(stage=event.stage, seat=event.seat, person=fact.by, post=event.post, at=fact.recorded_at),)
    return line.but(signed=kept, signers=tuple(one.person for one in kept))


def standing(line: SignOffLine, chain: Chain, fact: Recorded) -> Changes:
    """Everything else that the domain itself folds."""
    phase = chain.phase
    stage = chain.stage if phase is Phase.SIGNING else None
    return {
        "last_position": fact.position,
        "phase": phase,
        "stage": stage,
        "stage_label": None if stage is None else chain.stages[stage].label,
        "waiting": waiting(chain, phase, stage),
        "ready_on": line.opened_on
        if stage is None or not chain.notice_until
        else chain.notice_until + timedelta(days=1),
        "checked": chain.checked,
        "checker": chain.checker,
        "checked_on": chain.checked_on,
        "notice_until": chain.notice_until,
        "objections": tuple(sorted(chain.objections)) if chain.objections else (),
        "objections_open": len(chain.objections),
        "ended_on": fact.on if phase.over and line.ended_on is None else line.ended_on,
        "marks": (*line.marks, SIGNED_WITHIN_A_MINUTE) if phase is Phase.COMPLETE and hasty(line) else line.marks,
    }


def waiting(chain: Chain, phase: Phase, number: int | None) -> tuple[str, ...]:
    """Who may do what comes next."""
    if phase is Phase.CHECK:
        return over(chain.region, CHECK if isinstance(chain.subject, IssueId) else VERIFY[kind_of(chain.subject)])
    if phase is Phase.NOTICE:
        return over(chain.region, POST_NOTICE)
    if chain.objections:
        return over(chain.region, SETTLE)
    if number is None:
        return ()
    stage = chain.stages[number]
    open_seats = (seat for place, seat in enumerate(stage.seats) if (number, place) not in chain.signed)
    return at(chain.region.at(stage.level) or chain.region, tuple(post for seat in open_seats for post in seat.posts))


@lru_cache(maxsize=10_000)
def at(region: RegionId, posts: tuple[Post, ...]) -> tuple[str, ...]:
    """These posts at the region itself."""
    return tuple(seat(post, region) for post in dict.fromkeys(posts))


@lru_cache(maxsize=10_000)
def over(region: RegionId, posts: tuple[Post, ...]) -> tuple[str, ...]:
    """These posts wherever they have authority over the region: at its own level, and above it."""
    above = [place for level in LEVELS.values() if (place := region.at(level))]
    return tuple(seat(post, place) for post in posts for place in above if fits(post, place))


def hasty(line: SignOffLine) -> bool:
    return len(line.stages) > 1 and line.signed[-1].at - line.signed[0].at < timedelta(minutes=1)


LEDGER = Ledger(SignOffLine, folds=CHAIN, groups=groups, evolve=one_line(evolve), rests_on=(chains, signoff))
