"""Exits: by object, step by step, on what must hold; and whole lives of exits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.chains import ChainOpened, Checked, NoticePosted, SignedOff
from domain.command import Act, Command, Refused
from domain.exiting import (
    AnnounceExit,
    ObjectToExit,
    ProposeExit,
    RecordEvaluation,
    RecordIncidence,
    RecordRuling,
    RefuseExit,
    SendBackExit,
    SettleExitObjection,
    VerifyExit,
    VoidExit,
    WithdrawExit,
)
from domain.exits import (
    ExitDecided,
    ExitProposed,
    ExitStepTaken,
    ExitVoided,
    IncidenceRecorded,
    attempts,
    remaining,
)
from domain.fact import Recorded
from domain.households import Category, PairHousehold, RecategoriseHousehold, RemoveHousehold
from domain.ids import ChainId, HouseholdId, IncidenceId, IssueId, ObjectionId, PairingId
from domain.indicators import AssessIndicators, Assessment
from domain.policy import ExitStep
from domain.registration import WithdrawIssue
from services.incidence import record, recount
from tests.county import COUNTY, IN_POST, VILLAGE, person, register
from tests.households import (
    CITY_PAIR,
    COUNTY_PAIR,
    HOME,
    HOUSEHOLD_SIGNERS,
    assess,
    exited,
    household,
    listed,
    notice,
    on_notice,
    place,
    propose,
    ready_to_sign,
    review,
    sign,
    sign_all,
    step,
    verify,
)
from tests.scenario import Scene


def home() -> Scene:
    """A household in 怀化's rules, found to come up to every indicator."""
    scene = place("huaihua")
    household(scene)
    assess(scene, HOME)
    return scene


def test_a_household_exits_with_the_village_pair_s_joint_and_the_township_pair_s_signatures() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    for name in HOUSEHOLD_SIGNERS:
        assert not scene.events(ExitDecided)
        scene.when(sign(scene, HOME, chain), person(name))
    assert isinstance(scene.last[-1], ExitDecided)
    levels = [event.post for event in scene.events(SignedOff) if isinstance(event, SignedOff)]
    assert levels == ["village_secretary", "village_director", "township_secretary", "township_head"]
    assert attempts(scene.about(HOME), HOME)[0].exit.stands


def test_the_steps_before_the_notice_are_taken_in_the_order_of_the_rule() -> None:
    scene = home()
    chain = propose(scene, HOME, "clerk")
    scene.refused(verify(chain, scene), person("member"), "step_before_missing")
    scene.refused(step(chain, scene, ExitStep.CONSENT), person("member"), "step_out_of_order")
    scene.when(review(chain, scene), person("member"))
    scene.refused(review(chain, scene), person("member"), "step_out_of_order")
    scene.refused(notice(chain, scene), person("member"), "no_notice_due")
    scene.when(verify(chain, scene), person("member"))
    scene.refused(notice(chain, scene), person("member"), "step_before_missing")
    scene.when(step(chain, scene, ExitStep.CONSENT), person("member"))
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "stage_before_not_whole")
    scene.when(notice(chain, scene), person("member"))
    scene.later(days=7)
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "notice_running")
    scene.later(days=1)
    scene.when(sign(scene, HOME, chain), person("village-secretary"))


def test_no_step_comes_before_the_one_before_it() -> None:
    scene = home()
    chain = propose(scene, HOME, "clerk")
    scene.when(review(chain, scene), person("member"))
    early = scene.today - timedelta(1)
    scene.refused(verify(chain, scene).model_copy(update={"checked_on": early}), person("member"), "dates_out_of_order")
    scene.later(days=2)
    scene.when(verify(chain, scene), person("member"))
    consent = step(chain, scene, ExitStep.CONSENT, taken_on=early)
    scene.refused(consent, person("member"), "dates_out_of_order")
    scene.when(step(chain, scene, ExitStep.CONSENT), person("member"))
    posted = notice(chain, scene).model_copy(update={"posted_on": early})
    scene.refused(posted, person("member"), "dates_out_of_order")


