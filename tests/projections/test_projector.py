"""The projector: whatever the batches, crashes and other processes, the tables are what the facts come to."""

import fractions
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Event as Flag
from threading import Thread
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.fact import Recorded
from domain.issues import IssueRegistered
from projections import LEDGERS, escalation_ledger, issue_ledger, responsibility_ledger
from projections.issue_ledger import IssueLine
from projections.ledger import Ledger
from projections.line import Line
from projections.projector import BESIDE, Projector
from projections.reading import MOST, Query, count, history, walk
from projections.table import NOW, fork, forks_over
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.projections.lives import facts

FACTS = list(facts(seed=7, many=600))
TOUCHED = [ledger for ledger in LEDGERS if folded(ledger, FACTS)]
"""The ledgers that such lives have anything to do with."""


def lines(connection: psycopg.Connection[Any], ledger: Ledger[Any], as_of: int | None = None) -> dict[Any, Line]:
    found = walk(connection, ledger.line, Query(as_of=as_of, limit=MOST))
    return {line.identity(): line for line in found}


def empty(connection: psycopg.Connection[Any]) -> None:
    tables = ", ".join(f"ledgers.{ledger.name}" for ledger in TOUCHED)
    connection.execute(f"TRUNCATE {tables}")
    connection.execute("UPDATE ledgers.projection SET position = 0")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), many=st.integers(1, 350), random=st.randoms(use_true_random=False))
def test_whatever_the_batches_every_ledger_is_what_the_facts_come_to_as_of_any_position(
    seed: int, many: int, random: Any, database_url: str, connection: psycopg.Connection[Any]
) -> None:
    lives = list(facts(seed, many, at_once=8))
    projector = Projector(
        lambda: psycopg.connect(database_url),
        lambda after, _: lives[after : after + random.choice((1, 2, 10, 60, 200))],
        TOUCHED,
    )
    projector.prepare()
    empty(connection)
    assert projector.catch_up() == many
    projector.close()
    position = random.randint(0, many)
    for ledger in TOUCHED:
        assert lines(connection, ledger) == folded(ledger, lives)
        assert lines(connection, ledger, as_of=position) == folded(ledger, lives[:position])
    for ledger in random.sample(TOUCHED, 2):
        assert projector.check(ledger.name) == []


@given(since=st.integers(1, 10**9), length=st.integers(1, 10**9), offset=st.integers(0, 10**9))
def test_a_version_is_found_under_the_nodes_above_every_position_it_held_for(
    since: int, length: int, offset: int
) -> None:
    node, until = fork(since, since + length), since + length
    assert node in forks_over(since + offset % length)
    assert node in forks_over(since + offset % length, last=until)
    assert node != fork(since, NOW) == 0


def test_text_comes_back_as_it_went_in(projecting: Projecting, connection: psycopg.Connection[Any]) -> None:
    first = next(fact for fact in FACTS if isinstance(fact.event, IssueRegistered))
    strange = "a\tb\nc\\d\\N \"e\" {f,g} \x0b\x0c\r\x08 'h' 水\u2028"
    event = first.event.model_copy(update={"description": strange, "place": "\\."})
    projecting([first._replace(position=1, event=event)], [issue_ledger.LEDGER]).catch_up()
    (line,) = lines(connection, issue_ledger.LEDGER).values()
    assert isinstance(line, IssueLine)
    assert (line.description, line.place) == (strange, "\\.")


def test_every_version_of_a_line_is_kept(projecting: Projecting, connection: psycopg.Connection[Any]) -> None:
    projecting(FACTS, [issue_ledger.LEDGER], batch=50).catch_up()
    told = [fact for fact in FACTS if type(fact.event) in issue_ledger.LEDGER.folds]
    for (issue,), line in folded(issue_ledger.LEDGER, FACTS).items():
        versions = history(connection, IssueLine, issue)
        about = [fact.position for fact in told if issue in issue_ledger.groups(fact)]
        assert [version.since for version in versions] == about
        assert [version.until for version in versions] == [*about[1:], NOW]
        assert versions[-1].line == line


