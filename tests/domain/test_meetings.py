"""What a meeting decided: on open issues of its own place, followed up by someone other than who did it."""

from datetime import timedelta

from domain.ids import DecisionId, IssueId
from domain.issues import Status, fold
from domain.meetings import MakeDecision, ReportDecision, SettleDecision, resolution
from domain.signoff import SignOff
from tests.county import COUNTY, OTHER_TOWN, TOWN, applied, closed, county, person, register, sign
from tests.scenario import Scene

DECISION, ISSUE = DecisionId("decision-1"), IssueId("issue-1")


def decision(scene: Scene, **changes: object) -> MakeDecision:
    asked = {
        "decision": DECISION,
        "region": COUNTY,
        "meeting": "weekly",
        "held_on": scene.today,
        "matter": "洞王屯道路由交通局一周内抢通",
        "issues": (ISSUE,),
        "responsible": person("leader"),
        "due": scene.today + timedelta(days=7),
    }
    return MakeDecision.model_validate({**asked, **changes})


def report(scene: Scene, done: bool) -> ReportDecision:
    return ReportDecision(decision=DECISION, progress="已清理塌方", done=done, occurred_on=scene.today)


def test_a_decision_stands_in_the_record_of_the_issues_it_is_about() -> None:
    scene = county()
    scene.when(register(ISSUE), person("clerk"))
    scene.when(decision(scene), person("county-secretary"))
    assert scene.about(ISSUE)[-1].event.type == "decision.made"
    scene.refused(decision(scene), person("county-secretary"), "decision_already_made")


def test_only_open_issues_of_the_meetings_own_place_are_decided_on() -> None:
    scene = county()
    scene.refused(decision(scene), person("county-secretary"), "unknown_issue")
    closed(scene, ISSUE)
    scene.refused(decision(scene), person("county-secretary"), "issue_not_open")
    scene.when(register(IssueId("issue-2")), person("clerk"))
    second = {"issues": (IssueId("issue-2"),)}
    scene.refused(decision(scene, **second, region=OTHER_TOWN), person("other-secretary"), "issue_elsewhere")
    scene.refused(decision(scene, **second, region=TOWN), person("other-secretary"), "no_authority")
    scene.refused(decision(scene, issues=(IssueId("issue-2"),) * 2), person("county-secretary"), "issue_twice")
    scene.refused(decision(scene, **second, due=scene.today - timedelta(days=1)), person("headquarters"), "past_date")
    scene.when(decision(scene, **second, region=TOWN, meeting="dispatch"), person("township-head"))


def test_what_was_done_is_reported_by_the_one_responsible_and_settled_by_another() -> None:
    scene = county()
    scene.when(decision(scene, issues=()), person("county-secretary"))
    settle = SettleDecision(decision=DECISION, done=True, findings="已通车")
    scene.refused(settle, person("supervisor"), "not_done")
    scene.refused(report(scene, True), person("officer"), "no_authority")
    scene.when(report(scene, False), person("leader"))
    scene.refused(settle, person("supervisor"), "not_done")
    scene.when(report(scene, True), person("leader"))
    scene.refused(settle, person("leader"), "no_authority")
    back = SettleDecision(decision=DECISION, done=False, findings="仍有一处塌方")
    scene.when(back, person("supervisor"))
    scene.refused(settle, person("supervisor"), "not_done")
    scene.when(report(scene, True), person("leader"))
    scene.when(settle, person("supervisor"))
    assert resolution(scene.about(DECISION), DECISION).settled
    scene.refused(report(scene, True), person("leader"), "decision_settled")


def test_nobody_settles_what_they_were_responsible_for() -> None:
    scene = county()
    scene.when(decision(scene, issues=(), responsible=person("township-head")), person("county-secretary"))
    scene.when(report(scene, True), person("township-head"))
    settle = SettleDecision(decision=DECISION, done=True, findings="已通车")
    scene.refused(settle, person("township-head"), "no_authority")
    own = DecisionId("decision-2")
    asked = decision(scene, decision=own, issues=(), responsible=person("headquarters"))
    scene.when(asked, person("county-secretary"))
    scene.when(report(scene, True).model_copy(update={"decision": own}), person("headquarters"))
    scene.refused(settle.model_copy(update={"decision": own}), person("headquarters"), "own_request")


def test_a_decision_closes_no_issue_and_a_signer_sees_it_first() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    seen: SignOff = sign(scene, ISSUE, chain)
    scene.when(decision(scene), person("county-secretary"))
    scene.when(report(scene, True), person("leader"))
    scene.when(SettleDecision(decision=DECISION, done=True, findings="已通车"), person("supervisor"))
    assert fold(scene.about(ISSUE), ISSUE).status is Status.IN_REVIEW
    scene.refused(seen, person("village-secretary"), "changed_since_shown")
    scene.when(sign(scene, ISSUE, chain), person("village-secretary"))
