"""Appends a second: ours, the package's own recorder and plain INSERTs, in turns on one embedded server."""

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg

from adapters.postgres.embedded import EmbeddedPostgres
from tests.performance.appends import Contender, Ours, Package, Plain

RESULTS = Path(__file__).with_name("results.json")

Rates = dict[str, dict[int, list[float]]]


def main() -> None:
    options = parsed()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
        contenders: list[Contender] = [
            Ours(server.admin_url),
            Package(server.admin_url),
            Plain(server.admin_url, folder / "insert.sql"),
        ]
        for contender in contenders:
            stack.enter_context(closing(contender))
            print(f"{options.facts} facts first: {contender.name}", flush=True)
            contender.preload(options.facts)
        rates = measured(contenders, options.writers, options.runs, options.seconds)
        circumstances = {**described(server.admin_url), "facts": options.facts, "seconds": options.seconds}
    show(rates)
    report = {"circumstances": circumstances, "appends_per_second": rates}
    RESULTS.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(*(f"{name}: {value}" for name, value in circumstances.items()), sep="\n")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--facts", type=int, default=100_000, help="facts already in each log")
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32, 128], help="how many write at once")
    parser.add_argument("--seconds", type=float, default=2, help="length of one run")
    parser.add_argument("--runs", type=int, default=3, help="runs of which the median counts")
    return parser.parse_args()


def measured(contenders: Sequence[Contender], writers: Sequence[int], runs: int, seconds: float) -> Rates:
    rates: Rates = {contender.name: {count: [] for count in writers} for contender in contenders}
    for count in writers:
        for _ in range(runs):
            for contender in contenders:
                rates[contender.name][count].append(round(contender.rate(count, seconds), 1))
    return rates


def described(admin_url: str) -> dict[str, str | int | None]:
    with psycopg.connect(admin_url) as connection:
        server = connection.info.parameter_status("server_version")
    return {
        "postgresql": server,
        "psycopg": psycopg.__version__,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
    }


def show(rates: Rates) -> None:
    print("\nappends a second, median (lowest to highest run)")
    for name, by_writers in rates.items():
        print(name)
        for count, runs in by_writers.items():
            print(f"  {count:4d} writers {statistics.median(runs):9,.0f}  ({min(runs):,.0f} to {max(runs):,.0f})")


main()
