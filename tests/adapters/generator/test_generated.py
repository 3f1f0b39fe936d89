"""A generated place: of its real figures, the same for the same seed, and decided by the commands."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from hashlib import sha256
from itertools import pairwise

import pytest

from adapters.facts import recorded
from adapters.generator.census import Census
from adapters.generator.generate import Generated, generate
from adapters.generator.memory import Decision
from adapters.generator.people import Muster
from adapters.generator.shape import PLACES, CountyShape, Shape, divided
from adapters.generator.world import World
from adapters.regions.divisions import Divisions
from domain.chains import SignedOff
from domain.command import Refused
from domain.fact import CHINA, Past, Recorded
from domain.households import HouseholdRegistered, Paired, RankRecorded
from domain.ids import HouseholdId, IssueId
from domain.policy import Rank, packaged
from domain.signoff import shown_of

SMALL = 0.01


@pytest.fixture(scope="module")
def divisions() -> Divisions:
    return Divisions.load()


@pytest.fixture(scope="module")
def year() -> list[Decision]:
    """A hundredth of 陆川's year."""
    return list(generate("luchuan", scale=SMALL))


def facts(decisions: Iterable[Decision]) -> Iterator[Recorded]:
    """As they will be read where they were stored."""
    for decision in decisions:
        for position, stored in enumerate(decision.stored, start=decision.position):
            yield recorded(position, stored.data, decision.recorded_at)


def digest(decisions: Iterable[Decision]) -> str:
    whole = sha256()
    for decision in decisions:
        for stored in decision.stored:
            whole.update(stored.data)
            whole.update(f"{stored.tags} {decision.recorded_at}\n".encode())
    return whole.hexdigest()


def census(decisions: Iterable[Decision]) -> Census:
    counted = Census()
    for decision in decisions:
        for event in decision.events:
            counted.count(event)
    return counted


# Figures


def test_luchuan_whole_is_of_the_size_it_had_in_2016(divisions: Divisions) -> None:
    (county,) = PLACES["luchuan"](divisions, 1.0).counties
    assert (len(county.towns), len(county.villages), county.figures.poor) == (14, 154, 67)
    assert (county.figures.households, county.figures.people, county.figures.cadres) == (19_889, 85_817, 6_601)
    assert all(village.name.endswith("村委会") for village in county.villages)


def test_huaihua_whole_is_of_the_size_it_had_in_2017(divisions: Divisions) -> None:
    counties = PLACES["huaihua"](divisions, 1.0).counties
    assert len(counties) == 13
    assert sum(county.figures.poor for county in counties) == 1_024
    assert sum(county.figures.households for county in counties) == 261_000
    assert sum(county.figures.people for county in counties) == 870_664
    assert sum(len(county.villages) for county in counties) == len(divisions.within("4312", "village"))


@pytest.mark.parametrize("place", PLACES)
def test_every_village_of_a_place_lies_in_one_of_its_towns(place: str, divisions: Divisions) -> None:
    for scale in (0.01, 0.3, 1.0):
        for county in PLACES[place](divisions, scale).counties:
            towns = {town.region for town in county.towns}
            assert {village.region.at("township") for village in county.villages} <= towns
            assert len(set(county.villages)) == county.figures.villages


def test_a_small_place_has_the_figures_of_the_whole_in_proportion(year: list[Decision]) -> None:
    figures = census(year).figures
    assert {name: figures[name] for name in ("towns", "villages", "poor_villages")} == {
        "towns": 1,
        "villages": 2,
        "poor_villages": 1,
    }
    assert (figures["households"], figures["people"], figures["cadres"]) == (199, 858, 66)


@pytest.mark.parametrize("place", PLACES)
def test_every_county_has_cadres_for_its_posts_down_to_a_small_scale(place: str, divisions: Divisions) -> None:
    for scale in (0.002, 0.003, 0.01, 0.05):
        for shape in PLACES[place](divisions, scale).counties:
            if not shape.staffed:
                assert scale < 0.004
                continue
            county = Muster(World("staff", shape.begins)).county(shape)
            assert sum(1 for _ in county.officers) == shape.figures.cadres
            assert all(department.officers for department in county.departments)


def test_shares_are_whole_and_none_is_empty() -> None:
    shares = divided(100, [1, 1, 98, 3])
    assert sum(shares) == 100
    assert min(shares) >= 1
    assert divided(4, [5, 1, 1, 90]) == [1, 1, 1, 1]


# The same for the same seed


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(year: list[Decision]) -> None:
    month = list(generate("luchuan", scale=SMALL, days=31))
    assert digest(month) == digest(year[: len(month)])
    assert digest(month) != digest(generate("luchuan", seed=2, scale=SMALL, days=31))


