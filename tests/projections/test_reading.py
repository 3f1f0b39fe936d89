"""Reading ledgers: filters, orders, pages, and positions."""

import base64
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import projections.line
import projections.reading
from domain.chains import Phase
from domain.command import Refused
from domain.ids import AppointmentId, PersonId, RegionId, StepId
from domain.issues import Status
from domain.policy import Severity
from domain.posts import Post, Tenure
from projections import LEDGERS, issue_ledger, signature_ledger, signoff_ledger
from projections.issue_ledger import IssueLine
from projections.projector import Projector
from projections.reading import MOST, Query, Where, count, find, history, page, position_of, tally, walk
from projections.signature_ledger import SignatureLine
from projections.signoff_ledger import SignOffLine
from tests.conftest import PostgresServer
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.projections.lives import COUNTY, PEOPLE, TOWNS, UNITS, facts

FACTS = list(facts(seed=11, many=900))
ISSUES = folded(issue_ledger.LEDGER, FACTS)
MIDDLE = 500
THEN = folded(issue_ledger.LEDGER, FACTS[:MIDDLE])


@pytest.fixture(scope="module")
def reading(postgres_server: PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """Ledgers that nobody changes any more."""
    owner_url = postgres_server.take()
    url = postgres_server.as_service(owner_url)
    projector = Projector(lambda: psycopg.connect(url), lambda after, most: FACTS[after : after + most], LEDGERS)
    projector.catch_up()
    projector.close()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection
    postgres_server.give_back(owner_url)


CASES: list[tuple[Where, Callable[[IssueLine], bool]]] = [
    (Where("status", "eq", "done"), lambda line: line.status is Status.DONE),
    (Where("status", "ne", Status.DONE), lambda line: line.status is not Status.DONE),
    (Where("object", "ne", "household-1"), lambda line: line.object != "household-1"),
    (Where("severity", "in", ["minor", "major"]), lambda line: line.severity in (Severity.MINOR, Severity.MAJOR)),
    (Where("severity", "in", []), lambda line: False),
    (Where("region", "within", TOWNS[1]), lambda line: TOWNS[1].holds(line.region)),
    (Where("region", "within", (TOWNS[0], TOWNS[2])), lambda line: line.region.at("township") in (TOWNS[0], TOWNS[2])),
    (Where("region", "within", COUNTY), lambda line: True),
    (Where("due", "from", "2019-02-20"), lambda line: line.due is not None and line.due >= date(2019, 2, 20)),
    (Where("due", "until", date(2019, 2, 20)), lambda line: line.due is not None and line.due <= date(2019, 2, 20)),
    (Where("registered_on", "after", "2019-01-20"), lambda line: line.registered_on > date(2019, 1, 20)),
    (Where("registered_on", "before", "2019-01-20"), lambda line: line.registered_on < date(2019, 1, 20)),
    (Where("due", "null", "true"), lambda line: line.due is None),
    (Where("due", "null", False), lambda line: line.due is not None),
    (Where("unit", "eq", UNITS[3]), lambda line: line.unit == UNITS[3]),
    (Where("description", "contains", "水毁"), lambda line: True),
    (Where("description", "contains", "100%_"), lambda line: False),
    (Where("claimed_closed", "eq", "true"), lambda line: line.claimed_closed is True),
    (Where("round", "eq", "2"), lambda line: line.round == 2),
    (Where("steps", "has", ["step-1-1-0"]), lambda line: "step-1-1-0" in line.steps),
    (Where("steps", "lacks", ["step-1-1-0"]), lambda line: "step-1-1-0" not in line.steps),
    (
        Where("steps", "any", ["step-1-1-0", "step-2-1-0"]),
        lambda line: bool({"step-1-1-0", "step-2-1-0"} & set(line.steps)),
    ),
]


def test_filters_find_exactly_what_they_say_now_and_as_of_a_position(reading: psycopg.Connection[Any]) -> None:
    for where, holds in CASES:
        for lines, as_of in ((ISSUES, None), (THEN, MIDDLE)):
            expected = {line for line in lines.values() if holds(line)}
            found = page(reading, IssueLine, Query([where], as_of=as_of, limit=MOST))
            assert set(found.lines) == expected, where
            assert len(found.lines) == len(expected) == count(reading, IssueLine, [where], as_of), where


def test_filters_are_joined(reading: psycopg.Connection[Any]) -> None:
    where = (Where("region", "within", TOWNS[0]), Where("status", "eq", "closed"))
    expected = {line for line in ISSUES.values() if TOWNS[0].holds(line.region) and line.status is Status.CLOSED}
    assert expected
    assert set(walk(reading, IssueLine, Query(where))) == expected


ORDERS: list[tuple[tuple[str, ...], Callable[[IssueLine], Any]]] = [
    (("issue",), lambda line: line.issue),
    ((), lambda line: (line.region, line.issue)),
    (("region",), lambda line: (line.region, line.issue)),
    (("due",), lambda line: (line.due is None, line.due or date.min, line.issue)),
    (("-due",), lambda line: (line.due is None, -(line.due or date.min).toordinal(), line.issue)),
    (
        ("status", "-registered_on"),
        lambda line: (line.status, -line.registered_on.toordinal(), line.issue),
    ),
]


@pytest.mark.parametrize("size", [2, 7, 50])
def test_a_walk_gives_every_line_once_in_order(reading: psycopg.Connection[Any], size: int) -> None:
    for order, key in ORDERS:
        assert list(walk(reading, IssueLine, Query(order=order, limit=size))) == sorted(ISSUES.values(), key=key)
        then = sorted(THEN.values(), key=key)
        assert list(walk(reading, IssueLine, Query(order=order, as_of=MIDDLE, limit=size))) == then
        town = Query((Where("region", "within", TOWNS[1]),), order, MIDDLE, limit=size)
        assert list(walk(reading, IssueLine, town)) == [line for line in then if TOWNS[1].holds(line.region)]


@pytest.mark.parametrize("position", [None, 1, 137, 512, 513, MIDDLE, len(FACTS)])
def test_lines_in_any_of_several_states_are_walked_in_order_each_once(
    reading: psycopg.Connection[Any], position: int | None
) -> None:
    lines = folded(issue_ledger.LEDGER, FACTS[:position]).values()
    open_ = (Status.RECTIFYING, Status.PARTLY_DONE, Status.DONE)
    states = Where("status", "in", [*open_, *(str(status.value) for status in open_)])
    others: list[tuple[Where, Callable[[IssueLine], bool]]] = [
        (Where("region", "within", (TOWNS[0], TOWNS[2])), lambda line: line.region.at("township") in TOWNS[0:3:2]),
        (Where("severity", "ne", Severity.MINOR), lambda line: line.severity is not Severity.MINOR),
        (Where("status", "ne", Status.DONE), lambda line: line.status is not Status.DONE),
    ]
    for number in range(len(others) + 1):
        where = [states, *(one for one, _ in others[:number])]
        found = [line for line in lines if line.status in open_ and all(holds(line) for _, holds in others[:number])]
        expected = sorted(found, key=lambda line: (line.region, line.issue))
        for size in (2, 150):
            assert list(walk(reading, IssueLine, Query(where, as_of=position, limit=size))) == expected


def test_text_is_sorted_backwards_too_with_nobody_last(reading: psycopg.Connection[Any]) -> None:
    lines = list(walk(reading, IssueLine, Query(order=("-person",), limit=7)))
    named = [line.person for line in lines if line.person]
    assert named == sorted(named, reverse=True)
    assert [line.person for line in lines] == [*named, *[None] * (len(lines) - len(named))]
    assert sorted(line.issue for line in lines) == sorted(line.issue for line in ISSUES.values())


def test_a_walk_stays_at_the_position_of_its_first_page_while_others_write(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    known = FACTS[:MIDDLE]
    projector = projecting(known, [issue_ledger.LEDGER])
    projector.catch_up()
    seen: list[IssueLine] = []
    cursor, position = None, -1
    while True:
        found = page(connection, IssueLine, Query(order=("status",), limit=5, cursor=cursor))
        seen.extend(found.lines)
        assert position in (-1, found.position)
        position, cursor = found.position, found.next
        known.extend(FACTS[len(known) : len(known) + 40])
        projector.catch_up()
        if cursor is None:
            break
    assert position == MIDDLE
    assert seen == sorted(THEN.values(), key=lambda line: (line.status, line.issue))
    assert projector.position() > MIDDLE


def test_a_page_says_which_position_it_is_true_of(reading: psycopg.Connection[Any]) -> None:
    head = len(FACTS)
    assert page(reading, IssueLine, Query()).position == head
    assert page(reading, IssueLine, Query(as_of=MIDDLE)).position == MIDDLE
    assert page(reading, IssueLine, Query(as_of=head + 99)).position == head
    nothing = page(reading, IssueLine, Query([Where("round", "eq", 99)]))
    assert nothing == ((), head, None)
    assert page(reading, IssueLine, Query(as_of=0)) == ((), 0, None)
    assert position_of(reading, IssueLine, SignatureLine) == head


@pytest.mark.parametrize("seen", [None, 1, MIDDLE, len(FACTS) - 1, len(FACTS), 10**6])
@pytest.mark.parametrize("position", [0, 1, 64, MIDDLE, len(FACTS), len(FACTS) + 1, 10**5])
def test_whatever_was_last_seen_of_a_ledger_a_page_is_that_of_its_position(
    reading: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, position: int, seen: int | None
) -> None:
    monkeypatch.setattr(projections.reading, "_last_seen", {} if seen is None else {IssueLine.table: seen})
    # So that nodes above what was seen are left out, and would be missed.
    monkeypatch.setattr(projections.reading, "MEANWHILE", 1)
    found = page(reading, IssueLine, Query(as_of=position, limit=MOST))
    assert found.position == min(position, len(FACTS))
    assert {line.identity(): line for line in found.lines} == folded(issue_ledger.LEDGER, FACTS[:position])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, len(FACTS)))
