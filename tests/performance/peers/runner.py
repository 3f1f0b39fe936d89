"""The package's own way to follow events: ProjectionRunner over its PostgreSQL recorder, its view beside it."""

import time
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, DomainEvent, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Composed

from tests.performance.suite import Bench

_EACH = 5
_PATIENCE = 120.0


class Issue(Aggregate):
    @event("Opened")
    def __init__(self, county: str) -> None:
        self.county = county
        self.stage = 0

    @event("Advanced")
    def advance(self, stage: int, note: str) -> None:
        self.stage = stage


class Issues(Application[UUID]):
    pass


class IssueView(PostgresTrackingRecorder):
    """One table, a row an issue."""

    def __init__(self, datastore: PostgresDatastore, **given: Any) -> None:
        super().__init__(datastore, **given)
        self.sql_create_statements.append(
            Composed(
                [
                    SQL(
                        "CREATE TABLE IF NOT EXISTS issue_view"
                        " (id uuid PRIMARY KEY, county text, stage int, position bigint)"
                    )
                ]
            )
        )

    def keep(self, id: UUID, county: str, stage: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO issue_view VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, position = excluded.position",
                (id, county, stage, tracking.notification_id),
                prepare=True,
            )


class Following(Projection[IssueView]):
    name = "issues"
    topics = ()
    seen = 0

    def process_event(self, domain_event: DomainEvent, tracking: Tracking) -> None:
        stage = getattr(domain_event, "stage", 0)
        self.view.keep(domain_event.originator_id, getattr(domain_event, "county", ""), stage, tracking)
        Following.seen += 1


class Runner:
    name = f"eventsourcing {version('eventsourcing')} ProjectionRunner"

    def __init__(self, bench: Bench) -> None:
        self._seconds = bench.sizes.seconds
        self._many = int(2500 * self._seconds)
        given = conninfo_to_dict(bench.database("runner"))
        self._environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_HOST": str(given["host"]),
            "POSTGRES_PORT": "5432",
            "POSTGRES_DBNAME": str(given["dbname"]),
            "POSTGRES_USER": str(given["user"]),
            "POSTGRES_PASSWORD": "none",
        }

    def rate(self) -> float:
        """Events a second, followed for a while out of more than it can follow in it."""
        self._record()
        with ProjectionRunner(
            application_class=Issues, projection_class=Following, view_class=IssueView, env=self._environment
        ):
            first, began = Following.seen, time.perf_counter()
            deadline = began + _PATIENCE
            while Following.seen == first and time.perf_counter() < deadline:
                time.sleep(0.01)
            first, began = Following.seen, time.perf_counter()
            time.sleep(self._seconds)
            return (Following.seen - first) / (time.perf_counter() - began)

    def _record(self) -> None:
        app = Issues(self._environment)
        for _ in range(self._many // _EACH):
            issue = Issue(county=f"county-{uuid4().hex[:2]}")
            for stage in range(1, _EACH):
                issue.advance(stage=stage, note="x" * 300)
            app.save(issue)
        app.close()
