"""The write side of the log: one thread, one connection, many decisions in each transaction (group commit)."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from queue import Empty, SimpleQueue
from secrets import randbits

import psycopg
import structlog
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent
from eventsourcing.persistence import DatabaseError, IntegrityError, OperationalError, ProgrammingError

from adapters.postgres.connection import connect, head_of, lost
from adapters.postgres.criteria import Criterion, Written, array, criteria

_MOST_DECISIONS = 512
_MOST_BYTES = 8 * 1024 * 1024
_MOST_LOST_CONNECTIONS = 10
_LONGEST_TEXT = 1024  # bytes: a tag and a type must fit into one row of the index

_APPEND = """
SELECT refused, head FROM facts.append(
    %b, %b::int[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::text[], %b::text[], %b::bytea[],
    %b::timestamptz)
"""
_FIND = "SELECT max(position) FROM facts.fact WHERE position > %b AND batch = %b"
_MYSELF = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %b AND backend_start = %b"

_log = structlog.get_logger(__name__)


class OutcomeUnknown(OperationalError):
    """The connection broke during a commit and the database stayed away: the facts may be stored or not."""


@dataclass(slots=True, eq=False)
class _Decision:
    events: Sequence[DCBEvent]
    condition: DCBAppendCondition | None
    future: Future[int] = field(default_factory=Future)
    asked: list[Criterion] = field(init=False)
    after: int = field(init=False)

    def __post_init__(self) -> None:
        self.asked = criteria(self.condition.fail_if_events_match) if self.condition else []
        self.after = (self.condition.after if self.condition else None) or 0

    @property
    def size(self) -> int:
        return sum(len(event.data) for event in self.events)

    def refuse(self) -> None:
        self.future.set_exception(IntegrityError(self.condition))


class Sequencer:
    """Stores decisions as they are submitted, all that wait at the same time in one transaction.

    A decision whose condition fails, or that the database can't store, fails alone. When the connection breaks during
    a commit, the sequencer first finds out whether that transaction was committed, then answers or stores it again.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: float,
        committed: Callable[[int], None],
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """`patience`: seconds to wait for a database that is away. `committed` is called with each new head."""
        self._url = url
        self._patience = patience
        self._committed = committed
        self._clock = clock
        self._waiting: SimpleQueue[_Decision | None] = SimpleQueue()
        self._connection: psycopg.Connection | None = None
        self._backend: tuple[int, datetime] | None = None
        self._head = 0
        self._door = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="sequencer", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> Future[int]:
        """The position of the last of `events`, once they are stored; see `PostgresRecorder.append` for errors."""
        _check(events)
        decision = _Decision(events, condition)
        with self._door:  # so that nothing is ever put behind the mark that ends the work
            if self._closed:
                raise ProgrammingError("the recorder is closed")
            self._waiting.put(decision)
        return decision.future

    def close(self) -> None:
        """Store what was submitted, then end."""
        with self._door:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while batch := self._next_batch():
            self._store(batch)
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self) -> list[_Decision]:
        batch: list[_Decision] = []
        size = 0
        while len(batch) < _MOST_DECISIONS and size < _MOST_BYTES:
            try:
                decision = self._waiting.get(block=not batch)
            except Empty:
                break
            if decision is None:
                self._waiting.put(None)
                break
            if decision.future.set_running_or_notify_cancel():
                batch.append(decision)
                size += decision.size
        return batch

    def _store(self, batch: list[_Decision]) -> None:
        try:
            self._store_together(batch)
        except OutcomeUnknown as error:
            _fail(batch, error)
        except OperationalError as error:
            _fail(batch, OperationalError(f"nothing was stored: {error}"))
        except Exception as error:
            untold = [decision for decision in batch if not decision.future.done()]
            if len(untold) == 1:
                _fail(untold, error if isinstance(error, DatabaseError) else _translated(error))
            else:
                for decision in untold:
                    self._store([decision])

    def _store_together(self, batch: list[_Decision]) -> None:
        while batch:
            accepted, clashing = _compatible(batch)
            refused, head = self._append(batch, accepted)
            if refused:
                for number in refused:
                    batch[number].refuse()
                batch = [decision for number, decision in enumerate(batch) if number not in refused]
                continue
            self._head = head
            self._committed(head)
            position = before = head - sum(len(decision.events) for decision in accepted)
            for decision in accepted:
                position += len(decision.events)
                decision.future.set_result(position)
            # What a decision stands on was written by this very batch, unless it only looks at what comes later.
            batch = [decision for decision in clashing if decision.after > before]
            for decision in clashing:
                if decision.after <= before:
                    decision.refuse()

    def _append(self, batch: list[_Decision], accepted: list[_Decision]) -> tuple[set[int], int]:
        """All events of `accepted` in one transaction and the head then, or the numbers in `batch` that are refused."""
        mark = randbits(63)
        arguments = [*_arguments(mark, batch, accepted), self._clock() if self._clock else None]
        for _ in range(_MOST_LOST_CONNECTIONS):
            connection = self._connected()
            try:
                row = connection.cursor(binary=True).execute(_APPEND, arguments, prepare=True).fetchone()
            except psycopg.Error as error:
                if not lost(connection, error):
                    raise
                _log.warning("append_interrupted", error=str(error))
                head = self._find(mark)
                if head is not None:
                    return set(), head
            else:
                assert row is not None
                return set(row[0] or ()), row[1]
        raise OperationalError("the connection broke again and again")

    def _find(self, mark: int) -> int | None:
        """The last position of the batch so marked; None when it was not stored and never will be."""
        try:
            while True:
                connection = self._connected()
                try:
                    row = connection.execute(_FIND, (self._head, mark)).fetchone()
                except psycopg.Error as error:
                    if not lost(connection, error):
                        raise
                else:
                    assert row is not None
                    return int(row[0]) if row[0] is not None else None
        except (psycopg.Error, OperationalError) as error:
            raise OutcomeUnknown("the connection broke during the commit; the facts may be stored or not") from error

    def _connected(self) -> psycopg.Connection:
        deadline = time.monotonic() + self._patience
        while self._connection is None or self._connection.closed:
            connection = connect(self._url, deadline - time.monotonic())
            try:
                self._succeed(connection)
            except psycopg.Error as error:
                connection.close()
                if time.monotonic() > deadline:
                    raise OperationalError(f"the database can't be reached: {error}") from error
            else:
                self._connection = connection
        return self._connection

    def _succeed(self, connection: psycopg.Connection) -> None:
        """Make sure that the server's end of the lost connection is gone, and with it a transaction not yet committed:
        it might still be waiting for its turn, and would store later what we have then stored again."""
        while self._backend and connection.execute(_TERMINATE, self._backend).fetchone():
            time.sleep(0.01)
        if self._backend is None:
            self._head = head_of(connection)
        self._backend = connection.execute(_MYSELF).fetchone()


