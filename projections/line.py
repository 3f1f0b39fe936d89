"""A line of a ledger: a frozen record that is a table.

Its annotations are the columns. It is a tuple underneath, because a ledger of a province makes tens of millions of
them: a changed line is one copy, and only the cells that changed are written out again.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from itertools import compress
from operator import is_not, itemgetter
from types import NoneType, UnionType
from typing import (
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import TypeAdapter

from domain.ids import Id, KeyId, id_of

Key = tuple[Any, ...]
"""The values of a line's key columns."""

Group = Key | str
"""What the lines that are folded together have in common: the first value of their keys, or the first few."""

Cells = list[bytes]
"""A line in the text form of PostgreSQL's COPY, cell by cell, each with the tab that ends it."""


class Column(NamedTuple):
    """A column: its SQL type, how a value is written in COPY's text form, and how it comes back where it is not the
    same there and here."""

    name: str
    sql: str
    nullable: bool
    parser: TypeAdapter[Any]
    write: Callable[[Any], str]
    load: Callable[[Any], Any] | None = None

    @property
    def scalar(self) -> bool:
        return self.sql != "jsonb" and not self.many

    @property
    def many(self) -> bool:
        return "[]" in self.sql

    @property
    def cast(self) -> str:
        """The type without its collation, for casting a parameter."""
        return self.sql.replace(' COLLATE "C"', "")


@dataclass_transform(frozen_default=True)
class Line(tuple[Any, ...]):
    """台账行

    ``table`` names the table, ``key`` the columns that tell one line from another, which come first; lines that are
    alike in the first ``grouped`` of them are folded together. ``found_by`` lists what lines are found by; the first
    two of these serve past versions as well, and the first gives lines their order where none is asked for.
    """

    __slots__ = ()

    table: ClassVar[str]
    key: ClassVar[tuple[str, ...]]
    grouped: ClassVar[int]
    found_by: ClassVar[tuple[tuple[str, ...], ...]]
    label: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]
    names: ClassVar[tuple[str, ...]]
    _places: ClassVar[dict[str, int]]
    _needed: ClassVar[tuple[str, ...]]
    _template: ClassVar[tuple[Any, ...]]
    _loads: ClassVar[tuple[tuple[int, Callable[[Any], Any]], ...]]
    _writes: ClassVar[tuple[Callable[[Any], str], ...]]
    _blank: ClassVar[Cells]
    _key: ClassVar[slice]
    _all: ClassVar[range]

    def __init_subclass__(
        cls, *, table: str, key: tuple[str, ...], grouped: int = 1, found_by: tuple[tuple[str, ...], ...] = ()
    ) -> None:
        hints = {name: hint for name, hint in get_type_hints(cls).items() if get_origin(hint) is not ClassVar}
        if taken := hints.keys() & set(dir(Line)):
            raise TypeError(f"{cls.__name__} may not call a column {', '.join(sorted(taken))}")
        if tuple(hints)[: len(key)] != key:
            raise TypeError(f"{cls.__name__} does not begin with its key")
        cls.table, cls.key, cls.grouped, cls.found_by = table, key, grouped, found_by
        cls.label = (cls.__doc__ or "").partition("\n")[0].partition(":")[0]
        cls.columns = tuple(column_of(name, hint) for name, hint in hints.items())
        cls.names = tuple(hints)
        cls._places = {name: n for n, name in enumerate(cls.names)}
        cls._needed = tuple(name for name in cls.names if name not in cls.__dict__)
        if cls.names[: len(cls._needed)] != cls._needed:
            raise TypeError(f"{cls.__name__} has columns without a default after those with one")
        cls._template = tuple(cls.__dict__.get(name) for name in cls.names)
        cls._loads = tuple((n, column.load) for n, column in enumerate(cls.columns) if column.load)
        cls._writes = tuple(column.write for column in cls.columns)
        cls._blank = [
            NULL if value is None else written(write, value)
            for write, value in zip(cls._writes, cls._template, strict=True)
        ]
        for n, name in enumerate(cls.names):
            setattr(cls, name, property(itemgetter(n)))
        cls._key, cls._all = slice(len(key)), range(len(hints))

    def __new__(cls, *values: Any, **named: Any) -> Self:
        line, places = [*values, *cls._template[len(values) :]], cls._places
        needed = cls._needed[len(values) :]
        if len(line) != len(places) or not all(map(named.__contains__, needed)) or not named.keys() <= places.keys():
            wrong = ", ".join({*needed, *named} - (named.keys() & places.keys()))
            raise TypeError(f"{cls.__name__} is made of {len(places)} values: {wrong}")
        for name, value in named.items():
            line[places[name]] = value
        return tuple.__new__(cls, line)

    @classmethod
    def column(cls, name: str) -> Column:
        """The column of that name. Raises KeyError when there is none."""
        return cls.columns[cls._places[name]]

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Self:
        """The line that was stored as this row."""
        values = list(row)
        for n, load in cls._loads:
            value = values[n]
            if value is not None:
                values[n] = load(value)
        return tuple.__new__(cls, values)

    def identity(self) -> Key:
        return self[self._key]

    def but(self, **changes: Any) -> Self:
        """The line with these columns changed. Raises KeyError for a column there is none of."""
        values, places = list(self), self._places
        for name, value in changes.items():
            values[places[name]] = value
        return tuple.__new__(type(self), values)

    def knowing(self, **known: Any) -> Self:
        """The line with some of its cached properties already worked out: what it takes to go on folding from it."""
        self.__dict__.update(known)
        return self

    def cells(self, before: "Line | None" = None, there: Cells | None = None) -> Cells:
        """The line in COPY's text form; ``there`` is that of the version before, of which only what changed is
        written again. The first version is written over the columns' defaults."""
        like, cells = (before, there.copy()) if before is not None and there else (self._template, self._blank.copy())
        writes = self._writes
        for n in compress(self._all, map(is_not, self, like)):
            value = self[n]
            cells[n] = NULL if value is None else written(writes[n], value)
        return cells


