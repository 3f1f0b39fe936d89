"""Reverse check 反向核查: take what people claimed, go there, and see whether it is so.

Which claims are taken is drawn, and the draw can be done again by anyone: it follows from the facts on record and from
the draw's own place in the record, and from nothing that whoever draws could choose.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Literal, NamedTuple, TypeVar

from pydantic import Field

from domain.attendance import DayReported
from domain.books import HelpReported
from domain.command import About, Act, Command, Scope, not_before, not_future, refuse
from domain.evidence import Evidence
from domain.fact import Event, Past, Recorded, Value
from domain.households import HouseholdRegistered
from domain.ids import AppointmentId, DrawId, HouseholdId, IssueId, PersonId, RegionId, UnitId
from domain.issues import Deadline, IssueRegistered, ObjectId, StepReported
from domain.policy import Severity
from domain.posts import TENURE, Appointed, LedgerOpened, Post, Relieved, Tenure, authorise, authority_of, tenures
from domain.regions import LIFE, standing
from domain.registration import coherent
from domain.text import Prose
from domain.visits import VisitRecorded

T = TypeVar("T")

CHECKERS = (Post.SUPERVISOR, Post.INSPECTOR, Post.HEADQUARTERS)
MOST_DRAWN = 200

Checked = HouseholdId | PersonId | UnitId | RegionId
"""被查对象: a household's book, a person, a team (their unit), or everybody who reported from a place."""

ClaimKind = Literal["visit", "day", "help", "step"]
"""所报事项: 走访 在岗 帮扶进度 整改进展."""

CLAIM_KINDS = {"visit": "走访", "day": "在岗", "help": "帮扶进度", "step": "整改进展"}

SOURCE = "反向核查"
CATEGORY = "虚报"


class Claim(Value):
    """所报: a fact in which someone said what they had done: where it stands in the record, the SHA-256 of its exact
    bytes, who said it, and of which day, place and household."""

    position: int = Field(ge=1)
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    kind: ClaimKind
    claimant: PersonId
    region: RegionId
    object: ObjectId | None
    claimed_on: date


class ClaimsDrawn(Event, type="reverse.drawn"):
    """反向核查抽取

    ``cut_off`` is the position up to which claims were taken in, and ``cut_off_digest`` the digest of the fact there;
    ``candidates`` were ``candidates`` in number, and ``candidates_digest`` covers all of them in order.
    """

    draw: DrawId
    region: RegionId
    subject: Checked
    since: date
    until: date
    many: int = Field(ge=1)
    cut_off: int = Field(ge=1)
    cut_off_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    candidates: int = Field(ge=1)
    candidates_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    claims: tuple[Claim, ...] = Field(min_length=1)


class ClaimChecked(Event, type="reverse.checked"):
    """反向核查结果: stands in the record of whoever claimed it."""

    draw: DrawId
    position: int = Field(ge=1)
    claimant: PersonId
    region: RegionId
    holds: bool
    findings: Prose
    checked_on: date
    issue: IssueId | None
    evidence: tuple[Evidence, ...]


CLAIMED = (VisitRecorded, DayReported, HelpReported, StepReported)
"""What can be checked."""

GROUND = (*CLAIMED, *TENURE, HouseholdRegistered, IssueRegistered)
"""The facts from which claims are worked out."""


def sample(seed: bytes, candidates: Sequence[T], many: int) -> tuple[T, ...]:
    """So many of the candidates, in their order: those whose SHA-256 under the seed is smallest. The same seed and
    candidates always give the same ones, and each is as likely as any other."""
    ranked = sorted(range(len(candidates)), key=lambda n: sha256(seed + n.to_bytes(8)).digest())
    return tuple(candidates[n] for n in sorted(ranked[:many]))


class Asked(NamedTuple):
    """抽取范围: whose claims, of which days, and how many."""

    region: RegionId
    subject: Checked
    since: date
    until: date
    many: int


