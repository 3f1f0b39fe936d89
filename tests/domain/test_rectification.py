"""Registering, assigning, planning, reporting, extending, escalating: what is allowed to whom, and which dates."""

from datetime import date, timedelta

import pytest
from pydantic import TypeAdapter

from domain.escalation import AnswerEscalation, Escalate
from domain.evidence import Evidence
from domain.fact import CHINA, Event
from domain.ids import EscalationId, EvidenceId, ExtensionId, ImportId, IssueId, PersonId, RegionId, StepId, UnitId
from domain.issues import (
    ClaimedByWorkbook,
    Deadline,
    Escalated,
    ExtensionGranted,
    IssueAssigned,
    IssueRegistered,
    Status,
    StepReported,
    fold,
)
from domain.policy import Severity
from domain.rectification import DenyExtension, GrantExtension, PlanStep, ReportStep, RequestExtension
from domain.registration import (
    AssignIssue,
    ImportedIssue,
    ImportWorkbook,
    RegradeIssue,
    WithdrawIssue,
)
from tests.county import (
    BUREAU,
    COUNTY,
    DUE,
    OTHER_VILLAGE,
    TOWN,
    VILLAGE,
    applied,
    county,
    person,
    rectified,
    register,
)

ISSUE, STEP = IssueId("issue-1"), StepId("step-1")


def test_an_issue_is_registered_in_a_region_that_stands_by_someone_in_post_there() -> None:
    scene = county()
    scene.refused(register(ISSUE, region=RegionId("region-451226999999")), person("clerk"), "unknown_region")
    scene.refused(register(ISSUE, region=OTHER_VILLAGE), person("clerk"), "no_authority")
    scene.refused(register(ISSUE), PersonId("person-nobody"), "no_authority")
    scene.when(register(ISSUE), person("clerk"))
    scene.refused(register(ISSUE), person("clerk"), "issue_already_registered")


def test_what_has_not_happened_yet_cannot_be_registered_and_dates_may_not_contradict() -> None:
    scene = county()
    tomorrow = scene.today + timedelta(days=1)
    scene.refused(register(ISSUE, found_on=tomorrow), person("clerk"), "future_date")
    before = Deadline(due=date(2019, 8, 1), precision="day", long_term=False)
    scene.refused(register(ISSUE, deadline=before), person("clerk"), "dates_out_of_order")
    for due, precision in ((None, "day"), (date(2019, 12, 1), "immediate")):
        wrong = Deadline(due=due, precision=precision, long_term=False)
        scene.refused(register(ISSUE, deadline=wrong), person("clerk"), "deadline_incoherent")


def test_today_is_the_day_in_china() -> None:
    scene = county()
    scene.at = scene.at.astimezone(CHINA).replace(hour=0, minute=30)
    scene.when(register(ISSUE, found_on=scene.at.date()), person("clerk"))


def test_assignment_names_people_and_a_unit_that_exist_and_a_change_says_why() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    assign = AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("officer"))
    unknown = assign.model_copy(update={"unit": UnitId("unit-none")})
    scene.refused(unknown, person("clerk"), "unknown_unit")
    stranger = assign.model_copy(update={"person": PersonId("person-none")})
    scene.refused(stranger, person("clerk"), "unknown_person")
    scene.refused(assign, person("member"), "no_authority")
    scene.when(assign, person("clerk"))
    move = assign.model_copy(update={"person": person("member")})
    scene.refused(move, person("clerk"), "reason_required")
    scene.when(move.model_copy(update={"reason": "原责任人调离"}), person("clerk"))
    assert [event.person for event in scene.events(IssueAssigned)] == [person("officer"), person("member")]  # type: ignore[attr-defined]


def test_steps_are_reported_by_those_who_rectify_with_what_happened_when() -> None:
    scene = county()
    rectified(scene, IssueId("issue-other"))
    scene.when(register(ISSUE), person("clerk"))
    scene.when(PlanStep(issue=ISSUE, step=STEP, measure="清理塌方"), person("clerk"))
    photo = Evidence(file=EvidenceId("evidence-" + "a" * 64), size=1024, media_type="image/jpeg", title="现场")
    report = ReportStep(
        issue=ISSUE, step=STEP, progress="清理一半", done=False, occurred_on=scene.today, evidence=(photo,)
    )
    for outsider in ("supervisor", "headquarters", "officer", "other-clerk"):
        scene.refused(report, person(outsider), "no_authority")
    later = report.model_copy(update={"occurred_on": scene.today + timedelta(days=1)})
    scene.refused(later, person("member"), "future_date")
    earlier = report.model_copy(update={"occurred_on": date(2019, 8, 31)})
    scene.refused(earlier, person("member"), "dates_out_of_order")
    scene.refused(report.model_copy(update={"step": StepId("step-none")}), person("member"), "unknown_step")
    scene.when(report, person("member"))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.RECTIFYING
    scene.when(report.model_copy(update={"done": True}), person("member"))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.DONE
    scene.refused(report, person("member"), "step_already_done")
    assert photo.file in scene.events(StepReported)[-1].tags