def test_a_review_is_what_its_votes_come_to() -> None:
    scene = home()
    chain = propose(scene, HOME, "clerk")
    scene.refused(review(chain, scene, present=None, in_favour=None), person("member"), "votes_required")
    scene.refused(review(chain, scene, present=10, in_favour=11), person("member"), "votes_incoherent")
    scene.refused(review(chain, scene, present=10, in_favour=5), person("member"), "votes_incoherent")
    scene.when(review(chain, scene, present=10, in_favour=5, passed=False), person("member"))
    scene.refused(verify(chain, scene), person("member"), "chain_over")
    propose(scene, HOME, "clerk")


def test_who_helped_the_household_does_not_verify_and_who_verified_or_proposed_does_not_sign() -> None:
    scene = home()
    pairing = PairHousehold(household=HOME, pairing=PairingId("pairing-1"), person=person("member"), since=scene.today)
    scene.when(pairing, person("clerk"))
    chain = propose(scene, HOME, "village-secretary")
    scene.when(review(chain, scene), person("member"))
    scene.refused(verify(chain, scene), person("member"), "own_help")
    scene.refused(verify(chain, scene), person("village-secretary"), "own_help")
    scene.when(verify(chain, scene), person("village-director"))
    scene.when(step(chain, scene, ExitStep.CONSENT), person("first-secretary"))
    on_notice(scene, chain, person("first-secretary"))
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "own_application")
    scene.refused(sign(scene, HOME, chain), person("village-director"), "own_application")


def test_nobody_signs_while_an_indicator_is_not_met_or_was_looked_at_too_long_ago() -> None:
    scene = place("huaihua")
    household(scene)
    chain = ready_to_sign(scene)
    refusal = scene.refused(sign(scene, HOME, chain), person("village-secretary"), "indicators_not_met")
    assert "住房有保障未评定" in refusal.sentence
    assess(scene, HOME)
    one = AssessIndicators(
        subject=HOME,
        assessments=(Assessment(indicator="housing", met=False),),
        assessed_on=scene.today,
    )
    scene.when(one, person("supervisor"))
    refusal = scene.refused(sign(scene, HOME, chain), person("village-secretary"), "indicators_not_met")
    assert refusal.sentence.endswith("住房有保障未达标")
    assess(scene, HOME)
    scene.when(sign(scene, HOME, chain), person("village-secretary"))
    scene.later(days=181)
    refusal = scene.refused(sign(scene, HOME, chain), person("village-director"), "indicators_not_met")
    assert "已过期" in refusal.sentence


def test_nobody_signs_while_an_issue_on_the_household_stands_open() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    issue = IssueId("issue-roof")
    scene.when(register(issue, object=HOME), person("supervisor"))
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "open_issue_on_object")
    scene.when(WithdrawIssue(issue=issue, reason="登错户"), person("supervisor"))
    scene.when(sign(scene, HOME, chain), person("village-secretary"))


def test_a_signature_is_refused_when_anything_of_the_household_changed_since_it_was_shown() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    stale = sign(scene, HOME, chain)
    assess(scene, HOME)
    scene.refused(stale, person("village-secretary"), "changed_since_shown")
    scene.when(sign(scene, HOME, chain), person("village-secretary"))


def test_an_objection_stops_the_signing_and_upheld_ends_the_exit() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    late = ObjectToExit(chain=chain, objection=ObjectionId("objection-1"), matter="无房", raised_on=scene.today)
    scene.refused(late, person("member"), "notice_over")
    raised = late.model_copy(update={"raised_on": scene.today - timedelta(3)})
    scene.when(raised, person("member"))
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "objection_open")
    answer = SettleExitObjection(chain=chain, objection=ObjectionId("objection-1"), upheld=True, answer="属实")
    scene.when(answer, person("township-head"))
    scene.refused(sign(scene, HOME, chain), person("village-secretary"), "chain_over")
    assert not scene.events(ExitDecided)


