"""What each ledger says of lives whose facts are known."""

from datetime import date, timedelta
from typing import TypeVar

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import accountability, chains, issues
from domain.escalation import AnswerEscalation, Escalate
from domain.evidence import Evidence
from domain.ids import (
    EditionId,
    EscalationId,
    EvidenceId,
    ExtensionId,
    IssueId,
    PersonId,
    RegionId,
    StepId,
)
from domain.issues import IssueWithdrawn, Status
from domain.organisation import Relieve
from domain.policy import Severity
from domain.rankings import EditionCorrected, EditionPublished
from domain.rectification import DenyExtension, GrantExtension, PlanStep, ReportStep, RequestExtension
from domain.registration import AssignIssue
from domain.signoff import LookBack, SendBack, SignOff
from projections import (
    case_ledger,
    directory,
    escalation_ledger,
    evidence_ledger,
    issue_ledger,
    measure_ledger,
    post_ledger,
    ranking_board,
    rectification_ledger,
    responsibility_ledger,
    signature_ledger,
    signoff_ledger,
)
from projections.accountability_record import record
from projections.issue_ledger import CLOSED_WITHIN_AN_HOUR, IssueLine, overdue_days
from projections.ledger import Ledger
from projections.line import Line
from projections.rectification_ledger import Progress
from projections.responsibility_ledger import ResponsibilityLine, missed
from projections.signoff_ledger import SIGNED_WITHIN_A_MINUTE, SignOffLine, phase_on
from tests.county import (
    BUREAU,
    COUNTY,
    DUE,
    TOWN,
    VILLAGE,
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
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.projections.lives import TOWNS, facts
from tests.scenario import Scene

L = TypeVar("L", bound=Line)

ISSUE = IssueId("issue-bridge")
OTHER = IssueId("issue-well")
LIVES = list(facts(seed=3, many=1200))


def after(scene: Scene, ledger: Ledger[L]) -> list[L]:
    lines = folded(ledger, scene.store.facts())
    return [lines[key] for key in sorted(lines)]


def issue_line(scene: Scene, issue: IssueId = ISSUE) -> IssueLine:
    return folded(issue_ledger.LEDGER, scene.store.facts())[issue,]


def chain_line(scene: Scene) -> SignOffLine:
    (line,) = after(scene, signoff_ledger.LEDGER)
    return line


def photo(digit: str, title: str = "照片") -> Evidence:
    return Evidence(file=EvidenceId(f"evidence-{digit * 64}"), size=9, media_type="image/png", title=title)


# 问题台账


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), many=st.integers(1, 400))
def test_the_issue_ledger_says_what_the_domain_says_of_every_issue(seed: int, many: int) -> None:
    lives = list(facts(seed, many, at_once=6))
    for (issue,), line in folded(issue_ledger.LEDGER, lives).items():
        state = issues.fold(lives, IssueId(issue))
        assert line.status is state.status
        assert line.deadline == state.deadline
        assert (line.round, line.severity, line.chain, line.closed_on, line.last_done_on) == (
            state.round,
            state.severity,
            state.chain,
            state.closed_on,
            state.last_done_on,
        )
        assert (line.unit, line.leader, line.person) == (state.unit, state.leader, state.person)
        assert line.steps == tuple(step.step for step in state.present_steps)
        assert line.done_steps == tuple(step.step for step in state.present_steps if step.done_on)
        assert (line.steps_planned, line.steps_done) == (len(line.steps), len(line.done_steps))
        assert set(line.open_escalations) == set(state.escalations)
        assert line.escalations_open == len(state.escalations)
        assert line.extensions_pending == len(state.extensions)
        assert line.extensions_granted == sum(one.granted is True for one in line.extensions)


