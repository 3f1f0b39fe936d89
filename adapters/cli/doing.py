"""办理 on the command line: one verb for everything that can be asked, made from the same table as the API's routes."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from adapters.cli.opening import opened, person_named
from adapters.cli.speech import AsJson, document, lines, say, table
from domain.command import Act, refuse
from domain.fact import Value
from domain.ids import ChainId, IssueId

if TYPE_CHECKING:
    from adapters.asking.routes import Route
    from adapters.bootstrap import Application
    from domain.evidence import Evidence
    from services.ledger import Outcome


def do(
    name: Annotated[
        str | None, typer.Argument(metavar="事项", help="办什么,例如 签订承诺书、SignPledge 或 sign-pledge")
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="字段=值", help="各项内容;列表可写多次,分项写作 字段.分项=值,文件写作 字段=@路径"),
    ] = None,
    who: Annotated[str | None, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须在任")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="文件", help="各项内容写在 .json 或 .toml 文件中;字段=值 优先")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="键", help="幂等键:同一键的同一请求只记录一次")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="试办:只说会记录什么,什么也不记录")] = False,
    listing: Annotated[bool, typer.Option("--list", help="列出能办的全部事项")] = False,
    show: Annotated[bool, typer.Option("--show", help="说明这一事项有哪些字段、怎样写")] = False,
    as_json: AsJson = False,
) -> None:
    """办理任何一件事:登记、走访、请假、承诺、退出、问责……与接口同一张表。

    先用 --list 找到事项,再用 事项 --show 看它的字段。佐证材料写作 evidence=@照片.jpg,可写多次。
    """
    if listing:
        print_list(as_json)
        return
    if name is None:
        refuse("what_to_do", "请写明办什么事项;用 taizhang do --list 查看全部")
    route = route_named(name)
    if show:
        print_route(route, as_json)
        return
    if who is None:
        refuse("who_acts", "请用 --as 指明由谁办理")
    with opened() as application:
        act = Act(person_named(application, who), application.now())
        asked = asked_of(application, route, file, fields or [], act, checked(key))
        outcome = done(application, route, asked, act, key, dry_run)
    print_outcome(route, asked, outcome, dry_run, as_json)


def route_named(name: str) -> "Route":
    """By the command's name, with or without hyphens, or by its title. Refused for what there is none of."""
    from adapters.asking.routes import ELSEWHERE, ROUTES

    wanted = plain(name)
    found = next((one for one in ROUTES if wanted in (plain(one.command.__name__), plain(title_of(one)))), None)
    if found is not None:
        return found
    for command, where in ELSEWHERE.items():
        if plain(command) == wanted:
            refuse("asked_elsewhere", where)
    refuse("unknown_command", f"没有“{name[:40]}”这一事项;用 taizhang do --list 查看全部")


def plain(name: str) -> str:
    return name.replace("-", "").replace("_", "").casefold()


def title_of(route: "Route") -> str:
    return (route.shape.__doc__ or "").partition("\n")[0]


def asked_of(
    application: "Application", route: "Route", file: Path | None, fields: list[str], act: Act, key: str | None
) -> Value:
    """What is asked by a file and by words, which prevail. A signature that does not say on what is on the record as it
    is now."""
    from adapters.asking.performing import read
    from adapters.cli.fields import given_of, table_of

    def upload(path: Path) -> "Evidence":
        return kept(application, path)

    written = table_of(file) if file else {}
    if not isinstance(written, dict):
        refuse("malformed_request", f"{file}中应是一个对象")
    given = written | given_of(route.shape, iter(fields), upload)
    given |= shown_now(application, route, given, act)
    return read(route.shape, orjson.dumps(given), {}, route.makes, act, key)


def kept(application: "Application", path: Path) -> "Evidence":
    """A file of this machine, kept as evidence under its name."""
    from domain.evidence import Evidence

    try:
        with path.open("rb") as stream:
            found = application.evidence.put(stream)
    except OSError as error:
        refuse("file_unreadable", f"文件无法读取:{path}({error.strerror})")
    return Evidence(file=found.id, size=found.size, media_type=found.media_type, title=path.stem)


