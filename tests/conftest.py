"""A real PostgreSQL for whoever asks: the server of DATABASE_URL, or an embedded one for the length of the session."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.schema import install


class PostgresServer:
    """A server for tests, and the databases on it: one that a test gives back is emptied and used again."""

    def __init__(self, admin_url: str, service_role: str | None) -> None:
        """`service_role`: whom the application works as; None when there is but one role for everything."""
        self.admin_url = admin_url
        self.service_role = service_role
        self._session = f"test_{uuid4().hex[:12]}"
        self._numbers = count(1)
        self._idle: list[str] = []

    def empty_database(self) -> str:
        """The owner's url of a new database with nothing in it."""
        name = f"{self._session}_{next(self._numbers)}"
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return make_conninfo(self.admin_url, dbname=name)

    def take(self) -> str:
        """The owner's url of a database with everything installed and nothing recorded."""
        if self._idle:
            return self._idle.pop()
        owner_url = self.empty_database()
        install(owner_url, self.service_role)
        return owner_url

    def give_back(self, owner_url: str) -> None:
        # Thrice as fast as a new database. One that a test still holds a lock on is left to it.
        with suppress(psycopg.errors.LockNotAvailable):
            with psycopg.connect(owner_url) as owner:
                owner.execute("SET lock_timeout = '2s'")
                owner.execute("DROP SCHEMA facts, ledgers, accounts, vault CASCADE")
            install(owner_url, self.service_role)
            self._idle.append(owner_url)

    def as_service(self, owner_url: str) -> str:
        return make_conninfo(owner_url, user=self.service_role) if self.service_role else owner_url

    def drop_databases(self) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            pattern = f"{self._session}\\_%"
            ours = admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (pattern,)).fetchall()
            for (name,) in ours:
                admin.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A temporary folder that the account of an embedded PostgreSQL can enter even when root runs the tests."""
    folder = Path(tempfile.mkdtemp(prefix="taizhang-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(open_folder: Path) -> Iterator[PostgresServer]:
    """The server; `.admin_url` may create databases on it."""
    if url := os.environ.get("DATABASE_URL"):
        server = PostgresServer(url, service_role=None)
        yield server
        server.drop_databases()
    else:
        with EmbeddedPostgres(open_folder / "postgres") as embedded:
            _trust_the_machine(embedded.admin_url)
            yield PostgresServer(embedded.admin_url, SERVICE_ROLE)


def _trust_the_machine(admin_url: str) -> None:
    # No test pulls the plug, and dozens of databases are slow to bring safely to disk.
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture
def admin_url_of(postgres_server: PostgresServer) -> Callable[[str], str]:
    """From the url that `database_url` gave to its owner's url of the same database."""

    def admin_url(database_url: str) -> str:
        return make_conninfo(postgres_server.admin_url, dbname=str(conninfo_to_dict(database_url)["dbname"]))

    return admin_url


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with everything installed and nothing recorded, as the role that the application works as."""
    owner_url = postgres_server.take()
    yield postgres_server.as_service(owner_url)
    postgres_server.give_back(owner_url)


@pytest.fixture
def recorder(database_url: str) -> Iterator[PostgresRecorder]:
    """A log with nothing in it."""
    with PostgresRecorder(database_url) as recorder:
        yield recorder