def test_an_issue_from_registration_to_reopening() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    line = issue_line(scene)
    assert (line.status, line.late_days, line.original_due) == (Status.NOT_STARTED, 1, DUE.due)
    assert (line.registered_by, line.registered_on) == (person("clerk"), scene.today)
    assert line.last_position == scene.store.head()

    scene.later(days=1)
    scene.when(
        AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    assert (issue_line(scene).status, issue_line(scene).assigned_on) == (Status.RECTIFYING, scene.today)

    one, two = StepId("step-one"), StepId("step-two")
    for step in (one, two):
        scene.when(PlanStep(issue=ISSUE, step=step, measure="修复路面"), person("officer"))
    spent = ReportStep(issue=ISSUE, step=one, progress="已修一半", done=True, occurred_on=scene.today, spent_funds=500)
    scene.when(spent, person("officer"))
    line = issue_line(scene)
    assert (line.status, line.steps_planned, line.steps_done) == (Status.PARTLY_DONE, 2, 1)
    assert (line.last_progress, line.spent_funds) == ("已修一半", 500)

    extension, later = ExtensionId("extension-one"), date(2019, 11, 20)
    scene.when(RequestExtension(issue=ISSUE, extension=extension, due=later, reason="雨季"), person("officer"))
    assert issue_line(scene).extensions_pending == 1
    scene.when(GrantExtension(issue=ISSUE, extension=extension, opinion="同意"), person("headquarters"))
    line = issue_line(scene)
    assert (line.due, line.original_due, line.extensions_pending, line.extensions_granted) == (later, DUE.due, 0, 1)
    (asked,) = line.extensions
    assert (asked.granted, asked.asked_by, asked.decided_by) == (True, person("officer"), person("headquarters"))

    again = ExtensionId("extension-two")
    refused = RequestExtension(issue=ISSUE, extension=again, due=later + timedelta(days=9), reason="雨季")
    scene.when(refused, person("officer"))
    scene.when(DenyExtension(issue=ISSUE, extension=again, reason="不同意"), person("headquarters"))
    line = issue_line(scene)
    assert (line.due, line.extensions_granted, line.extensions[1].granted) == (later, 1, False)

    scene.when(
        ReportStep(issue=ISSUE, step=two, progress="已修完", done=True, occurred_on=scene.today), person("officer")
    )
    assert issue_line(scene).status is Status.DONE
    chain = ready_to_sign(scene, ISSUE)
    assert (issue_line(scene).status, issue_line(scene).chain) == (Status.IN_REVIEW, chain)
    sign_all(scene, ISSUE, chain)
    line = issue_line(scene)
    assert (line.status, line.closed_on, line.chain, line.marks) == (Status.CLOSED, scene.today, None, ())

    scene.later(days=30)
    look = LookBack(
        issue=ISSUE,
        holds=False,
        findings="路面再次塌陷",
        looked_on=scene.today,
        deadline=DUE.model_copy(update={"due": scene.today + timedelta(days=20)}),
    )
    scene.when(look, person("supervisor"))
    line = issue_line(scene)
    assert (line.status, line.round, line.reopened, line.looked_back_on) == (Status.RECTIFYING, 2, 1, scene.today)
    assert (line.steps, line.due) == ((), scene.today + timedelta(days=20))


def test_an_issue_closed_in_the_hour_it_was_registered_is_marked() -> None:
    scene = county()
    closed(scene, ISSUE)
    assert issue_line(scene).marks == (CLOSED_WITHIN_AN_HOUR,)


def test_days_overdue_are_of_the_day_of_reading() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    assert DUE.due is not None
    line = issue_line(scene)
    assert overdue_days(line, DUE.due) == 0
    assert overdue_days(line, DUE.due + timedelta(days=3)) == 3
    done = line.but(status=Status.CLOSED, last_done_on=DUE.due + timedelta(days=2))
    assert overdue_days(done, DUE.due + timedelta(days=300)) == 2
    assert overdue_days(line.but(due=None), date(2030, 1, 1)) == 0
    assert overdue_days(line.but(status=Status.WITHDRAWN), date(2030, 1, 1)) == 0


# 整改台账


def test_an_issue_without_measures_stands_in_the_rectification_ledger_until_the_first_is_planned() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    (line,) = after(scene, rectification_ledger.LEDGER)
    assert (line.progress, line.number, line.step, line.unit) == (Progress.UNPLANNED, 0, None, None)
    scene.when(
        AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    scene.when(PlanStep(issue=ISSUE, step=StepId("step-one"), measure="清淤"), person("officer"))
    (line,) = after(scene, rectification_ledger.LEDGER)
    assert (line.number, line.progress, line.measure) == (1, Progress.NOT_STARTED, "清淤")
    assert (line.region, line.unit, line.person) == (VILLAGE, BUREAU, person("officer"))


def test_measures_count_on_through_the_rounds_and_late_reports_show() -> None:
    scene = county()
    rectified(scene, ISSUE, found_on=scene.today - timedelta(days=9))
    step = StepId("step-late")
    scene.when(PlanStep(issue=ISSUE, step=step, measure="加固"), person("officer"))
    for days, done in ((5, False), (2, True)):
        report = ReportStep(
            issue=ISSUE,
            step=step,
            progress="加固中",
            done=done,
            occurred_on=scene.today - timedelta(days=days),
            evidence=(photo("a"), photo("b")),
            spent_funds=10,
        )
        scene.when(report, person("member"))
    first, second = after(scene, rectification_ledger.LEDGER)
    assert (first.number, first.progress, first.late_days) == (1, Progress.DONE, 0)
    assert (second.number, second.progress, second.late_days) == (2, Progress.DONE, 5)
    assert (second.reports, second.spent_funds, second.evidence_count) == (2, 20, 2)
    assert (second.done_on, second.reported_by) == (scene.today - timedelta(days=2), person("member"))


def test_a_reopened_issue_waits_for_measures_again() -> None:
    scene = county()
    closed(scene, ISSUE)
    look = LookBack(
        issue=ISSUE,
        holds=False,
        findings="路面再次塌陷",
        looked_on=scene.today,
        deadline=DUE.model_copy(update={"due": scene.today + timedelta(days=20)}),
    )
    scene.when(look, person("supervisor"))
    waiting, first = after(scene, rectification_ledger.LEDGER)
    assert (waiting.number, waiting.round, waiting.progress) == (0, 2, Progress.UNPLANNED)
    assert (first.number, first.round, first.progress) == (1, 1, Progress.DONE)
    assert waiting.unit == BUREAU
    report_done(scene, ISSUE, StepId("step-again"))
    assert [line.number for line in after(scene, rectification_ledger.LEDGER)] == [1, 2]


def test_measures_of_issues_registered_in_error_say_so() -> None:
    withdrawn = {fact.event.issue for fact in LIVES if isinstance(fact.event, IssueWithdrawn)}
    assert withdrawn
    lines = folded(rectification_ledger.LEDGER, LIVES).values()
    assert withdrawn == {line.issue for line in lines if line.withdrawn}


# 佐证台账


def test_a_photo_used_for_two_issues_shows_on_both() -> None:
    scene = county()
    for n, issue in enumerate((ISSUE, OTHER)):
        scene.when(register(issue), person("clerk"))
        step = StepId(f"step-{n}")
        scene.when(PlanStep(issue=issue, step=step, measure="清淤"), person("clerk"))
        for progress in ("一半", "完成"):
            report = ReportStep(
                issue=issue,
                step=step,
                progress=progress,
                done=False,
                occurred_on=scene.today,
                evidence=(photo("a"), photo(str(n)), photo("a")),
            )
            scene.when(report, person("clerk"))
    lines = {(line.file[-1], line.subject): line for line in after(scene, evidence_ledger.LEDGER)}
    assert {key: (line.uses, line.reused) for key, line in lines.items()} == {
        ("a", ISSUE): (2, True),
        ("a", OTHER): (2, True),
        ("0", ISSUE): (2, False),
        ("1", OTHER): (2, False),
    }
    line = lines["a", ISSUE]
    assert line.first_position < line.last_position
    assert (line.size, line.title, line.first_used_by) == (9, "照片", person("clerk"))


# 签批台账


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), many=st.integers(1, 400))
def test_the_sign_off_ledger_says_what_the_domain_says_of_every_chain(seed: int, many: int) -> None:
    lives = list(facts(seed, many, at_once=6))
    counting = {
        (line.chain, line.stage, line.seat): line.signer
        for line in folded(signature_ledger.LEDGER, lives).values()
        if line.counts
    }
    for line in folded(signoff_ledger.LEDGER, lives).values():
        state = chains.fold(lives, line.chain)
        assert state is not None
        assert line.phase is state.phase
        assert line.as_chain == state
        assert line.signers == tuple(state.signed.values())
        if not state.ended:
            here = {key[1:]: signer for key, signer in counting.items() if key[0] == line.chain}
            assert here == state.signed
        else:
            assert not any(key[0] == line.chain for key in counting)