def test_one_line_is_found_as_it_was(reading: psycopg.Connection[Any], position: int) -> None:
    then = folded(issue_ledger.LEDGER, FACTS[:position])
    for key in list(ISSUES)[:3]:
        assert find(reading, IssueLine, *key, as_of=position) == then.get(key)


def test_history_gives_all_versions_of_all_lines_under_a_key(reading: psycopg.Connection[Any]) -> None:
    signatures = folded(signature_ledger.LEDGER, FACTS)
    chain = next(iter(signatures))[0]
    versions = history(reading, SignatureLine, chain)
    assert {version.line for version in versions if version.until > len(FACTS)} == {
        line for key, line in signatures.items() if key[0] == chain
    }
    assert history(reading, SignatureLine, "chain-unknown") == ()


def test_tallies_add_up(reading: psycopg.Connection[Any]) -> None:
    by_status = tally(reading, IssueLine, ("status",), as_of=MIDDLE)
    assert {status for (status,) in by_status} <= set(Status)
    assert sum(by_status.values()) == len(THEN)
    by_two = tally(reading, IssueLine, ("severity", "unit"), (Where("region", "within", TOWNS[0]),))
    lines = [line for line in ISSUES.values() if TOWNS[0].holds(line.region)]
    assert by_two == {
        (severity, unit): sum((line.severity, line.unit) == (severity, unit) for line in lines)
        for severity, unit in {(line.severity, line.unit) for line in lines}
    }


