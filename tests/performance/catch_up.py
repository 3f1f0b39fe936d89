"""The ledgers: how fast they follow the facts, each and all, against ProjectionRunner; and what the past costs."""

import gc
import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.schema import install
from domain.fact import Recorded
from projections import LEDGERS
from projections.issue_ledger import IssueLine
from projections.ledger import Ledger
from projections.projector import Projector
from projections.reading import Query, Where, count, page
from tests.performance.peers.runner import Runner
from tests.performance.suite import Bench, Row, Run, at_least, at_most, compared, percentile, spans
from tests.projections.lives import facts

ROLE = "taizhang"
_BATCH = 5000
_ALL = "catch-up of all ledgers together"
_LINES = 5000
_OPEN = Where("status", "in", ("not_started", "rectifying", "partly_done"))


def catch_up(bench: Bench) -> Iterator[Row]:
    """Each ledger alone over the same facts, then all of them; the peer folds one of its own, in turns with them."""
    lives = _lives(bench)
    size = f"{len(lives):,} facts"
    runs: dict[str, Run] = {ledger.name: partial(_rate, bench, [ledger], lives) for ledger in LEDGERS}
    rates = bench.in_turns({Runner.name: Runner(bench).rate, **runs, _ALL: partial(_rate, bench, LEDGERS, lives)})
    peer, together = rates.pop(Runner.name), rates.pop(_ALL)
    slowest, *others = sorted(rates, key=lambda name: rates[name])
    yield compared(
        f"catch-up of {slowest}, the slowest ledger",
        size,
        rates[slowest],
        peer,
        40,
        unit="facts/s",
        against=Runner.name,
    )
    for name in others:
        ratio = rates[name] / peer
        yield Row(f"catch-up of {name}", size, rates[name], peer, ratio, "", None, "facts/s", Runner.name)
    yield at_least(_ALL, size, together, 15_000, unit="facts/s")


def as_of(bench: Bench) -> Iterator[Row]:
    """A ledger page of 5,000 unfinished issues and a first page of 50: as of half way against now."""
    lives = _lives(bench)
    url = _room(bench)
    _follow(url, [ledger for ledger in LEDGERS if ledger.line is IssueLine], lives)
    half = len(lives) // 2
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledgers.issue_ledger")
        issues = count(connection, IssueLine)
        for lines, most in ((_LINES, 50.0), (50, 10.0)):
            now = _page(connection, Query([_OPEN], limit=lines), bench)
            then = _page(connection, Query([_OPEN], as_of=half, limit=lines), bench)
            size = f"{lines:,} lines of {issues:,} issues, {len(lives):,} facts"
            yield at_most("ledger page as of the past", size, then, 2, unit="ms", against="now", other=now)
            yield at_most("ledger page, now and then, the slower", size, max(now, then), most, unit="ms")


def _page(connection: psycopg.Connection[Any], query: Query, bench: Bench) -> float:
    return percentile(list(spans(lambda: page(connection, IssueLine, query), 5 * bench.sizes.runs)), 0.5)


def _lives(bench: Bench) -> Sequence[Recorded]:
    many = min(bench.sizes.facts, 200_000)
    lives = list(facts(1, many, at_once=many // 20))
    # What is measured is the fold, not the collector walking over the facts that wait for it.
    gc.freeze()
    return lives


def _room(bench: Bench) -> str:
    owner = bench.database("ledgers")
    install(owner, ROLE)
    return make_conninfo(owner, user=ROLE)


def _rate(bench: Bench, ledgers: Sequence[Ledger[Any]], lives: Sequence[Recorded]) -> float:
    url = _room(bench)
    began = time.perf_counter()
    _follow(url, ledgers, lives)
    return len(lives) / (time.perf_counter() - began)


def _follow(url: str, ledgers: Sequence[Ledger[Any]], lives: Sequence[Recorded]) -> None:
    projector = Projector(
        lambda: psycopg.connect(url), lambda after, most: lives[after : after + most], ledgers, batch=_BATCH
    )
    projector.catch_up()
    projector.close()
