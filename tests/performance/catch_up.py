"""The ledgers: how fast they follow the facts, each and all, against ProjectionRunner; and what the past costs."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.cli.serving import spare
from adapters.facts import encode
from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.facts import PostgresFacts
from adapters.postgres.schema import install
from domain.command import Act
from domain.fact import Recorded
from projections import LEDGERS
from projections.issue_ledger import IssueLine
from projections.ledger import Ledger
from projections.projector import ALONE, Projector
from projections.reading import Query, Where, count, page
from tests.performance.counties import county, multiply
from tests.performance.peers.runner import Runner
from tests.performance.suite import Bench, Row, Run, at_least, at_most, compared, percentile, spans
from tests.projections.lives import facts

ROLE = "taizhang"
_ALL = "catch-up of all ledgers together"
_LINES, _FIRST = 5000, 50
_FOLDED = 100_000  # facts at most
_SIDE_BY_SIDE = 2_500  # of the lives in them
_COUNTIES = 10
_AT_ONCE = 16_000  # lives that go on side by side, so that some more than 5,000 issues are open at any time
_OPEN = Where("status", "in", ("not_started", "rectifying", "partly_done"))

Reading = Callable[[int, int], Sequence[Recorded]]


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
    yield at_least(_ALL, size, together, 15_000, unit="facts/s", note=f"the facts in memory, {ALONE:,} a batch")
    with _log(bench, lives) as recorder:
        logged = _follow(_room(bench), LEDGERS, PostgresFacts(recorder).page)
    yield Row(f"{_ALL}, read from the log", size, len(lives) / logged, None, None, "", None, "facts/s")


def as_of(bench: Bench) -> Iterator[Row]:
    """A page of one county's 5,000 unfinished issues and a first page of 50, as of half way against now, where ten
    counties have one ledger; and such pages of all ten, of a recent and of an old moment."""
    url, many = _room(bench), bench.sizes.most
    took = _ten_counties(bench, url, many // _COUNTIES)
    with _as_served(), psycopg.connect(url, autocommit=True) as connection:
        issues = count(connection, IssueLine)
        of_one = [Where("region", "within", county(_COUNTIES // 2)), _OPEN]
        unfinished = count(connection, IssueLine, of_one)
        for lines, most in ((_LINES, 50.0), (_FIRST, 10.0)):
            now, then = _pages(connection, of_one, (None, many // 2), lines, bench)
            size = f"{min(lines, unfinished):,} lines of one county, {issues:,} issues, {many:,} facts"
            yield at_most("ledger page as of the past", size, then, 2, unit="ms", against="now", other=now, note=took)
            yield at_most("ledger page, now and then, the slower", size, max(now, then), most, unit="ms")
        unfinished = count(connection, IssueLine, [_OPEN])
        for lines in (_LINES, _FIRST):
            now, old, recent = _pages(connection, [_OPEN], (None, many // 10, many // 10 * 9), lines, bench)
            size = f"{min(lines, unfinished):,} lines of {_COUNTIES} counties, {issues:,} issues, {many:,} facts"
            for moment, then in (("10 %", old), ("90 %", recent)):
                yield Row(
                    f"ledger page as of {moment} of the facts", size, then, now, then / now, "", None, "ms", "now"
                )


@contextmanager
def _as_served() -> Iterator[None]:
    """The collector as it is where pages are served."""
    usual = gc.get_threshold()
    spare()
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _ten_counties(bench: Bench, url: str, facts_of_one: int) -> str:
    """Folds the facts of one county, and puts the others beside it; returns how long that took."""
    folded = _follow(
        url,
        [ledger for ledger in LEDGERS if ledger.line is IssueLine],
        _as_read(facts(1, facts_of_one, at_once=min(_AT_ONCE, facts_of_one // 20))),
    )
    began = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        multiply(connection, _COUNTIES)
        connection.execute("VACUUM ANALYZE ledgers.issue_ledger")
    with psycopg.connect(bench.server.admin_url, autocommit=True) as admin:
        admin.execute("CHECKPOINT")
    taken = time.perf_counter() - began
    return f"one county's facts took {folded:,.0f} s to fold, the others {taken:,.0f} s to be put beside them"


def _pages(
    connection: psycopg.Connection[Any],
    where: Sequence[Where],
    positions: Sequence[int | None],
    lines: int,
    bench: Bench,
) -> Iterator[float]:
    """The median milliseconds of a page as of each of these positions, read in turns."""
    queries = [Query(where, as_of=position, limit=lines) for position in positions]
    for query in queries:
        page(connection, IssueLine, query)
    turns = [
        [next(spans(partial(page, connection, IssueLine, query), 1)) for query in queries]
        for _ in range(5 * bench.sizes.runs)
    ]
    return (percentile(figures, 0.5) for figures in zip(*turns, strict=True))


def _lives(bench: Bench) -> Sequence[Recorded]:
    many = min(bench.sizes.facts, _FOLDED)
    lives = list(facts(1, many, at_once=min(_SIDE_BY_SIDE, many // 20)))
    # What is measured is the fold, not the collector walking over the facts that wait for it.
    gc.freeze()
    return lives


def _room(bench: Bench) -> str:
    owner = bench.database("ledgers")
    install(owner, ROLE)
    return make_conninfo(owner, user=ROLE)


def _log(bench: Bench, lives: Sequence[Recorded]) -> PostgresRecorder:
    """The same facts in a log, at the same positions."""
    owner = bench.database("log")
    install(owner, ROLE)
    recorder = PostgresRecorder(make_conninfo(owner, user=ROLE))
    for start in range(0, len(lives), 5000):
        recorder.append([encode(fact.event, Act(fact.by, fact.at)) for fact in lives[start : start + 5000]])
    return recorder


def _as_read(lives: Iterable[Recorded]) -> Reading:
    """Facts one after another, each of them read once."""
    coming = iter(lives)
    return lambda _, most: list(islice(coming, most))


def _rate(bench: Bench, ledgers: Sequence[Ledger[Any]], lives: Sequence[Recorded]) -> float:
    return len(lives) / _follow(_room(bench), ledgers, lambda after, most: lives[after : after + most])


def _follow(url: str, ledgers: Sequence[Ledger[Any]], read: Reading) -> float:
    """Seconds that it took."""
    projector = Projector(lambda: psycopg.connect(url), read, ledgers, batch=ALONE)
    projector.prepare()
    began = time.perf_counter()
    projector.catch_up()
    took = time.perf_counter() - began
    projector.close()
    return took
