"""The chain 三签字: who may sign, when, on what; and what breaks it."""

from datetime import timedelta

import pytest

from domain.appointing import Appoint
from domain.chains import ChainOpened, SentBack, SignatureRefused, SignedOff
from domain.command import Act
from domain.ids import AppointmentId, ChainId, HouseholdId, IssueId, ObjectionId, StepId
from domain.issues import Deadline, IssueClosed, IssueReopened, Status, fold
from domain.organisation import Relieve
from domain.policy import Severity
from domain.posts import Post
from domain.registration import RegradeIssue
from domain.signoff import (
    ApplyForWriteOff,
    CheckOnSite,
    LookBack,
    PostNotice,
    RaiseObjection,
    RefuseSignature,
    SendBack,
    SettleObjection,
    WithdrawApplication,
)
from tests.county import (
    CHAIN_SIGNERS,
    SIGNERS_FOR,
    TOWN,
    applied,
    closed,
    county,
    person,
    ready_to_sign,
    rectified,
    register,
    report_done,
    sign,
    sign_all,
)

ISSUE = IssueId("issue-1")


@pytest.mark.parametrize("severity", list(Severity))
def test_an_issue_closes_with_the_last_signature_its_gravity_asks(severity: Severity) -> None:
    scene = county()
    chain = applied(scene, ISSUE, severity)
    for name in SIGNERS_FOR[severity]:
        assert fold(scene.about(ISSUE), ISSUE).status is Status.IN_REVIEW
        scene.when(sign(scene, ISSUE, chain), person(name))
    assert isinstance(scene.last[-1], IssueClosed)
    assert len(scene.events(SignedOff)) == {"minor": 4, "serious": 6, "major": 8}[severity]
    assert fold(scene.about(ISSUE), ISSUE).status is Status.CLOSED


def test_a_signature_is_refused_when_something_was_recorded_after_what_its_signer_was_shown() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    stale = sign(scene, ISSUE, chain)
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))
    scene.refused(stale, person("village-director"), "changed_since_shown")
    scene.when(sign(scene, ISSUE, chain), person("village-director"))


def test_a_signature_on_a_digest_that_was_never_shown_is_refused() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    forged = sign(scene, ISSUE, chain).model_copy(update={"shown_digest": "0" * 64})
    scene.refused(forged, person("village-secretary"), "changed_since_shown")


def test_stages_are_signed_in_order_and_within_a_stage_in_any() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    scene.refused(sign(scene, ISSUE, chain), person("township-head"), "stage_before_not_whole")
    scene.when(sign(scene, ISSUE, chain), person("village-director"))
    scene.refused(sign(scene, ISSUE, chain), person("township-head"), "stage_before_not_whole")
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))
    scene.when(sign(scene, ISSUE, chain), person("township-head"))


def test_nobody_signs_twice_even_in_two_posts() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    both = Appoint(
        appointment=AppointmentId("appointment-both"),
        person=person("village-secretary"),
        post=Post.VILLAGE_DIRECTOR,
        region=scene.about(person("village-director"))[-1].event.region,  # type: ignore[attr-defined]
        since=scene.today,
    )
    scene.when(both, person("organiser"))
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "signed_already")


def test_nobody_signs_without_the_post_or_after_being_relieved_of_it() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    for outsider in ("clerk", "supervisor", "chief", "other-secretary"):
        scene.refused(sign(scene, ISSUE, chain), person(outsider), "no_authority")
    relieve = Relieve(appointment=AppointmentId("appointment-village-secretary"), on=scene.today, reason="工作调动")
    scene.when(relieve, person("organiser"))
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "no_authority")


def test_nobody_signs_or_checks_their_own_rectification() -> None:
    scene = county()
    rectified(scene, ISSUE)
    chain = ChainId("chain-own")
    scene.when(ApplyForWriteOff(issue=ISSUE, chain=chain, statement="已完成"), person("village-secretary"))
    check = CheckOnSite(issue=ISSUE, chain=chain, passed=True, findings="好", checked_on=scene.today)
    scene.when(check, person("clerk"))
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "own_rectification")


