"""日志条目: what of a fact the log covers: when it was recorded, and its exact stored bytes.

An entry is the microseconds since 1970 of ``recorded_at``, as 8 bytes big-endian, and then the bytes of the fact. Who,
what and when it was decided are in those bytes, and so are the columns ``type`` and ``tags`` by which it is found: they
can be worked out again, and checked. The entry of position n has index n - 1.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from operator import itemgetter
from pkgutil import iter_modules
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

import orjson
from pydantic import BaseModel

import domain
from adapters.facts import decode, recorded
from adapters.proofs.merkle import leaf_hash
from adapters.proofs.verdict import Unproven
from domain.fact import Recorded, event_types
from domain.ids import ActorId, Id, PersonId

for _module in iter_modules(domain.__path__, "domain."):
    # A kind of fact is known once its module is: whoever checks must be able to read them all.
    import_module(_module.name)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Entry(NamedTuple):
    """条目: a fact in its place, as the log covers it."""

    position: int
    recorded_at: datetime
    data: bytes

    @property
    def content(self) -> bytes:
        return entry_bytes(self.recorded_at, self.data)

    @property
    def leaf(self) -> bytes:
        return leaf_hash(self.content)

    @property
    def fact(self) -> Recorded:
        """The fact itself. Raises Unproven where these bytes are no fact that this program knows."""
        try:
            return recorded(self.position, self.data, self.recorded_at)
        except (LookupError, ValueError, TypeError) as error:
            raise Unproven("unreadable_fact", f"第{self.position}号事实的内容无法解读", self.position) from error


def entry_bytes(recorded_at: datetime, data: bytes) -> bytes:
    return ((recorded_at - _EPOCH) // _MICROSECOND).to_bytes(8) + data


def entry_at(position: int, content: bytes) -> Entry:
    """The entry in these bytes. Raises Unproven where they are none."""
    try:
        return Entry(position, _EPOCH + int.from_bytes(content[:8]) * _MICROSECOND, content[8:])
    except OverflowError:
        raise Unproven("unreadable_fact", f"第{position}号事实的记录时间无法解读", position) from None


def columns_of(data: bytes) -> tuple[str, set[str]]:
    """The type and the tags that the bytes of a fact stand under. Raises LookupError for a type or version that this
    program does not know, ValueError for bytes that are no fact."""
    envelope = orjson.loads(data)
    kind = envelope["type"]
    fields = _fields_of(kind, envelope["version"])
    if fields is not None:
        body = envelope["body"]
        tags = set(fields.plain(body))
        for name, collect in fields.others:
            collect(body[name], tags)
        tags.discard(None)
        tags.add(_actor(envelope["by"]))
    else:
        found = decode(data)
        tags = {_actor(found.by), *map(str, found.event.tags)}
    if "key" in envelope:
        tags.add(envelope["key"])
    return kind, tags


@lru_cache(maxsize=1 << 14)
def _actor(by: str) -> str:
    return str(ActorId.of(PersonId(by)))


_Collect = Callable[[Any, set[str]], None]


class _Fields(NamedTuple):
    """Where an event's ids are: those that are fields of it, taken all at once, and how to collect the others."""

    plain: Callable[[Any], Iterable[Any]]
    others: Sequence[tuple[str, _Collect]]


def _nothing(_: Any) -> tuple[()]:
    return ()


@lru_cache(maxsize=1 << 10)
def _fields_of(kind: str, version: int) -> _Fields | None:
    """Nothing for a version of former times, and for an event too manifold to be looked through so fast. Raises
    LookupError for a type that this program does not know."""
    event = event_types[kind]
    if version != event.version:
        return None
    try:
        found = _ids_in(event)
    except TypeError:
        return None
    plain = [name for name, collect in found if collect is _id]
    # Of a single name, itemgetter gives no tuple.
    take = itemgetter(*plain, plain[0]) if plain else _nothing
    return _Fields(take, [(name, collect) for name, collect in found if collect is not _id])


@cache
def _ids_in(model: type[BaseModel]) -> Sequence[tuple[str, _Collect]]:
    """The fields of a model that ids are in, and how to collect them from its JSON: faster than to revive it."""
    found = ((name, _collector(field.annotation)) for name, field in model.model_fields.items())
    return tuple((name, collect) for name, collect in found if collect is not None)


def _collector(annotation: Any) -> _Collect | None:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _collector(arguments[0])
    if origin in (Union, UnionType):
        return _either([choice for choice in arguments if choice is not NoneType])
    if origin is tuple:
        return _each([part for part in arguments if part is not Ellipsis])
    if isinstance(annotation, type) and issubclass(annotation, Id):
        return _id
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _in_model(_ids_in(annotation))
    return None


def _id(value: Any, into: set[str]) -> None:
    if value is not None:
        into.add(value)


def _either(choices: Iterable[Any]) -> _Collect | None:
    """An id is told from text by its field's type, never by its look, so a field is all ids, one model, or neither."""
    collectors = {_collector(choice) for choice in choices}
    if len(collectors) > 1:
        raise TypeError("a field may hold ids, or parts, or neither")
    return collectors.pop()


def _each(parts: Iterable[Any]) -> _Collect | None:
    collect = _either(parts)
    if collect is None:
        return None

    def each(values: Any, into: set[str]) -> None:
        for value in values or ():
            collect(value, into)

    return each


def _in_model(fields: Sequence[tuple[str, _Collect]]) -> _Collect | None:
    if not fields:
        return None

    def within(value: Any, into: set[str]) -> None:
        if value is not None:
            for name, collect in fields:
                collect(value[name], into)

    return within
