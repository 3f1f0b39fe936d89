"""Opening a ledger, regions, units, people and posts: authority follows from facts alone."""

from datetime import timedelta

from domain.appointing import Appoint
from domain.command import Act
from domain.ids import AppointmentId, PersonId, PolicyId, RegionId, UnitId
from domain.organisation import (
    DissolveUnit,
    EstablishUnit,
    OpenLedger,
    RegisterPerson,
    Relieve,
)
from domain.policy import AdoptPolicy, in_force, packaged, policies_of
from domain.posts import TENURE, LedgerOpened, Post, authority_of, held, tenures
from domain.regions import AbolishRegion, EstablishRegions, Place, RegionEstablished, RegionRenamed, latest
from tests.county import BUREAU, COUNTY, SINCE, TOWN, VILLAGE, county, person
from tests.scenario import FOUNDER, Scene

CLERK = AppointmentId("appointment-second-clerk")


def appoint(**changes: object) -> Appoint:
    asked: dict[str, object] = {
        "appointment": CLERK,
        "person": person("member"),
        "post": Post.TOWNSHIP_CLERK,
        "region": TOWN,
        "since": SINCE,
    }
    return Appoint.model_validate({**asked, **changes})


def test_a_ledger_is_opened_once_and_its_first_organiser_may_appoint() -> None:
    scene = Scene()
    opening = OpenLedger(
        region=COUNTY,
        name="环江毛南族自治县",
        organiser=person("organiser"),
        organiser_name="组织",
        appointment=AppointmentId("appointment-first"),
        since=SINCE,
    )
    scene.when(opening, FOUNDER)
    scene.refused(opening, FOUNDER, "ledger_already_open")
    assert len(scene.events(LedgerOpened)) == len(scene.events(RegionEstablished)) == 1
    scene.when(RegisterPerson(person=person("clerk"), name="专干", region=COUNTY), person("organiser"))
    scene.refused(
        RegisterPerson(person=person("x"), name="某人", region=RegionId("region-451225")),
        person("organiser"),
        "no_authority",
    )


def test_only_the_organiser_appoints_and_only_to_posts_of_the_regions_level() -> None:
    scene = county()
    scene.refused(appoint(), person("headquarters"), "no_authority")
    scene.refused(appoint(region=VILLAGE), person("organiser"), "post_not_of_this_level")
    scene.refused(appoint(person=PersonId("person-none")), person("organiser"), "unknown_person")
    scene.refused(appoint(region=RegionId("region-451226999")), person("organiser"), "unknown_region")
    scene.refused(appoint(unit=UnitId("unit-none")), person("organiser"), "unknown_unit")
    scene.when(appoint(), person("organiser"))
    scene.refused(appoint(), person("organiser"), "appointment_already_made")
    other = appoint(appointment=AppointmentId("appointment-third"))
    scene.refused(other, person("organiser"), "post_already_held")


def test_authority_begins_with_the_appointment_and_ends_the_day_it_is_taken() -> None:
    scene = county()
    begins = scene.today + timedelta(days=3)
    scene.when(appoint(since=begins), person("organiser"))
    assert not _posts(scene, "member", Post.TOWNSHIP_CLERK)
    scene.later(days=3)
    assert _posts(scene, "member", Post.TOWNSHIP_CLERK)
    back = Relieve(appointment=CLERK, on=scene.today - timedelta(days=1), reason="调离")
    scene.refused(back, person("organiser"), "dates_out_of_order")
    scene.when(Relieve(appointment=CLERK, on=scene.today, reason="调离"), person("organiser"))
    assert not _posts(scene, "member", Post.TOWNSHIP_CLERK)
    scene.refused(Relieve(appointment=CLERK, on=scene.today, reason="再免"), person("organiser"), "already_relieved")


def test_nobody_is_relieved_in_the_past_so_what_was_signed_in_post_stays_signed_in_post() -> None:
    scene = county()
    earlier = Relieve(appointment=AppointmentId("appointment-clerk"), on=scene.today - timedelta(days=1), reason="追溯")
    scene.refused(earlier, person("organiser"), "past_date")


