"""Rosters compared with households: what becomes an issue, what does not, and what is done only once."""

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from domain.comparison import (
    SOURCE,
    CompareRoster,
    Contradiction,
    ContradictionFound,
    RosterCompared,
    RosterKind,
    expected,
)
from domain.households import AddMember, RemoveHousehold, RemoveMember
from domain.ids import HouseholdId, ImportId, IssueId, MemberId, RegionId
from domain.issues import Deadline, IssueRegistered
from domain.policy import Severity
from domain.registration import WithdrawIssue
from domain.vault import RestrictParticulars
from tests.county import COUNTY, OTHER_VILLAGE, TOWN, VILLAGE, county, person
from tests.households import HOME, household, member
from tests.scenario import Scene

ROSTER = ImportId("import-" + "5" * 64)
OTHER_HOME = HouseholdId("household-18")
ABROAD = HouseholdId("household-19")


@pytest.fixture
def scene() -> Scene:
    scene = county()
    household(scene, HOME)
    household(scene, OTHER_HOME)
    household(scene, ABROAD, region=OTHER_VILLAGE)
    return scene


def found(home: HouseholdId, *numbers: int) -> Contradiction:
    return Contradiction(household=home, members=tuple(member(n, home).member for n in numbers or (0,)))


def compare(scene: Scene, *contradictions: Contradiction, **changes: object) -> CompareRoster:
    asked: dict[str, object] = {
        "roster": ROSTER,
        "kind": RosterKind.DEATHS,
        "region": COUNTY,
        "roster_on": scene.today,
        "rows": 120,
        "unreadable": 1,
        "contradictions": contradictions,
        "severity": Severity.SERIOUS,
        "deadline": Deadline(due=scene.today + timedelta(days=15), precision="day", long_term=False),
    }
    return CompareRoster.model_validate(asked | changes)


def test_every_contradiction_becomes_an_issue_on_its_household(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME, 0, 2), found(ABROAD)), person("supervisor"))
    compared, issue, contradicted, other_issue, _ = scene.last
    assert isinstance(compared, RosterCompared)
    assert (compared.rows, compared.unreadable, compared.households) == (120, 1, 2)
    assert isinstance(issue, IssueRegistered)
    assert (issue.object, issue.region, issue.source, issue.category) == (HOME, VILLAGE, SOURCE, "人口")
    assert issue.description == "经与2019-09-02的名册比对,该户2名成员列于死亡人员名册,与在册情况不一致,须入户核实"
    assert isinstance(contradicted, ContradictionFound)
    assert (contradicted.issue, contradicted.members) == (issue.issue, found(HOME, 0, 2).members)
    assert isinstance(other_issue, IssueRegistered)
    assert other_issue.region == OTHER_VILLAGE


def test_a_roster_of_those_who_should_be_there_says_who_is_not(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME), kind=RosterKind.SCHOOL), person("headquarters"))
    (issue,) = scene.events(IssueRegistered)
    assert isinstance(issue, IssueRegistered)
    assert "应在而不在义务教育学籍名册中" in issue.description
    assert issue.category == "教育"


def test_the_same_roster_gives_nothing_twice(scene: Scene) -> None:
    asked = compare(scene, found(HOME))
    scene.when(asked, person("supervisor"))
    head = scene.store.head()
    assert scene.when(asked, person("supervisor")).facts == ()
    assert scene.when(compare(scene), person("headquarters")).facts == ()
    assert scene.store.head() == head
    scene.when(compare(scene, found(HOME), found(OTHER_HOME)), person("supervisor"))
    assert [one.object for one in scene.last if isinstance(one, IssueRegistered)] == [OTHER_HOME]


LATER, LAST = ImportId("import-" + "6" * 64), ImportId("import-" + "7" * 64)


def issues_of(scene: Scene) -> list[IssueId]:
    return [event.issue for event in scene.events(IssueRegistered) if isinstance(event, IssueRegistered)]


def test_another_kind_of_roster_is_another_issue(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME)), person("supervisor"))
    scene.when(compare(scene, found(HOME), kind=RosterKind.CARS), person("supervisor"))
    assert len(set(issues_of(scene))) == 2


def test_a_later_roster_names_the_issue_that_is_still_open(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME)), person("supervisor"))
    (issue,) = issues_of(scene)
    scene.when(compare(scene, found(HOME, 0, 1), found(OTHER_HOME), roster=LATER), person("supervisor"))
    compared, named, registered, opened = scene.last
    assert isinstance(compared, RosterCompared)
    assert compared.households == 2
    assert isinstance(named, ContradictionFound)
    assert (named.issue, named.opened, named.members) == (issue, False, found(HOME, 0, 1).members)
    assert isinstance(registered, IssueRegistered)
    assert isinstance(opened, ContradictionFound)
    assert (registered.object, opened.opened) == (OTHER_HOME, True)
    assert scene.when(compare(scene, found(HOME), roster=LATER), person("supervisor")).facts == ()


