"""Facts are there to stay: rights, triggers, and who owns what."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import psycopg.conninfo
import pytest
from eventsourcing.dcb.api import DCBEvent
from psycopg.conninfo import make_conninfo

from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.schema import install
from tests.conftest import PostgresServer

CHANGES = [
    "UPDATE facts.fact SET data = 'x'",
    "DELETE FROM facts.fact",
    "TRUNCATE facts.fact",
    "UPDATE facts.fact_tag SET tag = 'x'",
    "DELETE FROM facts.fact_tag WHERE false",
    "TRUNCATE facts.fact_tag",
    "MERGE INTO facts.fact f USING (VALUES (1)) v(position) ON f.position = v.position WHEN MATCHED THEN DELETE",
]


@pytest.fixture
def written(recorder: PostgresRecorder, database_url: str) -> str:
    recorder.append([DCBEvent("issue.registered", b"{}", ["issue-1"])])
    return database_url


def test_the_service_can_not_change_facts(written: str, recorder: PostgresRecorder) -> None:
    for change in CHANGES:
        with psycopg.connect(written) as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
            service.execute(change)
    assert [fact.data for fact in recorder.read_recorded()] == [b"{}"]


def test_whoever_has_the_right_is_stopped_by_a_trigger(written: str, admin_url_of: Callable[[str], str]) -> None:
    with psycopg.connect(admin_url_of(written), autocommit=True) as owner:
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA facts TO CURRENT_USER")
        for change in CHANGES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permanent"):
                owner.execute(change)


def test_a_session_that_replays_a_replica_is_stopped_too(written: str, admin_url_of: Callable[[str], str]) -> None:
    with psycopg.connect(admin_url_of(written)) as owner:
        if not _is_superuser(owner):
            pytest.skip("only a superuser can try")
        owner.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permanent"):
            owner.execute("DELETE FROM facts.fact")


def test_a_service_that_owns_nothing_chooses_neither_position_nor_time(
    postgres_server: PostgresServer, database_url: str
) -> None:
    if postgres_server.service_role is None:
        pytest.skip("one role for everything")
    with psycopg.connect(database_url) as service, pytest.raises(psycopg.errors.InsufficientPrivilege):
        service.execute("INSERT INTO facts.fact VALUES (9, now() - interval '1 year', 0, 'backdated', '{}', '')")


def test_the_service_does_as_it_likes_with_ledgers_and_accounts(database_url: str) -> None:
    with psycopg.connect(database_url) as service:
        for room in ("ledgers", "accounts"):
            service.execute(f"CREATE TABLE {room}.line (number int)")
            service.execute(f"INSERT INTO {room}.line VALUES (1)")
            service.execute(f"UPDATE {room}.line SET number = 2")
            service.execute(f"DROP TABLE {room}.line")


def test_one_role_for_everything_gives_up_its_rights_to_change_facts(postgres_server: PostgresServer) -> None:
    owner_url = postgres_server.empty_database()
    role = psycopg.conninfo.conninfo_to_dict(owner_url)["dbname"]
    with psycopg.connect(owner_url, autocommit=True) as admin:
        if not _is_superuser(admin):
            pytest.skip("only a superuser can make a role and let it in")
        admin.execute(f'CREATE ROLE "{role}" LOGIN')
        admin.execute(f'GRANT CREATE ON DATABASE "{role}" TO "{role}"')
    single_url = make_conninfo(owner_url, user=str(role))
    install(single_url)
    with PostgresRecorder(single_url) as recorder:
        assert recorder.append([DCBEvent("issue.registered", b"{}", ["issue-1"])]) == 1
        for change in CHANGES:
            with psycopg.connect(single_url) as single, pytest.raises(psycopg.errors.InsufficientPrivilege):
                single.execute(change)
        assert recorder.head() == 1


def test_installing_again_and_at_once_changes_nothing(postgres_server: PostgresServer) -> None:
    owner_url = postgres_server.empty_database()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: install(owner_url, postgres_server.service_role), range(4)))
    with PostgresRecorder(postgres_server.as_service(owner_url)) as recorder:
        recorder.append([DCBEvent("issue.registered", b"{}", ["issue-1"])])
        install(owner_url, postgres_server.service_role)
        assert recorder.append([DCBEvent("issue.closed", b"{}", ["issue-1"])]) == 2
        assert [fact.type for fact in recorder.read_recorded()] == ["issue.registered", "issue.closed"]


def test_an_installed_database_can_be_checked_by_a_role_without_rights_to_install(database_url: str) -> None:
    with psycopg.connect(database_url) as service:
        role = service.info.user
    install(database_url, role)


def _is_superuser(connection: psycopg.Connection) -> bool:
    return connection.info.parameter_status("is_superuser") == "on"


def test_no_clock_can_put_a_fact_into_the_future_or_before_the_last_one(database_url: str) -> None:
    told = [datetime(2019, 9, 30, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC), datetime(2019, 1, 1, tzinfo=UTC)]
    moments = iter(told)
    with PostgresRecorder(database_url, clock=lambda: next(moments)) as recorder:
        for _ in told:
            recorder.append([DCBEvent("a", b"{}", ["t"])])
        story, forward, backward = (fact.recorded_at for fact in recorder.read_recorded())
    assert story == told[0]
    assert story < forward <= datetime.now(UTC) + timedelta(seconds=5)
    assert backward == forward
