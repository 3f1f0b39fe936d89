"""A stage for each scenario, on a database of its own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from adapters.bootstrap import open_application
from adapters.http.api import create_api
from adapters.identity.accounts import Accounts
from adapters.settings import Settings
from tests.adapters.http.conftest import Clock
from tests.conftest import PostgresServer
from tests.scenarios.stage import Stage

Staging = Callable[[str, str, datetime], Stage]


@pytest.fixture
def staging(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Staging]:
    """Opens a place's ledger at a moment: by its code and its name."""
    with ExitStack() as stack:

        def open_at(code: str, name: str, at: datetime) -> Stage:
            clock = Clock()
            clock.at = at
            settings = Settings(database_url=postgres_server.take(), data=tmp_path)
            application = stack.enter_context(open_application(settings, clock=clock))
            # Not the product's cost: what is played here is not how long a password takes.
            quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
            object.__setattr__(application, "accounts", Accounts(application.pool, hasher=quick))
            api = create_api(application)
            web = stack.enter_context(TestClient(api, base_url="http://ledger.example"))
            return Stage(application, web, clock, code, name)

        yield open_at
