"""Drawing claims for a reverse check 反向核查, and letting anyone draw them again.

Working out the candidates reads a place's whole history, streamed, and stands under no condition; the decision stands
on the draw's own place. What ties the two together is the cut-off: the same facts give the same candidates, and the
same candidates under the same seed the same claims.
"""

from typing import NamedTuple

from domain.command import About, Act, refuse
from domain.fact import Recorded
from domain.ids import DrawId
from domain.posts import authorise, authority_of
from domain.reverse_check import (
    CHECKERS,
    GROUND,
    Asked,
    Claim,
    ClaimsDrawn,
    DrawClaims,
    asked_in,
    claims_in,
    digest_of,
    sample,
    seed_of,
)
from services.ledger import FactStore, Ledger, Outcome


class Redrawn(NamedTuple):
    """复抽: what a recorded draw took, what the facts come to, and whether the candidates are the same."""

    drawn: tuple[Claim, ...]
    computed: tuple[Claim, ...]
    same_candidates: bool
    same_cut_off: bool

    @property
    def holds(self) -> bool:
        return self.same_candidates and self.same_cut_off and self.drawn == self.computed


def draw(ledger: Ledger, number: DrawId, asked: Asked, act: Act, key: str | None = None) -> Outcome:
    """Draws from everything recorded until now. Raises Refused, and Conflict, as the ledger does.

    Asked again for a draw that is made, it goes by that draw's own cut-off: the same request under the same key is then
    the same request.
    """
    store = ledger.store
    # Before the history is read, not after: only those who check may ask for that.
    authorise(store.read(authority_of(act)).facts, act, asked.region, *CHECKERS)
    made = made_before(store, number)
    cut_off = made.event.cut_off if made and isinstance(made.event, ClaimsDrawn) else store.head()
    command = DrawClaims(
        draw=number,
        **asked._asdict(),
        cut_off=cut_off,
        cut_off_digest=digest_at(store, cut_off),
        candidates=claims_in(store.facts(GROUND, until=cut_off), asked),
    )
    return ledger.execute(command, act, key)


def redraw(store: FactStore, number: DrawId) -> Redrawn:
    """Draws again what a recorded draw took. Raises Refused when there is no such draw."""
    fact = made_before(store, number)
    if fact is None or not isinstance(fact.event, ClaimsDrawn):
        refuse("unknown_draw", "没有这次反向核查")
    drawn = fact.event
    asked = asked_in(drawn)
    candidates = claims_in(store.facts(GROUND, until=drawn.cut_off), asked)
    seed = seed_of(asked, digest_at(store, drawn.cut_off), fact.by, fact.at)
    return Redrawn(
        drawn.claims,
        sample(seed, candidates, drawn.many),
        digest_of(candidates) == drawn.candidates_digest,
        digest_at(store, drawn.cut_off) == drawn.cut_off_digest and drawn.cut_off < fact.position,
    )


def made_before(store: FactStore, number: DrawId) -> Recorded | None:
    """The draw of that number, if it was made."""
    return next(iter(store.read((About(number, (ClaimsDrawn,)),)).facts), None)


def digest_at(store: FactStore, position: int) -> str:
    """The SHA-256 of the fact at a position."""
    return next(store.facts(after=position - 1, until=position)).digest
