"""What the ledgers of duty say: days, leave, visits, who is responsible, decisions, reverse checks, pledges."""

from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from domain.attendance import ApproveLeave, DenyLeave, ReportDay, RequestLeave, ReturnFromLeave, WithdrawLeave, days_of
from domain.command import Act
from domain.ids import DecisionId, DrawId, IssueId, LeaveId, PledgeId, VisitId
from domain.meetings import MakeDecision, ReportDecision, SettleDecision
from domain.pledges import SignPledge
from domain.policy import Severity
from domain.responsibility import NameResponsible, charges
from domain.reverse_check import Asked, CheckClaim, ClaimsDrawn
from domain.visits import RecordVisit
from projections import (
    charge_ledger,
    decision_ledger,
    duty_ledger,
    leave_ledger,
    pledge_ledger,
    reverse_check_ledger,
    visit_ledger,
)
from projections.accountability_record import record
from projections.duty_ledger import DayLine
from projections.ledger import Ledger
from projections.reading import MOST, Query, Where, count, page, walk
from services import draws
from tests.county import BUREAU, COUNTY, DUE, TOWN, VILLAGE, applied, county, person, sign_all
from tests.projections.conftest import Projecting
from tests.projections.folding import folded
from tests.scenario import Scene

LEDGERS: tuple[Ledger[Any], ...] = (
    duty_ledger.LEDGER,
    leave_ledger.LEDGER,
    visit_ledger.LEDGER,
    charge_ledger.LEDGER,
    decision_ledger.LEDGER,
    reverse_check_ledger.LEDGER,
    pledge_ledger.LEDGER,
)
MEMBER, SIGNER = person("member"), person("township-secretary")
FIRST, SECOND, THIRD = (LeaveId(f"leave-{n}") for n in range(3))
DRAW, DECISION, UNTRUE = DrawId("draw-1"), DecisionId("decision-1"), IssueId("issue-untrue")


def reported(scene: Scene, presence: str = "village", on: date | None = None) -> None:
    day = {"region": VILLAGE, "on": on or scene.today, "presence": presence, "work": "入户核对饮水"}
    scene.when(ReportDay.model_validate(day), MEMBER)


def asked(scene: Scene, leave: LeaveId, who: str = "member", days: int = 2) -> None:
    until = scene.today + timedelta(days=days - 1)
    region = TOWN if who.startswith("township") else VILLAGE
    told = {"leave": leave, "region": region, "kind": "sick", "since": scene.today, "until": until, "reason": "看病"}
    scene.when(RequestLeave.model_validate(told), person(who))


def lived() -> Scene:
    """Some weeks of a village: everything that these ledgers fold happens at least once."""
    scene = county()
    scene.when(
        NameResponsible(region=VILLAGE, person=person("village-secretary"), reason="先定"), person("county-secretary")
    )
    for number, head in enumerate(("township-secretary", "township-head", "township-secretary")):
        told = {
            "pledge": PledgeId(f"pledge-{number}"),
            "region": TOWN,
            "title": "脱贫摘帽承诺书",
            "promise": "如期摘帽",
        }
        signed = {"text_digest": str(number) * 64, "due": scene.today + timedelta(days=300)}
        scene.when(SignPledge.model_validate({**told, **signed}), person(head))
    for number in range(4):
        reported(scene)
        visit = RecordVisit(
            visit=VisitId(f"visit-{number}"),
            region=VILLAGE,
            occurred_on=scene.today - timedelta(days=number % 2),
            findings="水管待换",
        )
        scene.when(visit, MEMBER)
        scene.later(days=1)
    asked(scene, FIRST, days=3)
    reported(scene)
    scene.when(ApproveLeave(leave=FIRST, opinion="同意"), SIGNER)
    scene.later(days=1)
    scene.when(ReturnFromLeave(leave=FIRST, on=scene.today), MEMBER)
    reported(scene, on=scene.today - timedelta(days=3))
    asked(scene, SECOND)
    scene.when(DenyLeave(leave=SECOND, reason="人手不足"), SIGNER)
    asked(scene, THIRD, days=1)
    scene.when(WithdrawLeave(leave=THIRD, reason="不去了"), MEMBER)
    chain = applied(scene, IssueId("issue-road"))
    sign_all(scene, IssueId("issue-road"), chain)
    asked(scene, LeaveId("leave-late"), "township-secretary", 1)
    scene.later(days=1)
    scene.when(ApproveLeave(leave=LeaveId("leave-late"), opinion="同意"), person("county-magistrate"))
    made = {"decision": DECISION, "region": COUNTY, "meeting": "weekly", "held_on": scene.today, "matter": "抢通道路"}
    owed = {"responsible": person("leader"), "due": scene.today + timedelta(days=5)}
    scene.when(MakeDecision.model_validate({**made, **owed}), person("county-secretary"))
    done = ReportDecision(decision=DECISION, progress="已抢通", done=True, occurred_on=scene.today)
    for settled in (False, True):
        scene.when(done, person("leader"))
        scene.when(SettleDecision(decision=DECISION, done=settled, findings="看过现场"), person("supervisor"))
    scene.when(
        NameResponsible(
            region=VILLAGE, person=person("leader"), before=person("village-secretary"), reason="谁能干好就用谁"
        ),
        person("county-magistrate"),
    )
    whom = Asked(VILLAGE, MEMBER, scene.today - timedelta(days=30), scene.today, 2)
    (drawn,) = draws.draw(scene.ledger, DRAW, whom, Act(person("supervisor"), scene.at)).facts
    assert isinstance(drawn, ClaimsDrawn)
    check = {"draw": DRAW, "position": drawn.claims[0].position, "holds": False, "findings": "当日不在村"}
    becomes = {"checked_on": scene.today, "issue": UNTRUE, "severity": Severity.SERIOUS, "deadline": DUE}
    scene.when(CheckClaim.model_validate({**check, **becomes}), person("supervisor"))
    return scene