def test_partly_done_is_neither_done_nor_under_way() -> None:
    scene = county()
    rectified(scene, ISSUE)
    scene.when(PlanStep(issue=ISSUE, step=STEP, measure="补种行道树"), person("officer"))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.PARTLY_DONE


def test_nothing_of_the_rectification_changes_while_the_write_off_is_under_way() -> None:
    scene = county()
    applied(scene, ISSUE)
    scene.refused(PlanStep(issue=ISSUE, step=STEP, measure="再加一项"), person("officer"), "in_review")
    scene.refused(RegradeIssue(issue=ISSUE, severity=Severity.MAJOR, reason="加重"), person("supervisor"), "in_review")
    scene.refused(WithdrawIssue(issue=ISSUE, reason="误登"), person("supervisor"), "in_review")


def test_more_time_is_asked_for_by_one_and_granted_by_another() -> None:
    scene = county()
    rectified(scene, ISSUE)
    extension = ExtensionId("extension-1")
    ask = RequestExtension(issue=ISSUE, extension=extension, due=date(2019, 11, 20), reason="连续降雨")
    not_later = ask.model_copy(update={"due": date(2019, 10, 20)})
    scene.refused(not_later, person("officer"), "not_an_extension")
    scene.when(ask, person("township-head"))
    again = ask.model_copy(update={"extension": ExtensionId("extension-2")})
    scene.refused(again, person("officer"), "extension_pending")
    grant = GrantExtension(issue=ISSUE, extension=extension, opinion="同意")
    scene.refused(grant, person("township-head"), "own_request")
    scene.refused(grant, person("clerk"), "no_authority")
    scene.when(grant, person("township-secretary"))
    assert fold(scene.about(ISSUE), ISSUE).deadline.due == date(2019, 11, 20)
    assert len(scene.events(ExtensionGranted)) == 1
    scene.refused(
        DenyExtension(issue=ISSUE, extension=extension, reason="迟了"),
        person("township-secretary"),
        "unknown_extension",
    )


def test_more_time_for_a_major_issue_is_the_countys_to_grant() -> None:
    scene = county()
    rectified(scene, ISSUE, Severity.MAJOR)
    extension = ExtensionId("extension-1")
    scene.when(
        RequestExtension(issue=ISSUE, extension=extension, due=date(2019, 12, 1), reason="工程量大"), person("officer")
    )
    deny = DenyExtension(issue=ISSUE, extension=extension, reason="工期足够")
    scene.refused(deny, person("township-secretary"), "no_authority")
    scene.when(deny, person("headquarters"))
    assert fold(scene.about(ISSUE), ISSUE).deadline == DUE


def test_what_the_township_cannot_solve_goes_to_the_county_which_answers_within_24_hours() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    up = Escalate(issue=ISSUE, escalation=EscalationId("escalation-1"), to="county", matter="需县交通局调机械")
    scene.refused(up, person("village-secretary"), "no_authority")
    scene.when(up, person("clerk"))
    (escalated,) = scene.events(Escalated)
    assert isinstance(escalated, Escalated)
    assert escalated.answer_due - scene.at == timedelta(hours=24)
    assert escalated.region == COUNTY
    twice = up.model_copy(update={"escalation": EscalationId("escalation-2")})
    scene.refused(twice, person("clerk"), "escalation_pending")
    answer = AnswerEscalation(issue=ISSUE, escalation=up.escalation, answer="明日进场")
    scene.refused(answer, person("township-head"), "no_authority")
    scene.later(hours=30)
    scene.when(answer, person("headquarters"))
    assert not fold(scene.about(ISSUE), ISSUE).escalations


def test_a_village_escalates_to_its_township() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    up = Escalate(issue=ISSUE, escalation=EscalationId("escalation-1"), to="township", matter="村里解决不了")
    scene.when(up, person("first-secretary"))
    scene.when(AnswerEscalation(issue=ISSUE, escalation=up.escalation, answer="镇里派车"), person("township-secretary"))
    scene.when(register(IssueId("issue-2"), region=TOWN), person("clerk"))
    own = up.model_copy(update={"issue": IssueId("issue-2"), "escalation": EscalationId("escalation-2")})
    scene.refused(own, person("first-secretary"), "nowhere_to_escalate")


