"""The log of facts on PostgreSQL, behind the port of `eventsourcing.dcb.api`."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from itertools import chain, islice
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
    DCBSubscription,
)
from eventsourcing.persistence import OperationalError

from adapters.postgres.connection import Readers, connect, head_of
from adapters.postgres.criteria import ANYTHING, Criterion, criteria
from adapters.postgres.parameters import literal
from adapters.postgres.sequencer import Sequencer

_PAGE = 2000
_ENDLESS = 2**63 - 1
_READERS = 8
_GLANCE = 0.2  # seconds after which the listener looks for itself, should a notification be lost
_ABSENCE = 0.1  # seconds between its attempts to reach a database that is away
_BREATH = 0.01  # seconds that it rests, so that a thousand commits a second don't wake it a thousand times

_ALL = """
SELECT f.position, f.type, f.tags, f.data, f.recorded_at, log.head
  FROM (SELECT coalesce(max(position), 0) FROM facts.fact) log(head)
  LEFT JOIN LATERAL (
       SELECT * FROM facts.fact WHERE position > %(after)b AND position <= %(until)b
        ORDER BY position LIMIT %(limit)b) f ON true
 ORDER BY f.position
"""
_MATCHING = """
SELECT f.position, f.type, f.tags, f.data, f.recorded_at, log.head
  FROM (SELECT coalesce(max(position), 0) FROM facts.fact) log(head)
  LEFT JOIN LATERAL (
       SELECT * FROM (
              SELECT DISTINCT m.position
                FROM unnest(%(tags)b::text[], %(types)b::text[], %(rests)b::text[]) c(tag, type, rest),
                     facts.matching(c.tag, c.type, c.rest, %(after)b, %(limit)b) m(position)
               WHERE m.position <= %(until)b ORDER BY m.position LIMIT %(limit)b) matched
         JOIN facts.fact USING (position)) f ON true
 ORDER BY f.position
