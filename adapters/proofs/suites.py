"""签名算法: one way to ask of every suite whether a signature holds. Nothing here can make one.

What is signed is always the 32 bytes of a statement's SHA-256: as they are by Ed25519 and SM2, as the challenge by a
passkey. Another suite is another class and another row of ``suite``.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from webauthn import verify_authentication_response

from adapters.proofs import sm2
from domain.statements import PersonalSignature, SuiteName


class Suite(Protocol):
    """签名算法"""

    def verify(self, public_key: bytes, message: bytes, signature: PersonalSignature) -> bool:
        """Whether the signature over these bytes was made with this key. Malformed input is a no, never an error."""


def suite(name: SuiteName, origin: str | None = None) -> Suite:
    """The suite of that name; ``origin`` is where passkeys must have been used, anywhere if none is given. Raises
    SuiteMissing."""
    match name:
        case "ed25519":
            return Ed25519()
        case "webauthn":
            return WebAuthn(origin)
        case "sm2":
            sm2.libcrypto()
            return Sm2()


def rp_id(origin: str) -> str:
    """依赖方: the name that a passkey of this origin is bound to."""
    return urlsplit(origin).hostname or ""


def to_bytes(text: str) -> bytes:
    """From base64url without padding. Raises ValueError."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def to_text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class Ed25519:
    """RFC 8032; the public key is its 32 bytes."""

    def verify(self, public_key: bytes, message: bytes, signature: PersonalSignature) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(to_bytes(signature.value), message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class WebAuthn:
    """通行密钥 (W3C WebAuthn level 2), with its person verified by the device; the public key is a COSE key."""

    origin: str | None

    def verify(self, public_key: bytes, message: bytes, signature: PersonalSignature) -> bool:
        if signature.client_data is None or signature.authenticator_data is None:
            return False
        try:
            origin = self.origin or orjson.loads(to_bytes(signature.client_data))["origin"]
            verify_authentication_response(
                credential={
                    # Which credential it was is told by its public key; the package wants a name for it all the same.
                    "id": "AA",
                    "rawId": "AA",
                    "type": "public-key",
                    "response": {
                        "clientDataJSON": signature.client_data,
                        "authenticatorData": signature.authenticator_data,
                        "signature": signature.value,
                    },
                },
                expected_challenge=message,
                expected_rp_id=rp_id(origin),
                expected_origin=origin,
                credential_public_key=public_key,
                # The statement is signed at most once, so there is nothing that a counter would add.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception:
            # Strangers' bytes go through parsers that say in many ways that they are wrong.
            return False
        return True


class Sm2:
    """SM2 with SM3 (GB/T 32918.2); the public key is a point uncompressed (65 bytes), the signature DER as GB/T 35276
    has it."""

    def verify(self, public_key: bytes, message: bytes, signature: PersonalSignature) -> bool:
        try:
            return sm2.verified(public_key, message, to_bytes(signature.value))
        except ValueError:
            return False
