"""A ledger made of another by arithmetic is the one that would have been folded."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import orjson
import psycopg

from domain.fact import Event, Recorded, revive
from projections import issue_ledger
from projections.projector import Projector
from tests.performance.counties import county, multiply, suffix
from tests.projections.lives import COUNTY, facts

MANY = 3


def test_a_multiplied_ledger_is_what_the_facts_of_several_counties_in_turns_come_to(database_url: str) -> None:
    lives = list(facts(seed=3, many=900, at_once=20))
    with psycopg.connect(database_url, autocommit=True) as connection:
        fold(database_url, lives)
        multiply(connection, MANY)
        multiplied = everything(connection)
        connection.execute("TRUNCATE ledgers.issue_ledger")
        connection.execute("UPDATE ledgers.projection SET position = 0")
        fold(database_url, list(in_turns(lives)))
        assert multiplied == everything(connection)
        _, versions, _ = multiplied
        assert len(versions) > MANY * 500


def fold(url: str, lives: Sequence[Recorded]) -> None:
    projector = Projector(
        lambda: psycopg.connect(url), lambda after, most: lives[after : after + most], [issue_ledger.LEDGER], batch=100
    )
    projector.catch_up()
    projector.close()


def in_turns(lives: Iterable[Recorded]) -> Iterator[Recorded]:
    positions = count(1)
    for fact in lives:
        for number in range(MANY):
            yield fact._replace(position=next(positions), event=elsewhere(fact.event, number))


def elsewhere(event: Event, number: int) -> Event:
    """The same, of an issue in another county."""
    text = event.model_dump_json().replace(COUNTY, county(number))
    text = re.sub(r"issue-\d{8}", lambda found: found[0] + suffix(number), text)
    return revive(event.type, event.version, orjson.loads(text))


def everything(connection: psycopg.Connection[Any]) -> tuple[Any, list[Any], list[Any]]:
    """How far the ledger is, its versions, and its indexes."""
    position = connection.execute("SELECT position FROM ledgers.projection").fetchall()
    versions = connection.execute("SELECT t::text FROM ledgers.issue_ledger t ORDER BY 1").fetchall()
    indexes = connection.execute(
        "SELECT tablename, indexdef FROM pg_indexes WHERE tablename LIKE 'issue_ledger%' ORDER BY 1, 2"
    ).fetchall()
    return position, versions, indexes