def test_check_reports_what_was_tampered_with(projecting: Projecting, connection: psycopg.Connection[Any]) -> None:
    projector = projecting(FACTS, [issue_ledger.LEDGER])
    projector.catch_up()
    assert projector.check("issue_ledger") == []
    (altered, removed, hidden) = list(folded(issue_ledger.LEDGER, FACTS))[:3]
    connection.execute("UPDATE ledgers.issue_ledger_now SET status = 'closed' WHERE issue = %s", altered)
    connection.execute("DELETE FROM ledgers.issue_ledger_now WHERE issue = %s", removed)
    connection.execute(
        "UPDATE ledgers.issue_ledger_past SET fork = fork + 1"
        " WHERE issue = %s AND from_position = (SELECT min(from_position) FROM ledgers.issue_ledger WHERE issue = %s)",
        (*hidden, *hidden),
    )
    found = {difference.key: difference for difference in projector.check("issue_ledger")}
    assert {key: difference.kind for key, difference in found.items()} == {
        altered: "altered",
        removed: "missing",
        hidden: "altered",
    }
    assert found[altered].columns.keys() == {"status"}
    assert found[hidden].columns.keys() == {"fork"}


def test_check_reports_a_line_that_no_fact_asks_for(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projector = projecting(FACTS, [escalation_ledger.LEDGER])
    projector.catch_up()
    connection.execute(
        "CREATE TEMP TABLE false_one AS SELECT * FROM ledgers.escalation_ledger_now LIMIT 1;"
        "UPDATE false_one SET escalation = 'escalation-false';"
        "INSERT INTO ledgers.escalation_ledger SELECT * FROM false_one"
    )
    (difference,) = projector.check("escalation_ledger")
    assert (difference.kind, difference.key) == ("extra", ("escalation-false",))


def test_a_ledger_that_claims_facts_which_are_not_there_is_reported_and_can_be_rebuilt(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projector = projecting(FACTS, [issue_ledger.LEDGER])
    projector.catch_up()
    connection.execute("UPDATE ledgers.projection SET position = position + 10")
    (difference,) = projector.check("issue_ledger")
    assert (difference.ledger, difference.kind, difference.since) == ("issue_ledger", "ahead", len(FACTS) + 10)
    projector.rebuild("issue_ledger")
    assert projector.check("issue_ledger") == []
    assert projector.position() == len(FACTS)


def test_a_table_that_is_not_the_one_we_made_is_reported(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projector = projecting(FACTS, [escalation_ledger.LEDGER])
    projector.catch_up()
    connection.execute("ALTER TABLE ledgers.escalation_ledger DROP COLUMN matter")
    assert [difference.kind for difference in projector.check("escalation_ledger")] == ["unreadable"]
    projector.rebuild("escalation_ledger")
    connection.execute("DROP TABLE ledgers.escalation_ledger")
    assert [difference.kind for difference in projector.check("escalation_ledger")] == ["unreadable"]
    projector.rebuild("escalation_ledger")
    assert projector.check("escalation_ledger") == []


def test_a_check_does_not_mind_what_is_folded_meanwhile(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    known = FACTS[:300]
    projector = projecting(known, [issue_ledger.LEDGER], batch=100)
    projector.catch_up()
    other: list[Recorded] = list(FACTS)
    moved = Flag()

    def reading(after: int, most: int) -> list[Recorded]:
        if not moved.is_set():
            moved.set()
            known.extend(FACTS[300:])
            projector.catch_up()
        return other[after : after + most]

    checking = Projector(lambda: psycopg.connect(connection.info.dsn), reading, [issue_ledger.LEDGER])
    assert checking.check("issue_ledger") == []
    assert projector.position() == len(FACTS)


def test_a_rebuilt_ledger_takes_the_place_of_a_damaged_one(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projector = projecting(FACTS, [issue_ledger.LEDGER])
    projector.catch_up()
    connection.execute("DELETE FROM ledgers.issue_ledger")
    projector.rebuild("issue_ledger")
    assert projector.check("issue_ledger") == []
    assert lines(connection, issue_ledger.LEDGER) == folded(issue_ledger.LEDGER, FACTS)
    assert projector.positions() == {"issue_ledger": len(FACTS)}


def test_a_rebuilt_ledger_holds_its_present_lines_close_together(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    def size() -> int:
        row = connection.execute("SELECT pg_relation_size('ledgers.issue_ledger_now')").fetchone()
        assert row is not None
        return int(row[0])

    # Batch by batch, nearly every version stood among the present ones for a while.
    projector = projecting(FACTS, [issue_ledger.LEDGER], batch=20)
    projector.catch_up()
    scattered = size()
    projector.rebuild("issue_ledger")
    assert size() < scattered
    assert projector.check("issue_ledger") == []


def test_an_empty_ledger_can_be_rebuilt(projecting: Projecting) -> None:
    projector = projecting([], [issue_ledger.LEDGER])
    projector.rebuild("issue_ledger")
    assert projector.positions() == {"issue_ledger": 0}


def test_a_rebuild_beside_a_running_projector_loses_nothing(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    known = FACTS[:200]
    running = projecting(known, [issue_ledger.LEDGER], batch=20)
    running.catch_up()
    rebuilding = projecting(FACTS, [issue_ledger.LEDGER], batch=10)
    work = Thread(target=rebuilding.rebuild, args=("issue_ledger",))
    work.start()
    while work.is_alive():
        known.extend(FACTS[len(known) : len(known) + 7])
        running.catch_up()
    work.join()
    known.extend(FACTS[len(known) :])
    running.catch_up()
    assert running.positions() == {"issue_ledger": len(FACTS)}
    assert running.check("issue_ledger") == []


def test_a_ledger_whose_fold_has_changed_is_served_until_its_successor_has_caught_up(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    old = projecting(FACTS, [issue_ledger.LEDGER, responsibility_ledger.LEDGER])
    old.catch_up()
    old.close()
    changed = replace(
        issue_ledger.LEDGER,
        evolve=lambda group, fact, key: [
            line.but(category="新口径") for line in issue_ledger.LEDGER.evolve(group, fact, key)
        ],
        rests_on=(fractions,),
    )
    assert changed.fingerprint != issue_ledger.LEDGER.fingerprint
    served: list[int] = []

    def reading(after: int, most: int) -> list[Recorded]:
        served.append(sum(line.category == "新口径" for line in walk(connection, IssueLine, Query(limit=MOST))))
        return FACTS[after : after + 50]

    new = Projector(lambda: psycopg.connect(connection.info.dsn), reading, [changed, responsibility_ledger.LEDGER])
    new.prepare()
    assert new.check("issue_ledger")[0].kind == "outdated"
    assert new.positions() == {
        "issue_ledger": len(FACTS),
        "issue_ledger" + BESIDE: 0,
        "responsibility_ledger": len(FACTS),
    }
    new.catch_up()
    new.close()
    assert set(served[:-2]) == {0}
    assert count(connection, IssueLine) == sum(
        line.category == "新口径" for line in walk(connection, IssueLine, Query(limit=MOST))
    )
    assert new.positions() == {"issue_ledger": len(FACTS), "responsibility_ledger": len(FACTS)}
    assert new.check("issue_ledger") == []


def failing(ledger: Ledger[Any], at: int, how: Callable[[], None]) -> Ledger[Any]:
    """The same ledger, whose fold does something else at one position."""

    def evolve(group: tuple[Any, ...], fact: Recorded, key: str) -> Any:
        if fact.position >= at:
            how()
        return ledger.evolve(group, fact, key)

    return replace(ledger, evolve=evolve)


class Stumble(Exception):
    """A fold that does not know what to do."""


def stumble() -> None:
    raise Stumble


def test_a_batch_that_fails_leaves_nothing_of_itself(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    broken = failing(responsibility_ledger.LEDGER, 450, stumble)
    projector = projecting(FACTS, [issue_ledger.LEDGER, broken], batch=200)
    with pytest.raises(Stumble):
        projector.catch_up()
    assert projector.positions() == {"issue_ledger": 400, "responsibility_ledger": 400}
    assert lines(connection, issue_ledger.LEDGER) == folded(issue_ledger.LEDGER, FACTS[:400])
    projector.close()
    projecting(FACTS, [issue_ledger.LEDGER, responsibility_ledger.LEDGER]).catch_up()
    assert lines(connection, issue_ledger.LEDGER) == folded(issue_ledger.LEDGER, FACTS)


def test_a_batch_that_cannot_be_stored_leaves_nothing_of_itself(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projector = projecting(FACTS, [issue_ledger.LEDGER, responsibility_ledger.LEDGER], batch=200)
    projector.prepare()
    connection.execute("ALTER TABLE ledgers.issue_ledger ADD CONSTRAINT early CHECK (last_position < 450)")
    with pytest.raises(psycopg.errors.CheckViolation):
        projector.catch_up()
    assert projector.positions() == {"issue_ledger": 400, "responsibility_ledger": 400}
    connection.execute("ALTER TABLE ledgers.issue_ledger DROP CONSTRAINT early")
    projector.catch_up()
    assert lines(connection, issue_ledger.LEDGER) == folded(issue_ledger.LEDGER, FACTS)
    assert lines(connection, responsibility_ledger.LEDGER) == folded(responsibility_ledger.LEDGER, FACTS)


def test_a_connection_lost_in_the_middle_of_a_batch_is_made_up_for(
    database_url: str, connection: psycopg.Connection[Any]
) -> None:
    lost, stop = Flag(), Flag()

    def lose() -> None:
        if not lost.is_set():
            lost.set()
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    projector = Projector(
        lambda: psycopg.connect(database_url),
        lambda after, most: FACTS[after : after + most],
        [issue_ledger.LEDGER, failing(responsibility_ledger.LEDGER, 250, lose)],
        batch=200,
    )
    running = Thread(target=projector.run, args=(stop, lambda: stop.wait(0.01)))
    running.start()
    try:
        assert projector.wait_for(len(FACTS), timeout=20)
    finally:
        stop.set()
        running.join()
        projector.close()
    assert lost.is_set()
    assert projector.check("issue_ledger") == projector.check("responsibility_ledger") == []


def test_only_one_projects_and_the_others_wait_for_it(projecting: Projecting) -> None:
    known = FACTS[:100]
    first, second = projecting(known, [issue_ledger.LEDGER]), projecting(FACTS, [issue_ledger.LEDGER])
    assert first.catch_up() == 100
    assert second.catch_up() == 100
    assert not second.wait_for(len(FACTS), timeout=0.1)
    waiting = Thread(target=lambda: seen.append(second.wait_for(len(FACTS), timeout=20)))
    seen: list[bool] = []
    waiting.start()
    known.extend(FACTS[100:])
    first.catch_up()
    waiting.join()
    assert seen == [True]
    first.close()
    assert second.wait_for(len(FACTS), timeout=0)


def test_lines_kept_in_memory_are_not_trusted_once_another_has_projected(projecting: Projecting) -> None:
    known = FACTS[:200]
    first, second = projecting(known, [issue_ledger.LEDGER], batch=50), projecting(known, [issue_ledger.LEDGER])
    first.catch_up()
    for projector, other in ((second, first), (first, second), (second, first)):
        other.close()
        known.extend(FACTS[len(known) : len(known) + 100])
        assert projector.catch_up() == len(known)
    assert first.check("issue_ledger") == []


def test_lines_kept_in_memory_are_not_trusted_once_the_table_is_another(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    known = FACTS[:300]
    running = projecting(known, [issue_ledger.LEDGER])
    running.catch_up()
    running.close()
    connection.execute("UPDATE ledgers.issue_ledger SET category = '改动' WHERE to_position = %s", [NOW])
    known.extend(FACTS[300:400])
    tampered = projecting(known, [issue_ledger.LEDGER])
    tampered.catch_up()
    assert tampered.check("issue_ledger") != []
    projecting(known, [issue_ledger.LEDGER]).rebuild("issue_ledger")
    known.extend(FACTS[400:])
    tampered.catch_up()
    assert tampered.check("issue_ledger") == []


def test_whoever_writes_sees_it_when_waiting_is_over(
    projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    known: list[Recorded] = []
    written, stop = Flag(), Flag()
    projector = projecting(known, [issue_ledger.LEDGER])
    running = Thread(target=projector.run, args=(stop, lambda: written.wait(0.05)))
    running.start()
    try:
        for end in (120, 121, 300):
            known.extend(FACTS[len(known) : end])
            written.set()
            assert projector.wait_for(end, timeout=20)
            assert lines(connection, issue_ledger.LEDGER) == folded(issue_ledger.LEDGER, FACTS[:end])
            written.clear()
        assert projector.position("issue_ledger") == 300
    finally:
        stop.set()
        running.join()


def test_a_fold_that_fails_ends_the_loop(projecting: Projecting) -> None:
    projector = projecting(FACTS, [failing(issue_ledger.LEDGER, 1, stumble)])
    with pytest.raises(Stumble):
        projector.run(Flag(), lambda: None)


def test_unknown_ledgers_are_unknown(projecting: Projecting) -> None:
    projector = projecting(FACTS)
    for ask in (projector.check, projector.rebuild, projector.position):
        with pytest.raises(KeyError):
            ask("no_such_ledger")
    with suppress(KeyError):
        projector.close()


def test_ledgers_are_told_apart_by_name_and_described(
    connection: psycopg.Connection[Any], projecting: Projecting
) -> None:
    projecting([]).prepare()
    rows: Iterator[tuple[str, str]] = connection.execute(
        "SELECT relname, obj_description(oid) FROM pg_class"
        " WHERE relnamespace = 'ledgers'::regnamespace AND relkind = 'p'"
    )
    assert dict(rows) == {ledger.name: ledger.line.label for ledger in LEDGERS}
    assert all(label and not label.isascii() for label in (ledger.line.label for ledger in LEDGERS))
