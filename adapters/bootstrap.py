"""The only place that wires: from settings to a running program."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from adapters.demo import marker
from adapters.evidence.files import FileEvidence
from adapters.evidence.store import EvidenceStore
from adapters.identity import accounts
from adapters.identity.accounts import Accounts, Limits
from adapters.postgres import schema
from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.facts import PostgresFacts
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Sealer, sealing, witnesses_of
from adapters.regions.divisions import Divisions
from adapters.settings import Settings
from adapters.vault.store import Vault
from projections import LEDGERS
from projections.projector import Projector
from services.ledger import Ledger

Clock = Callable[[], datetime]

POOL = 12
"""Connections for ledgers and accounts: more than two cores can use, fewer than PostgreSQL allows by default."""

GATHER = 0.02
"""Seconds between two batches of the projector: a batch has a price of its own, and a busy log would have one made of
every few facts. What comes after a silence is folded at once."""


@dataclass(frozen=True)
class Application:
    """The program, wired."""

    settings: Settings
    pool: ConnectionPool[Connection[Any]]
    recorder: PostgresRecorder
    facts: PostgresFacts
    ledger: Ledger
    projector: Projector
    accounts: Accounts
    evidence: EvidenceStore
    log: PublishedLog
    sealer: Sealer
    divisions: Divisions
    vault: Vault
    now: Clock
    """The present moment. A demonstration lives on from its story's end, everything else by the machine's clock."""


@contextmanager
def open_application(settings: Settings, *, project: bool = True, clock: Clock | None = None) -> Iterator[Application]:
    """The program on the database of the settings, its schema in place; with ``project``, ledgers and the sealed log
    follow the facts.

    ``clock`` stands for the machine's and the database's: the sequencer stamps by it as well. Raises
    EmbeddedPostgresError where no database can be had, psycopg.OperationalError where the given one does not answer.
    """
    with ExitStack() as stack:
        url = database(settings, stack)
        with psycopg.connect(url) as connection:
            accounts.install(connection)
            told = clock or story_clock(connection)
        recorder = stack.enter_context(PostgresRecorder(url, clock=told))
        pool = stack.enter_context(
            ConnectionPool(url, min_size=1, max_size=POOL, kwargs={"autocommit": True}, open=False)
        )
        facts = PostgresFacts(recorder)
        projector = Projector(lambda: psycopg.connect(url), facts.page, LEDGERS)
        stack.callback(projector.close)
        log = settings.data / "log"
        sealer = Sealer(log, recorder, policy=witnesses_of(log))
        if project:
            stack.enter_context(following(projector, recorder))
            stack.enter_context(sealing(sealer))
        yield Application(
            settings=settings,
            pool=pool,
            recorder=recorder,
            facts=facts,
            ledger=Ledger(facts),
            projector=projector,
            accounts=Accounts(pool, limits=limits(settings)),
            evidence=evidence_store(settings),
            log=PublishedLog(log),
            sealer=sealer,
            divisions=Divisions.load(),
            vault=Vault(pool),
            now=told or machine_clock,
        )


def database(settings: Settings, stack: ExitStack) -> str:
    """Where the service connects: the database that was set, or the embedded one, started or joined."""
    if settings.database_url:
        schema.install(settings.database_url)
        return settings.database_url
    embedded = stack.enter_context(EmbeddedPostgres(settings.data / "postgres"))
    schema.install(embedded.admin_url, SERVICE_ROLE)
    return embedded.url


def story_clock(connection: Connection[Any]) -> Clock | None:
    """The clock of the demonstration which this database holds, if it holds one."""
    story = marker.read(connection)
    if story is None:
        return None
    ahead: timedelta = story.ended_at - story.loaded_at
    return lambda: datetime.now(UTC) + ahead


def machine_clock() -> datetime:
    return datetime.now(UTC)


@contextmanager
def following(projector: Projector, recorder: PostgresRecorder) -> Iterator[None]:
    """Keeps the ledgers level with the facts for as long as it lasts."""
    stop = Event()
    seen, folded = 0, 0.0

    def news() -> None:
        nonlocal seen, folded
        seen = recorder.wait(seen, 1.0)
        stop.wait(folded + GATHER - monotonic())
        folded = monotonic()

    projector.prepare()
    thread = Thread(target=projector.run, args=(stop, news), name="projector", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def limits(settings: Settings) -> Limits:
    return Limits(
        idle=timedelta(minutes=settings.session_idle_minutes), absolute=timedelta(hours=settings.session_hours)
    )


def evidence_store(settings: Settings) -> EvidenceStore:
    if settings.evidence_url:
        # What speaks S3 takes a quarter of the start to import, and most places have no use for it.
        from adapters.evidence import s3

        return s3.at(settings.evidence_url)
    return FileEvidence(settings.data / "evidence")
