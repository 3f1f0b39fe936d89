"""Visits: who owes which, what counts as one, and what is still missing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fact import Event
from domain.households import Category, HouseholdRegistered, Member, Paired, PairingEnded, VillageListed
from domain.ids import HouseholdId, MemberId, PairingId, RegionId, VisitId
from domain.organisation import PersonRegistered
from domain.policy import PolicyAdopted, VisitRule, packaged
from domain.posts import Post
from domain.visits import Every, Quota, RecordVisit, ground_of, period_of, quotas
from tests.county import CITY, COUNTY, OTHER_TOWN, OTHER_VILLAGE, SINCE, TOWN, VILLAGE, appointed, founding, person
from tests.scenario import Scene

HOUSES = tuple(HouseholdId(f"household-{n}") for n in range(3))
POLICY = packaged("huaihua")


def household(number: int, region: RegionId = VILLAGE) -> HouseholdRegistered:
    return HouseholdRegistered(
        household=HOUSES[number],
        region=region,
        hamlet=None,
        category=Category.REGISTERED,
        members=(Member(member=MemberId(f"member-{number}"), commitment="0" * 64),),
        identified_on=SINCE,
    )


def place() -> Scene:
    facts: list[Event] = [*founding(), PolicyAdopted(region=CITY, policy=POLICY, since=SINCE)]
    for name, region in (("leader-county", COUNTY), ("leader-city", CITY)):
        facts += [PersonRegistered(person=person(name), name=name, region=region), appointed(name, Post.LEADER, region)]
    facts += [VillageListed(region=VILLAGE, since=SINCE), VillageListed(region=OTHER_VILLAGE, since=SINCE)]
    facts += [household(0), household(1), household(2, OTHER_VILLAGE)]
    for n in (0, 1):
        facts.append(
            Paired(pairing=PairingId(f"pairing-{n}"), household=HOUSES[n], person=person("officer"), since=SINCE)
        )
    return Scene(*facts)


def visit(scene: Scene, region: RegionId, house: HouseholdId | None = None, days_ago: int = 0) -> RecordVisit:
    return RecordVisit(
        visit=VisitId(f"visit-{scene.store.head()}"),
        region=region,
        household=house,
        occurred_on=scene.today - timedelta(days=days_ago),
        findings="饮水管冬季易冻,已联系更换",
    )


def owed(scene: Scene, who: str, day: date | None = None) -> dict[str, Quota]:
    assert POLICY.duty
    ground = ground_of(scene.store.facts())
    return {one.rule.code: one for one in quotas(ground, POLICY.duty.visits, day or scene.today, person(who))}


def test_every_post_owes_what_the_pack_says_and_nobody_else_owes_anything() -> None:
    scene = place()
    assert set(owed(scene, "city-mayor")) == {"city_pair_townships", "city_leaders_village"}
    assert set(owed(scene, "leader-city")) == {"city_leaders_village"}
    assert set(owed(scene, "county-secretary")) == {"county_pair_villages", "county_leaders_village"}
    assert set(owed(scene, "leader-county")) == {"county_leaders_village"}
    assert set(owed(scene, "township-head")) == {"township_pair_households"}
    assert set(owed(scene, "officer")) == {"paired_households"}
    assert owed(scene, "clerk") == {}
    # A unit of the county is not one of the city's.
    assert owed(scene, "leader") == {}


def test_one_visit_counts_for_household_village_and_township_alike() -> None:
    scene = place()
    assert owed(scene, "city-secretary")["city_pair_townships"].missing == (OTHER_TOWN, TOWN)
    scene.when(visit(scene, VILLAGE, HOUSES[0]), person("city-secretary"))
    found = owed(scene, "city-secretary")
    assert found["city_pair_townships"].missing == (OTHER_TOWN,)
    assert found["city_pair_townships"].covered == (TOWN,)
    assert found["city_leaders_village"].short == 0
    assert owed(scene, "city-mayor")["city_leaders_village"].short == 1


def test_a_township_pair_covers_the_households_of_its_own_township() -> None:
    scene = place()
    scene.when(visit(scene, VILLAGE, HOUSES[1]), person("township-head"))
    quota = owed(scene, "township-head")["township_pair_households"]
    assert (quota.wanted, quota.missing, quota.short) == (HOUSES[:2], HOUSES[:1], 1)
    assert owed(scene, "other-secretary")["township_pair_households"].wanted == HOUSES[2:]


def test_a_paired_household_is_owed_each_month_anew_and_only_while_paired() -> None:
    scene = place()
    for house in HOUSES[:2]:
        scene.when(visit(scene, VILLAGE, house), person("officer"))
    assert owed(scene, "officer")["paired_households"].short == 0
    scene.later(days=30)
    assert owed(scene, "officer")["paired_households"].missing == HOUSES[:2]
    ended = PairingEnded(
        pairing=PairingId("pairing-0"),
        household=HOUSES[0],
        person=person("officer"),
        on=date(2019, 9, 5),
        reason="调整",
    )
    later = Scene(*[fact.event for fact in scene.store.facts()], ended)
    assert owed(later, "officer", date(2019, 10, 2))["paired_households"].wanted == HOUSES[1:2]
    assert owed(later, "officer", date(2019, 9, 30))["paired_households"].wanted == HOUSES[:2]


def test_two_entries_of_one_visit_on_one_day_count_once() -> None:
    scene = place()
    rule = VisitRule(code="twice", title="每月两次", to="village", every="month", posts=(Post.LEADER,), times=2)
    for _ in range(2):
        scene.when(visit(scene, VILLAGE), person("leader-county"))
    ground = ground_of(scene.store.facts())
    quota = next(quotas(ground, [rule], scene.today, person("leader-county")))
    assert (quota.done, quota.short, quota.missing) == (1, 1, ())
    scene.when(visit(scene, OTHER_VILLAGE), person("leader-county"))
    again = next(quotas(ground_of(scene.store.facts()), [rule], scene.today, person("leader-county")))
    assert again.short == 0


def test_a_visit_is_recorded_by_whoever_was_in_post_to_a_place_that_is_there() -> None:
    scene = place()
    scene.refused(visit(scene, RegionId("region-451226999999")), person("clerk"), "unknown_region")
    scene.refused(visit(scene, OTHER_VILLAGE, HOUSES[0]), person("clerk"), "household_elsewhere")
    scene.refused(visit(scene, VILLAGE, days_ago=-1), person("clerk"), "future_date")
    scene.refused(visit(scene, VILLAGE), person("nobody"), "no_authority")
    asked = visit(scene, VILLAGE)
    scene.when(asked, person("clerk"))
    scene.refused(asked, person("clerk"), "visit_already_recorded")


@pytest.mark.parametrize(
    ("every", "first", "last"),
    [
        ("month", "2020-02-01", "2020-02-29"),
        ("quarter", "2020-01-01", "2020-03-31"),
        ("year", "2020-01-01", "2020-12-31"),
    ],
)
def test_periods_begin_and_end_where_the_calendar_says(every: Every, first: str, last: str) -> None:
    assert period_of(date(2020, 2, 29), every) == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.dates(date(2015, 1, 1), date(2030, 12, 31)), st.sampled_from(["month", "quarter", "year"]))
def test_periods_follow_upon_each_other_without_a_gap(day: date, every: Every) -> None:
    since, until = period_of(day, every)
    assert since <= day <= until
    assert period_of(until + timedelta(days=1), every)[0] == until + timedelta(days=1)
    assert period_of(since, every) == period_of(until, every) == (since, until)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 29)), max_size=12))
def test_what_is_covered_and_what_is_missing_are_together_what_is_owed(made: list[tuple[int, int]]) -> None:
    scene = place()
    scene.at = datetime(2019, 9, 30, 4, tzinfo=UTC)
    for number, days_ago in made:
        region = OTHER_VILLAGE if number == 2 else VILLAGE
        scene.when(visit(scene, region, HOUSES[number], days_ago), person("county-magistrate"))
    quota = owed(scene, "county-magistrate")["county_pair_villages"]
    assert set(quota.covered) | set(quota.missing) == set(quota.wanted) == {VILLAGE, OTHER_VILLAGE}
    assert not set(quota.covered) & set(quota.missing)
    assert quota.short == len(quota.missing) == len(quota.wanted) - quota.done
