"""说话: how the command line speaks: answers on standard output, all else on standard error, help in Chinese."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

import orjson
import typer
from pydantic import BaseModel
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup

from domain.fact import CHINA

AsJson = Annotated[bool, typer.Option("--json", help="结果以一个 JSON 文档输出到标准输出")]

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What is raised for a command that was called wrongly."""

rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
rich_utils.OPTIONS_PANEL_TITLE = "选项"
rich_utils.COMMANDS_PANEL_TITLE = "命令"
rich_utils.REQUIRED_LONG_STRING = "[必填]"
rich_utils.DEFAULT_STRING = "[默认: {}]"
rich_utils.ENVVAR_STRING = "[环境变量: {}]"


class ChineseCommand(TyperCommand):
    """A command whose help is Chinese throughout."""

    def get_help_option(self, ctx: Any) -> Any:
        return _explained(super().get_help_option(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="用法: ")


class ChineseGroup(TyperGroup):
    """A group of commands whose help is Chinese throughout."""

    def get_help_option(self, ctx: Any) -> Any:
        return _explained(super().get_help_option(ctx))

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix="用法: ")


def _explained(option: Any) -> Any:
    if option is not None:
        option.help = "显示本说明"
    return option


def group(about: str) -> typer.Typer:
    """A group of commands, empty yet."""
    return typer.Typer(
        cls=ChineseGroup,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        options_metavar="[选项]",
        subcommand_metavar="命令 [参数]...",
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds a command to a group; its docstring is its help."""
    return app.command(name, cls=ChineseCommand, options_metavar="[选项]")


def say(sentence: str) -> None:
    """To the person at the terminal, beside the answer."""
    typer.echo(sentence, err=True)


def document(body: Any) -> None:
    """The answer, as one JSON document."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(body, default=_plain, option=options).decode())
    sys.stdout.flush()


def json_line(body: Any) -> None:
    """One of many answers, as one line of JSON."""
    sys.stdout.write(orjson.dumps(body, default=_plain, option=orjson.OPT_APPEND_NEWLINE).decode())


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return value.model_dump(mode="json")
        case str():
            return str.__str__(value)
        case frozenset() | set():
            return sorted(value)
        case Mapping():
            return dict(value)
        case tuple() if hasattr(value, "_asdict"):
            return value._asdict()
        case tuple():
            return list(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The answer, as a table for people."""
    shown = Table(*columns, title=title, title_justify="left", box=box.SIMPLE, show_edge=False)
    for row in rows:
        shown.add_row(*(cell(value) for value in row))
    # A pipe has no width to fit into, and a name cut short would be another name.
    console = Console(markup=False, highlight=False, width=None if sys.stdout.isatty() else 400)
    console.print(shown)


def lines(pairs: Iterable[tuple[str, object]]) -> None:
    """The answer, as what each thing is called and what it is."""
    for name, value in pairs:
        typer.echo(f"{name}: {cell(value)}")


def cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{value.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        case date():
            return value.isoformat()
        case tuple() | list() | frozenset():
            return "、".join(map(cell, value))
    label = getattr(value, "label", None)
    return label if isinstance(label, str) else str(value)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error where there is somebody to see it: told how much of how much is done."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def misuse(error: Exception) -> str:
    """What was wrong with the call, in Chinese."""
    param = getattr(error, "param", None)
    named = (param.opts[0] if param.param_type_name == "option" else param.metavar or param.name) if param else ""
    match type(error).__name__:
        case "MissingParameter":
            return f"缺少 {named}"
        case "NoSuchOption":
            return f"没有选项 {getattr(error, 'option_name', '')}"
        case "BadParameter":
            return f"{named} 的值不能用"
    for beginning, sentence in _MISUSES.items():
        if str(error).startswith(beginning):
            return sentence
    return f"命令写法有误:{error}"


_MISUSES = {
    "No such command": "没有这条命令",
    "Missing command": "缺少命令",
    "Got unexpected extra argument": "参数多了",
}
