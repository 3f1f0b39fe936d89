"""电视通报 without a browser: recorded for an edition, shown on it and in the record of those it named, taken back."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient

from domain.broadcasts import NoticeBroadcast, NoticeRetracted
from domain.fact import CHINA
from domain.ids import EditionId
from tests.adapters.web.conftest import PASSWORD, Clock, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import BUREAU, COUNTY, OTHER_TOWN, OTHER_VILLAGE, TOWN

SignIn = Callable[[str], Visitor]
PAGE = "/notices"


def to(clock: Clock, day: date) -> None:
    clock.now = clock.now.astimezone(CHINA).replace(year=day.year, month=day.month, day=day.day)


@pytest.fixture(scope="module")
def county(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        yield town


def arrive(town: Town, name: str) -> Visitor:
    visitor = Visitor(TestClient(town.api, follow_redirects=False))
    assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
    return visitor


@pytest.fixture
def enters(county: Town) -> SignIn:
    return lambda name: arrive(county, name)


@pytest.fixture(scope="module")
def edition(county: Town) -> EditionId:
    """October's list of townships, one of which was late."""
    supervisor = arrive(county, "supervisor")
    adopting = supervisor.fill("/boards", "/boards/adopt-rule", rule="townships", since=str(county.today))
    assert adopting.status_code == 303
    to(county.clock, date(2019, 10, 2))
    late = {"due": date(2019, 10, 5), "precision": "day", "long_term": False}
    county.issue(region=OTHER_VILLAGE, deadline=late, by="other-clerk")
    to(county.clock, date(2019, 11, 1))
    period = {"period.since": "2019-10-01", "period.until": "2019-10-31"}
    answer = arrive(county, "supervisor").fill("/boards", "/boards/publish", **period)
    assert answer.status_code == 303, answer.text
    return EditionId(answer.headers["location"].partition("?")[0].removeprefix("/boards/"))


def broadcasts(town: Town) -> list[NoticeBroadcast]:
    facts = town.application.facts.facts((NoticeBroadcast,))
    return [fact.event for fact in facts if isinstance(fact.event, NoticeBroadcast)]


def told(town: Town, **more: str) -> dict[str, str]:
    said = {"medium": "television", "outlet": "县电视台", "broadcast_on": str(town.today), "matter": "通报本期榜单"}
    return {**said, **more}


def test_a_notice_of_an_edition_names_whom_the_edition_lists(county: Town, edition: EditionId, enters: SignIn) -> None:
    office = enters("headquarters")
    assert f'href="{PAGE}?edition={edition}"' in office.get(f"/boards/{edition}").text
    path = f"{PAGE}?edition={edition}"
    form = office.get(path).text
    black = re.findall(r'name="criticised\.([^"]+)" value="yes" checked', form)
    assert black == [OTHER_TOWN]
    answer = office.fill(path, f"{PAGE}/broadcast", **told(county, **{f"criticised.{OTHER_TOWN}": "yes"}))
    assert answer.status_code == 303, answer.text
    (made,) = broadcasts(county)
    assert (made.edition, made.criticised, made.region) == (edition, (OTHER_TOWN,), COUNTY)
    notice = f"{PAGE}/{made.notice}"
    reader = enters("clerk")
    for page in (PAGE, f"/boards/{edition}", "/regions/451226103"):
        assert notice in reader.get(page).text, page
    assert notice not in reader.get("/regions/451226104").text
    assert "县电视台电视通报" in reader.get(notice).text


def test_nobody_is_criticised_for_an_edition_that_does_not_list_them(
    county: Town, edition: EditionId, enters: SignIn
) -> None:
    before = len(broadcasts(county))
    typed = told(county, **{f"criticised.{TOWN}": "yes"})
    answer = enters("headquarters").fill(f"{PAGE}?edition={edition}", f"{PAGE}/broadcast", **typed)
    assert answer.status_code == 422
    assert "不在这一期的黑榜上" in answer.text
    assert "通报本期榜单</textarea>" in answer.text
    assert len(broadcasts(county)) == before


def test_a_notice_without_an_edition_names_towns_and_units_and_is_taken_back(county: Town, enters: SignIn) -> None:
    office = enters("supervisor")
    nobody = office.fill(PAGE, f"{PAGE}/broadcast", **told(county))
    assert nobody.status_code == 422
    assert "须写明通报了谁" in nobody.text
    typed = told(county, **{f"praised.{TOWN}": "yes", f"criticised.{BUREAU}": "yes"})
    answer = office.fill(PAGE, f"{PAGE}/broadcast", **typed)
    assert answer.status_code == 303, answer.text
    made = broadcasts(county)[-1]
    assert (made.edition, made.praised, made.criticised) == (None, (TOWN,), (BUREAU,))
    page = f"{PAGE}/{made.notice}"
    assert page in office.get(f"/units/{BUREAU}").text
    early = {"reason": "数据有误", "retracted_on": str(county.today - timedelta(days=1))}
    refused = office.fill(page, f"{page}/retract", **early)
    assert refused.status_code == 422
    assert "数据有误</textarea>" in refused.text
    back = {"reason": "数据有误", "retracted_on": str(county.today)}
    assert office.fill(page, f"{page}/retract", **back).status_code == 303
    assert any(isinstance(fact.event, NoticeRetracted) for fact in county.application.facts.about(made.notice))
    assert "已更正" in office.get(f"/units/{BUREAU}").text
    assert f"{page}/retract" not in office.get(page).text


def test_only_the_office_that_publishes_lists_is_offered_the_form(county: Town, enters: SignIn) -> None:
    for name in ("clerk", "county-secretary", "inspector"):
        assert f"{PAGE}/broadcast" not in enters(name).get(PAGE).text
    assert enters("clerk").get(f"{PAGE}/notice-none").status_code == 404