def test_a_chain_waits_for_whoever_may_do_what_comes_next() -> None:
    scene = county()
    rectified(scene, ISSUE)
    chain = ready_to_sign(scene, ISSUE)
    line = chain_line(scene)
    assert (line.chain, line.phase, line.stage) == (chain, chains.Phase.SIGNING, 0)
    assert line.waiting == (f"village_secretary@{VILLAGE}", f"village_director@{VILLAGE}")
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))
    assert chain_line(scene).waiting == (f"village_director@{VILLAGE}",)
    scene.when(sign(scene, ISSUE, chain), person("village-director"))
    line = chain_line(scene)
    assert line.waiting == (f"township_secretary@{TOWN}", f"township_head@{TOWN}")
    assert line.signers == (person("village-secretary"), person("village-director"))
    back = SendBack(issue=ISSUE, chain=chain, to="signing", stage=0, reason="村级未到现场")
    scene.when(back, person("supervisor"))
    line = chain_line(scene)
    assert (line.stage, line.signers, line.sent_back, line.last_reason) == (0, (), 1, "村级未到现场")
    voided = after(scene, signature_ledger.LEDGER)
    assert [(one.counts, one.void_reason, one.voided_by) for one in voided] == [
        (False, "村级未到现场", person("supervisor"))
    ] * 2


