"""Every command explains itself in Chinese, and says what was wrong with a call."""

from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from adapters.cli.ledgers import MAIN
from adapters.cli.program import app, run
from adapters.http.ledgers import SHELVES


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))


EVERY = dict(commands(get_command(app)))
RUNNABLE = {path: command for path, command in EVERY.items() if not hasattr(command, "commands")}


def chinese(text: str | None) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text or "")


def test_there_are_the_commands_that_the_job_needs() -> None:
    asked = {
        "serve",
        "demo",
        "generate",
        "import",
        "export",
        "ledger",
        "timeline",
        "rank",
        "rebuild",
        "status",
        "user",
        "do",
    }
    asked |= {"open", "policy", "regions", "facts", "key", "sign", "refuse", "send-back", "duty", "redraw", "generate"}
    asked |= {"bundle", "verify", "witness", "log-key", "vault", "compare"}
    assert {path[0] for path in EVERY if path} == asked


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_a_command_explains_itself_and_its_parameters_in_chinese(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*path, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "用法: taizhang" in shown
    assert "Options" not in shown
    assert "Show this message" not in shown
    assert chinese(EVERY[path].help)
    for param in EVERY[path].params:
        told = param.help or (param.metavar if param.param_type_name == "argument" else None)
        assert chinese(told), (path, param.name)


@pytest.mark.parametrize("path", [path for path in RUNNABLE if path not in (("serve",), ("witness",))], ids=" ".join)
def test_a_command_that_answers_can_answer_in_json(path: tuple[str, ...]) -> None:
    assert any("--json" in param.opts for param in RUNNABLE[path].params)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], "没有这条命令"),
        (["import"], "缺少 文件.xlsx"),
        (["import", "list.xlsx"], "缺少 --county"),
        (["status", "--nonsense"], "没有选项 --nonsense"),
        (["status", "more"], "参数多了"),
        (["serve", "--port", "many"], "--port 的值不能用"),
        (["rank", "publish", "--region", "4512", "--from", "昨天", "--to", "今天", "--as", "x"], "--from 的值不能用"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_what_was_wrong(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    out, err = capsys.readouterr()
    assert not out
    assert sentence in err


def test_what_a_terminal_shows_of_a_ledger_is_there() -> None:
    assert MAIN.keys() <= SHELVES.keys()
    for name, columns in MAIN.items():
        assert set(columns) <= set(SHELVES[name].line.names)
