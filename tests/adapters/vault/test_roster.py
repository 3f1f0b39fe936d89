"""Identity numbers out of whatever an office sends, and an honest word about rows without one."""

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO

import pytest
from openpyxl import Workbook

from adapters.vault.roster import read_roster
from adapters.workbooks.problems import BadWorkbook
from tests.adapters.vault.people import id_number


def workbook(*sheets: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for rows in sheets:
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(list(row))
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def code(content: bytes) -> str:
    with pytest.raises(BadWorkbook) as bad:
        read_roster(content)
    return bad.value.code


TABLE: list[list[object]] = [
    ["2019年8月死亡人员名册", None, None],
    ["序号", "姓名", "公民身份号码(必填)"],
    [1, "某甲", id_number(1)],
    [2, "某乙", f" {id_number(2)[:6]} {id_number(2)[6:]}"],
    [None, None, None],
    [3, "某丙", id_number(1).lower()],
    ["合计", 3, None],
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_text_table_is_read_in_what_it_was_written(encoding: str) -> None:
    text = "\r\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in TABLE)
    roster = read_roster(text.encode(encoding))
    assert roster.numbers == (id_number(1), id_number(2))
    assert (roster.rows, roster.unreadable) == (3, ())


def test_a_workbook_is_read_sheet_by_sheet_under_its_own_headings() -> None:
    note: list[list[object]] = [["说明"], ["本表不含人员"]]
    more: list[list[object]] = [["身份证号", "姓名"], [id_number(3), "某丁"]]
    content = workbook(TABLE, note, more)
    roster = read_roster(content)
    assert roster.numbers == (id_number(1), id_number(2), id_number(3))
    assert roster.roster == f"import-{sha256(content).hexdigest()}"


def test_a_number_of_old_is_the_one_it_became() -> None:
    whole = id_number(1)
    assert read_roster(f"身份证号\n{whole[:6]}{whole[8:17]}\n".encode()).numbers == (whole,)


def test_rows_without_a_readable_number_are_named_and_their_number_is_not() -> None:
    wrong = id_number(4)[:17] + ("0" if id_number(4)[17] != "0" else "1")
    rows: list[list[object]] = [
        ["姓名", "身份证号"],
        ["某甲", wrong],
        ["某乙", None],
        ["某丙", int(id_number(5)[:17]) * 10],
        ["某丁", "无"],
    ]
    roster = read_roster(workbook(rows))
    assert (roster.numbers, roster.rows) == ((), 4)
    assert roster.unreadable == tuple(f"Sheet 第{n}行" for n in (2, 3, 4, 5))


def test_a_file_that_is_no_roster_is_refused_whole() -> None:
    assert code(b"\x89PNG\r\n\x1a\n\xff\xff\x00") == "not_a_roster"
    assert code("姓名,年龄\n某甲,40\n".encode()) == "no_id_column"
    assert code("姓名,身份证号\n".encode()) == "empty_roster"
    assert code("户主身份证号,身份证号,身份证号码\n".encode()) == "ambiguous_id_column"
    assert code(b"PK\x03\x04 nothing") == "not_a_workbook"
    assert code('姓名,身份证号\n"'.encode() + b"x" * 200_000) == "not_a_roster"
