"""大数据比对 without a browser: a roster is shown, confirmed as it was shown, and leaves a line, and no number."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx2
import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from adapters.vault.intake import register
from domain.command import Act
from domain.comparison import ContradictionFound, RosterCompared
from domain.ids import HouseholdId
from domain.issues import IssueRegistered
from tests.adapters.vault.people import id_number, intake, somebody
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, person

SignIn = Callable[[str], Visitor]
PREVIEW, CONFIRM = "/comparisons/preview", "/comparisons/confirm"


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        yield town


@pytest.fixture
def enters(village: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(village.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


def household(village: Town, *numbers: int) -> HouseholdId:
    asked = intake(*(somebody(number) for number in numbers))
    application = village.application
    outcome = register(application.ledger, application.vault, asked, Act(person("clerk"), village.clock()))
    assert application.projector.wait_for(outcome.position, 10)
    return asked.household


def roster(*rows: str, title: str = "名册") -> bytes:
    return "\n".join([title, "身份证号", *rows]).encode()


def sent(content: bytes) -> dict[str, tuple[str, bytes, str]]:
    return {"roster": ("名册.csv", content, "text/csv")}


def preview(visitor: Visitor, content: bytes, **changes: str) -> httpx2.Response:
    asked = {
        "kind": "deaths",
        "place": COUNTY,
        "roster_on": "2019-08-31",
        "severity": "serious",
        "days": "20",
        **changes,
    }
    return visitor.fill("/comparisons", PREVIEW, sent(content), **asked)


def confirm(visitor: Visitor, shown: httpx2.Response, content: bytes) -> httpx2.Response:
    fields = visitor.hidden(shown.text, CONFIRM)
    answer: httpx2.Response = visitor.client.post(CONFIRM, data=fields, files=sent(content))
    return answer


def test_a_roster_is_shown_compared_and_kept_nowhere(village: Town, enters: SignIn) -> None:
    home, supervisor = household(village, 21, 22), enters("supervisor")
    content = roster(id_number(21), id_number(22), id_number(23), "看不清")
    head, looks = village.application.facts.head(), village.application.vault.status().looks
    with capture_logs() as lines:
        shown = preview(supervisor, content)
        assert shown.status_code == 200, shown.text
        assert "4行" in shown.text
        assert "第6行" in shown.text
        assert (village.application.facts.head(), village.application.vault.status().looks) == (head, looks)
        answer = confirm(supervisor, shown, content)
        assert answer.status_code == 303, answer.text
        page = supervisor.get(answer.headers["location"]).text
    found = [fact.event for fact in village.application.facts.facts((RosterCompared, ContradictionFound))]
    compared, contradicted = found
    assert isinstance(compared, RosterCompared)
    assert (compared.rows, compared.unreadable, compared.households, str(compared.roster_on)) == (4, 1, 1, "2019-08-31")
    assert isinstance(contradicted, ContradictionFound)
    assert (contradicted.household, len(contradicted.members)) == (home, 2)
    issue = next(e.event for e in village.application.facts.facts((IssueRegistered,)))
    assert isinstance(issue, IssueRegistered)
    assert issue.deadline.due == village.today + timedelta(days=20)
    assert f"/households/{home}" in page
    assert "立为1个问题" in page
    shelf = supervisor.get("/comparisons").text
    assert "死亡人员名册" in shelf
    assert "1行读不出" in shelf
    stored = str([village.application.facts.stored(n) for n in range(1, village.application.facts.head() + 1)])
    for number in (21, 22, 23):
        assert id_number(number) not in shown.text + page + shelf + stored + str(lines)


def test_another_file_than_the_one_shown_is_not_compared(village: Town, enters: SignIn) -> None:
    supervisor, content = enters("supervisor"), roster(id_number(31))
    shown = preview(supervisor, content, kind="cars")
    head = village.application.facts.head()
    answer = confirm(supervisor, shown, roster(id_number(32)))
    assert answer.status_code == 422
    assert "不是同一份" in answer.text
    assert village.application.facts.head() == head


def test_a_later_roster_names_the_issue_that_is_open_and_the_ledger_says_so(village: Town, enters: SignIn) -> None:
    home, inspector = household(village, 41), enters("inspector")
    for title in ("八月", "九月"):
        content = roster(id_number(41), title=title)
        answer = confirm(inspector, preview(inspector, content, kind="payroll"), content)
        assert answer.status_code == 303, answer.text
    page = inspector.get(answer.headers["location"]).text
    assert "并入原有问题" in page
    assert "原有的问题" in page
    facts = village.application.facts.about(home)
    assert sum(isinstance(fact.event, IssueRegistered) for fact in facts) == 1
    assert sum(isinstance(fact.event, ContradictionFound) for fact in facts) == 2
    again = confirm(inspector, preview(inspector, content, kind="payroll"), content)
    assert "没有新的不一致" in inspector.get(again.headers["location"]).text
    lines = inspector.get("/comparisons?kind=payroll").text
    assert "共2次" in lines
    assert "另1户并入原有问题" in lines


def test_what_can_not_be_read_is_said_and_what_was_chosen_stays(village: Town, enters: SignIn) -> None:
    supervisor = enters("supervisor")
    torn = preview(supervisor, b"\x00\x01", kind="houses", days="30")
    assert torn.status_code == 422
    assert '<option value="houses" selected' in torn.text
    assert 'value="30"' in torn.text
    assert "请选择名册类别" in preview(supervisor, roster("x"), kind="").text
    assert "整改天数" in preview(supervisor, roster("x"), days="0").text
    late = preview(supervisor, roster(id_number(51)), roster_on="2030-01-01")
    refused = confirm(supervisor, late, roster(id_number(51)))
    assert (refused.status_code, "晚于今天" in refused.text) == (422, True)
    school = preview(supervisor, roster("看不清"), kind="school")
    assert f'action="{CONFIRM}"' not in school.text
    assert "须完整" in school.text
    assert supervisor.get("/comparisons/import-" + "0" * 64).status_code == 404


def test_those_who_rectify_see_the_ledger_and_no_form(village: Town, enters: SignIn) -> None:
    clerk = enters("clerk")
    page = clerk.get("/comparisons").text
    assert f'action="{PREVIEW}"' not in page
    token = clerk.hidden(clerk.get("/issues/new").text, "/issues/new")
    looks = village.application.vault.status().looks
    for action in (PREVIEW, CONFIRM):
        answer = clerk.client.post(action, data={**token, "kind": "deaths", "place": COUNTY}, files=sent(roster("x")))
        assert answer.status_code == 403
    assert village.application.vault.status().looks == looks
