"""签字台账: one line per signature ever given, whether or not it still counts."""

from datetime import date, datetime

from domain import chains
from domain.chains import CHAIN, Chain, SignedOff
from domain.fact import Recorded
from domain.ids import ChainId, HouseholdId, IssueId, PersonId, RegionId, SigningKeyId
from domain.posts import Post
from domain.statements import Assurance
from projections.ledger import Ledger
from projections.line import Line


class SignatureLine(
    Line,
    table="signature_ledger",
    key=("chain", "position"),
    found_by=(("signer", "signed_at"), ("region",), ("subject",), ("signing_key",)),
):
    """签字台账

    ``shown`` and ``shown_digest`` say exactly what the signer had before them, ``signing_key`` what they signed
    with, if with more than their account. A signature stops counting when its
    chain is sent back behind it, or ends before it is whole.
    """

    chain: ChainId
    position: int
    subject: IssueId | HouseholdId | RegionId
    signer: PersonId
    post: Post
    region: RegionId
    stage: int
    seat: int
    opinion: str
    shown: int
    shown_digest: str
    signed_at: datetime
    assurance: Assurance
    signing_key: SigningKeyId | None
    counts: bool = True
    voided_on: date | None = None
    voided_by: PersonId | None = None
    void_reason: str | None = None


Lines = tuple[SignatureLine, ...]


def groups(fact: Recorded) -> tuple[str]:
    return (fact.event.chain,)  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, group: str) -> Lines:
    event = fact.event
    if isinstance(event, SignedOff):
        return (*lines, signature(event, fact))
    if not lines:
        return lines
    standing = {(line.stage, line.seat): line.signer for line in lines if line.counts}
    chain = Chain(lines[0].chain, lines[0].subject, lines[0].region, 1, (), 0, fact.by, fact.on, signed=standing)
    after = chains.evolve(chain, fact)
    left = {} if after is None or after.ended else after.signed
    if all((line.stage, line.seat) in left for line in lines if line.counts):
        return lines
    reason = getattr(event, "reason", None) or getattr(event, "answer", None)
    return tuple(
        line.but(counts=False, voided_on=fact.on, voided_by=fact.by, void_reason=reason)
        if line.counts and (line.stage, line.seat) not in left
        else line
        for line in lines
    )


def signature(event: SignedOff, fact: Recorded) -> SignatureLine:
    return SignatureLine(
        event.chain,
        fact.position,
        event.subject,
        fact.by,
        event.post,
        event.region,
        event.stage,
        event.seat,
        event.opinion,
        event.shown,
        event.shown_digest,
        fact.recorded_at,
        event.assurance,
        event.signature.key if event.signature else None,
    )


LEDGER = Ledger(SignatureLine, folds=CHAIN, groups=groups, evolve=evolve, rests_on=(chains,))
