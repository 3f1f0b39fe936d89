"""农户台账: one line per household: who helps it, what it comes up to, whether it has exited, what is open on it."""

from collections.abc import Iterator
from datetime import date

from domain import exits, households
from domain.books import HouseholdSurveyed
from domain.exits import ExitDecided, ExitProposed, ExitVoided
from domain.fact import Recorded, Value
from domain.households import (
    HOUSEHOLD,
    Category,
    Household,
    HouseholdRecategorised,
    HouseholdRegistered,
    HouseholdRemoved,
    MemberJoined,
    MemberLeft,
    Paired,
    PairingEnded,
)
from domain.ids import ChainId, HouseholdId, IssueId, MemberId, PersonId, RegionId
from domain.indicators import IndicatorAssessed
from domain.issues import IssueClosed, IssueRegistered, IssueReopened, IssueWithdrawn
from domain.monitoring import ClueDismissed, ClueReported, RiskIdentified, RiskReleased
from projections.ledger import Ledger, one_line
from projections.line import Line


class Assessed(Value):
    """指标现状"""

    indicator: str
    met: bool
    value: int | None
    assessed_on: date
    by: PersonId


class HouseholdLine(
    Line,
    table="household_ledger",
    key=("household",),
    found_by=(("region", "household"), ("cadre",), ("category", "region"), ("exited", "region")),
):
    """农户台账

    ``cadre`` is the one who helps it now; while there is none, ``unpaired_since`` says since when there has been no
    longer, if there ever was. ``gap_days`` are the days it was without one between two pairings. ``met`` and
    ``unmet`` list the indicators by their latest assessment. ``monitored`` is the kind of risk it is watched for.
    """

    household: HouseholdId
    region: RegionId
    hamlet: str | None
    category: Category
    members: tuple[MemberId, ...]
    people: int
    identified_on: date
    registered_on: date
    registered_by: PersonId
    last_position: int
    removed: bool = False
    removed_for: str | None = None
    cadre: PersonId | None = None
    paired_on: date | None = None
    unpaired_since: date | None = None
    gap_days: int = 0
    pairings: int = 0
    causes: tuple[str, ...] = ()
    surveyed_on: date | None = None
    indicators: tuple[Assessed, ...] = ()
    met: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    open_issues: tuple[IssueId, ...] = ()
    issues_open: int = 0
    exit: ChainId | None = None
    exited: bool = False
    exited_on: date | None = None
    exits_voided: int = 0
    clue_due: date | None = None
    monitored: str | None = None
    identified_late: bool = False


def groups(fact: Recorded) -> Iterator[str]:
    event = fact.event
    for name in ("household", "object", "subject"):
        home = getattr(event, name, None)
        if isinstance(home, HouseholdId):
            yield home
            return


def evolve(line: HouseholdLine | None, fact: Recorded) -> HouseholdLine | None:
    event = fact.event
    if isinstance(event, HouseholdRegistered):
        return registered(event, fact)
    if line is None:
        return None
    line = line.but(last_position=fact.position)
    match event:
        case HouseholdRecategorised(category=category):
            return line.but(category=category)
        case HouseholdRemoved(reason=reason):
            return line.but(removed=True, removed_for=reason)
        case MemberJoined() | MemberLeft():
            after = households.evolve(household_of(line), fact)
            members = () if after is None else tuple(after.members)
            return line.but(members=members, people=len(members))
        case Paired(person=person, since=day):
            gap = (day - line.unpaired_since).days if line.unpaired_since else 0
            return line.but(
                cadre=person,
                paired_on=day,
                unpaired_since=None,
                gap_days=line.gap_days + gap,
                pairings=line.pairings + 1,
            )
        case PairingEnded(on=day):
            return line.but(cadre=None, paired_on=None, unpaired_since=day)
        case HouseholdSurveyed(causes=causes, surveyed_on=day):
            return line.but(causes=causes, surveyed_on=day)
        case IndicatorAssessed():
            return assessed(line, event, fact)
        case IssueRegistered(issue=issue) | IssueReopened(issue=issue):
            return open_on(line, (*(one for one in line.open_issues if one != issue), issue))
        case IssueClosed(issue=issue) | IssueWithdrawn(issue=issue):
            return open_on(line, tuple(one for one in line.open_issues if one != issue))
        case ExitProposed(chain=chain):
            return line.but(exit=chain)
        case ExitDecided():
            return line.but(exited=True, exited_on=fact.on)
        case ExitVoided():
            return line.but(exited=False, exited_on=None, exits_voided=line.exits_voided + 1)
        case ClueReported(due=due):
            return line.but(clue_due=due, identified_late=False)
        case RiskIdentified(kind=kind, identified_on=day):
            late = line.clue_due is not None and day > line.clue_due
            return line.but(monitored=kind, clue_due=None, identified_late=late)
        case ClueDismissed():
            return line.but(clue_due=None)
        case RiskReleased():
            return line.but(monitored=None)
    return line


def registered(event: HouseholdRegistered, fact: Recorded) -> HouseholdLine:
    return HouseholdLine(
        household=event.household,
        region=event.region,
        hamlet=event.hamlet,
        category=event.category,
        members=tuple(one.member for one in event.members),
        people=len(event.members),
        identified_on=event.identified_on,
        registered_on=fact.on,
        registered_by=fact.by,
        last_position=fact.position,
    )


def household_of(line: HouseholdLine) -> Household:
    """The domain's household, as far as who belongs to it."""
    members = dict.fromkeys(line.members, "")
    return Household(line.household, line.region, line.category, line.identified_on, members)


def assessed(line: HouseholdLine, event: IndicatorAssessed, fact: Recorded) -> HouseholdLine:
    before = next((one for one in line.indicators if one.indicator == event.indicator), None)
    if before and before.assessed_on > event.assessed_on:
        return line
    now = Assessed(
        indicator=event.indicator, met=event.met, value=event.value, assessed_on=event.assessed_on, by=fact.by
    )
    others = [one for one in line.indicators if one.indicator != event.indicator]
    indicators = tuple(sorted([*others, now], key=lambda one: one.indicator))
    return line.but(
        indicators=indicators,
        met=tuple(one.indicator for one in indicators if one.met),
        unmet=tuple(one.indicator for one in indicators if not one.met),
    )


def open_on(line: HouseholdLine, issues: tuple[IssueId, ...]) -> HouseholdLine:
    return line.but(open_issues=issues, issues_open=len(issues))


LEDGER = Ledger(
    HouseholdLine,
    folds=(
        *HOUSEHOLD,
        HouseholdSurveyed,
        IndicatorAssessed,
        IssueRegistered,
        IssueWithdrawn,
        IssueClosed,
        IssueReopened,
        ExitProposed,
        ExitDecided,
        ExitVoided,
        ClueReported,
        ClueDismissed,
        RiskIdentified,
        RiskReleased,
    ),
    groups=groups,
    evolve=one_line(evolve),
    rests_on=(households, exits),
)
