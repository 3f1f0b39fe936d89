"""What goes to the database in its own binary form arrives there as it was."""

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import Format

from adapters.postgres import parameters
from adapters.postgres.parameters import BYTEA, INT4, INT8, NULL, TEXT, array, element, int4, int8

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
settled = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settled
@given(
    small=st.lists(st.integers(-(2**31), 2**31 - 1)),
    large=st.lists(st.integers(-(2**63), 2**63 - 1)),
    words=st.lists(texts | st.none()),
    chunks=st.lists(st.binary(max_size=6)),
)
def test_arrays_of_every_type_arrive_as_they_were(
    database_url: str, small: list[int], large: list[int], words: list[str | None], chunks: list[bytes]
) -> None:
    sent = [
        array(INT4, [int4(number) for number in small]),
        array(INT8, [int8(number) for number in large]),
        array(TEXT, [NULL if word is None else element(word.encode()) for word in words]),
        array(BYTEA, [element(chunk) for chunk in chunks]),
    ]
    with psycopg.connect(database_url, client_encoding="UTF8") as connection:
        cursor = connection.cursor()
        # psycopg takes what it is given for the binary form when told that it is: it has no part in making it.
        result = connection.pgconn.exec_params(
            b"SELECT $1::int[], $2::bigint[], $3::text[], $4::bytea[]", sent, param_formats=[Format.BINARY] * 4
        )
        row = [result.get_value(0, column) for column in range(4)]
        expected = cursor.execute(
            "SELECT %s::int[]::text, %s::bigint[]::text, %s::text[]::text, %s::bytea[]::text",
            (small, large, words, chunks),
        ).fetchone()
    assert expected is not None
    assert [value and value.decode() for value in row] == list(expected)


@settled
@given(words=st.lists(texts))
def test_the_literal_of_an_array_is_read_as_that_array(database_url: str, words: list[str]) -> None:
    with psycopg.connect(database_url, client_encoding="UTF8") as connection:
        (read,) = connection.execute("SELECT %s::text::text[]", (parameters.literal(words),)).fetchone() or (None,)
    assert read == words
