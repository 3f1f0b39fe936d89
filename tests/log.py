"""A log written into its tables from outside, as so many appends would have left it: for what appends cannot do, and
where they would take too long."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from adapters.postgres.event_store import Stored


def put(connection: psycopg.Connection, facts: Iterable[Stored]) -> None:
    """These facts, and the tags by which they are found, into an empty log."""
    with connection.cursor().copy(
        "COPY facts.fact (position, recorded_at, batch, type, tags, data) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.set_types(["int8", "timestamptz", "int8", "text", "text[]", "bytea"])
        for fact in facts:
            copy.write_row((fact.position, fact.recorded_at, 0, fact.type, fact.tags, fact.data))
    tag(connection)


def tag(connection: psycopg.Connection) -> None:
    """The tags by which all facts are found."""
    connection.execute(
        "INSERT INTO facts.fact_tag (tag, type, position)"
        " SELECT t.tag, f.type, f.position FROM facts.fact f, unnest(array_prepend(''::text, f.tags)) t(tag)"
    )


@contextmanager
def filling(admin: psycopg.Connection) -> Iterator[None]:
    """The index on tags is made anew after millions of them have come. For a connection that commits by itself."""
    index = admin.execute("SELECT pg_get_indexdef('facts.fact_tag_by_tag'::regclass)").fetchone()
    assert index is not None
    admin.execute("DROP INDEX facts.fact_tag_by_tag")
    yield
    admin.execute("SET maintenance_work_mem = '256MB'")
    admin.execute(index[0])
    admin.execute("VACUUM ANALYZE facts.fact, facts.fact_tag")
