"""Reading ledgers: filters, order, pages, counts; now, or as of any position.

What is read as of a position never changes, so a walk from page to page gives each line once, whatever is written
meanwhile: the first page fixes the position, and its cursor carries it.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from hashlib import sha256
from itertools import islice
from typing import Any, Generic, Literal, NamedTuple, cast

from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable, Composed, Identifier
from psycopg.sql import Literal as Constant
from pydantic import ValidationError

from domain.command import refuse
from projections.folding import uncollected
from projections.line import Column, Key, L, Line
from projections.table import LAST, NOW, PAST_ROADS, SCHEMA, Table, Version, comma, forks_over, raw

Operator = Literal[
    "eq", "ne", "in", "within", "from", "until", "after", "before", "contains", "has", "any", "lacks", "null"
]
"""
``within`` asks for a region or any below it; ``from`` and ``until`` include their bound, ``after`` and ``before`` do
not; ``contains`` looks for a piece of text; ``has``, ``any`` and ``lacks`` ask a list for all, some or none of the
values; ``null`` asks whether (True) or not (False) there is no value.
"""

COMPARISONS = {"eq": "=", "from": ">=", "until": "<=", "after": ">", "before": "<"}
LISTS = {"has": "{} @> {}", "any": "{} && {}", "lacks": "NOT {} && {}"}

MOST = 5000
"""The most lines in a page."""

MEANWHILE = 100_000
"""More facts than are folded between two statements: what ends meanwhile may lie under a node further up."""

AT_ONCE = 100
"""How many rows of a longer page are received together."""

FEW = 3
"""Under the lowest nodes lie so few versions that sorting all of them is quicker than planning a stream for each."""

MOST_ROADS = 8
"""In so many values of a column may what is found be read one by one, each in order."""


class Where(NamedTuple):
    """条件: on one column. Values may be text as it stands in an address; they are read as the column's type."""

    column: str
    operator: Operator
    value: Any


@dataclass(frozen=True)
class Query:
    """查询

    ``order`` names columns, descending with a leading ``-``; the key decides between equals, and lines without a
    value come last. None asks for the ledger's own order. ``as_of`` is a position; none asks for now.
    """

    where: Sequence[Where] = ()
    order: Sequence[str] = ()
    as_of: int | None = None
    limit: int = 50
    cursor: str | None = None


class Page(NamedTuple, Generic[L]):
    """一页: its lines, the position it is true of, and the cursor of the next page if there is one."""

    lines: tuple[L, ...]
    position: int
    next: str | None


class Sorting(NamedTuple):
    column: Column
    descending: bool


class Asked(NamedTuple, Generic[L]):
    """What a page is asked for, read: ``after`` is where the one before ended, ``most`` one line more than it has."""

    line: type[L]
    where: Sequence[Where]
    after: Sequence[Composable]
    order: tuple[Sorting, ...]
    most: int


def page(connection: Connection[Any], line: type[L], query: Query) -> Page[L]:
    """One page of a ledger.

    Refused: ``unknown_column``, ``bad_filter``, ``bad_order``, ``bad_limit``, ``bad_position``, ``bad_cursor``.
    """
    if not 1 <= query.limit <= MOST:
        refuse("bad_limit", f"每页行数须在1到{MOST}之间")
    order = sorting(line, query.order)
    place = _placed(line, query, order) if query.cursor else None
    as_of = place.position if place else query.as_of
    after = [beyond(order, place.values)] if place else []
    asked = Asked(line, query.where, after, order, query.limit + 1)
    with uncollected():
        position, lines = 0, list[L]()
        if as_of is None:
            position, lines = _read(connection, asked, _now(connection, asked))
        if not lines:
            # Nothing does not say when it was found; as of a position it does.
            position, lines = _of_past(connection, asked, as_of)
    if len(lines) <= query.limit:
        return Page(tuple(lines), position, None)
    return Page(tuple(lines[: query.limit]), position, _cursor(line, query, order, position, lines[query.limit - 1]))


