"""反向核查台账: one line per claim that was drawn, and whether it held."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import DrawId, HouseholdId, IssueId, PersonId, ProjectId, RegionId, UnitId
from domain.reverse_check import ClaimChecked, ClaimKind, ClaimsDrawn
from projections.ledger import Ledger
from projections.line import Line


class ClaimLine(
    Line,
    table="reverse_check_ledger",
    key=("draw", "position"),
    found_by=(("claimant",), ("region", "claimed_on"), ("issue",)),
):
    """反向核查台账

    ``position`` is where the claim stands in the record; ``holds`` is none until it has been checked.
    """

    draw: DrawId
    position: int
    subject: HouseholdId | PersonId | UnitId | RegionId
    region: RegionId
    kind: ClaimKind
    claimant: PersonId
    object: HouseholdId | ProjectId | None
    claimed_on: date
    drawn_by: PersonId
    drawn_on: date
    holds: bool | None = None
    findings: str | None = None
    checked_by: PersonId | None = None
    checked_on: date | None = None
    issue: IssueId | None = None


Lines = tuple[ClaimLine, ...]


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.draw  # type: ignore[attr-defined]


def evolve(lines: Lines, fact: Recorded, draw: str) -> Lines:
    match fact.event:
        case ClaimsDrawn() as event:
            return tuple(
                ClaimLine(
                    event.draw,
                    claim.position,
                    event.subject,
                    claim.region,
                    claim.kind,
                    claim.claimant,
                    claim.object,
                    claim.claimed_on,
                    fact.by,
                    fact.on,
                )
                for claim in event.claims
            )
        case ClaimChecked() as event:
            return tuple(
                line.but(
                    holds=event.holds,
                    findings=event.findings,
                    checked_by=fact.by,
                    checked_on=event.checked_on,
                    issue=event.issue,
                )
                if line.position == event.position
                else line
                for line in lines
            )
    return lines


LEDGER = Ledger(ClaimLine, folds=(ClaimsDrawn, ClaimChecked), groups=groups, evolve=evolve)
