"""Connections that break at the worst moment: whoever was told a position finds their facts there, once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError, OperationalError
from psycopg.conninfo import make_conninfo

from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.sequencer import OutcomeUnknown
from tests.adapters.postgres.test_group_commit import turn_taken
from tests.adapters.postgres.wire import Wire

FACT = DCBEvent("issue.registered", b"{}", ["issue-1"])
ONCE = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=["issue-1"])]))


@pytest.fixture
def wire(database_url: str, open_folder: Path) -> Iterator[Wire]:
    folder = open_folder / f"wire-{time.monotonic_ns()}"
    folder.mkdir()
    with Wire(database_url, folder) as wire:
        yield wire


@pytest.fixture
def distant(wire: Wire) -> Iterator[PostgresRecorder]:
    """A recorder that has stored one fact and reaches its server through a wire that can be cut."""
    with PostgresRecorder(wire.url, patience=5) as recorder:
        recorder.append([DCBEvent("first", b"")])
        recorder.head()  # from here on only an append sends anything over the wire
        yield recorder


def test_when_the_answer_is_lost_the_facts_are_found_and_not_stored_again(
    wire: Wire, distant: PostgresRecorder
) -> None:
    wire.lose_next_answer()
    assert distant.append([FACT, FACT], ONCE) == 3
    assert wire.faults == 1
    assert distant.head() == 3


def test_when_the_question_is_lost_the_facts_are_stored_after_all(wire: Wire, distant: PostgresRecorder) -> None:
    wire.lose_next_question()
    assert distant.append([FACT, FACT], ONCE) == 3
    assert wire.faults == 1
    assert distant.head() == 3


@pytest.mark.parametrize("fault", [Wire.lose_next_answer, Wire.lose_next_question, Wire.orphan_next_question])
def test_whoever_stores_in_their_own_thread_bears_a_lost_connection_as_well(
    wire: Wire, distant: PostgresRecorder, fault: Callable[[Wire], None]
) -> None:
    fault(wire)
    with ThreadPoolExecutor(1) as writer:
        assert writer.submit(distant.append, [FACT, FACT], ONCE).result(timeout=30) == 3
    assert wire.faults == 1
    assert distant.head() == 3


def test_when_the_first_question_ever_is_lost_it_is_stored_too(wire: Wire, recorder: PostgresRecorder) -> None:
    recorder.append([DCBEvent("first", b"")])
    with PostgresRecorder(wire.url) as distant:
        distant.head()
        wire.lose_next_answer()
        assert distant.append([FACT], ONCE) == 2
    assert recorder.head() == 2


def test_an_orphaned_transaction_that_waits_for_its_turn_never_stores_behind_our_back(
    wire: Wire, distant: PostgresRecorder, database_url: str
) -> None:
    with turn_taken(database_url):
        wire.orphan_next_question()
        future = distant.submit([FACT, FACT])
        _until(lambda: wire.faults == 1)
        time.sleep(0.2)  # long enough for the orphan to stand in the line, and for its successor to end it
    assert future.result(timeout=30) == 3
    time.sleep(0.2)
    assert [fact.type for fact in distant.read_recorded()] == ["first", FACT.type, FACT.type]


@pytest.mark.parametrize("fault", [Wire.lose_next_answer, Wire.lose_next_question, Wire.orphan_next_question])
def test_a_batch_sent_before_the_last_one_was_told_may_be_lost_as_well(
    wire: Wire, distant: PostgresRecorder, database_url: str, fault: Callable[[Wire], None]
) -> None:
    with turn_taken(database_url):
        before = distant.submit([FACT])
        _until(lambda: _stands_in_line(database_url))
        fault(wire)
        after = [distant.submit([DCBEvent("issue.closed", b"")]) for _ in range(3)]
    assert before.result(timeout=30) == 2
    assert [future.result(timeout=30) for future in after] == [3, 4, 5]
    assert wire.faults == 1
    assert distant.head() == 5


def test_whoever_was_stored_is_told_although_the_database_stays_away_from_the_next(
    database_url: str, open_folder: Path
) -> None:
    folder = open_folder / f"wire-{time.monotonic_ns()}"
    folder.mkdir()
    with Wire(database_url, folder) as wire, PostgresRecorder(wire.url, patience=5) as recorder:
        recorder.append([DCBEvent("first", b"")])
        with turn_taken(database_url):
            before = recorder.submit([FACT])
            _until(lambda: _stands_in_line(database_url))
            wire._door.close()
            (folder / ".s.PGSQL.5432").unlink()
            wire.lose_next_question()
            after = recorder.submit([FACT])
        assert before.result(timeout=4) == 2
        assert not after.done()
        with pytest.raises(OutcomeUnknown):
            after.result(timeout=30)


def test_a_lost_answer_that_was_a_refusal_stays_a_refusal(wire: Wire, distant: PostgresRecorder) -> None:
    distant.append([FACT], ONCE)
    wire.lose_next_answer()
    with pytest.raises(IntegrityError):
        distant.append([FACT], ONCE)
    assert distant.head() == 2


def test_a_database_that_stays_away_after_the_question_leaves_the_outcome_unknown(
    database_url: str, open_folder: Path
) -> None:
    folder = open_folder / f"wire-{time.monotonic_ns()}"
    folder.mkdir()
    with Wire(database_url, folder) as wire:
        recorder = PostgresRecorder(wire.url, patience=0.2)
        recorder.append([DCBEvent("first", b"")])
        recorder.head()
        wire._door.close()
        (folder / ".s.PGSQL.5432").unlink()
        wire.lose_next_answer()
        with pytest.raises(OutcomeUnknown):
            recorder.append([FACT])
        with pytest.raises(OperationalError, match="nothing was stored"):
            recorder.append([FACT])
        recorder.close()
    with PostgresRecorder(database_url) as near:
        assert near.head() == 2


def test_a_database_that_can_not_be_reached_stores_nothing_and_says_so(open_folder: Path) -> None:
    url = make_conninfo(host=str(open_folder), user="nobody", dbname="nothing")
    with PostgresRecorder(url, patience=0.2) as recorder:
        with pytest.raises(OperationalError, match="nothing was stored"):
            recorder.append([FACT])
        with pytest.raises(OperationalError):
            recorder.head()


def test_a_reader_whose_connection_was_ended_reads_on(recorder: PostgresRecorder, database_url: str) -> None:
    recorder.append([FACT])
    assert recorder.head() == 1
    _end_all_sessions(database_url)
    assert recorder.head() == 1
    _end_all_sessions(database_url)
    assert [fact.position for fact in recorder.read_recorded()] == [1]


def test_every_acknowledged_append_is_there_once_while_sessions_are_being_ended(
    recorder: PostgresRecorder, database_url: str
) -> None:
    def end_sessions() -> None:
        for _ in range(9):  # fewer than a batch survives, should the same one be hit every time
            time.sleep(0.03)
            _end_all_sessions(database_url)

    def write(writer: int) -> dict[str, int]:
        told = {}
        for number in range(40):
            tag = f"issue-{writer}-{number}"
            unless = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=[tag])]))
            told[tag] = recorder.append([DCBEvent("issue.registered", b"", [tag])], unless)
            time.sleep(0.01)
        return told

    with ThreadPoolExecutor(5) as pool:
        ender = pool.submit(end_sessions)
        told = {tag: position for writer in pool.map(write, range(4)) for tag, position in writer.items()}
        ender.result()
    stored = {fact.tags[0]: fact.position for fact in recorder.read_recorded()}
    assert stored == told
    assert sorted(stored.values()) == list(range(1, 161))
    assert Counter(fact.tags[0] for fact in recorder.read_recorded()).most_common(1)[0][1] == 1


def _end_all_sessions(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )


def _stands_in_line(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        waiting = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return waiting.fetchone() == (1,)


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
