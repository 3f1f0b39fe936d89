"""Folding a batch of facts into the tables of ledgers."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from psycopg import Connection

from domain.fact import Recorded
from projections.ledger import Ledger
from projections.line import Key
from projections.table import NOW, Ended, Held, Lines, Table, Written

KEPT = 10_000
"""How many groups of lines of each ledger are kept in memory between batches."""


class Folded(NamedTuple):
    """What a run of facts does to the stored lines of one ledger."""

    ended: list[Ended]
    past: list[Written]
    now: list[Written]


Touched = list[tuple[Recorded, str]]


def fold(ledger: Ledger[Any], touched: Touched, groups: dict[str, Lines[Any]], stored: int) -> Folded:
    """Folds facts into the lines of these groups, keeping each version that held for at least one position.

    ``groups`` holds every group that is touched, as it is stored up to the position ``stored``, and is brought up to
    the last of the facts.
    """
    ended: list[Ended] = []
    past: list[Written] = []
    evolve = ledger.evolve

    def end(key: Key, held: Held[Any], until: int) -> None:
        if held.since <= stored:
            ended.append(Ended(key, held.since, until))
        elif held.since < until:
            past.append(Written(held.cells or (), held.since, until))

    for fact, group in touched:
        position, before = fact.position, groups[group]
        # The order of lines in a group may not depend on how they came here.
        ordered = before.values() if len(before) < 2 else [before[key] for key in sorted(before)]
        after: Lines[Any] = {}
        for line in evolve(tuple([held.line for held in ordered]), fact, group):
            key = line.identity()
            held = before.get(key)
            if held is None:
                held = Held(line, position, line.cells())
            elif held.line is not line:
                end(key, held, position)
                held = Held(line, position, line.cells(held.line, held.cells))
            after[key] = held
        for key, held in before.items():
            if key not in after:
                end(key, held, position)
        groups[group] = after
    now = [
        Written(held.cells or (), held.since, NOW)
        for group in {group: None for _, group in touched}
        for held in groups[group].values()
        if held.since > stored
    ]
    return Folded(ended, past, now)


class Target(NamedTuple):
    """A ledger, and the table that it is folded into, with the number by which PostgreSQL knows it."""

    ledger: Ledger[Any]
    table: Table[Any]
    oid: int


class Folding:
    """Folds batch after batch, and keeps the lines that it touched last, so that they need not be loaded again.

    Not for several threads at once.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[tuple[int, int], dict[str, Lines[Any]]]] = {}

    def fold(
        self, connection: Connection[Any], targets: Mapping[str, Target], facts: Sequence[Recorded], stored: int
    ) -> None:
        """Folds facts into tables that hold everything up to the position ``stored``, within a transaction of the
        caller's."""
        touched = _touched(targets, facts)
        for name, (ledger, table, oid) in targets.items():
            # What was kept is good only for the same table at the same position: others may have moved it on or put
            # another in its place, and a batch may have been rolled back.
            whence, groups = self._kept.pop(name, ((0, 0), {}))
            if whence != (oid, stored):
                groups = {}
            if touched[name]:
                wanted = {group: None for _, group in touched[name]}
                known = {group: groups.pop(group) for group in wanted if group in groups}
                groups |= known
                groups |= table.load(connection, [group for group in wanted if group not in known])
                folded = fold(ledger, touched[name], groups, stored)
                table.end(connection, folded.ended)
                table.add(connection, folded.past, past=True)
                table.add(connection, folded.now, past=False)
                # One by one: most batches bring a few facts, and should not pay for the thousands that stay.
                for group in list(islice(groups, max(0, len(groups) - KEPT))):
                    del groups[group]
            self._kept[name] = (oid, facts[-1].position), groups


def _touched(targets: Mapping[str, Target], facts: Sequence[Recorded]) -> dict[str, Touched]:
    """Which groups of each table the facts touch, in order."""
    touched: dict[str, Touched] = {name: [] for name in targets}
    asked: dict[type, list[tuple[Ledger[Any], Touched]]] = {}
    for name, target in targets.items():
        for kind in target.ledger.folds:
            asked.setdefault(kind, []).append((target.ledger, touched[name]))
    for fact in facts:
        for ledger, found in asked.get(type(fact.event), ()):
            for group in ledger.groups(fact):
                found.append((fact, group))
    return touched


@contextmanager
def uncollected() -> Iterator[None]:
    """A batch makes hundreds of thousands of tuples and no cycles; looking for some in between takes a third of its
    time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