def _read(connection: Connection[Any], asked: Asked[L], statement: Composed) -> tuple[int, list[L]]:
    """The lines that a statement finds, and the position that its rows carry; 0 where there are none."""
    lines, position = list[L](), 0
    with connection.cursor(row_factory=tuple_row, binary=True) as cursor:
        # While some are made into lines, PostgreSQL sends the next.
        rows = cursor.stream(statement, size=AT_ONCE) if asked.most > AT_ONCE else iter(cursor.execute(statement))
        while some := list(islice(rows, AT_ONCE)):
            lines += asked.line.of_rows(some)
            position = some[-1][-1]
    return position, lines


_last_seen: dict[str, int] = {}
"""How far each ledger had come when that was last asked: a guess, which whoever uses it has confirmed."""


def _of_past(connection: Connection[Any], asked: Asked[L], as_of: int | None) -> tuple[int, list[L]]:
    """The lines as of a position, or of the last where none is asked for or it is not reached; and that position."""
    table = asked.line.table
    last = _last_seen.get(table, 0) + MEANWHILE
    if as_of is not None and valid(as_of) <= last:
        # Asking first how far it has come would take another journey; the rows say whether the guess was right.
        reached, lines = _read(connection, asked, _then(connection, asked, as_of, last))
        if as_of <= reached <= last:
            return as_of, lines
    _last_seen[table] = reached = position_of(connection, asked.line)
    position = reached if as_of is None else min(as_of, reached)
    return position, _read(connection, asked, _then(connection, asked, position, reached + MEANWHILE))[1]


def _now(connection: Connection[Any], asked: Asked[L]) -> Composed:
    """The present lines, each with the position that the ledger has reached, seen at one moment."""
    line, where, _, order, _ = asked
    roads = _roads(line, where, order) or [conditions(line, where)]
    parts = [f"{_table(line).now.as_string()} WHERE true"]
    return _merged(asked, _streams(connection, asked, _cells(line), parts, roads), _reached(line))


def _then(connection: Connection[Any], asked: Asked[L], position: int, last: int) -> Composed:
    """The lines as of a position, each with the position that the ledger has reached; ``last`` is one beyond it."""
    line, where, after, order, most = asked
    roads, table, reached = _roads(line, where, order), _table(line), _reached(line)
    if not roads:
        # All that the filters find, sorted. OFFSET 0 keeps the planner from walking the whole ledger along an index
        # on the order instead.
        found = SQL("SELECT {} FROM {} WHERE {} OFFSET 0").format(
            _cells(line), table.whole, both(holds_at(position, last), *conditions(line, where), *after)
        )
        return _merged(asked, found, reached)
    forks = forks_over(position, last)
    under = [f"IN ({', '.join(map(str, forks[:FEW]))})", *(f"= {one}" for one in forks[FEW:])]
    held = f"from_position <= {position}"
    parts = [f"{table.now.as_string()} WHERE {held}"]
    parts += [f"{table.past.as_string()} WHERE fork {one} AND {held} AND to_position > {position}" for one in under]
    if most > AT_ONCE:
        return _merged(asked, _streams(connection, asked, _cells(line), parts, roads), reached)
    # The more columns each of dozens of streams has, the longer PostgreSQL takes to plan it. For a few rows it is
    # quicker to merge what tells versions apart, and then to look up those that are among the first.
    names = [Identifier(one.column.name) for one in order]
    streams = _streams(connection, asked, comma([*names, SQL("to_position")]), parts, roads)
    return SQL(
        "SELECT l.*, {reached} FROM ({first}) p CROSS JOIN LATERAL"
        " (SELECT {cells} FROM {whole} WHERE {same} AND to_position = p.to_position OFFSET 0) l ORDER BY {order}"
    ).format(
        reached=reached,
        first=_merged(asked, streams),
        cells=_cells(line),
        whole=table.whole,
        same=both(*(SQL("{0} = p.{0}").format(Identifier(name)) for name in line.key)),
        order=ordered(order, "p."),
    )


