"""The embedded server, treated as badly as people and machines will."""

import fcntl
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import psycopg
import psycopg.conninfo
import pytest

from adapters.postgres import embedded
from adapters.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError
from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.schema import install
from tests.adapters.postgres.test_lost_connections import FACT

ROOT = Path(__file__).parents[3]
OTHER_PROCESS = """
import sys
from pathlib import Path
from adapters.postgres.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
print(server.start(), server.owns_server, flush=True)
sys.stdin.readline()
server.stop()
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the embedded server is for Linux")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")


@pytest.fixture
def fresh(open_folder: Path) -> Path:
    """A folder that has never seen a server."""
    folder = open_folder / f"embedded-{time.monotonic_ns()}"
    folder.mkdir()
    return folder / "postgres"


@pytest.fixture(scope="module")
def folder(open_folder: Path) -> Path:
    """A folder whose cluster the tests of this module use one after another."""
    folder = open_folder / "embedded"
    with EmbeddedPostgres(folder):
        return folder


def elsewhere(folder: Path) -> "subprocess.Popen[str]":
    """Start the server of a folder from a process of its own, which ends when it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def told(process: "subprocess.Popen[str]") -> tuple[str, bool]:
    assert process.stdout is not None
    url, owns = process.stdout.readline().split()
    return url, owns == "True"


