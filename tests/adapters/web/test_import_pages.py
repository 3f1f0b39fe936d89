"""A workbook by way of the pages: shown first, registered only as it was shown."""

from collections.abc import Callable

import httpx2

from tests.adapters.web.conftest import Town, Visitor
from tests.adapters.workbooks.building import Page, book

SignIn = Callable[[str], Visitor]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEAD = ("序号", "乡镇", "村", "问题类别", "问题来源", "问题等级", "问题描述", "整改时限", "销号状态")


def sheet(*rows: tuple[object, ...]) -> bytes:
    return book(Page((HEAD, *rows)))


def row(number: int, text: str, village: str = "百祥村", severity: str | None = "一般") -> tuple[object, ...]:
    return (number, "明伦镇", village, "道路", "自查", severity, text, "2019年12月20日", "已销号")


def preview(visitor: Visitor, content: bytes, name: str = "清单.xlsx") -> httpx2.Response:
    return visitor.fill("/imports", "/imports", {"workbook": (name, content, XLSX)}, place="451226")


def confirm(visitor: Visitor, shown: httpx2.Response, **changes: str) -> httpx2.Response:
    typed = {**visitor.hidden(shown.text, "/imports/confirm"), **changes}
    response: httpx2.Response = visitor.client.post("/imports/confirm", data=typed)
    return response


def test_a_workbook_is_shown_and_then_registered_as_it_was_shown(town: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    before = town.application.facts.head()
    content = sheet(row(1, "涵洞堵塞"), row(2, "护栏缺失"))
    shown = preview(clerk, content)
    assert shown.status_code == 200, shown.text
    assert "涵洞堵塞" in shown.text
    assert "明伦镇百祥村" in shown.text
    assert town.application.facts.head() == before, "a preview registers nothing"
    done = confirm(clerk, shown)
    assert done.status_code == 303, done.text
    ledger = clerk.get(done.headers["location"]).text
    assert "共2条" in ledger
    assert "表载已销号,未经核实" in ledger.replace("\uff0c", ",")
    after = town.application.facts.head()
    assert confirm(clerk, preview(clerk, content)).status_code == 303
    assert town.application.facts.head() == after, "the same file again changes nothing"


def test_what_cannot_be_read_is_named_by_cell_and_cannot_be_confirmed(signed_in: SignIn) -> None:
    shown = preview(signed_in("clerk"), sheet(row(1, "涵洞堵塞", village="无此村")))
    assert shown.status_code == 200
    assert "须先更正" in shown.text
    assert "无此村" in shown.text
    assert "/imports/confirm" not in shown.text


def test_only_what_was_shown_can_be_confirmed(town: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    shown = preview(clerk, sheet(row(1, "桥面裂缝")))
    before = town.application.facts.head()
    refused = confirm(clerk, shown, digest="0" * 64)
    assert refused.status_code == 422
    assert "摘要与本次预览不符" in refused.text
    assert town.application.facts.head() == before


def test_a_gravity_nobody_wrote_is_asked_for_and_never_guessed(town: Town, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    shown = preview(clerk, sheet(row(1, "水渠渗漏", severity=None)))
    assert "没有写等级" in shown.text
    assert confirm(clerk, shown).status_code == 422
    assert confirm(clerk, shown, unstated="minor").status_code == 303


def test_a_place_that_the_ledger_does_not_know_is_named(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    shown = preview(clerk, sheet(row(1, "屋顶漏雨", village="北宋村")))
    refused = confirm(clerk, shown)
    assert refused.status_code == 422
    assert "不在台账中" in refused.text
    assert "屋顶漏雨" in refused.text


def test_what_is_no_workbook_is_refused_with_a_sentence(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    for content in (b"", b"hello", b"PK\x03\x04garbage", sheet()):
        response = preview(clerk, content)
        assert response.status_code == 422
        assert 'class="banner bad"' in response.text
    nothing = clerk.fill("/imports", "/imports", place="451226")
    assert "请选择要导入的表格文件" in nothing.text
    elsewhere = clerk.fill("/imports", "/imports", {"workbook": ("a.xlsx", sheet(), XLSX)}, place="110101")
    assert "请选择所属的县或市" in elsewhere.text


def test_whoever_may_not_register_may_not_import(signed_in: SignIn) -> None:
    assert signed_in("county-secretary").get("/imports").status_code == 403


def test_a_file_that_was_never_shown_cannot_be_confirmed(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    shown = preview(clerk, sheet(row(1, "塌方")))
    for file in ("evidence-" + "0" * 64, "evidence-../../etc/passwd", ""):
        assert confirm(clerk, shown, file=file).status_code == 404
