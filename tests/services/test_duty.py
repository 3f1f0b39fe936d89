"""What one person owes, read narrowly, is what everybody's reckoning says they owe."""

from datetime import timedelta

import pytest

from domain.attendance import ApproveLeave, ReportDay, RequestLeave
from domain.command import Act
from domain.households import HouseholdRemoved
from domain.ids import IssueId, LeaveId, PersonId
from domain.policy import PolicyAdopted, packaged
from domain.visits import Quota
from services.duty import month_by, owed_by, owed_in, visit_rules
from tests.county import CITY, COUNTY, IN_POST, OTHER_TOWN, SINCE, TOWN, VILLAGE, applied, county, person, sign_all
from tests.domain.test_visits import HOUSES, place, visit
from tests.scenario import FOUNDER, Scene


@pytest.fixture
def scene() -> Scene:
    scene = place()
    adopted = PolicyAdopted(region=COUNTY, policy=packaged("huaihua"), since=SINCE)
    scene.store.append([adopted], Act(FOUNDER, scene.at))
    scene.when(visit(scene, VILLAGE, HOUSES[0]), person("officer"))
    scene.when(visit(scene, VILLAGE, HOUSES[1]), person("township-head"))
    scene.when(visit(scene, VILLAGE), person("county-secretary"))
    gone = HouseholdRemoved(household=HOUSES[1], region=VILLAGE, reason="迁出")
    scene.store.append([gone], Act(FOUNDER, scene.at))
    return scene


def quotas_of(scene: Scene, who: PersonId) -> set[tuple[object, ...]]:
    return {told(one) for one in owed_by(scene.store, who, scene.today)}


def told(quota: Quota) -> tuple[object, ...]:
    return (quota.rule.code, quota.person, quota.wanted, quota.covered, quota.missing, quota.short)


def test_what_is_read_narrowly_is_what_the_whole_record_says(scene: Scene) -> None:
    everybody = owed_in(scene.store, CITY, scene.today)
    assert everybody
    for name in (*IN_POST, "leader-county", "leader-city"):
        mine = {told(one) for one in everybody if one.person == person(name)}
        assert quotas_of(scene, person(name)) == mine
    assert {one.person for one in everybody} > {person("officer"), person("township-head"), person("city-mayor")}


def test_a_place_is_told_of_those_in_post_there_and_of_the_cadres_of_its_households(scene: Scene) -> None:
    assert {one.person for one in owed_in(scene.store, TOWN, scene.today)} == {
        person("township-secretary"),
        person("township-head"),
        person("officer"),
    }
    assert {one.person for one in owed_in(scene.store, OTHER_TOWN, scene.today)} == {person("other-secretary")}


def test_what_was_recorded_after_a_position_is_not_counted_at_it(scene: Scene) -> None:
    before = scene.store.head()
    scene.later(days=1)
    scene.when(visit(scene, VILLAGE), person("county-magistrate"))

    def short(until: int | None) -> int:
        found = owed_in(scene.store, COUNTY, scene.today, until)
        return next(
            one.short
            for one in found
            if one.person == person("county-magistrate") and one.rule.code == "county_leaders_village"
        )

    assert (short(before), short(None)) == (1, 0)


def test_visits_of_earlier_years_are_not_read(scene: Scene) -> None:
    scene.later(days=366)
    new_year = scene.store.head()
    scene.when(visit(scene, VILLAGE), person("county-magistrate"))
    read = owed_in(scene.store, COUNTY, scene.today, new_year=new_year)
    assert read == owed_in(scene.store, COUNTY, scene.today)
    assert {one.person for one in read if one.done} == {person("county-magistrate")}


def test_where_nothing_is_in_force_nothing_is_owed(scene: Scene) -> None:
    assert owed_in(scene.store, COUNTY, SINCE - timedelta(days=1)) == ()
    assert visit_rules(scene.store, (COUNTY,), SINCE - timedelta(days=1)) == ()
    assert owed_by(scene.store, person("nobody"), scene.today) == ()


def test_a_month_is_held_against_the_days_that_the_post_owes(scene: Scene) -> None:
    for name in ("member", "clerk"):
        region = VILLAGE if name == "member" else TOWN
        scene.when(ReportDay(region=region, on=scene.today, presence="village"), person(name))
    scene.later(days=40)
    scene.when(ReportDay(region=VILLAGE, on=scene.today, presence="trip"), person("member"))
    month, days = month_by(scene.store, person("member"), scene.today)
    assert (month.present, month.trips, month.needed, month.short) == (1, 1, 20, 19)
    assert [day.on for day in days] == [scene.today]
    before, _ = month_by(scene.store, person("clerk"), scene.today - timedelta(days=40))
    assert (before.present, before.needed, before.short) == (1, None, 0)


def test_what_was_signed_on_leave_shows_in_the_signers_month() -> None:
    scene = county()
    chain = applied(scene, IssueId("issue-road"))
    sign_all(scene, IssueId("issue-road"), chain)
    signer, day = person("township-secretary"), {"since": scene.today, "until": scene.today}
    asked = {"leave": LeaveId("leave-1"), "region": TOWN, "kind": "sick", "reason": "看病", **day}
    scene.when(RequestLeave.model_validate(asked), signer)
    scene.when(ApproveLeave(leave=LeaveId("leave-1"), opinion="同意"), person("county-magistrate"))
    month, days = month_by(scene.store, signer, scene.today)
    assert month.contradicted == 1
    assert [one.marks for one in days] == [("signed_on_leave",)]