def test_sent_back_to_the_check_the_steps_from_there_on_are_taken_anew() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    back = SendBackExit(chain=chain, to="check", reason="核实走过场")
    scene.when(back, person("supervisor"))
    scene.refused(step(chain, scene, ExitStep.CONSENT), person("member"), "step_out_of_order")
    scene.when(verify(chain, scene), person("member"))
    scene.refused(notice(chain, scene), person("member"), "step_before_missing")
    scene.when(step(chain, scene, ExitStep.CONSENT), person("member"))
    on_notice(scene, chain, person("member"))
    sign_all(scene, HOME, chain, *HOUSEHOLD_SIGNERS)
    assert scene.events(ExitDecided)


def test_a_refused_signature_or_a_withdrawal_ends_the_application_and_leaves_the_household_as_it_is() -> None:
    scene = home()
    chain = ready_to_sign(scene)
    scene.when(RefuseExit(chain=chain, reason="收入不实"), person("village-director"))
    again = propose(scene, HOME, "clerk")
    scene.refused(
        ProposeExit(chain=ChainId("chain-third"), subject=HOME, statement="达标"), person("clerk"), "exit_under_way"
    )
    scene.refused(WithdrawExit(chain=again, reason="补材料"), person("member"), "no_authority")
    scene.when(WithdrawExit(chain=again, reason="补材料"), person("clerk"))
    assert not any(attempt.open for attempt in attempts(scene.about(HOME), HOME))


def test_a_false_exit_is_voided_with_every_fact_kept_and_the_next_one_is_a_new_round() -> None:
    scene = home()
    before = remaining(scene.store.facts(), COUNTY)
    chain = exited(scene)
    assert remaining(scene.store.facts(), COUNTY).people == before.people - 3
    announce = AnnounceExit(chain=chain, announced_on=scene.today, place="村务公开栏")
    scene.when(announce, person("clerk"))
    scene.refused(announce, person("clerk"), "nothing_to_announce")
    scene.refused(
        ProposeExit(chain=ChainId("chain-x"), subject=HOME, statement="达标"), person("clerk"), "already_exited"
    )
    facts = list(scene.store.facts())
    scene.later(days=30)
    void = VoidExit(chain=chain, reason="收入系虚报", found_on=scene.today)
    scene.refused(void, person("township-head"), "no_authority")
    scene.when(void, person("inspector"))
    scene.refused(void, person("inspector"), "not_exited")
    assert list(scene.store.facts())[: len(facts)] == facts
    assert remaining(scene.store.facts(), COUNTY) == before
    again = propose(scene, HOME, "clerk")
    opened = scene.about(again).of(ChainOpened)[0].event
    assert isinstance(opened, ChainOpened)
    assert opened.round == 2


def test_an_exit_of_a_household_that_has_since_been_removed_can_still_be_voided() -> None:
    scene = home()
    chain = exited(scene)
    scene.when(RemoveHousehold(household=HOME, reason="整户迁出"), person("headquarters"))
    scene.when(VoidExit(chain=chain, reason="收入系虚报", found_on=scene.today), person("supervisor"))
    assert remaining(scene.store.facts(), COUNTY).households == 0


def test_only_households_on_the_register_exit_and_only_where_a_rule_says_how() -> None:
    scene = home()
    scene.when(RecategoriseHousehold(household=HOME, category=Category.MARGINAL, reason="识别有误"), person("clerk"))
    asked = ProposeExit(chain=ChainId("chain-1"), subject=HOME, statement="达标")
    scene.refused(asked, person("clerk"), "not_on_the_register")
    scene.refused(asked.model_copy(update={"subject": VILLAGE}), person("clerk"), "not_on_the_register")
    elsewhere = place("county")
    household(elsewhere)
    elsewhere.refused(asked, person("clerk"), "no_exit_rule")


def incidence(scene: Scene, region: object, population: int, name: str = "incidence-1") -> None:
    act = Act(person("headquarters"), scene.at)
    record(scene.ledger, IncidenceId(name), region, population, act)  # type: ignore[arg-type]


