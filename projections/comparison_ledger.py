"""比对台账: who compared which roster with which place when, and what became of it; and every household found."""

from collections.abc import Iterator
from datetime import date

from domain import comparison
from domain.comparison import ContradictionFound, RosterCompared, RosterKind
from domain.fact import Recorded
from domain.ids import HouseholdId, ImportId, IssueId, PersonId, RegionId
from projections.ledger import Ledger
from projections.line import Line


class ComparisonLine(
    Line,
    table="comparison_ledger",
    key=("roster", "position"),
    found_by=(("region", "position"), ("compared_by", "position"), ("kind", "position")),
):
    """比对台账

    ``rows`` of the roster, of which ``unreadable`` had no identity number that can be read; ``contradictions`` are the
    households newly found, ``opened`` the issues that were opened for them, ``attached`` those found already open.
    """

    roster: ImportId
    position: int
    kind: RosterKind
    region: RegionId
    roster_on: date
    compared_on: date
    compared_by: PersonId
    rows: int
    unreadable: int
    contradictions: int
    opened: int = 0
    attached: int = 0


class ContradictionLine(
    Line,
    table="contradiction_ledger",
    key=("household", "roster", "kind"),
    found_by=(("region", "position"), ("roster", "household"), ("issue",)),
):
    """比对不一致台账

    ``people`` are the household's members concerned; ``opened`` says that this opened the issue, and did not name one
    that stood open already.
    """

    household: HouseholdId
    roster: ImportId
    kind: RosterKind
    region: RegionId
    people: int
    issue: IssueId
    opened: bool
    found_on: date
    position: int


Comparisons = tuple[ComparisonLine, ...]
Contradictions = tuple[ContradictionLine, ...]


def rosters(fact: Recorded) -> Iterator[str]:
    yield fact.event.roster  # type: ignore[attr-defined]


def households(fact: Recorded) -> Iterator[str]:
    # By household, for a roster may contradict twenty thousand of them.
    yield fact.event.household  # type: ignore[attr-defined]


def compared(lines: Comparisons, fact: Recorded, roster: str) -> Comparisons:
    match fact.event:
        case RosterCompared() as event:
            new = ComparisonLine(
                event.roster,
                fact.position,
                event.kind,
                event.region,
                event.roster_on,
                fact.on,
                fact.by,
                event.rows,
                event.unreadable,
                event.households,
            )
            return (*lines, new)
        case ContradictionFound() as event:
            # What was found is recorded with the comparison that found it, right after it.
            last = max(lines, key=lambda line: line.position)
            more = last.but(opened=last.opened + event.opened, attached=last.attached + (not event.opened))
            return tuple(more if line is last else line for line in lines)
    return lines


def contradicted(lines: Contradictions, fact: Recorded, household: str) -> Contradictions:
    event = fact.event
    assert isinstance(event, ContradictionFound)
    new = ContradictionLine(
        event.household,
        event.roster,
        event.kind,
        event.region,
        len(event.members),
        event.issue,
        event.opened,
        fact.on,
        fact.position,
    )
    return (*(line for line in lines if line.identity() != new.identity()), new)


COMPARISONS = Ledger(
    ComparisonLine, folds=(RosterCompared, ContradictionFound), groups=rosters, evolve=compared, rests_on=(comparison,)
)
CONTRADICTIONS = Ledger(
    ContradictionLine,
    folds=(ContradictionFound,),
    groups=households,
    evolve=contradicted,
    rests_on=(comparison,),
)
