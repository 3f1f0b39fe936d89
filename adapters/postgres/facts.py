"""The fact store on PostgreSQL: the port of the write side, and what readers of the log ask besides."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from eventsourcing.dcb.api import DCBQuery, DCBQueryItem

from adapters.facts import RecorderFacts, query, recorded
from adapters.postgres.event_store import PostgresRecorder, Stored
from domain.command import Scope
from domain.fact import Event, Past, Recorded
from domain.ids import ActorId, Id, PersonId
from services.ledger import Reading


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