def test_who_may_act_by_the_ledger_is_who_may_act() -> None:
    scene = county()
    rectified(scene, ISSUE, Severity.MAJOR)
    ready_to_sign(scene, ISSUE)
    positions = [fact.position for fact in scene.store.facts() if isinstance(fact.event, chains.CHAIN)]
    seen = [
        line
        for position in positions
        for line in folded(
            signoff_ledger.LEDGER, (fact for fact in scene.store.facts() if fact.position <= position)
        ).values()
    ]
    assert f"supervisor@{COUNTY}" in seen[0].waiting
    assert f"first_secretary@{VILLAGE}" in seen[0].waiting
    assert f"township_secretary@{VILLAGE}" not in seen[0].waiting
    notice = next(line for line in seen if line.phase is chains.Phase.NOTICE)
    assert f"township_clerk@{TOWN}" in notice.waiting
    signing = seen[-1]
    assert signing.notice_until is not None
    assert signing.ready_on == signing.notice_until + timedelta(days=1)
    assert phase_on(signing, signing.notice_until) is chains.Phase.ON_NOTICE
    assert phase_on(signing, signing.ready_on) is chains.Phase.SIGNING


def test_a_chain_signed_within_a_minute_is_marked() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    sign_all(scene, ISSUE, chain)
    line = chain_line(scene)
    assert (line.phase, line.marks, line.ended_on) == (chains.Phase.COMPLETE, (SIGNED_WITHIN_A_MINUTE,), scene.today)
    slow = county()
    chain = applied(slow, ISSUE)
    for name in ("village-secretary", "village-director", "township-secretary", "township-head"):
        slow.later(minutes=1)
        slow.when(sign(slow, ISSUE, chain), person(name))
    assert chain_line(slow).marks == ()