L = TypeVar("L", bound=Line)

NULL = b"\\N\t"


def written(write: Callable[[Any], str], value: Any) -> bytes:
    """A cell that is not empty."""
    return (write(value) + "\t").encode()


_SPECIAL = re.compile(r"[\\\t\n\r\b\f\v]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def text(value: str) -> str:
    """Text in COPY's form."""
    if _SPECIAL.search(value):
        return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)
    return value


def plain(value: str) -> str:
    """Words of ours and ids, which hold nothing that would have to be escaped."""
    return value


def plain_array(values: Sequence[str]) -> str:
    """An array of ids in COPY's form."""
    return "{" + ",".join(values) + "}"


def array(values: Sequence[str]) -> str:
    """An array of text in COPY's form."""
    return text(literal(values)) if values else "{}"


def literal(values: Iterable[str]) -> str:
    """An array of at least one value as SQL writes it."""
    # All values are escaped at once; what stands between them meanwhile is in none, for PostgreSQL stores no zero.
    joined = "\0".join(values).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + joined.replace("\0", '","') + '"}'


SCALARS: tuple[tuple[type, str, Callable[[Any], str]], ...] = (
    (bool, "boolean", lambda value: "t" if value else "f"),
    (int, "bigint", str),
    (datetime, "timestamptz", datetime.isoformat),
    (date, "date", date.isoformat),
    (str, 'text COLLATE "C"', text),
)


def column_of(name: str, hint: Any) -> Column:
    """The column an annotation asks for. Raises TypeError for a type no column can hold."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    nullable = NoneType in parts
    parts = tuple(part for part in parts if part is not NoneType)
    inner: Any = parts[0] if len(parts) == 1 else Union[parts]  # noqa: UP007
    parser: TypeAdapter[Any] = TypeAdapter(inner)
    if all(_is(part, Id) for part in parts):
        return Column(name, 'text COLLATE "C"', nullable, parser, plain, parts[0] if len(parts) == 1 else id_of)
    if len(parts) > 1:
        raise TypeError(f"no column holds {hint}")
    if get_origin(inner) is Literal:
        return Column(name, 'text COLLATE "C"', nullable, parser, plain)
    if get_origin(inner) is tuple and get_args(inner)[1:] == (Ellipsis,) and _is(get_args(inner)[0], str):
        kind = get_args(inner)[0]
        written = plain_array if _is(kind, Id) and kind not in (Id, KeyId) else array
        return Column(name, 'text[] COLLATE "C"', nullable, parser, written, _tuple_of(kind))
    for kind, sql, write in SCALARS:
        if _is(inner, kind):
            if _is(inner, Enum):
                # Looking a member up by calling its class takes five times as long.
                members = {member.value: member for member in inner}
                return Column(name, sql, nullable, parser, plain, members.__getitem__)
            return Column(name, sql, nullable, parser, write)
    # Most lines say nothing here, or the same as thousands of others; what they say is frozen, so they may share it.
    return Column(name, "jsonb", nullable, parser, _json_of(parser), lru_cache(maxsize=500)(parser.validate_json))


def _is(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def _tuple_of(kind: Callable[[str], Any]) -> Callable[[Iterable[str]], tuple[Any, ...]]:
    if kind is str:
        return tuple
    revive = id_of if kind is Id else kind
    return lambda values: tuple(map(revive, values)) if values else ()


def _json_of(parser: TypeAdapter[Any]) -> Callable[[Any], str]:
    return lambda value: text(parser.dump_json(value).decode())
