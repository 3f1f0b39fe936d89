"""退出 without a browser: an exit waits for its signers, shows what it stands on, is signed, and is voided."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.chains import SentBack, SignedOff
from domain.exiting import ProposeExit
from domain.exits import ExitAnnounced, ExitDecided, ExitRuled, ExitStepTaken, ExitVoided
from domain.fact import Event
from domain.households import Category, RegisterHousehold
from domain.ids import ChainId, HouseholdId, RegionId
from domain.indicators import AssessIndicators, Assessment
from domain.policy import AdoptPolicy, packaged
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, VILLAGE, person
from tests.households import member

HOME, CHAIN = HouseholdId("household-page"), ChainId("chain-page")
PAGE = f"/exits/{CHAIN}"
SIGNERS = ("village-secretary", "village-director", "township-secretary", "township-head")
SignIn = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town under 怀化's rules, with a household whose exit was proposed."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        for name in ("member", "first-secretary"):
            town.application.accounts.create_account(name, PASSWORD, town.clock(), person=person(name))
        adopted = AdoptPolicy(region=COUNTY, policy=packaged("huaihua"), since=town.today)
        town.when(adopted, "headquarters")
        registered = RegisterHousehold(
            household=HOME,
            region=VILLAGE,
            category=Category.REGISTERED,
            members=(member(1, HOME), member(2, HOME)),
            identified_on=town.today,
        )
        town.when(registered, "clerk")
        town.when(ProposeExit(chain=CHAIN, subject=HOME, statement="达到脱贫标准"), "clerk")
        yield town


@pytest.fixture
def enters(village: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(village.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


def recorded(town: Town, kind: type[Event]) -> int:
    return len([fact for fact in town.application.facts.about(CHAIN) if isinstance(fact.event, kind)])


def test_an_exit_goes_through_its_steps_and_signatures_on_its_page(village: Town, enters: SignIn) -> None:
    team = enters("member")
    page = team.get(PAGE).text
    assert "不愁吃未评定" in page
    assert f"{PAGE}/check" not in page
    assert f"{PAGE}/sign" not in page
    review = {"step": "democratic_review", "passed": "yes", "present": "30", "in_favour": "29", "findings": "通过"}
    answer = team.fill(PAGE, f"{PAGE}/step", **review, taken_on=str(village.today))
    assert answer.status_code == 303, answer.text
    assert "到会30人" in team.get(PAGE).text
    checked = team.fill(PAGE, f"{PAGE}/check", passed="yes", findings="属实", checked_on=str(village.today))
    assert checked.status_code == 303, checked.text
    consent = {"step": "consent", "passed": "yes", "findings": "认可", "taken_on": str(village.today)}
    assert enters("first-secretary").fill(PAGE, f"{PAGE}/step", **consent).status_code == 303
    assert recorded(village, ExitStepTaken) == 2
    posted = team.fill(PAGE, f"{PAGE}/notice", posted_on=str(village.today), place="村务公开栏")
    assert posted.status_code == 303, posted.text
    village.clock.now += timedelta(days=8)
    codes = ("food", "clothing", "education", "medical", "housing")
    assessments = tuple(Assessment(indicator=code, met=True) for code in codes)
    village.when(AssessIndicators(subject=HOME, assessments=assessments, assessed_on=village.today), "clerk")
    assert "“住房有保障”达标" in enters("member").get(PAGE).text
    for name in SIGNERS:
        signer = enters(name)
        assert PAGE in signer.get("/queue").text
        assert signer.fill(PAGE, f"{PAGE}/sign", opinion="同意").status_code == 303
    assert (recorded(village, SignedOff), recorded(village, ExitDecided)) == (4, 1)
    watcher = enters("member")
    decided = watcher.get(PAGE).text
    assert "已退出" in decided
    assert f"{PAGE}/void" not in decided
    voided = enters("inspector").fill(PAGE, f"{PAGE}/void", reason="收入虚报", found_on=str(village.today))
    assert voided.status_code == 303, voided.text
    assert recorded(village, ExitVoided) == 1
    assert "退出已撤销" in watcher.get(PAGE).text


def proposed(town: Town, name: str, subject: HouseholdId | RegionId, by: str = "clerk") -> str:
    """An exit just proposed; the address of its page."""
    chain = ChainId(f"chain-{name}")
    town.when(ProposeExit(chain=chain, subject=subject, statement="达到退出标准"), by)
    return f"/exits/{chain}"


def on_notice(town: Town, enters: SignIn, name: str) -> str:
    """A household's exit, through its steps and put up for notice; the address of its page."""
    home = HouseholdId(f"household-{name}")
    registered = RegisterHousehold(
        household=home,
        region=VILLAGE,
        category=Category.REGISTERED,
        members=(member(1, home),),
        identified_on=town.today,
    )
    town.when(registered, "clerk")
    page, team, today = proposed(town, name, home), enters("member"), str(town.today)
    review = {"step": "democratic_review", "passed": "yes", "present": "30", "in_favour": "29", "findings": "通过"}
    assert team.fill(page, f"{page}/step", **review, taken_on=today).status_code == 303
    assert team.fill(page, f"{page}/check", passed="yes", findings="属实", checked_on=today).status_code == 303
    consent = {"step": "consent", "passed": "yes", "findings": "认可", "taken_on": today}
    assert enters("first-secretary").fill(page, f"{page}/step", **consent).status_code == 303
    assert team.fill(page, f"{page}/notice", posted_on=today, place="村务公开栏").status_code == 303
    return page


