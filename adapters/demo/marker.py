"""演示标记: says that a database holds a demonstration, and what time it is in it.

The clock of a demonstration starts at its story's end and then runs on, so that 24 hours to answer are 24 hours.
"""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from psycopg import Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS accounts.demonstration (
    single    boolean PRIMARY KEY DEFAULT true CHECK (single),
    ended_at  timestamptz NOT NULL,
    loaded_at timestamptz
)"""


class Story(NamedTuple):
    """When the story ended by its own clock, and by the machine's when it had been told."""

    ended_at: datetime
    loaded_at: datetime


def begin(connection: Connection[Any], ended_at: datetime) -> None:
    """Says that a story is being told: one that was cut short may then be told to its end."""
    with connection.transaction():
        connection.execute(_TABLE)
        connection.execute(
            "INSERT INTO accounts.demonstration (ended_at) VALUES (%s) ON CONFLICT DO NOTHING", (ended_at,)
        )


def mark(connection: Connection[Any]) -> None:
    """Says that the story has been told."""
    connection.execute("UPDATE accounts.demonstration SET loaded_at = %s", (datetime.now(UTC),))


def begun(connection: Connection[Any]) -> bool:
    """Whether a story was begun here and not told to its end."""
    row = _row(connection)
    return row is not None and row[1] is None


def read(connection: Connection[Any]) -> Story | None:
    """The story that the database holds, or none where it is no demonstration."""
    row = _row(connection)
    return Story(row[0], row[1]) if row and row[1] else None


def _row(connection: Connection[Any]) -> tuple[datetime, datetime | None] | None:
    known = connection.execute("SELECT to_regclass('accounts.demonstration') IS NOT NULL").fetchone()
    if not known or not known[0]:
        return None
    row = connection.execute("SELECT ended_at, loaded_at FROM accounts.demonstration").fetchone()
    return (row[0], row[1]) if row else None
