"""Publishing red and black lists 红黑榜: count the facts up to a position, publish what they come to, and let anyone
count again.

Counting reads a county's whole history, streamed, and stands under no condition; the decision stands on the board only.
What ties the two together is the cut-off: the same facts give the same figures, whoever counts them and whenever.
"""

from collections.abc import Collection
from typing import NamedTuple

from domain.command import About, Act, refuse
from domain.ids import BoardId, EditionId, IssueId, ObjectionId, RegionId
from domain.posts import authorise, authority_of
from domain.rankings import (
    BOARD,
    COUNTED,
    PUBLISHERS,
    SUBJECTS,
    Board,
    CorrectEdition,
    Counts,
    Edition,
    EditionPublished,
    Exclusion,
    Period,
    PublishEdition,
    Ranked,
    ScoringRule,
    Standing,
    evolve,
    fold,
    standings,
    subjects_of,
    tally,
)
from services.ledger import FactStore, Ledger, Outcome


class Recount(NamedTuple):
    """复算: what was published, what the facts come to, and whether the cut-off left the period whole.

    ``whole`` is false when facts of the period were recorded after the cut-off, so that the edition could not have
    counted them, or when the cut-off names facts that were not yet there.
    """

    edition: EditionId
    revision: int
    cut_off: int
    published: tuple[Standing, ...]
    computed: tuple[Standing, ...]
    whole: bool

    @property
    def holds(self) -> bool:
        return self.whole and self.published == self.computed


def on_board(store: FactStore, rule: ScoringRule, region: RegionId, period: Period, cut_off: int) -> tuple[Ranked, ...]:
    """Who is ranked in a period, as known at a position."""
    return subjects_of(store.facts(SUBJECTS, until=cut_off), rule.subjects, region, period.until)


def count(
    store: FactStore,
    subjects: Collection[Ranked],
    period: Period,
    cut_off: int,
    excluded: tuple[Exclusion, ...] = (),
) -> Counts:
    """What the facts up to a position come to for everyone on a board."""
    left_out: frozenset[IssueId] = frozenset(exclusion.issue for exclusion in excluded)
    return tally(store.facts(COUNTED, until=cut_off), subjects, period, left_out)


def publish(
    ledger: Ledger, edition: EditionId, board: BoardId, period: Period, act: Act, key: str | None = None
) -> Outcome:
    """Publishes an edition of everything recorded until now. Raises Refused, and Conflict, as the ledger does.

    Asked again for an edition that is out, it counts up to that edition's own cut-off: the same request under the same
    key is then the same request.
    """
    store = ledger.store
    state = fold(store.read((About(board, BOARD),)).facts, board)
    # Before the county's history is read, not after: only a publisher may ask for that.
    authorise(store.read(authority_of(act)).facts, act, state.region, *PUBLISHERS)
    rule = state.rule_on(period.since) or refuse("no_rule", "统计周期开始时还没有启用的评分规则")
    out = versions(store, edition)
    cut_off = out[0].cut_off if out else store.head()
    counts = count(store, on_board(store, rule, state.region, period, cut_off), period, cut_off)
    return ledger.execute(
        PublishEdition(edition=edition, board=board, period=period, cut_off=cut_off, counts=counts), act, key
    )


def correct(
    ledger: Ledger,
    edition: EditionId,
    revision: int,
    reason: str,
    act: Act,
    *,
    objection: ObjectionId | None = None,
    excluded: tuple[Exclusion, ...] = (),
    key: str | None = None,
) -> Outcome:
    """Counts an edition again as its facts are known now, and records the correction. ``excluded`` is the whole list.

    ``revision`` is the number this correction will have; asked again for one that is made, it counts up to that one's
    own cut-off.
    """
    store = ledger.store
    made = versions(store, edition) or refuse("unknown_edition", "没有这一期榜单")
    known = made[-1]
    authorise(store.read(authority_of(act)).facts, act, known.region, *PUBLISHERS)
    cut_off = made[revision].cut_off if 0 < revision < len(made) else store.head()
    command = CorrectEdition(
        edition=edition,
        revision=revision,
        cut_off=cut_off,
        counts=count(store, known.subjects, known.period, cut_off, excluded),
        objection=objection,
        excluded=excluded,
        reason=reason,
    )
    return ledger.execute(command, act, key)


def recount(store: FactStore, edition: EditionId, revision: int | None = None) -> Recount:
    """Counts an edition again from the facts up to its own cut-off: as last corrected, or as of one revision (0: as
    published). Raises Refused when there is no such edition or revision."""
    made = versions(store, edition) or refuse("unknown_edition", "没有这一期榜单")
    if revision is not None and not 0 <= revision < len(made):
        refuse("unknown_revision", "这一期没有这次更正")
    known = made[-1 if revision is None else revision]
    # Who is ranked was settled when the edition was published; a correction ranks the same.
    subjects = on_board(store, known.rule, known.region, known.period, made[0].cut_off)
    counts = count(store, subjects, known.period, known.cut_off, known.excluded)
    left_out = next(store.facts(after=known.cut_off), None)
    return Recount(
        edition,
        known.revision,
        known.cut_off,
        known.standings,
        standings(known.rule, counts),
        whole=known.cut_off < known.stood_at and (left_out is None or left_out.on > known.period.until),
    )


def versions(store: FactStore, edition: EditionId) -> tuple[Edition, ...]:
    """The edition as published, and after each of its corrections; nothing when there is none of that name."""
    found: dict[int, Edition] = {}
    for event in store.read((About(edition, (EditionPublished,)),)).facts.events:
        board: Board | None = None
        if isinstance(event, EditionPublished):
            for fact in store.read((About(event.board, BOARD),)).facts:
                board = evolve(board, fact)
                found |= {one.revision: one for one in (board.editions if board else ()) if one.edition == edition}
    return tuple(found.values())
