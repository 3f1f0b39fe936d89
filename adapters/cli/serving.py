"""运行 on the command line: serving, loading the demonstration, and how things stand."""

import gc
import signal
import socket
import sys
from contextlib import ExitStack
from importlib.metadata import version
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from adapters.cli.opening import configured, opened
from adapters.cli.speech import AsJson, cell, document, progress, say, table
from adapters.settings import Settings
from domain.command import refuse

if TYPE_CHECKING:
    from adapters.bootstrap import Application
    from adapters.demo.logins import Login


COLLECT: Final = 50_000
"""Objects made and not let go of, after which the collector looks at the young ones: more than a page of the longest
makes."""

TURN: Final = 0.0005
"""Seconds that a thread may keep the interpreter from another that wants it. Who reads a page asks the database several
times, and would wait so long after each time while others write."""


def serve(
    demo: Annotated[bool, typer.Option("--demo", help="台账是空的时,先载入演示县")] = False,
    host: Annotated[str | None, typer.Option("--host", metavar="地址", help="监听地址,默认取自 TAIZHANG_HOST")] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, metavar="端口", help="监听端口,默认取自 TAIZHANG_PORT")
    ] = None,
) -> None:
    """启动:未设 DATABASE_URL 时先启动内嵌的 PostgreSQL;装好数据库、跟进台账、提供网页和接口。按 Ctrl-C 停止。"""
    from adapters.bootstrap import Follower, database, open_application

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = Settings.model_validate(configured().model_dump() | given)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            follower = Follower()
            stack.callback(follower.end)
            door = stack.enter_context(listening(settings.host, settings.port))
            # Held for as long as we serve, so that loading the demonstration does not start it a second time.
            database(settings, stack)
            if demo:
                load_once(settings)
            application = stack.enter_context(open_application(settings, follower=follower))
            run(application, door)
    except KeyboardInterrupt:
        pass
    say("已停止")


def _stop(number: int, frame: FrameType | None) -> None:
    """Unwinds what is open, the database last; asked again meanwhile, it goes on unwinding."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def listening(host: str, port: int) -> socket.socket:
    """The socket to serve on. Refused ``port_busy`` before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said to be TCP outright: only then does asyncio send at once what is written, where otherwise the body of every
    # answer waits 40 ms for the browser to acknowledge its head.
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(2048)
    except OSError as error:
        door.close()
        refuse("port_busy", f"不能在 {host}:{port} 监听({error.strerror});请用 --port 或 TAIZHANG_PORT 换一个端口")
    return door


def load_once(settings: Settings) -> None:
    """The demonstration, where nothing is recorded yet; what is there is left as it is."""
    from adapters.bootstrap import open_application
    from adapters.demo import marker
    from adapters.demo.loading import load

    with open_application(settings, project=False) as application:
        with application.pool.connection() as connection:
            begun = marker.begun(connection)
        if application.facts.head() and not begun:
            if demonstration(application) is None:
                say("台账中已有记录,不载入演示")
            return
    with progress("载入演示") as tell:
        load(settings, tell)


def run(application: "Application", door: socket.socket) -> None:
    """Serves until told to stop, and says when it is there."""
    import uvicorn

    from adapters.http.api import create_api

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce(application, door)

    api = create_api(application)
    spare()
    sys.setswitchinterval(TURN)
    Server(uvicorn.Config(api, log_config=None, access_log=False, timeout_graceful_shutdown=10)).run(sockets=[door])


def spare() -> None:
    """What is here now stays to the end: the collector need not walk over it again and again, which holds everybody up
    for a tenth of a second. Requests leave few cycles behind, so it need not look for those after every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT)


def announce(application: "Application", door: socket.socket) -> None:
    """Where it is to be found and, for a demonstration, who can log in."""
    host, port = door.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    typer.echo(f"台账已启动: http://{name}:{port}/")
    those = demonstration(application)
    if those is not None:
        typer.echo(f"演示:环江毛南族自治县,2019年9月至2020年1月。情节为虚构。现在是{cell(application.now())}")
        show(those)
    typer.echo("按 Ctrl-C 停止")


def demonstration(application: "Application") -> "list[Login] | None":
    """Who can log in, where this database holds a demonstration."""
    from adapters.demo import marker
    from adapters.demo.logins import logins
    from adapters.demo.story import Story

    with application.pool.connection() as connection:
        if marker.read(connection) is None:
            return None
    return logins(Story(application.divisions))


def show(those: "list[Login]") -> None:
    from adapters.demo.logins import PASSWORD

    rows = ((one.login, one.who, one.post, one.tries) for one in those)
    table(f"可用以下账号登录,密码都是 {PASSWORD}", ("登录名", "姓名", "职务", "可以试试"), rows)


def demo(
    who: Annotated[bool, typer.Option("--who", help="只列出演示可用的账号")] = False, as_json: AsJson = False
) -> None:
    """把演示县载入空的台账:环江 2019 年的问题清单,和四个月里办理它们的故事。"""
    from adapters.demo.loading import load
    from adapters.demo.logins import PASSWORD

    if who:
        with opened() as application:
            those = demonstration(application) or refuse("no_demonstration", "这里没有演示,请先运行 taizhang demo")
    else:
        settings = configured()
        with progress("载入演示") as tell:
            those = load(settings, tell)
    if as_json:
        document({"password": PASSWORD, "logins": [one._asdict() for one in those]})
        return
    if not who:
        typer.echo("演示已载入,运行 taizhang serve 即可登录")
    show(those)


def status(as_json: AsJson = False) -> None:
    """看系统状态:数据库、事实的位置、各台账跟进到哪里、各有多少行。"""
    from adapters.demo import marker
    from adapters.http.ledgers import SHELVES
    from projections.reading import count

    with opened() as application:
        embedded = application.settings.database_url is None
        application.projector.prepare()
        head = application.facts.head()
        positions = application.projector.positions()
        with application.pool.connection() as connection:
            server = connection.info.server_version
            counts = {shelf.line.table: count(connection, shelf.line) for shelf in SHELVES.values()}
            demonstrates = marker.read(connection) is not None
    body: dict[str, Any] = {
        "version": version("taizhang"),
        "postgresql": f"{server // 10000}.{server % 10000}",
        "embedded": embedded,
        "demonstration": demonstrates,
        "head": head,
        "ledgers": [
            {"ledger": name, "position": position, "lag": head - position, "lines": counts.get(name)}
            for name, position in positions.items()
        ],
    }
    if as_json:
        document(body)
        return
    kind = "内嵌" if embedded else "DATABASE_URL"
    typer.echo(f"台账 {body['version']},PostgreSQL {body['postgresql']}({kind}),事实共{head}条")
    titles = {shelf.line.table: shelf.line.label for shelf in SHELVES.values()}
    rows = ((titles.get(one["ledger"], one["ledger"]), *list(one.values())) for one in body["ledgers"])
    table("台账", ("名称", "表", "跟进到", "落后", "行数"), rows)
