"""Boards, cases and the organisation by forms alone: publish, object, correct; decide, appeal; register, appoint."""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from fastapi.testclient import TestClient

from domain.fact import CHINA, Past
from domain.ids import EditionId
from domain.issues import IssueRegistered
from domain.rankings import EditionPublished
from tests.adapters.web.conftest import PASSWORD, Clock, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, OTHER_TOWN, OTHER_VILLAGE, TOWN, VILLAGE, person

SignIn = Callable[[str], Visitor]


def to(clock: Clock, day: date) -> None:
    clock.now = clock.now.astimezone(CHINA).replace(year=day.year, month=day.month, day=day.day)


@pytest.fixture(scope="module")
def town(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: lists are of everything in it, and its posts change hands."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        town.application.accounts.create_account("organiser", PASSWORD, town.clock(), person=person("organiser"))
        yield town


def forms(page: str) -> set[str]:
    return set(re.findall(r'<form method="post" action="([^"]+)"', page)) - {"/logout"}


def location(visitor: Visitor, path: str, action: str, **typed: str) -> str:
    """Where a form leads, once it is done."""
    response = visitor.fill(path, action, **typed)
    assert response.status_code == 303, response.text
    return str(response.headers["location"].partition("?")[0])


@pytest.fixture(scope="module")
def board(town: Town) -> Town:
    """A rule adopted, and a month gone by in which one township was late."""
    late = {"due": date(2019, 10, 5), "precision": "day", "long_term": False}
    supervisor = arrive(town, "supervisor")
    assert "red_places" not in supervisor.get("/boards").text
    rule = {"rule": "townships", "since": str(town.today)}
    assert location(supervisor, "/boards", "/boards/adopt-rule", **rule) == "/boards"
    to(town.clock, date(2019, 10, 2))
    town.issue(region=OTHER_VILLAGE, deadline=late, by="other-clerk")
    to(town.clock, date(2019, 11, 1))
    return town


def arrive(town: Town, name: str) -> Visitor:
    visitor = Visitor(TestClient(town.api, follow_redirects=False))
    assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
    return visitor


@pytest.fixture(scope="module")
def edition(board: Town) -> EditionId:
    """October, published from the page, with the period that the page suggests."""
    supervisor = arrive(board, "supervisor")
    page = supervisor.get("/boards").text
    assert "乡镇红黑榜第1期" in page
    assert 'value="2019-10-01"' in page, "the first whole month after the rule was adopted"
    typed = supervisor.hidden(page, "/boards/publish")
    typed |= {"period.since": "2019-10-01", "period.until": "2019-10-31"}
    pressed = [supervisor.client.post("/boards/publish", data=typed) for _ in range(2)]
    [place] = {response.headers["location"].partition("?")[0] for response in pressed}
    return EditionId(place.removeprefix("/boards/"))


def test_only_who_keeps_boards_is_offered_to_publish(board: Town, signed_in: SignIn) -> None:
    assert forms(signed_in("clerk").get("/boards").text) == set()
    assert "/boards/publish" in forms(signed_in("headquarters").get("/boards").text)


def test_a_period_that_does_not_fit_is_refused_with_what_was_typed(board: Town, signed_in: SignIn) -> None:
    typed = {"period.since": "2019-10-03", "period.until": "2019-10-20"}
    response = signed_in("headquarters").fill("/boards", "/boards/publish", **typed)
    assert response.status_code == 422
    assert "与规则规定的周期" in response.text
    assert 'value="2019-10-03"' in response.text


def test_a_double_press_publishes_once(edition: EditionId, board: Town) -> None:
    assert len(list(board.application.facts.facts((EditionPublished,)))) == 1


def test_the_next_edition_is_announced_until_its_period_is_over(edition: EditionId, signed_in: SignIn) -> None:
    page = signed_in("headquarters").get("/boards").text
    assert "/boards/publish" not in forms(page)
    assert "统计到2019年11月30日" in page


def test_an_objection_is_answered_by_someone_else_and_leads_to_a_correction(
    edition: EditionId, board: Town, signed_in: SignIn
) -> None:
    base = f"/boards/{edition}"
    registered = Past(board.application.facts.about(OTHER_VILLAGE)).of(IssueRegistered).events
    [late] = [event.issue for event in registered if isinstance(event, IssueRegistered)]
    assert forms(signed_in("clerk").get(base).text) == set()
    secretary = signed_in("other-secretary")
    assert forms(secretary.get(base).text) == {f"{base}/object"}
    assert base in secretary.get("/queue").text
    location(secretary, base, f"{base}/object", subject=OTHER_TOWN, matter="该问题属上级项目,不应计入我镇")
    assert f"{base}/object" not in forms(secretary.get(base).text), "once for each state of the list"
    assert f"{base}/answer" not in forms(signed_in("supervisor").get(base).text), "who published does not answer"
    headquarters = signed_in("headquarters")
    assert "榜单异议待答复" in headquarters.get("/").text
    location(headquarters, base, f"{base}/answer", upheld="yes", answer="情况属实")
    assert "榜单待更正" in headquarters.get("/queue").text
    typed = {f"excluded.{late}": "yes", "reason": "异议成立"}
    refused = headquarters.fill(base, f"{base}/correct", **typed)
    assert refused.status_code == 422
    assert "请写明不计入的理由" in refused.text
    assert "异议成立" in refused.text
    objection = re.search(r'<option value="(objection-[0-9a-f]+)"', headquarters.get(base).text)
    assert objection
    whole = {**typed, "excluded.reason": "属上级项目", "objection": objection[1]}
    location(headquarters, base, f"{base}/correct", **whole)
    page = headquarters.get(base).text
    assert "第1次更正后" in page
    assert "属上级项目" in page
    assert "榜单待更正" not in headquarters.get("/queue").text


def test_a_case_is_opened_by_hand_on_what_is_in_the_record(board: Town, signed_in: SignIn) -> None:
    issue = board.assigned()
    inspector = signed_in("inspector")
    assert f"/cases/new?issue={issue}" in inspector.get(f"/issues/{issue}").text
    assert f"/cases/new?issue={issue}" not in signed_in("clerk").get(f"/issues/{issue}").text
    assert signed_in("clerk").get(f"/cases/new?issue={issue}").status_code == 403
    assert person("officer") in inspector.get("/cases/new?name=officer").text
    path = f"/cases/new?issue={issue}"
    typed = {"subject": person("officer"), "reason": "missed_deadline", "matter": "逾期两个月未办"}
    refused = inspector.fill(path, "/cases/open", **typed)
    assert refused.status_code == 422
    assert "请至少选择一项依据" in refused.text
    assert "逾期两个月未办" in refused.text
    assert f'name="grounds.{issue}"' in refused.text, "the grounds to choose from are still there"
    place = location(inspector, path, "/cases/open", **typed, **{f"grounds.{issue}": "yes"})
    page = inspector.get(place).text
    assert "逾期未办" in page
    assert f'href="/issues/{issue}"' in page


@pytest.fixture
def case(board: Town, signed_in: SignIn) -> str:
    """A case about the road bureau's officer, at its address."""
    issue = board.assigned()
    typed = {"subject": person("officer"), "reason": "missed_deadline", "matter": "逾期未办", f"grounds.{issue}": "yes"}
    return location(signed_in("supervisor"), f"/cases/new?issue={issue}", "/cases/open", **typed)


def decided(inspector: Visitor, case: str, kind: str, today: date) -> None:
    typed = {"on": person("officer"), "kind": kind, "reasons": "履职不力"}
    dates = {"decided_on": str(today), "binds_from": str(today)}
    location(inspector, case, f"{case}/decide", **typed, **dates)


def test_each_is_offered_the_measures_of_their_own_post(case: str, signed_in: SignIn) -> None:
    def kinds(name: str) -> set[str]:
        return set(
            re.findall(r'<option value="(talk|criticism|warning|removal|probation)"', signed_in(name).get(case).text)
        )

    assert kinds("supervisor") == {"talk"}
    assert kinds("inspector") == {"talk", "criticism", "warning", "probation"}
    assert kinds("organiser") == {"removal"}
    assert kinds("clerk") == set()
    assert "6个月" in signed_in("inspector").get(case).text


def test_a_measure_is_appealed_and_made_lighter_by_someone_who_took_no_part(
    case: str, board: Town, signed_in: SignIn
) -> None:
    inspector, officer = signed_in("inspector"), signed_in("officer")
    decided(inspector, case, "admonition", board.today)
    assert forms(inspector.get(case).text) == {f"{case}/decide", f"{case}/lift", f"{case}/close"}
    assert "问责决定可申诉" in officer.get("/").text
    assert forms(officer.get(case).text) == {f"{case}/appeal"}
    location(officer, case, f"{case}/appeal", grounds="雨季无法施工")
    assert f"{case}/decide-appeal" not in forms(inspector.get(case).text), "who decided does not hear the appeal"
    secretary = signed_in("county-secretary")
    assert "申诉待办理" in secretary.get("/queue").text
    unsaid = secretary.fill(case, f"{case}/decide-appeal", outcome="lightened", kind="", reasons="确有客观原因")
    assert unsaid.status_code == 422
    assert "请选择变更为" in unsaid.text
    assert "确有客观原因" in unsaid.text
    location(secretary, case, f"{case}/decide-appeal", outcome="lightened", kind="talk", reasons="确有客观原因")
    page = secretary.get(case).text
    assert "约谈" in page
    assert "申诉后解除" in page


def test_a_measure_is_lifted_and_a_case_closed(case: str, board: Town, signed_in: SignIn) -> None:
    inspector = signed_in("inspector")
    without = inspector.fill(case, f"{case}/close", reason="")
    assert without.status_code == 422
    assert "结案须说明理由" in without.text
    decided(inspector, case, "admonition", board.today)
    location(inspector, case, f"{case}/lift", reason="整改到位")
    location(inspector, case, f"{case}/close", reason="")
    page = inspector.get(case).text
    assert "提前解除" in page
    assert "已结案" in page
    assert f"{case}/decide" not in forms(page)


def test_a_form_sent_after_all_is_over_is_refused_and_what_was_typed_is_shown(
    case: str, board: Town, signed_in: SignIn
) -> None:
    inspector = signed_in("inspector")
    typed = inspector.hidden(inspector.get(case).text, f"{case}/decide")
    location(inspector, case, f"{case}/close", reason="查无实据")
    dates = {"decided_on": str(board.today), "binds_from": str(board.today)}
    late = {**typed, "on": person("officer"), "kind": "talk", "reasons": "本想约谈", **dates}
    response = inspector.client.post(f"{case}/decide", data=late)
    assert response.status_code == 422
    assert "已经结案" in response.text
    assert "本想约谈" in response.text


def test_a_person_is_registered_appointed_and_relieved(town: Town, signed_in: SignIn) -> None:
    organiser = signed_in("organiser")
    assert forms(signed_in("clerk").get("/directory").text) == set()
    place = location(organiser, "/directory", "/directory/register-person", name="韦丽", region=TOWN)
    typed = {"post": "first_secretary", "region": TOWN, "since": str(town.today)}
    wrong = organiser.fill(place, f"{place}/appoint", **typed)
    assert wrong.status_code == 422
    assert "不是451226104这一级的职务" in wrong.text
    location(organiser, place, f"{place}/appoint", **{**typed, "region": VILLAGE})
    page = organiser.get(place).text
    assert "百祥村驻村第一书记" in page
    assert forms(signed_in("headquarters").get(place).text) == set(), "only the organisation department appoints"
    location(organiser, place, f"{place}/relieve", on=str(town.today), reason="轮换")
    assert "轮换" in organiser.get(place).text
    assert f"{place}/relieve" not in forms(organiser.get(place).text)


def test_a_unit_is_established_and_dissolved(town: Town, signed_in: SignIn) -> None:
    headquarters = signed_in("headquarters")
    directory = "/directory?kind=unit"
    typed = {"name": "水利局", "kind": "department", "region": COUNTY}
    place = location(headquarters, directory, "/directory/establish-unit", **typed)
    assert "水利局" in headquarters.get(place).text
    location(headquarters, place, f"{place}/dissolve", on=str(town.today))
    assert forms(headquarters.get(place).text) == set()


def test_a_policy_is_read_in_words_and_a_packaged_one_adopted(town: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    assert clerk.get("/policy").headers["location"] == f"/regions/{COUNTY.code}/policy"
    path = f"/regions/{COUNTY.code}/policy"
    page = clerk.get(path).text
    assert "县级问题整改销号通用规则" in page
    assert "重大问题" in page
    assert "24小时内答复" in page
    assert forms(page) == set()
    headquarters = signed_in("headquarters")
    options = re.findall(r'<option value="(\w+)">《', headquarters.get(path).text)
    assert "huanjiang" in options
    assert "county" not in options, "its version is already in force"
    location(headquarters, path, f"{path}/adopt-policy", policy="huanjiang", since=str(town.today))
    page = clerk.get(path).text
    assert "环江县脱贫攻坚问题整改和退出规则" in page
    assert "县级问题整改销号通用规则" in page, "what was in force before stays on record"
    assert "贫困村退出" in page


def test_where_villages_are_too_many_the_township_is_chosen_first(
    town: Town, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    headquarters = signed_in("headquarters")
    assert "请先选乡镇" not in headquarters.get("/issues/new").text
    monkeypatch.setattr("adapters.web.issues.MOST_VILLAGES", 1)
    page = headquarters.get("/issues/new").text
    assert "请先选乡镇" in page
    assert f'value="{VILLAGE}"' not in page
    page = headquarters.get(f"/issues/new?township={TOWN}").text
    assert f'value="{VILLAGE}"' in page
    assert f'value="{OTHER_VILLAGE}"' not in page
    refused = headquarters.fill(f"/issues/new?township={TOWN}", "/issues/new", region=VILLAGE, category="道路")
    assert refused.status_code == 422
    assert f'value="{VILLAGE}" selected' in refused.text, "the village that was chosen is still there"
    other = signed_in("other-clerk").get(f"/issues/new?township={TOWN}").text
    assert VILLAGE not in other, "nobody is offered what lies outside their own places"


def test_an_address_that_names_nothing_is_said_to_name_nothing(
    edition: EditionId, case: str, signed_in: SignIn
) -> None:
    inspector = signed_in("inspector")
    token = inspector.hidden(inspector.get(case).text, f"{case}/decide")
    for path in ("/regions/abc/policy", "/cases/new?subject=household-1", "/cases/new?issue=issue-none"):
        assert inspector.get(path).status_code == 404, path
    for path in (
        f"{case}/nothing",
        f"/boards/{edition}/nothing",
        "/boards/nothing",
        "/regions/abc/policy/adopt-policy",
    ):
        assert inspector.client.post(path, data=token).status_code == 404, path
    unknown = inspector.client.post("/boards/adopt-rule", data={**token, "rule": "townships", "region": "region-x"})
    assert unknown.status_code == 422


def test_whoever_knows_the_address_is_refused_all_the_same(edition: EditionId, case: str, signed_in: SignIn) -> None:
    """What is not offered is not allowed either, whatever is sent."""
    inspector, clerk = signed_in("inspector"), signed_in("clerk")
    typed = inspector.hidden(inspector.get(case).text, f"{case}/decide")
    token = clerk.hidden(clerk.get("/").text, "/logout")
    before = inspector.get(case).text.count('<li id="p')
    sent = {**typed, **token, "on": person("officer"), "kind": "talk", "reasons": "越权"}
    dates = {"decided_on": "2019-11-01", "binds_from": "2019-11-01"}
    response = clerk.client.post(f"{case}/decide", data={**sent, **dates})
    assert response.status_code == 422
    assert "您现在不担任可办理此事的职务" in response.text
    assert inspector.get(case).text.count('<li id="p') == before
    published = clerk.client.post(
        "/boards/publish",
        data={**token, "key": "k", "board": "board-x", "period.since": "2019-11-01", "period.until": "2019-11-30"},
    )
    assert published.status_code == 422