def test_it_is_the_same_whatever_order_a_process_keeps_sets_in() -> None:
    program = (
        "from tests.adapters.generator.test_generated import digest;"
        "from adapters.generator.generate import generate;"
        "print(digest(generate('huaihua', scale=0.001, days=20)))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hashing},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(said) == 1
    assert len(said.pop().strip()) == 64


# Decided


def test_facts_stand_in_one_order_without_gaps_and_time_never_runs_back(year: list[Decision]) -> None:
    position = 1
    for decision in year:
        assert decision.position == position
        assert len(decision.stored) == len(decision.events) > 0
        assert decision.act.at <= decision.recorded_at
        position += len(decision.stored)
    assert all(one.recorded_at <= next_one.recorded_at for one, next_one in pairwise(year))


def test_every_signature_names_exactly_the_facts_that_stood_before_it(year: list[Decision]) -> None:
    about: dict[HouseholdId | IssueId, list[Recorded]] = {}
    signatures = 0
    for fact in facts(year):
        if isinstance(fact.event, SignedOff) and isinstance(fact.event.subject, HouseholdId | IssueId):
            shown = shown_of(Past(about[fact.event.subject]))
            assert (fact.event.shown, fact.event.shown_digest) == shown
            signatures += 1
        for tag in fact.event.tags:
            if isinstance(tag, HouseholdId | IssueId):
                about.setdefault(tag, []).append(fact)
    assert signatures > 300


def test_what_is_read_back_is_what_was_decided(year: list[Decision]) -> None:
    decided = [event for decision in year for event in decision.events]
    assert [fact.event for fact in facts(year)] == decided


def test_no_cadre_has_more_households_than_the_rule_of_the_place_allows(year: list[Decision]) -> None:
    rule = packaged("luchuan").pairing
    assert rule is not None
    ranks: dict[str, Rank] = {}
    paired: Counter[str] = Counter()
    for fact in facts(year):
        match fact.event:
            case RankRecorded(person=person, rank=rank):
                ranks[person] = rank
            case Paired(person=person):
                paired[person] += 1
    assert paired.total() == 199
    assert all(many <= rule.cap(ranks[person]) for person, many in paired.items())


def test_nobody_in_a_household_is_named(year: list[Decision]) -> None:
    registered = [fact.event for fact in facts(year) if isinstance(fact.event, HouseholdRegistered)]
    members = [member for event in registered for member in event.members]
    assert len({member.commitment for member in members}) == len(members) == 858
    stored = b"".join(fact.data for decision in year for fact in decision.stored)
    assert "样例".encode() not in stored


def test_a_year_has_what_a_year_of_work_has(year: list[Decision]) -> None:
    found = census(year).facts
    whole = {"issue.closed", "issue.reopened", "issue.looked_back", "issue.escalated", "exit.decided", "case.opened"}
    whole |= {"measure.decided", "decision.settled", "leave.approved", "extension.granted", "chain.sent_back"}
    assert whole <= found.keys()
    assert found["edition.published"] == 12
    assert 900_000 < found.total() / SMALL < 1_100_000


# Streamed


def small_counties(divisions: Divisions) -> Shape:
    """Two of 怀化's counties, so small that both are told in a moment."""
    return PLACES["huaihua"](divisions, 0.002)


def test_no_more_is_kept_than_of_one_county(divisions: Divisions) -> None:
    shape = small_counties(divisions)
    assert len(shape.counties) == 2
    place = Generated(shape, "kept")
    most: Counter[date] = Counter()
    total = 0
    for decision in place.decisions():
        begins = max((county.begins for county in shape.counties if county.begins <= on(decision)), default=date.min)
        most[begins] = max(most[begins], len(place.world.store))
        total += len(decision.stored)
    assert total > 1.9 * min(most.values())
    assert max(most.values()) < 0.65 * total
    assert len(place.world.store) < 20, "the city's own offices and rules"


def on(decision: Decision) -> date:
    """The day it was decided on, each lasting until nine the next morning."""
    return (decision.act.at.astimezone(CHINA) - timedelta(hours=9)).date()


def test_the_first_decisions_come_before_the_last_are_thought_of(divisions: Divisions) -> None:
    (county,) = PLACES["luchuan"](divisions, 1.0).counties
    assert isinstance(county, CountyShape)
    place = Generated(PLACES["luchuan"](divisions, SMALL), "lazy")
    decisions = place.decisions()
    for _ in range(10):
        next(decisions)
    assert place.world.store.head() < 200


def test_days_cut_it_short(year: list[Decision]) -> None:
    cut = list(generate("luchuan", scale=SMALL, days=3))
    assert max(on(decision) for decision in cut) < date(2016, 1, 4)
    assert digest(cut) == digest(year[: len(cut)])


@pytest.mark.parametrize(
    ("place", "scale", "code"),
    [
        ("nowhere", 1.0, "unknown_place"),
        ("luchuan", 0, "scale_out_of_range"),
        ("luchuan", 1.5, "scale_out_of_range"),
        ("luchuan", 0.001, "scale_too_small"),
        ("huaihua", 0.0001, "scale_too_small"),
    ],
)
def test_what_there_is_none_of_is_refused_at_once(place: str, scale: float, code: str) -> None:
    with pytest.raises(Refused) as refusal:
        generate(place, scale=scale)
    assert refusal.value.code == code
