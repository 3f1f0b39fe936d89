"""What proving costs: ``python -m tests.performance.proofs``. A county's facts, a million by default, on PostgreSQL."""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter, process_time

import psycopg

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.performance.proofs", description=__doc__)
    parser.add_argument("--facts", type=int, default=1_000_000)
    facts: int = parser.parse_args().facts
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        install(server.admin_url, SERVICE_ROLE)
        admin = stack.enter_context(psycopg.connect(server.admin_url, autocommit=True))
        print(f"recording {facts} facts", flush=True)
        fill(admin, facts)
        recorder = stack.enter_context(PostgresRecorder(server.url))
        sealed(folder / "log", recorder, facts)
        verified(folder / "log", server.admin_url, facts)
        proven(folder / "log", recorder, facts)


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


def fill(admin: psycopg.Connection, facts: int) -> None:
    statement = "COPY facts.fact (position, recorded_at, batch, type, tags, data) FROM STDIN (FORMAT binary)"
    with admin.cursor().copy(statement) as copy:
        copy.set_types(["int8", "timestamptz", "int8", "text", "text[]", "bytea"])
        for fact in lives(facts):
            copy.write_row((fact.position, fact.recorded_at, 0, fact.type, fact.tags, fact.data))
    admin.execute(
        "INSERT INTO facts.fact_tag (tag, type, position)"
        " SELECT t.tag, f.type, f.position FROM facts.fact f, unnest(array_prepend(''::text, f.tags)) t(tag)"
    )
    admin.execute("VACUUM ANALYZE facts.fact")
    row = admin.execute("SELECT avg(length(data))::int FROM facts.fact").fetchone()
    print(f"{row[0] if row else 0} bytes a fact")


def sealed(folder: Path, recorder: PostgresRecorder, facts: int) -> None:
    sealer = Sealer(folder, recorder)
    began, busy = perf_counter(), process_time()
    with sealer.alone():
        sealer.seal()
    seconds, own = perf_counter() - began, process_time() - busy
    each = seconds / facts * 1e6
    print(f"sealing: {seconds:.2f} s, {own:.2f} s of it our own work; {each:.1f} us a fact (at most 20)")


def verified(folder: Path, url: str, facts: int) -> None:
    log = PublishedLog(folder)
    published = log.checkpoint()
    assert published is not None
    for name, tree in (("with tiles", log.tree(published[0].size)), ("without tiles", None)):
        with psycopg.connect(url) as connection:
            began, busy = perf_counter(), process_time()
            verify_database(connection, published[0], tree)
            seconds, own = perf_counter() - began, process_time() - busy
            print(f"verifying {facts} facts {name}: {seconds:.2f} s, {own:.2f} s of it our own work (at most 10)")


def proven(folder: Path, recorder: PostgresRecorder, facts: int) -> None:
    rng = Random(1)
    times = []
    for _ in range(200):
        stored = next(recorder.read_recorded(after=(at := rng.randrange(facts)), until=at + 1))
        entry = Entry(stored.position, stored.recorded_at, stored.data)
        began = perf_counter()
        PublishedLog(folder).receipt(entry)
        times.append((perf_counter() - began) * 1000)
    print(f"one proof, nothing read before: {statistics.median(times):.2f} ms, {max(times):.2f} at worst (at most 5)")
    content = bundle_of(ISSUE, recorder, PublishedLog(folder))
    began = perf_counter()
    report = verify_bundle(content, trusting(folder))
    ms = (perf_counter() - began) * 1000
    print(f"the bundle of a chain: {len(content) / 1024:.1f} KB (at most 64), {len(report.facts)} facts")
    print(f"checking it: {ms:.0f} ms")


if __name__ == "__main__":
    main()
