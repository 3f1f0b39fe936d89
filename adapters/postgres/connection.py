"""How this package speaks to PostgreSQL: every connection plans, dates and waits alike."""

import psycopg

# Statements are few and shaped for indexes, whatever the statistics of a young table say; planning them anew each time
# costs more than running them.
_SESSION = """
SET default_transaction_isolation = 'read committed';
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET jit = off;
SET timezone = 'UTC';
"""


def configure(connection: psycopg.Connection) -> None:
    connection.autocommit = True
    connection.execute(_SESSION)


def connect(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url, autocommit=True)
    configure(connection)
    return connection


def head_of(connection: psycopg.Connection) -> int:
    """The last position of the log; 0 when it is empty."""
    row = connection.execute("SELECT coalesce(max(position), 0) FROM facts.fact", prepare=True).fetchone()
    assert row is not None
    return int(row[0])
