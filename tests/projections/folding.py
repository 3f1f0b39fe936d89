"""What ledgers come to, folded in memory: what their tables are held against."""

from collections.abc import Iterable
from typing import TypeVar

from domain.fact import Recorded
from projections.ledger import Ledger
from projections.line import Group, Key, Line

L = TypeVar("L", bound=Line)


def folded(ledger: Ledger[L], facts: Iterable[Recorded]) -> dict[Key, L]:
    """Every line after these facts, by its key."""
    groups: dict[Group, dict[Key, L]] = {}
    for fact in facts:
        if isinstance(fact.event, ledger.folds):
            for group in ledger.groups(fact):
                lines = groups.get(group, {})
                after = ledger.evolve(tuple(lines[key] for key in sorted(lines)), fact, group)
                groups[group] = {line.identity(): line for line in after}
    return {key: line for lines in groups.values() for key, line in lines.items()}