def test_a_withdrawn_issue_stays_in_the_record_and_takes_nothing_more() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    withdraw = WithdrawIssue(issue=ISSUE, reason="与另一问题重复登记")
    scene.refused(withdraw, person("clerk"), "no_authority")
    scene.when(withdraw, person("supervisor"))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.WITHDRAWN
    scene.refused(PlanStep(issue=ISSUE, step=STEP, measure="修"), person("clerk"), "issue_not_open")
    assert len(scene.events(IssueRegistered)) == 1


def row(number: int, **changes: object) -> ImportedIssue:
    said: dict[str, object] = {
        "sheet": "问题清单",
        "row": number,
        "region": VILLAGE,
        "category": "饮水",
        "source": "督查",
        "severity": "minor",
        "description": "水池未消毒",
        "deadline": {"due": "2019-09-30", "precision": "month_end", "long_term": True},
        "planned_funds": 2_000_000,
        "unit": "水利局",
        "leader": "覃某",
        "person": "韦某",
        "measure": "制定方案",
        "status": "已完成",
        "done_on": "2019-09-01",
        "closed": True,
    }
    return TypeAdapter(ImportedIssue).validate_python({**said, **changes})


def workbook(*rows: ImportedIssue, digest: str = "d" * 64) -> ImportWorkbook:
    return ImportWorkbook(
        workbook=ImportId(f"import-{digest}"),
        region=COUNTY,
        file_name="问题清单.xlsx",
        file_digest="e" * 64,
        rows=rows,
    )


def test_a_workbook_is_registered_whole_or_not_at_all_and_only_once() -> None:
    scene = county()
    bad = workbook(row(5), row(6, region=RegionId("region-451226999999")))
    scene.refused(bad, person("headquarters"), "unknown_region")
    scene.refused(workbook(row(5), row(6, region=OTHER_VILLAGE)), person("clerk"), "no_authority")
    outcome = scene.when(workbook(row(5), row(6)), person("headquarters"))
    assert len(outcome.facts) == 5
    again = scene.when(workbook(row(5), row(6)), person("headquarters"))
    assert again.facts == ()
    assert len(scene.events(IssueRegistered)) == 2


def test_facts_made_of_a_row_are_as_if_each_had_been_checked() -> None:
    bare = dict.fromkeys(("planned_funds", "unit", "leader", "person", "measure", "status", "done_on"))
    outcome = county().when(workbook(row(5), row(6, **bare)), person("headquarters"))
    assert [type(fact).model_validate_json(fact.model_dump_json()) for fact in outcome.facts] == [*outcome.facts]
    assert all(fact.model_fields_set == {*type(fact).model_fields} for fact in outcome.facts)


@pytest.mark.parametrize("fact", [IssueRegistered, ClaimedByWorkbook])
def test_a_row_is_checked_as_strictly_as_the_facts_made_of_it(fact: type[Event]) -> None:
    checked, asked = vars(ImportedIssue)["__pydantic_fields__"], fact.model_fields
    shared = asked.keys() - {"issue", "workbook", "place", "object", "found_on"}
    assert len(shared) >= 7
    for name in shared:
        assert (checked[name].annotation, checked[name].metadata) == (asked[name].annotation, asked[name].metadata)


def test_what_a_workbook_claims_is_recorded_as_claimed_and_verifies_nothing() -> None:
    scene = county()
    scene.when(workbook(row(5)), person("headquarters"))
    (claim,) = scene.events(ClaimedByWorkbook)
    assert isinstance(claim, ClaimedByWorkbook)
    assert claim.closed
    assert fold(scene.about(claim.issue), claim.issue).status is Status.NOT_STARTED


@pytest.mark.parametrize(
    "text",
    ["联系人电话13800138000", "户主身份证45122619800101123X", "电话 138 0013 8000", "卡号6222021234567890123"],
)
def test_numbers_that_name_a_person_are_refused_where_they_are_typed(text: str) -> None:
    with pytest.raises(ValueError, match="个人信息不得写入台账") as refusal:
        register(ISSUE, description=text)
    assert text[4:] not in str(refusal.value.errors(include_input=False))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        "2019-07-26至2019-09-30",
        "硬化1008米长、6.5米宽的村道",
        "涉及资金1500000.00元",
        "文号20190726001",
        "编号451226104207",
    ],
)
def test_ordinary_numbers_are_not_taken_for_personal_ones(text: str) -> None:
    assert register(ISSUE, description=text).description == text