def test_a_signature_says_exactly_what_was_shown() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    asked: SignOff = sign(scene, ISSUE, chain)
    scene.when(asked, person("village-secretary"))
    (line,) = after(scene, signature_ledger.LEDGER)
    assert (line.shown, line.shown_digest) == (asked.shown, asked.shown_digest)
    assert (line.subject, line.signer, line.region) == (ISSUE, person("village-secretary"), VILLAGE)
    assert (line.signed_at, line.counts, line.position) == (scene.at, True, scene.store.head())


# 上报答复台账


def test_an_answer_in_time_and_one_late() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    for name, hours, late in (("in-time", 5, False), ("late", 30, True)):
        escalation = EscalationId(f"escalation-{name}")
        scene.when(Escalate(issue=ISSUE, escalation=escalation, to="county", matter="缺资金"), person("clerk"))
        (*_, line) = after(scene, escalation_ledger.LEDGER)
        waiting = {one.escalation: one for one in after(scene, escalation_ledger.LEDGER)}[escalation]
        assert not escalation_ledger.overdue(waiting, waiting.answer_due)
        assert escalation_ledger.overdue(waiting, waiting.answer_due + timedelta(seconds=1))
        scene.later(hours=hours)
        scene.when(AnswerEscalation(issue=ISSUE, escalation=escalation, answer="已安排"), person("headquarters"))
        line = {one.escalation: one for one in after(scene, escalation_ledger.LEDGER)}[escalation]
        assert (line.answered, line.late, line.answered_by) == (True, late, person("headquarters"))
        assert escalation_ledger.overdue(line, line.answer_due) is late
        assert (line.region, line.answered_at) == (COUNTY, scene.at)


# 责任台账


