"""The fact store on PostgreSQL: the port of the write side, and what readers of the log ask besides."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem
from eventsourcing.persistence import IntegrityError

from adapters.facts import RecorderFacts, condition, encode, query, recorded
from adapters.postgres.event_store import PostgresRecorder, Stored
from domain.command import Scope
from domain.fact import Event, Past, Recorded
from domain.ids import ActorId, Id, PersonId
from services.ledger import Conflict, Reading
from services.together import Write


class PostgresFacts(RecorderFacts):
    """事实库, stamped by the sequencer: ``recorded_at`` is its word, not the writer's."""

    recorder: PostgresRecorder

    def __init__(self, recorder: PostgresRecorder) -> None:
        super().__init__(recorder)

    def read(self, scope: Scope) -> Reading:
        if not scope:
            return Reading(Past(), self.head())
        found, head = self.recorder.read_with_head(query(scope))
        return Reading(Past(map(_recorded, found)), head)

    def read_all(self, scopes: Sequence[Scope]) -> list[Reading]:
        """One journey for all: what any scope asks for is read once, and given to each that it lies in."""
        if not any(scopes):
            return [self.read(scope) for scope in scopes]
        found, head = self.recorder.read_with_head(query([about for scope in scopes for about in scope]))
        seekers: dict[str, list[tuple[int, frozenset[str]]]] = {}
        for number, scope in enumerate(scopes):
            for tag, types in scope:
                seekers.setdefault(tag, []).append((number, frozenset(event.type for event in types)))
        facts: list[list[Recorded]] = [[] for _ in scopes]
        for stored in found:
            fact = _recorded(stored)
            sought = ((seeker, types) for tag in stored.tags for seeker, types in seekers.get(tag, ()))
            for number in {seeker for seeker, types in sought if not types or stored.type in types}:
                facts[number].append(fact)
        return [Reading(Past(those), head) for those in facts]

    def append_all(self, writes: Sequence[Write]) -> list[int | Exception]:
        """All are submitted before any is waited for, so that few commits keep them."""
        return [_told(submitted) for submitted in [self._submit(write) for write in writes]]

    def _submit(self, write: Write) -> "Future[int] | Exception":
        try:
            events = [encode(event, write.act, write.request) for event in write.events]
            return self.recorder.submit(events, condition(write.unless, write.after, write.request))
        except Exception as error:
            return error

    def facts(
        self, types: Sequence[type[Event]] = (), *, after: int = 0, until: int | None = None
    ) -> Iterator[Recorded]:
        wanted = DCBQuery([DCBQueryItem([event.type for event in types])]) if types else None
        return map(_recorded, self.recorder.read_recorded(wanted, after=after, until=until))

    def page(self, after: int, most: int) -> list[Recorded]:
        """The facts after a position, so many at most: what the projector reads."""
        return [_recorded(stored) for stored in self.recorder.read_recorded(after=after, limit=most)]

    def about(self, tag: Id, *, after: int = 0, until: int | None = None, most: int | None = None) -> list[Recorded]:
        """The timeline of an id: the facts that name it, in order; of a person, also those that they recorded."""
        tags = (tag, ActorId.of(tag)) if isinstance(tag, PersonId) else (tag,)
        wanted = DCBQuery([DCBQueryItem(tags=[str(one)]) for one in tags])
        return [_recorded(one) for one in self.recorder.read_recorded(wanted, after=after, until=until, limit=most)]

    def stored(self, position: int) -> Stored | None:
        """One fact in its exact bytes, or none at that position."""
        return next(self.recorder.read_recorded(after=position - 1, until=position), None)

    def head(self) -> int:
        return self.recorder.head()

    def position_at(self, moment: datetime) -> int:
        """The last position recorded at or before a moment."""
        return self.recorder.position_at(moment)


def _recorded(stored: Stored) -> Recorded:
    return recorded(stored.position, stored.data, stored.recorded_at)


def _told(submitted: "Future[int] | Exception") -> int | Exception:
    try:
        return submitted.result() if isinstance(submitted, Future) else submitted
    except IntegrityError as error:
        conflict = Conflict()
        conflict.__cause__ = error
        return conflict
    except Exception as error:
        return error
