"""Ledgers of a test's own, folded from facts that the test makes up."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from domain.fact import Recorded
from projections import LEDGERS
from projections.ledger import Ledger
from projections.projector import Projector

Projecting = Callable[..., Projector]


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def projecting(database_url: str) -> Iterator[Projecting]:
    """Makes projectors over lists of facts, and closes them in the end."""
    with ExitStack() as made:

        def make(facts: Sequence[Recorded], ledgers: Sequence[Ledger[Any]] = LEDGERS, batch: int = 500) -> Projector:
            projector = Projector(
                lambda: psycopg.connect(database_url),
                lambda after, most: facts[after : after + most],
                ledgers,
                batch=batch,
            )
            made.callback(projector.close)
            return projector

        yield make
