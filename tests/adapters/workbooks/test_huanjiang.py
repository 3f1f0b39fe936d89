"""The 环江 workbook of 2019, held against its answers."""

import json
from importlib import resources
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from adapters.workbooks.reader import Reading
from tests.adapters.workbooks.building import HUANJIANG, read

ANSWERS = Path(__file__).with_name("huanjiang-2019-issues.answers.json")


def workbook() -> bytes:
    return resources.files("adapters.demo").joinpath("huanjiang-2019-issues.xlsx").read_bytes()


def given() -> Reading:
    return read(workbook())


def test_every_row_reads_as_answered_in_the_order_of_its_fields() -> None:
    answers = json.loads(ANSWERS.read_text(encoding="utf-8"))
    expected = [{"sheet": "问题清单", **answer} for answer in answers]
    assert json.dumps(given().as_json()["rows"]) == json.dumps(expected)


def test_nothing_in_it_is_a_problem() -> None:
    assert given().problems == ()


def test_money_is_exact_in_fen() -> None:
    assert sum(row.money_fen or 0 for row in given().rows) == 4_720_200_000


def test_the_digest_binds_the_file_and_the_place() -> None:
    content = workbook()
    assert given().digest == read(content).digest == read(content, "451226000000").digest
    touched = BytesIO(content)
    with ZipFile(touched, "a") as archive:
        archive.comment = b"saved again"
    assert len({given().digest, read(content, "4512").digest, read(touched.getvalue()).digest}) == 3


def test_a_city_reads_the_county_from_the_title() -> None:
    reading = read(workbook(), "4512")
    assert {row.county for row in reading.rows} == {HUANJIANG}
    assert [row.as_json() for row in reading.rows] == [row.as_json() for row in given().rows]