def _roads(line: type[Line], where: Sequence[Where], order: tuple[Sorting, ...]) -> list[list[Composable]]:
    """The filters, asked so that an index on past versions gives what they find in this order; none if there is no
    such index.

    It gives the whole order, or all but its own first column, once for every value asked of that. Under every node the
    first few are found there, and merged: the cost is that of a page, however many lines there are.
    """
    names = tuple(one.column.name for one in order)
    if any(one.descending for one in order):
        return []
    for whole in line.found_by[:PAST_ROADS]:
        first, *rest = whole
        if names[: len(whole)] == whole and all(one.column == first for one in where):
            return [conditions(line, where)]
        led = next((one for one in where if one.column == first and one.operator in ("eq", "in")), None)
        if led and rest and list(names[: len(rest)]) == rest:
            others = conditions(line, [one for one in where if one is not led])
            values = _values(line.column(first), led)
            if len(values) <= MOST_ROADS:
                return [[condition(line, Where(first, "eq", value)), *others] for value in values]
    return []


def _values(column: Column, where: Where) -> Collection[Any]:
    """Each value that is asked for, once."""
    asked = (where.value,) if where.operator == "eq" else _several(where.value)
    return dict.fromkeys(_plain(_parsed(column, None, value)) for value in asked)


def _streams(
    connection: Connection[Any],
    asked: Asked[L],
    cells: Composable,
    parts: Sequence[str],
    roads: Iterable[Sequence[Composable]],
) -> Composable:
    """The first few of all that each part of the table has of what is asked on each road, each in order."""
    # As text, for each piece of it stands in dozens of streams.
    texts: dict[int, str] = {}

    def text(part: Composable) -> str:
        if id(part) not in texts:
            texts[id(part)] = part.as_string(connection)
        return texts[id(part)]

    what, tail = cells.as_string(), f"ORDER BY {ordered(asked.order).as_string()} LIMIT {asked.most}"
    wanted = [" AND ".join(map(text, (*road, *asked.after))) or "true" for road in roads]
    streams = (f"(SELECT {what} FROM {part} AND {one} {tail})" for one in wanted for part in parts)  # noqa: S608
    return raw(" UNION ALL ".join(streams))


def _merged(asked: Asked[L], streams: Composable, position: Composable | None = None) -> Composed:
    """The first few of all of these, in order, each with the position if there is one."""
    return SQL("SELECT {} FROM ({}) l ORDER BY {} LIMIT {}").format(
        comma([SQL("l.*"), *([position] if position else [])]),
        streams,
        ordered(asked.order, "l."),
        Constant(asked.most),
    )


def walk(connection: Connection[Any], line: type[L], query: Query) -> Iterator[L]:
    """Every line that a query finds, all true of the same position, however many there are."""
    while True:
        found = page(connection, line, query)
        yield from found.lines
        if found.next is None:
            return
        query = replace(query, cursor=found.next)


