"""Drawing claims from the record, checking them, and drawing them again."""

from datetime import date, timedelta

import pytest

from domain.attendance import ReportDay
from domain.books import HelpReported
from domain.command import Act, Refused
from domain.fact import Event
from domain.households import Category, HouseholdRegistered, Member
from domain.ids import DrawId, HouseholdId, IssueId, ItemId, MemberId, UnitId, VisitId
from domain.issues import IssueRegistered
from domain.policy import Severity
from domain.posts import Post
from domain.reverse_check import Asked, CheckClaim, Checked, Claim, ClaimChecked, ClaimsDrawn, DrawClaims, claims_in
from domain.visits import RecordVisit
from services import draws
from tests.county import BUREAU, COUNTY, DUE, SINCE, VILLAGE, appointed, founding, person, rectified
from tests.scenario import Scene

DRAW, ISSUE = DrawId("draw-1"), IssueId("issue-untrue")
HOUSE, OTHER_HOUSE = HouseholdId("household-1"), HouseholdId("household-2")
TEAM = UnitId("unit-team")
SUPERVISOR = person("supervisor")


def household(number: HouseholdId) -> HouseholdRegistered:
    return HouseholdRegistered(
        household=number,
        region=VILLAGE,
        hamlet=None,
        category=Category.REGISTERED,
        members=(Member(member=MemberId(f"member-{number}"), commitment="0" * 64),),
        identified_on=SINCE,
    )


def place() -> Scene:
    facts: list[Event] = [fact for fact in founding() if getattr(fact, "person", None) != person("member")]
    facts += [fact for fact in founding() if fact.type == "person.registered" and fact.person == person("member")]  # type: ignore[attr-defined]
    facts.append(appointed("member", Post.TEAM_MEMBER, VILLAGE, TEAM))
    return Scene(*facts, household(HOUSE), household(OTHER_HOUSE))


def visited(scene: Scene, who: str = "member", house: HouseholdId | None = HOUSE, many: int = 6) -> None:
    for _ in range(many):
        asked = RecordVisit(
            visit=VisitId(f"visit-{scene.store.head()}"),
            region=VILLAGE,
            household=house,
            occurred_on=scene.today,
            findings="送化肥两袋",
        )
        scene.when(asked, person(who))


def asked(scene: Scene, subject: Checked = HOUSE, many: int = 3) -> Asked:
    return Asked(COUNTY, subject, scene.today - timedelta(days=30), scene.today, many)


def drawn(scene: Scene, subject: Checked = HOUSE, many: int = 3) -> ClaimsDrawn:
    outcome = draws.draw(scene.ledger, DRAW, asked(scene, subject, many), Act(SUPERVISOR, scene.at))
    (fact,) = outcome.facts
    assert isinstance(fact, ClaimsDrawn)
    return fact


def check(scene: Scene, claim: Claim, holds: bool, **changes: object) -> CheckClaim:
    given = {"draw": DRAW, "position": claim.position, "holds": holds, "checked_on": scene.today}
    untrue = {} if holds else {"issue": ISSUE, "severity": Severity.SERIOUS, "deadline": DUE}
    return CheckClaim.model_validate({**given, "findings": "农户称当日无人来访", **untrue, **changes})


def test_a_draw_takes_so_many_claims_about_a_household_and_anyone_draws_the_same() -> None:
    scene = place()
    visited(scene)
    visited(scene, house=OTHER_HOUSE)
    fact = drawn(scene)
    assert (fact.candidates, len(fact.claims)) == (6, 3)
    assert {claim.object for claim in fact.claims} == {HOUSE}
    assert {claim.claimant for claim in fact.claims} == {person("member")}
    visited(scene)
    again = draws.redraw(scene.store, DRAW)
    assert again.holds
    assert again.computed == fact.claims


def test_a_draw_that_was_tampered_with_does_not_hold() -> None:
    scene = place()
    visited(scene)
    fact = drawn(scene)
    chosen = tuple(one for one in claims_in(scene.store.facts(), asked(scene)) if one not in fact.claims)
    for number, changed in (("draw-2", {"claims": chosen}), ("draw-3", {"candidates_digest": "0" * 64})):
        forged = ClaimsDrawn.model_validate({**fact.model_dump(), "draw": number, **changed})
        scene.store.append([forged], Act(SUPERVISOR, scene.at))
        assert not draws.redraw(scene.store, DrawId(number)).holds
    with pytest.raises(Refused, match="unknown_draw"):
        draws.redraw(scene.store, DrawId("draw-4"))


