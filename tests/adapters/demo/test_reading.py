"""Reading the demonstration by the command line: ledgers, timelines, facts, lists, now and as of then."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from adapters.demo.story import FIRST, LONGYAN, Story
from adapters.http.ledgers import SHELVES
from tests.adapters.cli.ending import Ending

Taizhang = Callable[..., Ending]

LIVED = {
    *("issues", "rectification", "evidence", "signoffs", "signatures", "escalations", "responsibilities"),
    *("posts", "directory", "boards", "editions", "cases", "measures"),
}
"""The ledgers that the story writes in."""


def test_it_is_loaded_into_an_empty_ledger_only(taizhang: Taizhang) -> None:
    before = taizhang("status", "--json").json["head"]
    assert taizhang("demo").refused("ledger_not_empty")
    assert taizhang("status", "--json").json["head"] == before


def test_who_can_log_in_is_listed(taizhang: Taizhang) -> None:
    body = taizhang("demo", "--who", "--json").json
    assert {one["kind"] for one in body["logins"]} == {
        *("person", "system_administrator", "security_administrator", "audit_administrator")
    }
    assert body["password"] in taizhang("demo", "--who").out


@pytest.mark.parametrize("name", sorted(LIVED))
def test_every_ledger_of_the_story_has_something_to_show(taizhang: Taizhang, name: str) -> None:
    body = taizhang("ledger", name, "--limit", "3", "--json").json
    assert body["count"] >= len(body["lines"]) > 0
    shown = taizhang("ledger", name, "--limit", "3")
    assert f"共{body['count']}行" in shown.out


@pytest.mark.parametrize("name", sorted(SHELVES.keys() - LIVED))
def test_every_other_ledger_can_be_shown(taizhang: Taizhang, name: str) -> None:
    assert "共" in taizhang("ledger", name).out


def test_a_ledger_is_filtered_sorted_and_turned_page_by_page(taizhang: Taizhang) -> None:
    asked = ("ledger", "issues", "--region", LONGYAN.code, "--where", "status=closed", "--order", "-closed_on")
    whole = taizhang(*asked, "--json").json
    dates = [line["closed_on"] for line in whole["lines"]]
    assert dates == sorted(dates, reverse=True)
    first = taizhang(*asked, "--limit", "2", "--json").json
    second = taizhang(*asked, "--limit", "2", "--cursor", first["next"], "--json").json
    pages = [line["issue"] for line in first["lines"] + second["lines"]]
    assert pages == [line["issue"] for line in whole["lines"][:4]]
    assert "--cursor" in taizhang(*asked, "--limit", "2").err


def test_a_ledger_is_read_as_of_a_day_and_a_position(taizhang: Taizhang) -> None:
    def closed(*when: str) -> int:
        return int(taizhang("ledger", "issues", "--where", "status=closed", *when, "--json").json["count"])

    october = closed("--as-of", "2019-10-31")
    assert 0 < october < closed("--as-of", "2019-11-30") < closed()
    position = taizhang("ledger", "issues", "--as-of", "2019-10-31", "--json").json["as_of"]["position"]
    assert closed("--as-of", str(position)) == october
    assert closed("--as-of", "2019-09-01") == 0


def test_what_is_overdue_can_be_asked_for(taizhang: Taizhang) -> None:
    overdue = taizhang("ledger", "issues", "--overdue", "--json").json["lines"]
    assert overdue
    assert all(line["overdue_days"] > 0 for line in overdue)
    assert taizhang("ledger", "posts", "--overdue").refused("invalid_request")


def test_a_ledger_refuses_what_it_has_not(taizhang: Taizhang) -> None:
    assert taizhang("ledger", "weather").refused("unknown_ledger")
    assert taizhang("ledger", "issues", "--where", "colour=red").refused("invalid_request")
    assert taizhang("ledger", "issues", "--where", "status").refused("bad_filter")
    assert taizhang("ledger", "issues", "--order", "colour").refused("unknown_column")
    assert taizhang("ledger", "issues", "--as-of", "yesterday").refused("invalid_request")
    assert taizhang("ledger", "issues", "--as-of", "99999999").refused("invalid_request")
    assert taizhang("ledger", "issues", "--cursor", "x").refused("bad_cursor")


def test_a_timeline_tells_an_issue_s_life_in_words(taizhang: Taizhang, story: Story) -> None:
    issue = story.issue(64)
    told = taizhang("timeline", issue)
    assert "拒签" in told.out
    types = [fact["type"] for fact in taizhang("timeline", issue, "--json").json]
    assert types[0] == "issue.registered"
    assert types[-1] == "issue.closed"
    early = [fact["type"] for fact in taizhang("timeline", issue, "--as-of", "2019-10-15", "--json").json]
    assert early == types[: len(early)]
    assert len(early) < len(types)
    assert taizhang("timeline", "issue-nobody").refused("unknown_id")
    assert taizhang("timeline", "天气").refused("unknown_id")


def test_facts_come_one_a_line_or_as_one_document(taizhang: Taizhang) -> None:
    lines = taizhang("facts", "--after", "10", "--limit", "5").out.splitlines()
    assert len(lines) == 5
    assert [fact["position"] for fact in taizhang("facts", "--after", "10", "--limit", "5", "--json").json] == [
        *range(11, 16)
    ]


def test_an_edition_is_shown_with_every_component_and_counted_again(taizhang: Taizhang) -> None:
    shown = taizhang("rank", "show", FIRST)
    assert "龙岩乡" in shown.out
    assert "黑榜" in shown.out
    assert taizhang("rank", "show", FIRST, "--json").json["revision"] == 1
    assert "复算一致" in taizhang("rank", "verify", FIRST).out
    assert taizhang("rank", "verify", FIRST, "--revision", "0", "--json").json["holds"]
    assert taizhang("rank", "verify", FIRST, "--revision", "7").refused("unknown_revision")
    december = ("--region", "451226", "--from", "2019-12-01", "--to", "2019-12-31")
    assert taizhang("rank", "publish", *december, "--as", "clerk").refused("no_authority")
    overlapping = ("--region", "451226", "--from", "2019-11-01", "--to", "2019-11-30")
    assert taizhang("rank", "publish", *overlapping, "--as", "supervisor").code == 1


def test_ledgers_are_checked_against_the_facts(taizhang: Taizhang) -> None:
    checked = taizhang("rebuild", "issues", "--check", "--json").json
    assert (checked["ledgers"], checked["differences"]) == (["issues"], [])
    assert taizhang("rebuild", "weather").refused("unknown_ledger")
    assert taizhang("rebuild").refused("which_ledger")


def test_the_closure_ledger_is_exported_as_of_then(taizhang: Taizhang, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    taizhang("export", "--out", out, "--region", LONGYAN.code)
    page = load_workbook(BytesIO(out.read_bytes())).worksheets[0]
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=5)]
    assert len(rows) == 13
    assert {"已销号", "未销号"} == {row[17] for row in rows}
    assert any("第2轮整改" in str(row[18]) for row in rows)
    taizhang("export", "--out", out, "--region", LONGYAN.code, "--as-of", "2019-10-01")
    page = load_workbook(BytesIO(out.read_bytes())).worksheets[0]
    assert {row[17].value for row in page.iter_rows(min_row=5)} == {"未销号"}
