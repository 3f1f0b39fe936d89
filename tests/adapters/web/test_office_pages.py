"""机关的网页 without a browser: meetings, pledges, merits, who answers for a place, replacing, ranks and task lists."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeVar

import pytest
from fastapi.testclient import TestClient

from domain.appointing import MemberReplaced
from domain.books import TaskListPublished
from domain.commendation import MeritGiven, MeritRevoked
from domain.exits import EvaluationRecorded, IncidenceRecorded
from domain.fact import Event
from domain.households import AssignCover, Category, RankRecorded, RegisterHousehold
from domain.ids import CoverId, DecisionId, HouseholdId, Id, UnitId
from domain.meetings import DecisionMade, DecisionReported, DecisionSettled, MakeDecision
from domain.organisation import EstablishUnit
from domain.pledges import PledgeSigned
from domain.posts import Appointed, Relieved
from domain.regions import RegionAbolished, RegionEstablished, RegionRenamed
from domain.responsibility import ResponsibilityTaken
from tests.adapters.web.conftest import PASSWORD, Town, Visitor, settled
from tests.conftest import PostgresServer
from tests.county import BUREAU, COUNTY, OTHER_TOWN, TOWN, VILLAGE, person
from tests.households import member

SignIn = Callable[[str], Visitor]
E = TypeVar("E", bound=Event)
TEAM = UnitId("unit-team")
PDF = ("承诺书.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")


@pytest.fixture(scope="module")
def county(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own, in which everybody whom these pages concern has an account."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        for name in ("organiser", "member", "chief", "county-magistrate"):
            town.application.accounts.create_account(name, PASSWORD, town.clock(), person=person(name))
        yield town


@pytest.fixture
def enters(county: Town) -> SignIn:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(county.api, follow_redirects=False))
        assert visitor.fill("/login", "/login", login=name, password=PASSWORD).status_code == 303
        return visitor

    return sign_in


def last(town: Town, kind: type[E], tag: Id) -> E:
    """The latest fact of its kind about something."""
    found = [fact.event for fact in town.application.facts.about(tag) if isinstance(fact.event, kind)]
    assert found, f"no {kind.__name__} about {tag}"
    return found[-1]


def none_of(town: Town, kind: type[Event], tag: Id) -> bool:
    return not any(isinstance(fact.event, kind) for fact in town.application.facts.about(tag))


def offers(visitor: Visitor, path: str) -> set[str]:
    """The addresses to which the forms of a page go, those of every page left out."""
    return set(re.findall(r'<form[^>]* method="post" action="([^"]+)"', visitor.get(path).text)) - {"/logout"}


# Meetings


def decided(town: Town, name: str, responsible: str = "leader", by: str = "county-secretary") -> DecisionId:
    decision = DecisionId(f"decision-{name}")
    made = MakeDecision(
        decision=decision,
        region=COUNTY,
        meeting="weekly",
        held_on=town.today,
        matter=f"抢通道路{name}",
        responsible=person(responsible),
        due=town.today + timedelta(days=7),
    )
    town.when(made, by)
    return decision


def test_a_decision_is_recorded_with_the_issues_it_is_about(county: Town, enters: SignIn) -> None:
    issue = county.assigned()
    office = enters("headquarters")
    page = office.get(f"/meetings/new?issue={issue}").text
    assert f'name="issues.{issue}" value="yes" checked' in page
    told = {
        "meeting": "weekly",
        "held_on": str(county.today),
        "matter": "一周内抢通洞王屯道路",
        "responsible": person("leader"),
        "due": str(county.today + timedelta(days=7)),
        f"issues.{issue}": "yes",
    }
    answer = office.fill(f"/meetings/new?issue={issue}", "/meetings/record", **told)
    assert answer.status_code == 303, answer.text
    made = last(county, DecisionMade, person("leader"))
    assert (made.issues, made.region, made.matter) == ((issue,), COUNTY, "一周内抢通洞王屯道路")
    assert answer.headers["location"].startswith(f"/meetings/{made.decision}")
    shown = office.get(f"/meetings/{made.decision}").text
    assert f"/issues/{issue}" in shown
    assert "一周内抢通洞王屯道路" in office.get("/meetings?state=open").text
    assert "会议交您办的事" in enters("leader").get("/queue").text


def test_a_decision_that_is_refused_keeps_what_was_typed(county: Town, enters: SignIn) -> None:
    told = {
        "meeting": "dispatch",
        "held_on": str(county.today + timedelta(days=1)),
        "matter": "连夜排查边坡",
        "responsible": person("clerk"),
        "due": str(county.today + timedelta(days=3)),
    }
    answer = enters("county-secretary").fill("/meetings/new", "/meetings/record", **told)
    assert answer.status_code == 422
    assert "不能记录还没有发生的事" in answer.text
    assert "连夜排查边坡</textarea>" in answer.text
    assert f'value="{person("clerk")}" selected' in answer.text


def test_a_township_records_its_own_meeting_and_whoever_chairs_none_is_told_so(county: Town, enters: SignIn) -> None:
    page = enters("township-secretary").get("/meetings/new").text
    assert f'name="region" value="{TOWN}"' in page
    assert "/meetings/new" not in enters("officer").get("/meetings").text
    assert enters("officer").get("/meetings/new").status_code == 403


def test_who_is_responsible_reports_and_somebody_else_settles(county: Town, enters: SignIn) -> None:
    decision = decided(county, "settled")
    page = f"/meetings/{decision}"
    leader, supervisor = enters("leader"), enters("supervisor")
    assert offers(supervisor, page) == set()
    report = {"progress": "已抢通", "done": "yes", "occurred_on": str(county.today)}
    photo = {"evidence": PDF}
    assert leader.fill(page, f"{page}/progress", photo, **report).status_code == 303
    assert len(last(county, DecisionReported, decision).evidence) == 1
    assert "报了落实" in supervisor.get("/queue").text
    assert [one["decision"] for one in supervisor.get("/api/v1/queue").json()["settling"]] == [decision]
    assert f"{page}/settle" not in offers(leader, page)
    assert supervisor.fill(page, f"{page}/settle", done="no", findings="还有一处塌方").status_code == 303
    assert "还有一处塌方" in leader.get("/duty").text
    assert leader.fill(page, f"{page}/progress", **report).status_code == 303
    assert supervisor.fill(page, f"{page}/settle", done="yes", findings="已通车").status_code == 303
    assert last(county, DecisionSettled, decision).done
    assert "已销账" in leader.get(page).text
    assert offers(leader, page) == offers(supervisor, page) == set()
    assert str(decision) in leader.get("/meetings?state=settled").text


def test_what_is_late_is_counted_as_late(county: Town, enters: SignIn) -> None:
    decision = decided(county, "late", "officer")
    assert str(decision) not in enters("officer").get("/meetings?state=late").text
    county.clock.now += timedelta(days=8)
    late = enters("officer").get("/meetings?state=late").text
    assert str(decision) in late
    assert "已逾期1天" in late
    assert enters("officer").get("/meetings/decision-none").status_code == 404


# Pledges


def test_a_pledge_is_signed_on_a_text_and_who_has_not_signed_is_listed(county: Town, enters: SignIn) -> None:
    head = enters("township-head")
    assert "township-head" in head.get("/pledges?unsigned=1").text
    told = {"title": "脱贫摘帽承诺书", "promise": "年底前全镇贫困村退出", "due": str(county.today + timedelta(days=90))}
    answer = head.fill("/pledges", "/pledges/sign", {"evidence": PDF}, **told)
    assert answer.status_code == 303, answer.text
    signed = last(county, PledgeSigned, TOWN)
    assert (signed.person, signed.promise) == (person("township-head"), "年底前全镇贫困村退出")
    page = head.get("/pledges?done=sign").text
    assert f"/api/v1/evidence/evidence-{signed.text_digest}" in page
    unsigned = enters("clerk").get("/pledges?unsigned=1").text
    assert "township-secretary" in unsigned
    assert '<span class="chip good">已签</span>' in unsigned
    assert offers(enters("clerk"), "/pledges") == set()


def test_a_pledge_without_its_text_is_refused_and_keeps_what_was_typed(county: Town, enters: SignIn) -> None:
    secretary = enters("township-secretary")
    told = {"title": "脱贫摘帽承诺书", "promise": "路通到每个屯", "due": str(county.today)}
    answer = secretary.fill("/pledges", "/pledges/sign", **told)
    assert answer.status_code == 422
    assert "请选择一份承诺书文本" in answer.text
    assert "路通到每个屯</textarea>" in answer.text
    late = secretary.fill(
        "/pledges", "/pledges/sign", {"evidence": PDF}, **{**told, "due": str(county.today - timedelta(days=1))}
    )
    assert late.status_code == 422
    assert "早于今天" in late.text
    assert "已上传" in late.text


# Merits


def test_merits_are_given_and_revoked_by_whom_they_are_for_to_give(county: Town, enters: SignIn) -> None:
    organiser, magistrate = enters("organiser"), enters("county-magistrate")
    subject = person("clerk")
    form = f"/merits/new?subject={subject}"
    page = organiser.get(form).text
    assert 'value="reserve"' in page
    assert 'value="bonus"' not in page
    reserve = {"kind": "reserve", "level": "middle", "reasons": "连续两期红榜", "decided_on": str(county.today)}
    assert organiser.fill(form, "/merits/give", **reserve).status_code == 303
    merit = last(county, MeritGiven, subject)
    assert (merit.kind, merit.level) == ("reserve", "middle")
    bonus = {"kind": "bonus", "amount": "0.3", "reasons": "全年满勤", "decided_on": str(county.today)}
    assert magistrate.fill(form, "/merits/give", **bonus).status_code == 303
    assert last(county, MeritGiven, subject).amount == 300_000
    assert "列入储备干部" in magistrate.get("/merits?kind=reserve").text
    assert f"/merits/{merit.merit}" in organiser.get(f"/people/{subject}").text
    assert offers(magistrate, f"/merits/{merit.merit}") == set()
    back = {"reasons": "档案不全", "revoked_on": str(county.today)}
    assert organiser.fill(f"/merits/{merit.merit}", f"/merits/{merit.merit}/revoke", **back).status_code == 303
    assert last(county, MeritRevoked, merit.merit).reasons == "档案不全"
    assert "档案不全" in organiser.get(f"/merits/{merit.merit}").text


def test_a_merit_that_is_refused_keeps_what_was_typed(county: Town, enters: SignIn) -> None:
    form = f"/merits/new?subject={TOWN}"
    praise = {"kind": "praise", "reasons": "整改走在前列", "decided_on": str(county.today + timedelta(days=2))}
    answer = enters("county-magistrate").fill(form, "/merits/give", **praise)
    assert answer.status_code == 422
    assert "整改走在前列</textarea>" in answer.text
    assert none_of(county, MeritGiven, TOWN)
    praised = enters("county-magistrate").fill(form, "/merits/give", **{**praise, "decided_on": str(county.today)})
    assert praised.status_code == 303
    assert "通报表扬" in enters("clerk").get("/regions/451226104").text


def test_nobody_commends_themselves_and_whoever_decides_none_finds_no_way_to(county: Town, enters: SignIn) -> None:
    magistrate = enters("county-magistrate")
    assert magistrate.get(f"/merits/new?subject={person('county-magistrate')}").status_code == 403
    assert magistrate.get("/merits/new?subject=issue-1").status_code == 404
    clerk = enters("clerk")
    assert clerk.get("/merits/new").status_code == 403
    assert "/merits/new" not in clerk.get("/merits").text
    assert "/merits/new" not in clerk.get(f"/people/{person('officer')}").text
    found = magistrate.get("/merits/new?name=川山镇").text
    assert f"/merits/new?subject={OTHER_TOWN}" in found


# A place


def test_who_answers_for_a_place_is_named_and_changed_with_no_gap(county: Town, enters: SignIn) -> None:
    page = "/regions/451226104207"
    secretary = enters("county-secretary")
    assert "还没有确定第一责任人" in secretary.get(page).text
    name = f"{page}/name-responsible"
    assert secretary.fill(page, name, person=person("chief"), reason="熟悉情况").status_code == 303
    old = secretary.hidden(secretary.get(page).text, name)
    county.clock.now += timedelta(minutes=10)
    assert secretary.fill(page, name, person=person("first-secretary"), reason="原责任人调离").status_code == 303
    taken = last(county, ResponsibilityTaken, VILLAGE)
    assert (taken.person, taken.before) == (person("first-secretary"), person("chief"))
    shown = secretary.get(page).text
    assert "变更第一责任人" in shown
    first, second = re.findall(r"(\d{4}年\d+月\d+日 \d\d:\d\d)起", shown)[:2]
    assert f"{second}起,{first}止".replace(",", "\uff0c") in shown
    stale = secretary.client.post(name, data={**old, "person": person("member"), "reason": "临时顶替"})
    assert stale.status_code in (409, 422)
    assert "现任第一责任人与您所见的不同" in stale.text
    assert "临时顶替" in stale.text
    assert name not in offers(enters("clerk"), page)


def test_the_figures_of_a_place_are_recorded_where_they_belong(county: Town, enters: SignIn) -> None:
    page = "/regions/451226"
    office = enters("headquarters")
    assert office.fill(page, f"{page}/record-incidence", population="1000").status_code == 303
    assert last(county, IncidenceRecorded, COUNTY).population == 1000
    sampled = {"exited_sampled": "100", "wrong": "1", "others_sampled": "80", "missed": "0", "asked": "90"}
    today = str(county.today)
    wrong = office.fill(page, f"{page}/record-evaluation", **sampled, approving="91", evaluated_on=today)
    assert wrong.status_code == 422
    assert 'value="91"' in wrong.text
    right = office.fill(page, f"{page}/record-evaluation", **sampled, approving="89", evaluated_on=today)
    assert right.status_code == 303
    assert last(county, EvaluationRecorded, COUNTY).approving == 89
    assert not {f"{page}/record-incidence", f"{page}/record-evaluation"} & offers(enters("clerk"), page)


def test_places_are_established_renamed_and_abolished(county: Town, enters: SignIn) -> None:
    page, office = "/regions/451226103", enters("headquarters")
    wrong = office.fill(page, f"{page}/establish-regions", places="45122610399 新村", since=str(county.today))
    assert wrong.status_code == 422
    assert "45122610399 新村" in wrong.text
    told = "451226103299 新村\n451226103208 白丹新村"
    answer = office.fill(page, f"{page}/establish-regions", places=told, since=str(county.today))
    assert answer.status_code == 303, answer.text
    new = last(county, RegionEstablished, type(VILLAGE)("region-451226103299"))
    assert new.name == "新村"
    assert last(county, RegionRenamed, type(VILLAGE)("region-451226103208")).name == "白丹新村"
    page = "/regions/451226103299"
    assert office.fill(page, f"{page}/abolish-region", on=str(county.today)).status_code == 303
    assert last(county, RegionAbolished, new.region).on == county.today
    assert f"{page}/abolish-region" not in offers(office, page)
    assert offers(enters("other-clerk"), "/regions/451226103") == set()


# People and teams


def test_a_member_of_a_team_is_replaced_on_the_same_day(county: Town, enters: SignIn) -> None:
    who, page = person("member"), f"/people/{person('member')}"
    organiser = enters("organiser")
    replacing = {"successor": person("clerk"), "cause": "absent", "reason": "本月在岗不足"}
    refused = organiser.fill(page, f"{page}/replace", **{**replacing, "successor": ""})
    assert refused.status_code == 422
    assert "本月在岗不足" in refused.text
    assert f"{page}/replace" not in offers(enters("headquarters"), page)
    assert organiser.fill(page, f"{page}/replace", **replacing).status_code == 303
    replaced = last(county, MemberReplaced, who)
    assert (replaced.successor, replaced.cause) == (person("clerk"), "absent")
    assert last(county, Relieved, who).on == county.today == last(county, Appointed, person("clerk")).since
    assert f"{page}/replace" not in offers(organiser, page)


def test_a_rank_is_recorded_on_the_persons_page(county: Town, enters: SignIn) -> None:
    who, page = person("leader"), f"/people/{person('leader')}"
    organiser = enters("organiser")
    rank = {"rank": "section", "since": str(county.today)}
    assert organiser.fill(page, f"{page}/record-rank", **rank).status_code == 303
    assert last(county, RankRecorded, who).rank == "section"
    assert "科级" in enters("clerk").get(page).text
    again = organiser.fill(page, f"{page}/record-rank", **rank)
    assert again.status_code in (409, 422)
    assert "此人职级已是科级" in again.text
    assert f"{page}/record-rank" not in offers(enters("clerk"), page)


def test_a_teams_task_list_is_published_and_read(county: Town, enters: SignIn) -> None:
    county.when(EstablishUnit(unit=TEAM, name="攻坚分队", kind="team", region=COUNTY), "headquarters")
    cover = AssignCover(cover=CoverId("cover-1"), region=VILLAGE, kind="team", unit=TEAM, since=county.today)
    county.when(cover, "headquarters")
    home = HouseholdId("household-tasks")
    registered = RegisterHousehold(
        household=home,
        region=VILLAGE,
        category=Category.REGISTERED,
        members=(member(1, home),),
        identified_on=county.today,
    )
    county.when(registered, "clerk")
    issue = county.issue(object=home, description="人均住房不足十三平方米")
    page, office = f"/units/{TEAM}", enters("headquarters")
    assert f"{page}/publish-tasks" not in offers(enters("clerk"), page)
    assert f"/units/{BUREAU}/publish-tasks" not in offers(office, f"/units/{BUREAU}")
    month = county.today.replace(day=1)
    assert office.fill(page, f"{page}/publish-tasks", month=str(month)).status_code == 303
    listed = last(county, TaskListPublished, TEAM)
    assert issue in {task.entry for task in listed.tasks}
    assert f"/task-lists/{listed.tasklist}" in office.get(page).text
    read = enters("clerk").get(f"/task-lists/{listed.tasklist}?redraw=1").text
    assert "人均住房不足十三平方米" in read
    assert "与下达的清单一致" in read
    assert office.get("/task-lists/tasklist-none").status_code == 404


# What waits


def test_one_page_shows_everything_that_waits(county: Town, enters: SignIn) -> None:
    clerk = enters("clerk")
    day = str(county.today + timedelta(days=20))
    asked = {"region": TOWN, "kind": "annual", "since": day, "until": day, "reason": "家中有事"}
    assert clerk.fill("/duty", "/duty/leave", **asked).status_code == 303
    secretary = enters("township-secretary")
    assert "等您批准的请假" in secretary.get("/queue").text
    assert "家中有事" in secretary.get("/queue").text
    assert "等您批准的请假" not in enters("other-secretary").get("/queue").text
    assert "等您批准的请假" not in clerk.get("/queue").text
    waiting = re.search(r"<span>待签待办</span><strong>(\d+)</strong>", secretary.get("/").text)
    assert waiting
    assert int(waiting[1]) >= 1


def test_the_pages_of_the_office_are_reached_from_the_first_page(enters: SignIn) -> None:
    first = enters("clerk").get("/").text
    for path in ("/meetings", "/pledges", "/exits", "/merits", "/notices", "/reverse-checks", "/duty"):
        assert f'href="{path}"' in first
        assert enters("clerk").get(path).status_code == 200