def test_the_queue_of_a_signer_is_what_waits_for_them(reading: psycopg.Connection[Any]) -> None:
    chains = folded(signoff_ledger.LEDGER, FACTS).values()
    waiting = next(line for line in chains if line.phase is Phase.SIGNING and line.signers)
    name, region = waiting.waiting[0].split("@")
    tenure = Tenure(
        AppointmentId("appointment-x"),
        PersonId("person-new"),
        next(post for post in Post if post == name),
        RegionId(region),
        None,
        since=date(2019, 1, 1),
        until=None,
    )
    day = date(2030, 1, 1)
    asked = signoff_ledger.queue([tenure], PersonId("person-new"), day)
    found = {line.chain for line in walk(reading, SignOffLine, Query(asked))}
    assert found == {line.chain for line in chains if waiting.waiting[0] in line.waiting}
    signer = next(line.signers[0] for line in chains if line.signers and waiting.waiting[0] in line.waiting)
    assert not any(
        signer in line.signers
        for line in walk(reading, SignOffLine, Query(signoff_ledger.queue([tenure], signer, day)))
    )
    before_the_post = signoff_ledger.queue([tenure._replace(since=date(2031, 1, 1))], PersonId("person-new"), day)
    assert list(walk(reading, SignOffLine, Query(before_the_post))) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (Query([Where("nothing", "eq", 1)]), "unknown_column"),
        (Query([Where("from_position", "eq", 1)]), "unknown_column"),
        (Query([Where("status\" = 'x' OR \"", "eq", 1)]), "unknown_column"),
        (Query([Where("status", "eq", "no such status")]), "bad_filter"),
        (Query([Where("due", "from", "tomorrow")]), "bad_filter"),
        (Query([Where("region", "within", "4512")]), "bad_filter"),
        (Query([Where("round", "within", 1)]), "bad_filter"),
        (Query([Where("description", "contains", "\0")]), "bad_filter"),
        (Query([Where("extensions", "eq", "x")]), "bad_filter"),
        (Query([Where("steps", "eq", "step-1")]), "bad_filter"),
        (Query([Where("status", "any", ["done"])]), "bad_filter"),
        (Query([Where("due", "null", "perhaps")]), "bad_filter"),
        (Query(order=("nothing",)), "unknown_column"),
        (Query(order=("steps",)), "bad_order"),
        (Query(limit=0), "bad_limit"),
        (Query(limit=MOST + 1), "bad_limit"),
        (Query(as_of=-1), "bad_position"),
        (Query(as_of=2**70), "bad_position"),
        (Query(cursor="nonsense"), "bad_cursor"),
        (Query(cursor="ÿ"), "bad_cursor"),
        (Query(cursor=base64.urlsafe_b64encode(b"[1]").decode()), "bad_cursor"),
        (
            Query(cursor=base64.urlsafe_b64encode(json.dumps({"at": 1, "of": "", "after": []}).encode()).decode()),
            "bad_cursor",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(reading: psycopg.Connection[Any], query: Query, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        page(reading, IssueLine, query)
    assert refusal.value.code == code
    assert not refusal.value.sentence.isascii()


def test_a_cursor_belongs_to_its_query(reading: psycopg.Connection[Any]) -> None:
    mine = Query([Where("status", "ne", "done")], order=("due",), limit=3)
    cursor = page(reading, IssueLine, mine).next
    assert page(reading, IssueLine, Query(mine.where, mine.order, as_of=len(FACTS), limit=9, cursor=cursor)).lines
    for other in (
        Query([], mine.order, cursor=cursor),
        Query(mine.where, (), cursor=cursor),
        Query(mine.where, mine.order, as_of=3, cursor=cursor),
    ):
        with pytest.raises(Refused, match="bad_cursor"):
            page(reading, IssueLine, other)
    with pytest.raises(Refused, match="bad_cursor"):
        page(reading, SignOffLine, Query(cursor=cursor))


def test_every_ledger_can_be_read_filtered_and_sorted_by_every_plain_column(
    reading: psycopg.Connection[Any],
) -> None:
    connection = reading
    read = [ledger for ledger in LEDGERS if count(connection, ledger.line)]
    assert len(read) > 12
    for ledger in read:
        (first, *_) = lines = page(connection, ledger.line, Query(limit=3)).lines
        for column in ledger.line.columns:
            if column.scalar:
                value = getattr(first, column.name)
                where = Where(column.name, "null", True) if value is None else Where(column.name, "eq", value)
                assert count(connection, ledger.line, [where])
                query = Query([where], (f"-{column.name}",), as_of=len(FACTS), limit=MOST)
                assert first in page(connection, ledger.line, query).lines
        assert len(lines) == 3


def test_a_short_page_begins_as_a_long_one_and_as_each_of_its_lines_stands_by_itself(
    reading: psycopg.Connection[Any],
) -> None:
    for ledger in LEDGERS:
        for as_of in (None, MIDDLE, len(FACTS)):
            long = page(reading, ledger.line, Query(as_of=as_of, limit=MOST)).lines
            short = page(reading, ledger.line, Query(as_of=as_of, limit=3)).lines
            assert short == long[:3]
            assert short == tuple(find(reading, ledger.line, *line.identity(), as_of=as_of) for line in short)


@pytest.mark.parametrize("known", [1, 2, 5_000])
def test_values_are_read_as_what_they_were_however_few_are_kept_loaded(
    reading: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, known: int
) -> None:
    monkeypatch.setattr(projections.line, "KNOWN", known)
    for lines, as_of in ((ISSUES, None), (THEN, MIDDLE)):
        for line in walk(reading, IssueLine, Query(as_of=as_of, limit=60)):
            assert line == lines[line.identity()]
            assert list(map(type, line)) == list(map(type, lines[line.identity()]))
            assert list(map(type, line.steps)) == [StepId] * len(line.steps)


def test_people_are_found_by_id_as_text(reading: psycopg.Connection[Any]) -> None:
    for who in PEOPLE[:5]:
        assert count(reading, IssueLine, [Where("person", "eq", str(who))]) == sum(
            line.person == who for line in ISSUES.values()
        )
