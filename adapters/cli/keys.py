"""密钥 on the command line: a key file of one's own, made, registered, confirmed and revoked, here or on a server far
away. The key is used on the machine the command runs on."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import typer

from adapters.cli.opening import acting, opened
from adapters.cli.speech import AsJson, document, lines
from adapters.settings import Settings
from domain.command import Act, Command, refuse
from domain.ids import PersonId, SigningKeyId
from domain.keys import ConfirmKey, RegisterKey, RevokeKey, registration

if TYPE_CHECKING:
    from adapters.bootstrap import Application
    from adapters.cli.keyfile import KeyFile

File = Annotated[Path, typer.Argument(metavar="密钥文件", help="本人的密钥文件")]
FromStdin = Annotated[bool, typer.Option("--passphrase-stdin", help="从标准输入读口令;不加则在终端上询问")]
As = Annotated[str | None, typer.Option("--as", metavar="登录名或人员编号", help="在服务器本机办理:以谁的身份,须在任")]
Server = Annotated[str | None, typer.Option("--server", metavar="网址", help="向运行中的服务器办理,须同时给出令牌")]
TokenFile = Annotated[Path | None, typer.Option("--token-file", metavar="文件", help="存有本人令牌的文件")]
KeyName = Annotated[str, typer.Argument(metavar="密钥编号", help="signingkey-…,见 taizhang ledger keys")]
Who = Annotated[str, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须在任")]

SECONDS = 30
"""That a server has for an answer."""


class Remote(NamedTuple):
    """服务器: asked by its API, with a person's token."""

    address: str
    token: str

    def get(self, path: str, **said: str) -> dict[str, Any]:
        return self._asked(Request(f"{self.address}/api/v1{path}?{urlencode(said)}"))  # noqa: S310

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        content = {"Content-Type": "application/json"}
        return self._asked(Request(f"{self.address}/api/v1{path}", json.dumps(body).encode(), content))  # noqa: S310

    def _asked(self, request: Request) -> dict[str, Any]:
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                told: dict[str, Any] = json.load(answer)
                return told
        except HTTPError as error:
            problem = _problem_in(error.read())
            refuse(problem.get("code", "server_refused"), problem.get("title", f"服务器答复{error.code}"))
        except (URLError, TimeoutError, ValueError):
            refuse("server_unreachable", f"连接不上 {self.address},或答复的不是台账")


def _problem_in(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def remote_at(server: str, token_file: Path | None) -> Remote:
    if urlsplit(server).scheme not in ("http", "https"):
        refuse("bad_server", "服务器网址应以 https:// 或 http:// 开头")
    if token_file is None:
        refuse("token_required", "须用 --token-file 给出存有令牌的文件")
    try:
        return Remote(server.rstrip("/"), token_file.read_text("utf-8").strip())
    except OSError as error:
        refuse("token_required", f"不能读取令牌文件({error.strerror})")


def passphrase(from_stdin: bool, *, twice: bool = False) -> str:
    """What opens the key file. Refused where there is nobody to ask, and nothing to read."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        refuse("passphrase_required", "须在终端上输入口令,或加 --passphrase-stdin")
    typed: str = typer.prompt("密钥文件的口令", hide_input=True, err=True)
    if twice and typer.prompt("再输入一次", hide_input=True, err=True) != typed:
        refuse("passphrases_differ", "两次输入的口令不一致")
    return typed


def new(
    file: File,
    suite: Annotated[
        Literal["ed25519", "sm2"], typer.Option("--suite", metavar="算法", help="ed25519,或国密 sm2")
    ] = "ed25519",
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """生成密钥文件:用口令加密,只在本机。"""
    from adapters.cli import keyfile

    secret = passphrase(passphrase_stdin, twice=True)
    if len(secret) < 10:
        refuse("passphrase_weak", "口令至少10位")
    made = keyfile.new(file, secret, suite)
    _told(made, as_json)


def register(
    file: File,
    label: Annotated[str, typer.Option("--label", metavar="名称", help="写明是哪里的密钥,例如:办公电脑")],
    who: As = None,
    server: Server = None,
    token_file: TokenFile = None,
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """登记密钥:须由组织部门或指挥部办公室当面确认后才可用。"""
    key = unlocked(file, passphrase_stdin)
    if server:
        remote = remote_at(server, token_file)
        person = PersonId(remote.get("/me")["person"] or "person-none")
        remote.post("/keys", _registering(key, person, label).model_dump(mode="json"))
    else:
        with here(who, "RegisterKey") as (application, act):
            execute(application, _registering(key, act.by, label), act)
    _told(key, as_json)


def _registering(key: "KeyFile", person: PersonId, label: str) -> RegisterKey:
    said = registration(person, key.suite, key.public_key, None, label.strip())
    return RegisterKey(suite=key.suite, public_key=key.public_key, label=label, possession=key.sign(said))


def confirm(
    key: KeyName,
    who: Who,
    manner: Annotated[str, typer.Option("--manner", metavar="方式", help="怎样核对的,例如:本人到场核对指纹")],
    file: Annotated[
        Path | None, typer.Option("--key", metavar="密钥文件", help="确认人本人的密钥文件;不写则凭账号确认")
    ] = None,
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """确认密钥:须与本人当面核对指纹。"""
    name = _named(key)
    own = unlocked(file, passphrase_stdin) if file else None
    with here(who, "ConfirmKey") as (application, act):
        command = ConfirmKey(key=name, manner=manner)
        if own:
            past, _, _ = application.ledger.stand(command, act)
            command = command.model_copy(update={"signature": own.sign(command.statement(past, act))})
        execute(application, command, act)
    _done(name, "已确认", as_json)


def revoke(
    key: KeyName,
    who: Who,
    reason: Annotated[str, typer.Option("--reason", metavar="理由", help="为何吊销")],
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], metavar="日期", help="从哪天起存疑;不写则为今天"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """吊销密钥:从此不能再用;此前所签的保留。"""
    name = _named(key)
    with here(who, "RevokeKey") as (application, act):
        day = since.date() if since else act.today
        execute(application, RevokeKey(key=name, reason=reason, since=day), act)
    _done(name, "已吊销", as_json)


@contextmanager
def here(who: str | None, what: str) -> "Iterator[tuple[Application, Act]]":
    """The program on this machine, and the one who acts."""
    if who is None:
        refuse("who_acts", "请用 --as 指明由谁办理,或用 --server 和 --token-file 向服务器办理")
    with opened() as application:
        yield application, acting(application, who, what)


def execute(application: "Application", command: Command, act: Act) -> int:
    """Executes with what was verified of the command's signatures; the position of what was recorded."""
    from adapters.proofs.people import proven

    verified = proven(command, application.facts, Settings.from_environment().browsed_at)
    return application.ledger.execute(command, act._replace(proven=verified)).position


def unlocked(file: Path, passphrase_stdin: bool) -> "KeyFile":
    from adapters.cli import keyfile

    return keyfile.read(file, passphrase(passphrase_stdin))


def _named(key: str) -> SigningKeyId:
    return SigningKeyId(key if key.startswith("signingkey-") else f"signingkey-{key}")


def _told(key: "KeyFile", as_json: bool) -> None:
    from adapters.web.formats import fingerprint

    if as_json:
        document({"key": key.key, "public_key": key.public_key, "fingerprint": fingerprint(key.key)})
    else:
        lines([("密钥编号", key.key), ("指纹", fingerprint(key.key))])


def _done(key: SigningKeyId, done: str, as_json: bool) -> None:
    if as_json:
        document({"key": key, "done": done})
    else:
        typer.echo(f"{key} {done}")
