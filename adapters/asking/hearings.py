"""异议、申诉与问责待办: what waits for one person on boards and cases, asked of the decisions themselves.

What waits for a decision is shown to whoever may decide it; what may still be objected to or appealed, to those it
concerns.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from psycopg import Connection

from adapters.asking.probing import PLACEHOLDER, admits, refusal_of, stand_together
from domain.accountability import AppealMeasure, CloseCase, DecideAppeal
from domain.command import About, Act, Command
from domain.fact import Past
from domain.ids import AppealId, BoardId, Id, ObjectionId, RegionId
from domain.posts import Post, Tenure
from domain.rankings import (
    BOARD,
    AnswerObjection,
    CorrectEdition,
    Counts,
    Edition,
    EditionObjected,
    ObjectToEdition,
    fold,
)
from projections.case_ledger import CaseLine
from projections.measure_ledger import MeasureLine
from projections.ranking_board import BoardLine, EditionLine
from projections.reading import Query, Where, page
from services.ledger import FactStore

MOST: Final = 100
DECIDERS: Final = (
    Post.HEADQUARTERS,
    Post.SUPERVISOR,
    Post.INSPECTOR,
    Post.ORGANISER,
    Post.COUNTY_SECRETARY,
    Post.COUNTY_MAGISTRATE,
    Post.CITY_SECRETARY,
    Post.CITY_MAYOR,
)
"""Those for whom it is worth looking: some decision on boards or cases may be theirs."""

LEADERS: Final = (Post.TOWNSHIP_SECRETARY, Post.TOWNSHIP_HEAD, Post.UNIT_LEADER)
"""Those who speak for a township or a unit."""


class Hearing(NamedTuple):
    """一项: what is to be done, on the page of what, about whom, and what it is about."""

    todo: str
    on: Id
    subject: Id
    matter: str
    command: Command


def hearings(store: FactStore, connection: Connection[Any], act: Act, held: Sequence[Tenure]) -> tuple[Hearing, ...]:
    """Everything that waits for the one who acts, by the posts they hold; the decisions first."""
    mine = sorted({tenure.region for tenure in held if tenure.post in DECIDERS})
    found = [*(decisions(store, connection, mine) if mine else ()), *concerns(connection, act, held)]
    if not found:
        return ()
    past = stand_together(store, [one.command for one in found], act, Past())
    return tuple(one for one in found if admits(refusal_of(one.command, past, act)))


def decisions(store: FactStore, connection: Connection[Any], regions: list[RegionId]) -> Iterator[Hearing]:
    within = Where("region", "within", regions)
    appealed = page(connection, MeasureLine, Query((within, Where("appeals_open", "from", 1)), (), limit=MOST))
    for line in appealed.lines:
        pending = line.as_measure.pending
        if pending:
            command = DecideAppeal(measure=line.measure, appeal=pending.appeal, outcome="rejected", reasons=PLACEHOLDER)
            yield Hearing("申诉待办理", line.case, line.subject, line.kind.label, command)
    objected = page(
        connection, EditionLine, Query((within, Where("objections_raised", "from", 1)), ("-until",), limit=MOST)
    )
    yield from objections(store, {line.board for line in objected.lines})
    cases = page(connection, CaseLine, Query((within, Where("state", "eq", "open")), ("opened_on",), limit=MOST))
    for case in cases.lines:
        closing = CloseCase(case=case.case, reason=PLACEHOLDER)
        yield Hearing("问责待办理", case.case, case.subject, case.matter[:80], closing)


def objections(store: FactStore, boards: Iterable[BoardId]) -> Iterator[Hearing]:
    """Objections to answer, and those upheld that call for a correction."""
    for name in sorted(boards):
        past = store.read((About(name, BOARD),)).facts
        matters = raised(past)
        for edition in fold(past, name).editions:
            for one in edition.objections.values():
                matter = matters[one.objection][:80]
                if one.upheld is None:
                    answer = AnswerObjection(
                        edition=edition.edition, objection=one.objection, upheld=False, answer=PLACEHOLDER
                    )
                    yield Hearing("榜单异议待答复", edition.edition, one.subject, matter, answer)
                elif one.upheld and not one.corrected:
                    correct = correction(store, edition, one.objection)
                    yield Hearing("榜单待更正", edition.edition, one.subject, matter, correct)


def raised(past: Past) -> Mapping[ObjectionId, str]:
    return {event.objection: event.matter for event in past.events if isinstance(event, EditionObjected)}


def counts_of(edition: Edition) -> Counts:
    """What was counted for an edition as it stands."""
    return {one.subject: {each.indicator: each.count for each in one.components} for one in edition.standings}


def correction(store: FactStore, edition: Edition, objection: ObjectionId) -> CorrectEdition:
    return CorrectEdition(
        edition=edition.edition,
        revision=edition.revision + 1,
        cut_off=store.head(),
        counts=counts_of(edition),
        objection=objection,
        reason=PLACEHOLDER,
    )


def concerns(connection: Connection[Any], act: Act, held: Sequence[Tenure]) -> Iterator[Hearing]:
    """What was decided about the one who acts, or about what they lead, and can still be contested."""
    led = {one for tenure in held if tenure.post in LEADERS for one in (tenure.unit or tenure.region,)}
    subjects = sorted({act.by, *led})
    decided = page(connection, MeasureLine, Query((Where("subject", "in", subjects),), ("-decided_on",), limit=MOST))
    for line in decided.lines:
        if not line.as_measure.void and not line.lifted_on:
            appeal = AppealMeasure(
                measure=line.measure, appeal=AppealId.derived("probe", line.measure), grounds=PLACEHOLDER
            )
            yield Hearing("问责决定可申诉", line.case, line.subject, line.kind.label, appeal)
    if not led:
        return
    black = (Where("subject", "in", sorted(led)), Where("listed", "eq", "black"))
    for listed in page(connection, BoardLine, Query(black, ("-number",), limit=5)).lines:
        objection = ObjectToEdition(
            edition=listed.edition,
            objection=ObjectionId.derived("probe", listed.edition),
            subject=listed.subject,
            matter=PLACEHOLDER,
        )
        yield Hearing("列入黑榜,可提异议", listed.edition, listed.subject, f"第{listed.number}期", objection)