@pytest.fixture(scope="module")
def scene() -> Scene:
    return lived()


def test_every_ledger_of_duty_is_the_same_in_its_table_as_folded_in_memory(
    scene: Scene, projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    facts = list(scene.store.facts())
    projecting(facts, LEDGERS, batch=7).catch_up()
    for ledger in LEDGERS:
        found = {line.identity(): line for line in walk(connection, ledger.line, Query(limit=MOST))}
        assert found
        assert found == folded(ledger, facts)


def test_the_days_are_what_the_domain_says_and_a_month_is_a_count_of_them(
    scene: Scene, projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    facts = list(scene.store.facts())
    lines = folded(duty_ledger.LEDGER, facts)
    for who in (MEMBER, SIGNER):
        assert {line.day: line.as_day for line in lines.values() if line.person == who} == days_of(facts, who)
    projecting(facts, LEDGERS).catch_up()
    mine = (Where("person", "eq", MEMBER), Where("present", "eq", True))
    assert count(connection, DayLine, mine) == sum(day.present for day in days_of(facts, MEMBER).values()) == 4
    marked = page(connection, DayLine, Query((Where("marks", "any", ["signed_on_leave"]),))).lines
    assert [line.person for line in marked] == [SIGNER]
    contradicted = page(connection, DayLine, Query((Where("marks", "any", ["present_on_leave"]),))).lines
    assert [line.person for line in contradicted] == [MEMBER]


def test_a_leave_says_who_approved_it_and_whether_it_was_asked_for_too_late(scene: Scene) -> None:
    lines = folded(leave_ledger.LEDGER, scene.store.facts())
    assert {line.leave: line.state for line in lines.values()} == {
        FIRST: "approved",
        SECOND: "denied",
        THIRD: "withdrawn",
        LeaveId("leave-late"): "approved",
    }
    assert {line.leave for line in lines.values() if line.late} == {LeaveId("leave-late")}
    first = lines[(FIRST,)]
    assert (first.endorsed, first.waiting, first.returned_on) == ((SIGNER,), (), first.since + timedelta(days=1))


def test_visits_recorded_on_a_later_day_show(scene: Scene) -> None:
    lines = folded(visit_ledger.LEDGER, scene.store.facts()).values()
    assert [line.backfilled for line in lines] == [False, True, False, True]


def test_the_charge_ledger_is_what_the_domain_says_of_every_moment(scene: Scene) -> None:
    lines = folded(charge_ledger.LEDGER, scene.store.facts())
    spans = [(line.person, line.since, line.until) for _, line in sorted(lines.items())]
    assert spans == [tuple(one) for one in charges(scene.store.facts(), VILLAGE)]
    assert len(spans) == 2


def test_a_decision_sent_back_once_and_settled_then(scene: Scene) -> None:
    (line,) = folded(decision_ledger.LEDGER, scene.store.facts()).values()
    assert (line.sent_back, line.settled_by) == (1, person("supervisor"))
    assert line.done_on == line.settled_on


def test_a_claim_that_did_not_hold_names_its_issue_and_one_not_yet_checked_says_nothing(scene: Scene) -> None:
    checked, waiting = folded(reverse_check_ledger.LEDGER, scene.store.facts()).values()
    assert (checked.claimant, checked.holds, checked.issue) == (MEMBER, False, UNTRUE)
    assert (waiting.holds, waiting.checked_on) == (None, None)


def test_a_superseded_pledge_says_by_which_and_the_others_stand(scene: Scene) -> None:
    lines = folded(pledge_ledger.LEDGER, scene.store.facts())
    superseded = {line.pledge: line.superseded_by for line in lines.values()}
    assert superseded == {"pledge-0": "pledge-2", "pledge-1": None, "pledge-2": None}


def test_a_record_says_what_someone_was_first_responsible_for_and_what_they_claimed_untruly(
    scene: Scene, projecting: Projecting, connection: psycopg.Connection[Any]
) -> None:
    projecting(list(scene.store.facts())).catch_up()
    leader, member = (record(connection, person(name), None, scene.today) for name in ("leader", "member"))
    assert [(one.region, one.until) for one in leader.charges] == [(VILLAGE, None)]
    assert leader.untrue == ()
    assert [one.issue for one in member.untrue] == [UNTRUE]
    place = record(connection, VILLAGE, None, scene.today)
    assert ([one.issue for one in place.untrue], len(place.charges)) == ([UNTRUE], 2)
    assert record(connection, BUREAU, None, scene.today).charges == ()
