"""A PostgreSQL of the session's own, and an empty ledgers schema for each test."""

from collections.abc import Iterator

import pytest

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.schema import install


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres")) as server:
        install(server.admin_url, SERVICE_ROLE)
        yield server.url
