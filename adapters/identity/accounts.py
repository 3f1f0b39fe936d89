"""账号: accounts, the sessions of people and the tokens of programs, in PostgreSQL.

Of a session's or token's secret only the SHA-256 is kept: whoever reads the table can't enter with what is in it.
(The secrets are 256 random bits; only what people think up needs a slow hash.)

Every call takes the time from its caller and runs in the caller's thread; those that compare passwords take about
26 ms of a core.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeVar

from argon2 import PasswordHasher
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row, scalar_row
from psycopg_pool import ConnectionPool
from pydantic import TypeAdapter, ValidationError

from adapters.identity.admission import Identity, Kind, NotAdmitted, Scope, Via
from adapters.identity.passwords import Passwords, acceptable, normal, standard_hasher
from adapters.logging import audit
from domain.ids import PersonId
from domain.text import ShortText, personal_number

SESSION, TOKEN = "tzs_", "tzt_"
_SECRET = re.compile(rf"(?:{SESSION}|{TOKEN})[0-9a-f]{{64}}")
_LOGIN = re.compile(r"\w[\w.\-]{1,63}")
_PREFIX: Final = 12
_TOUCH: Final = timedelta(minutes=1)
"""How stale a session's or token's last sight may be: seeing costs a write at most this often."""

_ACCOUNTS = """
    SELECT id, login, kind, person, must_change, locked_until, created_at, changed_at, disabled_at
    FROM accounts.account WHERE %(login)s::text IS NULL OR login = %(login)s ORDER BY login"""
_TOKENS = """
    SELECT prefix, name, scope, created_at, expires_at, last_seen_at, revoked_at
    FROM accounts.token WHERE account = %s ORDER BY created_at DESC, prefix"""
PROOF: Final[dict[Via, str]] = {
    "session": """
        SELECT s.digest, a.id AS account, a.login, a.kind, a.person, a.must_change, 'full' AS scope,
               s.id::text AS key, s.last_seen_at
        FROM accounts.session s JOIN accounts.account a ON a.id = s.account
        WHERE s.digest = ANY(%(digests)s) AND s.expires_at > %(now)s AND s.last_seen_at > %(idle)s
              AND a.disabled_at IS NULL""",
    "token": """
        SELECT t.digest, a.id AS account, a.login, a.kind, a.person, a.must_change, t.scope, t.prefix AS key,
               t.last_seen_at
        FROM accounts.token t JOIN accounts.account a ON a.id = t.account
        WHERE t.digest = ANY(%(digests)s) AND t.expires_at > %(now)s AND t.revoked_at IS NULL
              AND a.disabled_at IS NULL""",
}
# Who is being seen by another process at this moment is passed over, so that no two ever wait for each other.
_SEEN: Final[dict[Via, str]] = {
    "session": """
        UPDATE accounts.session SET last_seen_at = %(now)s WHERE digest IN (
            SELECT digest FROM accounts.session WHERE digest = ANY(%(digests)s) FOR UPDATE SKIP LOCKED)""",
    "token": """
        UPDATE accounts.token SET last_seen_at = %(now)s WHERE digest IN (
            SELECT digest FROM accounts.token WHERE digest = ANY(%(digests)s) FOR UPDATE SKIP LOCKED)""",
}

_person = TypeAdapter(PersonId)
_name: TypeAdapter[str] = TypeAdapter(ShortText)
R = TypeVar("R")


@dataclass(frozen=True)
class Limits:
    """限制: how long a session lasts idle and at all, how many one account may have, how many failures lock it and
    for how long, and how long a token may live."""

    idle: timedelta = timedelta(minutes=30)
    absolute: timedelta = timedelta(hours=12)
    sessions: int = 20
    failures: int = 5
    locked: timedelta = timedelta(minutes=15)
    token_days: int = 366


class Account(NamedTuple):
    """账号, without its secrets."""

    id: int
    login: str
    kind: Kind
    person: PersonId | None
    must_change: bool
    locked_until: datetime | None
    created_at: datetime
    changed_at: datetime
    disabled_at: datetime | None


class Session(NamedTuple):
    """会话: where an account is signed in."""

    id: str
    address: str
    device: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Token(NamedTuple):
    """令牌, by its first characters; the rest was shown once."""

    prefix: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


class SignedIn(NamedTuple):
    """``secret`` is for the cookie and is kept nowhere else."""

    secret: str
    identity: Identity
    expires_at: datetime


class NewToken(NamedTuple):
    """``secret`` is shown once and kept nowhere."""

    secret: str
    token: Token


class _Credentials(NamedTuple):
    id: int
    login: str
    password_hash: str
    locked_until: datetime | None
    disabled_at: datetime | None


class _Proof(NamedTuple):
    digest: bytes
    account: int
    login: str
    kind: Kind
    person: str | None
    must_change: bool
    scope: Scope
    key: str
    last_seen_at: datetime | None


def install(connection: Connection[Any]) -> None:
    """Create what is missing of the schema ``accounts``. Safe to repeat, also from two processes at once."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('accounts.install'))")
        connection.execute(Path(__file__).with_name("accounts.sql").read_bytes())