def shown_now(application: "Application", route: "Route", given: dict[str, Any], act: Act) -> dict[str, Any]:
    """What a signer has before them: the whole record, as ``taizhang sign`` takes it."""
    from domain.exiting import SignExit
    from domain.fact import Past
    from domain.signoff import SignOff, shown_of
    from services.exits import show

    if "shown" in given or "shown_digest" in given:
        return {}
    if route.command is SignOff and "issue" in given:
        shown = shown_of(Past(application.facts.about(IssueId(given["issue"]))))
    elif route.command is SignExit and "chain" in given:
        shown = show(application.facts, ChainId(given["chain"]), act).shown
    else:
        return {}
    return {"shown": shown.position, "shown_digest": shown.digest}


def checked(key: str | None) -> str | None:
    """Refused for a key that the API would refuse."""
    from adapters.asking.performing import BAD_KEY, KEY

    if key is not None and not KEY.fullmatch(key):
        refuse("invalid_request", BAD_KEY)
    return key


def done(
    application: "Application", route: "Route", asked: Value, act: Act, key: str | None, dry_run: bool
) -> "Outcome":
    from adapters.asking.performing import perform, rehearse

    return rehearse(application, route, asked, act) if dry_run else perform(application, route, asked, act, key)


# Telling


def print_list(as_json: bool) -> None:
    listed = sorted(everything(), key=lambda row: row[0])
    if as_json:
        document([{"area": area, "title": title, "name": name} for area, title, name in listed])
        return
    for area, rows in groupby(listed, key=lambda row: row[0]):
        table(area, ("事项", "名称"), ((title, name) for _, title, name in rows))


def everything() -> Iterator[tuple[str, str, str]]:
    """Area, title and name of each; what is done by another verb says which."""
    from adapters.asking.routes import ELSEWHERE, ROUTES, area_of
    from domain.command import Command

    for route in ROUTES:
        yield area_of(route.command), title_of(route), route.command.__name__
    for name, where in ELSEWHERE.items():
        yield area_of(Command.commands[name]), where, name


def print_route(route: "Route", as_json: bool) -> None:
    from adapters.asking.routes import area_of
    from adapters.cli.fields import told, words_of
    from adapters.http.routing import PREFIX
    from adapters.http.schemas import example_of

    name = route.command.__name__
    example = {field: value for field, value in example_of(route.shape).items() if field not in route.makes}
    if as_json:
        heading = {"name": name, "title": title_of(route), "area": area_of(route.command), "path": PREFIX + route.path}
        document({**heading, "schema": route.shape.model_json_schema(), "example": example})
        return
    lines([("事项", f"{title_of(route)}({name})"), ("类别", area_of(route.command)), ("接口", PREFIX + route.path)])
    table(
        "字段",
        ("字段", "怎样写", "必填"),
        ((one.name, one.form, one.needed or "必填") for one in told(route.shape, route.makes)),
    )
    typer.echo(f"例: taizhang do {name} {words_of(example)} --as 登录名")


def print_outcome(route: "Route", asked: Value, outcome: "Outcome", dry_run: bool, as_json: bool) -> None:
    first = outcome.position - len(outcome.facts) + 1
    made = {name: getattr(asked, name) for name in route.makes}
    if as_json:
        facts = [
            {"type": fact.type, "fact": fact} | ({} if dry_run else {"position": first + number})
            for number, fact in enumerate(outcome.facts)
        ]
        told = {"rehearsed": True} if dry_run else {"position": outcome.position, "replayed": outcome.replayed}
        document({**told, "facts": facts, "ids": made})
        return
    if not outcome.facts:
        typer.echo("无需记录:没有改变任何记录")
    elif dry_run:
        typer.echo(f"可以办理,将记录{len(outcome.facts)}条事实:")
    else:
        typer.echo(f"{'先前已办理' if outcome.replayed else '已办理'},事实序号{_span(first, outcome.position)}:")
    for fact in outcome.facts:
        typer.echo(f"  {(type(fact).__doc__ or '').partition(':')[0].partition(chr(10))[0]}({fact.type})")
    lines(made.items())
    if dry_run:
        say("这是试办,什么也没有记录")


def _span(first: int, last: int) -> str:
    return str(last) if first >= last else f"{first}至{last}"
