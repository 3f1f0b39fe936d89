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
    loaded_at timestamptz NOT NULL
)"""


class Story(NamedTuple):
    """When the story ended by its own clock, and by the machine's when it had been told."""

    ended_at: datetime
    loaded_at: datetime


def mark(connection: Connection[Any], ended_at: datetime) -> None:
    """Says that the story has been told."""
    with connection.transaction():
        connection.execute(_TABLE)
        connection.execute("INSERT INTO accounts.demonstration VALUES (true, %s, %s)", (ended_at, datetime.now(UTC)))


def read(connection: Connection[Any]) -> Story | None:
    """The story that the database holds, or none where it is no demonstration."""
    known = connection.execute("SELECT to_regclass('accounts.demonstration') IS NOT NULL").fetchone()
    if not known or not known[0]:
        return None
    row = connection.execute("SELECT ended_at, loaded_at FROM accounts.demonstration").fetchone()
    return Story(*row) if row else None
