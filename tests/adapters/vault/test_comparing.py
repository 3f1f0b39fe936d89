"""A roster goes into the vault, households come out, and no identity number with them."""

from collections.abc import Callable
from datetime import date

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.bootstrap import Application
from adapters.vault.comparing import asked, compare
from adapters.vault.roster import Roster, read_roster
from domain.command import Refused
from domain.comparison import ContradictionFound, RosterKind
from domain.households import RemoveMember
from domain.ids import HouseholdId
from domain.issues import IssueRegistered
from domain.vault import RestrictParticulars
from services.ledger import Outcome
from tests.adapters.vault.conftest import NUMBERS, by, facts_as_text
from tests.adapters.vault.people import id_number, somebody
from tests.county import COUNTY, OTHER_VILLAGE, TOWN, VILLAGE

Registers = Callable[..., HouseholdId]


def roster(*numbers: str, title: str = "名册") -> Roster:
    return read_roster(("\n".join([title, "身份证号", *numbers])).encode())


def compared(
    application: Application, listed: Roster, kind: RosterKind, name: str = "supervisor", region: str = COUNTY
) -> Outcome:
    act = by(application, name)
    wanted = asked(kind, type(COUNTY)(region), act)
    return compare(application.ledger, application.vault, listed, wanted, act)


def contradicted(outcome: Outcome) -> dict[HouseholdId, int]:
    return {one.household: len(one.members) for one in outcome.facts if isinstance(one, ContradictionFound)}


def test_who_is_listed_is_found_and_becomes_an_issue(application: Application, household: Registers) -> None:
    one, two, three, stranger = (next(NUMBERS) for _ in range(4))
    first = household(somebody(one), somebody(two), somebody())
    household(somebody(three))
    outcome = compared(application, roster(*map(id_number, (one, two, stranger))), RosterKind.DEATHS)
    assert contradicted(outcome) == {first: 2}
    (issue,) = [event for event in outcome.facts if isinstance(event, IssueRegistered)]
    assert (issue.object, issue.deadline.due) == (first, date(2019, 9, 17))
    again = compared(application, roster(*map(id_number, (one, two, stranger))), RosterKind.DEATHS)
    assert again.facts == ()


def test_no_number_of_a_roster_or_a_household_leaves_the_vault(
    application: Application, household: Registers, owner: str
) -> None:
    one, stranger = next(NUMBERS), next(NUMBERS)
    household(somebody(one))
    with capture_logs() as lines:
        compared(application, roster(id_number(one), id_number(stranger)), RosterKind.PAYROLL)
    with psycopg.connect(owner) as connection:
        looks = connection.execute("SELECT * FROM vault.look WHERE what = 'compared'").fetchall()
    everything = facts_as_text(owner) + str(lines) + str(looks)
    assert "财政供养人员名册" in str(looks)
    assert not [number for number in (one, stranger) if id_number(number) in everything]


def test_only_the_place_that_was_asked_about_is_compared(application: Application, household: Registers) -> None:
    one, other = next(NUMBERS), next(NUMBERS)
    here = household(somebody(one), region=VILLAGE)
    there = household(somebody(other), region=OTHER_VILLAGE, clerk="other-clerk")
    listed = roster(id_number(one), id_number(other))
    assert contradicted(compared(application, listed, RosterKind.CARS, region=TOWN)) == {here: 1}
    assert contradicted(compared(application, listed, RosterKind.CARS)) == {there: 1}


def test_children_who_are_on_no_school_roll_are_found(application: Application, household: Registers) -> None:
    absent, present, infant, grown = (next(NUMBERS) for _ in range(4))
    home = household(somebody(absent, "20100601"), somebody(infant, "20180601"), somebody(grown, "19800601"))
    household(somebody(present, "20100601"))
    outcome = compared(application, roster(id_number(present, "20100601")), RosterKind.SCHOOL)
    assert contradicted(outcome)[home] == 1


def test_who_is_not_insured_is_found_unless_there_is_no_number_to_look_for(
    application: Application, household: Registers
) -> None:
    insured, not_insured = next(NUMBERS), next(NUMBERS)
    missing, sound, unknown = household(somebody(not_insured)), household(somebody(insured)), household(somebody())
    found = contradicted(compared(application, roster(id_number(insured), title="参保"), RosterKind.INSURANCE))
    assert found[missing] == 1
    assert not {sound, unknown} & found.keys()


def test_a_roll_with_unreadable_rows_does_not_say_who_is_missing(application: Application) -> None:
    torn = read_roster("姓名,身份证号\n某甲,看不清\n".encode())
    with pytest.raises(Refused) as refused:
        compared(application, torn, RosterKind.INSURANCE)
    assert refused.value.code == "roster_unreadable"
    assert "第2行" in refused.value.sentence
    assert compared(application, torn, RosterKind.HOUSES).facts[0].type == "roster.compared"


def test_who_left_and_who_is_restricted_are_passed_over(application: Application, household: Registers) -> None:
    one, two = next(NUMBERS), next(NUMBERS)
    left, restricted = household(somebody(one), somebody()), household(somebody(two))
    act = by(application, "clerk")
    member = application.vault.masked(left, act.by)
    gone = next(name for name, fields in member.items() if fields["id_number"])
    application.ledger.execute(RemoveMember(household=left, member=gone, on=act.today, reason="死亡"), act)
    application.ledger.execute(
        RestrictParticulars(household=restricted, erase_from=date(2020, 1, 1), reason="本人申请"), act
    )
    listed = roster(id_number(one), id_number(two), title="八月")
    assert contradicted(compared(application, listed, RosterKind.DEATHS)) == {}


def test_whoever_may_not_compare_puts_no_question_to_the_vault(application: Application) -> None:
    before = application.vault.status().looks
    with pytest.raises(Refused) as refused:
        compared(application, roster(id_number(next(NUMBERS))), RosterKind.DEATHS, "clerk")
    assert refused.value.code == "no_authority"
    assert application.vault.status().looks == before
