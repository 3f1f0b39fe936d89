"""How this package speaks to PostgreSQL: every connection plans, dates and waits alike."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from eventsourcing.persistence import OperationalError

T = TypeVar("T")

# Statements are few and shaped for indexes, whatever the statistics of a young table say; planning them anew each time
# costs more than running them.
_SESSION = """
SET default_transaction_isolation = 'read committed';
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET jit = off;
SET timezone = 'UTC';
"""
_BETWEEN_ATTEMPTS = 0.05


def connect(url: str, patience: float = 0) -> psycopg.Connection:
    """A session of ours in autocommit. Keeps trying for `patience` seconds; raises OperationalError after that."""
    deadline = time.monotonic() + patience
    while True:
        try:
            connection = psycopg.connect(url, autocommit=True, client_encoding="UTF8")
            connection.execute(_SESSION)
        except psycopg.OperationalError as error:
            if time.monotonic() >= deadline:
                raise OperationalError(f"the database can't be reached: {error}") from error
            time.sleep(_BETWEEN_ATTEMPTS)
        else:
            return connection


def lost(connection: psycopg.Connection, error: psycopg.Error) -> bool:
    """Whether the error ended the session, which leaves open what became of its transaction."""
    if error.diag.severity_nonlocalized in ("FATAL", "PANIC"):
        connection.close()
    return connection.closed


def head_of(connection: psycopg.Connection) -> int:
    """The last position of the log; 0 when it is empty."""
    row = connection.execute("SELECT coalesce(max(position), 0) FROM facts.fact", prepare=True).fetchone()
    assert row is not None
    return int(row[0])


class Readers:
    """A few sessions for reading, shared by all threads."""

    def __init__(self, url: str, *, most: int, patience: float) -> None:
        self._url = url
        self._patience = patience
        self._turns = threading.BoundedSemaphore(most)
        self._idle: list[psycopg.Connection] = []
        self._closed = False

    def ask(self, question: Callable[[psycopg.Connection], T]) -> T:
        """The answer to a question, which is put again when its session turns out to be dead.

        Raises OperationalError when the database stays away.
        """
        deadline = time.monotonic() + self._patience
        while True:
            with self.session() as connection:
                try:
                    return question(connection)
                except psycopg.OperationalError as error:
                    if not lost(connection, error) or time.monotonic() > deadline:
                        raise OperationalError(str(error)) from error

    @contextmanager
    def session(self) -> Iterator[psycopg.Connection]:
        with self._turns:
            connection = self._idle.pop() if self._idle else connect(self._url, self._patience)
            try:
                yield connection
            finally:
                if self._closed:
                    connection.close()
                elif not connection.closed:
                    self._idle.append(connection)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()
