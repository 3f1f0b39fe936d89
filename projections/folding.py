"""Folding a batch of facts into the tables of ledgers."""

import gc
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple, Self

from psycopg import Connection

from domain.fact import Recorded
from projections.ledger import Ledger
from projections.line import Group
from projections.table import NOW, Change, Ended, Held, Lines, Table, row

KEPT = 3_000
"""How many groups of lines of each ledger are kept in memory between batches."""

AT_ONCE = 2_000
"""How many rows are sent to PostgreSQL together, or a few more."""

PATIENCE = 0.0003
"""Seconds that folding may keep storing from going on."""


Touched = dict[Group, list[Recorded]]
"""The facts that touch each group, in order. What a group comes to depends on no other group."""


def fold(ledger: Ledger[Any], touched: Touched, groups: dict[Group, Lines[Any]], stored: int) -> Iterator[Change]:
    """Folds facts into the lines of these groups, keeping each version that held for at least one position.

    ``groups`` holds every group that is touched, as it is stored up to the position ``stored``, and is brought up to
    the last of the facts. What it comes to is given some groups at a time.
    """
    change, evolve, width = Change([], []), ledger.evolve, slice(len(ledger.line.key))

    def end(held: Held[Any], until: int) -> None:
        line, since, cells = held
        if since <= stored:
            change.ended.append(Ended(line.identity(), since, until))
        elif since < until:
            change.rows.append(row(cells or [], since, until))

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
                    held[key] = line, position, line.cells(before[0], before[2])
                    end(before, position)
            if lasting < len(lines):
                for key in held.keys() - {line[width] for line in after}:
                    end(held.pop(key), position)
            lines = after if len(after) < 2 else tuple(sorted(after))
        for _, since, cells in held.values():
            if since > stored:
                change.rows.append(row(cells or [], since, NOW))
        if len(change.rows) > AT_ONCE:
            yield change
            change = Change([], [])
    if any(change):
        yield change


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
        # Before anything is stored: from then on the connection is busy.
        held = {name: self._held(connection, target, list(touched[name]), stored) for name, target in targets.items()}
        with Storing(connection) as store:
            for name, (ledger, table, oid) in targets.items():
                groups = held.pop(name)
                for change in fold(ledger, touched[name], groups, stored):
                    store(table, change)
                # One by one: most batches bring a few facts, and should not pay for the thousands that stay.
                for group in list(islice(groups, max(0, len(groups) - KEPT))):
                    del groups[group]
                self._kept[name] = (oid, facts[-1].position), groups

    def _held(
        self, connection: Connection[Any], target: Target, asked: Sequence[Group], stored: int
    ) -> dict[Group, Lines[Any]]:
        """The groups that were kept, and those that are asked for, these last."""
        # What was kept is good only for the same table at the same position: others may have moved it on or put
        # another in its place, and a batch may have been rolled back.
        whence, groups = self._kept.pop(target.table.name, ((0, 0), {}))
        if whence != (target.oid, stored):
            groups = {}
        known = {group: groups.pop(group) for group in asked if group in groups}
        groups |= known
        groups |= target.table.load(connection, [group for group in asked if group not in known])
        return groups


class Storing:
    """Stores changes in their order. When many come, PostgreSQL stores the first while the next are folded."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._beside = ThreadPoolExecutor(1, "storing")
        self._under_way: list[Future[None]] = []
        self._next: list[tuple[Table[Any], Change]] = []
        self._rows = 0
        self._patience = sys.getswitchinterval()

    def __call__(self, table: Table[Any], change: Change) -> None:
        self._next.append((table, change))
        self._rows += len(change.rows)
        if self._rows > AT_ONCE:
            # Whenever PostgreSQL has answered, the thread waits for its turn beside one that never rests.
            sys.setswitchinterval(min(PATIENCE, self._patience))
            self._under_way.append(self._beside.submit(self._store, self._next))
            self._next, self._rows = [], 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._beside.shutdown(cancel_futures=kind is not None)
        sys.setswitchinterval(self._patience)
        if kind is None:
            for one in self._under_way:
                one.result()
            self._store(self._next)

    def _store(self, changes: Iterable[tuple[Table[Any], Change]]) -> None:
        for table, change in changes:
            table.store(self._connection, change)


def _touched(targets: Mapping[str, Target], facts: Sequence[Recorded]) -> dict[str, Touched]:
    """Which groups of each table the facts touch, and each by which."""
    touched: dict[str, Touched] = {name: defaultdict(list) for name in targets}
    asked: dict[type, list[tuple[Ledger[Any], Touched]]] = {}
    for name, target in targets.items():
        for kind in target.ledger.folds:
            asked.setdefault(kind, []).append((target.ledger, touched[name]))
    for fact in facts:
        for ledger, found in asked.get(type(fact.event), ()):
            for group in ledger.groups(fact):
                found[group].append(fact)
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