def test_nobody_answers_for_an_issue_until_it_is_assigned() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    (line,) = after(scene, responsibility_ledger.LEDGER)
    assert (line.role, line.holder, line.until) == ("nobody", None, None)
    scene.later(days=2)
    scene.when(
        AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    scene.later(days=3)
    change = AssignIssue(issue=ISSUE, unit=BUREAU, leader=person("leader"), person=person("member"), reason="岗位调整")
    scene.when(change, person("clerk"))
    lines = after(scene, responsibility_ledger.LEDGER)
    assert [(line.role, line.holder, line.ended) for line in lines] == [
        ("nobody", None, "assigned"),
        ("unit", BUREAU, None),
        ("leader", person("leader"), None),
        ("person", person("officer"), "reassigned"),
        ("person", person("member"), None),
    ]
    assert lines[3].until == lines[4].since == scene.today


def held(**changes: object) -> ResponsibilityLine:
    line = ResponsibilityLine(
        ISSUE, 1, VILLAGE, 1, "person", person("officer"), date(2019, 9, 1), due=date(2019, 9, 20)
    )
    return line.but(**changes)


@pytest.mark.parametrize(
    ("line", "status", "day", "expected"),
    [
        (held(), Status.RECTIFYING, date(2019, 9, 20), False),
        (held(), Status.RECTIFYING, date(2019, 9, 21), True),
        (held(due=None), Status.RECTIFYING, date(2030, 1, 1), False),
        (held(done_on=date(2019, 9, 19)), Status.DONE, date(2030, 1, 1), False),
        (held(done_on=date(2019, 9, 19)), Status.PARTLY_DONE, date(2030, 1, 1), True),
        (held(done_on=date(2019, 9, 22)), Status.IN_REVIEW, date(2030, 1, 1), True),
        (
            held(done_on=date(2019, 9, 19), until=date(2019, 10, 9), ended="closed"),
            Status.CLOSED,
            date(2030, 1, 1),
            False,
        ),
        (
            held(done_on=date(2019, 9, 22), until=date(2019, 10, 9), ended="closed"),
            Status.CLOSED,
            date(2030, 1, 1),
            True,
        ),
        (held(until=date(2019, 9, 10), ended="reassigned"), Status.RECTIFYING, date(2030, 1, 1), False),
        (held(until=date(2019, 9, 25), ended="reassigned"), Status.CLOSED, date(2030, 1, 1), True),
        (held(until=date(2019, 9, 25), ended="withdrawn"), Status.WITHDRAWN, date(2030, 1, 1), False),
    ],
)
def test_a_deadline_is_missed_by_whoever_held_it_when_it_passed(
    line: ResponsibilityLine, status: Status, day: date, expected: bool
) -> None:
    assert missed(line, status, day) is expected


def test_responsibility_returns_with_the_next_round() -> None:
    lines = folded(responsibility_ledger.LEDGER, LIVES).values()
    again = [line for line in lines if line.round == 2]
    assert again
    for line in again:
        before = [one for one in lines if (one.issue, one.role, one.round) == (line.issue, line.role, 1)]
        assert any(one.holder == line.holder and one.ended == "closed" for one in before)
        assert all(one.until is not None and one.until <= line.since for one in before)
    open_issues = {line.issue for line in folded(issue_ledger.LEDGER, LIVES).values() if line.status.open}
    assert {line.issue for line in lines if line.until is None} == open_issues


# 任职台账, 名录


def test_appointments_have_an_end() -> None:
    scene = county()
    appointment = next(line for line in after(scene, post_ledger.LEDGER) if line.person == person("clerk")).appointment
    scene.when(Relieve(appointment=appointment, on=scene.today, reason="调离"), person("organiser"))
    line = folded(post_ledger.LEDGER, scene.store.facts())[appointment,]
    assert (line.until, line.relieved_for, line.post.label) == (scene.today, "调离", "乡镇扶贫专干")
    assert not line.tenure.covers(scene.today)
    assert line.tenure.covers(scene.today - timedelta(days=1))


def test_names_are_sorted_by_their_sound() -> None:
    names = ["重庆", "中山", "韦一", "安全", "韦二", "明伦镇", "Ａ区"]
    assert sorted(names, key=directory.sort_key)[:5] == ["安全", "重庆", "明伦镇", "韦二", "韦一"]


def test_the_directory_knows_former_names_and_what_no_longer_stands() -> None:
    lines = folded(directory.LEDGER, LIVES)
    renamed = [line for line in lines.values() if line.former_names]
    assert renamed
    assert all(line.name not in line.former_names[-1:] for line in renamed)
    assert {line.kind for line in lines.values()} == {"region", "unit", "person"}
    gone = [line for line in lines.values() if not line.standing]
    assert all(line.until for line in gone)
    region = lines[RegionId("region-451226"),]
    assert (region.level, region.region) == ("county", RegionId("region-451226"))


# 红黑榜, 问责


def test_a_corrected_edition_keeps_what_was_published() -> None:
    board = folded(ranking_board.BOARD, LIVES)
    editions = folded(ranking_board.EDITIONS, LIVES)
    published = {fact.event.edition: fact.event for fact in LIVES if isinstance(fact.event, EditionPublished)}
    corrected = {fact.event.edition: fact.event for fact in LIVES if isinstance(fact.event, EditionCorrected)}
    assert corrected
    assert published.keys() == {key[0] for key in editions}
    for edition, event in published.items():
        line = editions[edition,]
        standings = corrected[edition].standings if edition in corrected else event.standings
        assert line.revision == (edition in corrected)
        assert line.red == tuple(standing.subject for standing in standings if standing.listed == "red")
        assert line.objections_open == sum(board[edition, one.subject].objections_open for one in standings)
        for before, now in zip(
            sorted(event.standings, key=lambda one: one.subject),
            sorted(standings, key=lambda one: one.subject),
            strict=True,
        ):
            row = board[edition, now.subject]
            assert (row.rank, row.score, row.listed, row.components) == (
                now.rank,
                now.score,
                now.listed,
                now.components,
            )
            assert (row.published_rank, row.published_score, row.published_listed) == (
                before.rank,
                before.score,
                before.listed,
            )
            assert row.region == now.subject
    answered = [objection for line in board.values() for objection in line.objections]
    assert {objection.upheld for objection in answered} >= {True, False}


def test_the_measure_ledger_says_what_the_domain_says_of_every_measure() -> None:
    lines = folded(measure_ledger.LEDGER, LIVES)
    measures = accountability.measures(LIVES)
    assert {line.measure: line.as_measure for line in lines.values()} == measures
    assert {line.appeals_open for line in lines.values()} <= {0, 1}
    assert any(line.lifted_on and line.lifting_reason for line in lines.values())


def test_cases_are_open_dropped_or_closed() -> None:
    lines = folded(case_ledger.LEDGER, LIVES).values()
    assert {line.state for line in lines} == {"open", "dropped", "closed"}
    assert all(line.closed_on for line in lines if line.state == "closed")
    assert all(line.dropped_on for line in lines if line.state == "dropped")
    assert all(isinstance(ground, EditionId) for line in lines for ground in line.grounds)
    assert any(line.measures for line in lines)


# 责任档案


def test_a_record_gathers_what_a_person_answered_for_signed_and_missed(
    projecting: Projecting, connection: psycopg.Connection
) -> None:
    scene = county()
    closed(scene, ISSUE)
    scene.later(days=1)
    scene.when(register(OTHER), person("clerk"))
    scene.when(
        AssignIssue(issue=OTHER, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    middle = scene.store.head()
    escalation = EscalationId("escalation-one")
    scene.when(Escalate(issue=OTHER, escalation=escalation, to="county", matter="缺资金"), person("clerk"))
    scene.when(AnswerEscalation(issue=OTHER, escalation=escalation, answer="已安排"), person("headquarters"))
    projecting(list(scene.store.facts())).catch_up()

    assert DUE.due is not None
    day = DUE.due + timedelta(days=1)
    officer = record(connection, person("officer"), None, day)
    assert officer.position == scene.store.head()
    assert {one.issue.issue: one.missed for one in officer.responsibilities} == {ISSUE: False, OTHER: True}
    assert [one.issue.issue for one in officer.missed] == [OTHER]
    assert record(connection, person("officer"), None, DUE.due).missed == ()
    assert [line.post.label for line in officer.posts] == ["单位经办人"]

    bureau = record(connection, BUREAU, middle, day)
    assert {one.line.role for one in bureau.responsibilities} == {"unit"}
    assert {line.person for line in bureau.posts} == {person("leader"), person("officer")}

    signer = record(connection, person("village-secretary"), None, day)
    assert [line.subject for line in signer.signatures] == [ISSUE]
    assert record(connection, person("village-secretary"), 5, day).signatures == ()
    assert [line.escalation for line in record(connection, person("headquarters"), None, day).answers] == [escalation]
    nobody = record(connection, PersonId("person-unknown"), None, day)
    assert (nobody.responsibilities, nobody.measures, nobody.lists) == ((), (), ())


def test_a_record_says_which_lists_and_measures_there_were_and_which_bind(
    projecting: Projecting, connection: psycopg.Connection
) -> None:
    projecting(LIVES).catch_up()
    lines = folded(measure_ledger.LEDGER, LIVES).values()
    line = next(line for line in lines if line.lifted_on is None)
    mine = record(connection, line.subject, None, line.binds_from)
    assert line in mine.binding
    assert set(mine.measures) == {one for one in lines if one.subject == line.subject}
    assert line.binds_until is not None
    assert line not in record(connection, line.subject, None, line.binds_until).binding
    assert line.case in {case.case for case in mine.cases}
    town = record(connection, TOWNS[0], None, line.binds_from)
    assert {one.edition for one in town.lists} == {key[0] for key in folded(ranking_board.EDITIONS, LIVES)}
    assert town.responsibilities == ()