def test_a_village_exits_on_its_own_facts_with_the_county_pair_s_signatures() -> None:
    scene = place("huaihua", listed())
    household(scene)
    chain = propose(scene, VILLAGE, "clerk")
    scene.when(verify(chain, scene), person("headquarters"))
    on_notice(scene, chain, person("clerk"))
    pair = COUNTY_PAIR
    scene.refused(sign(scene, VILLAGE, chain), person(pair[0]), "incidence_missing")
    incidence(scene, VILLAGE, 100)
    refusal = scene.refused(sign(scene, VILLAGE, chain), person(pair[0]), "incidence_too_high")
    assert "3.000%" in refusal.sentence
    assess(scene, HOME)
    exited(scene)
    shown = sign(scene, VILLAGE, chain)
    incidence(scene, VILLAGE, 100, "incidence-2")
    scene.refused(shown, person(pair[0]), "changed_since_shown")
    sign_all(scene, VILLAGE, chain, *pair)
    assert [event.subject for event in scene.events(ExitDecided)] == [HOME, VILLAGE]  # type: ignore[attr-defined]
    assert recount(scene.store, IncidenceId("incidence-1"))
    assert recount(scene.store, IncidenceId("incidence-2"))


def test_a_count_asked_again_under_its_key_is_the_one_recorded_and_a_made_up_one_does_not_hold() -> None:
    scene = place("huaihua")
    household(scene)
    act = Act(person("headquarters"), scene.at)
    first = record(scene.ledger, IncidenceId("incidence-1"), VILLAGE, 100, act, key="evening")
    household(scene, HouseholdId("household-later"), 2)
    again = record(scene.ledger, IncidenceId("incidence-1"), VILLAGE, 100, act, key="evening")
    assert (again.replayed, again.facts) == (True, first.facts)
    made_up = RecordIncidence(
        incidence=IncidenceId("incidence-2"), region=VILLAGE, cut_off=1, population=100, households=1, people=1
    )
    scene.when(made_up, person("headquarters"))
    assert recount(scene.store, IncidenceId("incidence-1"))
    assert not recount(scene.store, IncidenceId("incidence-2"))


def test_only_those_who_may_record_a_figure_have_it_counted() -> None:
    scene = place("huaihua")
    with pytest.raises(Refused, match="no_authority"):
        record(scene.ledger, IncidenceId("incidence-1"), VILLAGE, 100, Act(person("member"), scene.at))
    too_few = RecordIncidence(
        incidence=IncidenceId("incidence-1"), region=VILLAGE, cut_off=1, population=1, households=1, people=2
    )
    scene.refused(too_few, person("headquarters"), "population_incoherent")


def test_a_village_s_signature_reads_nothing_of_who_lives_there() -> None:
    scene = place("huaihua", listed())
    for number in range(4):
        household(scene, HouseholdId(f"household-{number}"), 1)
    incidence(scene, VILLAGE, 1000)
    chain = propose(scene, VILLAGE, "clerk")
    before = sign(scene, VILLAGE, chain)
    household(scene, HouseholdId("household-new"), 1)
    propose(scene, HouseholdId("household-1"), "clerk")
    assert sign(scene, VILLAGE, chain) == before
    past, _, _ = scene.ledger.stand(before, Act(person("county-secretary"), scene.at))
    assert not any(tag.kind == "household" for fact in past for tag in fact.event.tags)


def test_an_incidence_at_the_limit_is_not_below_it() -> None:
    at = IncidenceRecorded(
        incidence=IncidenceId("incidence-1"), region=VILLAGE, cut_off=1, population=100, households=1, people=2
    )
    assert (at.basis_points, at.below(200), at.below(201)) == (200, False, True)
    assert at.model_copy(update={"population": 10_001}).basis_points == 2


def evaluation(scene: Scene, **changes: int) -> RecordEvaluation:
    asked: dict[str, object] = {
        "region": COUNTY,
        "exited_sampled": 400,
        "wrong": 3,
        "others_sampled": 600,
        "missed": 4,
        "asked": 1000,
        "approving": 965,
        "evaluated_on": scene.today,
    }
    return RecordEvaluation.model_validate({**asked, **changes})


def county_ready() -> tuple[Scene, ChainId]:
    scene = place("huaihua")
    incidence(scene, COUNTY, 300_000)
    chain = propose(scene, COUNTY, "headquarters")
    scene.when(step(chain, scene, ExitStep.CITY_REVIEW), person("city-headquarters"))
    scene.when(verify(chain, scene), person("city-headquarters"))
    on_notice(scene, chain, person("headquarters"))
    return scene, chain