def seed_of(asked: Asked, cut_off_digest: str, by: PersonId, at: datetime) -> bytes:
    """What a draw is drawn with. It leaves out the draw's number, which is chosen freely, and takes in the instant,
    which is not: so nobody tries numbers until the draw suits them."""
    instant = at.astimezone(UTC).isoformat(timespec="microseconds")
    said = (asked.region, asked.subject, asked.since, asked.until, asked.many, cut_off_digest, by, instant)
    return sha256("|".join(map(str, said)).encode()).digest()


def digest_of(claims: Iterable[Claim]) -> str:
    """A digest over all the candidates, in order."""
    return sha256("".join(f"{claim.position} {claim.digest}\n" for claim in claims).encode()).hexdigest()


def claims_in(facts: Iterable[Recorded], asked: Asked) -> tuple[Claim, ...]:
    """The candidates of a draw: what was claimed of these days by or about whoever is checked, in order."""
    homes: dict[HouseholdId, RegionId] = {}
    matters: dict[IssueId, IssueRegistered] = {}
    appointments: list[Event] = []
    found: list[Claim] = []
    for fact in facts:
        match fact.event:
            case LedgerOpened() | Appointed() | Relieved() as appointment:
                appointments.append(appointment)
            case HouseholdRegistered(household=household, region=region):
                homes[household] = region
            case IssueRegistered() as registered:
                matters[registered.issue] = registered
            case _:
                if claim := claim_of(fact, homes, matters):
                    found.append(claim)
    known = tenures(appointments)
    return tuple(
        claim
        for claim in found
        if asked.since <= claim.claimed_on <= asked.until
        and asked.region.holds(claim.region)
        and concerns(claim, asked.subject, known)
    )


def claim_of(
    fact: Recorded, homes: Mapping[HouseholdId, RegionId], matters: Mapping[IssueId, IssueRegistered]
) -> Claim | None:
    """What a fact claims, if it is a claim of something done."""
    match fact.event:
        case VisitRecorded(person=who, region=region, household=household, occurred_on=day):
            return _claim(fact, "visit", who, region, household, day)
        case DayReported(person=who, region=region, on=day, presence="village" | "trip"):
            return _claim(fact, "day", who, region, None, day)
        case HelpReported(household=household, occurred_on=day) if household in homes:
            return _claim(fact, "help", fact.by, homes[household], household, day)
        case StepReported(issue=issue, occurred_on=day) if issue in matters:
            return _claim(fact, "step", fact.by, matters[issue].region, matters[issue].object, day)
    return None


def _claim(
    fact: Recorded, kind: ClaimKind, who: PersonId, region: RegionId, object: ObjectId | None, day: date
) -> Claim:
    return Claim(
        position=fact.position,
        digest=fact.digest,
        kind=kind,
        claimant=who,
        region=region,
        object=object,
        claimed_on=day,
    )


def concerns(claim: Claim, subject: Checked, known: Mapping[AppointmentId, Tenure]) -> bool:
    """Whether a claim is by or about whoever is checked."""
    match subject:
        case PersonId():
            return claim.claimant == subject
        case UnitId():
            return any(
                one.unit == subject and one.person == claim.claimant and one.covers(claim.claimed_on)
                for one in known.values()
            )
        case RegionId():
            return subject.holds(claim.region)
    return claim.object == subject


class DrawClaims(Command):
    """反向核查抽取

    The candidates are worked out from the record up to the cut-off; the draw itself is made here.
    """

    draw: DrawId
    region: RegionId
    subject: Checked
    since: date
    until: date
    many: int = Field(ge=1, le=MOST_DRAWN)
    cut_off: int = Field(ge=1)
    cut_off_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    candidates: tuple[Claim, ...]

    @property
    def asked(self) -> Asked:
        return Asked(self.region, self.subject, self.since, self.until, self.many)

    def stands_on(self, past: Past, act: Act) -> Scope:
        return (*authority_of(act), About(self.draw, (ClaimsDrawn,)), About(self.region, LIFE))

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        standing(past, self.region)
        authorise(past, act, self.region, *CHECKERS)
        if past.about(self.draw):
            refuse("draw_already_made", "这次抽取已经记录")
        not_future(self.since, act, "起始日期")
        not_before(self.until, self.since, "截止日期早于起始日期")
        if not self.candidates:
            refuse("nothing_to_draw", "这段时间没有可核查的填报")
        if any(claim.claimant == act.by for claim in self.candidates):
            refuse("own_claims", "抽取范围内有您自己的填报,须由他人核查")
        seed = seed_of(self.asked, self.cut_off_digest, act.by, act.at)
        yield ClaimsDrawn(
            draw=self.draw,
            region=self.region,
            subject=self.subject,
            since=self.since,
            until=self.until,
            many=self.many,
            cut_off=self.cut_off,
            cut_off_digest=self.cut_off_digest,
            candidates=len(self.candidates),
            candidates_digest=digest_of(self.candidates),
            claims=sample(seed, self.candidates, self.many),
        )


