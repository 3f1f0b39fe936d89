"""One program on a real PostgreSQL. Every test has households of its own in it."""

from collections.abc import Callable
from itertools import count

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.bootstrap import Application
from adapters.vault.intake import register
from domain.command import Act
from domain.ids import HouseholdId, RegionId
from domain.vault import Particulars
from tests.adapters.http.conftest import application, clock, people, web  # noqa: F401
from tests.adapters.vault.people import intake, somebody
from tests.conftest import PostgresServer
from tests.county import VILLAGE, person

NUMBERS = count(1)
"""No two tests have anybody in common."""


def by(application: Application, name: str) -> Act:  # noqa: F811
    return Act(person(name), application.now())


@pytest.fixture
def household(application: Application) -> Callable[..., HouseholdId]:  # noqa: F811
    """Registers a household with its people through the vault."""

    def registered(*people: Particulars, region: RegionId = VILLAGE, clerk: str = "clerk") -> HouseholdId:  # noqa: F811
        asked = intake(*(people or (somebody(),)), region=region)
        register(application.ledger, application.vault, asked, by(application, clerk))
        return asked.household

    return registered


@pytest.fixture
def owner(application: Application, postgres_server: PostgresServer) -> str:  # noqa: F811
    """The url of the database as the one who owns it."""
    name = conninfo_to_dict(application.settings.database_url or "")["dbname"]
    return make_conninfo(postgres_server.admin_url, dbname=str(name))


def facts_as_text(url: str) -> str:
    """Everything that was ever recorded, byte for byte."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT data FROM facts.fact").fetchall()
    return "\n".join(bytes(data).decode() for (data,) in rows)
