"""What someone who signs for an exit 退出 is shown: the facts a signature stands on, and what stands in its way."""

from typing import NamedTuple

from domain.command import About, Act, Refused, refuse
from domain.exiting import SignExit
from domain.exits import ExitProposed, record, scope_of
from domain.fact import Past
from domain.ids import ChainId
from domain.indicators import Assessed
from domain.posts import authority_of
from domain.signoff import Shown, shown_of
from services.ledger import FactStore


class Showing(NamedTuple):
    """所见: ``facts`` in order and what they come to; ``obstacle`` is why nobody may sign yet, as far as the subject
    goes."""

    subject: Assessed
    facts: Past
    shown: Shown
    obstacle: Refused | None


def show(store: FactStore, chain: ChainId, act: Act) -> Showing:
    """All of one moment. Raises Refused when there is no such exit."""
    proposed = store.read((About(chain, (ExitProposed,)),)).facts.events
    subject = next((event.subject for event in proposed if isinstance(event, ExitProposed)), None) or refuse(
        "unknown_chain", "没有这份退出申请"
    )
    # The subject's own facts name its place and its chains; the second reading takes in both at one moment.
    first = store.read(scope_of(Past(), subject)).facts
    past = store.read((*authority_of(act), *scope_of(first, subject))).facts
    facts = record(past, subject)
    return Showing(subject, facts, shown_of(facts), obstacle(past, act, chain, facts))


def obstacle(past: Past, act: Act, chain: ChainId, facts: Past) -> Refused | None:
    """Why the rule does not let anybody sign for this subject today, if it does not."""
    shown = shown_of(facts)
    signing = SignExit(chain=chain, opinion="同意", shown=shown.position, shown_digest=shown.digest)
    try:
        signing.unblocked(past, act)
    except Refused as refusal:
        return refusal
    return None
