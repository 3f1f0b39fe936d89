"""Importing a workbook: looked at first, then registered whole, once."""

from importlib.resources import files
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from adapters.cli.program import run
from domain.ids import PersonId
from domain.posts import Post
from tests.adapters.cli.conftest import Taizhang, appoint, program

LIST = Path(str(files("adapters.demo") / "huanjiang-2019-issues.xlsx"))
HEADER = ("序号", "乡镇", "行政村", "问题类别", "问题等级", "问题具体描述", "责任单位", "整改时限")


def sheet(folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (header, *rows):
        page.append(row)
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def digest_of(taizhang: Taizhang, file: Path, county: str = "451226") -> str:
    return str(taizhang("import", file, "--county", county, "--json").json["digest"])


def test_a_preview_needs_no_database(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    assert run(["import", str(LIST), "--county", "451226"]) == 0
    out, err = capsys.readouterr()
    assert "将登记120条问题" in out
    assert "尚未登记" in err


@pytest.mark.parametrize("county", ["451226", "451226000000", "region-451226", "4512"])
def test_a_preview_is_one_document_of_digest_rows_and_problems(taizhang: Taizhang, county: str) -> None:
    body = taizhang("import", LIST, "--county", county, "--json").json
    assert list(body) == ["digest", "rows", "problems"]
    assert len(body["rows"]) == 120
    first = body["rows"][0]
    assert (first["sheet"], first["row"], first["village"], first["money_wan"]) == ("问题清单", 5, "451226001200", 12.6)
    assert set(first) == {
        *("sheet", "row", "township", "village", "category", "source", "severity", "description", "unit", "leader"),
        *("person", "measure", "money_wan", "due", "due_precision", "long_term", "status", "done", "closed"),
    }


def test_what_was_previewed_is_registered_once_and_again_changes_nothing(taizhang: Taizhang, officer: PersonId) -> None:
    digest = digest_of(taizhang, LIST)
    first = taizhang("import", LIST, "--county", "451226", "--confirm", digest, "--json").json
    assert first["registered"] == 120
    again = taizhang("import", LIST, "--county", "451226", "--confirm", digest)
    assert (again.code, "没有改变任何记录" in again.out) == (0, True)
    assert taizhang("status", "--json").json["head"] == first["position"]
    city = digest_of(taizhang, LIST, "4512")
    assert taizhang("import", LIST, "--county", "4512", "--confirm", city, "--as", officer).refused(
        "file_already_imported"
    )
    by_fact = taizhang("facts", "--after", first["position"] - 1, "--json").json
    assert [fact["by"] for fact in by_fact] == [officer]


def test_another_digest_than_the_one_previewed_is_refused(taizhang: Taizhang, officer: PersonId) -> None:
    assert taizhang("import", LIST, "--county", "451226", "--confirm", "0" * 64).refused("digest_differs")
    assert taizhang("import", LIST, "--county", "451226", "--confirm", digest_of(taizhang, LIST, "4512")).refused(
        "digest_differs"
    )


def test_a_county_that_nobody_opened_is_refused_with_what_to_do(taizhang: Taizhang) -> None:
    ending = taizhang("import", LIST, "--county", "451226", "--confirm", digest_of(taizhang, LIST))
    assert ending.refused("county_not_open")
    assert "taizhang open" in ending.err


def test_who_registers_must_be_named_unless_there_is_only_one_who_could(
    taizhang: Taizhang, opened: PersonId, database_url: str, tmp_path: Path
) -> None:
    confirmed = ("import", LIST, "--county", "451226", "--confirm", digest_of(taizhang, LIST))
    assert taizhang(*confirmed).refused("who_acts")
    assert taizhang(*confirmed, "--as", "organiser").refused("no_authority")
    assert taizhang(*confirmed, "--as", "nobody").refused("account_unknown")
    with program(database_url, tmp_path) as application:
        appoint(application, opened, "one", Post.HEADQUARTERS)
        appoint(application, opened, "two", Post.HEADQUARTERS)
    assert taizhang(*confirmed).refused("who_acts")
    assert taizhang(*confirmed, "--as", "person-two").code == 0


def test_a_workbook_with_problems_is_shown_with_its_cells_and_not_registered(
    taizhang: Taizhang, officer: PersonId, tmp_path: Path
) -> None:
    file = sheet(
        tmp_path,
        ("1", "明伦镇", "八面村", "道路", "一般", "路面破损", "交通运输局", "2019年11月30日"),
        ("2", "明伦镇", "没有这个村", "道路", "一般", "路面破损", "交通运输局", "2019年11月30日"),
    )
    body = taizhang("import", file, "--county", "451226", "--json").json
    [problem] = [one for one in body["problems"] if one["kind"] == "unknown_village"]
    assert (problem["sheet"], problem["row"], problem["cell"]) == ("Sheet", 3, "C3")
    shown = taizhang("import", file, "--county", "451226")
    assert "unknown_village" in shown.out
    ending = taizhang("import", file, "--county", "451226", "--confirm", body["digest"])
    assert ending.refused("workbook_has_problems")
    assert "C3" in ending.err


def test_rows_without_a_gravity_get_only_the_one_that_whoever_confirms_gives_them(
    taizhang: Taizhang, officer: PersonId, tmp_path: Path
) -> None:
    header = tuple(title for title in HEADER if title != "问题等级")
    file = sheet(tmp_path, ("1", "明伦镇", "八面村", "道路", "路面破损", "交通运输局", "2019年11月30日"), header=header)
    confirmed = ("import", file, "--county", "451226", "--confirm", digest_of(taizhang, file))
    assert taizhang(*confirmed).refused("severity_missing")
    assert taizhang(*confirmed, "--severity", "很重").refused("unknown_severity")
    assert taizhang(*confirmed, "--severity", "较重", "--json").json["registered"] == 1
    [line] = taizhang("ledger", "issues", "--json").json["lines"]
    assert (line["severity"], line["source"]) == ("serious", "未写明")


def test_a_place_that_the_ledger_does_not_know_is_refused_with_its_rows(
    taizhang: Taizhang, officer: PersonId, tmp_path: Path, database_url: str
) -> None:
    from domain.command import Act
    from domain.ids import RegionId
    from domain.regions import AbolishRegion

    with program(database_url, tmp_path) as application:
        act = Act(officer, application.now())
        application.ledger.execute(AbolishRegion(region=RegionId("region-451226104212"), on=act.today), act)
    digest = digest_of(taizhang, LIST)
    ending = taizhang("import", LIST, "--county", "451226", "--confirm", digest)
    assert ending.refused("region_not_established")
    assert "第48行(451226104212)" in ending.err


def test_what_is_no_workbook_or_no_file_or_no_county_is_refused(taizhang: Taizhang, tmp_path: Path) -> None:
    text = tmp_path / "list.xlsx"
    text.write_text("not a workbook")
    assert taizhang("import", text, "--county", "451226").code == 1
    assert taizhang("import", tmp_path / "nowhere.xlsx", "--county", "451226").refused("file_not_found")
    assert taizhang("import", tmp_path, "--county", "451226").refused("file_unreadable")
    assert taizhang("import", LIST, "--county", "河池").refused("unknown_region")
    assert taizhang("import", LIST, "--county", "451226104").refused("unknown_place")


def test_the_ledger_goes_out_as_the_form_and_its_rows_come_back(
    taizhang: Taizhang, officer: PersonId, tmp_path: Path
) -> None:
    taizhang("import", LIST, "--county", "451226", "--confirm", digest_of(taizhang, LIST))
    out = tmp_path / "out.xlsx"
    body = taizhang("export", "--out", out, "--region", "451226104", "--status", "未启动", "--json").json
    assert body["rows"] == 15
    page = load_workbook(BytesIO(out.read_bytes())).worksheets[0]
    assert page.freeze_panes == "A5"
    assert page.auto_filter.ref
    assert page.merged_cells.ranges
    shown = {row[6].value for row in page.iter_rows(min_row=5)}
    assert "村民饮水难" in shown
    back = taizhang("import", out, "--county", "451226", "--json").json
    assert {row["description"] for row in back["rows"]} == shown
    assert not [one for one in back["problems"] if one["kind"] == "unknown_village"]


def test_an_export_of_what_there_is_not_is_refused(taizhang: Taizhang, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    assert taizhang("export", "--out", out, "weather").refused("unknown_ledger")
    assert taizhang("export", "--out", out, "--status", "大概").refused("unknown_status")
    assert taizhang("export", "--out", out, "--region", "河池").refused("unknown_region")
    assert taizhang("export", "--out", tmp_path / "no" / "out.xlsx").refused("file_not_written")
    assert not out.exists()