def offers(visitor: Visitor, page: str) -> set[str]:
    return set(re.findall(rf'<form method="post" action="{page}/([a-z-]+)"', visitor.get(page).text))


def test_an_objection_is_raised_waits_and_is_settled_on_the_page(village: Town, enters: SignIn) -> None:
    page = on_notice(village, enters, "objected")
    clerk, secretary = enters("clerk"), enters("township-secretary")
    assert "settle" not in offers(secretary, page)
    raised = {"matter": "该户在县城有商品房", "raised_on": str(village.today)}
    assert clerk.fill(page, f"{page}/object", **raised).status_code == 303
    assert "有异议待处理" in clerk.get("/exits?state=open").text
    settler = enters("township-secretary")
    assert "settle" in offers(settler, page)
    objection = re.search(r'<option value="(objection-[^"]+)"', settler.get(page).text)
    assert objection
    answer = {"objection": objection[1], "upheld": "no", "answer": "房屋登记在他人名下,已核实"}
    blank = settler.fill(page, f"{page}/settle", **{**answer, "upheld": ""})
    assert blank.status_code == 422
    assert "房屋登记在他人名下,已核实</textarea>" in blank.text
    assert settler.fill(page, f"{page}/settle", **answer).status_code == 303
    assert "settle" not in offers(settler, page)
    assert "有异议待处理" not in clerk.get("/exits?state=open").text


def test_an_exit_is_sent_back_to_a_step_it_has_been_through(village: Town, enters: SignIn) -> None:
    page = on_notice(village, enters, "returned")
    supervisor = enters("supervisor")
    shown = supervisor.get(page).text
    assert "重新公示" in shown
    assert "第1级重新签字" not in shown
    assert "send-back" not in offers(enters("member"), page)
    sent = {"to": "check", "reason": "核实时没有看到户主"}
    assert supervisor.fill(page, f"{page}/send-back", **sent).status_code == 303
    chain = ChainId(page.removeprefix("/exits/"))
    back = [fact.event for fact in village.application.facts.about(chain) if isinstance(fact.event, SentBack)]
    assert [(one.to, one.stage) for one in back] == [("check", None)]
    assert "check" in offers(enters("member"), page)


def test_a_county_waits_for_the_provinces_ruling_and_then_to_be_announced(village: Town, enters: SignIn) -> None:
    for name in ("city-secretary", "city-mayor"):
        village.application.accounts.create_account(name, PASSWORD, village.clock(), person=person(name))
    page = proposed(village, "county", COUNTY, "headquarters")
    office, supervisor, today = enters("headquarters"), enters("supervisor"), str(village.today)
    assert f'href="{page}"' in office.get("/queue").text
    review = {"step": "city_review", "passed": "yes", "findings": "初审通过", "taken_on": today}
    assert supervisor.fill(page, f"{page}/step", **review).status_code == 303
    assert supervisor.fill(page, f"{page}/check", passed="yes", findings="属实", checked_on=today).status_code == 303
    assert office.fill(page, f"{page}/notice", posted_on=today, place="县政府网站").status_code == 303
    village.clock.now += timedelta(days=8)
    today = str(village.today)
    office = enters("headquarters")
    region = "/regions/451226"
    assert office.fill(region, f"{region}/record-incidence", population="100000").status_code == 303
    sampled = {"exited_sampled": "300", "wrong": "1", "others_sampled": "300", "missed": "1", "asked": "600"}
    evaluated = office.fill(region, f"{region}/record-evaluation", **sampled, approving="590", evaluated_on=today)
    assert evaluated.status_code == 303
    for name in ("city-secretary", "city-mayor"):
        assert "ruling" not in offers(office, page)
        assert enters(name).fill(page, f"{page}/sign", opinion="同意").status_code == 303
    assert "待记录省级审定" in office.get("/queue").text
    assert f'href="{page}"' in office.get("/exits?state=ruling&object=county").text
    assert "ruling" not in offers(enters("supervisor"), page)
    ruling = {"approved": "yes", "document": "省委省政府审定文件", "ruled_on": today}
    assert office.fill(page, f"{page}/ruling", **ruling).status_code == 303
    assert "待公告" in office.get("/queue").text
    waiting = {one["chain"]: one["todo"] for one in office.get("/api/v1/queue").json()["exits"]}
    assert waiting[page.rpartition("/")[2]] == "待公告"
    assert office.fill(page, f"{page}/announce", announced_on=today, place="县政府网站").status_code == 303
    assert recorded_on(village, page, ExitRuled) == recorded_on(village, page, ExitAnnounced) == 1
    assert f'href="{page}"' not in office.get("/queue").text
    assert f'href="{page}"' in office.get("/exits?state=standing").text


def recorded_on(town: Town, page: str, kind: type[Event]) -> int:
    facts = town.application.facts.about(ChainId(page.removeprefix("/exits/")))
    return len([fact for fact in facts if isinstance(fact.event, kind)])


def test_there_is_no_page_for_an_exit_that_nobody_proposed(enters: SignIn) -> None:
    assert enters("member").get("/exits/chain-none").status_code == 404