def _posts(scene: Scene, name: str, post: Post) -> bool:
    past, _, _ = scene.ledger.stand(appoint(), Act(person("organiser"), scene.at))
    return any(tenure.post is post for tenure in held(past, person(name), scene.today))


def test_who_held_which_post_when_can_be_replayed() -> None:
    scene = county()
    relieve = Relieve(appointment=AppointmentId("appointment-clerk"), on=scene.today, reason="轮岗")
    scene.when(relieve, person("organiser"))
    tenure = tenures(scene.events(*TENURE))[AppointmentId("appointment-clerk")]
    assert tenure.covers(scene.today - timedelta(days=1))
    assert not tenure.covers(scene.today)
    assert not tenure.covers(SINCE - timedelta(days=1))


def test_loading_a_countys_regions_twice_changes_nothing_and_a_new_name_renames() -> None:
    scene = county()
    village = RegionId("region-451226104212")
    load = EstablishRegions(places=(Place(region=village, name="八面村"),), since=SINCE)
    assert len(scene.when(load, person("headquarters")).facts) == 1
    assert scene.when(load, person("headquarters")).facts == ()
    renamed = EstablishRegions(places=(Place(region=village, name="八面社区"),), since=scene.today)
    scene.when(renamed, person("headquarters"))
    assert len(scene.events(RegionRenamed)) == 1
    scene.refused(
        AbolishRegion(region=village, on=SINCE - timedelta(days=1)), person("organiser"), "dates_out_of_order"
    )
    scene.when(AbolishRegion(region=village, on=scene.today), person("organiser"))
    assert latest(scene.about(village), village) is None
    scene.refused(AbolishRegion(region=village, on=scene.today), person("organiser"), "unknown_region")


def test_units_are_established_once_and_dissolved_once() -> None:
    scene = county()
    unit = EstablishUnit(unit=UnitId("unit-water"), name="水利局", kind="department", region=COUNTY)
    scene.refused(unit, person("clerk"), "no_authority")
    scene.when(unit, person("organiser"))
    scene.refused(unit, person("organiser"), "unit_already_established")
    scene.when(DissolveUnit(unit=BUREAU, on=scene.today), person("organiser"))
    scene.refused(DissolveUnit(unit=BUREAU, on=scene.today), person("organiser"), "unknown_unit")
    scene.refused(appoint(unit=BUREAU), person("organiser"), "unknown_unit")


def test_the_rules_in_force_are_those_adopted_by_then_and_a_new_version_must_be_newer() -> None:
    scene = county()
    next_version = packaged("county").model_copy(update={"version": 2, "answer_hours": 12})
    begins = scene.today + timedelta(days=10)
    adopt = AdoptPolicy(region=COUNTY, policy=next_version, since=begins)
    scene.refused(adopt, person("clerk"), "no_authority")
    backdated = adopt.model_copy(update={"since": scene.today - timedelta(days=1)})
    scene.refused(backdated, person("headquarters"), "past_date")
    scene.when(adopt, person("headquarters"))
    scene.refused(adopt, person("headquarters"), "policy_version_not_newer")
    past = scene.store.read(policies_of(VILLAGE)).facts
    assert in_force(past, VILLAGE, scene.today).answer_hours == 24
    assert in_force(past, VILLAGE, begins).answer_hours == 12
    lower = AdoptPolicy(region=TOWN, policy=next_version, since=begins)
    scene.refused(lower, person("headquarters"), "policy_level")
    assert next_version.policy == PolicyId("policy-county")


def test_what_an_organiser_may_do_is_found_without_reading_everyone_they_appointed() -> None:
    scene = county()
    scene.when(appoint(), person("organiser"))
    found = scene.store.read(authority_of(Act(person("organiser"), scene.at))).facts
    assert {fact.event.type for fact in found} == {"ledger.opened", "post.appointed"}
    assert all(person("organiser") in fact.event.tags for fact in found)