def test_the_checker_took_no_part_in_the_rectification() -> None:
    scene = county()
    rectified(scene, ISSUE)
    chain = ChainId("chain-1")
    scene.when(ApplyForWriteOff(issue=ISSUE, chain=chain, statement="已完成"), person("clerk"))
    check = CheckOnSite(issue=ISSUE, chain=chain, passed=True, findings="好", checked_on=scene.today)
    scene.refused(check, person("clerk"), "own_rectification")
    early = check.model_copy(update={"checked_on": scene.today - timedelta(days=1)})
    scene.refused(early, person("supervisor"), "dates_out_of_order")
    future = check.model_copy(update={"checked_on": scene.today + timedelta(days=1)})
    scene.refused(future, person("supervisor"), "future_date")
    scene.when(check, person("supervisor"))


def test_nobody_signs_while_a_graver_issue_on_the_same_household_stands_open() -> None:
    scene = county()
    household = HouseholdId("household-17")
    chain = applied(scene, ISSUE, object=household)
    graver = IssueId("issue-2")
    scene.when(register(graver, Severity.MAJOR, object=household), person("supervisor"))
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "open_issue_on_object")
    scene.when(RegradeIssue(issue=graver, severity=Severity.MINOR, reason="复核后降级"), person("supervisor"))
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))


def test_nobody_signs_before_the_notice_has_run_or_while_an_objection_is_open() -> None:
    scene = county()
    rectified(scene, ISSUE, Severity.SERIOUS)
    chain = ChainId("chain-1")
    scene.when(ApplyForWriteOff(issue=ISSUE, chain=chain, statement="已完成"), person("officer"))
    check = CheckOnSite(issue=ISSUE, chain=chain, passed=True, findings="好", checked_on=scene.today)
    scene.when(check, person("supervisor"))
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "stage_before_not_whole")
    notice = PostNotice(issue=ISSUE, chain=chain, posted_on=scene.today, place="村务公开栏")
    scene.when(notice, person("clerk"))
    scene.later(days=5)
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "notice_running")
    objection = ObjectionId("objection-1")
    raised = RaiseObjection(issue=ISSUE, chain=chain, objection=objection, matter="路面又开裂", raised_on=scene.today)
    scene.when(raised, person("member"))
    scene.later(days=1)
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "objection_open")
    answer = SettleObjection(issue=ISSUE, chain=chain, objection=objection, upheld=False, answer="已复查,无开裂")
    scene.refused(answer, person("officer"), "own_rectification")
    scene.when(answer, person("supervisor"))
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))


def test_an_upheld_objection_sends_the_issue_back_to_rectification() -> None:
    scene = county()
    rectified(scene, ISSUE, Severity.SERIOUS)
    chain = ChainId("chain-1")
    scene.when(ApplyForWriteOff(issue=ISSUE, chain=chain, statement="已完成"), person("officer"))
    check = CheckOnSite(issue=ISSUE, chain=chain, passed=True, findings="好", checked_on=scene.today)
    scene.when(check, person("supervisor"))
    scene.when(PostNotice(issue=ISSUE, chain=chain, posted_on=scene.today, place="公开栏"), person("clerk"))
    objection = ObjectionId("objection-1")
    scene.when(
        RaiseObjection(issue=ISSUE, chain=chain, objection=objection, matter="未修", raised_on=scene.today),
        person("member"),
    )
    scene.when(
        SettleObjection(issue=ISSUE, chain=chain, objection=objection, upheld=True, answer="属实"),
        person("township-head"),
    )
    assert fold(scene.about(ISSUE), ISSUE).chain is None
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "chain_over")


def test_sent_back_to_a_stage_it_is_signed_anew_from_there() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    for name in CHAIN_SIGNERS[:3]:
        scene.when(sign(scene, ISSUE, chain), person(name))
    back = SendBack(issue=ISSUE, chain=chain, to="signing", stage=0, reason="村级意见过于笼统")
    scene.refused(back, person("village-director"), "no_authority")
    scene.when(back, person("township-head"))
    scene.refused(sign(scene, ISSUE, chain), person("township-head"), "stage_before_not_whole")
    for name in CHAIN_SIGNERS[:4]:
        scene.when(sign(scene, ISSUE, chain), person(name))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.CLOSED
    assert len(scene.events(SignedOff)) == 7


