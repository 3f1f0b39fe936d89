"""The house stays as drawn: who imports whom is import-linter's; these are the rest of its rules."""

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from adapters.http.api import create_api as _everything_is_imported  # noqa: F401
from domain.command import Command
from domain.fact import event_types
from tests.architecture import readme

ROOT = Path(__file__).parents[2]
PACKAGES = ("domain", "services", "projections", "adapters")
BANNED = re.compile(r"(Manager|Handler|Helper|Utils?|Data|Info)$")


def sources(*packages: str) -> Iterator[Path]:
    for package in packages:
        yield from sorted((ROOT / package).rglob("*.py"))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


@pytest.mark.parametrize("package", PACKAGES)
def test_our_generic_names_are_not_shadowed(package: str) -> None:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)


@pytest.mark.parametrize("path", list(sources(*PACKAGES)), ids=lambda path: str(path.relative_to(ROOT)))
def test_names_say_what_a_thing_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    assert not [name for name in names if BANNED.search(name)]


@pytest.mark.parametrize("path", list(sources("domain")), ids=lambda path: path.name)
def test_no_decision_looks_at_a_clock_or_draws_lots(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\b(datetime|date)\.(now|today|utcnow)\(|\brandom\b|\bsecrets\b|\btime\.time", text)
    if path.name != "ids.py":
        assert not re.search(r"\buuid4\b|\.new\(", text)


@pytest.mark.parametrize("name", sorted(Command.commands))
def test_every_command_says_in_chinese_what_it_does(name: str) -> None:
    assert re.match(r"[\u4e00-\u9fff]", Command.commands[name].__doc__ or "")


def test_every_stored_type_is_a_word_and_never_a_class_path() -> None:
    for name, event in event_types.items():
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", name)
        assert event.__name__ not in name


def test_the_project_stands_alone_and_names_no_host_of_a_registry() -> None:
    hosts = re.compile(
        "|".join(("py" + "pi[.]org", "python" + "hosted", "npm" + "js", "deb[.]" + "debian", "[.][.]/shared"))
    )
    for path in tracked():
        if path.suffix in (".xlsx", ".png"):
            continue
        assert not hosts.search(path.read_text("utf-8")), path


def test_the_readme_lists_every_setting_and_every_fact() -> None:
    text = readme.README.read_text("utf-8")
    assert readme.written(text) == text, "run python -m tests.architecture.readme"
