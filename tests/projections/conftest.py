"""Ledgers of a test's own, folded from facts that the test makes up."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from domain.fact import Recorded
from projections import LEDGERS, folding
from projections.ledger import Ledger
from projections.projector import Projector

Projecting = Callable[..., Projector]


@pytest.fixture(autouse=True)
def storing_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even the small batches of tests are stored in part while the rest of them is folded."""
    monkeypatch.setattr(folding, "AT_ONCE", 20)


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
