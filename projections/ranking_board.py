"""红黑榜: one line per edition and subject, and one per edition 榜单期次."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from domain.fact import Recorded, Value
from domain.ids import BoardId, EditionId, ObjectionId, PersonId, RegionId, RuleId, UnitId
from domain.rankings import (
    Colour,
    EditionCorrected,
    EditionObjected,
    EditionObjectionAnswered,
    EditionPublished,
    ScoredComponent,
    Standing,
)
from projections.ledger import Ledger, one_line
from projections.line import Line


class Objection(Value):
    """榜单异议: undecided while ``upheld`` is none."""

    objection: ObjectionId
    matter: str
    by: PersonId
    on: date
    upheld: bool | None = None
    answer: str | None = None
    answered_by: PersonId | None = None
    answered_on: date | None = None


class BoardLine(
    Line, table="ranking_board", key=("edition", "subject"), found_by=(("subject", "number"), ("board", "number"))
):
    """红黑榜

    Scores in centi-points. ``published_…`` is what was first published, the rest what stands after ``revision``
    corrections; ``region`` is the subject itself where it is a place, else the board's.
    """

    edition: EditionId
    subject: RegionId | UnitId
    board: BoardId
    region: RegionId
    number: int
    since: date
    until: date
    rank: int
    score: int
    listed: Colour | None
    by_last_word: bool
    components: tuple[ScoredComponent, ...]
    published_rank: int
    published_score: int
    published_listed: Colour | None
    published_on: date
    revision: int = 0
    objections: tuple[Objection, ...] = ()
    objections_open: int = 0


class EditionLine(Line, table="edition_ledger", key=("edition",), found_by=(("board", "number"), ("region",))):
    """榜单期次

    ``cut_off`` is the position of the last fact that was counted, at publication or at the last correction.
    """

    edition: EditionId
    board: BoardId
    region: RegionId
    number: int
    rule: RuleId
    rule_version: int
    since: date
    until: date
    cut_off: int
    published_on: date
    published_by: PersonId
    published_position: int
    red: tuple[str, ...]
    black: tuple[str, ...]
    subjects: int
    revision: int = 0
    corrected_on: date | None = None
    correction_reason: str | None = None
    objections_raised: int = 0
    objections_open: int = 0


Lines = tuple[BoardLine, ...]


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.edition  # type: ignore[attr-defined]


def evolve_board(lines: Lines, fact: Recorded, edition: str) -> Lines:
    match fact.event:
        case EditionPublished() as event:
            return tuple(published(event, standing, fact) for standing in event.standings)
        case EditionCorrected(standings=standings, revision=revision):
            counted = {standing.subject: standing for standing in standings}
            return tuple(
                line.but(revision=revision, **scored(counted[line.subject])) if line.subject in counted else line
                for line in lines
            )
        case EditionObjected(subject=subject) as event:
            new = Objection(objection=event.objection, matter=event.matter, by=fact.by, on=fact.on)
            return tuple(objected(line, (*line.objections, new)) if line.subject == subject else line for line in lines)
        case EditionObjectionAnswered(subject=subject) as event:
            outcome = {
                "upheld": event.upheld,
                "answer": event.answer,
                "answered_by": fact.by,
                "answered_on": fact.on,
            }
            return tuple(
                objected(line, answered(line.objections, event.objection, outcome)) if line.subject == subject else line
                for line in lines
            )
    return lines


def published(event: EditionPublished, standing: Standing, fact: Recorded) -> BoardLine:
    subject = standing.subject
    return BoardLine(
        edition=event.edition,
        subject=subject,
        board=event.board,
        region=subject if isinstance(subject, RegionId) else event.region,
        number=event.number,
        since=event.period.since,
        until=event.period.until,
        published_rank=standing.rank,
        published_score=standing.score,
        published_listed=standing.listed,
        published_on=fact.on,
        **scored(standing),
    )


def scored(standing: Standing) -> dict[str, Any]:
    return {
        "rank": standing.rank,
        "score": standing.score,
        "listed": standing.listed,
        "by_last_word": standing.by_last_word,
        "components": standing.components,
    }


def objected(line: BoardLine, objections: tuple[Objection, ...]) -> BoardLine:
    return line.but(objections=objections, objections_open=sum(one.upheld is None for one in objections))


def answered(
    objections: tuple[Objection, ...], objection: ObjectionId, outcome: dict[str, Any]
) -> tuple[Objection, ...]:
    return tuple(one.model_copy(update=outcome) if one.objection == objection else one for one in objections)


def evolve_edition(line: EditionLine | None, fact: Recorded) -> EditionLine | None:
    match fact.event:
        case EditionPublished() as event:
            return EditionLine(
                edition=event.edition,
                board=event.board,
                region=event.region,
                number=event.number,
                rule=event.rule,
                rule_version=event.rule_version,
                since=event.period.since,
                until=event.period.until,
                cut_off=event.cut_off,
                published_on=fact.on,
                published_by=fact.by,
                published_position=fact.position,
                red=listed(event.standings, "red"),
                black=listed(event.standings, "black"),
                subjects=len(event.standings),
            )
        case EditionCorrected() as event if line:
            return line.but(
                cut_off=event.cut_off,
                red=listed(event.standings, "red"),
                black=listed(event.standings, "black"),
                revision=event.revision,
                corrected_on=fact.on,
                correction_reason=event.reason,
            )
        case EditionObjected() if line:
            return line.but(objections_raised=line.objections_raised + 1, objections_open=line.objections_open + 1)
        case EditionObjectionAnswered() if line:
            return line.but(objections_open=line.objections_open - 1)
    return line


def listed(standings: tuple[Standing, ...], colour: Colour) -> tuple[str, ...]:
    return tuple(standing.subject for standing in standings if standing.listed == colour)


EDITION = (EditionPublished, EditionCorrected, EditionObjected, EditionObjectionAnswered)

BOARD = Ledger(BoardLine, folds=EDITION, groups=groups, evolve=evolve_board)
EDITIONS = Ledger(EditionLine, folds=EDITION, groups=groups, evolve=one_line(evolve_edition))
