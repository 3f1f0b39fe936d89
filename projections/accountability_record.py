"""责任档案: what a person, a unit or a place answered for, signed, missed, and bore."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from domain.accountability import Effect, bar_ends
from domain.ids import Id, PersonId, RegionId, UnitId
from domain.issues import Status
from projections.case_ledger import CaseLine
from projections.charge_ledger import ChargeLine
from projections.commendation_ledger import CommendationLine
from projections.escalation_ledger import EscalationLine
from projections.issue_ledger import IssueLine
from projections.line import L
from projections.measure_ledger import MeasureLine
from projections.notice_ledger import NoticeLine
from projections.post_ledger import PostLine
from projections.ranking_board import BoardLine
from projections.reading import MOST, Query, Where, position_of, walk
from projections.responsibility_ledger import ResponsibilityLine, missed
from projections.reverse_check_ledger import ClaimLine
from projections.signature_ledger import SignatureLine

LEDGERS = (
    CaseLine,
    ChargeLine,
    ClaimLine,
    CommendationLine,
    EscalationLine,
    IssueLine,
    MeasureLine,
    NoticeLine,
    PostLine,
    BoardLine,
    ResponsibilityLine,
    SignatureLine,
)


@dataclass(frozen=True)
class Responsibility:
    """负责事项: what was answered for, the issue as it stands, and whether the deadline was missed meanwhile."""

    line: ResponsibilityLine
    issue: IssueLine
    missed: bool


@dataclass(frozen=True)
class Record:
    """责任档案, all of it true of ``position``; ``day`` is the one that missed deadlines and binding measures are
    judged by."""

    who: Id
    position: int
    day: date
    posts: tuple[PostLine, ...]
    responsibilities: tuple[Responsibility, ...]
    signatures: tuple[SignatureLine, ...]
    answers: tuple[EscalationLine, ...]
    lists: tuple[BoardLine, ...]
    cases: tuple[CaseLine, ...]
    measures: tuple[MeasureLine, ...]
    merits: tuple[CommendationLine, ...]
    """What they earned, and what of it was revoked."""
    notices: tuple[NoticeLine, ...]
    """What was broadcast of them, praise and criticism alike, and what of it was retracted; people are never named."""
    charges: tuple[ChargeLine, ...]
    """The places they were first responsible for; of a place, those who were."""
    untrue: tuple[ClaimLine, ...]
    """What they claimed and a reverse check found untrue; of a place, what was claimed of it."""

    @property
    def missed(self) -> tuple[Responsibility, ...]:
        return tuple(one for one in self.responsibilities if one.missed)

    @property
    def binding(self) -> tuple[MeasureLine, ...]:
        """The measures that bind on the day."""
        return tuple(line for line in self.measures if line.as_measure.binds_on(self.day))

    @property
    def not_promotable_until(self) -> date | None:
        """The day before which they may not be promoted, or given a leading post; none when nothing bars it."""
        found = (line.as_measure for line in self.measures)
        return bar_ends(found, self.day, Effect.NO_PROMOTION, Effect.NO_LEADING_POST)


def record(connection: Connection[Any], who: PersonId | UnitId | RegionId, as_of: int | None, today: date) -> Record:
    """What the ledgers hold of someone, as of a position (none: the last that all of them have reached).

    Someone of whom nothing is known has an empty record.
    """
    reached = position_of(connection, *LEDGERS)
    position = reached if as_of is None else min(as_of, reached)

    def of(line: type[L], column: str, *order: str) -> tuple[L, ...]:
        return every(connection, line, (Where(column, "eq", who),), order, position)

    answered_for = () if isinstance(who, RegionId) else of(ResponsibilityLine, "holder", "since")
    issues = issues_of(connection, answered_for, position)
    return Record(
        who=who,
        position=position,
        day=today,
        posts=() if isinstance(who, RegionId) else of(PostLine, "person" if isinstance(who, PersonId) else "unit"),
        responsibilities=tuple(
            Responsibility(line, issue, missed(line, issue.status if not line.until else Status.CLOSED, today))
            for line in answered_for
            if (issue := issues.get(line.issue))
        ),
        signatures=of(SignatureLine, "signer", "signed_at") if isinstance(who, PersonId) else (),
        answers=of(EscalationLine, "answered_by", "answered_at") if isinstance(who, PersonId) else (),
        lists=of(BoardLine, "subject", "number") if not isinstance(who, PersonId) else (),
        cases=of(CaseLine, "subject", "opened_on"),
        measures=of(MeasureLine, "subject", "decided_on"),
        merits=of(CommendationLine, "subject", "decided_on"),
        notices=() if isinstance(who, PersonId) else notices_of(connection, who, position),
        charges=() if isinstance(who, UnitId) else of(ChargeLine, column_of(who), "since"),
        untrue=() if isinstance(who, UnitId) else untrue_of(connection, who, position),
    )


def notices_of(connection: Connection[Any], who: UnitId | RegionId, position: int) -> tuple[NoticeLine, ...]:
    found = {
        line.notice: line
        for column in ("praised", "criticised")
        for line in every(connection, NoticeLine, (Where(column, "any", [who]),), ("broadcast_on",), position)
    }
    return tuple(sorted(found.values(), key=lambda line: (line.broadcast_on, line.notice)))


def column_of(who: PersonId | RegionId) -> str:
    return "person" if isinstance(who, PersonId) else "region"


def untrue_of(connection: Connection[Any], who: PersonId | RegionId, position: int) -> tuple[ClaimLine, ...]:
    whose = Where("claimant" if isinstance(who, PersonId) else "region", "eq", who)
    return every(connection, ClaimLine, (whose, Where("holds", "eq", False)), ("claimed_on",), position)


def issues_of(connection: Connection[Any], lines: Sequence[ResponsibilityLine], position: int) -> dict[str, IssueLine]:
    asked = tuple(dict.fromkeys(line.issue for line in lines))
    found = every(connection, IssueLine, (Where("issue", "in", asked),), (), position) if asked else ()
    return {line.issue: line for line in found}


def every(
    connection: Connection[Any], line: type[L], where: Sequence[Where], order: Sequence[str], position: int
) -> tuple[L, ...]:
    return tuple(walk(connection, line, Query(where, order, as_of=position, limit=MOST)))