@pytest.mark.parametrize(
    "found", [{"wrong": 8}, {"missed": 12}, {"approving": 899}], ids=["wrong exits", "missed", "approval"]
)
def test_a_county_does_not_exit_on_an_evaluation_over_its_limits(found: dict[str, int]) -> None:
    scene, chain = county_ready()
    scene.refused(sign(scene, COUNTY, chain), person("city-secretary"), "evaluation_missing")
    scene.when(evaluation(scene, **found), person("city-headquarters"))
    scene.refused(sign(scene, COUNTY, chain), person("city-secretary"), "evaluation_fails")
    scene.when(evaluation(scene), person("city-headquarters"))
    scene.when(sign(scene, COUNTY, chain), person("city-secretary"))


def test_a_county_has_exited_only_when_the_province_has_ruled() -> None:
    scene, chain = county_ready()
    scene.when(evaluation(scene), person("city-headquarters"))
    ruling = RecordRuling(chain=chain, approved=True, document="省政府批复", ruled_on=scene.today)
    scene.refused(ruling, person("city-headquarters"), "no_ruling_due")
    sign_all(scene, COUNTY, chain, *CITY_PAIR)
    assert not scene.events(ExitDecided)
    again = ProposeExit(chain=ChainId("chain-2"), subject=COUNTY, statement="再申请")
    scene.refused(again, person("headquarters"), "exit_under_way")
    scene.when(ruling, person("city-headquarters"))
    assert [event.subject for event in scene.events(ExitDecided)] == [COUNTY]  # type: ignore[attr-defined]
    scene.refused(ruling, person("city-headquarters"), "no_ruling_due")


def test_a_ruling_against_it_ends_the_application_and_another_may_be_made() -> None:
    scene, chain = county_ready()
    scene.when(evaluation(scene), person("city-headquarters"))
    sign_all(scene, COUNTY, chain, *CITY_PAIR)
    no = RecordRuling(chain=chain, approved=False, document="省里退回", ruled_on=scene.today)
    scene.when(no, person("city-headquarters"))
    assert not scene.events(ExitDecided)
    propose(scene, COUNTY, "headquarters")


PEOPLE = [person("clerk"), person("member"), *(person(name) for name in IN_POST if name not in ("member", "clerk"))]


def last_exit(scene: Scene) -> ChainId:
    proposed = [fact.event for fact in scene.about(HOME).of(ExitProposed)]
    return proposed[-1].chain if proposed else ChainId("chain-none")  # type: ignore[attr-defined]


def assessed(scene: Scene, met: bool) -> AssessIndicators:
    codes = ("food", "clothing", "education", "medical", "housing")
    return AssessIndicators(
        subject=HOME,
        assessments=tuple(Assessment(indicator=code, met=met) for code in codes),
        assessed_on=scene.today,
    )


def last_issue(scene: Scene) -> IssueId:
    issues = [fact.event.issue for fact in scene.about(HOME) if fact.event.type == "issue.registered"]  # type: ignore[attr-defined]
    return issues[-1] if issues else IssueId("issue-none")