class Accounts:
    """The accounts behind a pool of connections (``autocommit`` saves each request two round trips)."""

    def __init__(
        self,
        pool: ConnectionPool[Connection[Any]],
        *,
        hasher: PasswordHasher | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._pool = pool
        self._passwords = Passwords(hasher or standard_hasher())
        self.limits = limits or Limits()

    # Accounts

    def create_account(
        self,
        login: str,
        password: str,
        now: datetime,
        *,
        person: PersonId | None = None,
        kind: Kind = "person",
        must_change: bool = False,
    ) -> Account:
        """Whether the person exists is the caller's to know: people are facts. Raises NotAdmitted."""
        login = _proper_login(login)
        if kind == "person" and person is None:
            raise NotAdmitted("person_required", "业务账号必须对应一名人员")
        if kind != "person" and person is not None:
            raise NotAdmitted("person_not_allowed", "管理员账号不能对应人员:三员分立,管理员不办业务")
        if person is not None:
            try:
                person = _person.validate_python(person)
            except ValidationError:
                raise NotAdmitted("person_malformed", "人员编号格式不对,应为 person- 开头的编号") from None
        kept = self._passwords.hash(acceptable(password, login))
        try:
            self._run(
                "INSERT INTO accounts.account (login, kind, person, password_hash, must_change, created_at, changed_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (login, kind, person, kept, must_change, now, now),
            )
        except UniqueViolation as error:
            if error.diag.constraint_name == "account_person":
                raise NotAdmitted("person_has_account", "该人员已有账号:一人一号") from None
            raise NotAdmitted("login_taken", f"登录名 {login} 已被使用") from None
        audit("account_created", account=login, kind=kind, person=person)
        return self.account(login)

    def accounts(self) -> list[Account]:
        return self._accounts(None)

    def account(self, login: str) -> Account:
        """Raises NotAdmitted ``account_unknown``."""
        found = self._accounts(_key(login))
        if not found:
            raise NotAdmitted("account_unknown", "没有这个账号")
        return found[0]

    def disable(self, login: str, now: datetime) -> None:
        """From here on neither its password nor its sessions nor its tokens admit anybody."""
        account = self.account(login)
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE accounts.account SET disabled_at = coalesce(disabled_at, %s) WHERE id = %s", (now, account.id)
            )
            _end_sessions(connection, account.id)
        audit("account_disabled", account=account.login)

    # Passwords

    def set_password(self, login: str, password: str, now: datetime, *, must_change: bool = True) -> None:
        """For whoever administers: unlocks the account and ends its sessions. Tokens live on; revoke those that
        should not."""
        account = self.account(login)
        self._keep_password(account.id, acceptable(password, account.login), now, must_change=must_change)
        audit("password_set", account=account.login)

    def change_password(self, login: str, old: str, new: str, now: datetime) -> None:
        """For the account's own person: proves the old password as signing in does, and ends every session, so
        that whoever had got in is out. Raises NotAdmitted."""
        account = self._prove(login, old, now)
        plain = acceptable(new, account.login)
        if plain == normal(old):
            raise NotAdmitted("password_unchanged", "新密码不能与原密码相同")
        self._keep_password(account.id, plain, now, must_change=False)
        audit("password_changed", account=account.login)

    def _keep_password(self, account: int, password: str, now: datetime, *, must_change: bool) -> None:
        kept = self._passwords.hash(password)
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(
                "UPDATE accounts.account SET password_hash = %s, must_change = %s, changed_at = %s,"
                " failed_attempts = 0, locked_until = NULL WHERE id = %s",
                (kept, must_change, now, account),
            )
            _end_sessions(connection, account)

    def _prove(self, login: str, password: str, now: datetime) -> _Credentials:
        """The account whose password this is. Unknown, wrong, locked and disabled sound the same and take the same
        time, so that nobody learns here who has an account."""
        login = _key(login)
        with self._passwords.turn():
            found = self._rows(
                _Credentials,
                "SELECT id, login, password_hash, locked_until, disabled_at FROM accounts.account WHERE login = %s",
                (login,),
            )
            account = found[0] if found else None
            closed = _closed(account, now)
            kept = account.password_hash if account and not closed else None
            if account and kept and self._passwords.fits(kept, password):
                self._succeeded(account, password)
                return account
            if not kept:
                self._passwords.fits(None, password)
            locked = self._failed(login, now)
        # A login nobody has is not written down: now and then it is a password in the wrong field.
        audit(
            "sign_in_refused", account=account.login if account else None, why=closed or "wrong_password", locks=locked
        )
        raise NotAdmitted(
            "sign_in_refused",
            f"登录名或密码不正确,或账号已停用、已锁定(连续输错{self.limits.failures}次"
            f"锁定{self.limits.locked // timedelta(minutes=1)}分钟)",
        )

    def _succeeded(self, account: _Credentials, password: str) -> None:
        self._run(
            "UPDATE accounts.account SET failed_attempts = 0 WHERE id = %s AND failed_attempts > 0", (account.id,)
        )
        if self._passwords.outdated(account.password_hash):
            # Not over a password that was set meanwhile.
            self._run(
                "UPDATE accounts.account SET password_hash = %s WHERE id = %s AND password_hash = %s",
                (self._passwords.hash(password), account.id, account.password_hash),
            )

    def _failed(self, login: str, now: datetime) -> bool:
        """Count it, and say whether that locked the account."""
        with self._pool.connection() as connection, connection.transaction():
            # Waiting for the disk only where there is something to count would tell who has an account.
            connection.execute("SET LOCAL synchronous_commit TO off")
            counted = connection.cursor(row_factory=scalar_row).execute(
                "UPDATE accounts.account SET"
                " failed_attempts = CASE WHEN failed_attempts + 1 < %(most)s THEN failed_attempts + 1 ELSE 0 END,"
                " locked_until = CASE WHEN failed_attempts + 1 < %(most)s THEN NULL ELSE %(until)s::timestamptz END"
                " WHERE login = %(login)s AND (locked_until IS NULL OR locked_until <= %(now)s)"
                " RETURNING locked_until IS NOT NULL AS locks",
                {"most": self.limits.failures, "until": now + self.limits.locked, "login": login, "now": now},
            )
            return bool(counted.fetchone())

    # Sessions

    def authenticate(
        self, login: str, password: str, now: datetime, *, address: str = "", device: str = ""
    ) -> SignedIn:
        """Begin a session. ``address`` and ``device`` (the browser's own words) are for its owner's list.
        Raises NotAdmitted ``sign_in_refused`` whatever was wrong."""
        account = self._prove(login, password, now)
        secret = SESSION + secrets.token_hex(32)
        expires_at = now + self.limits.absolute
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(
                "DELETE FROM accounts.session WHERE account = %(account)s AND (expires_at <= %(now)s"
                " OR last_seen_at <= %(idle)s OR id NOT IN (SELECT id FROM accounts.session"
                " WHERE account = %(account)s ORDER BY last_seen_at DESC, id DESC LIMIT %(others)s))",
                {
                    "account": account.id,
                    "now": now,
                    "idle": now - self.limits.idle,
                    "others": self.limits.sessions - 1,
                },
            )
            connection.execute(
                "INSERT INTO accounts.session (digest, account, address, device, created_at, last_seen_at, expires_at)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (_digest(secret), account.id, _summary(address), _summary(device), now, now, expires_at),
            )
        audit("signed_in", account=account.login, address=_summary(address))
        return SignedIn(secret, self.identify(secret, now), expires_at)

    def identify(self, secret: str, now: datetime) -> Identity:
        """Whose session or token this is: one look-up by its digest.
        Raises NotAdmitted ``session_ended`` or ``token_refused``."""
        [found] = self.identify_all([secret], now)
        if isinstance(found, NotAdmitted):
            raise found
        return found

    def identify_all(self, shown: Sequence[str], now: datetime) -> list[Identity | NotAdmitted]:
        """``identify`` for many at once: one look-up for all sessions, and one for all tokens."""
        given: dict[Via, set[bytes]] = {}
        for secret in shown:
            if _SECRET.fullmatch(secret):
                given.setdefault(_via(secret), set()).add(_digest(secret))
        found = {digest: identity for via in given for digest, identity in self._proven(via, given[via], now)}
        return [found.get(_digest(secret)) or _refusal(secret) for secret in shown]

    def _proven(self, via: Via, digests: Iterable[bytes], now: datetime) -> Iterator[tuple[bytes, Identity]]:
        given = {"digests": list(digests), "now": now, "idle": now - self.limits.idle}
        proofs = self._rows(_Proof, PROOF[via], given)
        unseen = [one.digest for one in proofs if one.last_seen_at is None or one.last_seen_at <= now - _TOUCH]
        if unseen:
            self._run(_SEEN[via], {"digests": unseen, "now": now})
        for proof in proofs:
            yield (
                proof.digest,
                Identity(
                    account=proof.account,
                    login=proof.login,
                    kind=proof.kind,
                    person=_person_of(proof.person),
                    via=via,
                    scope=proof.scope,
                    must_change=proof.must_change,
                    key=proof.key,
                ),
            )

    def sessions(self, login: str, now: datetime) -> list[Session]:
        """Those that still admit, the last seen first."""
        return self._rows(
            Session,
            "SELECT id::text, address, device, created_at, last_seen_at, expires_at FROM accounts.session"
            " WHERE account = %s AND expires_at > %s AND last_seen_at > %s ORDER BY last_seen_at DESC, id DESC",
            (self.account(login).id, now, now - self.limits.idle),
        )

    def sign_out(self, secret: str) -> None:
        self._run("DELETE FROM accounts.session WHERE digest = %s", (_digest(secret),))

    def revoke_session(self, login: str, id: str) -> None:
        """Raises NotAdmitted ``session_unknown`` for one that is not this account's."""
        if not self._run(
            "DELETE FROM accounts.session WHERE account = %s AND id::text = %s", (self.account(login).id, id)
        ):
            raise NotAdmitted("session_unknown", "没有这个登录会话,可能已经退出")
        audit("session_revoked", account=_key(login), session=id)

    # Tokens

    def create_token(self, login: str, name: str, now: datetime, *, scope: Scope = "read", days: int = 90) -> NewToken:
        """A program's key to this account, to be shown once. Raises NotAdmitted."""
        account = self.account(login)
        if not 1 <= days <= self.limits.token_days:
            raise NotAdmitted("token_life_refused", f"令牌有效期应为1至{self.limits.token_days}天")
        try:
            name = _name.validate_python(name)
        except ValidationError:
            raise NotAdmitted("token_name_malformed", "令牌名称应为1至200个字,且不含个人号码和控制字符") from None
        secret = TOKEN + secrets.token_hex(32)
        token = Token(secret[:_PREFIX], name, scope, now, now + timedelta(days=days), None, None)
        self._run(
            "INSERT INTO accounts.token (digest, account, prefix, name, scope, created_at, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (_digest(secret), account.id, *token[:5]),
        )
        audit("program_admitted", account=account.login, program=name, prefix=token.prefix, scope=scope)
        return NewToken(secret, token)

    def tokens(self, login: str) -> list[Token]:
        """All there ever were, the newest first."""
        return self._rows(Token, _TOKENS, (self.account(login).id,))

    def revoke_token(self, login: str, prefix: str, now: datetime) -> None:
        """Raises NotAdmitted ``token_unknown`` for one that is not this account's."""
        if not self._run(
            "UPDATE accounts.token SET revoked_at = coalesce(revoked_at, %s) WHERE account = %s AND prefix = %s",
            (now, self.account(login).id, prefix),
        ):
            raise NotAdmitted("token_unknown", "没有这个令牌")
        audit("program_revoked", account=_key(login), prefix=prefix)

    def _accounts(self, login: str | None) -> list[Account]:
        rows = self._rows(Account, _ACCOUNTS, {"login": login})
        return [row._replace(person=_person_of(row.person)) for row in rows]

    def _rows(self, row: type[R], query: str, given: Any = ()) -> list[R]:
        with self._pool.connection() as connection, connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query, given).fetchall()

    def _run(self, query: str, given: Any) -> int:
        """How many rows it touched."""
        with self._pool.connection() as connection:
            return connection.execute(query, given).rowcount


