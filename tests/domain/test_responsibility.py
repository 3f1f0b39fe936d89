"""Who answers for a place: named by the county's leaders, handed over without a gap, replayable to the second."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.fact import Past, Recorded
from domain.ids import AppointmentId, PersonId
from domain.organisation import Relieve
from domain.policy import PolicyAdopted, packaged
from domain.posts import Post
from domain.responsibility import NameResponsible, ResponsibilityTaken, charges, responsible_at
from tests.county import CITY, COUNTY, SINCE, VILLAGE, county, founding, person
from tests.scenario import FOUNDER, Scene


def naming(who: str, before: str | None = None) -> NameResponsible:
    return NameResponsible(
        region=VILLAGE, person=person(who), before=person(before) if before else None, reason="谁能干好就用谁"
    )


def test_a_county_leader_names_the_first_and_changes_to_another() -> None:
    scene = county()
    scene.refused(naming("leader"), person("township-secretary"), "no_authority")
    scene.when(naming("village-secretary"), person("county-secretary"))
    first = scene.at
    scene.later(days=10)
    scene.refused(naming("leader"), person("county-magistrate"), "responsible_changed")
    scene.refused(naming("leader", "chief"), person("county-magistrate"), "responsible_changed")
    scene.refused(naming("village-secretary", "village-secretary"), person("county-secretary"), "nothing_changes")
    scene.when(naming("leader", "village-secretary"), person("county-magistrate"))
    facts = list(scene.store.facts())
    assert responsible_at(facts, VILLAGE, first - timedelta(microseconds=1)) is None
    assert responsible_at(facts, VILLAGE, first) == person("village-secretary")
    assert responsible_at(facts, VILLAGE, scene.at - timedelta(microseconds=1)) == person("village-secretary")
    assert responsible_at(facts, VILLAGE, scene.at) == person("leader")
    assert responsible_at(facts, COUNTY, scene.at) is None


def test_where_the_pack_says_who_names_them_nobody_else_does() -> None:
    scene = Scene(*founding(), PolicyAdopted(region=COUNTY, policy=packaged("tongyu"), since=SINCE))
    rule = packaged("tongyu").duty
    assert rule
    assert rule.responsible_by == (Post.LEADER, Post.COUNTY_SECRETARY, Post.COUNTY_MAGISTRATE)
    scene.refused(naming("leader"), person("headquarters"), "no_authority")
    scene.when(naming("leader"), person("county-magistrate"))


def test_only_people_in_post_answer_for_a_place_and_nobody_names_themselves() -> None:
    scene = county()
    scene.refused(naming("nobody"), person("county-secretary"), "unknown_person")
    scene.refused(naming("county-secretary"), person("county-secretary"), "own_request")
    relieve = Relieve(appointment=AppointmentId("appointment-chief"), on=scene.today, reason="调离")
    scene.when(relieve, person("organiser"))
    scene.refused(naming("chief"), person("county-secretary"), "not_in_post")
    city = naming("chief").model_copy(update={"region": CITY})
    scene.refused(city, person("county-secretary"), "no_platform")


def test_whoever_leaves_their_post_answers_until_it_is_handed_over() -> None:
    scene = county()
    scene.when(naming("leader"), person("county-secretary"))
    relieve = Relieve(appointment=AppointmentId("appointment-leader"), on=scene.today, reason="调离")
    scene.when(relieve, person("organiser"))
    scene.later(days=5)
    assert responsible_at(scene.store.facts(), VILLAGE, scene.at) == person("leader")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1000)), min_size=1, max_size=12), st.integers(0, 12_000))
def test_at_every_moment_since_the_first_exactly_one_person_answers(taken: list[tuple[int, int]], probe: int) -> None:
    at = start = datetime(2019, 9, 1, tzinfo=UTC)
    facts: list[Recorded] = []
    before: PersonId | None = None
    for number, (who, wait) in enumerate(taken, 1):
        at += timedelta(seconds=wait)
        event = ResponsibilityTaken(
            region=VILLAGE, person=person(str(who)), before=before, post=Post.LEADER, reason="点将"
        )
        before = event.person
        facts.append(Recorded(number, event, FOUNDER, at, at, ""))
    spans = charges(Past(facts), VILLAGE)
    assert [one.until for one in spans[:-1]] == [one.since for one in spans[1:]]
    assert spans[-1].until is None
    moment = start + timedelta(seconds=probe)
    holding = [one.person for one in spans if one.since <= moment and (one.until is None or moment < one.until)]
    found = responsible_at(facts, VILLAGE, moment)
    assert holding == ([found] if found else [])
