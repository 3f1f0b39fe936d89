"""Opening a county, its places, its rules, and how things stand."""

import pytest

from adapters.cli.program import run
from domain.ids import PersonId
from tests.adapters.cli.conftest import PASSWORD, Taizhang

OPEN = ("open", "--county", "451226", "--organiser", "蒙思齐", "--login", "organiser", "--password-stdin")


def test_a_county_is_opened_once_with_its_places_and_its_organiser(taizhang: Taizhang) -> None:
    body = taizhang(*OPEN, "--json", stdin=PASSWORD).json
    assert body["regions"] == 153
    [account] = taizhang("user", "list", "--json").json
    assert (account["login"], account["person"]) == ("organiser", body["organiser"])
    lines = taizhang("ledger", "directory", "--where", "kind=region", "--limit", "1", "--json").json
    assert lines["count"] == 154
    other = (*OPEN[:-2], "another", "--password-stdin")
    assert taizhang(*other, stdin=PASSWORD).refused("ledger_already_open")


def test_a_made_up_password_is_shown_once_and_must_be_changed(taizhang: Taizhang) -> None:
    ending = taizhang(*OPEN[:-1], "--json")
    assert len(ending.json["password"]) >= 20
    [account] = taizhang("user", "list", "--json").json
    assert account["must_change"]


@pytest.mark.parametrize(
    ("change", "stdin", "code"),
    [
        (("--county", "999999"), PASSWORD, "unknown_region"),
        (("--county", "451226104"), PASSWORD, "unknown_region"),
        (("--login", "or"), "short", "password_too_short"),
    ],
)
def test_an_opening_that_would_be_left_half_done_is_refused_whole(
    taizhang: Taizhang, change: tuple[str, str], stdin: str, code: str
) -> None:
    assert taizhang(*OPEN, *change, stdin=stdin).refused(code)
    assert taizhang("status", "--json").json["head"] == 0


def test_places_are_loaded_again_without_change_and_only_by_who_may(taizhang: Taizhang, officer: PersonId) -> None:
    load = ("regions", "load", "--county", "451226")
    assert taizhang(*load, "--as", "organiser", "--json").json["changed"] == 0
    assert taizhang("regions", "load", "--county", "450922", "--as", "organiser").refused("no_authority")
    assert taizhang(*load, "--as", "nobody").refused("account_unknown")


def test_a_policy_is_shown_as_a_document_and_adopted(taizhang: Taizhang, officer: PersonId) -> None:
    shown = taizhang("policy", "show", "county")
    assert "市委书记、市长" in shown.out
    assert "24小时" in shown.out
    assert taizhang("policy", "show", "county", "--json").json["answer_hours"] == 24
    assert taizhang("policy", "show", "../county").refused("unknown_policy")
    adopt = ("policy", "adopt", "county", "--region", "451226")
    assert taizhang(*adopt, "--json").json["version"] == 1
    assert taizhang(*adopt).refused("policy_version_not_newer")


def test_a_scoring_rule_is_shown_as_a_document_and_makes_the_board(taizhang: Taizhang, officer: PersonId) -> None:
    assert "回头看反弹" in taizhang("rank", "rule", "show", "townships").out
    assert taizhang("rank", "rule", "show", "weather").refused("unknown_rule")
    adopt = ("rank", "rule", "adopt", "townships", "--region", "451226", "--as", officer)
    assert taizhang(*adopt, "--json").json["board"] == "board-451226-townships"
    assert taizhang(*adopt).refused("rule_version_not_newer")
    early = ("--from", "2019-10-01", "--to", "2019-10-31")
    assert taizhang("rank", "publish", "--region", "451226", *early, "--as", officer).refused("no_rule")
    assert taizhang("rank", "publish", "--region", "4512", *early, "--as", officer).refused("unknown_board")
    backwards = ("--from", "2019-10-31", "--to", "2019-10-01")
    assert taizhang("rank", "publish", "--region", "451226", *backwards, "--as", officer).refused("period_backwards")
    assert taizhang("rank", "show", "edition-none").refused("unknown_edition")
    assert taizhang("rank", "verify", "october").refused("unknown_edition")


def test_accounts_are_opened_for_people_and_for_administrators(taizhang: Taizhang, officer: PersonId) -> None:
    add = ("user", "add", "hq", "--person", officer, "--password-stdin")
    assert taizhang(*add, "--json", stdin=PASSWORD).json["login"] == "hq"
    assert taizhang(*add, stdin=PASSWORD).refused("login_taken")
    again = ("user", "add", "hq-too", "--person", officer, "--password-stdin")
    assert taizhang(*again, stdin=PASSWORD).refused("person_has_account")
    assert taizhang("user", "add", "other", "--person", "person-nobody", "--password-stdin", stdin=PASSWORD).refused(
        "unknown_person"
    )
    assert taizhang("user", "add", "other", "--password-stdin", stdin=PASSWORD).refused("person_required")
    assert "密码" in taizhang("user", "add", "keeper", "--administrator", "audit").out
    assert taizhang("policy", "adopt", "county", "--region", "451226", "--as", "keeper").refused(
        "administrator_cannot_act"
    )


def test_accounts_are_given_passwords_and_tokens_and_are_disabled(taizhang: Taizhang, opened: PersonId) -> None:
    assert taizhang("user", "password", "organiser", "--password-stdin", stdin="short").refused("password_too_short")
    assert taizhang("user", "password", "organiser", "--password-stdin", stdin="Huanjiang-Rice-1").code == 0
    assert taizhang("user", "password", "nobody").refused("account_unknown")
    token = taizhang("user", "token", "organiser", "--name", "晚报", "--days", "7", "--json").json["token"]
    assert token.startswith("tzt_")
    assert taizhang("user", "token", "nobody", "--name", "晚报").refused("account_unknown")
    assert taizhang("user", "disable", "organiser").code == 0
    [account] = taizhang("user", "list", "--json").json
    assert account["disabled_at"]
    assert taizhang("user", "disable", "nobody").refused("account_unknown")


def test_status_says_where_everything_is(taizhang: Taizhang, opened: PersonId) -> None:
    body = taizhang("status", "--json").json
    assert body["head"] == 156
    assert not body["demonstration"]
    assert {ledger["lag"] for ledger in body["ledgers"]} == {156}
    assert taizhang("rebuild", "--all", "--json").json["checked"] is False
    assert {ledger["lag"] for ledger in taizhang("status", "--json").json["ledgers"]} == {0}
    assert "问题台账" in taizhang("status").out


def test_a_database_that_does_not_answer_and_a_mistyped_setting_are_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere?connect_timeout=2")
    assert run(["status"]) == 1
    assert capsys.readouterr().err.startswith("database_unreachable: ")
    monkeypatch.setenv("TAIZHANG_PROT", "8000")
    assert run(["status"]) == 1
    assert capsys.readouterr().err.startswith("wrong_setting: ")
    monkeypatch.delenv("TAIZHANG_PROT")
    monkeypatch.setenv("TAIZHANG_PORT", "many")
    assert run(["serve"]) == 1
    assert capsys.readouterr().err.startswith("wrong_setting: ")
