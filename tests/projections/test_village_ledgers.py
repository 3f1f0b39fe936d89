"""The ledgers of households, books, sweeps and exits say what the domain says, now and as of any position."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from domain.books import PlanHelp, ReportHelp
from domain.exiting import SendBackExit, VoidExit
from domain.exits import attempts
from domain.fact import Past
from domain.households import (
    AssignCover,
    EndCover,
    EndPairing,
    ListVillage,
    MemberLeft,
    PairHousehold,
    RemoveMember,
    fold,
)
from domain.ids import ClueId, CoverId, HouseholdId, IssueId, ItemId, PairingId, StepId, SweepId
from domain.issues import Deadline
from domain.monitoring import IdentifyRisk, PostClueNotice, ReportClue
from domain.policy import ExitStep, Severity
from domain.rectification import PlanStep, ReportStep
from domain.registration import AssignIssue, WithdrawIssue
from domain.signoff import LookBack
from domain.sweeps import Finding, OpenSweep, SweepHousehold
from projections import book_ledger, exit_ledger, household_ledger, indicator_ledger, sweep_ledger, village_ledger
from projections.book_ledger import BookLine
from projections.exit_ledger import ExitLine
from projections.household_ledger import HouseholdLine
from projections.ledger import Ledger
from projections.reading import MOST, Query, walk
from projections.signoff_ledger import LEDGER as SIGNOFFS
from projections.sweep_ledger import FindingLine, SweepLine
from projections.village_ledger import VillageLine
from tests.county import BUREAU, OTHER_VILLAGE, VILLAGE, person, ready_to_sign, register, sign_all
from tests.households import (
    HOME,
    HOUSEHOLD_SIGNERS,
    assess,
    exited,
    household,
    member,
    on_notice,
    place,
    propose,
    review,
    step,
    verify,
)
from tests.households import sign_all as sign_exit
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.scenario import Scene

LEDGERS: tuple[Ledger[Any], ...] = (
    household_ledger.LEDGER,
    village_ledger.LEDGER,
    book_ledger.LEDGER,
    indicator_ledger.LEDGER,
    exit_ledger.LEDGER,
    sweep_ledger.SWEEPS,
    sweep_ledger.FINDINGS,
)
DUE = Deadline(due=None, precision="immediate", long_term=False)


def home_line(scene: Scene, name: HouseholdId = HOME) -> HouseholdLine:
    return folded(household_ledger.LEDGER, scene.store.facts())[(name,)]


def exit_line(scene: Scene, chain: str) -> ExitLine:
    return folded(exit_ledger.LEDGER, scene.store.facts())[(chain,)]


def book_line(scene: Scene, entry: str) -> BookLine:
    return folded(book_ledger.LEDGER, scene.store.facts())[(entry,)]


def finding_line(scene: Scene, issue: str) -> FindingLine:
    return folded(sweep_ledger.FINDINGS, scene.store.facts())[(issue,)]


def sweep_line(scene: Scene, sweep: str) -> SweepLine:
    return folded(sweep_ledger.SWEEPS, scene.store.facts())[(sweep,)]


def pair(scene: Scene, who: str) -> None:
    pairing = PairingId(f"pairing-{scene.store.head()}")
    command = PairHousehold(household=HOME, pairing=pairing, person=person(who), since=scene.today)
    scene.when(command, person("clerk"))


def test_a_household_without_a_cadre_shows_and_so_do_the_days_it_was_without_one() -> None:
    scene = place("huaihua")
    household(scene)
    assert (home_line(scene).cadre, home_line(scene).unpaired_since) == (None, None)
    pair(scene, "officer")
    scene.when(EndPairing(household=HOME, on=scene.today, reason="调离"), person("clerk"))
    scene.later(days=9)
    assert home_line(scene).unpaired_since == scene.today - timedelta(9)
    pair(scene, "leader")
    line = home_line(scene)
    assert (line.cadre, line.gap_days, line.pairings, line.unpaired_since) == (person("leader"), 9, 2, None)
    gone = RemoveMember(household=HOME, member=member(1).member, on=scene.today, reason="出嫁")
    scene.when(gone, person("clerk"))
    assert home_line(scene).people == len(fold(scene.about(HOME), HOME).members) == 2
    assert scene.events(MemberLeft)


def test_a_poor_village_lacks_what_nobody_was_assigned_to_and_other_villages_lack_nothing() -> None:
    scene = place("luchuan")
    scene.when(ListVillage(region=VILLAGE, since=scene.today), person("headquarters"))

    def line() -> VillageLine:
        return folded(village_ledger.LEDGER, scene.store.facts())[(VILLAGE,)]

    assert line().lacks == ("工作队", "县级领导", "后盾部门")
    for number, kind in enumerate(("team", "department")):
        cover = AssignCover.model_validate(
            {"cover": f"cover-{number}", "region": VILLAGE, "kind": kind, "unit": BUREAU, "since": scene.today}
        )
        scene.when(cover, person("headquarters"))
    leader = AssignCover(
        cover=CoverId("cover-leader"), region=VILLAGE, kind="leader", person=person("leader"), since=scene.today
    )
    scene.when(leader, person("headquarters"))
    assert line().lacks == ()
    scene.when(EndCover(region=VILLAGE, kind="leader", on=scene.today, reason="调离"), person("headquarters"))
    assert line().lacks == ("县级领导",)
    scene.later(days=4)
    again = leader.model_copy(update={"cover": CoverId("cover-again"), "since": scene.today})
    scene.when(again, person("headquarters"))
    assert (line().leader, line().gap_days) == (person("leader"), 4)
    other = folded(village_ledger.LEDGER, scene.store.facts())[(OTHER_VILLAGE,)]
    assert (other.listed, other.lacks) == (False, ())


def test_a_step_reported_for_an_issue_stands_in_the_books_of_its_household_without_being_entered_again() -> None:
    scene = place("huaihua")
    household(scene)
    issue, plan = IssueId("issue-roof"), StepId("step-roof")
    scene.when(register(issue, object=HOME, category="住房"), person("clerk"))
    scene.when(PlanStep(issue=issue, step=plan, measure="翻修屋顶", planned_funds=100), person("clerk"))
    report = ReportStep(issue=issue, step=plan, progress="已翻修", done=True, occurred_on=scene.today, spent_funds=90)
    scene.when(report, person("clerk"))
    line = book_line(scene, issue)
    assert (line.household, line.kind, line.plans, line.done, line.progress) == (HOME, "issue", 1, 1, "已翻修")
    assert (line.status, line.spent_funds) == ("open", 90)
    scene.when(WithdrawIssue(issue=issue, reason="重复"), person("supervisor"))
    assert book_line(scene, issue).status == "dropped"


def test_a_plan_item_s_progress_is_its_line() -> None:
    scene = place("huaihua")
    household(scene)
    item = ItemId("item-1")
    plan = PlanHelp(household=HOME, item=item, category="产业", measure="养牛两头", due=scene.today + timedelta(9))
    scene.when(plan, person("member"))
    report = ReportHelp(household=HOME, item=item, progress="已购一头", done=False, occurred_on=scene.today)
    scene.when(report, person("member"))
    assert (book_line(scene, item).status, book_line(scene, item).reports) == ("open", 1)
    scene.when(report.model_copy(update={"done": True, "progress": "已购两头"}), person("member"))
    assert (book_line(scene, item).status, book_line(scene, item).done_on) == ("done", scene.today)


def test_an_exit_s_line_is_what_the_domain_folds_at_every_step() -> None:
    scene = place("huaihua")
    household(scene)
    assess(scene, HOME)
    chain = propose(scene, HOME, "clerk")
    assert exit_line(scene, chain).next_step is ExitStep.DEMOCRATIC_REVIEW
    scene.when(review(chain, scene), person("member"))
    scene.when(verify(chain, scene), person("member"))
    scene.when(step(chain, scene, ExitStep.CONSENT), person("member"))
    on_notice(scene, chain, person("member"))
    sign_exit(scene, HOME, chain, *HOUSEHOLD_SIGNERS[:3])
    back = SendBackExit(chain=chain, to="signing", stage=1, reason="补意见")
    scene.when(back, person("township-head"))
    sign_exit(scene, HOME, chain, *HOUSEHOLD_SIGNERS[2:])
    scene.later(days=3)
    scene.when(VoidExit(chain=chain, reason="虚报", found_on=scene.today), person("inspector"))
    facts = list(scene.store.facts())
    for position in range(1, len(facts) + 1):
        past = Past(facts[:position])
        made = attempts(past.about(HOME), HOME)
        if not made:
            continue
        line = folded(exit_ledger.LEDGER, past)[(chain,)]
        exit, own = made[0]
        assert (line.phase, line.next_step, line.standing, line.checker) == (
            own.phase,
            exit.next_step,
            exit.stands,
            own.checker,
        )
        assert list(line.signed) == [own.signed[seat] for seat in sorted(own.signed)]
        assert folded(household_ledger.LEDGER, past)[(HOME,)].exited == exit.stands
    assert exit_line(scene, chain).voided_for == "虚报"


def test_an_exit_waits_in_the_queue_of_those_who_may_verify_and_then_sign_it() -> None:
    scene = place("huaihua")
    household(scene)
    chain = propose(scene, HOME, "clerk")
    line = folded(SIGNOFFS, scene.store.facts())[(chain,)]
    assert (line.purpose, f"team_member@{VILLAGE}" in line.waiting) == ("exit", True)
    assert not any(seat.startswith("supervisor@") for seat in line.waiting)


def test_no_finding_of_a_sweep_is_settled_before_it_was_looked_back_at() -> None:
    scene = place("tongyu")
    household(scene)
    sweep, issue = SweepId("sweep-1"), IssueId("issue-1")
    scene.when(OpenSweep(sweep=sweep, region=VILLAGE, rule="water", opened_on=scene.today), person("clerk"))
    found = SweepHousehold(
        sweep=sweep,
        household=HOME,
        findings="水质不合格",
        swept_on=scene.today,
        found=Finding(issue=issue, severity=Severity.MINOR, deadline=DUE),
    )
    scene.when(found, person("member"))
    assert finding_line(scene, issue).waits_for == "未销号"
    assert home_line(scene).open_issues == (issue,)
    scene.when(PlanStep(issue=issue, step=StepId("step-1"), measure="换滤芯"), person("clerk"))
    report = ReportStep(issue=issue, step=StepId("step-1"), progress="已换", done=True, occurred_on=scene.today)
    scene.when(report, person("chief"))
    scene.when(
        AssignIssue(issue=issue, unit=BUREAU, leader=person("leader"), person=person("officer")), person("clerk")
    )
    sign_all(scene, issue, ready_to_sign(scene, issue))
    assert finding_line(scene, issue).waits_for == "未跟踪检查"
    assert home_line(scene).open_issues == ()
    scene.when(LookBack(issue=issue, holds=True, findings="合格", looked_on=scene.today), person("supervisor"))
    line = finding_line(scene, issue)
    assert (line.waits_for, line.settled, line.followed_up_by) == (None, True, person("supervisor"))
    assert (sweep_line(scene, sweep).visits, sweep_line(scene, sweep).found) == (1, 1)


def test_a_household_identified_after_its_time_is_marked_late() -> None:
    scene = place("huaihua")
    household(scene)
    clue = ClueId("clue-1")
    report = ReportClue(household=HOME, clue=clue, source="自报", matter="火灾", found_on=scene.today)
    scene.when(report, person("member"))
    assert home_line(scene).clue_due == scene.today + timedelta(15)
    scene.when(PostClueNotice(household=HOME, clue=clue, posted_on=scene.today, place="公开栏"), person("member"))
    scene.later(days=16)
    identify = IdentifyRisk(household=HOME, clue=clue, kind="sudden", reason="火灾", identified_on=scene.today)
    scene.when(identify, person("clerk"))
    line = home_line(scene)
    assert (line.monitored, line.identified_late, line.clue_due) == ("sudden", True, None)


@pytest.mark.parametrize("batch", [3, 500])
def test_the_tables_are_what_the_facts_come_to_whatever_the_batches(
    projecting: Projecting, connection: psycopg.Connection[Any], batch: int
) -> None:
    scene = place("huaihua")
    household(scene)
    pair(scene, "officer")
    assess(scene, HOME)
    scene.when(ListVillage(region=VILLAGE, since=scene.today), person("headquarters"))
    exited(scene)
    facts = list(scene.store.facts())
    assert projecting(facts, LEDGERS, batch=batch).catch_up() == len(facts)
    for ledger in LEDGERS:
        for position in (None, len(facts) - 4):
            found = walk(connection, ledger.line, Query(as_of=position, limit=MOST))
            assert {line.identity(): line for line in found} == folded(ledger, facts[:position])
