"""排查台账: one line per sweep, and one per finding with what it still waits for. 跟踪检查: none is dropped."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import HouseholdId, IssueId, PersonId, RegionId, SweepId
from domain.issues import IssueClosed, IssueReopened, IssueWithdrawn, LookedBack
from domain.sweeps import HouseholdSwept, SweepConcluded, SweepOpened
from projections.ledger import Ledger, one_line
from projections.line import Line


class SweepLine(Line, table="sweep_ledger", key=("sweep",), found_by=(("region", "sweep"), ("rule", "region"))):
    """排查台账"""

    sweep: SweepId
    region: RegionId
    rule: str
    title: str
    opened_on: date
    opened_by: PersonId
    last_position: int
    visits: int = 0
    found: int = 0
    last_swept_on: date | None = None
    concluded_on: date | None = None
    households: int | None = None


class FindingLine(
    Line, table="finding_ledger", key=("issue",), found_by=(("household",), ("sweep",), ("settled", "sweep"))
):
    """查出问题台账

    ``waits_for`` says what keeps a finding from being let go of; one that was withdrawn stays until the sweep ends.
    """

    issue: IssueId
    sweep: SweepId
    household: HouseholdId
    findings: str
    found_on: date
    finder: PersonId
    waits_for: str | None = "未销号"
    settled: bool = False
    closed_on: date | None = None
    followed_up_on: date | None = None
    followed_up_by: PersonId | None = None
    relapses: int = 0


def sweeps(fact: Recorded) -> Iterator[str]:
    yield fact.event.sweep  # type: ignore[attr-defined]


def sweep_after(line: SweepLine | None, fact: Recorded) -> SweepLine | None:
    match fact.event:
        case SweepOpened() as event:
            return SweepLine(
                event.sweep, event.region, event.rule, event.title, event.opened_on, fact.by, fact.position
            )
        case HouseholdSwept(issue=issue, swept_on=day) if line:
            return line.but(
                visits=line.visits + 1,
                found=line.found + (issue is not None),
                last_swept_on=day,
                last_position=fact.position,
            )
        case SweepConcluded(concluded_on=day, households=households) if line:
            return line.but(concluded_on=day, households=households, last_position=fact.position)
    return line


def findings(fact: Recorded) -> Iterator[str]:
    issue = fact.event.issue  # type: ignore[attr-defined]
    if issue is not None:
        yield issue


def finding_after(line: FindingLine | None, fact: Recorded) -> FindingLine | None:
    match fact.event:
        case HouseholdSwept(issue=IssueId() as issue) as event:
            return FindingLine(issue, event.sweep, event.household, event.findings, event.swept_on, fact.by)
        case IssueClosed() if line:
            return line.but(waits_for="未跟踪检查", closed_on=fact.on)
        case LookedBack(holds=True, looked_on=day) if line:
            return line.but(waits_for=None, settled=True, followed_up_on=day, followed_up_by=fact.by)
        case IssueReopened() if line:
            return line.but(waits_for="未销号", settled=False, closed_on=None, relapses=line.relapses + 1)
        case IssueWithdrawn() if line:
            return line.but(waits_for="已撤销,须由他人再次入户核实")
    return line


SWEEPS = Ledger(
    SweepLine, folds=(SweepOpened, HouseholdSwept, SweepConcluded), groups=sweeps, evolve=one_line(sweep_after)
)
FINDINGS = Ledger(
    FindingLine,
    folds=(HouseholdSwept, IssueClosed, LookedBack, IssueReopened, IssueWithdrawn),
    groups=findings,
    evolve=one_line(finding_after),
)
