"""演示标记: says that a database holds a demonstration, and what time it is in it.

The clock of a demonstration starts at its story's end and then runs on, so that 24 hours to answer are 24 hours.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

_TABLE = """
CREATE TABLE IF NOT EXISTS accounts.demonstration (
    only       boolean PRIMARY KEY DEFAULT true CHECK (only),
    story_end  timestamptz NOT NULL,
    started_at timestamptz NOT NULL
)"""


def mark(connection: Connection[Any], story_end: datetime, started_at: datetime | None = None) -> None:
    """Says that the story has been told: from the wall clock's ``started_at`` (now) on, its own goes on."""
    with connection.transaction():
        connection.execute(_TABLE)
        connection.execute(
            "INSERT INTO accounts.demonstration (story_end, started_at) VALUES (%s, %s)",
            (story_end, started_at or datetime.now(UTC)),
        )


def is_demonstration(connection: Connection[Any]) -> bool:
    return _marked(connection) is not None


def clock_of(connection: Connection[Any]) -> Callable[[], datetime] | None:
    """The demonstration's own clock, or none where this is not one."""
    marked = _marked(connection)
    if marked is None:
        return None
    story_end, started_at = marked
    return lambda: story_end + (datetime.now(UTC) - started_at)


def _marked(connection: Connection[Any]) -> tuple[datetime, datetime] | None:
    known = connection.execute("SELECT to_regclass('accounts.demonstration') IS NOT NULL").fetchone()
    if not known or not known[0]:
        return None
    row = connection.execute("SELECT story_end, started_at FROM accounts.demonstration").fetchone()
    return (row[0], row[1]) if row else None
