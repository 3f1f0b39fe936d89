"""账号 on the command line: for whoever runs the server."""

import secrets
import sys
from typing import Annotated, Literal

import typer

from adapters.cli.opening import opened
from adapters.cli.speech import AsJson, document, say, table
from adapters.identity.admission import Kind, Scope
from domain.command import About, refuse
from domain.ids import PersonId
from domain.organisation import PersonRegistered

Login = Annotated[str, typer.Argument(metavar="登录名")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读密码;不加则在终端上询问,直接回车则生成一个")
]
KINDS: dict[str, Kind] = {
    "system": "system_administrator",
    "security": "security_administrator",
    "audit": "audit_administrator",
}


def password_for(login: str, from_stdin: bool) -> tuple[str, bool]:
    """The password given for an account, and whether it was made up here instead."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if sys.stdin.isatty():
        typed = typer.prompt(
            f"{login} 的密码(直接回车则生成)", default="", hide_input=True, show_default=False, err=True
        )
        if typed:
            again = typer.prompt("再输入一次", hide_input=True, err=True)
            if again != typed:
                refuse("passwords_differ", "两次输入的密码不一致")
            return typed, False
    return f"Tz-{secrets.token_urlsafe(15)}", True


def add(
    login: Login,
    person: Annotated[str | None, typer.Option("--person", metavar="编号", help="账号是谁的:人员编号")] = None,
    administrator: Annotated[
        Literal["system", "security", "audit"] | None,
        typer.Option("--administrator", help="管理员账号(系统、安全、审计三员分立),不能办理业务"),
    ] = None,
    password_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """开账号:一人一号;管理员账号不对应人员。"""
    with opened() as application:
        owner = PersonId(person) if person else None
        if owner and not application.facts.read([About(owner, (PersonRegistered,))]).facts:
            refuse("unknown_person", f"人员{owner}未登记")
        password, generated = password_for(login, password_stdin)
        account = application.accounts.create_account(
            login,
            password,
            application.now(),
            person=owner,
            kind=KINDS[administrator] if administrator else "person",
            must_change=generated,
        )
    _told(account.login, "已开账号", password if generated else None, as_json)


def password(login: Login, password_stdin: FromStdin = False, as_json: AsJson = False) -> None:
    """重设密码:解除锁定,结束其所有会话,下次登录须改密码。"""
    with opened() as application:
        account = application.accounts.account(login)
        new, generated = password_for(account.login, password_stdin)
        application.accounts.set_password(account.login, new, application.now())
    _told(account.login, "已重设密码", new if generated else None, as_json)


def disable(login: Login, as_json: AsJson = False) -> None:
    """停用账号:密码、会话和令牌从此都不能用;记录都在。"""
    with opened() as application:
        application.accounts.disable(login, application.now())
    _told(login, "已停用", None, as_json)


def token(
    login: Login,
    name: Annotated[str, typer.Option("--name", metavar="名称", help="令牌作什么用")],
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="有效天数")] = 90,
    full: Annotated[bool, typer.Option("--full", help="可办理业务;不加则只能查询")] = False,
    as_json: AsJson = False,
) -> None:
    """为程序发令牌:只显示这一次。"""
    with opened() as application:
        scope: Scope = "full" if full else "read"
        made = application.accounts.create_token(login, name, application.now(), scope=scope, days=days)
    if as_json:
        document({"login": login, "token": made.secret, "expires_at": made.token.expires_at})
    else:
        typer.echo(made.secret)
        say(f"有效至{made.token.expires_at:%Y-%m-%d},只显示这一次")


def listing(as_json: AsJson = False) -> None:
    """列出账号。"""
    with opened() as application:
        accounts = application.accounts.accounts()
    if as_json:
        document([account._asdict() for account in accounts])
        return
    rows = (
        (one.login, one.kind, one.person, "已停用" if one.disabled_at else "须改密码" if one.must_change else "可用")
        for one in accounts
    )
    table(f"共{len(accounts)}个账号", ("登录名", "类别", "人员", "状态"), rows)


def _told(login: str, what: str, generated: str | None, as_json: bool) -> None:
    if as_json:
        document({"login": login, "done": what} | ({"password": generated} if generated else {}))
        return
    typer.echo(f"{login} {what}")
    if generated:
        typer.echo(f"密码: {generated}(只显示这一次)")
