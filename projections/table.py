"""Where the lines of a ledger stand in PostgreSQL.

One table per ledger, in two parts: the present versions, and the past ones. Every version has the positions it held
for: ``from_position`` is the first of which it is true, ``to_position`` the first of which it no longer is. A past
version also carries the number of a node in a tree over all positions: the lowest one whose span it lies in. Whatever
held at a position has its node among the dozen above that position, so a plain index finds it, however long the
history is (a relational interval tree; Kriegel, Pötke, Seidl 2000).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, NamedTuple

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from projections.line import Cells, Group, Key, L, literal

SCHEMA = "ledgers"
NOW = 2**63 - 1
"""The ``to_position`` of a version that holds now."""

STEP = 3
"""Levels of the binary tree that make one of ours: fewer nodes to look under, and little more under each."""

LEVELS = range(STEP - 1, 42, STEP)

LAST = 1 << LEVELS[-1]
"""No position lies beyond: two trillion facts."""

AT_ONCE = 1_000
"""How many rows are made into lines together."""

PAST_ROADS = 2
"""How many of the ways in which present lines are found serve past versions as well."""


def node(position: int, level: int) -> int:
    """The node of this level above a position."""
    return (position >> level + 1 << level + 1) + (1 << level)


_LEVEL_OF = [(bits - 1) + -bits % STEP for bits in range(64)]
"""By how many bits of two positions differ from the first that does."""


def fork(since: int, until: int) -> int:
    """The node for a version that held from ``since`` until before ``until``; 0 for one that holds now."""
    if until == NOW:
        return 0
    return node(since, _LEVEL_OF[((since - 1) ^ (until - 1)).bit_length()])


def forks_over(position: int, last: int = LAST) -> list[int]:
    """The nodes under which every past version that held at this position is found, if none has ended after
    ``last``."""
    return [node(position, level) for level in LEVELS if 1 << level - STEP + 1 <= last]


class Version(NamedTuple, Generic[L]):
    """版本: a line, and the positions it held for."""

    line: L
    since: int
    until: int = NOW


Held = tuple[L, int, Cells | None]
"""A present version while it is folded: the line, since when, and how it is written unless it is stored. A plain
tuple, because hundreds of thousands are made in a second."""

Lines = dict[Key, Held[L]]
"""The lines of one group."""


def row(cells: Cells, since: int, until: int) -> bytes:
    """A version in COPY's text form."""
    return b"%b\t%d\t%d\t%d\n" % (b"\t".join(cells), since, until, fork(since, until))


class Ended(NamedTuple):
    """A stored present version that ceased to hold."""

    key: Key
    since: int
    until: int


class Change(NamedTuple):
    """What becomes of some groups of lines: the stored versions that end, and the rows of new ones."""

    ended: list[Ended]
    rows: list[bytes]


