"""What a superuser can do to the facts, a thousand ways, with the triggers off and every trace inside the database
repaired: ``python -m tests.adapters.proofs.attack --times 5000``.

Whatever is done must be found by whoever holds a checkpoint, and the first wrong position named. What that position is
is told by comparing the table before and after: the tree has no say in it.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import orjson
import psycopg
from eventsourcing.dcb.api import DCBEvent

from adapters.postgres.embedded import SERVICE_ROLE, EmbeddedPostgres
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.postgres.schema import install
from adapters.proofs.database import Verified, verify_database
from adapters.proofs.entries import columns_of
from adapters.proofs.notes import Checkpoint
from adapters.proofs.sealer import Sealer
from adapters.proofs.tiles import Tree
from adapters.proofs.verdict import Unproven
from tests.adapters.proofs.world import settled
from tests.log import put

Rows = list[Stored]
Blow = Callable[[Rows, Random], None]


def change_a_byte(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    data = bytearray(rows[at].data)
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    rows[at] = rows[at]._replace(data=bytes(data))


def change_a_word(rows: Rows, rng: Random) -> None:
    """Still a fact, and a plausible one."""
    at = rng.randrange(len(rows))
    envelope = orjson.loads(rows[at].data)
    body = envelope["body"]
    name = rng.choice(sorted(body))
    match body[name]:
        case bool() as value:
            body[name] = not value
        case int() as value:
            body[name] = value + 1
        case str() as value:
            body[name] = f"{value}0"
        case _:
            body[name] = None
    rows[at] = rows[at]._replace(data=orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS))


def change_the_author(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    envelope = orjson.loads(rows[at].data)
    envelope["by"] = rng.choice(["person-township-head", "person-city-mayor", "person-clerk"])
    rows[at] = rows[at]._replace(data=orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS))


def change_the_time(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    span = timedelta(microseconds=rng.choice([-1, 1, 60_000_000, -86_400_000_000]))
    rows[at] = rows[at]._replace(recorded_at=rows[at].recorded_at + span)


def change_the_type(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    rows[at] = rows[at]._replace(type=rng.choice(["chain.signed", "issue.closed", "no.such", ""]))


def change_a_tag(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    tags = list(rows[at].tags)
    changed = rng.choice([[], tags[:-1], [*tags, "person-clerk"], [tags[-1], *tags], tags[::-1]])
    rows[at] = rows[at]._replace(tags=changed)


def swap_two(rows: Rows, rng: Random) -> None:
    one, other = rng.sample(range(len(rows)), 2)
    first, second = rows[one], rows[other]
    rows[one] = second._replace(position=first.position, recorded_at=first.recorded_at)
    rows[other] = first._replace(position=second.position, recorded_at=second.recorded_at)


def reorder(rows: Rows, rng: Random) -> None:
    start = rng.randrange(len(rows) - 1)
    part = rows[start : start + rng.randrange(2, 20)]
    moved = [*part[1:], part[0]]
    rows[start : start + len(part)] = [
        fact._replace(position=place.position, recorded_at=place.recorded_at)
        for place, fact in zip(part, moved, strict=True)
    ]


def drop(rows: Rows, rng: Random) -> None:
    del rows[rng.randrange(len(rows))]


def insert(rows: Rows, rng: Random) -> None:
    at = rng.randrange(len(rows))
    forged = rows[rng.randrange(len(rows))]._replace(position=rows[at].position, recorded_at=rows[at].recorded_at)
    rows[at:] = [forged, *(fact._replace(position=fact.position + 1) for fact in rows[at:])]


def truncate(rows: Rows, rng: Random) -> None:
    del rows[rng.randrange(len(rows)) :]


def roll_back_and_continue(rows: Rows, rng: Random) -> None:
    """An older copy of the database is put in place, and work goes on from there."""
    size = len(rows)
    del rows[rng.randrange(size - 1) :]
    while len(rows) < size + rng.randrange(3):
        source = rng.choice(rows or settled().facts)
        at = (rows[-1] if rows else source).recorded_at + timedelta(seconds=1)
        rows.append(source._replace(position=len(rows) + 1, recorded_at=at))


BLOWS: tuple[Blow, ...] = (
    change_a_byte,
    change_a_word,
    change_the_author,
    change_the_time,
    change_the_type,
    change_a_tag,
    swap_two,
    reorder,
    drop,
    insert,
    truncate,
    roll_back_and_continue,
)


def repair(rows: Rows) -> Rows:
    """Everything inside the database agrees with itself again: places, the clock, and columns with their bytes."""
    mended: Rows = []
    for position, fact in enumerate(rows, 1):
        at = max(fact.recorded_at, mended[-1].recorded_at) if mended else fact.recorded_at
        kind, tags = fact.type, fact.tags
        try:
            kind, found = columns_of(fact.data)
            tags = sorted(found)
        except (LookupError, ValueError, TypeError):
            pass
        mended.append(Stored(position, kind, tags, fact.data, at))
    return mended


def read(connection: psycopg.Connection) -> Rows:
    statement = "SELECT position, type, tags, data, recorded_at FROM facts.fact ORDER BY position"
    return [Stored._make(row) for row in connection.execute(statement)]


def rewrite(connection: psycopg.Connection, rows: Rows) -> None:
    """What only a superuser can do. The index by which facts are found is made to agree."""
    connection.execute("ALTER TABLE facts.fact DISABLE TRIGGER ALL; ALTER TABLE facts.fact_tag DISABLE TRIGGER ALL")
    # Not deleted: what is dead could not be cleared away before the last attack is undone.
    connection.execute("TRUNCATE facts.fact, facts.fact_tag")
    put(connection, rows)


def first_wrong(before: Rows, after: Rows) -> int | None:
    for at, fact in enumerate(before):
        if at >= len(after) or after[at] != fact:
            return at + 1
    return None


class Outcome(NamedTuple):
    """What one attack came to."""

    blow: str
    repaired: bool
    wrong: int | None
    found: Unproven | Verified

    @property
    def caught(self) -> bool:
        """Whether a fact that is wrong was named, and nothing was said where none is."""
        if isinstance(self.found, Unproven):
            return self.found.position == self.wrong
        return self.wrong is None


class Target:
    """A sealed county, and the connection of a superuser to it."""

    def __init__(self, connection: psycopg.Connection, checkpoint: Checkpoint, tree: Tree) -> None:
        self.connection = connection
        self.checkpoint = checkpoint
        self.tree = tree
        self.rows = read(connection)

    def verify(self, tree: Tree | None) -> Unproven | Verified:
        try:
            return verify_database(self.connection, self.checkpoint, tree)
        except Unproven as found:
            return found

    def attack(self, blow: Blow, rng: Random, *, repaired: bool) -> tuple[Outcome, bool]:
        """The outcome for who has the tiles, and whether who has only the checkpoint sees that something is wrong."""
        with self.undone():
            rows = list(self.rows)
            blow(rows, rng)
            rewrite(self.connection, repair(rows) if repaired else rows)
            wrong = first_wrong(self.rows, read(self.connection))
            blind = isinstance(self.verify(None), Unproven) == (wrong is not None)
            return Outcome(blow.__name__, repaired, wrong, self.verify(self.tree)), blind

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens in here has not happened afterwards."""
        with self.connection.transaction(force_rollback=True):
            yield


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.adapters.proofs.attack", description=__doc__)
    parser.add_argument("--times", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    asked = parser.parse_args()
    rng = Random(asked.seed)
    print(f"seed {asked.seed}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        install(server.admin_url, SERVICE_ROLE)
        recorder = stack.enter_context(PostgresRecorder(server.url))
        recorder.append([DCBEvent(fact.type, fact.data, fact.tags) for fact in settled().facts])
        sealer = Sealer(folder / "log", recorder)
        with sealer.alone():
            sealer.seal()
        published = sealer.log.checkpoint()
        assert published is not None
        connection = stack.enter_context(psycopg.connect(server.admin_url))
        target = Target(connection, published[0], sealer.log.tree(published[0].size))
        tally: Counter[str] = Counter()
        missed = 0
        for number in range(asked.times):
            blow = BLOWS[number % len(BLOWS)]
            outcome, blind = target.attack(blow, rng, repaired=rng.random() < 0.7)
            tally[outcome.blow if outcome.wrong else "without effect"] += 1
            if not outcome.caught or not blind:
                missed += 1
                print(f"missed: {outcome}")
    print(f"{asked.times} attacks on {len(target.rows)} facts, {missed} missed")
    for name, count in tally.most_common():
        print(f"{count:6d} {name}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
