"""农户 without a browser: registered by way of the vault, paired, surveyed, helped, assessed, watched and proposed for
its exit; and the village it lies in."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from domain.books import HelpDropped, HelpPlanned, HelpReported, HouseholdSurveyed
from domain.exits import ExitProposed
from domain.fact import Event
from domain.households import CoverAssigned, CoverEnded, HouseholdRegistered, Paired, PairingEnded, VillageListed
from domain.ids import HouseholdId, MemberId
from domain.indicators import IndicatorAssessed
from domain.monitoring import ClueNoticePosted, ClueReported, RiskIdentified
from domain.policy import AdoptPolicy, packaged
from tests.adapters.vault.people import id_number
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import BUREAU, COUNTY, OTHER_VILLAGE, TOWN, VILLAGE, person

SignIn = Callable[[str], Visitor]
NAME, NUMBER = "某甲乙", id_number(7)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town under 怀化's rules, which know indicators, exits and monitoring."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        for name in ("member", "organiser"):
            town.application.accounts.create_account(name, PASSWORD, town.clock(), person=person(name))
        town.when(AdoptPolicy(region=COUNTY, policy=packaged("huaihua"), since=town.today), "headquarters")
        yield town


@pytest.fixture(scope="module")
def visitors() -> dict[tuple[str, datetime], Visitor]:
    return {}


@pytest.fixture
def enters(village: Town, visitors: dict[tuple[str, datetime], Visitor]) -> SignIn:
    def sign_in(name: str) -> Visitor:
        # Again whenever time has passed: no session outlasts half a day.
        key = (name, village.clock.now)
        if key not in visitors:
            visitors[key] = Visitor(TestClient(village.api, follow_redirects=False))
            assert visitors[key].fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitors[key]

    return sign_in


def typed(**changes: str) -> dict[str, str]:
    asked = {"region": VILLAGE, "hamlet": "甲江屯", "category": "registered", "identified_on": "2019-03-01"}
    return asked | {"private.0.name": NAME, "private.0.id_number": NUMBER} | changes


def registered(visitor: Visitor, **changes: str) -> HouseholdId:
    answer = visitor.fill("/households/new", "/households/new", **typed(**changes))
    assert answer.status_code == 303, answer.text
    found = re.fullmatch(r"/households/(household-\w+)\?done=register#top", answer.headers["location"])
    assert found
    return HouseholdId(found[1])


def events(town: Town, home: HouseholdId, kind: type[Event]) -> list[Event]:
    return [fact.event for fact in town.application.facts.about(home) if isinstance(fact.event, kind)]


def act(visitor: Visitor, home: HouseholdId, form: str, **values: str) -> None:
    page = f"/households/{home}"
    answer = visitor.fill(page, f"{page}/{form}", **values)
    assert answer.status_code == 303, answer.text


def offered(visitor: Visitor, home: HouseholdId) -> set[str]:
    return set(
        re.findall(
            rf'<form method="post" action="/households/{home}/([a-z-]+)"', visitor.get(f"/households/{home}").text
        )
    )


def test_who_lives_there_goes_into_the_vault_and_into_nothing_else(village: Town, enters: SignIn) -> None:
    clerk = enters("clerk")
    with capture_logs() as lines:
        home = registered(clerk, **{"private.1.name": "某小丙"})
    (event,) = events(village, home, HouseholdRegistered)
    assert isinstance(event, HouseholdRegistered)
    assert len(event.members) == 2
    kept = village.application.vault.masked(home, person("clerk"))
    assert {one["name"] for one in kept.values()} == {"某**"}
    stored = str([village.application.facts.stored(n) for n in range(1, village.application.facts.head() + 1)])
    pages = "".join(clerk.get(path).text for path in ("/households", f"/households/{home}", f"/timeline/{home}"))
    for value in (NAME, NUMBER, "某小丙"):
        assert value not in stored + pages + str(lines)


def test_pressing_twice_registers_one_household(village: Town, enters: SignIn) -> None:
    clerk = enters("clerk")
    page = clerk.get("/households/new").text
    sent = {**clerk.hidden(page, "/households/new"), **typed()}
    first, again = (clerk.client.post("/households/new", data=sent) for _ in range(2))
    assert first.headers["location"] == again.headers["location"]
    home = HouseholdId(first.headers["location"].partition("?")[0].removeprefix("/households/"))
    assert len(events(village, home, HouseholdRegistered)) == 1


def test_a_row_that_is_wrong_is_shown_again_with_all_that_was_typed(village: Town, enters: SignIn) -> None:
    head = village.application.facts.head()
    wrong = {"private.1.name": "某丁", "private.1.id_number": "123", "private.2.phone": "1" * 11}
    answer = enters("clerk").fill("/households/new", "/households/new", **typed(**wrong))
    assert answer.status_code == 422
    assert answer.headers["cache-control"] == "no-store"
    assert "身份证号应为18位" in answer.text
    assert "请填写姓名" in answer.text
    for value in ("甲江屯", NAME, NUMBER, "某丁"):
        assert f'value="{value}"' in answer.text
    assert village.application.facts.head() == head
    nobody = enters("clerk").fill(
        "/households/new", "/households/new", **typed(**{"private.0.name": "", "private.0.id_number": ""})
    )
    assert "请至少填写一人" in nobody.text


def test_a_row_more_is_given_without_losing_what_was_typed(village: Town, enters: SignIn) -> None:
    head = village.application.facts.head()
    answer = enters("clerk").fill("/households/new", "/households/new", **typed(more="1"))
    assert (answer.status_code, village.application.facts.head()) == (200, head)
    assert 'name="private.1.name"' in answer.text
    assert f'value="{NAME}"' in answer.text


def test_villagers_values_are_not_carried_past_a_session_that_ended(village: Town, enters: SignIn) -> None:
    clerk = enters("village-director")
    village.clock.now += timedelta(hours=13)
    page = clerk.client.post("/households/new", data=typed(), headers={"origin": "http://testserver"})
    assert "登录已失效" in page.text
    assert "甲江屯" in page.text
    assert NAME not in page.text
    assert NUMBER not in page.text


def test_whoever_may_not_register_is_given_no_form(village: Town, enters: SignIn) -> None:
    assert enters("officer").get("/households/new").status_code == 403
    assert "/households/new" not in enters("officer").get("/households").text
    elsewhere = enters("other-clerk").fill("/households/new", "/households/new", **typed())
    assert elsewhere.status_code == 422
    assert "职务" in elsewhere.text
    assert "不能登记" not in enters("clerk").get("/households/new").text
    town = enters("clerk").fill("/households/new", "/households/new", **typed(region=TOWN))
    assert "农户须登记在村一级" in town.text


def test_a_household_is_paired_changed_and_left_without_a_cadre(village: Town, enters: SignIn) -> None:
    clerk, home = enters("clerk"), registered(enters("clerk"))
    act(clerk, home, "pair", person=person("officer"), since=str(village.today))
    assert "pair" not in offered(clerk, home)
    assert "officer" in clerk.get("/households?cadre_name=officer").text
    act(clerk, home, "change-pairing", person=person("leader"), since=str(village.today), reason="工作调动")
    act(clerk, home, "end-pairing", on=str(village.today), reason="帮扶单位撤换")
    assert (len(events(village, home, Paired)), len(events(village, home, PairingEnded))) == (2, 2)
    page = clerk.get(f"/households/{home}").text
    assert "工作调动" in page
    assert "帮扶单位撤换" in page
    assert f"/households/{home}" in clerk.get("/households?gap=cadre").text


def test_a_household_is_surveyed_and_helped_item_by_item(village: Town, enters: SignIn) -> None:
    clerk, home, today = enters("clerk"), registered(enters("clerk")), str(village.today)
    photo = {"evidence": ("屋内.jpg", JPEG, "image/jpeg")}
    told = {"causes": "因病、缺劳力", "findings": "主要劳力患慢性病", "surveyed_on": today}
    page = f"/households/{home}"
    assert f'action="{page}/survey" enctype="multipart/form-data"' in clerk.get(page).text
    assert clerk.fill(page, f"{page}/survey", photo, **told).status_code == 303
    (survey,) = events(village, home, HouseholdSurveyed)
    assert isinstance(survey, HouseholdSurveyed)
    assert survey.causes == ("因病", "缺劳力")
    assert [one.title for one in survey.evidence] == ["屋内.jpg"]
    due = str(village.today + timedelta(days=90))
    for measure in ("发放鸡苗五十只", "危房改造"):
        act(clerk, home, "plan-help", category="产业", measure=measure, due=due, planned_funds="0.5")
    first, second = (getattr(one, "item") for one in events(village, home, HelpPlanned))  # noqa: B009
    refused = clerk.fill(
        f"/households/{home}",
        f"/households/{home}/report-help",
        item=first,
        progress="鸡苗已到户",
        done="yes",
        occurred_on=str(village.today + timedelta(days=1)),
    )
    assert refused.status_code == 422
    assert "不能记录还没有发生的事" in refused.text
    assert "鸡苗已到户" in refused.text
    act(clerk, home, "report-help", item=first, progress="鸡苗已到户", done="yes", occurred_on=today, spent_funds="0.4")
    act(clerk, home, "drop-help", item=second, reason="农户自筹改造")
    assert (len(events(village, home, HelpReported)), len(events(village, home, HelpDropped))) == (1, 1)
    page = clerk.get(f"/households/{home}").text
    assert "支出0.4万元" in page
    assert "农户自筹改造" in page
    assert not {"report-help", "drop-help"} & offered(clerk, home)


def test_indicators_are_assessed_together_and_only_those_that_were_looked_at(village: Town, enters: SignIn) -> None:
    clerk, home = enters("clerk"), registered(enters("clerk"))
    nothing = clerk.fill(f"/households/{home}", f"/households/{home}/assess", assessed_on=str(village.today))
    assert "请至少评定一项指标" in nothing.text
    looked = {"assessments.food": "yes", "assessments.housing": "no", "assessments.housing.findings": "屋顶漏雨"}
    act(clerk, home, "assess", **looked, assessed_on=str(village.today))
    found = events(village, home, IndicatorAssessed)
    assert {(one.indicator, one.met) for one in found if isinstance(one, IndicatorAssessed)} == {
        ("food", True),
        ("housing", False),
    }
    assert "屋顶漏雨" in clerk.get(f"/households/{home}").text


def test_a_clue_is_reported_put_on_notice_and_identified(village: Town, enters: SignIn) -> None:
    clerk, home, today = enters("clerk"), registered(enters("clerk")), str(village.today)
    act(clerk, home, "report-clue", source="干部排查", matter="户主住院自付费用较大", found_on=today)
    assert "report-clue" not in offered(clerk, home)
    assert "identify" not in offered(clerk, home)
    act(clerk, home, "clue-notice", posted_on=today, place="村务公开栏")
    village.clock.now += timedelta(days=8)
    clerk = enters("clerk")
    act(clerk, home, "identify", kind="sudden", reason="一次性支出大", identified_on=str(village.today))
    kinds = (ClueReported, ClueNoticePosted, RiskIdentified)
    assert [len(events(village, home, kind)) for kind in kinds] == [1, 1, 1]
    assert "突发严重困难户" in clerk.get("/households").text
    act(clerk, home, "release", findings="医保报销后自付不大", released_on=str(village.today))
    assert "风险已消除" in clerk.get(f"/households/{home}").text


def test_members_come_and_go_and_the_household_changes_kind_and_is_struck_off(village: Town, enters: SignIn) -> None:
    clerk, home = enters("clerk"), registered(enters("clerk"))
    (first,) = village.application.vault.masked(home, person("clerk"))
    birth = {"private.0.name": "某小戊", "since": str(village.today), "reason": "出生"}
    act(clerk, home, "add-member", **birth)
    kept = village.application.vault.masked(home, person("clerk"))
    assert len(kept) == 2
    act(clerk, home, "remove-member", member=MemberId(first), on=str(village.today), reason="婚出")
    act(clerk, home, "recategorise", category="marginal", reason="收入不稳")
    assert "1人" in clerk.get("/households?category=marginal").text
    assert "remove" not in offered(clerk, home)
    act(enters("headquarters"), home, "remove", reason="整户迁出")
    assert offered(clerk, home) == set()
    assert home not in clerk.get("/households").text
    assert home in clerk.get("/households?removed=true").text


def test_an_exit_is_proposed_from_the_households_page(village: Town, enters: SignIn) -> None:
    clerk, home = enters("clerk"), registered(enters("clerk"))
    answer = clerk.fill(f"/households/{home}", f"/households/{home}/propose-exit", statement="达到退出标准")
    assert answer.status_code == 303
    (event,) = events(village, home, ExitProposed)
    assert answer.headers["location"].startswith(f"/exits/{getattr(event, 'chain')}")  # noqa: B009
    assert "propose-exit" not in offered(clerk, home)


def test_those_without_a_part_in_a_household_are_offered_nothing(village: Town, enters: SignIn) -> None:
    home = registered(enters("clerk"))
    assert offered(enters("other-clerk"), home) == set()
    assert offered(enters("county-secretary"), home) == set()
    past = enters("clerk").get(f"/households/{home}?as_of={village.application.facts.head()}").text
    assert '<form method="post" action="/households/' not in past
    forged = enters("other-clerk").client.post(f"/households/{home}/remove", data={"reason": "x", "key": "k"})
    assert forged.status_code in (400, 403)


def test_households_are_found_by_number_and_place_and_a_page_at_a_time(village: Town, enters: SignIn) -> None:
    clerk = enters("clerk")
    home = registered(clerk)
    there = registered(enters("other-clerk"), region=OTHER_VILLAGE)
    by_number = clerk.get(f"/households?number={home[-6:]}").text
    assert home in by_number
    assert there not in by_number
    assert there in clerk.get("/households?region_name=白丹").text
    assert "没有符合条件" in clerk.get("/households?number=nowhere").text
    assert clerk.get("/households/household-none").status_code == 404
    assert clerk.get("/households?as_of=1").status_code == 200


def test_a_household_that_was_only_named_leads_to_its_timeline(village: Town, enters: SignIn) -> None:
    named = HouseholdId("household-only-named")
    village.issue(object=named)
    assert enters("clerk").get(f"/households/{named}").headers["location"] == f"/timeline/{named}"


def test_a_village_is_listed_covered_and_shows_what_it_lacks(village: Town, enters: SignIn) -> None:
    office, page, today = enters("headquarters"), f"/regions/{VILLAGE.code}", str(village.today)
    base = f"/villages/{VILLAGE.code}"
    assert office.fill(page, f"{base}/list", since=today).status_code == 303
    shown = office.get(page).text
    assert shown.count('<span class="chip bad">缺</span>') == 3
    home = registered(enters("clerk"))
    assert home in office.get("/households?gap=team").text
    covered = office.fill(page, f"{base}/cover-unit", kind="team", unit=BUREAU, since=today)
    assert covered.status_code == 303, covered.text
    assert office.fill(page, f"{base}/cover-leader", person=person("leader"), since=today).status_code == 303
    assert office.get(page).text.count('<span class="chip bad">缺</span>') == 1
    assert home not in office.get("/households?gap=team").text
    ended = office.fill(page, f"{base}/end-cover", on=today, reason="轮换")
    assert ended.status_code == 303, ended.text
    recorded = [fact.event for fact in village.application.facts.about(VILLAGE)]
    assert [sum(isinstance(one, kind) for one in recorded) for kind in (VillageListed, CoverAssigned, CoverEnded)] == [
        1,
        2,
        1,
    ]
    assert f"{base}/" not in enters("officer").get(page).text
    late = office.fill(page, f"{base}/cover-unit", unit=BUREAU, since=str(village.today + timedelta(days=3)))
    assert late.status_code == 422
    assert "晚于今天" in late.text