def _closed(account: _Credentials | None, now: datetime) -> Literal["unknown", "disabled", "locked"] | None:
    """Why no password opens it, if none does."""
    if account is None:
        return "unknown"
    if account.disabled_at is not None:
        return "disabled"
    return "locked" if account.locked_until is not None and account.locked_until > now else None


def _end_sessions(connection: Connection[Any], account: int) -> None:
    connection.execute("DELETE FROM accounts.session WHERE account = %s", (account,))


def _key(login: str) -> str:
    """A login as it is kept, however it is typed; nothing that could not be one reaches the database."""
    plain = unicodedata.normalize("NFKC", login[:256]).strip().casefold()
    return plain if _LOGIN.fullmatch(plain) else ""


def _proper_login(login: str) -> str:
    plain = _key(login)
    if not plain or personal_number(plain):
        raise NotAdmitted(
            "login_malformed",
            "登录名应为2至64个汉字、字母、数字或 . - _ ,以汉字、字母或数字开头,不能用手机号或身份证号",
        )
    return plain


def _person_of(id: str | None) -> PersonId | None:
    return PersonId(id) if id is not None else None


def _summary(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:200]


def _via(secret: str) -> Via:
    return "token" if secret.startswith(TOKEN) else "session"


def _refusal(secret: str) -> NotAdmitted:
    if _via(secret) == "token":
        return NotAdmitted("token_refused", "令牌无效、已过期或已撤销")
    return NotAdmitted("session_ended", "登录已失效,请重新登录")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
