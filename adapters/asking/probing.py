"""试问: whether a command would be refused, what its asker types permitting, and nothing recorded for the asking."""

from collections.abc import Sequence
from typing import Final

from domain.command import About, Act, Command, Refused
from domain.fact import Past, Recorded
from services.ledger import FactStore

TYPED: Final = frozenset(
    (
        "future_date",
        "dates_out_of_order",
        "past_date",
        "implausible_date",
        "after_deadline",
        "not_an_extension",
        "nothing_changes",
        "reason_required",
        "unknown_unit",
        "unknown_person",
        "assurance_too_low",
        "nobody_to_rank",
        "nobody_named",
        "already_in_reserve",
        "unknown_ground",
        "persons_only",
        "not_for_village_officers",
        "term_out_of_range",
        "post_not_of_this_level",
        "post_already_held",
    )
)
"""Refusals of what was typed, which here is only a placeholder."""

PLACEHOLDER: Final = "待填写"


def admits(refusal: Refused | None) -> bool:
    """Whether the one who acts may do it, what they type permitting."""
    return refusal is None or refusal.code in TYPED


def refusal_of(command: Command, past: Past, act: Act) -> Refused | None:
    """Why the decision would refuse, if it would."""
    try:
        for _ in command.decide(past, act):
            pass
    except Refused as refusal:
        return refusal
    return None


def stand_together(store: FactStore, commands: Sequence[Command], act: Act, known: Past) -> Past:
    """What all these commands stand on, read together instead of one by one."""
    facts: dict[int, Recorded] = {fact.position: fact for fact in known}
    scope: set[About] = set()
    while True:
        past = Past(facts[position] for position in sorted(facts))
        wider = {about for command in commands for about in command.stands_on(past, act)} - scope
        if not wider:
            return past
        facts |= {fact.position: fact for fact in store.read(sorted(wider, key=str)).facts}
        scope |= wider
