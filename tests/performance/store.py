"""The log: conditional appends against every peer, what a decision costs as the log grows, and appends in bulk."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBQuery, DCBQueryItem
from psycopg.conninfo import make_conninfo

from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.schema import install
from tests.log import filling, tag
from tests.performance.appends import BODY, Contender, Ours, Package, Plain, issues, pgbench
from tests.performance.peers.stores import Emmett, MessageDb, Umadb
from tests.performance.suite import Bench, Missing, Row, Run, at_most, compared, missing, percentile, spans

ROLE = "taizhang"
CONDITIONAL = "conditional append, 3 tags"
DECIDING = "cost of a decision as the log grows"

# Ours must store at least so many times as many at 32 writers.
TARGETS = {
    "pgbench, the same rows, no check": 0.9,
    Package.name: 8,
    Umadb.name: 1.5,
    MessageDb.name: 3.5,
    Emmett.name: 5,
}
_AT_ONE = 2


def appends(bench: Bench) -> Iterator[Row]:
    """Ours in turns with each peer, at each number of writers; a log of ``facts`` before."""
    makers: dict[str, Callable[[], Contender]] = {
        "pgbench, the same rows, no check": lambda: _plain(bench),
        Package.name: lambda: Package(bench.server.admin_url),
        Umadb.name: lambda: Umadb(bench),
        MessageDb.name: lambda: MessageDb(bench),
        Emmett.name: lambda: Emmett(bench),
    }
    many = f"{bench.sizes.facts:,} facts"
    with ExitStack() as stack:
        ours = stack.enter_context(closing(Ours(bench.server.admin_url)))
        peers: dict[str, Contender] = {}
        for name, make in makers.items():
            try:
                peers[name] = stack.enter_context(closing(make()))
            except Missing as why:
                yield missing(CONDITIONAL, f"32 writers, {many}", f"≥{TARGETS[name]:g} ×", name, why)
        contenders = {Ours.name: ours, **peers}
        for contender in contenders.values():
            contender.preload(bench.sizes.facts)
        for writers in bench.writers:
            rates = bench.in_turns({name: _run(one, writers, bench) for name, one in contenders.items()})
            size = f"{writers} writer{'s' * (writers > 1)}, {many}"
            for name in peers:
                yield _judged(size, writers, name, rates[Ours.name], rates[name])
        yield _tail(bench, many)


def _plain(bench: Bench) -> Contender:
    if not pgbench().exists():
        raise Missing("the embedded server ships no pgbench")
    return Plain(bench.server.admin_url, bench.folder / "insert.sql")


def _run(contender: Contender, writers: int, bench: Bench) -> Callable[[], float]:
    return lambda: contender.rate(writers, bench.sizes.seconds)


def _judged(size: str, writers: int, name: str, ours: float, other: float) -> Row:
    unit = "appends/s"
    if writers == 32:
        return compared(CONDITIONAL, size, ours, other, TARGETS[name], unit=unit, against=name)
    if writers == 1 and name == Package.name:
        return compared(CONDITIONAL, size, ours, other, _AT_ONE, unit=unit, against=name)
    return Row(CONDITIONAL, size, ours, other, ours / other, "", None, unit, name)


def _tail(bench: Bench, many: str) -> Row:
    """How much longer than usual the slowest of a hundred appends takes, one after another."""
    # What the runs before left to be written must not be billed to these.
    with psycopg.connect(bench.server.admin_url, autocommit=True) as admin:
        admin.execute("CHECKPOINT")
    with PostgresRecorder(make_conninfo(bench.server.admin_url, dbname="ours", user=ROLE)) as recorder:
        facts = issues(random.Random())

        def append() -> None:
            fact = next(facts)
            recorder.append([fact], DCBAppendCondition(DCBQuery([DCBQueryItem([fact.type], fact.tags[:1])])))

        taken = list(spans(append, 10_000))
    return at_most(
        "conditional append, p99 against median",
        f"1 writer, {many}",
        percentile(taken, 0.99),
        3,
        unit="ms",
        against="its median",
        other=percentile(taken, 0.5),
    )


def growth(bench: Bench) -> Iterator[Row]:
    """Reading what a decision stands on and appending under its condition: logs of each size, in turns."""
    sizes = [size for size in (10_000 * 10**n for n in range(4)) if size <= bench.sizes.most]
    began = time.perf_counter()
    with ExitStack() as stack:
        runs: dict[str, Run] = {}
        for size in sizes:
            owner = bench.database(f"growth_{size}")
            install(owner, ROLE)
            _fill(owner, size)
            recorder = stack.enter_context(PostgresRecorder(make_conninfo(owner, user=ROLE)))
            runs[str(size)] = partial(_decision, recorder)
        filled = time.perf_counter() - began
        taken = bench.in_turns(runs)
    first, last = taken[str(sizes[0])], taken[str(sizes[-1])]
    row = at_most(
        DECIDING,
        f"{sizes[0]:,} → {sizes[-1]:,} facts",
        last,
        1.3,
        unit="ms",
        against="the smallest log",
        other=first,
        note=f"the logs took {filled:,.0f} s to fill",
    )
    yield row._replace(curve=[(size, taken[str(size)]) for size in sizes])


def _fill(owner: str, many: int) -> None:
    """What that many appends leave behind, made by the database itself: ten million would take them half an hour."""
    with psycopg.connect(owner, autocommit=True) as admin:
        with filling(admin):
            admin.execute(
                "INSERT INTO facts.fact SELECT n, now(), 0, 'issue.registered', ARRAY["
                "'issue-' || to_hex((random() * 1e18)::bigint), 'household-' || (random() * 1e5)::int,"
                " 'county-' || n %% 20], %b FROM generate_series(1, %b) n",
                (BODY, many),
            )
            tag(admin)
        admin.execute("CHECKPOINT")


def _decision(recorder: PostgresRecorder) -> float:
    """Milliseconds at the median."""
    facts = issues(random.Random())

    def decide() -> None:
        fact = next(facts)
        asked = DCBQuery([DCBQueryItem([fact.type], [tag]) for tag in fact.tags[:1]])
        _, head = recorder.read_with_head(asked)
        recorder.append([fact], DCBAppendCondition(asked, head))

    return percentile(list(spans(decide, 300)), 0.5)


def bulk(bench: Bench) -> Iterator[Row]:
    """Appends of 5,000 facts each, against COPY of the same rows into the same tables."""
    many = min(bench.sizes.facts, 100_000)
    owners = {name: bench.database(f"bulk_{name}") for name in ("ours", "copy")}
    for owner in owners.values():
        install(owner, ROLE)
    with (
        PostgresRecorder(make_conninfo(owners["ours"], user=ROLE)) as recorder,
        psycopg.connect(owners["copy"]) as connection,
    ):
        rates = bench.in_turns(
            {"ours": lambda: _appended(recorder, many), "copy": lambda: _copied(connection, many)},
        )
    yield compared(
        "bulk append",
        f"{many:,} facts, 5,000 a batch",
        rates["ours"],
        rates["copy"],
        0.5,
        unit="facts/s",
        against="COPY by psycopg",
    )


def _appended(recorder: PostgresRecorder, many: int) -> float:
    chance = issues(random.Random())
    facts = [next(chance) for _ in range(many)]
    began = time.perf_counter()
    for start in range(0, many, 5000):
        recorder.append(facts[start : start + 5000])
    return many / (time.perf_counter() - began)


def _copied(connection: psycopg.Connection, many: int) -> float:
    chance = issues(random.Random())
    facts = [next(chance) for _ in range(many)]
    row = connection.execute("SELECT coalesce(max(position), 0), now() FROM facts.fact").fetchone()
    assert row is not None
    head, moment = row
    began = time.perf_counter()
    for start in range(0, many, 5000):
        batch = list(enumerate(facts[start : start + 5000], head + start + 1))
        with connection.cursor() as cursor:
            with cursor.copy(
                "COPY facts.fact (position, recorded_at, batch, type, tags, data) FROM STDIN (FORMAT binary)"
            ) as copy:
                copy.set_types(["int8", "timestamptz", "int8", "text", "text[]", "bytea"])
                for position, fact in batch:
                    copy.write_row((position, moment, 0, fact.type, fact.tags, fact.data))
            with cursor.copy("COPY facts.fact_tag (tag, type, position) FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["text", "text", "int8"])
                for position, fact in batch:
                    for tag in ("", *fact.tags):
                        copy.write_row((tag, fact.type, position))
        connection.commit()
    return many / (time.perf_counter() - began)
