"""Accounts on a real PostgreSQL, with a hash cheap enough to be asked hundreds of times."""

from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from psycopg import Connection
from psycopg_pool import ConnectionPool

from adapters.identity.accounts import Accounts, install
from tests.conftest import PostgresServer


@pytest.fixture(scope="session")
def accounts_url(postgres_server: PostgresServer) -> Iterator[str]:
    """One database for all of these tests: emptying it is quicker than making another."""
    owner_url = postgres_server.take()
    yield postgres_server.as_service(owner_url)
    postgres_server.give_back(owner_url)


@pytest.fixture
def pool(accounts_url: str) -> Iterator[ConnectionPool[Connection[Any]]]:
    with ConnectionPool(accounts_url, min_size=1, max_size=4, kwargs={"autocommit": True}, open=False) as pool:
        with pool.connection() as connection:
            install(connection)
            connection.execute("TRUNCATE accounts.account, accounts.session, accounts.token RESTART IDENTITY")
        yield pool


@pytest.fixture
def accounts(pool: ConnectionPool[Connection[Any]]) -> Accounts:
    return Accounts(pool, hasher=PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
