"""The sealed log: what sealing, verifying a whole log, one proof and a bundle cost."""

import os
import statistics
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter, process_time

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded import SERVICE_ROLE
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.postgres.schema import install
from adapters.proofs.database import verify_database
from adapters.proofs.entries import Entry
from adapters.proofs.gathering import bundle_of
from adapters.proofs.offline import verify_bundle
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Sealer
from domain.policy import Severity
from tests.adapters.proofs.world import ISSUE, settled, trusting
from tests.log import filling, put
from tests.performance.suite import Bench, Row, at_most

_PROOFS = 200


def proofs(bench: Bench) -> Iterator[Row]:
    """A county's facts on PostgreSQL: sealed, verified as a whole, and one by one."""
    facts, folder = bench.sizes.facts, bench.folder / "log"
    admin_url = bench.database("proofs")
    install(admin_url, SERVICE_ROLE)
    with psycopg.connect(admin_url, autocommit=True) as admin, filling(admin):
        put(admin, lives(facts))
    with PostgresRecorder(make_conninfo(bench.server.url, dbname="proofs")) as recorder:
        yield sealed(folder, recorder, facts)
        yield from verified(bench, folder, admin_url, facts)
        yield proven(folder, recorder, facts)
        yield from bundled(folder, recorder)


def lives(facts: int) -> Iterator[Stored]:
    """The county's founding and one grave issue of it, signed at every level, then the lives of other issues."""
    county = settled(Severity.MAJOR).facts
    life = [fact for fact in county if ISSUE in fact.tags]
    last = county[-1]
    yield from county
    position = len(county)
    for number in count():
        name = f"{ISSUE}-{number}"
        for fact in life:
            position += 1
            if position > facts:
                return
            data = fact.data.replace(ISSUE.encode(), name.encode())
            tags = sorted(tag.replace(ISSUE, name) for tag in fact.tags)
            yield Stored(position, fact.type, tags, data, last.recorded_at + timedelta(milliseconds=position))


def sealed(folder: Path, recorder: PostgresRecorder, facts: int) -> Row:
    sealer = Sealer(folder, recorder)
    began, busy = perf_counter(), process_time()
    with sealer.alone():
        sealer.seal()
    each, own = (perf_counter() - began) / facts * 1e6, (process_time() - busy) / facts * 1e6
    note = f"{own:.1f} of it on our processor"
    return at_most("sealing", f"{facts:,} facts", each, 20, unit="µs/fact", note=note)


def verified(bench: Bench, folder: Path, url: str, facts: int) -> Iterator[Row]:
    """Ten microseconds a fact are ten seconds for a million."""
    published = PublishedLog(folder).checkpoint()
    assert published is not None
    own, server = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)

    def verification(name: str, tiles: bool) -> float:
        tree = PublishedLog(folder).tree(published[0].size) if tiles else None
        with psycopg.connect(url) as connection:
            began, busy = perf_counter(), process_time()
            verify_database(connection, published[0], tree)
            took = perf_counter() - began
            own[name].append((process_time() - busy) / facts * 1e6)
            server[name].append(busy_for(connection.info.backend_pid) / facts * 1e6)
        return took / facts * 1e6

    ways = {"with tiles": True, "without tiles": False}
    taken = bench.in_turns({name: partial(verification, name, tiles) for name, tiles in ways.items()})
    for name, each in taken.items():
        mine, its = statistics.median(own[name]), statistics.median(server[name])
        note = f"{mine:.1f} of it on our processor, {its:.1f} on PostgreSQL's"
        yield at_most(f"whole verification {name}", f"{facts:,} facts", each, 10, unit="µs/fact", note=note)


def busy_for(process: int) -> float:
    """Seconds of a processor that a process has used."""
    spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK")


def proven(folder: Path, recorder: PostgresRecorder, facts: int) -> Row:
    """Nothing of the log is in memory before. The worst counts: while others want the machine, it is their turn that is
    measured, which the time on the processor tells."""
    rng = Random(1)
    times, own = [], []
    for _ in range(_PROOFS):
        stored = next(recorder.read_recorded(after=(at := rng.randrange(facts)), until=at + 1))
        entry = Entry(stored.position, stored.recorded_at, stored.data)
        began, busy = perf_counter(), process_time()
        PublishedLog(folder).receipt(entry)
        times.append((perf_counter() - began) * 1000)
        own.append((process_time() - busy) * 1000)
    note = f"median {statistics.median(times):.2f}; on the processor {max(own):.2f} at worst"
    return at_most(
        "one proof from cold, at worst", f"{_PROOFS} of {facts:,} facts", max(times), 5, unit="ms", note=note
    )


def bundled(folder: Path, recorder: PostgresRecorder) -> Iterator[Row]:
    content = bundle_of(ISSUE, recorder, PublishedLog(folder))
    began = perf_counter()
    report = verify_bundle(content, trusting(folder))
    ms = (perf_counter() - began) * 1000
    size = f"{len(report.facts)} facts"
    yield at_most("the bundle of a chain", size, len(content) / 1024, 64, unit="KB")
    yield Row("checking the bundle of a chain", size, ms, None, None, "", None, "ms")
