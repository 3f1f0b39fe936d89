"""准入: who a request comes from, or why it is not let in."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Literal

from domain.ids import PersonId

Kind = Literal["person", "system_administrator", "security_administrator", "audit_administrator"]
Scope = Literal["full", "read"]
Via = Literal["session", "token"]


class NotAdmitted(Exception):
    """``code`` is stable and for programs; ``sentence`` is for the person at the door, in Chinese."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Identity:
    """身份: the account behind a request. ``key`` names the session or token that proved it, as its lists do."""

    account: int
    login: str
    kind: Kind
    person: PersonId | None
    via: Via
    scope: Scope
    must_change: bool
    key: str

    def acting(self) -> PersonId:
        """The person as whom this request may change something. Raises NotAdmitted."""
        if self.person is None:
            raise NotAdmitted("administrator_cannot_act", "管理员账号不能办理业务,请使用本人的业务账号")
        if self.scope == "read":
            raise NotAdmitted("read_only_token", "该令牌只能查询,不能办理业务")
        if self.must_change:
            raise NotAdmitted("password_must_change", "请先修改初始密码,再办理业务")
        return self.person


def csrf_of(secret: str) -> str:
    """What a form of this session must carry: bound to the session's secret, worthless in any other, and nothing
    that has to be stored."""
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def csrf_fits(secret: str, given: str) -> bool:
    """Whether a form that carries ``given`` was made for this session."""
    return hmac.compare_digest(csrf_of(secret), given.encode("ascii", "replace").decode())
