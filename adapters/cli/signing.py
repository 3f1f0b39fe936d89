"""签字、拒签、退回 on the command line, with a key file of one's own, here or on a server far away.

The key is used on the machine the command runs on. A server says what it wants signed; it is signed only where it
says what was asked for here.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import typer

from adapters.cli.keys import As, FromStdin, Server, TokenFile, execute, here, remote_at, unlocked
from adapters.cli.speech import AsJson, document, lines
from domain.command import Act, refuse
from domain.exiting import RefuseExit, SendBackExit, SignExit
from domain.fact import Past
from domain.ids import ChainId, IssueId
from domain.signoff import Giving, RefuseSignature, SendBack, SignOff, shown_of
from domain.statements import Statement

if TYPE_CHECKING:
    from adapters.bootstrap import Application
    from adapters.cli.keyfile import KeyFile

Subject = Annotated[
    str, typer.Argument(metavar="对象编号", help="销号为问题编号 issue-…;退出为户编号 household-… 或区划编号 region-…")
]
Chain = Annotated[str, typer.Argument(metavar="申请编号", help="它的哪份申请,chain-…")]
Key = Annotated[Path, typer.Option("--key", metavar="密钥文件", help="本人的密钥文件")]


class Kind(NamedTuple):
    """一种表示: where the interface takes it, what its statement must say, and the commands, on an issue or an exit."""

    place: str
    statement: str
    says: str
    decision: str
    on_issue: type[Giving]
    on_exit: type[Giving]


SIGN: Final = Kind("signatures", "statement", "taizhang.signoff.v1", "approve", SignOff, SignExit)
REFUSE: Final = Kind("refusals", "refusals/statement", "taizhang.refusal.v1", "refuse", RefuseSignature, RefuseExit)
SEND_BACK: Final = Kind(
    "send-backs", "send-backs/statement", "taizhang.sendback.v1", "send_back", SendBack, SendBackExit
)


class Asked(NamedTuple):
    """所办: what is to be said of a chain, in the words of the one who says it."""

    kind: Kind
    subject: str
    chain: str
    words: dict[str, Any]

    @property
    def of_issue(self) -> bool:
        return self.subject.startswith(f"{IssueId.kind}-")

    @property
    def path(self) -> str:
        return f"/issues/{self.subject}/applications/{self.chain}" if self.of_issue else f"/exits/{self.chain}"

    def agreed(self, said: Statement) -> Statement:
        """Refused where the statement says something else than what was asked for here."""
        return agreed(
            said,
            type=self.kind.says,
            decision=self.kind.decision,
            subject=self.subject,
            chain=self.chain,
            **{name: value.strip() if isinstance(value, str) else value for name, value in self.words.items()},
        )


def sign(
    subject: Subject,
    chain: Chain,
    opinion: Annotated[str, typer.Option("--opinion", metavar="意见", help="签字意见")],
    file: Key,
    who: As = None,
    server: Server = None,
    token_file: TokenFile = None,
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """签字:用本人的密钥文件,签该事项现在的全部记录。"""
    asked = Asked(SIGN, subject, chain, {"opinion": opinion})
    _told("已签字", *given(asked, unlocked(file, passphrase_stdin), who, server, token_file), as_json)


def refuse_signature(
    subject: Subject,
    chain: Chain,
    reason: Annotated[str, typer.Option("--reason", metavar="理由", help="拒签理由")],
    file: Key,
    who: As = None,
    server: Server = None,
    token_file: TokenFile = None,
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """拒签:用本人的密钥文件;申请就此终止。"""
    asked = Asked(REFUSE, subject, chain, {"reason": reason})
    _told("已拒签", *given(asked, unlocked(file, passphrase_stdin), who, server, token_file), as_json)


def send_back(
    subject: Subject,
    chain: Chain,
    to: Annotated[
        Literal["rectification", "check", "notice", "signing"],
        typer.Option(
            "--to", metavar="环节", help="rectification 整改(申请终止)、check 核查、notice 公示、signing 签字"
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="理由", help="退回理由")],
    file: Key,
    stage: Annotated[
        int | None, typer.Option("--stage", min=1, metavar="级", help="退回到第几级签字,自1起;只与 --to signing 同用")
    ] = None,
    who: As = None,
    server: Server = None,
    token_file: TokenFile = None,
    passphrase_stdin: FromStdin = False,
    as_json: AsJson = False,
) -> None:
    """退回:用本人的密钥文件;其后的签字须重新办理。"""
    asked = Asked(SEND_BACK, subject, chain, {"to": to, "stage": stage - 1 if stage else None, "reason": reason})
    _told("已退回", *given(asked, unlocked(file, passphrase_stdin), who, server, token_file), as_json)


def given(
    asked: Asked, key: "KeyFile", who: str | None, server: str | None, token_file: Path | None
) -> tuple[int, Statement]:
    """The position of what was recorded, and what was signed."""
    if server:
        remote = remote_at(server, token_file)
        words = {name: value for name, value in asked.words.items() if value is not None}
        told = remote.get(f"{asked.path}/{asked.kind.statement}", **words)
        said = asked.agreed(Statement(told["statement"]))
        seen = {name: told[name] for name in ("shown", "shown_digest")}
        signature = key.sign(said).model_dump(mode="json")
        recorded = remote.post(f"{asked.path}/{asked.kind.place}", {**words, **seen, "signature": signature})
        return recorded["position"], said
    command = asked.kind.on_issue if asked.of_issue else asked.kind.on_exit
    with here(who, command.__name__) as (application, act):
        about = {"issue": asked.subject} if asked.of_issue else {}
        seen = _shown(application, asked, act)
        unsigned = command.model_validate({"chain": asked.chain, **about, **asked.words, **seen})
        past, _, _ = application.ledger.stand(unsigned, act)
        said = asked.agreed(unsigned.statement(past, act))
        return execute(application, unsigned.model_copy(update={"signature": key.sign(said)}), act), said


def _shown(application: "Application", asked: Asked, act: Act) -> dict[str, Any]:
    from services.exits import show

    if asked.of_issue:
        shown = shown_of(Past(application.facts.about(IssueId(asked.subject))))
    else:
        shown = show(application.facts, ChainId(asked.chain), act).shown
    return {"shown": shown.position, "shown_digest": shown.digest}


def agreed(said: Statement, **asked: Any) -> Statement:
    """Refuses to sign what says something else than what was asked for here."""
    try:
        words = json.loads(said.text)
    except ValueError:
        words = None
    if not isinstance(words, dict) or any(words.get(name) != value for name, value in asked.items()):
        refuse("statement_differs", "服务器给出的待签内容与所要办理的不一致,没有签")
    return said


def _told(what: str, position: int, said: Statement, as_json: bool) -> None:
    if as_json:
        document({"position": position, "statement": json.loads(said.text), "digest": said.digest})
    else:
        lines([(f"{what},记录编号", position), ("所签内容", said.text), ("摘要", said.digest)])
