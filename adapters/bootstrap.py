"""The only place that wires: from settings to a running program."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from time import monotonic
from typing import Any, NoReturn, TextIO

import psycopg
import structlog
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
from adapters.workbooks.readings import Readings
from projections import LEDGERS
from projections.projector import ALONE, SERVED, Projector
from services.ledger import Ledger

_log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

POOL = 12
"""Connections for ledgers and accounts: more than two cores can use, fewer than PostgreSQL allows by default."""

GATHER = 0.02
"""Seconds at the least between two batches of the projector: a batch has a price of its own, and a busy log would have
one made of every few facts. What comes after a silence is folded at once."""

REST = 0.1
"""Seconds at the most. In between it rests as long as it folded, so that it leaves half a core to those who write, and
gathers more to a batch, which costs less a fact."""

STANDBY = 5.0
"""Seconds between two attempts to take over from another process that projects."""


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
    readings: Readings
    vault: Vault
    now: Clock
    """The present moment. A demonstration lives on from its story's end, everything else by the machine's clock."""


@contextmanager
def open_application(
    settings: Settings, *, project: bool = True, clock: Clock | None = None, follower: "Follower | None" = None
) -> Iterator[Application]:
    """The program on the database of the settings, its schema in place; with ``project``, ledgers and the sealed log
    follow the facts, the ledgers in the process of the ``follower`` if there is one, for as long as it lives.

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
        batch = SERVED if project else ALONE
        projector = Projector(lambda: psycopg.connect(url), facts.page, LEDGERS, batch=batch)
        stack.callback(projector.close)
        log = settings.data / "log"
        sealer = Sealer(log, recorder, policy=witnesses_of(log))
        if project:
            if follower:
                follower.begin(url)
                stack.callback(follower.end)
            stack.enter_context(following(projector, recorder, STANDBY if follower else 0))
            stack.enter_context(sealing(sealer))
        divisions = Divisions.load()
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
            divisions=divisions,
            readings=Readings(divisions),
            vault=Vault(pool, clock=told),
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
def following(projector: Projector, recorder: PostgresRecorder, standby: float = 0) -> Iterator[None]:
    """Keeps the ledgers level with the facts for as long as it lasts; where another process does, takes over when that
    one is gone, looking every ``standby`` seconds."""
    stop = Event()

    def begin() -> None:
        while standby and not (stop.wait(standby) or projector.takes_over()):
            pass
        follow(projector, recorder, stop)

    projector.prepare()
    thread = Thread(target=begin, name="projector", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def follow(projector: Projector, recorder: PostgresRecorder, stop: Event) -> None:
    """Folds what is recorded, again and again until told to stop."""
    seen, begun = 0, monotonic()

    def news() -> None:
        nonlocal seen, begun
        done = monotonic()
        seen = recorder.wait(seen, 1.0)
        stop.wait(done + max(GATHER, min(done - begun, REST)) - monotonic())
        begun = monotonic()

    projector.run(stop, news)


class Follower:
    """跟进的进程: folds ledgers in a process of its own, on a core of its own, so that folding takes no time from those
    who are being answered.

    To be made before this process has threads, for it is a copy of it. It ends when it is told to, or when this process
    is gone in whatever way: then the pipe between them breaks.
    """

    def __init__(self) -> None:
        # What both hold stays shared as long as no collector marks it.
        gc.freeze()
        line, self._line = os.pipe()
        self.process = os.fork()
        if not self.process:
            os.close(self._line)
            _followed(line)
        os.close(line)

    def begin(self, url: str) -> None:
        os.write(self._line, f"{url}\n".encode())

    def end(self) -> None:
        """Returns when it has ended."""
        if self.process:
            os.close(self._line)
            os.waitpid(self.process, 0)
            self.process = 0


def _followed(line: int) -> NoReturn:
    """The life of the process: hears of the database, follows, and hears the end of it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        # Who presses Ctrl-C means the server, which will tell.
        signal.signal(number, signal.SIG_IGN)
    try:
        with open(line, encoding="utf-8") as told:
            if url := told.readline().strip():
                stop = Event()
                Thread(target=_await_end, args=(told, stop), daemon=True).start()
                with PostgresRecorder(url) as recorder:
                    projector = Projector(lambda: psycopg.connect(url), PostgresFacts(recorder).page, LEDGERS)
                    follow(projector, recorder, stop)
                    projector.close()
        os._exit(0)
    except BaseException:
        _log.exception("follower_failed")
        os._exit(1)


def _await_end(told: TextIO, stop: Event) -> None:
    told.read()
    stop.set()


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
