"""Statements 声明: what a person signs with a key of their own, and what a signature over it looks like.

A statement is canonical JSON (keys sorted, no white space, UTF-8), so that the same words are the same bytes for who
signs, who checks and whoever looks again years later. What is signed is its SHA-256. Nothing here verifies a
signature: what was verified outside comes in as proofs, by the act.
"""

import json
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from domain.fact import Value
from domain.ids import SigningKeyId


class Assurance(StrEnum):
    """保证等级: how surely it was the person, from the lowest up."""

    label: str

    def __new__(cls, value: str, label: str) -> "Assurance":
        level = str.__new__(cls, value)
        level._value_, level.label = value, label
        return level

    ACCOUNT = "account", "账号"
    KEY = "key", "密钥文件"
    PASSKEY = "passkey", "通行密钥"

    @property
    def weight(self) -> int:
        return list(Assurance).index(self)


SuiteName = Literal["ed25519", "webauthn", "sm2"]
"""签名算法: Ed25519; a passkey by WebAuthn; SM2 with SM3 (GB/T 32918)."""

Base64Url = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=2000)]
"""Bytes in base64url without padding."""

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, in hex."""


def assurance_of(suite: SuiteName) -> Assurance:
    """What a signature of this suite assures: a passkey has its person verified by the device each time."""
    return Assurance.PASSKEY if suite == "webauthn" else Assurance.KEY


class PersonalSignature(Value):
    """个人签名: over the SHA-256 of a statement. A passkey signs what its device and browser add as well."""

    key: SigningKeyId
    statement: Digest
    value: Base64Url
    authenticator_data: Base64Url | None = None
    client_data: Base64Url | None = None


class Statement(NamedTuple):
    """声明"""

    text: str

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()


def statement(type: str, **said: str | int | None) -> Statement:
    """The canonical words of a statement of this type."""
    return Statement(json.dumps({"type": type, **said}, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
