"""Peers that append: UmaDB, Message DB and Emmett, each storing what `appends` stores, under a condition of its own."""

import json
import random
import subprocess
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote
from uuid import uuid4

import psycopg
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBRecorder
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool

from tests.performance.appends import BODY, driven, issues
from tests.performance.peers import UMADB, from_npm, from_pip, npm_version
from tests.performance.served import free_port
from tests.performance.suite import Bench, Missing

_TEXT = json.dumps({"body": "x" * len(BODY), "tags": ["issue", "household", "county"]})


class Umadb:
    """UmaDB, its server in a process of its own, driven by its Python client."""

    name = f"UmaDB {UMADB}"

    def __init__(self, bench: Bench) -> None:
        self._module = from_pip(bench.folder, "umadb", UMADB)
        script = bench.folder / "pip-umadb" / "bin" / "umadb"
        address = f"127.0.0.1:{free_port()}"
        command = [str(script), "--listen", address, "--db-path", str(bench.folder / "uma.db")]
        environment = {"PYTHONPATH": str(bench.folder / "pip-umadb"), "PATH": "/usr/bin:/bin"}
        self._server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._client = self._connected(f"http://{address}")
        except Missing:
            self.close()
            raise

    def _connected(self, url: str) -> Any:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                client = self._module.Client(url)
                client.head()
            except Exception:
                # Whatever the client raises while nobody answers yet.
                time.sleep(0.1)
            else:
                return client
        raise Missing("its server did not answer")

    def preload(self, count: int) -> None:
        facts = issues(random.Random(1))
        for start in range(0, count, 1000):
            self._client.append([self._event(next(facts)) for _ in range(min(1000, count - start))])

    def append(self, events: list[DCBEvent], condition: DCBAppendCondition) -> None:
        items = [
            self._module.QueryItem(types=list(item.types), tags=list(item.tags))
            for item in condition.fail_if_events_match.items
        ]
        unless = self._module.AppendCondition(fail_if_events_match=self._module.Query(items=items))
        self._client.append([self._event(event) for event in events], condition=unless)

    def rate(self, writers: int, seconds: float) -> float:
        return driven(cast(DCBRecorder, self), writers, seconds)

    def close(self) -> None:
        self._server.terminate()
        self._server.wait()

    def _event(self, event: DCBEvent) -> Any:
        return self._module.Event(event_type=event.type, tags=list(event.tags), data=event.data)


class MessageDb:
    """Message DB, its functions in the same PostgreSQL, called through psycopg."""

    name = f"Message DB {npm_version('@eventide/message-db')} through psycopg"
    # Its extension pgcrypto is only for gen_random_uuid(), which PostgreSQL has had itself since 13.
    _PARTS = ("roles", "schema", "types", "tables", "functions", "indexes")
    _FUNCTIONS = ("message-store-version", "hash-64", "acquire-lock", "category", "is-category", "id", "cardinal-id")

    def __init__(self, bench: Bench) -> None:
        root = from_npm(bench.folder) / "node_modules" / "@eventide" / "message-db" / "database"
        self._url = bench.database("message_db")
        with psycopg.connect(self._url, autocommit=True) as connection:
            for file in self._files(root):
                connection.execute(file.read_bytes())
        # As many as the package's own recorder has: the server has to bear every contender's connections.
        self._pool = ConnectionPool(
            self._url, min_size=1, max_size=34, open=True, configure=self._configured, kwargs={"autocommit": True}
        )

    def _files(self, root: Path) -> list[Path]:
        files = [file for part in self._PARTS for file in sorted((root / part).glob("*.sql"))]
        first = [root / "functions" / f"{name}.sql" for name in self._FUNCTIONS]
        return sorted(files, key=lambda file: (self._PARTS.index(file.parent.name), file not in first))

    @staticmethod
    def _configured(connection: psycopg.Connection) -> None:
        connection.execute("SET search_path = message_store")

    def preload(self, count: int) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(
                "INSERT INTO message_store.messages (id, stream_name, type, position, data)"
                " SELECT gen_random_uuid(), 'issue-' || n, 'issue.registered', 0, %s::jsonb"
                " FROM generate_series(1, %s) n",
                (_TEXT, count),
            )

    def append(self, events: list[DCBEvent], condition: DCBAppendCondition) -> None:
        """-1: the stream of this issue must not exist yet."""
        with self._pool.connection() as connection:
            connection.execute(
                "SELECT write_message(%s, %s, %s, %s::jsonb, NULL, -1)",
                (str(uuid4()), events[0].tags[0], events[0].type, _TEXT),
                prepare=True,
            )

    def rate(self, writers: int, seconds: float) -> float:
        return driven(cast(DCBRecorder, self), writers, seconds)

    def close(self) -> None:
        self._pool.close()


class Emmett:
    """Emmett on the same PostgreSQL, driven by Node."""

    name = f"Emmett {npm_version('@event-driven-io/emmett-postgresql')}"

    def __init__(self, bench: Bench) -> None:
        self._folder = from_npm(bench.folder)
        given = conninfo_to_dict(bench.database("emmett"))
        self._url = f"postgresql://{given['user']}@/{given['dbname']}?host={quote(str(given['host']), safe='')}"

    def preload(self, count: int) -> None:
        self._told("fill", str(count))

    def rate(self, writers: int, seconds: float) -> float:
        return float(self._told("rate", str(writers), str(seconds)))

    def close(self) -> None:
        pass

    def _told(self, *what: str) -> str:
        command = ["node", "emmett.mjs", self._url, *what]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"node: {done.stderr.strip()[-200:]}")
        return done.stdout