class Table(Generic[L]):
    """The table of a line type, in a schema and under a name of its choice."""

    def __init__(self, line: type[L], name: str | None = None, schema: str = SCHEMA) -> None:
        self.line = line
        self.name = name or line.table
        self.schema = schema
        self.whole = Identifier(schema, self.name)
        self.now = Identifier(schema, f"{self.name}_now")
        self.past = Identifier(schema, f"{self.name}_past")
        self.columns = comma(Identifier(name) for name in line.names)
        self.cells = comma(
            Composed([Identifier(column.name), SQL("::text" if column.sql == "jsonb" else "")])
            for column in line.columns
        )
        # Set once: putting a statement together costs more than sending it, and a quiet log has one fact a batch.
        grouped = line.key[: line.grouped]
        self._loading = (
            SQL("SELECT {cells}, from_position FROM {now} JOIN unnest({arrays}) AS g({names}) USING ({names})")
            .format(cells=self.cells, now=self.now, arrays=self._arrays(grouped), names=comma(map(Identifier, grouped)))
            .as_bytes()
        )
        self._ending = self._ended().as_bytes()
        self._adding = (
            SQL("COPY {} ({}, from_position, to_position, fork) FROM STDIN (ENCODING 'UTF8')")
            .format(self.whole, self.columns)
            .as_bytes()
        )

    def _ended(self) -> Composed:
        key = self.line.key
        return SQL(
            "UPDATE {whole} AS t SET to_position = e.until, fork = e.fork"
            " FROM unnest({arrays}, %s::bigint[], %s::bigint[]) AS e({names}, until, fork)"
            " WHERE {same} AND t.to_position = {present}"
        ).format(
            whole=self.whole,
            arrays=self._arrays(key),
            names=comma(map(Identifier, key)),
            same=SQL(" AND ").join(SQL("t.{0} = e.{0}").format(Identifier(name)) for name in key),
            present=Literal(NOW),
        )

    def _arrays(self, names: Sequence[str]) -> Composed:
        """Parameters for a list of values of each of these columns."""
        return comma(raw(f"%s::{self.line.column(name).cast}[]") for name in names)

    def create(self, connection: Connection[Any]) -> None:
        columns = (
            SQL("{} {} {}").format(
                Identifier(column.name),
                raw(column.sql),
                SQL("" if column.nullable else "NOT NULL"),
            )
            for column in self.line.columns
        )
        key = comma(Identifier(name) for name in self.line.key)
        connection.execute(
            SQL(
                "CREATE TABLE {whole} ({columns}, from_position bigint NOT NULL, to_position bigint NOT NULL,"
                " fork bigint NOT NULL, PRIMARY KEY ({key}, to_position)) PARTITION BY LIST (to_position);"
                "CREATE TABLE {now} PARTITION OF {whole} FOR VALUES IN ({present});"
                "CREATE TABLE {past} PARTITION OF {whole} DEFAULT;"
                "COMMENT ON TABLE {whole} IS {title}"
            ).format(
                whole=self.whole,
                now=self.now,
                past=self.past,
                columns=comma(columns),
                key=key,
                present=Literal(NOW),
                title=Literal(self.line.label),
            )
        )
        for n, names in enumerate(self.line.found_by):
            # What did not hold at a position is passed over in the index itself, without a look at the line.
            old = n < PAST_ROADS
            self._index(connection, self.now, (*names, "from_position") if old else names)
            if old:
                self._index(connection, self.past, ("fork", *names, "from_position", "to_position"))

    def _index(self, connection: Connection[Any], part: Identifier, names: Iterable[str]) -> None:
        connection.execute(SQL("CREATE INDEX ON {} ({})").format(part, comma(Identifier(name) for name in names)))

    def drop(self, connection: Connection[Any]) -> None:
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(self.whole))

    def rename(self, connection: Connection[Any], name: str) -> None:
        for part, suffix in ((self.whole, ""), (self.now, "_now"), (self.past, "_past")):
            connection.execute(SQL("ALTER TABLE {} RENAME TO {}").format(part, Identifier(f"{name}{suffix}")))

    def compact(self, connection: Connection[Any]) -> None:
        """Writes the present part anew, row by row: while much was folded into it, most of what it held moved on and
        left its place behind. Locks it."""
        index = connection.execute(
            "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE indrelid = %s::regclass AND indisprimary",
            (self.now.as_string(connection),),
        ).fetchone()
        assert index is not None
        connection.execute(SQL("CLUSTER {} USING {}").format(self.now, Identifier(index[0])))

    def load(self, connection: Connection[Any], groups: Sequence[Group]) -> dict[Group, Lines[L]]:
        """The present lines of these groups; an empty group where there are none."""
        found: dict[Group, Lines[L]] = {group: {} for group in groups}
        if not found:
            return found
        several = self.line.grouped > 1
        asked = zip(*groups, strict=True) if several else [groups]
        with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
            cursor.execute(self._loading, [literal(map(str, values)) for values in asked])
            while rows := cursor.fetchmany(AT_ONCE):
                for line, row in zip(self.line.of_rows(rows), rows, strict=True):
                    key = line.identity()
                    found[key[: self.line.grouped] if several else key[0]][key] = line, row[-1], None
        return found

    def store(self, connection: Connection[Any], change: Change) -> None:
        """Moves what ended to the past, and adds the new rows."""
        if change.ended:
            self._end(connection, change.ended)
        if change.rows:
            with connection.cursor().copy(self._adding) as copy:
                copy.write(b"".join(change.rows))

    def _end(self, connection: Connection[Any], ended: Sequence[Ended]) -> None:
        keys = zip(*(one.key for one in ended), strict=True)
        untils = [one.until for one in ended]
        forks = [fork(one.since, one.until) for one in ended]
        # Written out here, for psycopg takes each value of a list through several calls.
        connection.execute(self._ending, [literal(map(str, values)) for values in (*keys, untils, forks)])


def comma(parts: Iterable[Composable]) -> Composed:
    return SQL(", ").join(parts)


def raw(text: str) -> SQL:
    """SQL made of what the program itself declares."""
    return SQL(text)
