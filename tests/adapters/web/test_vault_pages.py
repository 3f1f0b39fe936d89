"""个人信息 without a browser: masked, one field whole for a purpose, who has looked, and forgetting in two steps."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from adapters.vault.intake import register
from domain.command import Act
from domain.ids import HouseholdId
from domain.vault import PersonalDataErased, PersonalDataReleased, PersonalDataRestricted
from tests.adapters.vault.people import id_number, intake, somebody
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import person

SignIn = Callable[[str], Visitor]
NUMBER = id_number(11)


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        town.application.accounts.create_account("member", PASSWORD, town.clock(), person=person("member"))
        yield town


@pytest.fixture
def enters(village: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(village.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


@pytest.fixture
def home(village: Town) -> HouseholdId:
    asked = intake(somebody(11))
    application = village.application
    outcome = register(application.ledger, application.vault, asked, Act(person("clerk"), village.clock()))
    assert application.projector.wait_for(outcome.position, 10)
    return asked.household


def page(home: HouseholdId) -> str:
    return f"/households/{home}/particulars"


def disclosing(visitor: Visitor, home: HouseholdId, **changes: str) -> str:
    shown = visitor.get(page(home)).text
    found = re.search(r'<option value="(member-[^"]+)"', shown)
    asked = {"member": found[1] if found else "", "item": "id_number", "purpose": "核对参保身份", **changes}
    answer = visitor.client.post(
        f"{page(home)}/disclose", data={**visitor.hidden(shown, f"{page(home)}/disclose"), **asked}
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "location" not in answer.headers
    return str(answer.text)


def test_members_are_shown_masked_to_those_who_work_with_the_village(enters: SignIn, home: HouseholdId) -> None:
    answer = enters("member").get(page(home))
    assert answer.headers["cache-control"] == "no-store"
    assert "某**" in answer.text
    assert f"{NUMBER[:4]}********{NUMBER[-4:]}" in answer.text
    assert NUMBER not in answer.text
    assert "某甲乙" not in answer.text
    assert "谁看过" not in answer.text
    assert enters("other-clerk").get(page(home)).status_code == 403
    assert enters("clerk").get("/households/household-none/particulars").status_code == 404


def test_one_field_is_shown_whole_for_a_purpose_and_leaves_a_line(
    village: Town, enters: SignIn, home: HouseholdId
) -> None:
    clerk = enters("clerk")
    with capture_logs() as lines:
        shown = disclosing(clerk, home)
    assert shown.count(NUMBER) == 1
    assert "用途“核对参保身份”" in shown
    assert NUMBER not in str(lines)
    assert NUMBER not in clerk.get(page(home)).text
    look = next(one for one in village.application.vault.looks(home, 9) if one.what == "disclosed")
    assert (look.viewer, look.field, look.purpose) == (person("clerk"), "id_number", "核对参保身份")
    watched = enters("inspector").get(page(home)).text
    assert "查看一项原文" in watched
    assert "核对参保身份" in watched
    assert '<a href="/people/person-clerk">clerk</a>' in watched


def test_what_is_missing_or_not_allowed_is_refused_and_what_was_typed_stays(enters: SignIn, home: HouseholdId) -> None:
    clerk = enters("clerk")
    blank = disclosing(clerk, home, purpose=" ")
    assert "请填写用途" in blank
    assert NUMBER not in blank
    personal = disclosing(clerk, home, purpose=f"核对{NUMBER}")
    assert "疑似身份证号" in personal
    member = enters("member")
    assert '<option value="id_number"' not in member.get(page(home)).text
    refused = disclosing(member, home, purpose="看看")
    assert "职务" in refused
    assert 'value="看看"' in refused
    assert NUMBER not in refused


def test_restricting_releasing_and_erasing_go_by_their_posts_and_days(
    village: Town, enters: SignIn, home: HouseholdId
) -> None:
    clerk, office, path = enters("clerk"), enters("headquarters"), page(home)
    assert f"{path}/erase" not in office.get(path).text
    assert f"{path}/restrict" not in enters("member").get(path).text
    later = str(village.today + timedelta(days=30))
    early = clerk.fill(path, f"{path}/restrict", erase_from=str(village.today - timedelta(days=1)), reason="整户迁出")
    assert early.status_code == 422
    assert "整户迁出" in early.text
    assert clerk.fill(path, f"{path}/restrict", erase_from=later, reason="本人申请").status_code == 303
    assert "已限制处理" in clerk.get(path).text
    assert "某**" not in clerk.get(path).text
    assert f"{path}/release" not in clerk.get(path).text
    assert f"{path}/erase" not in office.get(path).text
    assert office.fill(path, f"{path}/release", reason="本人撤回").status_code == 303
    assert "某**" in clerk.get(path).text
    assert clerk.fill(path, f"{path}/restrict", erase_from=later, reason="整户迁出").status_code == 303
    village.clock.now += timedelta(days=31)
    office = enters("headquarters")
    assert office.fill(path, f"{path}/erase").status_code == 303
    assert "已经删除" in office.get(path).text
    kinds = [type(fact.event) for fact in village.application.facts.about(home)]
    wanted = (PersonalDataRestricted, PersonalDataReleased, PersonalDataRestricted, PersonalDataErased)
    assert tuple(kind for kind in kinds if kind in wanted) == wanted
    assert village.application.vault.masked(home, person("headquarters")) == {}
