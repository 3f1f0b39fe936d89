"""Folding a batch of facts into the tables of ledgers."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

from psycopg import Connection

from domain.fact import Recorded
from projections.ledger import Ledger
from projections.line import Cells, Group, Key
from projections.table import NOW, Adding, Ended, Held, Lines, Table, positions

KEPT = 3_000
"""How many groups of lines of each ledger are kept in memory between batches."""

AT_ONCE = 5_000
"""How many cells are sent to PostgreSQL together, or a few more."""


class Folded(NamedTuple):
    """What a run of facts does to the stored lines of one ledger: which of them end, and the rows that now hold, cell
    after cell."""

    ended: list[Ended]
    now: Cells


Touched = dict[Group, list[Recorded]]
"""The facts that touch each group, in order. What a group comes to depends on no other group."""


def fold(
    ledger: Ledger[Any], touched: Touched, groups: dict[Group, Lines[Any]], stored: int, add_past: Adding
) -> Folded:
    """Folds facts into the lines of these groups, keeping each version that held for at least one position.

    ``groups`` holds every group that is touched, as it is stored up to the position ``stored``, and is brought up to
    the last of the facts. ``add_past`` is given the versions that are over already, a few at a time: PostgreSQL stores
    them while the next are folded.
    """
    ended: list[Ended] = []
    now: Cells = []
    past: Cells = []
    evolve, width = ledger.evolve, slice(len(ledger.line.key))

    def end(key: Key, held: Held[Any], until: int) -> None:
        _, since, cells = held
        if since <= stored:
            ended.append(Ended(key, since, until))
        elif since < until:
            past.extend(cells or ())
            past.append(positions(since, until))

    for group, facts in touched.items():
        held = groups[group]
        # The order of lines in a group may not depend on how they came here. They are told apart by their keys, with
        # which they begin.
        lines = tuple(sorted([line for line, _, _ in held.values()]))
        for fact in facts:
            position, lasting = fact.position, 0
            after = tuple(evolve(lines, fact, group))
            for line in after:
                key = line[width]
                before = held.get(key)
                if before is None:
                    held[key] = line, position, line.cells()
                    continue
                lasting += 1
                if before[0] is not line:
                    end(key, before, position)
                    held[key] = line, position, line.cells(before[0], before[2])
            if lasting < len(lines):
                for key in held.keys() - {line[width] for line in after}:
                    end(key, held.pop(key), position)
            lines = after if len(after) < 2 else tuple(sorted(after))
        for _, since, cells in held.values():
            if since > stored:
                now.extend(cells or ())
                now.append(positions(since, NOW))
        if len(past) > AT_ONCE:
            add_past(past)
            past.clear()
    if past:
        add_past(past)
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
                known = {group: groups.pop(group) for group in touched[name] if group in groups}
                groups |= known
                groups |= table.load(connection, [group for group in touched[name] if group not in known])
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
    """Which groups of each table the facts touch, and each by which."""
    touched: dict[str, Touched] = {name: {} for name in targets}
    asked: dict[type, list[tuple[Ledger[Any], Touched]]] = {}
    for name, target in targets.items():
        for kind in target.ledger.folds:
            asked.setdefault(kind, []).append((target.ledger, touched[name]))
    for fact in facts:
        for ledger, found in asked.get(type(fact.event), ()):
            for group in ledger.groups(fact):
                if group in found:
                    found[group].append(fact)
                else:
                    found[group] = [fact]
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
