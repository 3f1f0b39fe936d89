"""Files that are no workbook, that hide something, or that are built to hurt: refused with a code before parsing."""

import re
import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from adapters.workbooks import container, reader
from adapters.workbooks.problems import BadWorkbook
from tests.adapters.workbooks.building import HEADER, Page, book, line, part_of, plain_book, read, with_part

SHEET = "xl/worksheets/sheet1.xml"
BOOK = "xl/workbook.xml"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def refused(content: bytes, place: str = "451226") -> str:
    with pytest.raises(BadWorkbook) as refusal:
        read(content, place)
    assert refusal.value.message
    return refusal.value.code


def sheet(rows: str, more: str = "") -> bytes:
    """A workbook whose only sheet is written by hand."""
    xml = f'<worksheet {MAIN}><dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData>{more}</worksheet>'
    return with_part(plain_book(line()), SHEET, xml.encode())


def compound(stream: str) -> bytes:
    """The beginning of an OLE compound file that names a stream."""
    return bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 1016 + stream.encode("utf-16-le") + b"\0" * 64


def zipped(**parts: bytes) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/"), part)
    return target.getvalue()


NO_WORKBOOKS: dict[str, bytes] = {
    "nothing": b"",
    "text": "序号,乡镇,问题描述".encode(),
    "a web page called .xlsx": b"<html><table><tr><td>1</td></tr></table></html>",
    "a picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "a cut-off file": plain_book(line())[:2000],
    "a zip of something else": zipped(word__document=b"<x/>"),
    "a workbook without sheets": with_part(plain_book(line()), BOOK, f"<workbook {MAIN}/>".encode()),
    "broken XML": with_part(plain_book(line()), SHEET, b"<worksheet><sheetData><row></sheetData></worksheet>"),
    "a sheet that is not there": with_part(plain_book(line()), "xl/_rels/workbook.xml.rels", b"<Relationships/>"),
}


@pytest.mark.parametrize("what", NO_WORKBOOKS)
def test_what_is_no_workbook_is_refused(what: str) -> None:
    assert refused(NO_WORKBOOKS[what]) == "not_a_workbook"


def test_old_and_encrypted_files_are_told_apart() -> None:
    assert refused(compound("Workbook")) == "old_xls"
    assert refused(compound("EncryptedPackage")) == "encrypted_workbook"
    assert refused(compound("WordDocument")) == "not_a_workbook"


def test_an_encrypted_zip_is_refused() -> None:
    content = bytearray(plain_book(line()))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    assert refused(bytes(content)) == "encrypted_workbook"


def test_a_file_beyond_the_limit_is_refused_unread() -> None:
    assert refused(b"PK" + b"\0" * container.MAX_FILE) == "workbook_too_large"


def test_a_zip_bomb_is_refused_whether_it_declares_its_size_or_lies() -> None:
    bomb = with_part(plain_book(line()), "xl/sharedStrings.xml", b" " * (64 * 2**20))
    assert refused(bomb) == "workbook_hostile"
    lying = bytearray(bomb)
    at = lying.rindex(b"PK\x01\x02")
    struct.pack_into("<I", lying, at + 24, 100)
    assert refused(bytes(lying)) == "not_a_workbook"


