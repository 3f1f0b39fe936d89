"""What was measured, for programs (``results.json``) and for people (``RESULTS.md``)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.performance.suite import Row

RESULTS = Path(__file__).with_name("results.json")
PAGE = RESULTS.with_name("RESULTS.md")

_VERDICT = {True: "met", False: "**not met**", None: ""}


def told(row: Row) -> str:
    """One line for the terminal."""
    against = f" against {row.against} {_figure(row.other)}" if row.against else ""
    ratio = f", {row.ratio:.2f} ×" if row.ratio is not None and row.other is not None else ""
    verdict = f" [{row.target}: {'met' if row.met else 'not met'}]" if row.met is not None else ""
    note = f" ({row.note})" if row.note else ""
    return f"  {row.work}, {row.size}: {_figure(row.ours)} {row.unit}{against}{ratio}{verdict}{note}"


def write(rows: Sequence[Mapping[str, Any]]) -> None:
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text("\n".join(_page(rows)) + "\n", encoding="utf-8")


def _page(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "# Measured\n"
    yield "Written by `make bench` from `results.json`. Where a row names another, both were measured in one run,"
    yield "on one PostgreSQL; each is the median of short runs. On a machine that others use, only ratios mean"
    yield "something.\n"
    judged = [row for row in rows if row["target"]]
    yield f"{sum(row['met'] is True for row in judged)} of {len(judged)} targets met.\n"
    yield "| what | size | ours | other | ratio | target | |"
    yield "|---|---|---:|---:|---:|---|---|"
    yield from (_line(row) for row in judged)
    yield "\n## Beside the targets\n"
    yield "| what | size | ours | other | ratio |"
    yield "|---|---|---:|---:|---:|"
    for row in rows:
        if not row["target"]:
            yield f"| {row['work']} | {row['size']} | {_ours(row)} | {_other(row)} | {_ratio(row)} |"
    for row in rows:
        if row["curve"]:
            yield from _chart(row)
    yield from _circumstances(rows)


def _line(row: Mapping[str, Any]) -> str:
    verdict = "missing" if row["ours"] is None else _VERDICT[row["met"]]
    note = f"; {row['note']}" if row["note"] else ""
    parts = (
        row["work"],
        row["size"],
        _ours(row),
        _other(row),
        _ratio(row),
        row["target"],
        f"{verdict}{_far(row)}{note}",
    )
    return f"| {' | '.join(parts)} |"


def _far(row: Mapping[str, Any]) -> str:
    """How far from the target, as a part of it."""
    bound = "".join(one for one in row["target"] if one.isdigit() or one == ".")
    if row["ratio"] is None or not bound or not float(bound):
        return ""
    return f", {row['ratio'] / float(bound):.0%} of it"


def _chart(row: Mapping[str, Any]) -> Iterator[str]:
    sizes = ", ".join(f'"{size:,.0f}"' for size, _ in row["curve"])
    yield f"\n## {row['work'].capitalize()}\n"
    yield "```mermaid\nxychart-beta"
    yield f'    x-axis "facts in the log" [{sizes}]'
    yield f'    y-axis "{row["unit"]} at the median" 0 --> {max(figure for _, figure in row["curve"]) * 1.3:.2f}'
    yield f"    line [{', '.join(f'{figure:.3f}' for _, figure in row['curve'])}]\n```"


def _circumstances(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield "\n## On what\n"
    seen = {row["benchmark"]: row for row in rows}
    yield from (f"- {name}: {row['run']}" for name, row in seen.items())
    yield ""
    versions = {name: text for row in seen.values() for name, text in row["on"].items()}
    yield "; ".join(f"{name} {text}" for name, text in versions.items())


def _ours(row: Mapping[str, Any]) -> str:
    return f"{_figure(row['ours'])} {row['unit']}" if row["ours"] is not None else "–"


def _other(row: Mapping[str, Any]) -> str:
    return f"{_figure(row['other'])} ({row['against']})" if row["other"] is not None else row["against"]


def _ratio(row: Mapping[str, Any]) -> str:
    return f"{row['ratio']:.2f} ×" if row["ratio"] is not None and row["other"] is not None else ""


def _figure(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:,.2f}"
