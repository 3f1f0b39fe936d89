"""An issue's page: what it shows, what it offers to whom, and what becomes of a form."""

import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from domain.escalation import Escalate
from domain.ids import EscalationId, HouseholdId, StepId
from domain.policy import Severity
from domain.rectification import PlanStep, ReportStep
from domain.registration import AssignIssue
from tests.adapters.web.conftest import Town, Visitor
from tests.county import BUREAU, person

SignIn = Callable[[str], Visitor]
PHOTO = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 32


def test_only_what_would_be_recorded_is_offered(town: Town, signed_in: SignIn) -> None:
    issue, _ = town.planned()
    assert signed_in("officer").offered(issue) == {"report-step", "plan-step", "request-extension"}
    assert signed_in("clerk").offered(issue) == {
        "report-step",
        "plan-step",
        "assign",
        "request-extension",
        "escalate-county",
    }
    assert signed_in("village-secretary").offered(issue) == {
        "report-step",
        "plan-step",
        "request-extension",
        "escalate-township",
    }
    assert signed_in("supervisor").offered(issue) == {"regrade", "withdraw"}
    assert signed_in("other-clerk").offered(issue) == set()


def test_what_is_offered_follows_the_life_of_the_issue(town: Town, signed_in: SignIn) -> None:
    officer, secretary = signed_in("officer"), signed_in("village-secretary")
    issue = town.rectified()
    assert "apply" in officer.offered(issue)
    issue, chain = town.ready()
    assert officer.offered(issue) == {"withdraw-application"}
    assert {"sign", "refuse", "send-back"} <= secretary.offered(issue)
    for name in ("village-secretary", "village-director", "township-secretary", "township-head"):
        town.sign(issue, chain, name)
    assert secretary.offered(issue) == set()
    assert signed_in("supervisor").offered(issue) == {"look-back"}


def test_an_issue_goes_from_report_to_closing_by_forms_alone(town: Town, signed_in: SignIn) -> None:
    issue, step = town.planned()
    officer = signed_in("officer")
    done = officer.fill(
        f"/issues/{issue}",
        f"/issues/{issue}/report-step",
        {"evidence": ("完工.png", PHOTO, "image/png")},
        step=step,
        progress="路面已硬化",
        done="yes",
        occurred_on=str(town.today),
        spent_funds="1.5",
    )
    assert done.status_code == 303, done.text
    shown = officer.get(done.headers["location"].partition("#")[0]).text
    assert "“报告整改进展”已记入台账" in shown
    assert "完工.png" in shown
    assert "1.5万元" in shown
    assert officer.act(issue, "apply", statement="措施已全部完成").status_code == 303
    supervisor = signed_in("supervisor")
    checked = supervisor.act(issue, "check", passed="yes", findings="已通车", checked_on=str(town.today))
    assert checked.status_code == 303
    for name in ("village-secretary", "village-director", "township-secretary", "township-head"):
        assert signed_in(name).act(issue, "sign", opinion="情况属实").status_code == 303
    assert "已销号" in officer.get(f"/issues/{issue}").text
    assert town.types(issue)[-2:] == ["chain.signed", "issue.closed"]


