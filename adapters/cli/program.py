"""taizhang: every command, and how it ends."""

import sys
from collections.abc import Sequence

import typer

from adapters.cli import (
    accounts,
    doing,
    duty,
    founding,
    generating,
    keys,
    ledgers,
    policies,
    proofs,
    rankings,
    serving,
    signing,
    vault,
    workbooks,
)
from adapters.cli.speech import UsageError, command, group, misuse, say
from adapters.settings import WrongSetting
from adapters.workbooks.problems import BadWorkbook

app = group("台账:问题整改与责任落实,只追加、可追溯。设置取自环境变量,见 README。")

command(app, "serve")(serving.serve)
command(app, "demo")(serving.demo)
command(app, "generate")(generating.generate)
command(app, "status")(serving.status)
command(app, "open")(founding.open_ledger)
command(app, "do")(doing.do)
command(app, "import")(workbooks.import_workbook)
command(app, "export")(workbooks.export)
command(app, "ledger")(ledgers.ledger)
command(app, "timeline")(ledgers.timeline)
command(app, "facts")(ledgers.facts)
command(app, "duty")(duty.duty)
command(app, "redraw")(duty.redraw)
command(app, "rebuild")(ledgers.rebuild)

rank = group("红黑榜:公布、查看、复算,评分规则。")
command(rank, "publish")(rankings.publish)
command(rank, "show")(rankings.show)
command(rank, "verify")(rankings.verify)
rule = group("评分规则:查看、采用。")
command(rule, "show")(rankings.show_rule)
command(rule, "adopt")(rankings.adopt_rule)
rank.add_typer(rule, name="rule")
app.add_typer(rank, name="rank")

policy = group("政策包:查看、采用。包可以是自带的,也可以是自己写的 .toml 文件。")
command(policy, "show")(policies.show)
command(policy, "adopt")(policies.adopt)
app.add_typer(policy, name="policy")

regions = group("区划:载入。")
command(regions, "load")(founding.load_regions)
app.add_typer(regions, name="regions")

user = group("账号:开设、列出、重设密码、停用、发令牌。")
command(user, "add")(accounts.add)
command(user, "list")(accounts.listing)
command(user, "password")(accounts.password)
command(user, "disable")(accounts.disable)
command(user, "token")(accounts.token)
app.add_typer(user, name="user")

key = group("签名密钥:生成、登记、确认、吊销。")
command(key, "new")(keys.new)
command(key, "register")(keys.register)
command(key, "confirm")(keys.confirm)
command(key, "revoke")(keys.revoke)
app.add_typer(key, name="key")
command(app, "sign")(signing.sign)
command(app, "refuse")(signing.refuse_signature)
command(app, "send-back")(signing.send_back)

kept = group("个人信息库:情况、到期删除、核验披露。")
command(kept, "status")(vault.status)
command(kept, "erase")(vault.erase)
command(kept, "verify")(vault.verify)
app.add_typer(kept, name="vault")
command(app, "compare")(vault.compare)

command(app, "bundle")(proofs.bundle)
command(app, "verify")(proofs.verify)
command(app, "witness")(proofs.witness)
command(app, "log-key")(proofs.log_key)


def main() -> None:
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command, and says with what it ended."""
    try:
        ended = app(list(arguments), prog_name="taizhang", standalone_mode=False)
        return ended if isinstance(ended, int) else 0
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(str(error))
        else:
            say(f"{misuse(error)}。加 --help 查看用法")
        return 2
    except typer.Abort:
        return 130
    except Exception as error:
        code, sentence = refusal_in(error)
        say(f"{code}: {sentence}")
        return 1


def refusal_in(error: Exception) -> tuple[str, str]:
    """The code and the sentence of an error that was to be expected; any other is a fault of ours, and raised."""
    from psycopg import OperationalError

    from adapters.http.problems import problem_of
    from adapters.postgres.embedded import EmbeddedPostgresError

    match error:
        case EmbeddedPostgresError():
            return error.code, str(error)
        case WrongSetting():
            return error.code, error.sentence
        case BadWorkbook():
            return error.code, error.message
        case OperationalError():
            return "database_unreachable", "数据库连接不上,请检查 DATABASE_URL 和数据库是否在运行"
    problem = problem_of(error)
    if problem.code == "internal_error":
        raise error
    where = ";".join(f"{place.field}:{place.message}" for place in problem.where)
    return problem.code, f"{problem.sentence}({where})" if where else problem.sentence
