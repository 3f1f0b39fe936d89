"""Who is at work on the log: the one who appends while nobody is, in their own thread; for all others, its thread."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from adapters.postgres.event_store import PostgresRecorder
from domain.fact import CHINA
from tests.adapters.postgres.test_group_commit import turn_taken

WRITER = "writer_0"


class Clock:
    """Asked by whoever sends a batch, it remembers who that was."""

    def __init__(self) -> None:
        self.asked_by: list[str] = []
        self.error: BaseException | None = None

    def __call__(self) -> datetime:
        self.asked_by.append(threading.current_thread().name)
        if self.error is not None:
            raise self.error
        return datetime.now(CHINA)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(database_url: str, clock: Clock) -> Iterator[PostgresRecorder]:
    with PostgresRecorder(database_url, clock=clock) as recorder:
        yield recorder


@pytest.fixture
def writer() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, thread_name_prefix="writer") as pool:
        yield pool


def fact(number: int) -> DCBEvent:
    return DCBEvent("x", b"%d" % number, [f"fact-{number}"])


def test_whoever_appends_while_nobody_is_at_work_stores_it_themselves(
    log: PostgresRecorder, clock: Clock, writer: ThreadPoolExecutor
) -> None:
    assert [writer.submit(log.append, [fact(number)]).result() for number in range(3)] == [1, 2, 3]
    assert clock.asked_by == [WRITER] * 3


def test_the_main_thread_which_signals_interrupt_never_does(log: PostgresRecorder, clock: Clock) -> None:
    assert log.append([fact(1)]) == 1
    assert clock.asked_by == ["sequencer"]


def test_a_refusal_is_told_to_whoever_stores_themselves(log: PostgresRecorder, writer: ThreadPoolExecutor) -> None:
    once = DCBAppendCondition(DCBQuery([DCBQueryItem(tags=["fact-1"])]))
    assert writer.submit(log.append, [fact(1)], once).result() == 1
    with pytest.raises(IntegrityError):
        writer.submit(log.append, [fact(1)], once).result()
    assert writer.submit(log.append, [fact(2)]).result() == 2


def test_what_comes_while_somebody_is_at_work_is_stored_together_by_the_thread(
    log: PostgresRecorder, clock: Clock, database_url: str, writer: ThreadPoolExecutor
) -> None:
    with turn_taken(database_url):
        first = writer.submit(log.append, [fact(0)])
        _until(lambda: clock.asked_by == [WRITER])
        others = [log.submit([fact(number)]) for number in range(1, 5)]
    assert [first.result(30), *(other.result(30) for other in others)] == [1, 2, 3, 4, 5]
    assert clock.asked_by == [WRITER, "sequencer"]


def test_what_one_submits_and_then_appends_is_stored_in_that_order(
    log: PostgresRecorder, clock: Clock, writer: ThreadPoolExecutor
) -> None:
    def both(number: int) -> tuple[Future[int], int]:
        return log.submit([fact(number)]), log.append([fact(number + 1)])

    told = [writer.submit(both, number).result() for number in range(0, 40, 2)]
    assert [position for submitted, appended in told for position in (submitted.result(), appended)] == [*range(1, 41)]


def test_a_recorder_that_is_closed_lets_those_at_work_and_those_who_wait_finish(
    log: PostgresRecorder, clock: Clock, database_url: str, writer: ThreadPoolExecutor
) -> None:
    with ThreadPoolExecutor(1) as closer:
        with turn_taken(database_url):
            first = writer.submit(log.append, [fact(1)])
            _until(lambda: clock.asked_by == [WRITER])
            second = log.submit([fact(2)])
            closing = closer.submit(log.close)
            time.sleep(0.05)  # it can't be seen from outside that the door is shut
            assert not closing.done()
        closing.result(30)
    assert (first.result(), second.result()) == (1, 2)
    assert stored(database_url) == 2


def test_a_recorder_is_closed_as_often_as_one_likes(log: PostgresRecorder, writer: ThreadPoolExecutor) -> None:
    assert writer.submit(log.append, [fact(1)]).result() == 1
    log.close()
    log.close()


@pytest.mark.parametrize("ended", [SystemExit("ended"), KeyboardInterrupt("ended")])
def test_one_who_is_ended_at_work_leaves_the_log_to_the_others(
    log: PostgresRecorder, clock: Clock, writer: ThreadPoolExecutor, ended: BaseException
) -> None:
    clock.error = ended
    with pytest.raises(type(ended)):
        writer.submit(log.append, [fact(1)]).result()
    clock.error = None
    assert writer.submit(log.append, [fact(2)]).result(30) == 1
    assert log.append([fact(3)]) == 2


def test_many_who_come_and_go_are_each_told_their_own_position(log: PostgresRecorder, clock: Clock) -> None:
    def write(number: int) -> list[int]:
        positions = []
        for attempt in range(40):
            positions.append(log.append([fact(number * 100 + attempt)]))
            if attempt % 8 == number:
                time.sleep(0.002)  # so that the log is free now and then
        return positions

    with ThreadPoolExecutor(5) as pool:
        told = list(pool.map(write, range(5)))
    assert sorted(position for positions in told for position in positions) == list(range(1, 201))
    assert all(positions == sorted(positions) for positions in told)
    kept = {fact.position: fact.data for fact in log.read_recorded()}
    for number, positions in enumerate(told):
        assert [kept[position] for position in positions] == [b"%d" % (number * 100 + n) for n in range(40)]


def stored(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("SELECT count(*) FROM facts.fact").fetchone()
        assert row is not None
        return int(row[0])


def _until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
