"""Lists, cases, records, the directory and timelines, and that whoever looked is written down."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from domain.accountability import AppealMeasure, CaseOpened, DecideMeasure, MeasureKind
from domain.command import Act
from domain.fact import CHINA
from domain.ids import AppealId, BoardId, CaseId, EditionId, MeasureId
from domain.rankings import AdoptScoringRule, Period, packaged
from services import ranking
from tests.adapters.web.conftest import Clock, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, OTHER_TOWN, TOWN, person

SignIn = Callable[[str], Visitor]
BOARD = BoardId("board-townships")
FIRST, SECOND = EditionId("edition-1"), EditionId("edition-2")


def to(clock: Clock, day: date) -> None:
    clock.now = clock.now.astimezone(CHINA).replace(year=day.year, month=day.month, day=day.day)


@pytest.fixture(scope="module")
def town(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: lists are of everything in it, month by month."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        yield town


@pytest.fixture(scope="module")
def ranked(town: Town) -> Town:
    """Two editions, the same township black on both, a measure on its secretary, and an appeal."""
    rule = packaged("townships").model_copy(update={"red_places": 1, "black_places": 1})
    adopt = AdoptScoringRule(board=BOARD, region=COUNTY, rule=rule, since=date(2019, 9, 2))
    town.when(adopt, "supervisor")
    to(town.clock, date(2019, 10, 1))
    town.closed()
    late = {"due": date(2019, 10, 5), "precision": "day", "long_term": False}
    town.issue(region="region-451226103208", deadline=late, by="other-clerk")
    for edition, month, after in ((FIRST, 10, date(2019, 11, 1)), (SECOND, 11, date(2019, 12, 1))):
        if month == 11:
            to(town.clock, date(2019, 11, 5))
            town.closed()
        to(town.clock, after)
        period = Period(since=date(2019, month, 1), until=after - timedelta(days=1))
        act = Act(person("supervisor"), town.clock())
        outcome = ranking.publish(town.application.ledger, edition, BOARD, period, act)
        assert town.application.projector.wait_for(outcome.position, 10)
    measure = DecideMeasure(
        measure=MeasureId("measure-1"),
        case=case_of(town),
        on=person("other-secretary"),
        kind=MeasureKind.ADMONITION,
        reasons="连续两期黑榜,履职不力",
        decided_on=town.today,
        binds_from=town.today,
    )
    town.when(measure, "inspector")
    appeal = AppealMeasure(measure=MeasureId("measure-1"), appeal=AppealId("appeal-1"), grounds="资金未到位")
    town.when(appeal, "other-secretary")
    return town


def case_of(town: Town) -> CaseId:
    facts = town.application.facts.about(OTHER_TOWN)
    [case] = {fact.event.case for fact in facts if isinstance(fact.event, CaseOpened)}
    return case


def test_an_edition_says_how_every_score_came_about(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    lists = inspector.get("/boards").text
    assert "第1期" in lists
    assert "第2期" in lists
    page = inspector.get(f"/boards/{SECOND}").text
    assert re.search(r"红榜</span>.*明伦镇|明伦镇.*红榜</span>", page, re.S)
    assert "逾期未销号1件次" in page
    assert "连续2期黑榜" in page
    assert "截至第" in page
    assert f'href="/cases/{case_of(ranked)}"' in page


def test_anyone_can_count_an_edition_again(ranked: Town, signed_in: SignIn) -> None:
    page = signed_in("clerk").get(f"/boards/{FIRST}?recount=1").text
    assert "每一项得分和名次都与公布的一致" in page


def test_a_case_shows_its_measures_how_long_they_bind_and_the_appeal(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    case = case_of(ranked)
    assert case in inspector.get("/cases").text
    assert case not in inspector.get("/cases?state=closed").text
    page = inspector.get(f"/cases/{case}").text
    assert "按规则自动立项" in page
    assert "第1期红黑榜" in page
    assert "诫勉" in page
    assert "不得提拔" in page
    assert "影响期内" in page
    assert "不停止执行" in page


def test_a_record_holds_posts_duties_signatures_lists_and_measures(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    secretary = inspector.get(f"/people/{person('other-secretary')}").text
    assert "影响期内" in secretary
    assert "川山镇党委书记" in secretary
    signer = inspector.get(f"/people/{person('township-secretary')}").text
    assert re.search(r'href="/issues/issue-\d+\?as_of=\d+"', signer), "no way to what was seen when signing"
    officer = inspector.get(f"/people/{person('officer')}").text
    assert "责任人" in officer
    unit = inspector.get("/units/unit-roads").text
    assert "责任单位" in unit
    assert "在此任职" in unit


def test_a_record_of_a_past_day_knows_nothing_of_what_came_later(ranked: Town, signed_in: SignIn) -> None:
    page = signed_in("inspector").get(f"/people/{person('other-secretary')}?as_of=2019-11-15").text
    assert "您正在看过去" in page
    assert "诫勉" not in page


def test_a_place_shows_its_issues_its_people_and_its_lists(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    page = inspector.get(f"/regions/{OTHER_TOWN.code}").text
    assert "黑榜" in page
    assert "乡镇党委书记" in page
    assert "白丹村" in page
    assert "明伦镇" in inspector.get(f"/regions/{COUNTY.code}").text
    assert "百祥村" in inspector.get(f"/regions/{TOWN.code}000").text


def test_people_units_and_places_are_found_by_name(ranked: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    assert person("township-head") in clerk.get("/directory?name=township-head").text
    assert "unit-roads" in clerk.get("/directory?kind=unit&name=交通").text
    assert f"/regions/{TOWN.code}" in clerk.get("/directory?kind=region&name=明伦").text
    assert "没有找到" in clerk.get("/directory?name=无此人").text


def test_the_timeline_of_any_id_is_read_page_by_page(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    page = inspector.get(f"/timeline/{COUNTY}").text
    following = re.search(r'href="(/timeline/[^"]+after=\d+)"', inspector.get(f"/timeline/{person('clerk')}").text)
    assert "采用评分规则" in page
    positions = re.findall(r'<li id="p(\d+)"', page)
    assert positions == sorted(positions, key=int)
    if following:
        assert inspector.get(following[1]).status_code == 200


def test_who_looked_at_whose_record_is_written_down(ranked: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    with capture_logs() as lines:
        inspector.get(f"/people/{person('clerk')}")
    [viewed] = [line for line in lines if line["event"] == "viewed"]
    assert (viewed["viewer"], viewed["subject"]) == (person("inspector"), person("clerk"))


def test_the_first_page_shows_each_their_own(ranked: Town, signed_in: SignIn) -> None:
    issue, _ = ranked.ready()
    assert "1" in re.findall(r"待签待办</span><strong>(\d+)", signed_in("village-secretary").get("/").text)
    assert issue in signed_in("village-secretary").get("/queue").text
    assert issue not in signed_in("other-secretary").get("/queue").text
    assert issue not in signed_in("officer").get("/queue").text, "nobody checks or signs their own rectification"
