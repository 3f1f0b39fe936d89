"""命令: bundles and receipts to take along, checking them, checking the whole log, and watching as a witness."""

from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import psycopg
import typer
import uvicorn

from adapters import bootstrap
from adapters.postgres.event_store import PostgresRecorder
from adapters.proofs.database import verify_database
from adapters.proofs.gathering import bundle_of
from adapters.proofs.notes import LOG, WITNESS, BadNote, Signer
from adapters.proofs.offline import verify_file
from adapters.proofs.policy import Accepted, Policy
from adapters.proofs.published import CHECKPOINT, PublishedLog
from adapters.proofs.verdict import Unproven
from adapters.proofs.witness import Watch, create_witness
from adapters.settings import Settings
from domain.ids import id_of

app = typer.Typer(help="证据:封存、见证与核验", no_args_is_help=True)

_LONGEST: Final = 256 << 10

PolicyFile = Annotated[Path, typer.Option("--policy", help="信任名单(C2SP tlog-policy),由核验人自备")]


@app.command()
def bundle(
    subject: Annotated[str, typer.Argument(metavar="ID", help="问题、签批链、榜单期次或其他编号")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="写入的文件,缺省为 ID.zip")] = None,
) -> None:
    """导出证据包:有关事实的原文、证明、检查点与可读页面"""
    settings = Settings.from_environment()
    with ExitStack() as stack:
        recorder = stack.enter_context(PostgresRecorder(bootstrap.database(settings, stack)))
        try:
            content = bundle_of(id_of(subject), recorder, PublishedLog(log_folder(settings)))
        except ValueError:
            raise _fail(Unproven("unknown_subject", f"{subject} 不是编号")) from None
        except Unproven as error:
            raise _fail(error) from None
    file = output or Path(f"{subject}.zip")
    file.write_bytes(content)
    typer.echo(f"已写入 {file}({len(content) / 1024:.1f}KB)")


@app.command()
def verify(
    policy: PolicyFile,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="证据包(.zip)或回执(.tlog-proof)")] = None,
    database: Annotated[bool, typer.Option("--database", help="核验全库(DATABASE_URL)")] = False,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", help="检查点文件或网址,可写多个;缺省用本机已公布的检查点"),
    ] = None,
    log: Annotated[Path | None, typer.Option("--log", help="日志文件夹,用于指出是哪一号事实不符")] = None,
) -> None:
    """核验证据包、回执或全库;不符时指出第一处并以1退出"""
    if (file is None) == (not database):
        raise typer.BadParameter("请给出一个文件,或写 --database")
    try:
        trusted = Policy.parse(policy.read_text("utf-8"))
        if file is None:
            _verify_database(trusted, checkpoint or [], log)
        else:
            for line in verify_file(file.read_bytes(), trusted).lines():
                typer.echo(line)
    except Unproven as error:
        typer.echo("核验不通过:", err=True, nl=False)
        raise _fail(error) from None
    except OSError as error:
        raise _fail(Unproven("unreadable_file", f"文件无法读取:{error.filename}")) from None


@app.command()
def witness(
    name: Annotated[str, typer.Option("--name", help="见证人名称,如 witness.example/hechi;首次启动时写入密钥")],
    policy: Annotated[Path, typer.Option("--logs", help="所见证的日志(tlog-policy 文件的 log 各行)")],
    folder: Annotated[Path, typer.Option("--folder", help="密钥与检查点存放处")],
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 8100,
) -> None:
    """运行见证人:只为与上次一致的检查点联署"""
    try:
        logs = Policy.parse(policy.read_text("utf-8")).logs
        signer = Signer.kept(folder / "key", name, WITNESS)
    except Unproven as error:
        raise _fail(error) from None
    except BadNote as error:
        raise _fail(Unproven("bad_key", f"密钥不可用:{error}")) from None
    typer.echo(f"见证人公钥:{signer.verifier}")
    watch = Watch(folder / "logs", signer, logs, lambda: datetime.now(UTC))
    uvicorn.run(create_witness(watch), host=host, port=port, log_level="warning")


@app.command("log-key")
def log_key() -> None:
    """显示本机日志的公钥,供见证人和核验人写入各自的名单"""
    file = log_folder(Settings.from_environment()) / "key"
    try:
        if not file.exists():
            raise Unproven("no_log", "这里还没有日志")
        typer.echo(str(Signer.kept(file, "", LOG).verifier))
    except Unproven as error:
        raise _fail(error) from None
    except BadNote as error:
        raise _fail(Unproven("bad_key", f"密钥不可用:{error}")) from None


def log_folder(settings: Settings) -> Path:
    return settings.data / "log"


def _verify_database(policy: Policy, sources: list[str], log: Path | None) -> None:
    settings = Settings.from_environment()
    folder = log or log_folder(settings)
    accepted = sorted(
        (policy.accept(_content(source)) for source in sources or [str(folder / CHECKPOINT)]),
        key=lambda one: one.checkpoint.size,
    )
    *earlier, last = [one.checkpoint for one in accepted]
    if any(one.origin != last.origin for one in earlier):
        raise Unproven("other_log", "几个检查点不是同一日志的")
    tree = PublishedLog(folder).tree(last.size) if folder.is_dir() else None
    with ExitStack() as stack:
        url = bootstrap.database(settings, stack)
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            found = verify_database(connection, last, tree, earlier)
    typer.echo(f"核验通过:全库{found.sealed}条事实与检查点逐字节相符")
    _tell(accepted[-1])
    if found.beyond:
        typer.echo(f"注意:另有{found.beyond}条事实在此检查点之后,尚不能核验")


def _tell(accepted: Accepted) -> None:
    typer.echo(f"日志:{accepted.checkpoint.origin},根哈希 {accepted.checkpoint.root.hex()}")
    for name, at in sorted(accepted.witnessed.items()):
        typer.echo(f"见证:{name},{at.isoformat()}")


def _content(source: str) -> bytes:
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        return Path(source).read_bytes()
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        content = answer.read(_LONGEST)
    except (OSError, HTTPException) as error:
        raise Unproven("unreachable", f"取不到检查点 {source}:{error}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Unproven("unreachable", f"取不到检查点 {source}:HTTP {answer.status}")
    return content


def _fail(error: Unproven) -> typer.Exit:
    typer.echo(f"{error.sentence}({error.code})", err=True)
    return typer.Exit(1)
