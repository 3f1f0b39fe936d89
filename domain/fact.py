"""What a fact is, and how yesterday's facts are read by today's code.

A fact's shape is forever: its type is a permanent string, its fields are data, and a changed shape is a new
version with an upcast. The golden files in ``tests/domain/golden`` hold one example of each.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import compress
from operator import is_not
from typing import Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field

from domain.ids import Id, PersonId

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Days begin and end here; instants are kept in UTC."""


Fen = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""金额, in 分: what every reader of JSON keeps exact."""


class Value(BaseModel):
    """A part of a fact or of a command: frozen, and nothing in it that was not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Event(Value):
    """事实"""

    type: ClassVar[str]
    version: ClassVar[int]

    def __init_subclass__(cls, *, type: str, version: int = 1, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type in event_types:
            raise TypeError(f"two facts claim the type {type}")
        cls.type, cls.version = type, version
        event_types[type] = cls

    @cached_property
    def tags(self) -> frozenset[Id]:
        return frozenset(ids_in(self))


event_types: dict[str, type[Event]] = {}
upcasts: dict[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(type, version) → the function that turns a body of that version into the next."""


def ids_in(value: Any) -> Iterator[Id]:
    match value:
        case Id():
            yield value
        case BaseModel():
            yield from _ids_among(vars(value).values())
        case tuple():
            yield from _ids_among(value)


_PLAIN = frozenset({str, int, bool, date, type(None)})


def _ids_among(parts: Iterable[Any]) -> Iterator[Id]:
    # Most parts are plain; asking each whether it is a model took longer than all the rest.
    for part in parts:
        if type(part) not in _PLAIN:
            yield from ids_in(part)


def revive(type: str, version: int, body: dict[str, Any]) -> Event:
    """The event that was stored, in today's shape. Raises LookupError for a type or version nobody knows."""
    event = event_types.get(type)
    if event is None or version > event.version:
        raise LookupError(f"{type} version {version} is newer than this program")
    while version < event.version:
        body, version = upcasts[type, version](body), version + 1
    return event.model_validate(body)


class Recorded(NamedTuple):
    """记录: an event in its place.

    ``at`` is when it was decided, ``recorded_at`` when the sequencer stored it (never earlier than the position
    before); ``digest`` is the SHA-256 of its exact stored bytes, in hex.
    """

    position: int
    event: Event
    by: PersonId
    at: datetime
    recorded_at: datetime
    digest: str

    @property
    def on(self) -> date:
        """The day, in China, on which it was recorded."""
        return self.recorded_at.astimezone(CHINA).date()


class State:
    """状态: what facts come to: a frozen dataclass that keeps nothing besides its fields. Each fact makes another."""

    def but(self, **changes: Any) -> Self:
        """The same with these fields changed. Raises TypeError for a field there is none of."""
        # Most fields stay as they are; through the constructor it takes five times as long.
        state, fields = object.__new__(type(self)), self.__dict__
        state.__dict__.update(fields)
        state.__dict__.update(changes)
        if len(state.__dict__) != len(fields):
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes.keys() - fields.keys())}")
        return state

    def unlike(self, before: Self) -> frozenset[str]:
        """The fields in which it was made another than it was before."""
        fields = self.__dict__
        return frozenset(compress(fields, map(is_not, fields.values(), before.__dict__.values())))


class Past(tuple[Recorded, ...]):
    """What a decision stands on: the facts it asked for, in order, and nothing else."""

    __slots__ = ()

    def of(self, *types: type[Event]) -> Self:
        return type(self)(fact for fact in self if isinstance(fact.event, types))

    def about(self, tag: Id) -> Self:
        return type(self)(fact for fact in self if tag in fact.event.tags)

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(fact.event for fact in self)
