"""Ours against its peers and against the machine: ``python -m tests.performance [NAMES] [--quick]``.

Each benchmark has a fresh server of its own, with fsync on; both sides of a row are measured in one run, in turns.
Rows measured before and not now keep their place in ``results.json``, with the run they come from.
"""

import argparse
import json
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.postgres.embedded import EmbeddedPostgres
from domain.fact import CHINA
from tests.performance.catch_up import as_of, catch_up
from tests.performance.proofs import proofs
from tests.performance.report import RESULTS, told, write
from tests.performance.store import appends, bulk, growth
from tests.performance.suite import FULL, QUICK, Bench, Row, Sizes, circumstances, load
from tests.performance.web import web
from tests.performance.workbook import workbook

BENCHMARKS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "appends": appends,
    "growth": growth,
    "bulk": bulk,
    "catch_up": catch_up,
    "as_of": as_of,
    "web": web,
    "workbook": workbook,
    "proofs": proofs,
}


def main() -> None:
    options = parsed()
    sizes = sizes_of(options)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    failed = []
    for name in options.names or BENCHMARKS:
        print(f"\n{name}: {' '.join((BENCHMARKS[name].__doc__ or '').split())}", flush=True)
        began = datetime.now(CHINA)
        try:
            found = measured(name, sizes, options.writers, "quick" if options.quick else "full")
        except Exception:
            # What broke must not hide what the others measure; it is told now, and once more at the end.
            traceback.print_exc()
            failed.append(name)
            continue
        finally:
            ended = datetime.now(CHINA)
            print(
                f"  {began:%H:%M:%S} to {ended:%H:%M:%S}, {(ended - began) / timedelta(minutes=1):.1f} minutes",
                flush=True,
            )
        kept = [row for row in kept if row["benchmark"] != name] + found
        kept.sort(key=lambda row: list(BENCHMARKS).index(row["benchmark"]))
        write(kept)
    if failed:
        sys.exit(f"failed, and not in the table: {', '.join(failed)}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which to run, of {', '.join(BENCHMARKS)}; all, if none is named")
    parser.add_argument("--quick", action="store_true", help="small logs and short runs: minutes instead of an hour")
    parser.add_argument("--facts", type=int, help="facts already in each log")
    parser.add_argument("--most", type=int, help="facts in the largest log, up to 10,000,000")
    parser.add_argument("--seconds", type=float, help="length of one run")
    parser.add_argument("--runs", type=int, help="runs of which the median counts")
    parser.add_argument("--http-seconds", type=float, help="length of the run through HTTP")
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32, 128], help="how many write at once")
    options = parser.parse_args()
    if unknown := sorted({*options.names} - {*BENCHMARKS}):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    return options


def sizes_of(options: argparse.Namespace) -> Sizes:
    told = {name: getattr(options, name) for name in ("facts", "most", "seconds", "runs", "http_seconds")}
    return replace(QUICK if options.quick else FULL, **{name: one for name, one in told.items() if one is not None})


def measured(name: str, sizes: Sizes, writers: list[int], kind: str) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The server may run as somebody else.
        folder.chmod(0o755)
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        run = {"benchmark": name, "run": f"{load()}, {kind}", "on": circumstances(server.admin_url)}
        rows = []
        for row in BENCHMARKS[name](Bench(server, folder, sizes, writers)):
            print(told(row), flush=True)
            rows.append({**row._asdict(), **run})
        return rows


if __name__ == "__main__":
    main()
