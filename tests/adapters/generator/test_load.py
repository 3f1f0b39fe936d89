"""A generated county in PostgreSQL: where it was decided, when it was decided, and in the ledgers what it was to be."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.bootstrap import Application, open_application
from adapters.generator.census import Census
from adapters.generator.generate import generate
from adapters.generator.load import BATCH, batches, load
from adapters.generator.memory import Decision
from adapters.postgres.event_store import PostgresRecorder
from adapters.settings import Settings
from domain.chains import SignedOff
from domain.command import Act, Refused
from domain.fact import Past
from domain.ids import IssueId
from domain.posts import Post
from domain.rankings import EditionPublished
from domain.regions import RegionEstablished
from domain.signoff import shown_of
from projections import LEDGERS
from projections.directory import DirectoryLine
from projections.household_ledger import HouseholdLine
from projections.reading import MOST, Query, Where, count, page
from projections.village_ledger import VillageLine
from services import ranking
from tests.conftest import PostgresServer
from tests.county import register

LATER = datetime(2020, 1, 1, tzinfo=UTC)
SMALL = 0.005


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    return list(generate("luchuan", scale=SMALL))


@pytest.fixture(scope="module")
def settings(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Of a database of this module's own. Whoever asks reads only."""
    owner_url = postgres_server.take()
    yield Settings(
        database_url=postgres_server.as_service(owner_url), data=tmp_path_factory.mktemp("generated"), log_dir="-"
    )
    postgres_server.give_back(owner_url)


@pytest.fixture(scope="module")
def census(settings: Settings, decisions: list[Decision]) -> Census:
    """The county, loaded."""
    return load(settings, decisions)


@pytest.fixture(scope="module")
def application(settings: Settings, census: Census) -> Iterator[Application]:
    with open_application(settings, project=False) as application:
        application.projector.catch_up()
        yield application


def test_every_fact_is_stored_where_and_when_it_was_decided(
    application: Application, decisions: list[Decision]
) -> None:
    decided = (
        (decision.position + number, fact.type, fact.tags, fact.data, decision.recorded_at)
        for decision in decisions
        for number, fact in enumerate(decision.stored)
    )
    for stored, expected in zip(application.recorder.read_recorded(), decided, strict=True):
        assert (stored.position, stored.type, stored.tags, stored.data, stored.recorded_at) == expected


def test_the_ledgers_come_to_the_figures_of_the_place(application: Application, census: Census) -> None:
    county = Where("region", "within", "region-450922")
    with application.pool.connection() as connection:

        def directory(kind: str, level: str | None = None) -> int:
            where = [county, Where("kind", "eq", kind), *([Where("level", "eq", level)] if level else ())]
            return count(connection, DirectoryLine, where)

        homes = page(connection, HouseholdLine, Query(limit=MOST)).lines
        listed = count(connection, VillageLine, [Where("listed", "eq", True)])
        figures = directory("region", "township"), directory("region", "village"), listed
        assert figures == (1, 1, 1)
        assert directory("person") == census.cadres == 33
    assert len(homes) == census.households == 99
    assert sum(home.people for home in homes) == census.people == 429
    assert all(home.cadre for home in homes)


def test_every_ledger_is_what_the_facts_come_to(application: Application) -> None:
    assert [one for ledger in LEDGERS for one in application.projector.check(ledger.line.table)] == []


def test_what_a_signer_was_shown_is_shown_to_whoever_looks_again(application: Application) -> None:
    """The last signature of each exit: what stood before it, read from where it is stored, comes to what it names."""
    signed = [fact for fact in application.facts.facts((SignedOff,)) if isinstance(fact.event, SignedOff)][-40:]
    for fact in signed:
        assert isinstance(fact.event, SignedOff)
        before = application.facts.about(fact.event.subject, until=fact.position - 1)
        assert shown_of(Past(before)) == (fact.event.shown, fact.event.shown_digest)


def test_every_edition_counts_again_to_what_was_published(application: Application) -> None:
    published = [fact.event for fact in application.facts.facts((EditionPublished,))]
    assert len(published) == 12
    for event in published:
        assert isinstance(event, EditionPublished)
        assert ranking.recount(application.facts, event.edition).holds


def test_work_goes_on_where_the_generated_days_end(application: Application, census: Census) -> None:
    supervisor, _ = census.offices[Post.SUPERVISOR]
    village = next(
        fact.event.region
        for fact in application.facts.facts((RegionEstablished,))
        if isinstance(fact.event, RegionEstablished) and fact.event.region.level == "village"
    )
    past, _, _ = application.ledger.stand(register(IssueId("issue-new"), region=village), Act(supervisor, LATER))
    assert list(register(IssueId("issue-new"), region=village).decide(past, Act(supervisor, LATER)))


def test_a_log_that_holds_anything_is_refused_and_left_alone(application: Application, settings: Settings) -> None:
    before = application.facts.head()
    with pytest.raises(Refused) as refusal:
        load(settings, generate("luchuan", scale=SMALL))
    assert refusal.value.code == "ledger_not_empty"
    assert application.facts.head() == before


def test_somebody_else_at_work_meanwhile_ends_it(database_url: str, tmp_path: Path, decisions: list[Decision]) -> None:
    settings = Settings(database_url=database_url, data=tmp_path, log_dir="-")

    def disturbed() -> Iterator[Decision]:
        yield from decisions[:20]
        with PostgresRecorder(database_url) as other:
            other.append(list(decisions[0].stored))
        yield from decisions[20:200]

    with pytest.raises(Refused) as refusal:
        load(settings, disturbed())
    assert refusal.value.code == "ledger_not_alone"


def test_a_batch_is_of_one_moment_and_not_too_large(decisions: list[Decision]) -> None:
    together = list(batches(decisions))
    assert [decision for batch in together for decision in batch] == decisions
    assert all(len({decision.recorded_at for decision in batch}) == 1 for batch in together)
    assert all(len(batch) == 1 or sum(len(one.stored) for one in batch) <= BATCH for batch in together)
