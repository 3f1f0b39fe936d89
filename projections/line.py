"""A line of a ledger: a frozen dataclass that is a table.

Its annotations are the columns. Every version of every line is kept with the positions it held for, so a ledger can be
read as of any position: ``from_position`` is the first position of which the version is true, ``to_position`` the
first of which it no longer is (``NOW`` for the present version).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from domain.ids import Id, id_of

Key = tuple[Any, ...]
"""The values of a line's key columns."""

NOW = 2**63 - 1
"""The ``to_position`` of the present version of a line."""

SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "bigint"),
    (datetime, "timestamptz"),
    (date, "date"),
    (str, 'text COLLATE "C"'),
)


class Column(NamedTuple):
    """A column: its SQL type, and how a value goes in and comes back where it is not the same there and here."""

    name: str
    sql: str
    nullable: bool
    parser: TypeAdapter[Any]
    dump: Callable[[Any], Any] | None = None
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


class Line:
    """台账行

    ``table`` names the table, ``key`` the columns that tell one line from another; the first of them is the group
    that is folded together. ``index`` lists what present lines are found by; the first of these serves past versions
    as well.
    """

    table: ClassVar[str]
    key: ClassVar[tuple[str, ...]]
    index: ClassVar[tuple[tuple[str, ...], ...]]
    columns: ClassVar[tuple[Column, ...]]
    names: ClassVar[tuple[str, ...]]
    label: ClassVar[str]
    values: ClassVar[Callable[[Any], tuple[Any, ...]]]
    _dumps: ClassVar[tuple[tuple[int, Callable[[Any], Any]], ...]]
    _loads: ClassVar[tuple[tuple[int, Callable[[Any], Any]], ...]]

    def __init_subclass__(cls, *, table: str, key: tuple[str, ...], index: tuple[tuple[str, ...], ...] = ()) -> None:
        cls.table, cls.key, cls.index = table, key, index
        cls.label = (cls.__doc__ or "").partition("\n")[0].partition(":")[0]
        hints = get_type_hints(cls)
        cls.columns = tuple(column_of(name, hint) for name, hint in hints.items() if get_origin(hint) is not ClassVar)
        cls.names = tuple(column.name for column in cls.columns)
        cls.values = staticmethod(attrgetter(*cls.names))
        cls._dumps = tuple((n, column.dump) for n, column in enumerate(cls.columns) if column.dump)
        cls._loads = tuple((n, column.load) for n, column in enumerate(cls.columns) if column.load)

    @classmethod
    def column(cls, name: str) -> Column:
        """The column of that name. Raises KeyError when there is none."""
        for column in cls.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @classmethod
    def of_row(cls, row: Sequence[Any]) -> Self:
        """The line that was stored as this row."""
        cells = list(row)
        for n, load in cls._loads:
            if cells[n] is not None:
                cells[n] = load(cells[n])
        line = object.__new__(cls)
        line.__dict__.update(zip(cls.names, cells, strict=True))
        return line

    def row(self) -> list[Any]:
        """The line as it is stored, in the order of its columns."""
        cells = list(type(self).values(self))
        for n, dump in self._dumps:
            if cells[n] is not None:
                cells[n] = dump(cells[n])
        return cells

    def identity(self) -> Key:
        return tuple([getattr(self, name) for name in self.key])

    def but(self, **changes: Any) -> Self:
        """The line with these columns changed; several times quicker than ``dataclasses.replace`` on wide lines.

        Raises TypeError for a column there is none of.
        """
        line = object.__new__(type(self))
        own = line.__dict__
        own.update(self.__dict__)
        own.update(changes)
        if len(own) != len(self.names):
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes.keys() - set(self.names))}")
        return line


L = TypeVar("L", bound=Line)


def column_of(name: str, hint: Any) -> Column:
    """The column an annotation asks for. Raises TypeError for a type no column can hold."""
    parts = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    nullable = NoneType in parts
    parts = tuple(part for part in parts if part is not NoneType)
    inner: Any = parts[0] if len(parts) == 1 else Union[parts]  # noqa: UP007
    parser: TypeAdapter[Any] = TypeAdapter(inner)
    if all(_is(part, Id) for part in parts):
        return Column(name, 'text COLLATE "C"', nullable, parser, load=parts[0] if len(parts) == 1 else id_of)
    if len(parts) > 1:
        raise TypeError(f"no column holds {hint}")
    if get_origin(inner) is Literal:
        return Column(name, 'text COLLATE "C"', nullable, parser)
    if get_origin(inner) is tuple and get_args(inner)[1:] == (Ellipsis,) and _is(get_args(inner)[0], str):
        return Column(name, 'text[] COLLATE "C"', nullable, parser, dump=list, load=_tuple_of(get_args(inner)[0]))
    for kind, sql in SCALARS:
        if _is(inner, kind):
            load = inner if _is(inner, Enum) or _is(inner, Id) else None
            return Column(name, sql, nullable, parser, load=load)
    return Column(name, "jsonb", nullable, parser, dump=_json_of(parser), load=parser.validate_json)


def _is(hint: Any, kind: type) -> bool:
    return isinstance(hint, type) and issubclass(hint, kind)


def _tuple_of(kind: Callable[[str], Any]) -> Callable[[Iterable[str]], tuple[Any, ...]]:
    if kind is str:
        return tuple
    revive = id_of if kind is Id else kind
    return lambda values: tuple(map(revive, values))


def _json_of(parser: TypeAdapter[Any]) -> Callable[[Any], str]:
    return lambda value: parser.dump_json(value).decode() if value != () else "[]"
