"""News of the log: from this process, from others, and when nobody brings it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import psycopg
import pytest
from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem

from adapters.postgres.event_store import PostgresRecorder
from tests.adapters.postgres.test_lost_connections import _end_all_sessions

LONG = 30.0


@pytest.fixture
def other(database_url: str) -> Iterator[PostgresRecorder]:
    """The same log, as another process has it."""
    with PostgresRecorder(database_url) as other:
        yield other


@pytest.fixture
def aside() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def fact(name: str) -> DCBEvent:
    return DCBEvent(name, b"", [f"tag-{name}"])


def test_waiting_ends_with_the_position_recorded_meanwhile(
    recorder: PostgresRecorder, other: PostgresRecorder, aside: ThreadPoolExecutor
) -> None:
    assert recorder.wait(0, timeout=0.01) == 0
    here, there = aside.submit(recorder.wait, 0, LONG), aside.submit(other.wait, 0, LONG)
    recorder.append([fact("a"), fact("b")])
    assert here.result(LONG) == 2
    assert there.result(LONG) == 2
    assert recorder.wait(1, timeout=LONG) == 2


def test_waiting_for_nothing_ends_in_time_and_when_the_recorder_is_closed(
    database_url: str, aside: ThreadPoolExecutor
) -> None:
    recorder = PostgresRecorder(database_url)
    recorder.append([fact("a")])
    assert recorder.wait(1, timeout=0.05) == 1
    waiting = aside.submit(recorder.wait, 1, LONG)
    recorder.close()
    assert waiting.result(LONG) == 1


def test_a_lost_notification_stalls_nobody(
    recorder: PostgresRecorder, database_url: str, admin_url_of: Callable[[str], str]
) -> None:
    recorder.append([fact("a")])
    assert recorder.wait(0, LONG) == 1
    with psycopg.connect(admin_url_of(database_url)) as admin:
        admin.execute("INSERT INTO facts.fact VALUES (2, now(), 0, 'unannounced', '{}', '')")
    assert recorder.wait(1, LONG) == 2


def test_news_arrives_although_every_session_was_ended(
    recorder: PostgresRecorder, other: PostgresRecorder, database_url: str, aside: ThreadPoolExecutor
) -> None:
    recorder.append([fact("a")])
    assert other.wait(0, LONG) == 1
    waiting = aside.submit(other.wait, 1, LONG)
    _end_all_sessions(database_url)
    recorder.append([fact("b")])
    assert waiting.result(LONG) == 2


def test_a_subscriber_gets_every_fact_once_in_order_from_the_past_into_the_present(
    recorder: PostgresRecorder, other: PostgresRecorder, aside: ThreadPoolExecutor
) -> None:
    recorder.append([fact("a") for _ in range(5000)])
    with other.subscribe(after=10) as subscription:
        reading = aside.submit(lambda: [event.position for event in islice(subscription, 5290)])
        for _ in range(100):
            recorder.append([fact("b"), fact("b"), fact("b")])
        assert reading.result(LONG) == list(range(11, 5301))


def test_a_subscriber_to_some_facts_gets_only_those(recorder: PostgresRecorder, other: PostgresRecorder) -> None:
    query = DCBQuery([DCBQueryItem(types=["b"]), DCBQueryItem(tags=["tag-c"])])
    with recorder.subscribe(query) as subscription:
        for name in "abacabc":
            other.append([fact(name)])
        assert [event.event.type for event in islice(subscription, 4)] == ["b", "c", "b", "c"]


def test_a_blocked_subscriber_ends_when_it_is_stopped(recorder: PostgresRecorder, aside: ThreadPoolExecutor) -> None:
    recorder.append([fact("a")])
    subscription = recorder.subscribe()
    first = threading.Event()

    def consume() -> list[int]:
        positions = []
        for event in subscription:
            positions.append(event.position)
            first.set()
        return positions

    consumed = aside.submit(consume)
    assert first.wait(LONG)
    subscription.stop()
    assert consumed.result(LONG) == [1]


def test_a_blocked_subscriber_ends_when_the_recorder_is_closed(database_url: str, aside: ThreadPoolExecutor) -> None:
    recorder = PostgresRecorder(database_url)
    consumed = aside.submit(lambda: list(recorder.subscribe()))
    recorder.close()
    assert consumed.result(LONG) == []
