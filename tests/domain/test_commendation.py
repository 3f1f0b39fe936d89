"""What is earned: decided by whom, kept from whom while a measure binds, taken back without being forgotten; and who
takes the place of those who are replaced."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.accountability import MeasureKind
from domain.appointing import MemberReplaced, ReplaceMember
from domain.commendation import GiveMerit, MeritGiven, MeritKind, MeritRevoked, RevokeMerit, merits
from domain.ids import AppointmentId, MeritId, RegionId, UnitId
from domain.organisation import Relieve
from domain.posts import Appointed, Post, Relieved, held
from tests.domain.test_accountability import BUREAU, TODAY, TOWN, VILLAGE, admonished, appointed, case_on, measure
from tests.luchuan import COUNTY, who
from tests.scenario import Scene

EXTRA: dict[MeritKind, dict[str, Any]] = {
    MeritKind.BONUS: {"amount": 500_000},
    MeritKind.RESERVE: {"level": "deputy_section"},
}


def merit(kind: MeritKind, on: Any = None, name: str = "merit-one", **changes: Any) -> GiveMerit:
    told = {"merit": MeritId(name), "on": on or who("town-head"), "region": COUNTY, "kind": kind, "reasons": "成效突出"}
    return GiveMerit.model_validate({**told, "decided_on": TODAY, **EXTRA.get(kind, {}), **changes})


@pytest.mark.parametrize(
    ("kind", "may", "may_not"),
    [
        (MeritKind.PRAISE, "magistrate", "organiser"),
        (MeritKind.BONUS, "secretary", "headquarters"),
        (MeritKind.RESERVE, "organiser", "magistrate"),
        (MeritKind.PROMOTION, "organiser", "inspector"),
    ],
)
def test_each_kind_is_decided_by_its_own_body_and_recorded_once(kind: MeritKind, may: str, may_not: str) -> None:
    scene = case_on()
    scene.refused(merit(kind), who(may_not), "no_authority")
    scene.when(merit(kind), who(may))
    scene.refused(merit(kind), who(may), "merit_already_given")
    (given,) = scene.events(MeritGiven)
    assert isinstance(given, MeritGiven)
    assert given.post.label in ("县长", "县委书记", "组织部门")


def test_a_bonus_names_its_amount_and_a_reserve_its_level() -> None:
    for kind, changes in (
        (MeritKind.BONUS, {"amount": None}),
        (MeritKind.RESERVE, {"level": None}),
        (MeritKind.PRAISE, {"amount": 1}),
        (MeritKind.PROMOTION, {"level": "middle"}),
    ):
        with pytest.raises(ValidationError):
            merit(kind, **changes)


def test_a_unit_and_a_township_can_be_praised_but_only_people_are_put_on_the_reserve_list() -> None:
    scene = case_on()
    subjects: tuple[UnitId | RegionId, ...] = (BUREAU, TOWN)
    for number, subject in enumerate(subjects):
        scene.when(merit(MeritKind.PRAISE, subject, f"merit-{number}"), who("magistrate"))
        scene.refused(merit(MeritKind.RESERVE, subject), who("organiser"), "persons_only")


def test_nobody_decides_on_themselves() -> None:
    scene = case_on()
    scene.refused(merit(MeritKind.PRAISE, who("magistrate")), who("magistrate"), "own_case")
    scene.refused(merit(MeritKind.PRAISE, decided_on=date(2016, 9, 16)), who("magistrate"), "future_date")


def test_while_an_admonition_binds_there_is_no_reserve_until_march_and_no_praise_until_january() -> None:
    scene = admonished()
    for kind in (MeritKind.RESERVE, MeritKind.PROMOTION):
        assert "2017-03-15" in scene.refused(merit(kind), who("organiser"), "promotion_barred").sentence
    for kind in (MeritKind.PRAISE, MeritKind.BONUS):
        assert "2017-01-01" in scene.refused(merit(kind), who("magistrate"), "merit_lost").sentence
    scene.later(days=108)
    scene.when(merit(MeritKind.PRAISE, decided_on=scene.today), who("magistrate"))


def test_a_criticism_binds_nothing_and_so_bars_nothing() -> None:
    scene = case_on()
    scene.when(measure(MeasureKind.CRITICISM, who("town-head")), who("inspector"))
    scene.when(merit(MeritKind.RESERVE), who("organiser"))


def test_what_is_revoked_stays_in_the_record_and_a_reserve_stands_once_per_level() -> None:
    scene = case_on()
    scene.when(merit(MeritKind.RESERVE), who("organiser"))
    again = merit(MeritKind.RESERVE, name="merit-two")
    scene.refused(again, who("organiser"), "already_in_reserve")
    scene.when(merit(MeritKind.RESERVE, name="merit-three", level="section"), who("organiser"))
    revoke = RevokeMerit(merit=MeritId("merit-one"), reasons="工作滑坡", revoked_on=TODAY)
    scene.refused(revoke, who("magistrate"), "no_authority")
    scene.refused(revoke.model_copy(update={"revoked_on": date(2016, 9, 14)}), who("organiser"), "dates_out_of_order")
    scene.when(revoke, who("organiser"))
    scene.refused(revoke, who("organiser"), "already_revoked")
    scene.refused(revoke.model_copy(update={"merit": MeritId("merit-none")}), who("organiser"), "unknown_merit")
    scene.when(again, who("organiser"))
    assert len(scene.events(MeritGiven)) == 3
    assert len(scene.events(MeritRevoked)) == 1
    standing = merits(scene.about(who("town-head")))
    assert {name for name, one in standing.items() if one.revoked_on} == {"merit-one"}


# Replacement


def replacing(**changes: Any) -> ReplaceMember:
    told = {"appointment": "appointment-village-secretary", "successor": who("bureau-officer")}
    told |= {"succeeding": AppointmentId("appointment-next"), "cause": "unfamiliar", "reason": "不熟悉户情"}
    return ReplaceMember.model_validate({**told, **changes})


def posts_of(scene: Scene, name: str) -> set[tuple[Post, RegionId]]:
    past = scene.about(who(name))
    return {(one.post, one.region) for one in held(past, who(name), scene.today)}


def test_a_replacement_relieves_one_and_appoints_the_other_on_the_same_day() -> None:
    scene = case_on()
    scene.refused(replacing(), who("headquarters"), "no_authority")
    scene.when(replacing(), who("organiser"))
    assert [type(event) for event in scene.last] == [MemberReplaced, Relieved, Appointed]
    assert posts_of(scene, "village-secretary") == set()
    assert (Post.VILLAGE_SECRETARY, VILLAGE) in posts_of(scene, "bureau-officer")
    scene.refused(replacing(succeeding="appointment-third"), who("organiser"), "already_relieved")


def test_only_village_posts_are_replaced_and_not_by_the_same_person_or_nobody() -> None:
    scene = case_on()
    organiser = who("organiser")
    scene.refused(replacing(appointment="appointment-town-head"), organiser, "not_a_village_post")
    scene.refused(replacing(appointment="appointment-none"), organiser, "unknown_appointment")
    scene.refused(replacing(successor=who("nobody")), organiser, "unknown_person")
    scene.refused(replacing(successor=who("village-secretary")), organiser, "post_already_held")
    scene.refused(replacing(succeeding="appointment-town-head"), organiser, "appointment_already_made")
    relieve = Relieve(appointment=AppointmentId("appointment-village-secretary"), on=TODAY, reason="调离")
    scene.when(relieve, organiser)
    scene.refused(replacing(), organiser, "already_relieved")


def test_praise_leads_to_no_post_by_itself() -> None:
    scene = case_on()
    scene.when(merit(MeritKind.PROMOTION), who("organiser"))
    assert posts_of(scene, "town-head") == {(Post.TOWNSHIP_HEAD, TOWN)}
    scene.when(appointed("town-head", Post.LEADER, COUNTY), who("organiser"))
    assert (Post.LEADER, COUNTY) in posts_of(scene, "town-head")
