"""退出 without a browser: an exit waits for its signers, shows what it stands on, is signed, and is voided."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.chains import SignedOff
from domain.exiting import ProposeExit
from domain.exits import ExitDecided, ExitStepTaken, ExitVoided
from domain.fact import Event
from domain.households import Category, RegisterHousehold
from domain.ids import ChainId, HouseholdId
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


def test_there_is_no_page_for_an_exit_that_nobody_proposed(enters: SignIn) -> None:
    assert enters("member").get("/exits/chain-none").status_code == 404
