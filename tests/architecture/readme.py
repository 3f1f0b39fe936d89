"""The tables of the README that the code knows better: ``python -m tests.architecture.readme`` writes them anew."""

import re
from collections.abc import Iterator
from pathlib import Path

import adapters.http.api  # noqa: F401
from adapters.settings import Settings
from domain.fact import event_types

README = Path(__file__).parents[2] / "README.md"


def settings() -> Iterator[str]:
    yield "| variable | default | 说明 | meaning |"
    yield "|---|---|---|---|"
    for row in Settings.table():
        default = f"`{row.default}`" if row.default else ""
        yield f"| `{row.name}` | {default} | {row.chinese} | {row.english} |"


def glossary() -> Iterator[str]:
    yield "| 事实 | stored type | in code |"
    yield "|---|---|---|"
    for name, event in sorted(event_types.items()):
        term = (event.__doc__ or "").split("\n")[0].split(":")[0]
        yield f"| {term} | `{name}` | `{event.__module__}.{event.__name__}` |"


def written(text: str) -> str:
    """The README with both tables as the code has them today."""
    for name, lines in (("settings", settings()), ("glossary", glossary())):
        before, opening, rest = re.split(rf"(<!-- {name}:[^>]*-->\n)", text, maxsplit=1)
        _, closing, after = rest.partition(f"<!-- /{name} -->")
        text = before + opening + "\n".join(lines) + "\n" + closing + after
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text("utf-8")), "utf-8")
