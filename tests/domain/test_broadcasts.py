"""电视通报: whom a place may name before everybody, and how it is taken back."""

from datetime import timedelta

import pytest

from domain.broadcasts import BroadcastNotice, RetractNotice, notices
from domain.command import Act
from domain.ids import NoticeId, RegionId, UnitId
from domain.organisation import UnitEstablished
from tests.county import BUREAU, COUNTY, OTHER_TOWN, TOWN, county, person
from tests.scenario import FOUNDER, Scene

NOTICE = NoticeId("notice-1")
OFFICE = person("headquarters")


def notice(scene: Scene, **changes: object) -> BroadcastNotice:
    asked: dict[str, object] = {
        "notice": NOTICE,
        "region": COUNTY,
        "outlet": "县电视台",
        "criticised": (TOWN,),
        "matter": "道路整改进展迟缓",
        "broadcast_on": scene.today,
    }
    return BroadcastNotice.model_validate({**asked, **changes})


def test_a_notice_names_towns_and_units_for_praise_and_for_criticism() -> None:
    scene = county()
    scene.when(notice(scene, praised=(BUREAU,)), OFFICE)
    standing = notices(scene.store.facts())[NOTICE]
    assert (standing.broadcast.praised, standing.broadcast.criticised) == ((BUREAU,), (TOWN,))
    assert standing.broadcast.medium == "television"
    assert {BUREAU, TOWN, COUNTY} <= standing.broadcast.tags
    scene.refused(notice(scene), OFFICE, "notice_already_recorded")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"criticised": ()}, "nobody_named"),
        ({"praised": (TOWN,)}, "named_twice"),
        ({"criticised": (UnitId("unit-none"),)}, "unknown_unit"),
        ({"criticised": (RegionId("region-451226199"),)}, "unknown_region"),
        ({"edition": "edition-none"}, "unknown_edition"),
    ],
)
def test_what_nobody_could_have_heard_is_refused(changes: dict[str, object], code: str) -> None:
    scene = county()
    scene.refused(notice(scene, **changes), OFFICE, code)


def test_only_the_office_that_publishes_lists_records_one_and_not_before_it_was_on() -> None:
    scene = county()
    for name in ("clerk", "county-secretary", "inspector"):
        scene.refused(notice(scene), person(name), "no_authority")
    scene.refused(notice(scene, broadcast_on=scene.today + timedelta(days=1)), OFFICE, "future_date")
    scene.refused(notice(scene, region=OTHER_TOWN), person("other-secretary"), "no_authority")


def test_a_place_names_nobody_who_is_not_its_own() -> None:
    unit = UnitEstablished(unit=UnitId("unit-city"), name="市直某局", kind="department", region=RegionId("region-4512"))
    scene = county()
    scene.store.append([unit], Act(FOUNDER, scene.at))
    scene.refused(notice(scene, criticised=(unit.unit,)), OFFICE, "not_of_this_region")


def test_what_was_wrong_is_taken_back_once_and_stays_in_the_record() -> None:
    scene = county()
    scene.when(notice(scene), OFFICE)
    back = RetractNotice(notice=NOTICE, reason="整改已按期完成,通报有误", retracted_on=scene.today)
    scene.refused(back, person("clerk"), "no_authority")
    earlier = RetractNotice(notice=NOTICE, reason="有误", retracted_on=scene.today - timedelta(days=1))
    scene.refused(earlier, OFFICE, "dates_out_of_order")
    scene.when(back, person("supervisor"))
    assert notices(scene.store.facts())[NOTICE].retracted_on == scene.today
    scene.refused(back, OFFICE, "already_retracted")
    scene.refused(
        RetractNotice(notice=NoticeId("notice-2"), reason="有误", retracted_on=scene.today), OFFICE, "unknown_notice"
    )
