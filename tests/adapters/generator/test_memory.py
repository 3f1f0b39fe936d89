"""The memory answers as any other fact store does, and says so when it is asked for what it let go of."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from eventsourcing.dcb.popo import InMemoryDCBRecorder

from adapters.facts import RecorderFacts
from adapters.generator.memory import Decision, Forgotten, MemoryFacts
from domain.command import About, Act
from domain.ids import IssueId, PersonId, RegionId
from domain.organisation import PersonRegistered
from domain.posts import Appointed, LedgerOpened, Post
from domain.regions import RegionEstablished
from services.ledger import Conflict, Ledger
from tests.county import IN_POST, VILLAGE, founding, register
from tests.county import person as someone

NOON = datetime(2019, 9, 2, 4, tzinfo=UTC)
CLERK = someone("clerk")


@pytest.fixture
def taken() -> list[Decision]:
    return []


@pytest.fixture
def store(taken: list[Decision]) -> MemoryFacts:
    """A county's founding, decided fact by fact, with next to nothing kept decoded."""
    memory = MemoryFacts(lambda: NOON + timedelta(minutes=10), taken.append, warm=3)
    for event in founding():
        memory.append([event], Act(CLERK, NOON))
    return memory


@pytest.fixture
def other() -> RecorderFacts:
    facts = RecorderFacts(InMemoryDCBRecorder())
    for event in founding():
        facts.append([event], Act(CLERK, NOON))
    return facts


def scopes() -> Iterator[tuple[About, ...]]:
    yield (About(VILLAGE),)
    yield (About(VILLAGE, (RegionEstablished,)),)
    yield (About(someone("clerk")), About(someone("chief"), (Appointed, PersonRegistered)))
    yield (About(PersonId("person-nobody")),)
    yield ()


def test_it_reads_what_another_store_reads(store: MemoryFacts, other: RecorderFacts) -> None:
    for scope in scopes():
        mine, theirs = store.read(scope), other.read(scope)
        assert mine.head == theirs.head == store.head() == other.head()
        assert [(fact.position, fact.event, fact.by, fact.at, fact.digest) for fact in mine.facts] == [
            (fact.position, fact.event, fact.by, fact.at, fact.digest) for fact in theirs.facts
        ]


def test_it_streams_what_another_store_streams(store: MemoryFacts, other: RecorderFacts) -> None:
    for types in ((), (Appointed,), (RegionEstablished, LedgerOpened)):
        mine = [(fact.position, fact.event) for fact in store.facts(types, after=3, until=20)]
        assert mine == [(fact.position, fact.event) for fact in other.facts(types, after=3, until=20)]
        assert mine


def test_facts_are_stamped_by_the_clock_it_was_given(store: MemoryFacts, taken: list[Decision]) -> None:
    assert {fact.recorded_at for fact in store.facts()} == {NOON + timedelta(minutes=10)}
    assert [decision.position for decision in taken] == list(range(1, store.head() + 1))


def test_commands_are_decided_on_it_once_a_key(store: MemoryFacts) -> None:
    ledger = Ledger(store)
    first = ledger.execute(register(IssueId("issue-1")), Act(CLERK, NOON), key="once")
    again = ledger.execute(register(IssueId("issue-1")), Act(CLERK, NOON), key="once")
    assert (again.position, again.facts, again.replayed) == (first.position, first.facts, True)


def test_what_changed_since_it_was_read_refuses_the_append(store: MemoryFacts) -> None:
    established = RegionEstablished(region=RegionId("region-451226104209"), name="新村", since=date(2019, 1, 1))
    asked = (About(established.region),)
    before = store.head()
    store.append([established], Act(CLERK, NOON), unless=asked, after=before)
    with pytest.raises(Conflict):
        store.append([established], Act(CLERK, NOON), unless=asked, after=before)
    store.append([established], Act(CLERK, NOON), unless=(About(VILLAGE),), after=before)


def test_what_was_forgotten_is_not_silently_missing(store: MemoryFacts) -> None:
    office = len(founding()) - 2 * len(IN_POST)
    kept = [fact for fact in store.facts() if fact.position <= office]
    store.forget(after=office)
    assert len(store) == office
    assert list(store.facts()) == kept
    assert store.read((About(VILLAGE, (RegionEstablished,)),)).facts
    with pytest.raises(Forgotten):
        store.read((About(VILLAGE),))
    with pytest.raises(Forgotten):
        store.read((About(VILLAGE, (Appointed,)),))
    assert store.head() == len(founding())


def test_a_post_held_is_found_however_cold(store: MemoryFacts) -> None:
    found = store.read((About(someone("supervisor"), (Appointed,)),)).facts
    assert [fact.event.post for fact in found if isinstance(fact.event, Appointed)] == [Post.SUPERVISOR]
