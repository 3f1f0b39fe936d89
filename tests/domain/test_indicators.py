"""Indicators as a place's own data, and checks from door to door that drop nothing."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from domain.exiting import RecordIncidence
from domain.fact import Past
from domain.ids import HouseholdId, IncidenceId, IssueId, RegionId, StepId, SweepId
from domain.indicators import Assessed, AssessIndicators, Assessment, IndicatorAssessed, latest
from domain.issues import Deadline, IssueRegistered
from domain.policy import IndicatorRule, IndicatorSet, Policy, Severity, packaged
from domain.registration import AssignIssue, WithdrawIssue
from domain.signoff import LookBack
from domain.sweeps import ConcludeSweep, Finding, OpenSweep, SweepConcluded, SweepHousehold, fold, outstanding
from tests.county import BUREAU, COUNTY, TOWN, VILLAGE, person, ready_to_sign, report_done, sign_all
from tests.households import HOME, household, place
from tests.scenario import Scene


def assessment(
    scene: Scene, subject: Assessed, code: str, met: bool = True, value: int | None = None
) -> AssessIndicators:
    return AssessIndicators(
        subject=subject,
        assessments=(Assessment(indicator=code, met=met, value=value),),
        assessed_on=scene.today,
    )


@pytest.mark.parametrize(
    ("pack", "sizes"),
    [
        ("huanjiang", {"two_three": 5, "eight_plus_one": 9, "eleven_one_below": 12}),
        ("luchuan", {"eight_plus_one": 9, "eleven_one_below": 12, "nine_one_below": 10}),
        ("tongyu", {"seven": 7, "sixteen": 16}),
        ("changsha", {"two_three": 5}),
        ("huaihua", {"two_three": 5}),
    ],
)
def test_every_place_counts_as_many_indicators_as_its_article_says(pack: str, sizes: dict[str, int]) -> None:
    assert {one.code: len(one.indicators) for one in packaged(pack).indicator_sets} == sizes


def test_luchuan_has_thirty_one_indicators() -> None:
    assert sum(len(one.indicators) for one in packaged("luchuan").indicator_sets) == 31


def test_who_found_what_of_a_household_and_when_is_kept_and_the_latest_stands() -> None:
    scene = place("luchuan")
    household(scene)
    scene.when(assessment(scene, HOME, "housing", met=False, value=9), person("member"))
    scene.later(days=40)
    scene.when(assessment(scene, HOME, "housing", value=13), person("clerk"))
    late = assessment(scene, HOME, "housing", met=False, value=12).model_copy(
        update={"assessed_on": scene.today - timedelta(20)}
    )
    scene.when(late, person("member"))
    standing = latest(scene.about(HOME), HOME)["housing"]
    assert (standing.assessed.value, standing.by) == (13, person("clerk"))
    assert len(scene.events(IndicatorAssessed)) == 3


def test_a_figure_decides_where_the_rule_names_a_limit() -> None:
    scene = place("luchuan")
    household(scene)
    scene.refused(assessment(scene, HOME, "housing"), person("member"), "value_required")
    scene.refused(assessment(scene, HOME, "housing", value=12), person("member"), "value_contradicts")


def test_what_no_rule_of_the_place_names_is_not_assessed() -> None:
    scene = place("huaihua")
    household(scene)
    scene.refused(assessment(scene, HOME, "television"), person("member"), "unknown_indicator")
    scene.refused(assessment(scene, TOWN, "road"), person("clerk"), "not_an_object")
    scene.refused(assessment(scene, HOME, "food"), person("other-clerk"), "no_authority")
    twice = AssessIndicators(
        subject=HOME,
        assessments=(Assessment(indicator="food", met=True), Assessment(indicator="food", met=False)),
        assessed_on=scene.today,
    )
    scene.refused(twice, person("member"), "indicator_twice")


def test_what_the_ledger_computes_is_entered_by_nobody() -> None:
    scene = place("luchuan")
    scene.refused(assessment(scene, VILLAGE, "incidence", value=0), person("clerk"), "computed_indicator")
    figure = RecordIncidence(
        incidence=IncidenceId("incidence-1"),
        region=VILLAGE,
        cut_off=scene.store.head(),
        population=1000,
        households=10,
        people=30,
    )
    scene.when(figure, person("headquarters"))
    stands = latest(scene.about(VILLAGE), VILLAGE)["incidence"].assessed
    assert (stands.value, stands.met) == (300, False)


def test_a_village_and_a_county_are_assessed_by_their_own_sets() -> None:
    scene = place("luchuan")
    scene.when(assessment(scene, VILLAGE, "leadership"), person("clerk"))
    scene.when(assessment(scene, COUNTY, "assistance"), person("headquarters"))
    scene.refused(assessment(scene, COUNTY, "leadership"), person("headquarters"), "unknown_indicator")


def test_an_indicator_that_two_sets_share_must_be_the_same_in_both() -> None:
    pack = packaged("huaihua")
    other = IndicatorSet(
        code="own", title="本县", object="household", indicators=(IndicatorRule(code="food", title="吃饱"),)
    )
    with pytest.raises(ValidationError, match="写法不同"):
        Policy.model_validate({**dict(pack), "indicator_sets": (*pack.indicator_sets, other)})


def test_a_pack_cannot_want_indicators_that_it_does_not_name() -> None:
    pack = packaged("huaihua")
    rule = pack.exits[0].model_copy(update={"indicators": ("nowhere",)})
    with pytest.raises(ValidationError, match="nowhere"):
        Policy.model_validate({**dict(pack), "exits": (rule, *pack.exits[1:])})


SWEEP = SweepId("sweep-1")
ISSUE = IssueId("issue-found")


def opened(scene: Scene, rule: str = "housing") -> None:
    scene.when(OpenSweep(sweep=SWEEP, region=VILLAGE, rule=rule, opened_on=scene.today), person("clerk"))


def swept(
    scene: Scene, name: HouseholdId, issue: IssueId | None = None, severity: Severity = Severity.MINOR
) -> SweepHousehold:
    due = Deadline(due=scene.today + timedelta(30), precision="day", long_term=False)
    return SweepHousehold(
        sweep=SWEEP,
        household=name,
        findings="屋顶漏雨" if issue else "住房安全",
        swept_on=scene.today,
        found=Finding(issue=issue, severity=Severity.MINOR, deadline=due) if issue else None,
    )


def conclude(scene: Scene) -> ConcludeSweep:
    return ConcludeSweep(sweep=SWEEP, concluded_on=scene.today)


def test_a_sweep_ends_only_when_every_household_of_the_village_was_looked_at() -> None:
    scene = place("tongyu")
    homes = [household(scene, HouseholdId(f"household-{number}"), 1) for number in range(3)]
    opened(scene)
    for home in homes[:2]:
        scene.when(swept(scene, home), person("member"))
    scene.refused(conclude(scene), person("clerk"), "households_not_swept")
    scene.when(swept(scene, homes[2]), person("member"))
    scene.when(conclude(scene), person("clerk"))
    ended = scene.last[0]
    assert isinstance(ended, SweepConcluded)
    assert (ended.households, ended.found) == (3, 0)
    scene.refused(swept(scene, homes[0]), person("member"), "sweep_concluded")


def test_what_a_sweep_finds_is_an_issue_on_the_household_under_the_sweep_s_own_name() -> None:
    scene = place("tongyu")
    household(scene)
    opened(scene)
    scene.when(swept(scene, HOME, ISSUE), person("member"))
    found = scene.last[1]
    assert isinstance(found, IssueRegistered)
    assert (found.object, found.source, found.category) == (HOME, "以户查房", "住房")


def rectify_and_close(scene: Scene, issue: IssueId) -> None:
    scene.when(
        AssignIssue(issue=issue, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    report_done(scene, issue, StepId("step-roof"))
    sign_all(scene, issue, ready_to_sign(scene, issue))


def test_a_finding_is_let_go_of_only_when_it_was_written_off_and_looked_back_at() -> None:
    scene = place("tongyu")
    household(scene)
    opened(scene)
    scene.when(swept(scene, HOME, ISSUE), person("member"))
    scene.refused(conclude(scene), person("clerk"), "findings_outstanding")
    rectify_and_close(scene, ISSUE)
    refusal = scene.refused(conclude(scene), person("clerk"), "findings_outstanding")
    assert "未跟踪检查" in refusal.sentence
    scene.later(days=10)
    relapse = LookBack(
        issue=ISSUE,
        holds=False,
        findings="又漏了",
        looked_on=scene.today,
        deadline=Deadline(due=scene.today + timedelta(30), precision="day", long_term=False),
    )
    scene.when(relapse, person("supervisor"))
    scene.refused(conclude(scene), person("clerk"), "findings_outstanding")
    report_done(scene, ISSUE, StepId("step-again"))
    sign_all(scene, ISSUE, ready_to_sign(scene, ISSUE))
    scene.when(LookBack(issue=ISSUE, holds=True, findings="不漏", looked_on=scene.today), person("supervisor"))
    scene.when(conclude(scene), person("clerk"))


def test_a_finding_withdrawn_is_not_dropped_until_someone_else_found_the_household_sound() -> None:
    scene = place("tongyu")
    household(scene)
    opened(scene)
    scene.when(swept(scene, HOME, ISSUE), person("member"))
    scene.when(WithdrawIssue(issue=ISSUE, reason="误登"), person("supervisor"))
    scene.refused(conclude(scene), person("clerk"), "findings_outstanding")
    scene.when(swept(scene, HOME), person("member"))
    scene.refused(conclude(scene), person("clerk"), "findings_outstanding")
    scene.when(swept(scene, HOME), person("supervisor"))
    scene.when(conclude(scene), person("clerk"))


def test_a_sweep_is_of_a_village_by_a_line_its_place_knows() -> None:
    scene = place("tongyu")
    asked = OpenSweep(sweep=SWEEP, region=VILLAGE, rule="roads", opened_on=scene.today)
    scene.refused(asked, person("clerk"), "unknown_sweep_rule")
    scene.refused(asked.model_copy(update={"region": TOWN}), person("clerk"), "not_a_village")
    elsewhere = place("huaihua")
    scene.when(asked.model_copy(update={"rule": "water"}), person("clerk"))
    elsewhere.refused(asked.model_copy(update={"rule": "water"}), person("clerk"), "unknown_sweep_rule")
    household(scene, HouseholdId("household-away"), 1, RegionId("region-451226103208"))
    scene.refused(swept(scene, HouseholdId("household-away")), person("supervisor"), "not_in_this_sweep")


def test_what_is_outstanding_says_what_it_waits_for() -> None:
    scene = place("tongyu")
    household(scene)
    opened(scene)
    scene.when(swept(scene, HOME, ISSUE), person("member"))
    assert outstanding(Past(scene.store.facts()), fold(scene.about(SWEEP), SWEEP)) == {ISSUE: "未销号"}
