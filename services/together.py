"""合办: commands of many people decided at once. One reading serves them all and one commit keeps them all, where each
alone would cost a journey to the database for either. Each is decided over its own past, and told its own fate."""

from collections.abc import Generator, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.command import Act, Command, Scope
from domain.fact import Event
from domain.ids import KeyId
from services.ledger import Outcome, Reading, Request, repeated, request_of, standing


class Asked(NamedTuple):
    """所请: a command, who asks it, and their key."""

    command: Command
    act: Act
    key: str | None = None


class Write(NamedTuple):
    """所记: events to be recorded together, unless something in a scope was recorded after a position."""

    events: tuple[Event, ...]
    act: Act
    unless: Scope
    after: int
    request: Request | None


class ManyFacts(Protocol):
    """事实库, asked for many at once: each is answered as if it had been asked alone."""

    def outcomes_of(self, keys: Sequence[KeyId]) -> Mapping[KeyId, tuple[Request, Outcome]]:
        """What was recorded under those of the keys under which anything was."""

    def read_all(self, scopes: Sequence[Scope]) -> list[Reading]:
        """The facts in each scope, all of one moment."""

    def append_all(self, writes: Sequence[Write]) -> list[int | Exception]:
        """The position of the last event of each, or Conflict, or why else nothing of it was recorded."""


def execute_together(store: ManyFacts, asked: Sequence[Asked]) -> list[Outcome | Exception]:
    """The outcome of each, or what it was refused with.

    Each is tried once. Conflict says that what it stood on changed meanwhile, maybe by another of these: whoever gets
    it had better be asked again alone.
    """
    requests = [request_of(one.command, one.act, one.key) if one.key is not None else None for one in asked]
    keys = [request.key for request in requests if request]
    before = store.outcomes_of(keys) if keys else {}
    decisions = [_decision(one, request, before) for one, request in zip(asked, requests, strict=True)]
    told: dict[int, Outcome | Exception] = {}
    writes: dict[int, Write] = {}
    readings: dict[int, Reading | None] = dict.fromkeys(range(len(asked)))
    while readings:
        wanted: dict[int, Scope] = {}
        for number, reading in readings.items():
            try:
                wanted[number] = decisions[number].send(reading)
            except StopIteration as end:
                if isinstance(end.value, Write):
                    writes[number] = end.value
                else:
                    told[number] = end.value
            except Exception as error:
                told[number] = error
        readings = dict(zip(wanted, store.read_all(list(wanted.values())), strict=True)) if wanted else {}
    for number, kept in zip(writes, store.append_all(list(writes.values())), strict=True):
        told[number] = Outcome(kept, writes[number].events) if isinstance(kept, int) else kept
    return [told[number] for number in range(len(asked))]


def _decision(
    asked: Asked, request: Request | None, before: Mapping[KeyId, tuple[Request, Outcome]]
) -> Generator[Scope, Reading | None, Outcome | Write]:
    """Asks for what it stands on until it names nothing new, then decides."""
    if request and request.key in before:
        return repeated(request, *before[request.key])
    past, scope, after = yield from standing(asked.command, asked.act)
    events = tuple(asked.command.decide(past, asked.act))
    return Write(events, asked.act, scope, after, request) if events else Outcome(after, ())
