"""The log as its readers and writers see it, one at a time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import psycopg
import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.tests import DCBRecorderTestCase
from eventsourcing.persistence import DatabaseError, IntegrityError, ProgrammingError

from adapters.postgres.event_store import PostgresRecorder

ISSUES = 4500


def about(*tags: str, types: tuple[str, ...] = ()) -> DCBQuery:
    return DCBQuery([DCBQueryItem(types=list(types), tags=list(tags))])


def registered(number: int) -> DCBEvent:
    return DCBEvent("issue.registered", b"%d" % number, [f"issue-{number}", f"household-{number % 7}", "county-1"])


def closed(number: int) -> DCBEvent:
    return DCBEvent("issue.closed", b"%d" % number, [f"issue-{number}", "county-1"])


def test_the_package_finds_that_it_appends_and_reads_as_a_recorder_must(recorder: PostgresRecorder) -> None:
    DCBRecorderTestCase()._test_append_read(recorder)


def test_the_package_finds_that_it_appends_and_reads_so_on_a_log_with_a_past(recorder: PostgresRecorder) -> None:
    recorder.append([DCBEvent("past", b"", ["past"]) for _ in range(3)])
    DCBRecorderTestCase()._test_append_read(recorder, initial_position=3)


def test_the_package_finds_that_it_is_subscribed_to_as_a_recorder_must(recorder: PostgresRecorder) -> None:
    DCBRecorderTestCase()._test_append_subscribe(recorder)


def test_bytes_tags_and_their_order_come_back_exactly_as_given(recorder: PostgresRecorder) -> None:
    data = bytes(range(256))
    tags = ["户-1", 'quoted "tag"', "back\\slash", "comma,brace{}", "NULL", "户-1", " space "]
    recorder.append([DCBEvent("问题.登记", data, tags)])
    (fact,) = recorder.read_recorded()
    assert (fact.position, fact.type, fact.tags, fact.data) == (1, "问题.登记", tags, data)
    for tag in tags:
        assert [found.position for found in recorder.read_recorded(about(tag))] == [1]
    assert [found.position for found in recorder.read_recorded(about("comma,brace{}", 'quoted "tag"', "NULL"))] == [1]


def test_an_event_that_can_not_be_stored_is_refused_with_everything_it_came_with(recorder: PostgresRecorder) -> None:
    for event in (
        DCBEvent("", b""),
        DCBEvent("nul\0", b""),
        DCBEvent("type", b"", [""]),
        DCBEvent("type", b"", ["lone surrogate \ud800"]),
        DCBEvent("type", b"", ["x" * 1025]),
        DCBEvent("type", "text, not bytes"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ProgrammingError):
            recorder.append([registered(1), event])
    assert recorder.head() == 0


def test_nothing_can_not_be_appended(recorder: PostgresRecorder) -> None:
    with pytest.raises(ProgrammingError):
        recorder.append([])


def test_a_closed_recorder_takes_nothing(database_url: str) -> None:
    recorder = PostgresRecorder(database_url)
    recorder.close()
    with pytest.raises(ProgrammingError):
        recorder.append([registered(1)])


def test_what_was_submitted_before_closing_is_stored(database_url: str) -> None:
    with PostgresRecorder(database_url) as recorder:
        futures = [recorder.submit([registered(number)]) for number in range(100)]
    assert [future.result(timeout=0) for future in futures] == list(range(1, 101))


def test_long_reads_arrive_whole_and_in_order_however_they_are_asked_for(recorder: PostgresRecorder) -> None:
    recorder.append([registered(number) for number in range(ISSUES)])
    recorder.append([closed(number) for number in range(ISSUES)])
    everything = list(range(1, 2 * ISSUES + 1))
    assert [fact.position for fact in recorder.read()] == everything
    assert [fact.position for fact in recorder.read(about("county-1"))] == everything
    assert [fact.position for fact in recorder.read_recorded(about(types=("issue.closed",)))] == everything[ISSUES:]
    assert [fact.position for fact in recorder.read_recorded(after=10, until=4200)] == everything[10:4200]
    assert [fact.position for fact in recorder.read_recorded(about("county-1"), until=4200)] == everything[:4200]
    assert [fact.position for fact in recorder.read_recorded(after=5, limit=3000)] == everything[5:3005]
    assert [fact.position for fact in recorder.read(after=5, limit=3000)] == everything[5:3005]
    either = DCBQuery([DCBQueryItem(["issue.closed"], ["county-1"]), DCBQueryItem(tags=["household-3"])])
    assert [fact.position for fact in recorder.read_recorded(either, after=4)] == [
        *range(11, ISSUES + 1, 7),
        *everything[ISSUES:],
    ]


@pytest.mark.parametrize("query", [None, about("county-1")])
def test_a_read_ends_at_the_head_it_began_with(recorder: PostgresRecorder, query: DCBQuery | None) -> None:
    recorder.append([registered(number) for number in range(ISSUES)])
    response = recorder.read(query)
    next(response)
    recorder.append([closed(1)])
    assert response.head == ISSUES
    assert [fact.position for fact in response] == list(range(2, ISSUES + 1))


def test_a_decision_reads_what_it_stands_on_and_the_head_of_the_same_moment(recorder: PostgresRecorder) -> None:
    recorder.append([registered(1), registered(2), closed(2), registered(3)])
    facts, head = recorder.read_with_head(about("issue-2"))
    assert [(fact.position, fact.type) for fact in facts] == [(2, "issue.registered"), (3, "issue.closed")]
    assert head == 4
    assert recorder.read_with_head(about("issue-9")) == ([], 4)


def test_an_item_without_types_or_tags_asks_for_everything(recorder: PostgresRecorder) -> None:
    recorder.append([registered(1), closed(1)])
    query = DCBQuery([DCBQueryItem(tags=["issue-9"]), DCBQueryItem()])
    assert [fact.position for fact in recorder.read(query)] == [1, 2]
    with pytest.raises(IntegrityError):
        recorder.append([closed(1)], DCBAppendCondition(query, after=1))
    assert recorder.append([closed(1)], DCBAppendCondition(query, after=2)) == 3


def test_the_clock_of_the_record_never_runs_back(
    recorder: PostgresRecorder, database_url: str, admin_url_of: Callable[[str], str]
) -> None:
    recorder.append([registered(1)])
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with psycopg.connect(admin_url_of(database_url)) as admin:
        admin.execute("INSERT INTO facts.fact VALUES (2, %s, 0, 'from.another.clock', '{}', '')", (tomorrow,))
    recorder.append([registered(2), registered(3)])
    recorder.append([registered(4)])
    times = [fact.recorded_at for fact in recorder.read_recorded()]
    assert times[0] < times[1] == times[2] == times[4] == tomorrow
    assert all(time.utcoffset() == timedelta() for time in times)


def test_a_clock_that_stands_still_fails_who_asks_it_and_nobody_later(database_url: str) -> None:
    broken = False

    def clock() -> datetime:
        if broken:
            raise LookupError("no time")
        return datetime(2019, 9, 30, tzinfo=UTC)

    with PostgresRecorder(database_url, clock=clock) as recorder:
        assert recorder.append([registered(1)]) == 1
        broken = True
        with pytest.raises(DatabaseError, match="no time"):
            recorder.append([registered(2)])
        broken = False
        assert recorder.append([registered(3)]) == 2


def test_the_position_at_a_moment_is_the_last_one_recorded_by_then(recorder: PostgresRecorder) -> None:
    assert recorder.position_at(datetime.now(UTC)) == 0
    for number in range(1, 8):
        recorder.append([registered(number)] * number)
    facts = list(recorder.read_recorded())
    instant = timedelta(microseconds=1)
    assert recorder.position_at(facts[0].recorded_at - instant) == 0
    for earlier, later in pairwise([*facts, None]):
        assert earlier is not None
        if later is None or earlier.recorded_at < later.recorded_at:
            assert recorder.position_at(earlier.recorded_at) == earlier.position
            assert recorder.position_at(earlier.recorded_at + instant) >= earlier.position
        else:
            assert recorder.position_at(earlier.recorded_at - instant) < earlier.position
    assert recorder.position_at(datetime.now(UTC) + timedelta(days=9)) == len(facts)
