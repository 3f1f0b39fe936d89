"""A workbook of 20,000 rows: read for a preview, registered as it was previewed, and the memory that takes."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from adapters.bootstrap import open_application
from adapters.cli.serving import spare
from adapters.settings import Settings
from adapters.workbooks.intake import standing_there, to_register
from adapters.workbooks.writer import CLOSURE_LEDGER_COLUMNS, write_workbook
from domain.command import Act
from domain.ids import RegionId
from domain.policy import Severity
from domain.regions import RegionEstablished
from tests.adapters.workbooks.test_huanjiang import given
from tests.adapters.workbooks.test_writer import closure_line
from tests.county import COUNTY, SINCE, founding, person
from tests.performance.suite import Bench, Row, at_most
from tests.scenario import FOUNDER


class Taken(NamedTuple):
    """Seconds, and the most MiB the process ever held."""

    preview: float
    confirm: float
    before: int
    peak: int


def workbook(bench: Bench) -> Iterator[Row]:
    """A list of issues as offices keep it, previewed and confirmed."""
    rows = bench.sizes.workbook
    content = _content(rows)
    url = bench.database("workbook")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        taken = pool.submit(_taken, url, bench.folder / "workbook", content, rows).result()
    size = f"{rows:,} rows, {len(content) >> 10:,} KiB"
    yield at_most("workbook, preview", size, taken.preview, 10, unit="s")
    yield at_most(
        "workbook, confirm",
        size,
        taken.confirm,
        5,
        unit="s",
        note=f"as kept from the preview; {taken.preview + taken.confirm:.1f} s where it is read anew",
    )
    yield at_most("workbook, memory", size, taken.peak, 300, unit="MiB", note=f"{taken.before} MiB before")


def _content(rows: int) -> bytes:
    """The county's own list over and over, each row a little different."""
    lines = (
        {**closure_line(number, row), "description": f"{row.description}(第{number}处)"}
        for number, row in enumerate(islice(cycle(given().rows), rows), 1)
    )
    return write_workbook(
        "问题整改销号台账", CLOSURE_LEDGER_COLUMNS, lines, as_of_text="截至2019年9月30日", filler="县指挥部办公室"
    )


def _taken(url: str, folder: Path, content: bytes, rows: int) -> Taken:
    """In a process of its own, so that what it holds is what this takes."""
    with open_application(Settings(database_url=url, data=folder), project=False) as program:
        founded = founding()
        known = {fact.region for fact in founded if isinstance(fact, RegionEstablished)}
        places = {RegionId.of(row.region) for row in given().rows if row.region}
        places |= {above for place in places if (above := place.at("township"))}
        program.facts.append(
            [*founded, *(RegionEstablished(region=one, name="地名", since=SINCE) for one in sorted(places - known))],
            Act(FOUNDER, program.now()),
        )
        # As where it is served.
        spare()
        before = _peak()
        began = time.perf_counter()
        reading = program.readings.of(content, COUNTY.code)
        preview = time.perf_counter() - began
        assert len(reading.rows) == rows, reading.problems[:3]
        digest = reading.digest
        del reading
        began = time.perf_counter()
        command = to_register(
            program.readings.of(content, COUNTY.code), digest, content, "问题清单.xlsx", COUNTY.code, Severity.MINOR
        )
        standing_there(command, program.facts)
        outcome = program.ledger.execute(command, Act(person("headquarters"), program.now()))
        confirm = time.perf_counter() - began
        assert len(outcome.facts) >= rows
        return Taken(preview, confirm, before, _peak())


def _peak() -> int:
    # Not getrusage: what it tells of a new process begins with what the one that started it held.
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10
