"""密码: which ones are good enough, and how they are kept."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from adapters.identity.admission import NotAdmitted

SHORTEST: Final = 10
LONGEST: Final = 128
PASSPHRASE: Final = 20
"""From this length on, kinds of characters are not counted."""

_COMMON = re.compile(r"passw[o0]rd|qwert|asdf|1234567|7654321|abcdef|admin|iloveyou|woaini|5201314|taizhang")
_KINDS = tuple(map(re.compile, (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")))


def standard_hasher() -> PasswordHasher:
    """argon2id at OWASP's first setting: 19 MiB, two passes, one lane. About 26 ms on the two cores this was made
    for, where the library's own default (64 MiB, four lanes) takes 190 and halves what else can run meanwhile."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def acceptable(password: str, login: str) -> str:
    """The password as it is kept: full-width characters of a Chinese keyboard count as the plain ones.

    Raises NotAdmitted with ``password_too_short``, ``…_too_long``, ``…_too_simple``, ``…_too_common`` or
    ``…_contains_login``.
    """
    plain = normal(password)
    if len(plain) < SHORTEST:
        raise NotAdmitted("password_too_short", f"密码至少{SHORTEST}位")
    if len(plain) > LONGEST:
        raise NotAdmitted("password_too_long", f"密码最多{LONGEST}位")
    kinds = sum(1 for kind in _KINDS if kind.search(plain))
    if len(set(plain)) < 5 or (kinds < 3 and len(plain) < PASSPHRASE):
        raise NotAdmitted(
            "password_too_simple", f"密码须含大写字母、小写字母、数字、符号中的至少三种,或不少于{PASSPHRASE}位"
        )
    if login.casefold() in plain.casefold():
        raise NotAdmitted("password_contains_login", "密码不能包含登录名")
    if _COMMON.search(plain.casefold()):
        raise NotAdmitted("password_too_common", "密码过于常见,容易被猜中,请换一个")
    return plain


def normal(password: str) -> str:
    """What is hashed. Far beyond the longest there is no telling apart: none of that length is ever kept."""
    return unicodedata.normalize("NFKC", password[: 2 * LONGEST])


class Passwords:
    """Hashes and compares, a few at a time.

    Whoever compares does it inside ``turn``: a burst of sign-ins then takes neither every core nor 19 MiB each, and
    guesses made at the same moment find the account locked nearly as soon as guesses made one by one.
    """

    def __init__(self, hasher: PasswordHasher, at_once: int = 2, patience: float = 10.0) -> None:
        self._hasher = hasher
        self._places = BoundedSemaphore(at_once)
        self._patience = patience
        self._nobody = hasher.hash("nobody")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place. Raises NotAdmitted ``busy`` after ``patience`` seconds."""
        if not self._places.acquire(timeout=self._patience):
            raise NotAdmitted("busy", "登录的人较多,请稍候再试")
        try:
            yield
        finally:
            self._places.release()

    def hash(self, password: str) -> str:
        return self._hasher.hash(_bytes(password))

    def fits(self, kept: str | None, password: str) -> bool:
        """Whether the kept hash is this password's. Without a hash it takes as long, and is never true."""
        try:
            return self._hasher.verify(kept or self._nobody, _bytes(password)) and kept is not None
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, kept: str) -> bool:
        return self._hasher.check_needs_rehash(kept)


def _bytes(password: str) -> bytes:
    return normal(password).encode("utf-8", "surrogatepass")