def test_once_the_issue_is_settled_a_later_roster_opens_another_and_names_that_from_then_on(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME)), person("supervisor"))
    (first,) = issues_of(scene)
    scene.when(WithdrawIssue(issue=first, reason="名册有误"), person("headquarters"))
    scene.when(compare(scene, found(HOME), roster=LATER), person("supervisor"))
    _, second = issues_of(scene)
    assert second != first
    scene.when(compare(scene, found(HOME), roster=LAST), person("supervisor"))
    named = scene.last[-1]
    assert isinstance(named, ContradictionFound)
    assert (named.issue, len(issues_of(scene))) == (second, 2)


def test_a_comparison_that_finds_nothing_is_a_fact_too(scene: Scene) -> None:
    scene.when(compare(scene, region=TOWN), person("inspector"))
    (compared,) = scene.last
    assert isinstance(compared, RosterCompared)
    assert (compared.region, compared.households) == (TOWN, 0)


def test_who_left_who_moved_away_and_who_is_restricted_are_no_contradiction(scene: Scene) -> None:
    gone = RemoveMember(household=HOME, member=member(0).member, on=scene.today, reason="死亡")
    scene.when(gone, person("clerk"))
    scene.when(RemoveHousehold(household=ABROAD, reason="整户迁出"), person("headquarters"))
    restrict = RestrictParticulars(household=OTHER_HOME, erase_from=scene.today, reason="本人申请")
    scene.when(restrict, person("clerk"))
    scene.when(compare(scene, found(HOME, 0), found(ABROAD), found(OTHER_HOME)), person("supervisor"))
    assert len(scene.last) == 1
    back = AddMember(household=HOME, member=member(0), since=scene.today, reason="登记有误")
    scene.when(back, person("clerk"))
    scene.when(compare(scene, found(HOME, 0, 1)), person("supervisor"))
    contradicted = scene.last[-1]
    assert isinstance(contradicted, ContradictionFound)
    assert contradicted.members == (member(0).member, member(1).member)


def test_households_of_another_place_are_left_alone(scene: Scene) -> None:
    scene.when(compare(scene, found(HOME), found(ABROAD), region=TOWN), person("supervisor"))
    assert [one.object for one in scene.last if isinstance(one, IssueRegistered)] == [HOME]


@pytest.mark.parametrize("name", ["clerk", "township-secretary", "officer", "village-secretary", "organiser"])
def test_those_who_rectify_do_not_compare(scene: Scene, name: str) -> None:
    scene.refused(compare(scene, found(HOME)), person(name), "no_authority")


def test_what_can_not_be_is_refused(scene: Scene) -> None:
    supervisor = person("supervisor")
    scene.refused(compare(scene, roster_on=scene.today + timedelta(days=1)), supervisor, "future_date")
    late = Deadline(due=scene.today - timedelta(days=1), precision="day", long_term=False)
    scene.refused(compare(scene, deadline=late), supervisor, "dates_out_of_order")
    scene.refused(compare(scene, region=RegionId("region-451226104299")), supervisor, "unknown_region")
    stranger = Contradiction(household=HouseholdId("household-99"), members=(MemberId("member-99"),))
    scene.refused(compare(scene, stranger), supervisor, "unknown_household")
    with pytest.raises(ValidationError):
        Contradiction(household=HOME, members=())


@pytest.mark.parametrize(
    ("on", "born", "at_school"),
    [
        (date(2019, 9, 2), "20130902", True),
        (date(2019, 9, 2), "20130903", False),
        (date(2019, 9, 2), "20030903", True),
        (date(2019, 9, 2), "20030902", False),
        (date(2020, 2, 29), "20140228", True),
        (date(2020, 2, 29), "20140301", False),
        (date(2019, 12, 31), "20040101", True),
        (date(2019, 12, 31), "20031231", False),
    ],
)
def test_children_are_expected_at_school_from_six_until_they_are_sixteen(on: date, born: str, at_school: bool) -> None:
    wanted = expected(RosterKind.SCHOOL, on)
    assert wanted is not None
    assert (wanted.earliest <= born <= wanted.latest) is at_school


def test_everybody_is_expected_to_be_insured() -> None:
    assert expected(RosterKind.INSURANCE, date(2019, 9, 2)) is None
