"""What is kept of villagers: taken in, looked at, restricted, erased."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from structlog.testing import capture_logs

from adapters.bootstrap import Application
from adapters.vault import access
from adapters.vault.intake import MemberIntake, add_member, register
from domain.command import About, Refused
from domain.households import HouseholdRegistered, Member, MemberJoined, PairHousehold, RecordRank
from domain.ids import HouseholdId, MemberId, PairingId
from domain.policy import Rank
from domain.vault import (
    EraseParticulars,
    Item,
    PersonalDataErased,
    ReleaseParticulars,
    RestrictParticulars,
)
from tests.adapters.vault.conftest import NUMBERS, by, facts_as_text
from tests.adapters.vault.people import id_number, intake, somebody
from tests.conftest import PostgresServer
from tests.county import person

Registers = Callable[..., HouseholdId]


def members_of(application: Application, household: HouseholdId) -> tuple[Member, ...]:
    found: list[Member] = []
    for event in application.facts.read((About(household, (HouseholdRegistered, MemberJoined)),)).facts.events:
        match event:
            case HouseholdRegistered(members=members):
                found += members
            case MemberJoined(member=member):
                found.append(member)
    return tuple(found)


def first(application: Application, household: HouseholdId) -> MemberId:
    return members_of(application, household)[0].member


def shown(application: Application, household: HouseholdId, item: Item, name: str = "clerk") -> str:
    member = first(application, household)
    opened = access.disclose(
        application.facts, application.vault, household, member, item, "核对惠农补贴发放", by(application, name)
    )
    return opened.disclosure.value


def refusal(asked: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        asked()
    return refused.value.code


def restricted(application: Application, household: HouseholdId, days: int = 0) -> None:
    act = by(application, "clerk")
    erase_from = act.today + timedelta(days=days)
    application.ledger.execute(RestrictParticulars(household=household, erase_from=erase_from, reason="整户迁出"), act)


def test_facts_hold_commitments_and_not_one_value(application: Application, household: Registers, owner: str) -> None:
    number = next(NUMBERS)
    home = household(somebody(number, name="甲某某某"), somebody())
    (one, other) = members_of(application, home)
    assert len({one.commitment, other.commitment}) == 2
    recorded = facts_as_text(owner)
    assert one.commitment in recorded
    assert not [value for value in ("甲某某某", id_number(number), somebody().phone or "?") if value in recorded]


def test_what_is_kept_is_shown_masked(application: Application, household: Registers) -> None:
    number = next(NUMBERS)
    home = household(somebody(number, health="慢性病"), somebody(bank_account="6" * 16))
    of_first, of_other = access.masked(
        application.facts, application.vault, home, by(application, "village-director")
    ).values()
    whole = id_number(number)
    assert of_first == {
        "name": "某**",
        "id_number": f"{whole[:4]}********{whole[-4:]}",
        "phone": "139****0000",
        "bank_account": "********1111",
        "health": "***",
    }
    assert of_other["id_number"] is None


@pytest.mark.parametrize("name", ["other-clerk", "officer", "organiser", "county-magistrate"])
def test_nobody_sees_anything_of_a_village_that_is_not_theirs(
    application: Application, household: Registers, name: str
) -> None:
    home, act = household(), by(application, name)
    assert refusal(lambda: access.masked(application.facts, application.vault, home, act)) == "no_authority"


@pytest.mark.parametrize(
    ("name", "items"),
    [
        ("member", {Item.NAME, Item.PHONE}),
        ("village-director", {Item.NAME, Item.PHONE, Item.ID_NUMBER}),
        ("first-secretary", {Item.NAME, Item.PHONE, Item.ID_NUMBER, Item.HEALTH}),
        ("headquarters", {Item.NAME, Item.PHONE, Item.ID_NUMBER}),
        ("clerk", set(Item)),
        ("inspector", set(Item)),
        ("officer", set()),
    ],
)
def test_a_field_is_shown_whole_to_those_whose_work_needs_it(
    application: Application, household: Registers, name: str, items: set[Item]
) -> None:
    home = household(somebody(next(NUMBERS)))
    for item in Item:
        if item in items:
            assert shown(application, home, item, name)
        else:
            assert refusal(lambda item=item: shown(application, home, item, name)) == "no_authority"  # type: ignore[misc]


def test_a_cadre_may_call_the_household_they_are_paired_with(application: Application, household: Registers) -> None:
    home = household()
    organiser, clerk = by(application, "organiser"), by(application, "clerk")
    rank = RecordRank(person=person("officer"), rank=Rank.STAFF, since=clerk.today)
    application.ledger.execute(rank, organiser)
    pairing = PairHousehold(household=home, pairing=PairingId.new(), person=person("officer"), since=clerk.today)
    application.ledger.execute(pairing, clerk)
    assert shown(application, home, Item.PHONE, "officer") == somebody().phone
    assert refusal(lambda: shown(application, home, Item.ID_NUMBER, "officer")) == "no_authority"


def test_a_disclosed_field_can_be_held_against_the_fact_by_anyone(
    application: Application, household: Registers
) -> None:
    number = next(NUMBERS)
    home = household(somebody(number))
    (member,) = members_of(application, home)
    opened = access.disclose(
        application.facts,
        application.vault,
        home,
        member.member,
        Item.ID_NUMBER,
        "核对参保身份",
        by(application, "inspector"),
    )
    assert opened.disclosure.value == id_number(number)
    assert opened.disclosure.commitment == member.commitment
    assert application.facts.stored(opened.position).data.count(member.commitment.encode()) == 1  # type: ignore[union-attr]
    said_otherwise = opened.disclosure.model_copy(update={"value": id_number(number, "19810101")})
    assert said_otherwise.commitment != member.commitment


def test_every_look_is_kept_with_its_purpose_and_in_the_audit_log(
    application: Application, household: Registers
) -> None:
    home = household(somebody(next(NUMBERS)))
    access.masked(application.facts, application.vault, home, by(application, "member"))
    with capture_logs() as lines:
        shown(application, home, Item.BANK_ACCOUNT)
    (line,) = [line for line in lines if line["event"] == "viewed"]
    assert (line["viewer"], line["subject"], line["field"]) == (person("clerk"), home, "bank_account")
    assert "1111" not in str(lines)
    latest, before = access.looks(application.facts, application.vault, home, by(application, "supervisor"))
    assert (latest.what, latest.viewer, latest.field, latest.purpose) == (
        "disclosed",
        person("clerk"),
        "bank_account",
        "核对惠农补贴发放",
    )
    assert (before.what, before.viewer) == ("masked", person("member"))
    assert (
        refusal(lambda: access.looks(application.facts, application.vault, home, by(application, "clerk")))
        == "no_authority"
    )


def test_a_look_is_stamped_by_the_clock_that_stamps_the_facts(
    application: Application, household: Registers, owner: str
) -> None:
    home = household()
    when = application.now()
    shown(application, home, Item.NAME)
    (told,) = access.looks(application.facts, application.vault, home, by(application, "supervisor"))
    assert told.at == when
    assert application.facts.about(home)[-1].recorded_at <= when < told.at + timedelta(seconds=1)
    with psycopg.connect(owner) as connection:
        before, ahead = datetime.now(UTC), datetime.now(UTC) + timedelta(days=1)
        for clock in (None, ahead):
            connection.execute("SELECT vault.masked(%s, 'person-clerk', %s)", (home, clock))
        rows = connection.execute(
            "SELECT at FROM vault.look WHERE household = %s ORDER BY number DESC LIMIT 2", (home,)
        ).fetchall()
    assert all(before - timedelta(seconds=5) < at < ahead for (at,) in rows), "the database's, and never the future's"


def test_the_service_can_neither_read_nor_change_the_vault_but_by_its_functions(
    application: Application, household: Registers, postgres_server: PostgresServer, owner: str
) -> None:
    if not postgres_server.service_role:
        pytest.skip("one role for everything")
    home = household()
    service = make_conninfo(owner, user=postgres_server.service_role)
    for statement in (
        "SELECT value FROM vault.value",
        "SELECT key FROM vault.secret",
        "SELECT vault.keyed('1')",
        "DELETE FROM vault.look",
        "UPDATE vault.look SET purpose = 'x'",
        "DELETE FROM vault.value",
        "DROP SCHEMA vault CASCADE",
    ):
        with psycopg.connect(service) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    asked = "SELECT * FROM vault.disclose(%s, %s, 'name', 'person-thief', %s, NULL)"
    with psycopg.connect(service, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(asked, (home, first(application, home), "  "))
        assert connection.execute(asked, (home, first(application, home), "无")).fetchall()
    with psycopg.connect(owner) as connection:
        looked = connection.execute("SELECT count(*) FROM vault.look WHERE viewer = 'person-thief'").fetchone()
    assert looked == (1,)


def test_values_that_no_fact_names_are_swept_and_no_others(application: Application, household: Registers) -> None:
    home = household()
    stray = intake(somebody())
    application.vault.keep(stray.household, stray.region, {MemberId.new(): somebody()})
    before = application.vault.status()
    assert before.orphans >= 1
    assert application.vault.sweep() == 0
    assert application.vault.sweep(timedelta(0)) == before.orphans
    after = application.vault.status()
    assert (after.orphans, after.people) == (0, before.people)
    assert shown(application, home, Item.NAME) == somebody().name


def test_whoever_may_not_register_leaves_nothing_behind(application: Application) -> None:
    application.vault.sweep(timedelta(0))
    asked = intake()
    for name in ("other-clerk", "organiser"):
        act = by(application, name)
        assert refusal(lambda act=act: register(application.ledger, application.vault, asked, act)) == "no_authority"  # type: ignore[misc]
    assert application.vault.status().orphans == 0


def test_the_same_intake_under_the_same_key_is_kept_and_recorded_once(application: Application) -> None:
    asked, act = intake(somebody(next(NUMBERS))), by(application, "clerk")
    once = register(application.ledger, application.vault, asked, act, "retry-1")
    again = register(application.ledger, application.vault, asked, act, "retry-1")
    assert again == once._replace(replayed=True)
    other = asked.model_copy(update={"members": (somebody(next(NUMBERS)),)})
    assert refusal(lambda: register(application.ledger, application.vault, other, act, "retry-1")) == "kept_differently"


def test_a_child_is_born_into_a_household(application: Application, household: Registers) -> None:
    home, act = household(), by(application, "clerk")
    asked = MemberIntake(
        household=home,
        member=MemberId.new(),
        particulars=somebody(name="某小丙"),
        since=act.today,
        reason="出生",
    )
    add_member(application.ledger, application.vault, asked, act)
    shown_now = access.masked(application.facts, application.vault, home, act)
    assert shown_now[asked.member]["name"] == "某**"


def test_what_is_restricted_is_seen_by_nobody_until_it_is_released(
    application: Application, household: Registers
) -> None:
    home = household()
    restricted(application, home, days=30)
    assert refusal(lambda: shown(application, home, Item.NAME)) == "personal_data_restricted"
    assert application.vault.masked(home, person("clerk")) == {}, "the database itself keeps to the facts"
    erase = EraseParticulars(household=home)
    act = by(application, "headquarters")
    assert refusal(lambda: application.ledger.execute(erase, act)) == "retention_not_over"
    application.ledger.execute(ReleaseParticulars(household=home, reason="误登记"), act)
    assert shown(application, home, Item.NAME)
    assert refusal(lambda: application.ledger.execute(erase, act)) == "not_restricted"


def test_erasing_leaves_no_value_and_every_proof(application: Application, household: Registers, owner: str) -> None:
    home, other = household(somebody(next(NUMBERS))), household(somebody(next(NUMBERS)))
    (member,) = members_of(application, home)
    opened = access.disclose(
        application.facts, application.vault, home, member.member, Item.NAME, "留存", by(application, "inspector")
    )
    stored = application.facts.stored(opened.position)
    restricted(application, home)
    assert home in access.due(application.facts, by(application, "clerk").today)
    act = by(application, "headquarters")
    access.erase(application.ledger, application.vault, home, act)
    with psycopg.connect(owner) as connection:
        left = connection.execute(
            "SELECT count(*) FROM vault.value v JOIN vault.record r USING (member) WHERE r.household = %s", (home,)
        ).fetchone()
    assert left == (0,)
    assert application.facts.stored(opened.position) == stored
    assert opened.disclosure.commitment == members_of(application, home)[0].commitment
    assert refusal(lambda: shown(application, home, Item.NAME)) == "personal_data_erased"
    assert shown(application, other, Item.NAME)
    assert home not in access.due(application.facts, act.today)
    assert access.erase(application.ledger, application.vault, home, act).facts == ()


def test_nothing_is_erased_that_no_fact_says_is_erased(application: Application, household: Registers) -> None:
    home = household()
    restricted(application, home)
    application.vault.erase()
    application.ledger.execute(ReleaseParticulars(household=home, reason="误登记"), by(application, "headquarters"))
    assert shown(application, home, Item.NAME)


def test_an_interrupted_erasure_is_finished(application: Application, household: Registers, owner: str) -> None:
    home = household(somebody(), somebody())
    restricted(application, home)
    outcome = application.ledger.execute(EraseParticulars(household=home), by(application, "headquarters"))
    assert isinstance(outcome.facts[0], PersonalDataErased)
    assert len(outcome.facts[0].members) == 2
    assert application.vault.status().unfinished == 2
    assert application.vault.erase() == 2
    assert application.vault.status().unfinished == 0
    # A restored backup brings values back beside a record that knows better.
    with psycopg.connect(owner) as connection:
        connection.execute(
            "INSERT INTO vault.value VALUES (%s, 'name', %s, '某甲', 'x')", (first(application, home), bytes(16))
        )
    assert application.vault.erase() == 1


def test_a_value_changed_behind_our_back_is_not_handed_out(
    application: Application, household: Registers, owner: str
) -> None:
    home = household()
    with psycopg.connect(owner) as connection:
        connection.execute(
            "UPDATE vault.value SET value = '某丁' WHERE field = 'name' AND member = %s", (first(application, home),)
        )
    assert refusal(lambda: shown(application, home, Item.NAME)) == "vault_differs"


def test_particulars_never_show_themselves() -> None:
    assert "某甲乙" not in repr(somebody(1))
    assert id_number(1) not in repr(somebody(1))
    with pytest.raises(ValueError, match="校验码") as wrong:
        somebody(id_number=id_number(1)[:-1] + ("0" if id_number(1)[-1] != "0" else "1"))
    assert id_number(1)[:17] not in str(wrong.value)
