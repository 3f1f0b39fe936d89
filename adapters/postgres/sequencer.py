"""The write side of the log: one connection, one at work on it, many decisions in each transaction (group commit)."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from secrets import randbits
from typing import NamedTuple

import psycopg
import structlog
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent
from eventsourcing.persistence import DatabaseError, OperationalError, ProgrammingError
from psycopg.errors import error_from_result
from psycopg.generators import execute
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGresult

from adapters.postgres.connection import connect, head_of, lost
from adapters.postgres.criteria import Written
from adapters.postgres.decision import Decision, Fate, Promise, Waiter
from adapters.postgres.parameters import BYTEA, INT4, INT8, TEXT, array, int4

_MOST_DECISIONS = 512
_MOST_BYTES = 8 * 1024 * 1024
_MOST_LOST_CONNECTIONS = 10

_APPEND = b"append"
_APPEND_STATEMENT = b"SELECT refused, head FROM facts.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_FORMATS = [Format.BINARY] * 9 + [Format.TEXT]
_FIND = "SELECT max(position) FROM facts.fact WHERE position > %b AND batch = %b"
_MYSELF = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
_TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %b AND backend_start = %b"

_log = structlog.get_logger(__name__)


class OutcomeUnknown(OperationalError):
    """The connection broke during a commit and the database stayed away: the facts may be stored or not."""


class Outcome(NamedTuple):
    """What became of a batch: each decision's fate, and those that have to be tried again."""

    fates: Sequence[tuple[Decision, Fate]] = ()
    again: Sequence[Decision] = ()


class _Batch:
    """Decisions for one transaction. `sent`: on the present connection, its answer not yet heard."""

    def __init__(self, decisions: list[Decision]) -> None:
        self.mark = randbits(63)
        self.decisions = decisions
        self.accepted, self.clashing = _compatible(decisions)
        self.sent = False

    def parameters(self, now: datetime | None) -> list[bytes | None]:
        """The arguments of facts.append()."""
        numbers = [number for number, decision in enumerate(self.decisions) for _ in decision.asked]
        return [
            self.mark.to_bytes(8, "big"),
            array(INT4, [int4(number) for number in numbers]),
            array(TEXT, [tag for decision in self.decisions for tag in decision.asked_tags]),
            array(TEXT, [kind for decision in self.decisions for kind in decision.asked_types]),
            array(TEXT, [rest for decision in self.decisions for rest in decision.asked_rests]),
            array(INT8, [after for decision in self.decisions for after in decision.asked_after]),
            array(TEXT, [type_ for decision in self.accepted for type_ in decision.types]),
            array(TEXT, [tags for decision in self.accepted for tags in decision.tags]),
            array(BYTEA, [data for decision in self.accepted for data in decision.data]),
            now.isoformat().encode() if now else None,
        ]

    def refused(self, numbers: set[int]) -> Outcome:
        """Nothing was stored, because of the conditions of these."""
        fates: list[tuple[Decision, Fate]] = []
        again: list[Decision] = []
        for number, decision in enumerate(self.decisions):
            if number in numbers:
                fates.append((decision, decision.refused()))
            else:
                again.append(decision)
        return Outcome(fates, again)

    def stored(self, head: int) -> Outcome:
        position = before = head - sum(len(decision.events) for decision in self.accepted)
        fates: list[tuple[Decision, Fate]] = []
        for decision in self.accepted:
            position += len(decision.events)
            fates.append((decision, position))
        # What a decision stands on was written by this very batch, unless it only looks at what comes later.
        fates += [(decision, decision.refused()) for decision in self.clashing if decision.after <= before]
        return Outcome(fates, [decision for decision in self.clashing if decision.after > before])

    def failed(self, error: Exception) -> Outcome:
        return Outcome([(decision, error) for decision in self.decisions])