Attempt = Callable[[Scene], Command]
ATTEMPTS: dict[str, Attempt] = {
    "assess": lambda s: assessed(s, True),
    "fail": lambda s: assessed(s, False),
    "propose": lambda s: ProposeExit(chain=ChainId(f"chain-{s.store.head()}"), subject=HOME, statement="达标"),
    "review": lambda s: review(last_exit(s), s),
    "verify": lambda s: verify(last_exit(s), s),
    "unverified": lambda s: VerifyExit(chain=last_exit(s), passed=False, findings="不实", checked_on=s.today),
    "consent": lambda s: step(last_exit(s), s, ExitStep.CONSENT),
    "notice": lambda s: notice(last_exit(s), s),
    "object": lambda s: ObjectToExit(
        chain=last_exit(s), objection=ObjectionId(f"objection-{s.store.head()}"), matter="不实", raised_on=s.today
    ),
    "sign": lambda s: sign(s, HOME, last_exit(s)),
    "issue": lambda s: register(IssueId(f"issue-{s.store.head()}"), object=HOME, found_on=s.today),
    "drop": lambda s: WithdrawIssue(issue=last_issue(s), reason="登错"),
    "back": lambda s: SendBackExit(chain=last_exit(s), to="check", reason="重核"),
    "resign": lambda s: SendBackExit(chain=last_exit(s), to="signing", stage=0, reason="重签"),
    "refuse": lambda s: RefuseExit(chain=last_exit(s), reason="不实"),
    "withdraw": lambda s: WithdrawExit(chain=last_exit(s), reason="补材料"),
    "void": lambda s: VoidExit(chain=last_exit(s), reason="虚假", found_on=s.today),
}
GOOD_PATH = ("assess", "propose", "review", "verify", "consent", "notice")


def tries(scene: Scene, attempt: str, someone: object) -> bool:
    try:
        scene.when(ATTEMPTS[attempt](scene), someone)  # type: ignore[arg-type]
    except Refused:
        return False
    return True


def everyone_tries(scene: Scene, attempt: str) -> None:
    for someone in PEOPLE:
        if tries(scene, attempt, someone) and attempt != "sign":
            return


moves = st.one_of(
    st.tuples(st.sampled_from(sorted(ATTEMPTS)), st.sampled_from(PEOPLE)),
    st.tuples(st.sampled_from(sorted(ATTEMPTS)), st.none()),
    st.integers(1, 9),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(GOOD_PATH)), st.lists(moves, max_size=25))
def test_whatever_people_try_no_exit_is_false_on_its_face(prepared: int, story: list[object]) -> None:
    scene = place("huaihua")
    household(scene)
    for attempt in GOOD_PATH[:prepared]:
        everyone_tries(scene, attempt)
    for move in story:
        match move:
            case int(days):
                scene.later(days=days)
            case (str(attempt), None):
                everyone_tries(scene, attempt)
            case (str(attempt), someone):
                tries(scene, attempt, someone)
    life_is_true(list(scene.about(HOME)))


def life_is_true(facts: list[Recorded]) -> None:
    """What every exit must look like, read from the facts alone."""
    open_issues: set[IssueId] = set()
    exited = False
    for n, fact in enumerate(facts):
        event = fact.event
        past = [one.event for one in facts[:n] if getattr(one.event, "chain", None) == getattr(event, "chain", "")]
        match event.type:
            case "issue.registered":
                open_issues.add(event.issue)  # type: ignore[attr-defined]
            case "issue.withdrawn":
                open_issues.discard(event.issue)  # type: ignore[attr-defined]
            case "chain.opened":
                assert not exited, "proposed though it has exited"
            case "chain.signed":
                kinds = [type(one) for one in past]
                assert not open_issues, "signed while an issue stood open"
                assert kinds.index(ExitStepTaken) < kinds.index(Checked) < kinds.index(NoticePosted)
                posted = [one for one in past if isinstance(one, NoticePosted)][-1]
                assert fact.on > posted.until, "signed before the notice had run"
                checkers = {one.by for one in facts[:n] if isinstance(one.event, Checked)}
                proposers = {one.by for one in facts[:n] if one.event is past[0]}
                assert fact.by not in checkers | proposers
            case "exit.decided":
                signed = [one for one in past if isinstance(one, SignedOff)]
                assert {(one.stage, one.seat) for one in signed} == {(0, 0), (0, 1), (1, 0), (1, 1)}
                assert not exited
                exited = True
            case "exit.voided":
                assert exited
                exited = False


def test_the_lives_tried_do_reach_an_exit_and_its_voiding() -> None:
    scene = place("huaihua")
    household(scene)
    for attempt in GOOD_PATH:
        everyone_tries(scene, attempt)
    scene.later(days=8)
    for _ in range(3):
        everyone_tries(scene, "sign")
    assert scene.events(ExitDecided)
    everyone_tries(scene, "void")
    assert scene.events(ExitVoided)
    life_is_true(list(scene.about(HOME)))