def test_many_middling_parts_are_too_much_together() -> None:
    target = BytesIO(plain_book(line()))
    noise = zlib.compress(bytes(range(256)) * 16) * 40
    block = (noise * (2**20 // len(noise) + 1))[: 2**20]
    with ZipFile(target, "a", ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"xl/media/{number}.bin", block * 90)
    assert refused(target.getvalue()) == "workbook_hostile"


def test_too_many_parts_or_two_of_one_name_are_refused() -> None:
    target = BytesIO(plain_book(line()))
    with ZipFile(target, "a") as archive:
        for number in range(container.MAX_PARTS):
            archive.writestr(f"xl/media/{number}", b"")
    assert refused(target.getvalue()) == "workbook_hostile"
    twice = BytesIO(plain_book(line()))
    with ZipFile(twice, "a") as archive:
        archive.writestr(SHEET.upper(), b"<worksheet/>")
    assert refused(twice.getvalue()) == "workbook_hostile"


ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", [SHEET, BOOK, "xl/styles.xml", "xl/_rels/workbook.xml.rels", "docProps/app.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_part_and_encoding(part: str, encoding: str) -> None:
    content = plain_book(line())
    bare = part_of(content, part).partition("?>")[2] or part_of(content, part)
    hostile = f'<?xml version="1.0" encoding="{encoding}"?>{ENTITIES}{bare}'.encode(encoding)
    assert refused(with_part(content, part, hostile)) == "workbook_hostile"


def test_cells_in_opposite_corners_are_refused_before_memory_is_reserved_for_all_between() -> None:
    corner = '<row r="{0}"><c r="{1}{0}"><v>1</v></c></row>'
    assert refused(sheet(corner.format(1, "A") + corner.format(1048576, "XFD"))) == "too_many_rows"
    assert refused(sheet(corner.format(1, "A") + corner.format(9, "XFD"))) == "too_many_columns"
    assert refused(sheet(corner.format(1, "A") + corner.format(90_000, "CV"))) == "workbook_too_large"


def test_two_hundred_thousand_empty_rows_are_refused() -> None:
    rows = "".join(f'<row r="{number}"><c r="A{number}" s="1"/></row>' for number in range(1, 200_001))
    assert refused(sheet(rows)) == "too_many_rows"


def test_a_lying_dimension_is_not_believed() -> None:
    content = plain_book(line())
    lying = part_of(content, SHEET).replace('ref="A1:S4"', 'ref="A1:XFD1048576"')
    assert "XFD1048576" in lying
    assert len(read(with_part(content, SHEET, lying.encode())).rows) == 1


def test_absurdly_many_or_overlapping_merges_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def merges(count: int) -> str:
        areas = "".join(f'<mergeCell ref="A1:C{number + 2}"/>' for number in range(count))
        return f"<mergeCells>{areas}</mergeCells>"

    row = '<row r="{0}"><c r="A{0}"><v>1</v></c></row>'
    rows = "".join(row.format(number) for number in range(1, 50))
    assert refused(sheet(rows, merges(2_000))) == "workbook_hostile"
    monkeypatch.setattr(container, "MAX_MERGES", 100)
    assert refused(sheet(rows, merges(101))) == "workbook_hostile"


def test_a_merge_over_everything_costs_nothing() -> None:
    content = plain_book(line())
    everything = part_of(content, SHEET).replace(
        "</sheetData>", '</sheetData><mergeCells><mergeCell ref="T5:XFD1048576"/></mergeCells>'
    )
    assert len(read(with_part(content, SHEET, everything.encode())).rows) == 1


def test_numbers_that_no_cell_can_hold_are_errors() -> None:
    content = part_of(plain_book(line()), SHEET).replace("<v>12.6</v>", "<v>1e999</v>")
    reading = read(with_part(plain_book(line()), SHEET, content.encode()))
    assert [problem.kind for problem in reading.problems] == ["error_value"]


def test_a_workbook_without_issues_is_refused() -> None:
    assert refused(book(Page([]))) == "no_issues_found"
    assert refused(book(Page([["一些文字"]]))) == "no_issues_found"
    assert refused(book(Page([HEADER]))) == "no_issues_found"


def test_more_issues_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ISSUES", 1)
    assert refused(plain_book(line(), line(序号=2, 问题具体描述="缺水"))) == "too_many_rows"


def test_a_place_that_is_no_county_or_city_is_refused() -> None:
    for place in ("451226103", "45", "999999", "", "环江"):
        assert refused(plain_book(line()), place) == "unknown_place"


def prefixed(content: bytes) -> bytes:
    """The same sheet with a namespace prefix before every name, as some programs write it."""
    xml = part_of(content, SHEET).replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    return with_part(content, SHEET, xml.replace("xmlns=", "xmlns:x=").encode())


def without_addresses(content: bytes) -> bytes:
    """The same sheet without the optional addresses of rows and cells."""
    xml = re.sub(r' r="[A-Z]*\d+"', "", part_of(content, SHEET))
    return with_part(content, SHEET, xml.encode())


@pytest.mark.parametrize("write", [prefixed, without_addresses])
def test_other_programs_ways_of_writing_are_read(write: Callable[[bytes], bytes]) -> None:
    filled = [cell or "/" for cell in line()]
    (row,) = read(write(plain_book(filled))).rows
    assert (row.village, row.money_fen) == ("451226103208", 12_600_000)
