"""签名算法: one way to ask of every suite whether a signature holds. Nothing here can make one.

What is signed is always the 32 bytes of a statement's SHA-256: as they are by Ed25519 and SM2, as the challenge by a
passkey. Another suite is another class and another row of ``suite``.
"""

import ctypes
import ctypes.util
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from webauthn import verify_authentication_response

from domain.statements import PersonalSignature, SuiteName

SM2_ID: Final = b"1234567812345678"
"""用户标识: the one GB/T 35276 prescribes where nobody agreed on another."""


class SuiteMissing(LookupError):
    """This machine can't verify signatures of that suite."""


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
            return Sm2(libcrypto())


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


class LibCrypto:
    """The few functions of OpenSSL's libcrypto that an SM2 signature is verified with. Raises SuiteMissing where the
    library is not there, or was built without SM2 and SM3."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("crypto")
        try:
            self.library = ctypes.CDLL(name or "libcrypto.so.3")
            pointer, size, number, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p
            self.read_public = self.bound(
                "d2i_PUBKEY", pointer, pointer, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long
            )
            self.free_key = self.bound("EVP_PKEY_free", None, pointer)
            self.new_digest = self.bound("EVP_MD_CTX_new", pointer)
            self.free_digest = self.bound("EVP_MD_CTX_free", None, pointer)
            self.new_context = self.bound("EVP_PKEY_CTX_new", pointer, pointer, pointer)
            self.free_context = self.bound("EVP_PKEY_CTX_free", None, pointer)
            self.set_id = self.bound("EVP_PKEY_CTX_set1_id", number, pointer, text, number)
            self.join = self.bound("EVP_MD_CTX_set_pkey_ctx", None, pointer, pointer)
            self.begin = self.bound("EVP_DigestVerifyInit", number, pointer, pointer, pointer, pointer, pointer)
            self.finish = self.bound("EVP_DigestVerify", number, pointer, text, size, text, size)
            self.sm3 = self.bound("EVP_sm3", pointer)()
        except (OSError, AttributeError):
            raise SuiteMissing("sm2") from None

    def bound(self, name: str, result: Any, *arguments: Any) -> Any:
        function = getattr(self.library, name)
        function.restype, function.argtypes = result, arguments
        return function


@cache
def libcrypto() -> LibCrypto:
    """The system's libcrypto, once it has verified what it must."""
    library = LibCrypto()
    if not Sm2(library).reads(_GENERATOR):
        raise SuiteMissing("sm2")
    return library


_HEADER: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""SubjectPublicKeyInfo of a point on the SM2 curve, up to the point."""

_GENERATOR: Final = bytes.fromhex(
    "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
"""A point that is on the curve for certain."""


@dataclass(frozen=True)
class Sm2:
    """SM2 with SM3 (GB/T 32918.2); the public key is a point uncompressed (65 bytes), the signature DER as GB/T 35276
    has it."""

    library: LibCrypto

    def verify(self, public_key: bytes, message: bytes, signature: PersonalSignature) -> bool:
        try:
            value = to_bytes(signature.value)
        except ValueError:
            return False
        return len(public_key) == len(_GENERATOR) and self.verified(public_key, message, value)

    def reads(self, point: bytes) -> bool:
        key = self.key(point)
        self.library.free_key(key)
        return bool(key)

    def key(self, point: bytes) -> int | None:
        """A key to be freed, or none for what is no point on the curve."""
        encoded = _HEADER + point
        found: int | None = self.library.read_public(None, ctypes.byref(ctypes.c_char_p(encoded)), len(encoded))
        return found

    def verified(self, point: bytes, message: bytes, value: bytes) -> bool:
        c = self.library
        key = self.key(point)
        if not key:
            return False
        digest, context = c.new_digest(), c.new_context(key, None)
        try:
            # The id is hashed first of all, so it must be known before the digest begins.
            c.set_id(context, SM2_ID, len(SM2_ID))
            c.join(digest, context)
            begun: int = c.begin(digest, None, c.sm3, None, key)
            return begun == 1 and bool(c.finish(digest, value, len(value), message, len(message)) == 1)
        finally:
            c.free_digest(digest)
            c.free_context(context)
            c.free_key(key)
