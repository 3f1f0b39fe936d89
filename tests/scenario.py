"""Given these facts, when this is asked, then these facts follow: decisions on the package's in-memory recorder."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from adapters.facts import RecorderFacts
from domain.command import Act, Command, Refused
from domain.fact import Event, Past
from domain.ids import Id, PersonId
from domain.signoff import Shown, shown_of
from services.ledger import Ledger, Outcome

FOUNDER = PersonId("person-founder")
NOON = datetime(2019, 9, 2, 4, tzinfo=UTC)
"""Noon in China on a Monday."""


class Scene:
    """A ledger of its own, a moment that moves only when told, and people who act in it."""

    def __init__(self, *past: Event | tuple[PersonId, Event], at: datetime = NOON) -> None:
        self.store = RecorderFacts(InMemoryDCBRecorder())
        self.ledger = Ledger(self.store)
        self.at = at
        self.last: tuple[Event, ...] = ()
        for fact in past:
            by, event = fact if isinstance(fact, tuple) else (FOUNDER, fact)
            self.store.append([event], Act(by, at))

    @property
    def today(self) -> date:
        return Act(FOUNDER, self.at).today

    def later(self, **span: float) -> "Scene":
        self.at += timedelta(**span)
        return self

    def when(self, command: Command, by: PersonId, key: str | None = None) -> Outcome:
        outcome = self.ledger.execute(command, Act(by, self.at), key)
        self.last = outcome.facts
        return outcome

    def refused(self, command: Command, by: PersonId, code: str) -> Refused:
        """Asks, expects this refusal, and that nothing was recorded."""
        before = self.store.head()
        with pytest.raises(Refused) as refusal:
            self.ledger.execute(command, Act(by, self.at))
        assert refusal.value.code == code, refusal.value
        assert self.store.head() == before
        return refusal.value

    def about(self, tag: Id) -> Past:
        return Past(fact for fact in self.store.facts() if tag in fact.event.tags)

    def shown(self, tag: Id) -> Shown:
        return shown_of(self.about(tag))

    def events(self, *types: type[Event]) -> Sequence[Event]:
        return [fact.event for fact in self.store.facts(types)]
