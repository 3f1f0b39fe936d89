"""核验榜单: whether an edition's scores, ranks and lists are what its rule makes of its own published counts.

The counts themselves come from every fact up to the cut-off: only a whole log can tell whether they are right.
"""

from typing import NamedTuple

from adapters.proofs.verdict import Unproven
from domain.command import Refused
from domain.fact import Past
from domain.ids import BoardId, EditionId
from domain.rankings import BOARD, Board, EditionCorrected, EditionPublished, ScoringRule, Standing, evolve, standings


class Recomputed(NamedTuple):
    """复算的榜单: one version of an edition that was found right."""

    edition: EditionId
    number: int
    revision: int
    cut_off: int
    position: int
    standings: tuple[Standing, ...]


def check_edition(facts: Past, edition: EditionId) -> list[Recomputed]:
    """The edition as published and after each correction. Raises Unproven at the first that does not recompute."""
    found: list[Recomputed] = []
    boards: dict[BoardId, Board | None] = {}
    for fact in facts.of(*BOARD):
        board: BoardId = fact.event.board  # type: ignore[attr-defined]
        try:
            after = boards[board] = evolve(boards.get(board), fact)
            if not isinstance(fact.event, EditionPublished | EditionCorrected) or fact.event.edition != edition:
                continue
            if after is None:
                raise LookupError(board)
            state = after.edition(edition)
        except (LookupError, StopIteration, Refused):
            raise Unproven("rule_missing", f"第{fact.position}号事实所用的评分规则不在包中", fact.position) from None
        if state.rule != after.rule_on(state.period.since):
            raise Unproven("wrong_rule", f"第{fact.position}号榜单没有用当期启用的评分规则", fact.position)
        if recomputed(state.rule, state.standings) != state.standings:
            raise Unproven("standings_differ", f"第{fact.position}号榜单的得分或名次与按计数复算的不符", fact.position)
        found.append(Recomputed(edition, state.number, state.revision, state.cut_off, fact.position, state.standings))
    if not found:
        raise Unproven("unknown_edition", f"包中没有榜单 {edition} 的事实")
    return found


def recomputed(rule: ScoringRule, published: tuple[Standing, ...]) -> tuple[Standing, ...]:
    """What the rule makes of the counts that were published."""
    return standings(rule, {one.subject: {part.indicator: part.count for part in one.components} for one in published})
