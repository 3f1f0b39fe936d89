"""Whatever a superuser does to the facts is found by whoever holds a checkpoint; thousands of times by
``python -m tests.adapters.proofs.attack``."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from shutil import copytree
from typing import LiteralString

import psycopg
import pytest

from adapters.postgres.facts import PostgresFacts
from adapters.proofs.database import Verified, verify_database
from adapters.proofs.notes import Checkpoint, Note
from adapters.proofs.published import PublishedLog
from adapters.proofs.tiles import Tree
from adapters.proofs.verdict import Unproven
from projections import LEDGERS
from projections.projector import Projector
from tests.adapters.proofs.attack import BLOWS, Blow, Target, repair, rewrite
from tests.adapters.proofs.conftest import SealedCounty
from tests.adapters.proofs.world import Memory, sealed


@pytest.fixture(scope="module")
def target(sealed_county: SealedCounty) -> Iterator[Target]:
    published = sealed_county.log.checkpoint()
    assert published is not None
    with psycopg.connect(sealed_county.owner_url) as connection:
        yield Target(connection, published[0], sealed_county.log.tree(published[0].size))


def test_what_nobody_touched_verifies(target: Target) -> None:
    whole = Verified(len(target.rows), 0)
    assert target.verify(target.tree) == whole
    assert target.verify(None) == whole


@pytest.mark.parametrize("repaired", [False, True], ids=["bare", "repaired"])
@pytest.mark.parametrize("blow", BLOWS, ids=lambda blow: blow.__name__)
def test_an_attack_is_found_and_the_first_wrong_fact_named(target: Target, blow: Blow, repaired: bool) -> None:
    for seed in range(4):
        outcome, blind = target.attack(blow, Random(seed), repaired=repaired)
        assert outcome.caught, outcome
        assert blind, outcome


def test_the_index_by_which_facts_are_found_is_watched_too(target: Target) -> None:
    blows: tuple[LiteralString, ...] = (
        "DELETE FROM facts.fact_tag WHERE position = 9 AND tag <> ''",
        "UPDATE facts.fact_tag SET tag = 'person-clerk' WHERE position = 9 AND tag <> ''",
        "UPDATE facts.fact_tag SET type = 'no.such' WHERE position = 9",
        "INSERT INTO facts.fact_tag SELECT * FROM facts.fact_tag WHERE position = 9",
    )
    for blow in blows:
        with target.undone():
            target.connection.execute("ALTER TABLE facts.fact_tag DISABLE TRIGGER ALL")
            target.connection.execute(blow)
            found = target.verify(target.tree)
        assert isinstance(found, Unproven)
        assert (found.code, found.position) == ("index_differs", 9)


def test_what_no_program_would_write_is_found_as_well(target: Target) -> None:
    blows: dict[LiteralString, tuple[str, int | None]] = {
        "UPDATE facts.fact SET recorded_at = 'infinity' WHERE position = 9": ("fact_changed", 9),
        "UPDATE facts.fact SET recorded_at = '-infinity' WHERE position = 9": ("fact_changed", 9),
        "ALTER TABLE facts.fact ALTER data DROP NOT NULL; UPDATE facts.fact SET data = NULL": ("fact_changed", 1),
        "ALTER TABLE facts.fact ALTER tags DROP NOT NULL; UPDATE facts.fact SET tags = NULL": ("columns_differ", 1),
        "UPDATE facts.fact SET position = -position": ("position_missing", 1),
        "TRUNCATE facts.fact": ("position_missing", 1),
        "ALTER TABLE facts.fact DROP data": ("tables_changed", None),
        "DROP TABLE facts.fact CASCADE": ("tables_changed", None),
    }
    for blow, expected in blows.items():
        with target.undone():
            target.connection.execute("ALTER TABLE facts.fact DISABLE TRIGGER ALL")
            target.connection.execute(blow)
            found = target.verify(target.tree)
        assert isinstance(found, Unproven), blow
        assert (found.code, found.position) == expected, blow


def test_facts_after_the_checkpoint_are_counted_and_still_looked_at(target: Target) -> None:
    last = target.rows[-1]
    more = [last._replace(position=last.position + number) for number in (1, 2)]
    with target.undone():
        rewrite(target.connection, [*target.rows, *more])
        assert target.verify(target.tree) == Verified(len(target.rows), 2)
        rewrite(target.connection, [*target.rows, more[0], more[1]._replace(type="no.such")])
        found = target.verify(target.tree)
    assert isinstance(found, Unproven)
    assert (found.code, found.position) == ("columns_differ", last.position + 2)


def test_a_log_of_many_pages_is_read_to_its_end_or_left_at_the_first_wrong_fact(target: Target) -> None:
    last, more = target.rows[-1].position, 5000
    with target.undone():
        target.connection.execute(
            "INSERT INTO facts.fact SELECT position + n, recorded_at, batch, type, tags, data"
            " FROM facts.fact, generate_series(1, %s) n WHERE position = %s",
            (more, last),
        )
        target.connection.execute(
            "INSERT INTO facts.fact_tag SELECT tag, type, position + n"
            " FROM facts.fact_tag, generate_series(1, %s) n WHERE position = %s",
            (more, last),
        )
        assert target.verify(target.tree) == Verified(last, more)
        target.connection.execute("ALTER TABLE facts.fact DISABLE TRIGGER ALL")
        target.connection.execute("UPDATE facts.fact SET type = 'no.such' WHERE position = %s", (last + 1,))
        found = target.verify(target.tree)
        assert target.connection.execute("SELECT count(*) FROM facts.fact").fetchone() == (last + more,)
    assert isinstance(found, Unproven)
    assert (found.code, found.position) == ("columns_differ", last + 1)


def test_without_tiles_earlier_checkpoints_narrow_it_to_a_span(target: Target, tmp_path: Path) -> None:
    earlier = []
    for size in (20, 40, 60):
        sealed(tmp_path / str(size), Memory(target.rows[:size]))
        note = PublishedLog(tmp_path / str(size)).note()
        assert note is not None
        earlier.append(Checkpoint.parse(Note.parse(note).text))
    assert verify_database(target.connection, target.checkpoint, None, earlier).beyond == 0
    rows = list(target.rows)
    rows[49] = rows[49]._replace(recorded_at=rows[49].recorded_at + timedelta(0, 0, 1))
    with target.undone():
        rewrite(target.connection, repair(rows))
        with pytest.raises(Unproven) as found:
            verify_database(target.connection, target.checkpoint, None, earlier)
    assert (found.value.code, found.value.position) == ("root_differs", 41)
    assert "第41号至第60号" in found.value.sentence


def test_tiles_that_were_changed_to_agree_with_the_lie_are_not_believed(target: Target, tmp_path: Path) -> None:
    rows = list(target.rows)
    rows[29] = rows[29]._replace(data=rows[30].data)
    rows = repair(rows)
    forged = sealed(tmp_path / "forged", Memory(rows)).log.tree(len(rows))
    mixed = copytree(target.tree.tiles.folder, tmp_path / "mixed")
    tile = next(mixed.glob("tile/0/000.p/*"))
    tile.write_bytes(bytes(32 * len(rows)))
    for tree in (forged, Tree(PublishedLog(mixed).tiles, len(rows))):
        with target.undone():
            rewrite(target.connection, rows)
            found = target.verify(tree)
        assert isinstance(found, Unproven)
        assert found.code == "root_differs"


def test_ledgers_that_were_rewritten_are_found_by_folding_them_again(sealed_county: SealedCounty) -> None:
    facts = PostgresFacts(sealed_county.recorder)
    projector = Projector(lambda: psycopg.connect(sealed_county.service_url), facts.page, LEDGERS)
    projector.catch_up()
    attacks: dict[str, LiteralString] = {
        "issue_ledger": "UPDATE ledgers.issue_ledger SET severity = 'major'",
        "signoff_ledger": "DELETE FROM ledgers.signoff_ledger",
        "post_ledger": "UPDATE ledgers.post_ledger SET post = 'city_mayor' WHERE person = 'person-clerk'",
        "signature_ledger": "UPDATE ledgers.signature_ledger SET signer = 'person-clerk'",
    }
    with psycopg.connect(sealed_county.owner_url, autocommit=True) as superuser:
        for ledger, attack in attacks.items():
            assert projector.check(ledger) == []
            assert (superuser.execute(attack).rowcount or 0) > 0
            assert projector.check(ledger) != []
    projector.close()