def test_a_team_a_person_and_a_village_are_checked_by_what_they_claimed() -> None:
    scene = place()
    visited(scene, many=2)
    visited(scene, "chief", many=1)
    scene.when(ReportDay(region=VILLAGE, on=scene.today, presence="village"), person("member"))
    scene.when(ReportDay(region=VILLAGE, on=scene.today, presence="trip"), person("chief"))
    scene.when(ReportDay(region=VILLAGE, on=scene.today, presence="leave"), person("first-secretary"))
    rectified(scene, IssueId("issue-road"))
    help_told = HelpReported(
        household=HOUSE,
        item=ItemId("item-1"),
        progress="送鸡苗",
        done=True,
        occurred_on=scene.today,
        spent_funds=None,
        evidence=(),
    )
    scene.store.append([help_told], Act(person("clerk"), scene.at))

    def kinds(subject: Checked) -> list[str]:
        return [claim.kind for claim in claims_in(scene.store.facts(), asked(scene, subject))]

    assert kinds(TEAM) == ["visit", "visit", "day"]
    assert kinds(person("chief")) == ["visit", "day"]
    assert kinds(person("first-secretary")) == []
    assert kinds(BUREAU) == ["step"]
    assert kinds(HOUSE) == ["visit", "visit", "visit", "help"]
    assert kinds(VILLAGE) == ["visit", "visit", "visit", "day", "day", "step", "help"]


def test_a_contradicted_claim_becomes_an_issue_and_stands_in_the_claimants_record() -> None:
    scene = place()
    visited(scene)
    true, untrue, _ = drawn(scene).claims
    scene.when(check(scene, true, True), SUPERVISOR)
    assert len(scene.last) == 1
    scene.when(check(scene, untrue, False), SUPERVISOR)
    registered, checked = scene.events(IssueRegistered, ClaimChecked)[-2:]
    assert isinstance(registered, IssueRegistered)
    assert (registered.source, registered.region, registered.object) == ("反向核查", VILLAGE, HOUSE)
    assert isinstance(checked, ClaimChecked)
    assert (checked.claimant, checked.issue) == (person("member"), ISSUE)
    assert checked in scene.about(person("member")).events
    scene.refused(check(scene, untrue, True), SUPERVISOR, "already_checked")


def test_what_does_not_hold_needs_an_issue_and_what_holds_has_none() -> None:
    scene = place()
    visited(scene)
    claims = drawn(scene).claims
    scene.refused(check(scene, claims[0], False, issue=None), SUPERVISOR, "issue_incoherent")
    scene.refused(check(scene, claims[0], True, issue=ISSUE), SUPERVISOR, "issue_incoherent")
    scene.refused(check(scene, claims[0], False, deadline=None), SUPERVISOR, "issue_incoherent")
    other = claims[0].model_copy(update={"position": 1})
    scene.refused(check(scene, other, True), SUPERVISOR, "not_drawn")
    early = check(scene, claims[0], True, checked_on=scene.today - timedelta(days=1))
    scene.refused(early, SUPERVISOR, "dates_out_of_order")
    scene.refused(check(scene, claims[0], True), person("chief"), "no_authority")


def test_who_draws_oversees_and_never_draws_from_their_own_claims() -> None:
    scene = place()
    with pytest.raises(Refused, match="no_authority"):
        draws.draw(scene.ledger, DRAW, asked(scene), Act(person("clerk"), scene.at))
    with pytest.raises(Refused, match="nothing_to_draw"):
        drawn(scene)
    visited(scene, "supervisor")
    with pytest.raises(Refused, match="own_claims"):
        drawn(scene)


def test_the_same_request_under_the_same_key_is_drawn_once() -> None:
    scene = place()
    visited(scene)
    first = draws.draw(scene.ledger, DRAW, asked(scene), Act(SUPERVISOR, scene.at), "key")
    visited(scene)
    again = draws.draw(scene.ledger, DRAW, asked(scene), Act(SUPERVISOR, scene.later(hours=1).at), "key")
    assert again == first._replace(replayed=True)


def test_another_number_does_not_change_what_is_drawn() -> None:
    scene = place()
    visited(scene, many=20)
    candidates = claims_in(scene.store.facts(), asked(scene))
    told = {**asked(scene)._asdict(), "cut_off": 9, "cut_off_digest": "3" * 64, "candidates": candidates}
    taken = set()
    for number in range(5):
        (fact,) = scene.when(DrawClaims(draw=DrawId(f"draw-{number}"), **told), SUPERVISOR).facts
        assert isinstance(fact, ClaimsDrawn)
        taken.add(fact.claims)
    assert len(taken) == 1


def test_only_the_days_asked_about_are_drawn_from() -> None:
    scene = place()
    visited(scene, many=2)
    scene.later(days=40)
    visited(scene, many=3)
    assert drawn(scene).candidates == 3
    assert date(2019, 9, 2) not in {claim.claimed_on for claim in draws.redraw(scene.store, DRAW).computed}
