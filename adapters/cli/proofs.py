"""命令: bundles and receipts to take along, checking them, checking the whole log, and watching as a witness."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import typer

from adapters.cli.speech import AsJson, document
from adapters.proofs.notes import LOG, SM_LOG, WITNESS, BadNote, Signer
from adapters.proofs.policy import Accepted, Policy
from adapters.proofs.published import CHECKPOINT, SECOND, PublishedLog
from adapters.proofs.sm2 import SuiteMissing
from adapters.proofs.tiles import Tree
from adapters.proofs.verdict import Unproven
from adapters.settings import Settings
from domain.command import refuse
from domain.ids import id_of

_LONGEST: Final = 256 << 10

PolicyFile = Annotated[Path, typer.Option("--policy", metavar="文件", help="信任名单(C2SP tlog-policy),由核验人自备")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="文件", help="写入的文件,缺省为 编号.zip")]


def bundle(
    subject: Annotated[str, typer.Argument(metavar="编号", help="问题、签批链、榜单期次或其他编号")],
    output: Output = None,
    by: Annotated[
        Literal["first", "second"] | None,
        typer.Option("--log", metavar="日志", help="只用 first(第一日志)或 second(国密日志)证明;缺省为有的都用"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """导出证据包:有关事实的原文、证明、检查点与可读页面"""
    from adapters.bootstrap import database
    from adapters.postgres.event_store import PostgresRecorder
    from adapters.proofs.gathering import bundle_of

    try:
        about = id_of(subject)
    except ValueError:
        refuse("unknown_subject", f"{subject[:80]}不是编号")
    settings = Settings.from_environment()
    with ExitStack() as stack:
        recorder = stack.enter_context(PostgresRecorder(database(settings, stack)))
        content = bundle_of(about, recorder, PublishedLog(log_folder(settings)), by)
    file = output or Path(f"{subject}.zip")
    file.write_bytes(content)
    if as_json:
        document({"subject": subject, "file": str(file), "bytes": len(content)})
    else:
        typer.echo(f"已写入 {file}({len(content) / 1024:.1f}KB)")


def verify(
    policy: PolicyFile,
    file: Annotated[Path | None, typer.Argument(metavar="文件", help="证据包(.zip)或回执(.tlog-proof)")] = None,
    whole: Annotated[bool, typer.Option("--database", help="核验全库(DATABASE_URL)")] = False,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="文件或网址", help="检查点,可写多个;缺省为本机已公布的"),
    ] = None,
    log: Annotated[
        Path | None, typer.Option("--log", metavar="文件夹", help="日志文件夹,用以指出哪一号事实不符;缺省为本机的")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """核验证据包、回执或全库;不符时指出第一处并以1退出"""
    from adapters.proofs.offline import verify_file

    if (file is None) != whole:
        raise typer.BadParameter("file or --database", param_hint="FILE")
    trusted = Policy.parse(_text(policy))
    if file is None:
        report = _verify_database(trusted, checkpoint or [], log)
    else:
        report = list(verify_file(_bytes(file), trusted).lines())
    if as_json:
        document({"verified": True, "report": report})
    else:
        typer.echo("\n".join(report))


def witness(
    name: Annotated[str, typer.Option("--name", metavar="名称", help="见证人,如 witness.example/hechi;首次运行时定下")],
    logs: Annotated[Path, typer.Option("--logs", metavar="文件", help="所见证的日志(tlog-policy 的 log 各行)")],
    folder: Annotated[Path, typer.Option("--folder", metavar="文件夹", help="密钥与检查点存放处")],
    host: Annotated[str, typer.Option("--host", metavar="地址", help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="端口", help="监听端口")] = 8100,
) -> None:
    """运行见证人:只为与上次一致的检查点联署"""
    import uvicorn

    from adapters.proofs.witness import Watch, create_witness

    known = Policy.parse(_text(logs)).logs
    signer = _key(folder / "key", name, WITNESS)
    typer.echo(f"见证人公钥:{signer.verifier}")
    watch = Watch(folder / "logs", signer, known, lambda: datetime.now(UTC))
    uvicorn.run(create_witness(watch), host=host, port=port, log_level="warning")


def log_key(as_json: AsJson = False) -> None:
    """显示本机日志的公钥,供见证人和核验人写入各自的名单;另有国密日志的,一并显示"""
    folder = log_folder(Settings.from_environment())
    file, second = folder / "key", folder / SECOND / "key"
    if not file.exists():
        refuse("no_log", "这里还没有日志")
    verifiers = {"verifier": str(_key(file, "", LOG).verifier)}
    if second.exists():
        verifiers["second"] = str(_key(second, "", SM_LOG).verifier)
    if as_json:
        document(verifiers)
    else:
        typer.echo("\n".join(verifiers.values()))


def log_folder(settings: Settings) -> Path:
    return settings.data / "log"


def _verify_database(policy: Policy, sources: list[str], log: Path | None) -> list[str]:
    import psycopg

    from adapters.bootstrap import database
    from adapters.proofs.database import verify_database
    from adapters.proofs.offline import told

    settings = Settings.from_environment()
    first = PublishedLog(log or log_folder(settings))
    report: list[str] = []
    with ExitStack() as stack:
        url = database(settings, stack)
        for accepted, tree in _checkpoints(policy, sources, first):
            *earlier, last = [one.checkpoint for one in accepted]
            with psycopg.connect(url) as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                found = verify_database(connection, last, tree, earlier, accepted[-1].algorithm)
            report += [f"核验通过:全库{found.sealed}条事实与检查点逐字节相符", *told(accepted[-1])]
            if found.beyond:
                report.append(f"注意:另有{found.beyond}条事实在此检查点之后,尚不能核验")
    return report


def _checkpoints(
    policy: Policy, sources: list[str], first: PublishedLog
) -> Iterator[tuple[list[Accepted], Tree | None]]:
    """The accepted checkpoints of one log, by size, with that log's tree where it is at hand: of the one that was
    given, or of each that this machine has published and the policy trusts."""
    if sources:
        accepted = sorted((policy.accept(_content(one)) for one in sources), key=lambda one: one.checkpoint.size)
        last = accepted[-1]
        if any(one.checkpoint.origin != last.checkpoint.origin for one in accepted):
            refuse("other_log", "几个检查点不是同一日志的")
        own = first if last.algorithm is first.tiles.algorithm else first.second
        yield accepted, own.tree(last.checkpoint.size) if own.folder.is_dir() else None
        return
    published = [(own, found) for own in first.both if (found := own.checkpoint())]
    # Where none is trusted, the first says why not.
    trusted = [one for one in published if policy.trusts(one[1][0].origin)] or published[:1]
    if not trusted:
        raise Unproven("unreadable_file", f"文件无法读取:{first.folder / CHECKPOINT}")
    for own, (_, note) in trusted:
        last = policy.accept(note)
        yield [last], own.tree(last.checkpoint.size)


def _key(file: Path, name: str, kind: int) -> Signer:
    try:
        return Signer.kept(file, name, kind)
    except BadNote as error:
        raise Unproven("bad_key", f"密钥不可用:{error}") from None
    except SuiteMissing:
        raise Unproven("suite_missing", "本机的 OpenSSL 不支持 SM2、SM3") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise Unproven("unreadable_file", f"文件无法读取:{file}") from None


def _text(file: Path) -> str:
    return _bytes(file).decode("utf-8", "replace")


def _content(source: str) -> bytes:
    """A checkpoint, from a file or an address."""
    parts = urlsplit(source)
    if parts.scheme not in ("http", "https"):
        return _bytes(Path(source))
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