def test_sending_back_needs_a_reason_and_a_stage_that_was_reached() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    with pytest.raises(ValueError, match="reason"):
        SendBack.model_validate({"issue": ISSUE, "chain": chain, "to": "check", "stage": None, "reason": " "})
    ahead = SendBack(issue=ISSUE, chain=chain, to="notice", reason="补公示")
    scene.refused(ahead, person("supervisor"), "stage_not_reached")
    unclear = SendBack(issue=ISSUE, chain=chain, to="signing", reason="重签")
    scene.refused(unclear, person("supervisor"), "stage_required")
    scene.when(SendBack(issue=ISSUE, chain=chain, to="check", reason="核查照片不清"), person("supervisor"))
    assert scene.events(SentBack)
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "stage_before_not_whole")


def test_a_refused_signature_ends_the_chain_and_the_next_application_is_a_new_one() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    no = RefuseSignature(issue=ISSUE, chain=chain, reason="现场与材料不符")
    scene.refused(no, person("township-secretary"), "stage_before_not_whole")
    scene.when(no, person("village-director"))
    assert scene.events(SignatureRefused)
    scene.refused(sign(scene, ISSUE, chain), person("village-secretary"), "chain_over")
    report_done(scene, ISSUE, StepId("step-again"))
    again = ready_to_sign(scene, ISSUE)
    sign_all(scene, ISSUE, again)
    assert len(scene.events(ChainOpened)) == 2


def test_an_application_is_withdrawn_only_by_those_whose_it_is() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    withdraw = WithdrawApplication(issue=ISSUE, chain=chain, reason="补充材料")
    scene.refused(withdraw, person("clerk"), "no_authority")
    scene.when(withdraw, person("officer"))
    scene.refused(withdraw, person("officer"), "chain_over")


def test_a_look_back_that_finds_a_relapse_opens_a_new_round_and_keeps_the_old() -> None:
    scene = county()
    closed(scene, ISSUE)
    scene.later(days=20)
    relapse = LookBack(
        issue=ISSUE,
        holds=False,
        findings="路基再次塌陷",
        looked_on=scene.today,
        deadline=Deadline(due=scene.today + timedelta(days=30), precision="day", long_term=False),
    )
    scene.refused(relapse, person("officer"), "own_rectification")
    scene.when(relapse, person("inspector"))
    assert isinstance(scene.last[-1], IssueReopened)
    issue = fold(scene.about(ISSUE), ISSUE)
    assert (issue.round, issue.status, issue.closed_on) == (2, Status.RECTIFYING, None)
    report_done(scene, ISSUE, StepId("step-second-round"))
    sign_all(scene, ISSUE, ready_to_sign(scene, ISSUE))
    assert len(scene.events(IssueClosed)) == 2


def test_an_issue_of_a_township_is_signed_from_the_township_up() -> None:
    scene = county()
    rectified(scene, ISSUE, region=TOWN)
    chain = ready_to_sign(scene, ISSUE)
    for name in ("township-secretary", "township-head"):
        scene.when(sign(scene, ISSUE, chain), person(name))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.CLOSED


def test_nothing_is_applied_for_before_every_step_is_done() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    early = ApplyForWriteOff(issue=ISSUE, chain=ChainId("chain-1"), statement="完成")
    scene.refused(early, person("clerk"), "not_done")


def test_a_retried_request_is_recorded_once_and_its_key_serves_nothing_else() -> None:
    scene = county()
    first = scene.when(register(ISSUE), person("clerk"), key="evening-1")
    again = scene.when(register(ISSUE), person("clerk"), key="evening-1")
    assert again.replayed
    assert again.position == first.position
    assert again.facts == first.facts
    with pytest.raises(Exception, match="idempotency_key_reused"):
        scene.when(register(IssueId("issue-2")), person("clerk"), key="evening-1")


def test_a_decision_sees_only_what_it_declared() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    closed(scene, IssueId("issue-unrelated"))
    past, scope, _ = scene.ledger.stand(sign(scene, ISSUE, chain), Act(person("village-secretary"), scene.at))
    assert all("issue-unrelated" not in fact.event.tags for fact in past)
    assert {about.tag for about in scope} >= {ISSUE, person("village-secretary")}
