"""The facts that a benchmark puts before what it measures are those that appending them would have left."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import psycopg
import pytest

from adapters.facts import decode, encode
from adapters.postgres.event_store import PostgresRecorder
from domain.command import Act
from tests.conftest import PostgresServer
from tests.county import founding
from tests.performance.history import SIDE_BY_SIDE, history, put
from tests.projections.lives import START
from tests.scenario import FOUNDER

MANY = 500


@pytest.fixture
def owner_url(postgres_server: PostgresServer) -> Iterator[str]:
    url = postgres_server.take()
    yield url
    postgres_server.give_back(url)


def test_facts_put_into_a_log_are_found_as_those_appended_are(
    owner_url: str, recorder: PostgresRecorder, database_url: str
) -> None:
    founded = [encode(event, Act(FOUNDER, START)) for event in founding()]
    recorder.append([*founded, *islice(history(), MANY - len(founded))])
    put(owner_url, founding(), MANY)
    assert log(owner_url) == log(database_url)


def test_they_are_in_their_canonical_bytes_under_their_own_tags() -> None:
    for fact in islice(history(), 10 * SIDE_BY_SIDE, 10 * SIDE_BY_SIDE + 200):
        told = decode(fact.data)
        assert encode(told.event, Act(told.by, told.at)) == fact


def log(url: str) -> tuple[list[Any], ...]:
    """All of it but when it was recorded, and in which batch."""
    with psycopg.connect(url) as connection:
        return tuple(
            connection.execute(asked).fetchall()
            for asked in (
                "SELECT position, type, tags, data FROM facts.fact ORDER BY position",
                "SELECT tag, type, position FROM facts.fact_tag ORDER BY 1, 2, 3",
                "SELECT indexdef FROM pg_indexes WHERE schemaname = 'facts' ORDER BY 1",
            )
        )
