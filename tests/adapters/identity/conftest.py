"""Accounts on a real PostgreSQL, with a hash cheap enough to be asked hundreds of times."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from argon2 import PasswordHasher
from psycopg import Connection
from psycopg_pool import ConnectionPool

from adapters.identity.accounts import Accounts, install
from adapters.postgres.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "pg") as server:
            with Connection.connect(server.admin_url) as admin:
                admin.execute("CREATE SCHEMA accounts AUTHORIZATION taizhang")
            yield server.url


@pytest.fixture
def pool(database_url: str) -> Iterator[ConnectionPool[Connection[Any]]]:
    with ConnectionPool(database_url, min_size=1, max_size=4, kwargs={"autocommit": True}) as pool:
        with pool.connection() as connection:
            install(connection)
            connection.execute("TRUNCATE accounts.account, accounts.session, accounts.token RESTART IDENTITY")
        yield pool


@pytest.fixture
def accounts(pool: ConnectionPool[Connection[Any]]) -> Accounts:
    return Accounts(pool, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