def count(connection: Connection[Any], line: type[Line], where: Sequence[Where] = (), as_of: int | None = None) -> int:
    """How many lines there are."""
    statement = SQL("SELECT count(*) FROM {} WHERE {}").format(
        _table(line).whole, both(holds_at(as_of), *conditions(line, where))
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        return int(cast(tuple[int], cursor.execute(statement).fetchone())[0])


def tally(
    connection: Connection[Any],
    line: type[Line],
    by: Sequence[str],
    where: Sequence[Where] = (),
    as_of: int | None = None,
) -> dict[tuple[Any, ...], int]:
    """How many lines there are of each combination of values of these columns."""
    columns = [column_named(line, name) for name in by]
    names = comma(Identifier(name) for name in by)
    statement = SQL("SELECT {}, count(*) FROM {} WHERE {} GROUP BY {}").format(
        names, _table(line).whole, both(holds_at(as_of), *conditions(line, where)), names
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        return {
            tuple(
                column.load(value) if column.load and value is not None else value
                for column, value in zip(columns, row[:-1], strict=True)
            ): row[-1]
            for row in cursor.execute(statement)
        }


def find(connection: Connection[Any], line: type[L], *key: Any, as_of: int | None = None) -> L | None:
    """One line by its key, or none if there is, or was, none."""
    where = [*_of_key(line, key), holds_at(as_of)]
    found = _versions(connection, line, where)
    return found[0].line if found else None


def history(connection: Connection[Any], line: type[L], *key: Any) -> tuple[Version[L], ...]:
    """Every version of one line, or of all lines whose key begins so, oldest first."""
    return tuple(_versions(connection, line, _of_key(line, key)))


_REACHED = (
    SQL("SELECT min(position) FROM {} WHERE ledger = ANY(%s)").format(Identifier(SCHEMA, "projection")).as_bytes()
)


def position_of(connection: Connection[Any], *lines: type[Line]) -> int:
    """The position that all of these ledgers have reached."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(_REACHED, ([line.table for line in lines],)).fetchone()
    return int(row[0] or 0) if row else 0


def valid(position: int) -> int:
    if not 0 <= position < LAST:
        refuse("bad_position", f"没有位置{position}")
    return position


def holds_at(as_of: int | None, last: int = LAST) -> Composable:
    """The versions that hold now, or held at a position; ``last`` is one that no version has ended after."""
    if as_of is None:
        return SQL("to_position = {}").format(Constant(NOW))
    position = Constant(valid(as_of))
    return SQL("fork = ANY({}) AND from_position <= {} AND to_position > {}").format(
        Constant([0, *forks_over(as_of, last)]), position, position
    )


def both(*parts: Composable) -> Composed:
    return SQL(" AND ").join(parts)


def conditions(line: type[Line], where: Iterable[Where]) -> list[Composable]:
    return [condition(line, one) for one in where]


def condition(line: type[Line], where: Where) -> Composable:
    column = column_named(line, where.column)
    name, operator = Identifier(column.name), where.operator
    if "\0" in str(where.value):
        refuse("bad_filter", f"{column.name}的筛选值不正确")
    if operator == "null":
        return SQL("{} IS {}NULL").format(name, SQL("" if _parsed(column, bool, where.value) else "NOT "))
    if operator in LISTS:
        if not column.many:
            refuse("bad_filter", f"{column.name}不是多值的列")
        values = _parsed(column, None, tuple(_several(where.value)))
        return SQL(cast(Any, LISTS[operator])).format(name, Constant(list(values)))
    if not column.scalar:
        refuse("bad_filter", f"{column.name}不能这样筛选")
    if operator in ("in", "within"):
        values = [_parsed(column, None, value) for value in _several(where.value)]
        if operator == "in":
            return SQL("{} = ANY({}::{}[])").format(name, Constant(list(map(_plain, values))), raw(column.cast))
        return SQL("({})").format(SQL(" OR ").join(below(name, value) for value in values) if values else SQL("false"))
    if operator == "contains":
        return SQL("strpos(lower({}), lower({})) > 0").format(name, Constant(str(where.value)))
    value = Constant(_plain(_parsed(column, None, where.value)))
    if operator == "ne":
        return SQL("{} IS DISTINCT FROM {}").format(name, value)
    return SQL("{} {} {}").format(name, raw(COMPARISONS[operator]), value)


def below(name: Identifier, prefix: Any) -> Composable:
    """Codes of regions are prefixes of those below them; as a range, so that an index serves."""
    text = _plain(prefix)
    if not isinstance(text, str) or not text:
        refuse("bad_filter", "只有区划可以按下级范围筛选")
    return SQL("({0} >= {1} AND {0} < {2})").format(name, Constant(text), Constant(text[:-1] + chr(ord(text[-1]) + 1)))


def column_named(line: type[Line], name: str) -> Column:
    try:
        return line.column(name)
    except KeyError:
        refuse("unknown_column", f"{line.label}没有{name}这一列")


def sorting(line: type[Line], order: Sequence[str]) -> tuple[Sorting, ...]:
    names = order or (line.found_by[0] if line.found_by else line.key)
    asked = [Sorting(column_named(line, name.removeprefix("-")), name.startswith("-")) for name in names]
    if not all(one.column.scalar for one in asked):
        refuse("bad_order", "不能按这一列排序")
    named = {one.column.name for one in asked}
    return (*asked, *(Sorting(line.column(name), False) for name in line.key if name not in named))


@lru_cache(maxsize=1000)
def ordered(order: tuple[Sorting, ...], prefix: str = "") -> SQL:
    """As ORDER BY wants it. Kept, for putting it together costs a page as much as sending it."""
    return raw(
        ", ".join(
            prefix
            + Identifier(one.column.name).as_string()
            + " DESC" * one.descending
            + " NULLS LAST" * (one.column.nullable and one.descending)
            for one in order
        )
    )


def beyond(order: tuple[Sorting, ...], values: Sequence[Any]) -> Composable:
    """The lines that come after the one with these values."""
    if not any(one.descending or one.column.nullable for one in order):
        names = comma(Identifier(one.column.name) for one in order)
        return SQL("({}) > ({})").format(names, comma(Constant(value) for value in values))
    ways: list[Composable] = []
    same: list[Composable] = []
    for one, value in zip(order, values, strict=True):
        name = Identifier(one.column.name)
        if value is not None:
            later = SQL("{} {} {}").format(name, SQL("<" if one.descending else ">"), Constant(value))
            if one.column.nullable:
                later = SQL("({} OR {} IS NULL)").format(later, name)
            ways.append(SQL("({})").format(SQL(" AND ").join([*same, later])))
        same.append(SQL("{} IS NOT DISTINCT FROM {}").format(name, Constant(value)))
    return SQL("({})").format(SQL(" OR ").join(ways))


@cache
def _table(line: type[Line]) -> Table[Any]:
    """Made once: the statements it holds take longer to put together than a page takes to read."""
    return Table(line)


@cache
def _reached(line: type[Line]) -> SQL:
    """The position that the ledger has reached, within another statement."""
    places = Identifier(SCHEMA, "projection")
    return raw(SQL("(SELECT position FROM {} WHERE ledger = {})").format(places, Constant(line.table)).as_string())


@cache
def _cells(line: type[Line]) -> SQL:
    """A line's columns as they are read."""
    return raw(comma(aliased(column) for column in line.columns).as_string())


def aliased(column: Column) -> Composed:
    name = Identifier(column.name)
    return SQL("{0}::text AS {0}").format(name) if column.sql == "jsonb" else Composed([name])


class _Place(NamedTuple):
    position: int
    values: list[Any]


def _versions(connection: Connection[Any], line: type[L], where: list[Composable]) -> list[Version[L]]:
    table = _table(line)
    statement = SQL("SELECT {}, from_position, to_position FROM {} WHERE {} ORDER BY from_position, {}").format(
        table.cells, table.whole, both(*where), comma(Identifier(name) for name in line.key)
    )
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(statement).fetchall()
        return [Version(one, *row[-2:]) for one, row in zip(line.of_rows(rows), rows, strict=True)]


def _of_key(line: type[Line], key: Key) -> list[Composable]:
    return conditions(line, (Where(name, "eq", value) for name, value in zip(line.key, key, strict=False)))


def _several(value: Any) -> Iterable[Any]:
    return (value,) if isinstance(value, str) or not isinstance(value, Iterable) else value


def _parsed(column: Column, kind: type | None, value: Any) -> Any:
    try:
        if kind is bool:
            return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
        return column.parser.validate_python(value)
    except (ValidationError, KeyError):
        refuse("bad_filter", f"{column.name}的筛选值不正确")


def _plain(value: Any) -> Any:
    """Ids and labelled words are text to the database."""
    return str.__str__(value) if isinstance(value, str) else value


def _cursor(line: type[Line], query: Query, order: tuple[Sorting, ...], position: int, last: Line) -> str:
    values = [one.column.parser.dump_python(getattr(last, one.column.name), mode="json") for one in order]
    body = {"at": position, "of": _digest(line, query), "after": values}
    return urlsafe_b64encode(json.dumps(body, separators=(",", ":")).encode()).decode().rstrip("=")


def _placed(line: type[Line], query: Query, order: tuple[Sorting, ...]) -> _Place:
    """Where the cursor of a query stands; refused when it is another query's or nobody's."""
    try:
        text = query.cursor or ""
        body: Mapping[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        position, values = int(body["at"]), list(body["after"])
        mine = body["of"] == _digest(line, query) and query.as_of in (None, position) and len(values) == len(order)
        read = [
            None if value is None and one.column.nullable else _plain(one.column.parser.validate_python(value))
            for one, value in zip(order, values, strict=mine)
        ]
    except (ValueError, KeyError, TypeError):
        refuse("bad_cursor", "翻页标记无效,请从第一页重新查询")
    if not mine:
        refuse("bad_cursor", "翻页标记不属于这一查询,请从第一页重新查询")
    return _Place(position, read)


def _digest(line: type[Line], query: Query) -> str:
    asked = repr((line.table, [tuple(map(str, where)) for where in query.where], list(query.order)))
    return sha256(asked.encode()).hexdigest()[:16]
