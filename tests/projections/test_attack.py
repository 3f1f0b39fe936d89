"""Whatever a superuser does to the ledgers is found by folding them again; thousands of times by
``python -m tests.projections.attack``."""

from collections.abc import Iterator
from random import Random

import psycopg
import pytest

from projections import LEDGERS, issue_ledger
from tests.conftest import PostgresServer
from tests.projections.attack import BLOWS, Blow, Target
from tests.projections.lives import facts


@pytest.fixture(scope="module")
def target(postgres_server: PostgresServer) -> Iterator[Target]:
    owner_url = postgres_server.take()
    with psycopg.connect(owner_url, autocommit=True) as superuser:
        yield Target(superuser, postgres_server.as_service(owner_url), list(facts(seed=7, many=250)))
    postgres_server.give_back(owner_url)


def test_what_nobody_touched_is_what_the_facts_come_to(target: Target) -> None:
    projector = target.projector()
    assert [difference for ledger in LEDGERS for difference in projector.check(ledger.name)] == []


@pytest.mark.parametrize("number", range(len(BLOWS)), ids=[blow.__name__ for blow in BLOWS])
def test_an_attack_is_found_and_the_ledger_and_its_lines_named(target: Target, number: int) -> None:
    blow: Blow = BLOWS[number]
    # Every ledger has its turn with some blow, and one that is full of versions with each.
    turns = [LEDGERS[at % len(LEDGERS)] for at in (2 * number, 2 * number + 1)]
    outcomes = [target.attack(blow, ledger, Random(number)) for ledger in (issue_ledger.LEDGER, *turns)]
    for outcome in outcomes:
        assert outcome.caught, outcome
    assert any(outcome.effective for outcome in outcomes)
