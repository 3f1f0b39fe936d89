"""信任名单: which logs and witnesses someone trusts, and how many witnesses must agree; a file of C2SP's tlog-policy.

It comes from whoever checks, never from what is checked. A county's own file also says where its witnesses are.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final, NamedTuple, NoReturn
from urllib.parse import urlsplit

from adapters.proofs.merkle import Algorithm
from adapters.proofs.notes import LOG, SM_LOG, WITNESS, BadNote, Checkpoint, Note, Verifier, signed_by
from adapters.proofs.sm2 import SuiteMissing
from adapters.proofs.verdict import Unproven

_NONE: Final = "none"


class Witness(NamedTuple):
    """见证人, and where it is asked, if this file says."""

    name: str
    verifier: Verifier
    url: str | None


class Group(NamedTuple):
    """见证人组: agrees when so many of its members do."""

    needed: int
    members: tuple[str, ...]


class Accepted(NamedTuple):
    """采信的检查点: signed by a trusted log and cosigned by enough witnesses, with the time each of them gave.

    ``algorithm`` is what the log's tree is hashed with.
    """

    checkpoint: Checkpoint
    algorithm: Algorithm
    witnessed: Mapping[str, datetime]
    note: Note


class Policy(NamedTuple):
    """信任名单"""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> "Policy":
        """Raises Unproven (bad_policy) with the line that can't be read."""
        return _Reading().read(text)

    def trusts(self, origin: str) -> bool:
        """Whether the file names a log of this origin."""
        return any(log.name == origin for log in self.logs)

    def satisfied(self, agreeing: Collection[str]) -> bool:
        """Whether these witnesses, by their names in the file, are enough."""

        def agrees(name: str) -> bool:
            if name in self.groups:
                group = self.groups[name]
                return sum(map(agrees, group.members)) >= group.needed
            return name in agreeing

        return self.quorum == _NONE or agrees(self.quorum)

    def witnessed(self, note: Note) -> dict[str, datetime]:
        """Which witnesses cosigned a note, and when. Raises BadNote when one of them did wrongly."""
        signers = signed_by(note, [witness.verifier for witness in self.witnesses.values()])
        found = {witness.name: signers.get(witness.verifier) for witness in self.witnesses.values()}
        return {name: at for name, at in found.items() if at is not None}

    def accept(self, content: str | bytes) -> Accepted:
        """The checkpoint, if it is to be trusted. Raises Unproven when it is not."""
        try:
            note = Note.parse(content)
            checkpoint = Checkpoint.parse(note.text)
            own = [log for log in self.logs if log.name == checkpoint.origin]
            if not own:
                raise Unproven("unknown_log", f"检查点来自日志“{checkpoint.origin}”,它不在信任名单中")
            if not signed_by(note, own):
                raise Unproven("checkpoint_not_signed", "检查点没有该日志的签名")
            witnessed = self.witnessed(note)
        except SuiteMissing:
            raise Unproven("suite_missing", "本机的 OpenSSL 不支持 SM2、SM3,无法核验国密日志") from None
        except BadNote as error:
            raise Unproven("bad_checkpoint", f"检查点无效:{error}") from None
        if not self.satisfied(witnessed):
            names = "、".join(sorted(witnessed)) or "无"
            raise Unproven("too_few_witnesses", f"见证不足:信任名单要求的见证人没有都签署(已签署:{names})")
        return Accepted(checkpoint, own[0].algorithm, witnessed, note)


class _Reading:
    """The file so far, line by line: what is named must have been defined before."""

    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.members: set[str] = set()
        self.quorum: str | None = None
        self.line = 0

    def read(self, text: str) -> Policy:
        for self.line, line in enumerate(text.split("\n"), 1):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line):
                self.refuse("含有控制字符")
            if not words or words[0].startswith("#"):
                continue
            try:
                self.take(words)
            except BadNote:
                self.refuse("公钥格式不对")
        if self.quorum is None:
            self.refuse("缺少 quorum 一行")
        return Policy(tuple(self.logs), self.witnesses, self.groups, self.quorum)

    def take(self, words: list[str]) -> None:
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                log = self.key(vkey, (LOG, SM_LOG), [log.public for log in self.logs])
                if any(log.name == other.name and log.kind != other.kind for other in self.logs):
                    self.refuse("同一日志不能有两种算法的公钥")
                self.logs.append(log)
            case ["witness", name, vkey, *url] if len(url) <= 1:
                known = [witness.verifier.public for witness in self.witnesses.values()]
                verifier = self.key(vkey, (WITNESS,), known)
                self.witnesses[self.fresh(name)] = Witness(name, verifier, self.address(url[0]) if url else None)
            case ["group", name, needed, *members] if members:
                self.groups[self.fresh(name)] = Group(self.threshold(needed, len(members)), tuple(members))
                for member in members:
                    if member not in self.known() or member == name or member in self.members:
                        self.refuse(f"{member} 没有先定义,或已属于别的组")
                    self.members.add(member)
            case ["quorum", name] if self.quorum is None:
                if name != _NONE and name not in self.known():
                    self.refuse(f"{name} 没有先定义")
                self.quorum = name
            case _:
                self.refuse("无法理解")

    def known(self) -> Collection[str]:
        return {*self.witnesses, *self.groups}

    def fresh(self, name: str) -> str:
        if name == _NONE or name in self.known():
            self.refuse(f"名称 {name} 重复或不可用")
        return name

    def key(self, vkey: str, kinds: Collection[int], others: Collection[bytes]) -> Verifier:
        verifier = Verifier.parse(vkey)
        if verifier.kind not in kinds:
            self.refuse("公钥类型不对:日志须为 Ed25519 或 SM2 签名,见证人须为带时间的 Ed25519 联署")
        if verifier.public in others:
            self.refuse("同一公钥出现两次")
        return verifier

    def address(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self.refuse("网址须以 http:// 或 https:// 开头")
        return url.rstrip("/")

    def threshold(self, needed: str, members: int) -> int:
        if needed in ("all", "any"):
            return members if needed == "all" else 1
        if not re.fullmatch(r"[1-9][0-9]{0,3}", needed) or int(needed) > members:
            self.refuse("所需见证人数须在1与成员数之间")
        return int(needed)

    def refuse(self, what: str) -> NoReturn:
        raise Unproven("bad_policy", f"信任名单第{self.line}行:{what}")


ALONE = Policy((), {}, {}, _NONE)
"""No witnesses, none needed: a log that nobody watches yet."""
