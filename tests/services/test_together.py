"""Many commands decided at once: each is told what it would have been told alone."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest

from adapters.facts import RecorderFacts
from adapters.postgres.event_store import PostgresRecorder
from adapters.postgres.facts import PostgresFacts
from domain.command import About, Act, Refused
from domain.fact import Past
from domain.ids import PersonId
from domain.issues import IssueRegistered
from domain.organisation import PersonRegistered, RegisterPerson
from services.ledger import Ledger, Outcome
from services.together import Asked, execute_together
from tests.conftest import PostgresServer
from tests.county import COUNTY, founding, person
from tests.scenario import Scene

ORGANISER = person("organiser")


@pytest.fixture(params=["in memory", "PostgreSQL"])
def store(request: pytest.FixtureRequest, postgres_server: PostgresServer) -> Iterator[RecorderFacts]:
    with ExitStack() as stack:
        facts = Scene().store
        if request.param == "PostgreSQL":
            facts = PostgresFacts(stack.enter_context(PostgresRecorder(postgres_server.take())))
        facts.append(founding(), act())
        yield facts


def act(by: PersonId = ORGANISER) -> Act:
    return Act(by, Scene().at)


def newcomer(name: str, by: PersonId = ORGANISER, key: str | None = None) -> Asked:
    return Asked(RegisterPerson(person=person(name), name=name, region=COUNTY), act(by), key)


def names(told: Sequence[Outcome | Exception]) -> list[str]:
    return [
        "recorded" if isinstance(one, Outcome) and one.facts else getattr(one, "code", type(one).__name__)
        for one in told
    ]


def test_each_is_decided_over_its_own_past_and_told_its_own_fate(store: RecorderFacts) -> None:
    asked = [newcomer("one"), newcomer("clerk"), newcomer("two", by=person("village-secretary")), newcomer("three")]
    alone = []
    for one in (asked[1], asked[2]):
        with pytest.raises(Refused) as refusal:
            Ledger(store).execute(*one)
        alone.append(refusal.value.code)
    told = execute_together(store, asked)
    assert names(told) == ["recorded", *alone, "recorded"]
    head = store.head()
    assert [one.position for one in told if isinstance(one, Outcome)] == [head - 1, head]


def test_of_two_that_stand_on_the_same_one_is_told_to_ask_again(store: RecorderFacts) -> None:
    told = execute_together(store, [newcomer("one"), newcomer("one")])
    assert sorted(names(told)) in (["Conflict", "recorded"], ["person_already_registered", "recorded"])
    assert len(store.read((About(person("one"), (PersonRegistered,)),)).facts) == 1


def test_the_same_key_gives_the_first_outcome_to_each_who_asks_the_same_again(store: RecorderFacts) -> None:
    [first] = execute_together(store, [newcomer("one", key="a")])
    again, other, fresh = execute_together(
        store, [newcomer("one", key="a"), newcomer("two", key="a"), newcomer("three", key="b")]
    )
    assert isinstance(first, Outcome)
    assert again == first._replace(replayed=True)
    assert isinstance(other, Refused)
    assert other.code == "idempotency_key_reused"
    assert isinstance(fresh, Outcome)
    assert not fresh.replayed


def test_reading_for_many_gives_each_what_reading_for_it_alone_gives(store: RecorderFacts) -> None:
    scopes = [
        (About(person("clerk")),),
        (About(person("clerk"), (PersonRegistered,)), About(person("leader"))),
        (About(person("nobody")),),
        (About(person("clerk"), (IssueRegistered,)),),
        (),
    ]
    assert [reading.facts for reading in store.read_all(scopes)] == [store.read(scope).facts for scope in scopes]
    assert {reading.head for reading in store.read_all(scopes)} == {store.head()}
    assert store.read_all([(), ()]) == [(Past(), store.head())] * 2
