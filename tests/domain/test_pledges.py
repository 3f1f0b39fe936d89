"""Pledges: signed by the two heads of a place, each for themselves, and superseded by the next."""

from datetime import timedelta

import pytest

from domain.ids import PledgeId, RegionId
from domain.pledges import PAIRS, PledgeSigned, SignPledge, standing_pledges
from domain.posts import Post
from tests.county import CITY, COUNTY, OTHER_TOWN, TOWN, VILLAGE, county, person
from tests.scenario import Scene

TEXT, OTHER_TEXT = "1" * 64, "2" * 64


def pledge(scene: Scene, region: RegionId, number: int = 1, text: str = TEXT) -> SignPledge:
    return SignPledge(
        pledge=PledgeId(f"pledge-{number}"),
        region=region,
        title="脱贫摘帽承诺书",
        promise="如期完成脱贫摘帽任务",
        text_digest=text,
        due=scene.today + timedelta(days=400),
    )


@pytest.mark.parametrize(
    ("region", "heads"),
    [
        (COUNTY, ("county-secretary", "county-magistrate")),
        (TOWN, ("township-secretary", "township-head")),
        (VILLAGE, ("village-secretary", "village-director")),
    ],
)
def test_each_level_is_pledged_by_its_own_two_heads(region: RegionId, heads: tuple[str, str]) -> None:
    scene = county()
    for other in {"county-secretary", "township-secretary", "village-secretary", "other-secretary"} - set(heads):
        scene.refused(pledge(scene, region), person(other), "no_authority")
    for number, head in enumerate(heads):
        scene.when(pledge(scene, region, number), person(head))
    found = standing_pledges(scene.about(region).events, region)
    assert [(post, one.person) for post, one in found.items()] == [
        (post, person(head)) for post, head in zip(PAIRS[region.level], heads, strict=True)
    ]
    assert not any(one.supersedes for one in found.values())


def test_a_new_pledge_takes_the_place_of_ones_own_and_of_no_other() -> None:
    scene = county()
    scene.when(pledge(scene, TOWN, 1), person("township-secretary"))
    scene.when(pledge(scene, TOWN, 2), person("township-head"))
    scene.when(pledge(scene, TOWN, 3, OTHER_TEXT), person("township-secretary"))
    last = scene.last[0]
    assert isinstance(last, PledgeSigned)
    assert last.supersedes == "pledge-1"
    found = standing_pledges(scene.about(TOWN).events, TOWN)
    assert found[Post.TOWNSHIP_SECRETARY].pledge == "pledge-3"
    assert found[Post.TOWNSHIP_HEAD].pledge == "pledge-2"
    assert [event.type for event in scene.about(PledgeId("pledge-1")).events] == ["pledge.signed", "pledge.signed"]


def test_a_pledge_is_dated_ahead_and_made_where_pledges_are() -> None:
    scene = county()
    asked = pledge(scene, TOWN)
    scene.refused(
        asked.model_copy(update={"due": scene.today - timedelta(days=1)}), person("township-head"), "past_date"
    )
    scene.refused(pledge(scene, CITY), person("city-mayor"), "no_pledge_here")
    scene.refused(pledge(scene, OTHER_TOWN), person("township-head"), "no_authority")
    scene.when(asked, person("township-head"))
    scene.refused(asked, person("township-head"), "pledge_already_signed")