def asked_in(drawn: ClaimsDrawn) -> Asked:
    """What a recorded draw was asked for."""
    return Asked(drawn.region, drawn.subject, drawn.since, drawn.until, drawn.many)


@dataclass(frozen=True)
class Draw:
    """反向核查: one draw as it stands after a past, and what of it has been checked."""

    drawn: ClaimsDrawn
    checked: Mapping[int, ClaimChecked] = field(default_factory=dict)

    @property
    def open(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.drawn.claims if claim.position not in self.checked)


def draw_known(past: Past, draw: DrawId) -> Draw:
    """The draw, refused when nobody made it."""
    state: Draw | None = None
    for event in past.about(draw).events:
        match event:
            case ClaimsDrawn():
                state = Draw(event)
            case ClaimChecked(position=position) if state:
                state = replace(state, checked={**state.checked, position: event})
    return state or refuse("unknown_draw", "没有这次反向核查")


class CheckClaim(Command):
    """反向核查

    What was found of one claim that was drawn. A claim that does not hold becomes an issue in the same breath, with its
    own gravity and deadline.
    """

    draw: DrawId
    position: int = Field(ge=1)
    holds: bool
    findings: Prose
    checked_on: date
    evidence: tuple[Evidence, ...] = Field(default=(), max_length=50)
    issue: IssueId | None = None
    severity: Severity | None = None
    deadline: Deadline | None = None

    def stands_on(self, past: Past, act: Act) -> Scope:
        issue = (About(self.issue, (IssueRegistered,)),) if self.issue else ()
        return (*authority_of(act), About(self.draw, (ClaimsDrawn, ClaimChecked)), *issue)

    def decide(self, past: Past, act: Act) -> Iterator[Event]:
        draw = draw_known(past, self.draw)
        authorise(past, act, draw.drawn.region, *CHECKERS)
        claim = next((one for one in draw.drawn.claims if one.position == self.position), None)
        if claim is None:
            refuse("not_drawn", "这条填报没有被抽中")
        if self.position in draw.checked:
            refuse("already_checked", "这条填报已经核查")
        if act.by == claim.claimant:
            refuse("own_claims", "不能核查自己的填报")
        not_future(self.checked_on, act, "核查日期")
        not_before(self.checked_on, claim.claimed_on, "核查日期早于所报日期")
        if {self.issue is None, self.severity is None, self.deadline is None} != {self.holds}:
            refuse("issue_incoherent", "不属实的须定问题等级和整改时限,属实的不定")
        if self.issue and self.severity and self.deadline:
            if past.about(self.issue).of(IssueRegistered):
                refuse("issue_already_registered", "该问题已经登记")
            coherent(self.deadline, self.checked_on)
            yield IssueRegistered(
                issue=self.issue,
                region=claim.region,
                place=None,
                object=claim.object,
                category=CATEGORY,
                source=SOURCE,
                severity=self.severity,
                description=self.findings,
                found_on=self.checked_on,
                deadline=self.deadline,
                planned_funds=None,
            )
        yield ClaimChecked(
            draw=self.draw,
            position=self.position,
            claimant=claim.claimant,
            region=claim.region,
            holds=self.holds,
            findings=self.findings,
            checked_on=self.checked_on,
            issue=self.issue,
            evidence=self.evidence,
        )
