"""四查一检 without a browser: opened, gone through door by door, and concluded only when nothing is left."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.households import Category, RegisterHousehold
from domain.ids import HouseholdId, IssueId
from domain.issues import IssueRegistered
from domain.policy import AdoptPolicy, packaged
from domain.registration import WithdrawIssue
from domain.sweeps import HouseholdSwept, SweepConcluded, SweepOpened
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, TOWN, VILLAGE, person
from tests.households import member

SignIn = Callable[[str], Visitor]
HOMES = (HouseholdId("household-door-one"), HouseholdId("household-door-two"))


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A village of two households under 通榆's rules."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        for name in ("member", "chief"):
            town.application.accounts.create_account(name, PASSWORD, town.clock(), person=person(name))
        town.when(AdoptPolicy(region=COUNTY, policy=packaged("tongyu"), since=town.today), "headquarters")
        for home in HOMES:
            command = RegisterHousehold(
                household=home,
                region=VILLAGE,
                category=Category.REGISTERED,
                members=(member(1, home),),
                identified_on=town.today,
            )
            town.when(command, "clerk")
        yield town


@pytest.fixture
def enters(village: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(village.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


def test_a_sweep_goes_from_door_to_door_and_ends_when_nothing_is_left(village: Town, enters: SignIn) -> None:
    clerk, team, today = enters("clerk"), enters("member"), str(village.today)
    assert '<form method="post" action="/sweeps/open"' not in team.get("/sweeps").text
    rule = packaged("tongyu").sweeps[0]
    wrong = clerk.fill("/sweeps", "/sweeps/open", region=TOWN, rule=rule.code, opened_on=today)
    assert (wrong.status_code, "排查按村开展" in wrong.text) == (422, True)
    answer = clerk.fill("/sweeps", "/sweeps/open", region=VILLAGE, rule=rule.code, opened_on=today)
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"].partition("?")[0]
    assert path in team.get(f"/sweeps?state=open&region={VILLAGE}").text

    page = team.get(f"{path}?household={HOMES[0]}").text
    assert "还没入户的农户" in page
    assert re.search(rf'<option value="{HOMES[0]}" selected', page)
    assert f"{path}/conclude" not in page
    told = {"household": HOMES[0], "findings": "屋顶漏雨", "swept_on": today}
    unclear = team.fill(path, f"{path}/visit", **told, found="yes")
    assert unclear.status_code == 422
    assert "请选择问题等级" in unclear.text
    assert "屋顶漏雨" in unclear.text
    finding = {
        "found": "yes",
        "found.severity": "minor",
        "found.deadline.precision": "day",
        "found.deadline.due": str(village.today + timedelta(days=30)),
    }
    assert team.fill(path, f"{path}/visit", **told, **finding).status_code == 303
    assert (
        team.fill(path, f"{path}/visit", household=HOMES[1], findings="合格", swept_on=today, found="no").status_code
        == 303
    )
    swept = [fact.event for fact in village.application.facts.about(HOMES[0])]
    (issue,) = [event.issue for event in swept if isinstance(event, IssueRegistered)]
    assert [event.issue for event in swept if isinstance(event, HouseholdSwept)] == [issue]
    assert "还没入户的农户" not in team.get(path).text
    assert "未销号" in team.get(path).text
    assert f"{path}/conclude" not in clerk.get(path).text

    settle(village, enters("chief"), path, issue)
    assert clerk.fill(path, f"{path}/conclude", concluded_on=str(village.today)).status_code == 303
    kinds = [type(fact.event) for fact in village.application.facts.facts((SweepOpened, SweepConcluded))]
    assert kinds == [SweepOpened, SweepConcluded]
    over = clerk.get(path).text
    assert "办结" in over
    assert f'action="{path}/' not in over
    assert path in clerk.get("/sweeps?state=concluded").text
    assert path in team.get(f"/households/{HOMES[0]}").text


def settle(village: Town, another: Visitor, path: str, issue: IssueId) -> None:
    """The finding was an error: withdrawn, and someone else found the household sound."""
    village.when(WithdrawIssue(issue=issue, reason="核查有误"), "headquarters")
    again = {"household": HOMES[0], "findings": "屋顶完好", "swept_on": str(village.today), "found": "no"}
    answer = another.fill(path, f"{path}/visit", **again)
    assert answer.status_code == 303, answer.text


def test_there_is_no_page_for_a_sweep_that_nobody_opened(enters: SignIn) -> None:
    assert enters("clerk").get("/sweeps/sweep-none").status_code == 404
