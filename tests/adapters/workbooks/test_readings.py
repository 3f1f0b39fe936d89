"""Kept readings: the same as a first one, for as long as there is room."""

import pytest

from adapters.workbooks import readings
from adapters.workbooks.problems import BadWorkbook
from adapters.workbooks.reader import Reading, read_workbook
from adapters.workbooks.readings import Readings
from tests.adapters.workbooks.building import HUANJIANG, divisions, line, plain_book
from tests.adapters.workbooks.test_huanjiang import workbook


@pytest.fixture
def read_anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The places that a file was read at, from the file itself."""
    places: list[str] = []

    def read(content: bytes, *rest: object) -> Reading:
        places.append(str(rest[-1]))
        return read_workbook(content, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(readings, "read_workbook", read)
    return places


@pytest.mark.parametrize(
    "content",
    [
        workbook(),
        plain_book(
            line(整改时限="随时", 资金="0.0001元", 行政村="团结村", 问题等级=None),
            line(整改时限="立行立改,并长期坚持", 资金=None, 销号状态="已销号", 问题具体描述=None),
        ),
    ],
    ids=["the county's own", "one full of problems"],
)
@pytest.mark.parametrize("slice", [1, 7, 1000])
def test_what_is_kept_reads_back_value_for_value(
    content: bytes, slice: int, read_anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "SLICE", slice)
    kept = Readings(divisions())
    first, again = kept.of(content, HUANJIANG), kept.of(content, HUANJIANG)
    assert read_anew == [HUANJIANG]
    assert again == first
    assert repr(again) == repr(first)


def test_another_place_and_another_file_are_other_readings(read_anew: list[str]) -> None:
    kept = Readings(divisions())
    digests = {kept.of(workbook(), place).digest for place in (HUANJIANG, "4512")}
    digests.add(kept.of(plain_book(line()), HUANJIANG).digest)
    assert len(digests) == 3
    assert read_anew == [HUANJIANG, "4512", HUANJIANG]


def test_what_nobody_asked_for_longest_makes_room(read_anew: list[str]) -> None:
    books = [plain_book(line(问题具体描述=each)) for each in ("甲", "乙", "丙")]
    room = Readings(divisions())
    room.of(books[0], HUANJIANG)
    (packed,) = room._packed.values()
    kept = Readings(divisions(), most=sum(map(len, packed)) * 5 // 2)
    for book in (books[0], books[1], books[0], books[2]):
        kept.of(book, HUANJIANG)
    read_anew.clear()
    kept.of(books[0], HUANJIANG)
    assert read_anew == []
    kept.of(books[1], HUANJIANG)
    assert read_anew == [HUANJIANG]


def test_a_file_refused_whole_is_refused_again() -> None:
    kept = Readings(divisions())
    for _ in range(2):
        with pytest.raises(BadWorkbook):
            kept.of(b"PK no workbook", HUANJIANG)