def test_a_double_press_records_once(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    officer = signed_in("officer")
    action = f"/issues/{issue}/plan-step"
    typed = {**officer.hidden(officer.get(f"/issues/{issue}").text, action), "measure": "修复路面"}
    first, second = (officer.client.post(action, data=typed) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert town.types(issue).count("step.planned") == 1


def test_a_refusal_says_why_and_keeps_what_was_typed(town: Town, signed_in: SignIn) -> None:
    issue, step = town.planned()
    before = town.types(issue)
    tomorrow = str(town.today + timedelta(days=1))
    response = signed_in("officer").act(
        issue, "report-step", step=step, progress="明天就修好", done="no", occurred_on=tomorrow
    )
    assert response.status_code == 422
    assert "晚于今天" in response.text
    assert "明天就修好" in response.text
    assert f'value="{tomorrow}"' in response.text
    assert town.types(issue) == before


def test_a_file_once_uploaded_need_not_be_chosen_again(town: Town, signed_in: SignIn) -> None:
    issue, step = town.planned()
    officer = signed_in("officer")
    action = f"/issues/{issue}/report-step"
    typed = {"step": str(step), "progress": "已修", "done": "no", "occurred_on": "2030-01-01"}
    refused = officer.fill(f"/issues/{issue}", action, {"evidence": ("路面.png", PHOTO, "image/png")}, **typed)
    kept = re.search(r'name="kept" value="([^"]+)"', refused.text)
    assert kept
    again = {**officer.hidden(refused.text, action), **typed, "occurred_on": str(town.today)}
    assert officer.client.post(action, data={**again, "kept": html.unescape(kept[1])}).status_code == 303
    assert "路面.png" in officer.get(f"/issues/{issue}").text


def test_a_file_that_is_a_program_is_refused_with_its_name(town: Town, signed_in: SignIn) -> None:
    issue, step = town.planned()
    response = signed_in("officer").fill(
        f"/issues/{issue}",
        f"/issues/{issue}/report-step",
        {"evidence": ("图.svg", b"<svg onload='alert(1)'/>", "image/png")},
        step=step,
        progress="已修",
        done="no",
        occurred_on=str(town.today),
    )
    assert response.status_code == 422
    assert "图.svg" in response.text
    assert "无法接收这种文件" in response.text


def test_a_signer_signs_exactly_what_the_page_showed(town: Town, signed_in: SignIn) -> None:
    issue, chain = town.ready(Severity.SERIOUS)
    town.clock.now += timedelta(days=6)
    secretary = signed_in("village-secretary")
    page = secretary.get(f"/issues/{issue}").text
    typed = secretary.hidden(page, f"/issues/{issue}/sign")
    assert typed["shown_digest"] in page.split("确认签字")[0]
    town.sign(issue, chain, "village-director")
    stale = secretary.client.post(f"/issues/{issue}/sign", data={**typed, "opinion": "情况属实"})
    assert stale.status_code == 422
    assert "又有新的记录" in stale.text
    assert "您查看之后新增" in stale.text
    assert "情况属实" in stale.text
    fresh = secretary.hidden(stale.text, f"/issues/{issue}/sign")
    assert fresh["shown_digest"] != typed["shown_digest"]
    again = secretary.client.post(f"/issues/{issue}/sign", data={**fresh, "opinion": "情况属实"})
    assert again.status_code == 303


def test_a_signer_who_may_not_sign_yet_is_told_why(town: Town, signed_in: SignIn) -> None:
    issue, _ = town.ready(Severity.SERIOUS)
    assert "公示期到" in signed_in("village-secretary").get(f"/issues/{issue}").text
    issue, _ = town.ready()
    head = signed_in("township-head")
    assert "sign" not in head.offered(issue)
    assert "须先由村支书、村主任签完" in head.get(f"/issues/{issue}").text


def test_an_open_issue_on_the_same_household_is_named_with_a_way_to_it(town: Town, signed_in: SignIn) -> None:
    household = HouseholdId(f"household-{next(town.numbers)}")
    graver = town.issue(Severity.SERIOUS, object=household)
    issue, _ = town.ready(object=household)
    page = signed_in("village-secretary").get(f"/issues/{issue}").text
    assert re.search(rf'还不能签字.*href="/issues/{graver}"', page)


def test_an_extension_is_decided_by_someone_else(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    town.asks_for_time(issue)
    assert "grant-extension" not in signed_in("officer").offered(issue)
    head = signed_in("township-head")
    assert {"grant-extension", "deny-extension"} <= head.offered(issue)
    assert issue in head.get("/queue").text
    assert head.act(issue, "grant-extension", opinion="雨季属实").status_code == 303
    page = head.get(f"/issues/{issue}").text
    assert "原为" in page
    assert issue not in head.get("/queue").text


def test_what_is_escalated_counts_down_and_a_late_answer_shows_as_late(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    escalation = EscalationId(f"escalation-{next(town.numbers)}")
    town.when(Escalate(issue=issue, escalation=escalation, to="county", matter="缺资金二十万元"), "clerk")
    headquarters = signed_in("headquarters")
    assert "还剩1天" in headquarters.get("/queue").text
    town.clock.now += timedelta(hours=26, minutes=5)
    headquarters = signed_in("headquarters")
    assert "已超时2小时5分钟" in headquarters.get("/").text
    assert headquarters.act(issue, "answer-escalation", answer="已统筹资金").status_code == 303
    page = headquarters.get(f"/issues/{issue}").text
    assert "答复超时2小时5分钟" in page
    assert issue not in headquarters.get("/queue").text


def test_what_is_entered_late_is_marked_and_not_refused(town: Town, signed_in: SignIn) -> None:
    issue, step = town.planned(found_on=town.today - timedelta(days=20))
    report = ReportStep(
        issue=issue, step=step, progress="上周修好", done=True, occurred_on=town.today - timedelta(days=7)
    )
    town.when(report, "officer")
    assert "事后7天才记录" in signed_in("inspector").get(f"/issues/{issue}").text


def test_the_same_photo_in_two_places_is_pointed_out(town: Town, signed_in: SignIn) -> None:
    officer = signed_in("officer")
    photo = PHOTO + b"same"
    for _ in range(2):
        issue, step = town.planned()
        officer.fill(
            f"/issues/{issue}",
            f"/issues/{issue}/report-step",
            {"evidence": ("完工.png", photo, "image/png")},
            step=step,
            progress="已修",
            done="yes",
            occurred_on=str(town.today),
        )
    assert "同一材料多处使用" in signed_in("inspector").get(f"/issues/{issue}").text


def test_an_objection_during_the_notice_is_recorded_and_settled(town: Town, signed_in: SignIn) -> None:
    issue, _ = town.ready(Severity.SERIOUS)
    assert (
        signed_in("clerk").act(issue, "raise-objection", matter="路面仍有积水", raised_on=str(town.today)).status_code
        == 303
    )
    head = signed_in("township-head")
    assert "路面仍有积水" in head.get(f"/issues/{issue}").text
    settled = head.fill(
        f"/issues/{issue}",
        f"/issues/{issue}/settle-objection",
        objection=_objection(head.get(f"/issues/{issue}").text),
        upheld="yes",
        answer="情况属实,继续整改",
    )
    assert settled.status_code == 303
    assert "异议成立" in head.get(f"/issues/{issue}").text


def _objection(page: str) -> str:
    found = re.search(r'<option value="(objection-[0-9a-z-]+)"', page)
    assert found
    return found[1]


def test_sending_back_names_the_stage_and_gives_the_reason(town: Town, signed_in: SignIn) -> None:
    issue, chain = town.ready()
    town.sign(issue, chain, "village-secretary")
    town.sign(issue, chain, "village-director")
    head = signed_in("township-head")
    assert head.act(issue, "send-back", to="signing:0", reason="").status_code == 422
    assert head.act(issue, "send-back", to="signing:0", reason="签字意见过于简单").status_code == 303
    page = head.get(f"/issues/{issue}").text
    assert "退回到第1级签字环节" in page
    assert "签字意见过于简单" in page
    assert "sign" in signed_in("village-secretary").offered(issue)


def test_a_relapse_found_in_a_look_back_opens_a_new_round(town: Town, signed_in: SignIn) -> None:
    issue, chain = town.ready()
    for name in ("village-secretary", "village-director", "township-secretary", "township-head"):
        town.sign(issue, chain, name)
    supervisor = signed_in("supervisor")
    looked = supervisor.act(
        issue,
        "look-back",
        holds="no",
        findings="雨后再次塌方",
        looked_on=str(town.today),
        **{"deadline.precision": "day", "deadline.due": str(town.today + timedelta(days=20))},
    )
    assert looked.status_code == 303, looked.text
    assert "第2轮整改" in supervisor.get(f"/issues/{issue}").text


def test_the_past_is_shown_as_it_was_with_a_banner_and_nothing_to_do(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    before = town.application.facts.head()
    step = StepId(f"step-{next(town.numbers)}")
    town.when(PlanStep(issue=issue, step=step, measure="后来才定的措施"), "officer")
    officer = signed_in("officer")
    then = officer.get(f"/issues/{issue}?as_of={before}").text
    assert "您正在看过去" in then
    assert "后来才定的措施" not in then
    assert '<form method="post" action="/issues/' not in then
    assert "后来才定的措施" in officer.get(f"/issues/{issue}").text


def test_a_form_for_what_is_no_longer_so_gives_back_what_was_typed(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    town.asks_for_time(issue)
    head, secretary = signed_in("township-head"), signed_in("township-secretary")
    action = f"/issues/{issue}/deny-extension"
    typed = head.hidden(head.get(f"/issues/{issue}").text, action)
    assert secretary.act(issue, "grant-extension", opinion="同意").status_code == 303
    late = head.client.post(action, data={**typed, "reason": "工期完全够用"})
    assert late.status_code == 422
    assert "没有这份待批的延期申请" in late.text
    assert "工期完全够用" in late.text


def test_what_people_write_cannot_become_markup(town: Town, signed_in: SignIn) -> None:
    issue = town.issue(description="<script>alert('x')</script>\"><img src=x onerror=alert(1)>")
    for path in (f"/issues/{issue}", "/issues", f"/timeline/{issue}", "/"):
        page = signed_in("clerk").get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_an_issue_is_registered_by_a_form_and_shown(town: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    typed = {
        "region": "region-451226104207",
        "place": "下屯",
        "category": "道路",
        "source": "自查",
        "severity": "minor",
        "description": "桥面护栏缺失",
        "found_on": str(town.today),
        "deadline.precision": "month_end",
        "deadline.due": str(town.today),
    }
    wrong = clerk.fill("/issues/new", "/issues/new", **{**typed, "category": ""})
    assert wrong.status_code == 422
    assert "桥面护栏缺失" in wrong.text
    done = clerk.fill("/issues/new", "/issues/new", **typed)
    assert done.status_code == 303, done.text
    page = clerk.get(done.headers["location"].partition("#")[0]).text
    assert "问题已登记" in page
    assert "明伦镇百祥村" in page


def test_whoever_may_not_register_gets_no_form(signed_in: SignIn) -> None:
    response = signed_in("county-secretary").get("/issues/new")
    assert response.status_code == 403
    assert "不能登记问题" in response.text


@pytest.mark.parametrize("form", ["nonsense", "SignOff"])
def test_there_are_no_other_forms(town: Town, signed_in: SignIn, form: str) -> None:
    issue = town.assigned()
    officer = signed_in("officer")
    typed = officer.hidden(officer.get(f"/issues/{issue}").text, f"/issues/{issue}/plan-step")
    assert officer.client.post(f"/issues/{issue}/{form}", data=typed).status_code in (404, 405)


def test_the_ledger_is_filtered_sorted_and_paged(town: Town, signed_in: SignIn) -> None:
    mark = f"涵洞{next(town.numbers)}号"
    issues = [town.issue(description=f"{mark}第{n}处堵塞", severity=Severity.MAJOR) for n in range(3)]
    other = town.issue(description="别处")
    clerk = signed_in("clerk")
    page = clerk.get(f"/issues?description={mark}&severity=major&region=region-451226104&order=due").text
    assert all(issue in page for issue in issues)
    assert other not in page
    assert "共3条" in page
    assert "共0条" in clerk.get(f"/issues?description={mark}&region=region-451226103").text
    assert "共3条" in clerk.get(f"/issues?description={mark}&region_name=百祥").text
    unknown = clerk.get(f"/issues?description={mark}&region_name=不存在").text
    assert "没有名称含“不存在”的区划" in html.unescape(unknown)
    for n in range(28):
        town.issue(description=f"{mark}另{n}处")
    first = clerk.get(f"/issues?description={mark}&order=region").text
    assert "共31条" in first
    following = re.search(r'href="(/issues\?[^"]*cursor=[^"]+)">下一页', first)
    assert following
    second = clerk.get(html.unescape(following[1])).text
    seen = [set(re.findall(r'href="/issues/(issue-\d+)"', text)) for text in (first, second)]
    assert (len(seen[0]), len(seen[1]), seen[0] & seen[1]) == (30, 1, set())


def test_the_export_asks_for_what_the_page_shows(town: Town, signed_in: SignIn) -> None:
    town.issue(description="导出用")
    clerk = signed_in("clerk")
    page = clerk.get("/issues?description=导出用&status=not_started&order=due").text
    link = re.search(r'href="(/api/v1/ledgers/issues\.xlsx[^"]*)"', page)
    assert link
    book = clerk.get(html.unescape(link[1]))
    assert book.status_code == 200, book.text
    assert book.content.startswith(b"PK")


def test_overdue_is_judged_on_the_day_looked_at(town: Town, signed_in: SignIn) -> None:
    mark = f"逾期{next(town.numbers)}"
    due = {"due": town.today + timedelta(days=3), "precision": "day", "long_term": False}
    issue = town.issue(description=mark, deadline=due)
    town.when(AssignIssue(issue=issue, unit=BUREAU, leader=person("leader"), person=person("officer")), "clerk")
    day = town.today
    town.clock.now += timedelta(days=10)
    officer = signed_in("officer")
    assert "逾期7天" in officer.get(f"/issues?description={mark}&overdue=true").text
    assert "已逾期7天" in officer.get("/queue").text
    assert "还剩3天" in officer.get(f"/issues?description={mark}&as_of={day.isoformat()}").text


def test_dates_people_see_are_chinese(town: Town, signed_in: SignIn) -> None:
    issue = town.issue()
    page = signed_in("clerk").get(f"/issues/{issue}").text
    today: date = town.today
    assert f"{today.year}年{today.month}月{today.day}日登记" in page
    shown = re.sub(r"<[^>]+>", " ", page)
    assert not re.search(r"\d{4}-\d\d-\d\d", shown), "an unformatted date"


def test_objections_can_only_name_this_application(town: Town, signed_in: SignIn) -> None:
    issue, _ = town.ready(Severity.SERIOUS)
    other, chain = town.ready(Severity.SERIOUS)
    objection = {"matter": "异议", "raised_on": str(town.today)}
    clerk = signed_in("clerk")
    typed = clerk.hidden(clerk.get(f"/issues/{issue}").text, f"/issues/{issue}/raise-objection")
    swapped = clerk.client.post(f"/issues/{issue}/raise-objection", data={**typed, **objection, "chain": chain})
    assert swapped.status_code == 422
    assert "没有这份销号申请" in swapped.text
    assert "chain.objection_raised" not in town.types(other)
