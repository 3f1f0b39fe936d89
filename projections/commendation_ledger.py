"""激励台账: one line per praise, bonus, reserve listing or promotion considered, and what was revoked."""

from collections.abc import Iterator
from datetime import date

from domain import commendation
from domain.commendation import MeritGiven, MeritKind, MeritRevoked, ReserveLevel
from domain.fact import Fen, Recorded
from domain.ids import MeritId, PersonId, RegionId, UnitId
from domain.posts import Post
from projections.ledger import Ledger, one_line
from projections.line import Line


class CommendationLine(
    Line,
    table="commendation_ledger",
    key=("merit",),
    found_by=(("region", "merit"), ("subject",)),
):
    """激励台账

    ``amount`` in 分. What was revoked keeps its line.
    """

    merit: MeritId
    subject: RegionId | UnitId | PersonId
    region: RegionId
    kind: MeritKind
    level: ReserveLevel | None
    amount: Fen | None
    post: Post
    reasons: str
    decided_by: PersonId
    decided_on: date
    recorded_on: date
    revoked_on: date | None = None
    revoked_by: PersonId | None = None
    revoked_for: str | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.merit  # type: ignore[attr-defined]


def evolve(line: CommendationLine | None, fact: Recorded) -> CommendationLine | None:
    match fact.event:
        case MeritGiven() as event:
            return CommendationLine(
                event.merit,
                event.on,
                event.region,
                event.kind,
                event.level,
                event.amount,
                event.post,
                event.reasons,
                fact.by,
                event.decided_on,
                fact.on,
            )
        case MeritRevoked(revoked_on=day, reasons=reasons) if line:
            return line.but(revoked_on=day, revoked_by=fact.by, revoked_for=reasons)
    return line


LEDGER = Ledger(
    CommendationLine,
    folds=(MeritGiven, MeritRevoked),
    groups=groups,
    evolve=one_line(evolve),
    rests_on=(commendation,),
)
