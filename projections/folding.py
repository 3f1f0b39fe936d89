"""Folding a batch of facts into the tables of ledgers."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from psycopg import Connection

from domain.fact import Recorded
from projections.ledger import Ledger
from projections.line import Group, Key
from projections.table import NOW, Adding, Ended, Held, Lines, Table, row

KEPT = 10_000
"""How many groups of lines of each ledger are kept in memory between batches."""

AT_ONCE = 200
"""How many rows are sent to PostgreSQL together."""


class Folded(NamedTuple):
    """What a run of facts does to the stored lines of one ledger: which of them end, and which rows now hold."""

    ended: list[Ended]
    now: list[str]


Touched = list[tuple[Recorded, Group]]


def fold(
    ledger: Ledger[Any], touched: Touched, groups: dict[Group, Lines[Any]], stored: int, add_past: Adding
) -> Folded:
    """Folds facts into the lines of these groups, keeping each version that held for at least one position.

    ``groups`` holds every group that is touched, as it is stored up to the position ``stored``, and is brought up to
    the last of the facts. ``add_past`` is given the versions that are over already, a few at a time: PostgreSQL stores
    them while the next are folded.
    """
    ended: list[Ended] = []
    past: list[str] = []
    evolve, width = ledger.evolve, slice(len(ledger.line.key))

    def end(key: Key, held: Held[Any], until: int) -> None:
        _, since, cells = held
        if since <= stored:
            ended.append(Ended(key, since, until))
        elif since < until:
            past.append(row(cells or [], since, until))

    for fact, group in touched:
        position, before = fact.position, groups[group]
        # The order of lines in a group may not depend on how they came here.
        ordered = before if len(before) < 2 else sorted(before)
        after: Lines[Any] = {}
        lasting = 0
        for line in evolve(tuple([before[key][0] for key in ordered]), fact, group):
            key = line[width]
            held = before.get(key)
            if held is None:
                after[key] = line, position, line.cells()
                continue
            lasting += 1
            if held[0] is line:
                after[key] = held
            else:
                end(key, held, position)
                after[key] = line, position, line.cells(held[0], held[2])
        if lasting < len(before):
            for key in before.keys() - after.keys():
                end(key, before[key], position)
        groups[group] = after
        if len(past) >= AT_ONCE:
            add_past(past)
            past.clear()
    if past:
        add_past(past)
    now = [
        row(cells or [], since, NOW)
        for group in {group: None for _, group in touched}
        for _, since, cells in groups[group].values()
        if since > stored
    ]
    return Folded(ended, now)


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
        self._kept: dict[str, tuple[tuple[int, int], dict[Group, Lines[Any]]]] = {}

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
                with table.adding(connection, past=True) as add_past:
                    folded = fold(ledger, touched[name], groups, stored, add_past)
                table.end(connection, folded.ended)
                with table.adding(connection, past=False) as add_now:
                    for n in range(0, len(folded.now), AT_ONCE):
                        add_now(folded.now[n : n + AT_ONCE])
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
