"""One county's issue ledger made into that of several, whose facts were recorded in turns.

Folding ten million facts takes the best part of an hour; what that leaves in the table is known from a tenth of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from domain.ids import RegionId
from projections.issue_ledger import IssueLine
from projections.table import NOW, SCHEMA, Table, fork, raw
from tests.projections.lives import COUNTY

_LAST = IssueLine.names.index("last_position")
_TABLE = Table(IssueLine)


def county(number: int) -> RegionId:
    """The first is the one whose facts were folded."""
    return RegionId(f"region-{int(COUNTY.removeprefix('region-')) + number}")


def suffix(number: int) -> str:
    """What sets a county's issues apart from those of the first, which keep their ids."""
    return f"-{number}" if number else ""


def multiply(connection: Connection[Any], many: int) -> None:
    """Leaves in the table what folding such a history of each of so many counties would have left, had every fact of
    the first been followed by its like in each of the others. For a connection that commits by itself."""
    counties = [(suffix(n).encode(), county(n).encode()) for n in range(many)]
    with TemporaryFile() as one:
        with connection.cursor().copy(
            SQL("COPY (SELECT {}, from_position, to_position FROM {}) TO STDOUT").format(_TABLE.columns, _TABLE.whole)
        ) as versions:
            one.writelines(versions)
        one.seek(0)
        connection.execute(SQL("TRUNCATE {}").format(_TABLE.whole))
        with (
            _without_indexes(connection),
            connection.cursor().copy(
                SQL("COPY {} ({}, from_position, to_position, fork) FROM STDIN").format(_TABLE.whole, _TABLE.columns)
            ) as copy,
        ):
            for version in one:
                copy.write(b"".join(_like(version, counties)))
    connection.execute(
        SQL("UPDATE {} SET position = position * %s WHERE ledger = %s").format(Identifier(SCHEMA, "projection")),
        (many, IssueLine.table),
    )


def _like(version: bytes, counties: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """A version of a line, in COPY's text form, as each county has it."""
    # The issue and the region are the first two cells.
    issue, region, *middle, last, rest = version.split(b"\t", _LAST + 1)
    rest, since, until = rest.rsplit(b"\t", 2)
    below, same = region[len(COUNTY) :], b"\t".join(middle)
    # A position was the first county's; now it is followed by one of each of the others.
    before, begun, ended = ((int(position) - 1) * len(counties) + 1 for position in (last, since, until))
    lasts = int(until) == NOW
    for turn, (mark, name) in enumerate(counties):
        cells = (issue + mark, name + below, same, b"%d" % (before + turn), rest)
        held = begun + turn, NOW if lasts else ended + turn
        yield b"%b\t%d\t%d\t%d\n" % (b"\t".join(cells), *held, fork(*held))


@contextmanager
def _without_indexes(connection: Connection[Any]) -> Iterator[None]:
    """They are made anew afterwards, as the schema has them."""
    key = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        (_TABLE.whole.as_string(),),
    ).fetchone()
    assert key is not None
    others = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY(%s::regclass[]) AND NOT indisprimary",
        ([part.as_string() for part in (_TABLE.now, _TABLE.past)],),
    ).fetchall()
    connection.execute(SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(_TABLE.whole, Identifier(key[0])))
    for name, _ in others:
        connection.execute(raw(f"DROP INDEX {name}"))
    yield
    connection.execute("SET maintenance_work_mem = '256MB'")
    connection.execute(SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(_TABLE.whole, Identifier(key[0]), raw(key[1])))
    for _, index in others:
        connection.execute(raw(index))
