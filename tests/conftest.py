"""A real PostgreSQL for whoever asks: the server of DATABASE_URL, or an embedded one for the length of the session."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
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
    """A server for tests. Databases made on it are copies of one that has everything installed."""

    def __init__(self, admin_url: str, service_role: str | None) -> None:
        """`service_role`: whom the application works as; None when there is but one role for everything."""
        self.admin_url = admin_url
        self.service_role = service_role
        self._session = f"test_{uuid4().hex[:12]}"
        self._numbers = count(1)
        self._template: str | None = None

    def empty_database(self) -> str:
        """The owner's url of a new database with nothing in it."""
        return self._create("template1")

    def database(self) -> str:
        """The owner's url of a new database with everything installed."""
        if self._template is None:
            owner_url = self.empty_database()
            install(owner_url, self.service_role)
            self._template = str(conninfo_to_dict(owner_url)["dbname"])
        return self._create(self._template)

    def as_service(self, owner_url: str) -> str:
        return make_conninfo(owner_url, user=self.service_role) if self.service_role else owner_url

    def _create(self, template: str) -> str:
        name = f"{self._session}_{next(self._numbers)}"
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            statement = SQL("CREATE DATABASE {} TEMPLATE {}")
            admin.execute(statement.format(Identifier(name), Identifier(template)))
        return make_conninfo(self.admin_url, dbname=name)

    def drop_databases(self) -> None:
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            pattern = f"{self._session}\\_%"
            for (name,) in admin.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (pattern,)).fetchall():
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
            yield PostgresServer(embedded.admin_url, SERVICE_ROLE)


@pytest.fixture
def admin_url_of(postgres_server: PostgresServer) -> Callable[[str], str]:
    """From the url that `database_url` gave to its owner's url of the same database."""

    def admin_url(database_url: str) -> str:
        return make_conninfo(postgres_server.admin_url, dbname=str(conninfo_to_dict(database_url)["dbname"]))

    return admin_url


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> str:
    """A new database with everything installed, as the role that the application works as."""
    return postgres_server.as_service(postgres_server.database())


@pytest.fixture
def recorder(database_url: str) -> Iterator[PostgresRecorder]:
    """A log with nothing in it."""
    with PostgresRecorder(database_url) as recorder:
        yield recorder
