"""Facts as bytes: between the domain's events and any DCB recorder.

The bytes are canonical JSON (UTF-8, keys sorted, no white space, no floats): ``at``, ``body``, ``by``, ``type``,
``version`` and, where the caller gave a key, ``key`` and ``request``. Everything a tag says is in them, so a hash or
a signature over the bytes covers the whole fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, DCBRecorder
from eventsourcing.persistence import IntegrityError

from domain.command import Act, Scope
from domain.fact import Event, Past, Recorded, ids_in, revive
from domain.ids import ActorId, KeyId, PersonId
from services.ledger import Conflict, Outcome, Reading, Request
from services.together import Write


class Envelope(NamedTuple):
    """信封: who decided what, when, and under which request."""

    event: Event
    by: PersonId
    at: datetime
    request: Request | None


def encode(event: Event, act: Act, request: Request | None = None) -> DCBEvent:
    """The event as the recorder stores it: its type, its canonical bytes, its tags."""
    envelope: dict[str, Any] = {
        "at": act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "body": event.model_dump(mode="json"),
        "by": act.by,
        "type": event.type,
        "version": event.version,
    }
    # Not ``event.tags``, which would stay with each of an import's tens of thousands of facts.
    tags = {*ids_in(event), ActorId.of(act.by)}
    if request:
        envelope |= {"key": request.key, "request": request.digest}
        tags.add(request.key)
    # Copied, since what orjson returns keeps a buffer of 4 KiB for as long as it is held.
    data = bytes(memoryview(orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS)))
    return DCBEvent(event.type, data, sorted(map(_text, tags)))


# As exact strings, and one for all of an import's facts that share a tag.
_text = lru_cache(1024)(str)


def decode(data: bytes) -> Envelope:
    """What the bytes say. Raises LookupError for a type or version this program does not know."""
    envelope = orjson.loads(data)
    request = Request(KeyId(envelope["key"]), envelope["request"]) if "key" in envelope else None
    return Envelope(
        revive(envelope["type"], envelope["version"], envelope["body"]),
        PersonId(envelope["by"]),
        datetime.fromisoformat(envelope["at"]),
        request,
    )


def recorded(position: int, data: bytes, recorded_at: datetime | None = None) -> Recorded:
    """The fact in its place; where no sequencer stamped it, it counts as known when it was decided."""
    envelope = decode(data)
    return Recorded(
        position, envelope.event, envelope.by, envelope.at, recorded_at or envelope.at, sha256(data).hexdigest()
    )


def query(scope: Scope) -> DCBQuery:
    return DCBQuery([DCBQueryItem([event.type for event in types], [str(tag)]) for tag, types in scope])


def condition(unless: Scope, after: int, request: Request | None) -> DCBAppendCondition | None:
    """What must not have been recorded since: a fact in the scope, or one under the request's key."""
    items = list(query(unless).items)
    if request:
        items.append(DCBQueryItem(tags=[str(request.key)]))
    return DCBAppendCondition(DCBQuery(items), after) if items else None


class RecorderFacts:
    """The fact store behind any DCB recorder."""

    def __init__(self, recorder: DCBRecorder) -> None:
        self.recorder = recorder

    def read(self, scope: Scope) -> Reading:
        if not scope:
            return Reading(Past(), self.head())
        found = self.recorder.read(query(scope))
        facts = Past(recorded(stored.position, stored.event.data) for stored in found)
        return Reading(facts, found.head or 0)

    def read_all(self, scopes: Sequence[Scope]) -> list[Reading]:
        return [self.read(scope) for scope in scopes]

    def append(
        self, events: Sequence[Event], act: Act, *, unless: Scope = (), after: int = 0, request: Request | None = None
    ) -> int:
        try:
            return self.recorder.append(
                [encode(event, act, request) for event in events], condition(unless, after, request)
            )
        except IntegrityError as error:
            raise Conflict from error

    def append_all(self, writes: Sequence[Write]) -> list[int | Exception]:
        return [self._appended(write) for write in writes]

    def _appended(self, write: Write) -> int | Exception:
        events, act, unless, after, request = write
        try:
            return self.append(events, act, unless=unless, after=after, request=request)
        except Exception as error:
            return error

    def outcome_of(self, key: KeyId) -> tuple[Request, Outcome] | None:
        return self.outcomes_of([key]).get(key)

    def outcomes_of(self, keys: Sequence[KeyId]) -> Mapping[KeyId, tuple[Request, Outcome]]:
        found: dict[KeyId, tuple[Request, Outcome]] = {}
        for stored in self.recorder.read(DCBQuery([DCBQueryItem(tags=[str(key)]) for key in dict.fromkeys(keys)])):
            envelope = decode(stored.event.data)
            assert envelope.request is not None
            _, before = found.get(envelope.request.key, (None, Outcome(0, ())))
            outcome = Outcome(stored.position, (*before.facts, envelope.event))
            found[envelope.request.key] = envelope.request, outcome
        return found

    def facts(
        self, types: Sequence[type[Event]] = (), *, after: int = 0, until: int | None = None
    ) -> Iterator[Recorded]:
        wanted = DCBQuery([DCBQueryItem([event.type for event in types])]) if types else None
        for stored in self.recorder.read(wanted, after=after or None):
            if until is not None and stored.position > until:
                return
            yield recorded(stored.position, stored.event.data)

    def head(self) -> int:
        # Nothing has no type, so this reads no fact; its head is the log's.
        return self.recorder.read(DCBQuery([DCBQueryItem(types=[""])])).head or 0
