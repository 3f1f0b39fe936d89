"""A county's log on PostgreSQL, sealed."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from eventsourcing.dcb.api import DCBEvent

from adapters.postgres.event_store import PostgresRecorder
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Sealer
from tests.adapters.proofs.world import Memory, settled
from tests.conftest import PostgresServer


@dataclass(frozen=True)
class SealedCounty:
    """A county whose facts are in PostgreSQL and sealed to the last one."""

    service_url: str
    owner_url: str
    recorder: PostgresRecorder
    log: PublishedLog
    facts: int


@pytest.fixture(scope="module")
def sealed_county(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedCounty]:
    owner_url = postgres_server.take()
    service_url = postgres_server.as_service(owner_url)
    folder = tmp_path_factory.mktemp("data") / "log"
    with PostgresRecorder(service_url) as recorder:
        record(recorder, settled())
        sealer = Sealer(folder, recorder, origin="ledger.example/county")
        with sealer.alone():
            sealer.seal()
        yield SealedCounty(service_url, owner_url, recorder, sealer.log, recorder.head())
    postgres_server.give_back(owner_url)


def record(recorder: PostgresRecorder, facts: Memory) -> None:
    recorder.append([DCBEvent(fact.type, fact.data, fact.tags) for fact in facts.facts])
