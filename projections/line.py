"""A line of a ledger: a frozen record that is a table.

Its annotations are the columns. It is a tuple underneath, because a ledger of a province makes tens of millions of
them: a changed line is one copy, and only the cells that changed are written out again.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from functools import cache, partial
from itertools import compress
from operator import is_not
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
"""A line in the text form of PostgreSQL's COPY, cell by cell."""


class Column(NamedTuple):
    """A column: its SQL type, how a value is written in COPY's text form, and how it comes back where it is not the
    same there and here."""

    name: str
    sql: str
    nullable: bool
    parser: TypeAdapter[Any]
    write: Callable[[Any], bytes]
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
    _template: ClassVar[tuple[Any, ...]]
    _loads: ClassVar[tuple[tuple[int, Callable[[Any], Any]], ...]]
    _writes: ClassVar[tuple[Callable[[Any], bytes], ...]]
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
        cls._template = tuple(cls.__dict__.get(name) for name in cls.names)
        # The last of a key is another in nearly every line, so there is nothing to gain by keeping those.
        cls._loads = tuple(
            (n, column.load if column.many or column.name == key[-1] else _known(column.load))
            for n, column in enumerate(cls.columns)
            if column.load
        )
        cls._writes = tuple(column.write for column in cls.columns)
        cls._blank = [
            NULL if value is None else write(value) for write, value in zip(cls._writes, cls._template, strict=True)
        ]
        defaults = [cls.__dict__[name] for name in cls.names if name in cls.__dict__]
        if any(name in cls.__dict__ for name in cls.names[: len(cls.names) - len(defaults)]):
            raise TypeError(f"{cls.__name__} has columns without a default after those with one")
        # A line is made and read as a named tuple is: nothing that we could write for lines in general comes near it.
        like = namedtuple(cls.__name__, cls.names, defaults=defaults)  # type: ignore[misc]
        cls.__new__ = like.__new__  # type: ignore[method-assign, assignment]
        for name in cls.names:
            setattr(cls, name, like.__dict__[name])
        cls._key, cls._all = slice(len(key)), range(len(hints))

    @classmethod
    def column(cls, name: str) -> Column:
        """The column of that name. Raises KeyError when there is none."""
        return cls.columns[cls._places[name]]

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[Any]]) -> Iterable[Self]:
        """The lines that were stored as these rows; what follows a line's own columns is left out. Column by column,
        which for many rows takes half as long as one by one."""
        if not rows:
            return ()
        columns = list[Iterable[Any]](zip(*rows, strict=True))
        del columns[len(cls.columns) :]
        for n, load in cls._loads:
            columns[n] = map(load, columns[n])
        return map(partial(tuple.__new__, cls), zip(*columns, strict=True))

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
            cells[n] = NULL if value is None else writes[n](value)
        return cells


L = TypeVar("L", bound=Line)

NULL = b"\\N"

_SPECIAL = re.compile(r"[\\\t\n\r\b\f\v]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}

plain = str.encode
"""Words of ours and ids, which hold nothing that would have to be escaped."""


def text(value: str) -> bytes:
    """Text in COPY's form."""
    if _SPECIAL.search(value):
        value = _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)
    return value.encode()


def plain_array(values: Sequence[str]) -> bytes:
    """An array of ids in COPY's form."""
    return ("{" + ",".join(values) + "}").encode()


def array(values: Sequence[str]) -> bytes:
    """An array of text in COPY's form."""
    return text(literal(values)) if values else b"{}"


def literal(values: Iterable[str]) -> str:
    """An array of at least one value as SQL writes it."""
    # All values are escaped at once; what stands between them meanwhile is in none, for PostgreSQL stores no zero.
    joined = "\0".join(values).replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + joined.replace("\0", '","') + '"}'


class _Days(dict[date, bytes]):
    """Days as they are written. There are few, and each stands in thousands of lines."""

    def __missing__(self, day: date) -> bytes:
        self[day] = written = day.isoformat().encode()
        return written


KNOWN = 5_000
"""How many values of each kind are kept loaded."""

SCALARS: tuple[tuple[type, str, Callable[[Any], bytes]], ...] = (
    (bool, "boolean", lambda value: b"t" if value else b"f"),
    (int, "bigint", b"%d".__mod__),
    (datetime, "timestamptz", lambda value: value.isoformat().encode()),
    (date, "date", _Days().__getitem__),
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
    return Column(name, "jsonb", nullable, parser, _json_of(parser), parser.validate_json)


class _Known(dict[Any, Any]):
    """What is loaded, by what it was stored as. Lines say the same of thousands of others: the same people, places,
    words, or nothing; what they say is frozen, so they may share it."""

    def __init__(self, load: Callable[[Any], Any]) -> None:
        self._load = load

    def __missing__(self, stored: Any) -> Any:
        loaded = None if stored is None else self._load(stored)
        if len(self) >= KNOWN:
            self.clear()
        self[stored] = loaded
        return loaded


@cache
def _known(load: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return _Known(load).__getitem__


def _is(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def _tuple_of(kind: Callable[[str], Any]) -> Callable[[Iterable[str]], tuple[Any, ...]]:
    if kind is str:
        return tuple
    revive = id_of if kind is Id else kind
    return lambda values: tuple(map(revive, values)) if values else ()


def _json_of(parser: TypeAdapter[Any]) -> Callable[[Any], bytes]:
    # JSON has escaped for itself whatever else would have to be.
    return lambda value: parser.dump_json(value).replace(b"\\", b"\\\\")
