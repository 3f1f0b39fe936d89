"""What the projector keeps in memory between batches is a convenience: never more than so much, and never the truth."""

from typing import Any

import psycopg
import pytest

from projections import LEDGERS, folding, issue_ledger
from projections.folding import Folding, Target
from projections.ledger import Ledger
from projections.projector import Projector
from projections.table import Table
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.projections.lives import facts

FACTS = list(facts(seed=11, many=400))
TOUCHED = [ledger for ledger in LEDGERS if folded(ledger, FACTS)]


class Counted(Table[Any]):
    """A table that tells how often its lines were loaded."""

    loads = 0

    def load(self, connection: psycopg.Connection[Any], groups: Any) -> Any:
        self.loads += len(groups)
        return super().load(connection, groups)


def test_a_projector_that_keeps_hardly_anything_comes_to_the_same(
    projecting: Projecting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "KEPT", 2)
    projector: Projector = projecting(FACTS, TOUCHED, batch=3)
    projector.catch_up()
    assert {ledger.name: projector.check(ledger.name) for ledger in TOUCHED} == {ledger.name: [] for ledger in TOUCHED}


@pytest.mark.parametrize(("kept", "again"), [(10_000, False), (1, True)])
def test_lines_touched_last_are_not_loaded_again_and_others_are(
    projecting: Projecting,
    connection: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    kept: int,
    again: bool,
) -> None:
    monkeypatch.setattr(folding, "KEPT", kept)
    ledger: Ledger[Any] = issue_ledger.LEDGER
    projecting([], [ledger]).prepare()
    table, keeping = Counted(ledger.line), Folding()
    about = [(fact, group) for fact in FACTS if type(fact.event) in ledger.folds for group in ledger.groups(fact)]
    first = next(fact for fact, _ in about)
    other = next(fact for fact, group in about if group not in set(ledger.groups(first)))
    back = next(
        fact
        for fact, _ in about
        if fact.position > other.position and list(ledger.groups(fact)) == list(ledger.groups(first))
    )
    stored = 0
    for fact in (first, other, back):
        with connection.transaction():
            keeping.fold(connection, {ledger.name: Target(ledger, table, 1)}, [fact], stored)
        stored = fact.position
    assert (table.loads == 3) is again