class Sequencer:
    """Stores decisions as they are submitted, all that wait at the same time in one transaction.

    A decision whose condition fails, or that the database can't store, fails alone. When the connection breaks during
    a commit, the sequencer first finds out whether that transaction was committed, then answers or stores it again.

    The next batch is sent before the last one's submitters are told, so that the database works while they wake up.

    Whoever appends while nobody is at work does it in their own thread: that two threads wake each other would be a
    third of an append's cost to this process. What comes meanwhile, and what is only submitted, is for the sequencer's
    thread. So is all that the main thread appends: a signal might end that amid an exchange with the database.
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
        self._waiting: deque[Decision] = deque()
        self._connection: psycopg.Connection | None = None
        self._backend: tuple[int, datetime] | None = None
        self._head = 0
        self._door = threading.Lock()
        self._closed = False
        self._busy = False  # somebody is at work, or the thread has been told that it is its turn
        self._turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._work, name="sequencer", daemon=True)
        self._thread.start()

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """See `PostgresRecorder.append`."""
        waiter = Waiter()
        decision = Decision(events, condition, waiter)
        if self._take(decision, at_once=threading.current_thread() is not threading.main_thread()):
            self._store(decision)
        return waiter.wait()

    def submit(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> Future[int]:
        """The position of the last of `events`, once they are stored."""
        promise = Promise()
        self._take(Decision(events, condition, promise), at_once=False)
        return promise

    def close(self) -> None:
        """Store what was submitted, then end."""
        with self._door:
            self._closed = True
            free, self._busy = not self._busy, True
        if free:
            self._turn.release()
        self._thread.join()

    def _take(self, decision: Decision, *, at_once: bool) -> bool:
        """Whether it is now for the submitter to store the decision, which may only be if it could be `at_once`."""
        with self._door:
            if self._closed:
                raise ProgrammingError("the recorder is closed")
            free, self._busy = not self._busy, True
            if free and at_once:
                return True
            self._waiting.append(decision)
        if free:
            self._turn.release()
        return False

    def _store(self, decision: Decision) -> None:
        try:
            outcome = self._outcome(_Batch([decision]))
        finally:
            self._pass_on()
        self._tell(outcome)

    def _pass_on(self) -> None:
        """Nobody is at work any more, unless something waits."""
        with self._door:
            self._busy = bool(self._waiting) or self._closed
            if self._busy:
                self._turn.release()

    def _work(self) -> None:
        while self._turn.acquire() and not (self._closed and not self._waiting):
            last = Outcome()
            while (batch := self._next_batch(last)) or last.fates:
                if batch:
                    self._send_ahead(batch)
                self._tell(last)
                last = self._outcome(batch) if batch else Outcome()
            self._pass_on()
        if self._connection is not None:
            self._connection.close()

    def _next_batch(self, last: Outcome) -> _Batch | None:
        """What has to be tried again, and what waits; None when nothing does."""
        decisions = list(last.again)
        size = sum(decision.size for decision in decisions)
        while self._waiting and len(decisions) < _MOST_DECISIONS and size < _MOST_BYTES:
            decision = self._waiting.popleft()
            if decision.told.wanted():
                decisions.append(decision)
                size += decision.size
        return _Batch(decisions) if decisions else None

    def _tell(self, outcome: Outcome) -> None:
        if outcome.fates:
            self._committed(self._head)
        for decision, fate in outcome.fates:
            decision.told.tell(fate)

    def _outcome(self, batch: _Batch) -> Outcome:
        try:
            refused, head = self._append(batch)
        except OutcomeUnknown as error:
            return batch.failed(error)
        except OperationalError as error:
            return batch.failed(OperationalError(f"nothing was stored: {error}"))
        except Exception as error:
            if len(batch.decisions) == 1:
                return batch.failed(error if isinstance(error, DatabaseError) else _translated(error))
            return self._one_by_one(batch)
        if refused:
            return batch.refused(refused)
        self._head = head
        return batch.stored(head)

    def _one_by_one(self, batch: _Batch) -> Outcome:
        outcomes = [self._outcome(_Batch([decision])) for decision in batch.decisions]
        return Outcome([fate for outcome in outcomes for fate in outcome.fates])

    def _append(self, batch: _Batch) -> tuple[set[int], int]:
        """All accepted events in one transaction and the head then, or the numbers of the decisions refused."""
        for _ in range(_MOST_LOST_CONNECTIONS):
            connection = self._connection if batch.sent and self._connection else self._connected()
            try:
                if not batch.sent:
                    self._send(connection, batch)
                return _answer(connection)
            except psycopg.Error as error:
                if not lost(connection, error):
                    raise
                _log.warning("append_interrupted", error=str(error))
            batch.sent = False
            head = self._find(batch.mark)
            if head is not None:
                return set(), head
        raise OperationalError("the connection broke again and again")

    def _send_ahead(self, batch: _Batch) -> None:
        """Send what can be sent without waiting. If it can't be, `_append` finds out what is the matter."""
        if self._connection is not None and not self._connection.closed:
            with suppress(Exception):
                self._send(self._connection, batch)

    def _send(self, connection: psycopg.Connection, batch: _Batch) -> None:
        parameters = batch.parameters(self._clock() if self._clock else None)
        batch.sent = True  # even if the attempt fails: nobody knows how far it got
        connection.pgconn.send_query_prepared(_APPEND, parameters, _FORMATS)
        connection.pgconn.flush()

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
        _valid(connection.pgconn.prepare(_APPEND, _APPEND_STATEMENT))
        self._backend = connection.execute(_MYSELF).fetchone()


def _compatible(batch: list[Decision]) -> tuple[list[Decision], list[Decision]]:
    """The decisions that can be stored together, in order, and those that stand on something the former write."""
    if len(batch) == 1:
        return batch, []
    written = Written()
    accepted: list[Decision] = []
    clashing: list[Decision] = []
    for decision in batch:
        if written.meets(decision.asked):
            clashing.append(decision)
        else:
            written.add(decision.events)
            accepted.append(decision)
    return accepted, clashing


def _answer(connection: psycopg.Connection) -> tuple[set[int], int]:
    """What facts.append() returned."""
    result = _valid(connection.wait(execute(connection.pgconn))[-1])
    refused, head = result.get_value(0, 0), result.get_value(0, 1)
    return {int(number) for number in refused[1:-1].split(b",")} if refused else set(), int(head or 0)


def _valid(result: PGresult) -> PGresult:
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise error_from_result(result)
    return result


def _translated(error: Exception) -> Exception:
    kind = OperationalError if isinstance(error, psycopg.OperationalError) else DatabaseError
    translated = kind(str(error))
    translated.__cause__ = error
    return translated