"""
_MATCHING_PAGE = _MATCHING.replace("facts.matching", "facts.matching_page")


class Stored(NamedTuple):
    """A fact as the log keeps it: `data` is byte for byte what was given, `recorded_at` (UTC) never runs back."""

    position: int
    type: str
    tags: list[str]
    data: bytes
    recorded_at: datetime


class PostgresRecorder(DCBRecorder):
    """事件库: an append-only log in one total order, positions from 1 without gaps and visible in order to everyone.

    One per process and database is enough: every method may be called from any thread. Several processes may append to
    the same database. Connections must be direct: a pooler that shares sessions breaks LISTEN.
    """

    def __init__(self, url: str, *, patience: float = 20.0, clock: Callable[[], datetime] | None = None) -> None:
        """`patience`: how many seconds an append or a read waits for a database that is away. `clock` stamps facts in
        place of the database's own: for a demonstration, which lives in its story's time."""
        self._arrivals = _Arrivals(url)
        self._sequencer = Sequencer(url, patience=patience, committed=self._arrivals.saw, clock=clock)
        self._readers = Readers(url, most=_READERS, patience=patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Store what was submitted, wake those who wait, and let every connection go."""
        self._sequencer.close()
        self._arrivals.close()
        self._readers.close()

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        """Store the events, all or none, unless a fact after `condition.after` matches its query; return the position
        of the last one.

        Raises IntegrityError (of eventsourcing.persistence) when the condition fails, ProgrammingError for events that
        can't be stored, OperationalError when the database is away and nothing was stored, and its subclass
        OutcomeUnknown in the one case where that can't be known.
        """
        return self._sequencer.append(events, condition)

    def submit(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> Future[int]:
        """`append` without waiting: whatever is submitted at the same time is stored in few transactions."""
        return self._sequencer.submit(events, condition)

    def read(
        self, query: DCBQuery | None = None, *, after: int | None = None, limit: int | None = None
    ) -> DCBReadResponse:
        """The facts that match, in order, fetched while they are consumed, up to the log's head as of now: `head`.

        With a limit they are fetched at once, and `head` is the position of the last of them (None: there are none).
        """
        if limit is None:
            facts, head = self._begin(query, after or 0, _ENDLESS, _PAGE)
            return _ReadResponse(facts, head or None)
        page, _ = self._page(criteria(query), after or 0, _ENDLESS, limit)
        return _ReadResponse(iter(page), page[-1].position if page else None)

    def read_with_head(self, query: DCBQuery | None = None, *, after: int = 0) -> tuple[list[Stored], int]:
        """All facts that match, and the log's head (0: empty) at the same moment. One round trip: for decisions."""
        return self._page(criteria(query), after, _ENDLESS, _ENDLESS)

    def read_recorded(
        self, query: DCBQuery | None = None, *, after: int = 0, until: int | None = None, limit: int | None = None
    ) -> Iterator[Stored]:
        """The facts that match with `after` < position <= `until` (default: the head as of now), in order.

        Fetched while they are consumed, so a whole log needs no more memory than a page of it.
        """
        most = _PAGE if limit is None else min(limit, _PAGE)
        facts, _ = self._begin(query, after, _ENDLESS if until is None else until, most)
        return islice(facts, limit)

    def head(self) -> int:
        """The last position; 0 when nothing has been recorded."""
        return self._readers.ask(head_of)

    def position_at(self, moment: datetime) -> int:
        """The last position recorded at or before a moment (with its timezone); 0 when there is none."""

        def look_up(connection: psycopg.Connection) -> int:
            row = connection.execute("SELECT facts.position_at(%b)", (moment,), prepare=True).fetchone()
            assert row is not None
            return int(row[0])

        return self._readers.ask(look_up)

    def wait(self, after: int, timeout: float) -> int:
        """Block until something is recorded after a position, or for `timeout` seconds; return the head known then."""
        return self._arrivals.wait(after, timeout)

    def subscribe(
        self, query: DCBQuery | None = None, *, after: int | None = None
    ) -> DCBSubscription["PostgresRecorder"]:
        """The facts that match after a position, then those still to come: blocks in `next` until `stop` is called."""
        return _Subscription(self, query, after)

    def _begin(self, query: DCBQuery | None, after: int, until: int, most: int) -> tuple[Iterator[Stored], int]:
        """The facts up to `until` or the present head, the first page of them already fetched; and that head."""
        asked = criteria(query)
        page, head = self._page(asked, after, until, most)
        if not page or len(page) < most:
            return iter(page), head
        rest = self._pages if ANYTHING in asked else self._cursor
        return chain(page, rest(asked, page[-1].position, min(until, head))), head

    def _pages(self, asked: list[Criterion], after: int, until: int) -> Iterator[Stored]:
        """The whole log page by page: nothing already there ever changes, so no snapshot needs to be held."""
        while after < until:
            page, _ = self._page(asked, after, until, _PAGE)
            yield from page
            after = page[-1].position

    def _cursor(self, asked: list[Criterion], after: int, until: int) -> Iterator[Stored]:
        """What the index finds, from a cursor: it is found and sorted once, not once a page."""
        with (
            self._readers.session() as connection,
            connection.transaction(),
            connection.cursor("facts", binary=True) as cursor,
        ):
            cursor.itersize = _PAGE
            cursor.execute(_MATCHING, _arguments(asked, after, until, _ENDLESS))
            yield from (Stored._make(row[:5]) for row in cursor if row[0] is not None)

    def _page(self, asked: list[Criterion], after: int, until: int, limit: int) -> tuple[list[Stored], int]:
        """At most `limit` facts and the log's head, of one moment."""
        matching = _MATCHING if limit == _ENDLESS else _MATCHING_PAGE
        statement = _ALL if ANYTHING in asked else matching
        arguments = _arguments(asked, after, until, limit)

        def fetch(connection: psycopg.Connection) -> tuple[list[Stored], int]:
            rows = connection.cursor(binary=True).execute(statement, arguments, prepare=True).fetchall()
            return [Stored._make(row[:5]) for row in rows if row[0] is not None], rows[0][5]

        return self._readers.ask(fetch)


class _ReadResponse(DCBReadResponse):
    def __init__(self, facts: Iterator[Stored], head: int | None) -> None:
        self._facts = facts
        self._head = head

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return _sequenced(next(self._facts))


class _Subscription(DCBSubscription[PostgresRecorder]):
    def __init__(self, recorder: PostgresRecorder, query: DCBQuery | None, after: int | None) -> None:
        super().__init__(recorder, query, after)
        self._facts: Iterator[Stored] = iter(())

    def stop(self) -> None:
        super().stop()
        self._recorder._arrivals.wake()

    def __next__(self) -> DCBSequencedEvent:
        while not self._is_over():
            for fact in self._facts:
                return _sequenced(fact)
            head = self._recorder._arrivals.wait(self._last_position, _ENDLESS, self._is_over)
            self._facts = self._recorder.read_recorded(self._query, after=self._last_position, until=head)
            self._last_position = max(head, self._last_position)
        raise StopIteration

    def _is_over(self) -> bool:
        return self._has_been_stopped or self._recorder._arrivals.closed


class _Arrivals:
    """What is known of the log's head: from this process's own commits at once, from others by LISTEN."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._head = 0
        self.closed = False
        self._news = threading.Condition()
        self._listener: threading.Thread | None = None

    def saw(self, head: int) -> None:
        with self._news:
            if head > self._head:
                self._head = head
                self._news.notify_all()

    def wake(self) -> None:
        with self._news:
            self._news.notify_all()

    def wait(self, after: int, timeout: float, stopped: Callable[[], bool] = lambda: False) -> int:
        with self._news:
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="facts-listener", daemon=True)
                self._listener.start()
            self._news.wait_for(
                lambda: self._head > after or self.closed or stopped(), min(timeout, threading.TIMEOUT_MAX)
            )
            return self._head

    def close(self) -> None:
        self.closed = True
        self.wake()
        if self._listener is not None:
            self._listener.join()

    def _listen(self) -> None:
        while not self.closed:
            try:
                with connect(self._url) as connection:
                    connection.execute("LISTEN facts")
                    while not self.closed:
                        self.saw(head_of(connection))
                        time.sleep(_BREATH)
                        for _ in connection.notifies(timeout=_GLANCE, stop_after=1):
                            pass
            except (psycopg.OperationalError, OperationalError):
                time.sleep(_ABSENCE)


def _arguments(asked: list[Criterion], after: int, until: int, limit: int) -> dict[str, object]:
    return {
        "tags": [criterion.tag for criterion in asked],
        "types": [criterion.type for criterion in asked],
        "rests": [literal(criterion.rest) if criterion.rest else None for criterion in asked],
        "after": after,
        "until": until,
        "limit": limit,
    }


def _sequenced(fact: Stored) -> DCBSequencedEvent:
    return DCBSequencedEvent(DCBEvent(fact.type, fact.data, fact.tags), fact.position)
