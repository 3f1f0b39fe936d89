"""Many decisions in one transaction: each with its own condition, each told its own fate."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, DCBRecorder
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import DatabaseError, IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.event_store import PostgresRecorder

TYPES = ["registered", "closed"]
TAGS = ["a", "b", "c"]

Submission = tuple[list[DCBEvent], DCBAppendCondition | None]

few_types = st.lists(st.sampled_from(TYPES), max_size=2, unique=True)
few_tags = st.lists(st.sampled_from(TAGS), max_size=2, unique=True)
events = st.lists(st.builds(DCBEvent, st.sampled_from(TYPES), st.binary(max_size=3), few_tags), min_size=1, max_size=3)
queries = st.builds(DCBQuery, st.lists(st.builds(DCBQueryItem, few_types, few_tags), max_size=3))


def conditions(latest: int) -> st.SearchStrategy[DCBAppendCondition | None]:
    return st.none() | st.builds(DCBAppendCondition, queries, st.integers(0, latest))


@contextmanager
def turn_taken(database_url: str) -> Iterator[None]:
    """Hold the sequencer's place in the line, so that what is submitted meanwhile meets in one batch."""
    with psycopg.connect(database_url) as rival:
        rival.execute("SELECT pg_advisory_xact_lock(5271910844)")
        yield


def submit_together(recorder: PostgresRecorder, database_url: str, submissions: list[Submission]) -> list[Future[int]]:
    with turn_taken(database_url):
        first = recorder.submit([DCBEvent("first", b"")])
        return [first, *(recorder.submit(*submission) for submission in submissions)]


def unless(*tags: str, after: int = 0) -> DCBAppendCondition:
    return DCBAppendCondition(DCBQuery([DCBQueryItem(tags=list(tags))]), after)


def outcome(future: Future[int]) -> int | str:
    try:
        return future.result(timeout=30)
    except IntegrityError:
        return "refused"


def test_decisions_stored_together_see_what_their_mates_wrote(recorder: PostgresRecorder, database_url: str) -> None:
    futures = submit_together(
        recorder,
        database_url,
        [
            ([DCBEvent("x", b"1", ["a"]), DCBEvent("x", b"2", ["b"])], unless("a")),
            ([DCBEvent("x", b"3", ["a"])], unless("a")),
            ([DCBEvent("x", b"4", ["c"])], unless("a", "b")),
            ([DCBEvent("x", b"5", ["d"])], None),
            ([DCBEvent("x", b"6", ["e"])], unless("b")),
        ],
    )
    assert [outcome(future) for future in futures] == [1, 3, "refused", 4, 5, "refused"]
    assert [fact.data for fact in recorder.read_recorded(after=1)] == [b"1", b"2", b"4", b"5"]
    times = {fact.recorded_at for fact in recorder.read_recorded(after=1)}
    assert len(times) == 1, "the four were one transaction"


def test_a_decision_refused_by_older_facts_leaves_its_mates_alone(
    recorder: PostgresRecorder, database_url: str
) -> None:
    recorder.append([DCBEvent("x", b"", ["old"])])
    futures = submit_together(
        recorder,
        database_url,
        [
            ([DCBEvent("x", b"", ["a"])], unless("old")),
            ([DCBEvent("x", b"", ["a"])], unless("a")),
            ([DCBEvent("x", b"", ["b"])], unless("old", after=1)),
        ],
    )
    assert [outcome(future) for future in futures] == [2, "refused", 3, 4]


def test_a_decision_that_the_database_can_not_store_fails_alone(recorder: PostgresRecorder, database_url: str) -> None:
    unaskable = unless("nul\0")
    futures = submit_together(
        recorder,
        database_url,
        [([DCBEvent("x", b"1")], None), ([DCBEvent("x", b"2")], unaskable), ([DCBEvent("x", b"3")], unless("c"))],
    )
    assert outcome(futures[1]) == 2
    with pytest.raises(DatabaseError):
        futures[2].result(timeout=30)
    assert outcome(futures[3]) == 3


def test_a_decision_withdrawn_in_time_is_not_stored(recorder: PostgresRecorder, database_url: str) -> None:
    with turn_taken(database_url):
        recorder.submit([DCBEvent("first", b"")])
        while recorder._sequencer._waiting:
            pass
        withdrawn, kept = recorder.submit([DCBEvent("x", b"")]), recorder.submit([DCBEvent("y", b"")])
        assert withdrawn.cancel()
    assert kept.result(timeout=30) == 2
    assert [fact.type for fact in recorder.read_recorded()] == ["first", "y"]


def test_a_condition_on_what_comes_later_than_its_mates_holds(recorder: PostgresRecorder, database_url: str) -> None:
    futures = submit_together(
        recorder,
        database_url,
        [([DCBEvent("x", b"", ["a"])], None), ([DCBEvent("x", b"", ["a"])], unless("a", after=99))],
    )
    assert [outcome(future) for future in futures] == [1, 2, 3]


def test_an_idempotency_key_is_stored_once_however_often_it_is_tried(
    recorder: PostgresRecorder, database_url: str
) -> None:
    with PostgresRecorder(database_url) as other:
        futures = [
            one.submit([DCBEvent("x", b"%d" % attempt, ["key-1"])], unless("key-1"))
            for attempt in range(20)
            for one in (recorder, other)
        ]
        assert sorted(str(outcome(future)) for future in futures) == ["1", *["refused"] * 39]
        assert len(list(recorder.read_recorded(DCBQuery([DCBQueryItem(tags=["key-1"])])))) == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_every_fate_is_the_one_that_the_package_s_own_recorder_gives(
    recorder: PostgresRecorder, database_url: str, data: st.DataObject
) -> None:
    base, model = recorder.head(), InMemoryDCBRecorder()
    for _ in range(data.draw(st.integers(1, 4), "rounds")):
        latest = len(model.events)
        submissions = data.draw(st.lists(st.tuples(events, conditions(latest)), min_size=1, max_size=6), "submissions")
        shifted = [(given_events, _shifted(condition, base)) for given_events, condition in submissions]
        futures = submit_together(recorder, database_url, shifted)
        expected: list[int | str] = [model.append([DCBEvent("first", b"")])]
        expected += [_tried(model, *submission) for submission in submissions]
        assert [_relative(outcome(future), base) for future in futures] == expected
        query, limit = data.draw(queries, "query"), data.draw(st.none() | st.integers(0, 4), "limit")
        after = data.draw(st.integers(0, len(model.events) + 1), "after")
        ours, theirs = (
            recorder.read(query, after=base + after, limit=limit),
            model.read(query, after=after, limit=limit),
        )
        assert [(f.position - base, f.event) for f in ours] == [(f.position, f.event) for f in theirs]
        assert (ours.head or base) - base == (theirs.head or 0)
        facts, head = recorder.read_with_head(query, after=base)
        assert [(f.position - base, f.type) for f in facts] == [(f.position, f.event.type) for f in model.read(query)]
        assert head - base == len(model.events)


def _shifted(condition: DCBAppendCondition | None, base: int) -> DCBAppendCondition | None:
    return condition and DCBAppendCondition(condition.fail_if_events_match, base + (condition.after or 0))


def _relative(fate: int | str, base: int) -> int | str:
    return fate - base if isinstance(fate, int) else fate


def _tried(recorder: DCBRecorder, given_events: list[DCBEvent], condition: DCBAppendCondition | None) -> int | str:
    try:
        return recorder.append(given_events, condition)
    except IntegrityError:
        return "refused"
