"""The write side, whole: read what a decision stands on, decide, append if nothing it stood on has changed."""

from collections.abc import Generator, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol, cast

from domain.command import About, Act, Command, Scope, refuse
from domain.fact import Event, Past, Recorded
from domain.ids import KeyId


class Conflict(Exception):
    """What the decision stood on changed while it was being made."""


class Reading(NamedTuple):
    """所读: the facts in a scope, in order, and the position up to which there are no others."""

    facts: Past
    head: int


class Request(NamedTuple):
    """幂等请求: the caller's key, as a tag, and what was asked under it."""

    key: KeyId
    digest: str


class Outcome(NamedTuple):
    """结果: the position of the last fact recorded (of the log's head when nothing had to be), and the facts."""

    position: int
    facts: tuple[Event, ...]
    replayed: bool = False


class FactStore(Protocol):
    """事实库: where facts are kept. Behind it stands any DCB recorder."""

    def read(self, scope: Scope) -> Reading:
        """Every fact in the scope. One moment: nothing later than ``head`` is missed by it."""

    def append(
        self, events: Sequence[Event], act: Act, *, unless: Scope = (), after: int = 0, request: Request | None = None
    ) -> int:
        """Records all or none, and returns the position of the last; raises Conflict if a fact in ``unless`` (or one
        carrying the request's key) was recorded later than ``after``."""

    def outcome_of(self, key: KeyId) -> tuple[Request, Outcome] | None:
        """What was recorded under this key, if anything was."""

    def facts(
        self, types: Sequence[type[Event]] = (), *, after: int = 0, until: int | None = None
    ) -> Iterator[Recorded]:
        """Facts of these types (of any, if none is named) in order, streamed."""

    def head(self) -> int:
        """The position of the last fact, 0 when there is none."""


class Ledger:
    """台账: executes commands."""

    def __init__(self, store: FactStore, attempts: int = 20) -> None:
        self.store = store
        self.attempts = attempts

    def execute(self, command: Command, act: Act, key: str | None = None) -> Outcome:
        """Decides and records. Raises Refused when the past does not allow it, Conflict when it kept changing.

        With a key (幂等键), asking the same thing again gives the first outcome and records nothing; asking
        something else under the same key is refused.
        """
        request = request_of(command, act, key) if key is not None else None
        for _ in range(self.attempts):
            if request and (found := self.store.outcome_of(request.key)):
                return repeated(request, *found)
            past, scope, after = self.stand(command, act)
            events = tuple(command.decide(past, act))
            if not events:
                return Outcome(after, ())
            try:
                return Outcome(self.store.append(events, act, unless=scope, after=after, request=request), events)
            except Conflict:
                continue
        raise Conflict(f"{type(command).__name__} lost {self.attempts} races")

    def stand(self, command: Command, act: Act) -> tuple[Past, Scope, int]:
        """What the command stands on; see ``standing``."""
        steps = standing(command, act)
        reading: Reading | None = None
        while True:
            try:
                reading = self.store.read(steps.send(reading))
            except StopIteration as end:
                return cast(tuple[Past, Scope, int], end.value)


def standing(command: Command, act: Act) -> Generator[Scope, Reading | None, tuple[Past, Scope, int]]:
    """What the command stands on: its facts, its scope, and the head before which the whole scope was read. Yields
    what is to be read, and is sent the reading.

    The scope widens until the command names nothing new. The first head counts for all of it: a fact that came
    between two reads is seen by the later one and refuses the append all the same.
    """
    facts: dict[int, Recorded] = {}
    scope: dict[About, None] = {}
    first: int | None = None
    while True:
        past = Past(facts[position] for position in sorted(facts))
        wider = [about for about in dict.fromkeys(command.stands_on(past, act)) if about not in scope]
        if not wider and first is not None:
            return past, tuple(scope), first
        reading = yield wider
        assert reading is not None
        first = reading.head if first is None else first
        facts.update((fact.position, fact) for fact in reading.facts)
        scope.update(dict.fromkeys(wider))


def repeated(request: Request, asked: Request, outcome: Outcome) -> Outcome:
    """The first outcome, for who asks the same again. Raises Refused for something else under the same key."""
    if asked != request:
        refuse("idempotency_key_reused", "该幂等键已用于另一请求,请换一个")
    return outcome._replace(replayed=True)


def request_of(command: Command, act: Act, key: str) -> Request:
    """A person's key is theirs alone: the same words from someone else are another key."""
    digest = sha256(f"{type(command).__name__} {command.model_dump_json()}".encode()).hexdigest()
    return Request(KeyId(f"key-{sha256(f'{act.by} {key}'.encode()).hexdigest()}"), digest)
