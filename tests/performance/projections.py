"""Facts a second folded into ledgers, each alone and all together, and how long reading takes, now and as of the past.

Run with ``python -m tests.performance.projections``.
"""

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.schema import install
from domain.fact import Recorded
from projections import LEDGERS
from projections.issue_ledger import IssueLine
from projections.ledger import Ledger
from projections.projector import Projector
from projections.reading import Query, Where, count, page
from tests.projections.lives import TOWNS, facts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.projections", description=__doc__)
    parser.add_argument("--facts", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=10_000)
    options = parser.parse_args()
    lives = list(facts(1, options.facts, at_once=options.facts // 20))
    # What is measured is the fold, not the collector walking over the facts that wait for it.
    gc.freeze()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with EmbeddedPostgres(Path(folder) / "postgres") as server:
            install(server.admin_url, SERVICE_ROLE)
            print(f"{len(lives):,} facts in batches of {options.batch:,}: facts a second (CPU of Python, µs a fact)")
            for ledger in LEDGERS:
                catch_up(server, [ledger], lives, options.batch)
            catch_up(server, LEDGERS, lives, options.batch)
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE ledgers.issue_ledger")
                read(connection, len(lives))


def catch_up(server: EmbeddedPostgres, ledgers: Sequence[Ledger[Any]], lives: Sequence[Recorded], batch: int) -> None:
    with psycopg.connect(server.admin_url) as admin:
        admin.execute("DROP SCHEMA ledgers CASCADE")
    make_room(server)
    projector = Projector(
        lambda: psycopg.connect(server.url), lambda after, most: lives[after : after + most], ledgers, batch=batch
    )
    projector.prepare()
    began, worked = time.perf_counter(), time.process_time()
    projector.catch_up()
    took, worked = time.perf_counter() - began, time.process_time() - worked
    projector.close()
    name = ledgers[0].name if len(ledgers) == 1 else "all together"
    print(f"  {name:24s} {len(lives) / took:10,.0f}   ({worked / len(lives) * 1e6:.1f})", flush=True)


def make_room(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.admin_url) as admin:
        admin.execute("CREATE SCHEMA ledgers")
        admin.execute(f"GRANT ALL ON SCHEMA ledgers TO {SERVICE_ROLE}")


def read(connection: psycopg.Connection[Any], head: int) -> None:
    town, unfinished = Where("region", "within", TOWNS[0]), Where("status", "in", ("not_started", "rectifying"))
    asked: dict[str, Query] = {
        "first page of all": Query(),
        "first page of a town": Query([town]),
        "first page of a town, unfinished": Query([town, unfinished]),
        "first page by deadline": Query([town], order=("due",)),
        "5,000 lines": Query(limit=5000),
    }
    print(f"milliseconds over {count(connection, IssueLine):,} issues, {head:,} positions: now, then at 10/50/90 %")
    for name, query in asked.items():
        times = [timed(lambda q=query: page(connection, IssueLine, q))]  # type: ignore[misc]
        for part in (0.1, 0.5, 0.9):
            then = Query(query.where, query.order, int(head * part), query.limit)
            times.append(timed(lambda q=then: page(connection, IssueLine, q)))  # type: ignore[misc]
        print(f"  {name:34s}", *(f"{one:8.1f}" for one in times), flush=True)


def timed(ask: Callable[[], object], runs: int = 9) -> float:
    """The median, in milliseconds."""
    spans = []
    for _ in range(runs):
        began = time.perf_counter()
        ask()
        spans.append((time.perf_counter() - began) * 1000)
    return statistics.median(spans)


if __name__ == "__main__":
    main()
