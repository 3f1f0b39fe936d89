"""The vault and the comparison on the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.bootstrap import open_application
from adapters.settings import Settings
from adapters.vault.intake import register
from domain.command import Act
from domain.ids import HouseholdId
from domain.vault import RestrictParticulars
from tests.adapters.cli.conftest import Taizhang
from tests.adapters.vault.people import id_number, intake, somebody
from tests.county import founding, person
from tests.scenario import FOUNDER


@pytest.fixture
def home(database_url: str, tmp_path: Path) -> HouseholdId:
    """A household of two in a county in post in September 2019, its values to be erased from that month on."""
    then = datetime(2019, 9, 20, 4, tzinfo=UTC)
    settings = Settings(database_url=database_url, data=tmp_path / "data")
    with open_application(settings, project=False, clock=lambda: then) as application:
        application.facts.append(founding(), Act(FOUNDER, then))
        asked = intake(somebody(1), somebody())
        register(application.ledger, application.vault, asked, Act(person("clerk"), then))
    return asked.household


@pytest.fixture
def expired(home: HouseholdId, database_url: str, tmp_path: Path) -> HouseholdId:
    then = datetime(2019, 9, 21, 4, tzinfo=UTC)
    settings = Settings(database_url=database_url, data=tmp_path / "data")
    with open_application(settings, project=False, clock=lambda: then) as application:
        act = Act(person("clerk"), then)
        command = RestrictParticulars(household=home, erase_from=act.today, reason="整户迁出")
        application.ledger.execute(command, act)
    return home


def test_what_is_kept_is_counted_and_what_has_expired_is_erased(taizhang: Taizhang, expired: HouseholdId) -> None:
    before = taizhang("vault", "status", "--json").json
    assert (before["households"], before["people"], before["due"]) == (1, 2, [expired])
    assert taizhang("vault", "erase", "--json").json["erased"] == [expired]
    after = taizhang("vault", "status", "--json").json
    assert (after["people"], after["erased"], after["unfinished"], after["due"]) == (0, 2, 0, [])


def test_only_what_has_expired_is_erased_and_only_by_who_may(taizhang: Taizhang, home: HouseholdId) -> None:
    assert taizhang("vault", "erase", "--household", home).refused("not_restricted")
    assert taizhang("vault", "erase", "--household", home, "--as", "person-clerk").refused("no_authority")
    assert taizhang("vault", "erase", "--household", "household-none").refused("unknown_household")
    assert taizhang("vault", "erase", "--json").json["erased"] == []


def test_a_roster_is_compared(taizhang: Taizhang, home: HouseholdId, tmp_path: Path) -> None:
    roster = tmp_path / "名册.csv"
    roster.write_text(f"姓名,身份证号\n某甲,{id_number(1)}\n某乙,无\n", "utf-8")
    words = ("compare", roster, "--kind", "deaths", "--region", "451226", "--as", "person-supervisor")
    told = taizhang(*words, "--severity", "重大", "--on", "2019-08-31", "--json").json
    assert (told["rows"], told["unreadable"], len(told["issues"])) == (2, ["第3行"], 1)
    assert id_number(1) not in str(told)
    assert taizhang(*words, "--json").json["issues"] == []
    assert taizhang(*words[:-1], "person-clerk").refused("no_authority")
    assert taizhang("compare", roster, "--kind", "rumours", *words[4:]).refused("unknown_roster_kind")
    assert taizhang(*words, "--severity", "天大").refused("unknown_severity")