def postmaster(folder: Path) -> int:
    """Its process id; 0 between two of them."""
    try:
        return int((folder / "cluster" / "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError):
        return 0


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def test_what_was_recorded_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        assert server.owns_server
        install(server.admin_url, "taizhang")
        with PostgresRecorder(server.url) as recorder:
            position = recorder.append([FACT])
        pid = postmaster(folder)
    assert gone(pid)
    with EmbeddedPostgres(folder) as server, PostgresRecorder(server.url) as recorder:
        assert recorder.head() == position


def test_the_application_s_role_is_no_superuser_and_text_is_sorted_alike_everywhere(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.url) as connection:
        assert connection.info.parameter_status("is_superuser") == "off"
        row = connection.execute(
            "SELECT datlocprovider::text, datlocale, pg_encoding_to_char(encoding), current_setting('fsync'),"
            " current_setting('listen_addresses') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        assert row == ("b", "C.UTF-8", "UTF8", "on", "")


def test_a_killed_postmaster_is_replaced_and_nothing_acknowledged_is_lost(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        install(server.admin_url, "taizhang")
        with PostgresRecorder(server.url) as recorder:
            before = recorder.head()
            for expected in range(before + 1, before + 4):
                assert recorder.append([FACT]) == expected
                killed = postmaster(folder)
                os.kill(killed, signal.SIGKILL)
                until(lambda killed=killed: postmaster(folder) not in (0, killed))  # type: ignore[misc]
                assert recorder.head() == expected
            assert recorder.append([FACT]) == before + 4
            assert [fact.position for fact in recorder.read_recorded()] == list(range(1, before + 5))


def test_when_we_are_killed_the_server_goes_too_and_the_next_start_finds_everything(folder: Path) -> None:
    victim = elsewhere(folder)
    url, owns = told(victim)
    assert owns
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE kept ()")
        pid = postmaster(folder)
        victim.kill()
        victim.wait()
    with EmbeddedPostgres(folder) as server:
        assert server.owns_server
        assert answers(server.url)
        assert postmaster(folder) != pid
    assert gone(pid)


def test_a_second_process_uses_the_running_server_and_leaves_it_running(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        guest = elsewhere(folder)
        url, owns = told(guest)
        assert (url, owns) == (server.url, False)
        guest.communicate("leave\n", timeout=30)
        assert answers(server.url)


def test_a_process_that_comes_while_the_owner_stops_becomes_the_owner(folder: Path) -> None:
    newcomer = EmbeddedPostgres(folder)
    with ThreadPoolExecutor(1) as aside:
        with (folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            started = aside.submit(newcomer.start)
            assert not wait([started], timeout=0.3).done
        assert answers(started.result(timeout=30))
    assert newcomer.owns_server
    newcomer.stop()


def test_a_pid_file_naming_a_stranger_is_cleared(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        stale = (folder / "cluster" / "postmaster.pid").read_text()
    (folder / "cluster" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *stale.splitlines()[1:]]))
    with EmbeddedPostgres(folder) as server:
        assert answers(server.url)


def test_a_half_done_initdb_is_never_taken_for_a_cluster(fresh: Path) -> None:
    (fresh / "cluster.new").mkdir(parents=True)
    (fresh / "cluster.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(fresh) as server:
        assert answers(server.url)
    assert not (fresh / "cluster.new").exists()


def test_a_path_longer_than_a_socket_s_name_may_be_is_no_obstacle(fresh: Path) -> None:
    deep = fresh.joinpath(*["县级台账数据目录"] * 8)
    with EmbeddedPostgres(deep) as server:
        assert answers(server.url)
        guest = elsewhere(deep)
        assert told(guest) == (server.url, False)
        guest.communicate("leave\n", timeout=30)
        sockets = psycopg.conninfo.conninfo_to_dict(server.url)["host"]
    assert not Path(str(sockets)).exists()


def test_a_server_that_can_not_start_says_why(folder: Path) -> None:
    settings = folder / "cluster" / "postgresql.conf"
    sane = settings.read_text()
    settings.write_text("nonsense = 1\n")
    server = EmbeddedPostgres(folder)
    with pytest.raises(EmbeddedPostgresError, match="nonsense") as failure:
        server.start()
    assert failure.value.code == "embedded_postgres_exited"
    assert not server.owns_server
    settings.write_text(sane)
    with server:
        assert answers(server.url)


def test_a_folder_that_can_not_be_made_is_named(fresh: Path) -> None:
    fresh.write_text("a file")
    with pytest.raises(EmbeddedPostgresError, match=str(fresh)) as failure:
        EmbeddedPostgres(fresh / "within").start()
    assert failure.value.code == "embedded_postgres_folder"


def test_where_there_are_no_binaries_it_asks_for_a_database_url(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda name: None)
    with pytest.raises(EmbeddedPostgresError, match="DATABASE_URL") as failure:
        EmbeddedPostgres(fresh).start()
    assert failure.value.code == "embedded_postgres_unavailable"


def test_a_log_that_has_grown_long_is_set_aside_and_only_one_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_LONGEST_LOG", 10_000)
    home = (folder / "elsewhere").resolve() if (folder / "elsewhere").is_symlink() else folder
    log, old = home / "server.log", home / "server.log.old"
    for words in (b"first ", b"second "):
        log.write_bytes(words * 2_000)
        with EmbeddedPostgres(folder):
            assert old.read_bytes() == words * 2_000
            assert b"database system is ready" in log.read_bytes()
    with EmbeddedPostgres(folder):
        assert old.read_bytes() == b"second " * 2_000


@as_root
def test_root_in_a_place_closed_to_others_gets_a_working_server_elsewhere(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = fresh.parent / "home"
    closed.mkdir(mode=0o700)
    state = fresh.parent / "state"
    state.mkdir(mode=0o755)
    monkeypatch.setattr(embedded, "_SYSTEM_HOME", state)
    monkeypatch.setattr(embedded, "_reachable", lambda path, account: state in path.parents)
    with EmbeddedPostgres(closed / "var") as server:
        assert answers(server.url)
        home = (closed / "var" / "elsewhere").resolve()
        assert home.parent == state
        assert (home / "cluster" / "PG_VERSION").exists()
        assert list(home.glob("software-*/embedded_postgres/pginstall/bin/postgres")), "binaries it can reach"
    moved = closed.rename(fresh.parent / "moved")
    with EmbeddedPostgres(moved / "var") as server:
        assert answers(server.url)
        assert (moved / "var" / "elsewhere").resolve() == home


@as_root
def test_root_never_starts_afresh_beside_a_cluster_that_became_unreachable(fresh: Path) -> None:
    (fresh / "cluster").mkdir(parents=True)
    fresh.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match="chmod") as failure:
        EmbeddedPostgres(fresh).start()
    assert failure.value.code == "embedded_postgres_unreachable"


@as_root
def test_an_ordinary_user_runs_it_too_and_root_may_join_or_take_over(fresh: Path) -> None:
    user = pwd.getpwnam("nobody")
    if not embedded._reachable(embedded._package() / "pginstall", user):
        pytest.skip("that user can't reach this checkout")
    os.chown(fresh.parent, user.pw_uid, user.pw_gid)
    ours, theirs = Pipe()
    ordinary = get_context("fork").Process(target=_serve_as, args=(user, fresh, theirs))
    ordinary.start()
    assert ours.poll(30)
    assert ours.recv() is True
    assert (fresh / "cluster").stat().st_uid == user.pw_uid
    with EmbeddedPostgres(fresh) as guest:
        assert not guest.owns_server
        assert answers(guest.url)
    ours.send("leave")
    ordinary.join(30)
    assert ordinary.exitcode == 0
    with EmbeddedPostgres(fresh) as server:
        assert server.owns_server
        assert answers(server.url)


def _serve_as(user: pwd.struct_passwd, folder: Path, pipe: "Connection[bool, str]") -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    with EmbeddedPostgres(folder) as server:
        pipe.send(server.owns_server)
        pipe.recv()
