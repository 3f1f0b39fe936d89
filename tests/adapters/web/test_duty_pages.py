"""履职 without a browser: a day reported, a leave asked for and approved, a visit recorded, a decision reported on."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from domain.attendance import DayReported, days_of, leaves_in
from domain.ids import DecisionId, LeaveId, VisitId
from domain.meetings import MakeDecision
from domain.visits import RecordVisit, VisitRecorded
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, TOWN, VILLAGE, person

SignIn = Callable[[str], Visitor]


@pytest.fixture(scope="module")
def village(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: what is counted in a month is counted of all that was said in it."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        for name in ("member", "county-magistrate"):
            town.application.accounts.create_account(name, PASSWORD, town.clock(), person=person(name))
        yield town


@pytest.fixture
def enters(village: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(village.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


def facts(town: Town, name: str) -> list[object]:
    return [fact.event for fact in town.application.facts.about(person(name))]


def test_a_day_is_reported_once_and_counts_towards_the_month(village: Town, enters: SignIn) -> None:
    member = enters("member")
    before = member.get("/duty").text
    assert "应不少于20天" in before
    assert "还差20天" in before
    day = {"region": VILLAGE, "on": str(village.today), "presence": "village", "work": "入户核对饮水"}
    answer = member.fill("/duty", "/duty/day", **day)
    assert (answer.status_code, answer.headers["location"]) == (303, "/duty?done=day#top")
    after = member.get("/duty?done=day").text
    assert "当日工作已报告" in after
    assert "还差19天" in after
    assert "入户核对饮水" in after
    assert days_of(village.application.facts.about(person("member")), person("member"))[village.today].present


def test_what_is_refused_is_shown_again_as_it_was_typed(village: Town, enters: SignIn) -> None:
    member = enters("member")
    tomorrow = str(village.today + timedelta(days=1))
    day = {"region": VILLAGE, "on": tomorrow, "presence": "trip", "work": "到县里办水改手续"}
    told = len([one for one in facts(village, "member") if isinstance(one, DayReported)])
    answer = member.fill("/duty", "/duty/day", **day)
    assert answer.status_code == 422
    assert "不能记录还没有发生的事" in answer.text
    assert "到县里办水改手续" in answer.text
    assert len([one for one in facts(village, "member") if isinstance(one, DayReported)]) == told
    assert member.client.post("/duty/day", data={}).status_code in (400, 403)
    assert member.get("/duty/nothing").status_code in (404, 405)


def test_a_leave_is_asked_for_approved_by_whom_it_waits_for_and_ended_early(village: Town, enters: SignIn) -> None:
    member, secretary = enters("member"), enters("township-secretary")
    until = str(village.today + timedelta(days=2))
    asked = {"region": VILLAGE, "kind": "sick", "since": str(village.today), "until": until, "reason": "住院检查"}
    assert member.fill("/duty", "/duty/leave", **asked).status_code == 303
    (leave,) = leaves_in(village.application.facts.about(person("member")))
    assert f"/duty/{leave}/approve" not in member.get("/duty").text
    assert f"/duty/{leave}/approve" not in enters("clerk").get("/duty").text
    assert f"/duty/{leave}/approve" not in enters("other-secretary").get("/duty").text
    assert secretary.fill("/duty", f"/duty/{leave}/approve", opinion="同意").status_code == 303
    assert f"/duty/{leave}/approve" not in secretary.get("/duty").text
    assert member.fill("/duty", f"/duty/{leave}/return", on=str(village.today)).status_code == 303
    assert leaves_in(village.application.facts.about(leave))[leave].returned_on == village.today
    assert "返岗销假" in member.get("/duty").text


def test_a_leave_is_denied_with_its_reason_or_withdrawn(village: Town, enters: SignIn) -> None:
    clerk, secretary = enters("clerk"), enters("township-secretary")
    found: list[LeaveId] = []
    for number in (10, 20):
        day = str(village.today + timedelta(days=number))
        asked = {"region": TOWN, "kind": "annual", "since": day, "until": day, "reason": "休假"}
        assert clerk.fill("/duty", "/duty/leave", **asked).status_code == 303
        found.append(
            next(one for one in leaves_in(village.application.facts.about(person("clerk"))) if one not in found)
        )
    assert secretary.fill("/duty", f"/duty/{found[0]}/deny", reason="迎检期间不准假").status_code == 303
    assert "迎检期间不准假" in clerk.get("/duty").text
    assert clerk.fill("/duty", f"/duty/{found[1]}/withdraw", reason="不休了").status_code == 303
    states = {one.state for one in leaves_in(village.application.facts.about(person("clerk"))).values()}
    assert states == {"denied", "withdrawn"}


def test_a_visit_is_recorded_and_listed(village: Town, enters: SignIn) -> None:
    member = enters("member")
    told = {"region": VILLAGE, "household": "", "occurred_on": str(village.today), "findings": "水管待换"}
    assert member.fill("/duty", "/duty/visit", **told).status_code == 303
    assert "水管待换" in member.get("/duty").text
    assert any(isinstance(one, VisitRecorded) for one in facts(village, "member"))


def test_what_a_meeting_gave_someone_to_do_is_reported_on(village: Town, enters: SignIn) -> None:
    decision = DecisionId("decision-road")
    made = MakeDecision(
        decision=decision,
        region=COUNTY,
        meeting="weekly",
        held_on=village.today,
        matter="一周内抢通洞王屯道路",
        responsible=person("leader"),
        due=village.today + timedelta(days=7),
    )
    village.when(made, "county-secretary")
    leader = enters("leader")
    assert "一周内抢通洞王屯道路" in leader.get("/duty").text
    assert "一周内抢通洞王屯道路" not in enters("officer").get("/duty").text
    report = {"progress": "已抢通", "done": "yes", "occurred_on": str(village.today)}
    assert leader.fill("/duty", f"/duty/{decision}/progress", **report).status_code == 303
    assert "已报落实" in leader.get("/duty").text


def test_what_was_claimed_is_drawn_checked_and_drawn_again(village: Town, enters: SignIn) -> None:
    for number in range(3):
        visit = RecordVisit(
            visit=VisitId(f"visit-{number}"), region=VILLAGE, occurred_on=village.today, findings="送鸡苗"
        )
        village.when(visit, "chief")
    supervisor = enters("supervisor")
    today = str(village.today)
    scope = {"region": COUNTY, "subject": "person-chief", "since": today, "until": today, "many": "2"}
    refused = supervisor.fill("/reverse-checks", "/reverse-checks", **{**scope, "subject": "person-clerk"})
    assert (refused.status_code, "没有可核查的填报" in refused.text) == (422, True)
    answer = supervisor.fill("/reverse-checks", "/reverse-checks", **scope)
    assert answer.status_code == 303, answer.text
    address = answer.headers["location"].partition("?")[0]
    assert "待核查2条" in supervisor.get("/reverse-checks").text
    assert '<form method="post" action="/reverse-checks' not in enters("clerk").get(address).text

    checked = {"checked_on": today, "findings": "户主称当日无人来访"}
    assert supervisor.fill(address, address, holds="no", **checked).status_code == 422
    due = {"severity": "serious", "deadline.precision": "day", "deadline.due": "2019-12-31"}
    assert supervisor.fill(address, address, holds="no", **checked, **due).status_code == 303
    assert supervisor.fill(address, address, holds="yes", **checked).status_code == 303
    page = supervisor.get(f"{address}?redraw=1").text
    assert "复抽一致" in page
    assert (page.count("不属实</span>"), page.count('"chip good">属实')) == (1, 1)
    assert "反向核查不属实" in supervisor.get("/people/person-chief").text
    assert supervisor.get("/reverse-checks/draw-none").status_code == 404


def test_an_issue_signed_by_someone_on_leave_says_so(village: Town, enters: SignIn) -> None:
    issue, chain = village.ready()
    village.sign(issue, chain, "village-secretary")
    signer, clerk = enters("village-secretary"), enters("clerk")
    assert "准假期间签字" not in clerk.get(f"/issues/{issue}").text
    day = str(village.today)
    asked = {"region": VILLAGE, "kind": "personal", "since": day, "until": day, "reason": "外出"}
    assert signer.fill("/duty", "/duty/leave", **asked).status_code == 303
    (leave,) = leaves_in(village.application.facts.about(person("village-secretary")))
    secretary = enters("township-secretary")
    assert secretary.fill("/duty", f"/duty/{leave}/approve", opinion="同意").status_code == 303
    assert "有人在准假期间签字" in clerk.get(f"/issues/{issue}").text
