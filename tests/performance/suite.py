"""What every benchmark shares: a server of its own, sizes, runs in turns, and the rows that come of it."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import EmbeddedPostgres
from domain.fact import CHINA

Run = Callable[[], float]
"""One short run, and what was measured in it."""


class Missing(Exception):
    """A peer that can't be had here; the message says why."""


class Row(NamedTuple):
    """One line of the table.

    ``ratio`` is what the target speaks of: ours against the other, or ours itself where the target is an absolute.
    ``met`` is none where the other side was missing. ``curve`` holds (size, figure) where growth was measured.
    """

    work: str
    size: str
    ours: float | None
    other: float | None
    ratio: float | None
    target: str
    met: bool | None
    unit: str = ""
    against: str = ""
    note: str = ""
    curve: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Sizes:
    """How much is measured. ``facts`` stand in a log before it is written to."""

    facts: int
    most: int
    seconds: float
    runs: int
    http_seconds: float
    issues: int
    workbook: int


FULL = Sizes(facts=1_000_000, most=10_000_000, seconds=3, runs=5, http_seconds=60, issues=20_000, workbook=20_000)
QUICK = Sizes(facts=20_000, most=100_000, seconds=1, runs=3, http_seconds=8, issues=2_000, workbook=20_000)


@dataclass(frozen=True)
class Bench:
    """One benchmark's circumstances: the server, with fsync on, a folder that goes away, and the sizes."""

    server: EmbeddedPostgres
    folder: Path
    sizes: Sizes
    writers: Sequence[int] = (1, 8, 32, 128)

    def database(self, name: str) -> str:
        """The superuser's conninfo of a new database."""
        with psycopg.connect(self.server.admin_url, autocommit=True) as admin:
            admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
            admin.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return make_conninfo(self.server.admin_url, dbname=name)

    def in_turns(self, runs: Mapping[str, Run]) -> dict[str, float]:
        """The median of each, when all take turns: whatever else the machine does, it does to all of them."""
        found: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(self.sizes.runs):
            for name, run in runs.items():
                found[name].append(run())
        return {name: statistics.median(figures) for name, figures in found.items()}


def compared(
    work: str, size: str, ours: float, other: float, least: float, *, unit: str, against: str, note: str = ""
) -> Row:
    """A row whose target is that ours is at least so many times the other."""
    ratio = ours / other
    return Row(work, size, ours, other, ratio, f"≥{least:g} ×", ratio >= least, unit, against, note)


def at_most(
    work: str,
    size: str,
    ours: float,
    most: float,
    *,
    unit: str,
    note: str = "",
    against: str = "",
    other: float | None = None,
) -> Row:
    """A row whose target is that ours, or ours against the other where there is one, is at most so much."""
    judged = ours if other is None else ours / other
    target = f"≤{most:g} {unit}".strip() if other is None else f"≤{most:g} ×"
    return Row(work, size, ours, other, judged, target, judged <= most, unit, against, note)


def at_least(work: str, size: str, ours: float, least: float, *, unit: str, note: str = "") -> Row:
    return Row(work, size, ours, None, ours, f"≥{least:g} {unit}", ours >= least, unit, "", note)


def missing(work: str, size: str, target: str, against: str, why: object) -> Row:
    return Row(work, size, None, None, None, target, None, "", against, f"missing: {why}")


def percentile(figures: Sequence[float], part: float) -> float:
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def circumstances(admin_url: str) -> dict[str, str]:
    """What the figures depend on: the machine and the versions."""
    with psycopg.connect(admin_url) as connection:
        server = connection.info.parameter_status("server_version") or "?"
        settings = ", ".join(
            f"{name} {connection.execute(SQL('SHOW {}').format(Identifier(name))).fetchone()[0]}"  # type: ignore[index]
            for name in ("fsync", "synchronous_commit", "shared_buffers")
        )
    names = ("eventsourcing", "psycopg", "pydantic", "fastapi", "uvicorn", "orjson")
    return {
        "machine": f"{os.cpu_count()} cores, {memory() >> 20:,} MiB, {platform.system()} {platform.machine()}",
        "PostgreSQL": f"{server} ({settings})",
        "Python": platform.python_version(),
        **{name: version(name) for name in names},
    }


def memory() -> int:
    """Bytes of memory in the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def load() -> str:
    """When, and how many others wanted a core."""
    moment = datetime.now(CHINA).strftime("%Y-%m-%d %H:%M")
    return f"{moment}, load {os.getloadavg()[0]:.1f} of {os.cpu_count()}"


def spans(ask: Callable[[], object], times: int) -> Iterator[float]:
    """Milliseconds that each of so many calls took."""
    for _ in range(times):
        began = time.perf_counter()
        ask()
        yield (time.perf_counter() - began) * 1000