def _compatible(batch: list[_Decision]) -> tuple[list[_Decision], list[_Decision]]:
    """The decisions that can be stored together, in order, and those that stand on something the former write."""
    if len(batch) == 1:
        return batch, []
    written = Written()
    accepted: list[_Decision] = []
    clashing: list[_Decision] = []
    for decision in batch:
        if written.meets(decision.asked):
            clashing.append(decision)
        else:
            written.add(decision.events)
            accepted.append(decision)
    return accepted, clashing


def _arguments(mark: int, batch: list[_Decision], accepted: list[_Decision]) -> list[object]:
    asked = [(number, decision.after, c) for number, decision in enumerate(batch) for c in decision.asked]
    events = [event for decision in accepted for event in decision.events]
    return [
        mark,
        [number for number, _, _ in asked],
        [c.tag for _, _, c in asked],
        [c.type for _, _, c in asked],
        [array(c.rest) if c.rest else None for _, _, c in asked],
        [after for _, after, _ in asked],
        [event.type for event in events],
        [array(event.tags) for event in events],
        [event.data for event in events],
    ]


def _check(events: Sequence[DCBEvent]) -> None:
    if not events:
        raise ProgrammingError("nothing to append")
    for event in events:
        if not isinstance(event.data, bytes):
            raise ProgrammingError("an event's data must be bytes")
        for text in (event.type, *event.tags):
            if not _storable(text):
                raise ProgrammingError(
                    f"a type or tag must be 1 to {_LONGEST_TEXT} bytes of UTF-8 without NUL: {text!r:.80}"
                )


def _storable(text: str) -> bool:
    try:
        return 0 < len(text.encode()) <= _LONGEST_TEXT and "\0" not in text
    except UnicodeEncodeError:
        return False


def _fail(batch: list[_Decision], error: Exception) -> None:
    for decision in batch:
        if not decision.future.done():
            decision.future.set_exception(error)


def _translated(error: Exception) -> Exception:
    kind = OperationalError if isinstance(error, psycopg.OperationalError) else DatabaseError
    translated = kind(str(error))
    translated.__cause__ = error
    return translated
