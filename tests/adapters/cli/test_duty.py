"""履职与反向核查 on the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.attendance import DayReported
from domain.command import Act
from domain.ids import DrawId
from domain.policy import PolicyAdopted, packaged
from domain.reverse_check import Asked, ClaimsDrawn
from services import draws
from tests.adapters.cli.conftest import Taizhang, program
from tests.county import COUNTY, SINCE, VILLAGE, founding, person

NOON = datetime(2019, 9, 30, 4, tzinfo=UTC)
DRAW = DrawId("draw-1")


@pytest.fixture
def september(taizhang: Taizhang, database_url: str, tmp_path: Path) -> None:
    """A month in which a member was nine days in the village, three of which were drawn to be checked."""
    adopted = PolicyAdopted(region=COUNTY, policy=packaged("huaihua"), since=SINCE)
    days = [
        DayReported(
            person=person("member"),
            region=VILLAGE,
            on=NOON.date().replace(day=number),
            presence="village",
            work=None,
            due_at=NOON,
            evidence=(),
        )
        for number in range(1, 10)
    ]
    with program(database_url, tmp_path) as application:
        act = Act(person("supervisor"), NOON)
        application.facts.append([*founding(), adopted, *days], act)
        asked = Asked(COUNTY, person("member"), SINCE, NOON.date(), 3)
        draws.draw(application.ledger, DRAW, asked, act)


@pytest.mark.usefixtures("september")
def test_a_persons_month_says_how_many_days_are_short(taizhang: Taizhang) -> None:
    ended = taizhang("duty", "person-member", "--on", "2019-09-30", "--json")
    assert ended.code == 0
    month = ended.json["month"]
    assert (month["present"], month["needed"], month["short"]) == (9, 20, 11)
    ended = taizhang("duty", "person-county-secretary", "--on", "2019-09-30")
    assert "县委书记、县长走访所有贫困村" in ended.out
    assert taizhang("duty", "issue-1").code == 1


@pytest.mark.usefixtures("september")
def test_a_draw_is_done_again_and_one_that_was_forged_is_found_out(
    taizhang: Taizhang, database_url: str, tmp_path: Path
) -> None:
    ended = taizhang("redraw", DRAW, "--json")
    assert (ended.code, ended.json["holds"], len(ended.json["computed"])) == (0, True, 3)
    with program(database_url, tmp_path) as application:
        drawn = next(fact.event for fact in application.facts.about(DRAW))
        assert isinstance(drawn, ClaimsDrawn)
        forged = ClaimsDrawn.model_validate({**drawn.model_dump(), "draw": "draw-2", "claims": drawn.claims[:1]})
        application.facts.append([forged], Act(person("supervisor"), NOON))
    ended = taizhang("redraw", "draw-2")
    assert ended.code == 1
    assert "不一致" in ended.out
    assert taizhang("redraw", "draw-3").code == 1


@pytest.mark.parametrize(
    ("pack", "said"),
    [
        ("changsha", "每月不少于20天"),
        ("huaihua", "结对干部每月至少走访结对户一次"),
        ("tongyu", "县委书记和县长"),
        ("huanjiang", "当日21时前"),
    ],
)
def test_a_pack_prints_its_rules_of_duty(pack: str, said: str, taizhang: Taizhang) -> None:
    ended = taizhang("policy", "show", pack)
    assert ended.code == 0, ended.err
    assert said in "".join(ended.out.split())
