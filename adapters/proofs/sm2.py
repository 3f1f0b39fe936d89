"""国密: SM2 with SM3 (GB/T 32918.2, GB/T 32905) through this machine's OpenSSL; where that lacks them, SuiteMissing.

A public key is a point uncompressed (65 bytes), a private key its 32 bytes, a signature DER as GB/T 35276 has it.
"""

import ctypes
import ctypes.util
import hashlib
import secrets
from base64 import b64decode, encodebytes
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, Final, NamedTuple, Self

from adapters.proofs.merkle import Digest

SM2_ID: Final = b"1234567812345678"
"""用户标识: the one GB/T 35276 prescribes where nobody agreed on another."""


class SuiteMissing(LookupError):
    """This machine can't do what that suite of algorithms asks."""


def sm3(content: bytes) -> Digest:
    """As ``hashlib.sha256``. Raises SuiteMissing."""
    try:
        return hashlib.new("sm3", content)
    except ValueError:
        raise SuiteMissing("sm3") from None


class LibCrypto:
    """The few functions of OpenSSL's libcrypto that SM2 is done with. Raises SuiteMissing where the library is not
    there, or was built without SM2 and SM3."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("crypto")
        try:
            self.library = ctypes.CDLL(name or "libcrypto.so.3")
            pointer, size, number, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p
            encoded, into = ctypes.POINTER(ctypes.c_char_p), ctypes.POINTER(pointer)
            self.read_public = self.bound("d2i_PUBKEY", pointer, pointer, encoded, ctypes.c_long)
            self.write_public = self.bound("i2d_PUBKEY", number, pointer, into)
            self.read_private = self.bound("d2i_AutoPrivateKey", pointer, pointer, encoded, ctypes.c_long)
            self.write_private = self.bound("i2d_PrivateKey", number, pointer, into)
            self.free_key = self.bound("EVP_PKEY_free", None, pointer)
            self.new_digest = self.bound("EVP_MD_CTX_new", pointer)
            self.free_digest = self.bound("EVP_MD_CTX_free", None, pointer)
            self.new_context = self.bound("EVP_PKEY_CTX_new", pointer, pointer, pointer)
            self.free_context = self.bound("EVP_PKEY_CTX_free", None, pointer)
            self.set_id = self.bound("EVP_PKEY_CTX_set1_id", number, pointer, text, number)
            self.join = self.bound("EVP_MD_CTX_set_pkey_ctx", None, pointer, pointer)
            self.begin_verify = self.bound("EVP_DigestVerifyInit", number, pointer, pointer, pointer, pointer, pointer)
            self.verify = self.bound("EVP_DigestVerify", number, pointer, text, size, text, size)
            self.begin_sign = self.bound("EVP_DigestSignInit", number, pointer, pointer, pointer, pointer, pointer)
            self.sign = self.bound("EVP_DigestSign", number, pointer, text, ctypes.POINTER(size), text, size)
            self.wrap = self.bound("EVP_PKEY2PKCS8", pointer, pointer)
            self.free_wrapped = self.bound("PKCS8_PRIV_KEY_INFO_free", None, pointer)
            self.encrypt = self.bound(
                "PKCS8_encrypt", pointer, number, pointer, text, number, text, number, number, pointer
            )
            self.write_locked = self.bound("i2d_X509_SIG", number, pointer, into)
            self.free_locked = self.bound("X509_SIG_free", None, pointer)
            self.memory = self.bound("BIO_new_mem_buf", pointer, text, number)
            self.free_memory = self.bound("BIO_free", number, pointer)
            self.read_locked = self.bound("d2i_PKCS8PrivateKey_bio", pointer, pointer, pointer, pointer, text)
            self.free = self.bound("CRYPTO_free", None, pointer, text, number)
            self.sm3 = self.bound("EVP_sm3", pointer)()
            self.aes = self.bound("EVP_aes_256_cbc", pointer)()
        except (OSError, AttributeError):
            raise SuiteMissing("sm2") from None

    def bound(self, name: str, result: Any, *arguments: Any) -> Any:
        function = getattr(self.library, name)
        function.restype, function.argtypes = result, arguments
        return function

    @contextmanager
    def key(self, read: Any, encoded: bytes) -> Iterator[int | None]:
        """A key for as long as it lasts, or none for what holds none on the curve."""
        found = read(None, ctypes.byref(ctypes.c_char_p(encoded)), len(encoded))
        try:
            yield found
        finally:
            self.free_key(found)

    @contextmanager
    def begun(self, begin: Any, key: int) -> Iterator[int | None]:
        """A digest begun with a key, or none where that was not possible."""
        digest, context = self.new_digest(), self.new_context(key, None)
        try:
            # The id is hashed first of all, so it must be known before the digest begins.
            self.set_id(context, SM2_ID, len(SM2_ID))
            self.join(digest, context)
            yield digest if begin(digest, None, self.sm3, None, key) == 1 else None
        finally:
            self.free_digest(digest)
            self.free_context(context)

    def written(self, write: Any, what: int) -> bytes:
        """What OpenSSL writes of one of its own, in DER."""
        into = ctypes.c_void_p()
        length = write(what, ctypes.byref(into))
        content = ctypes.string_at(into, length) if length > 0 else b""
        self.free(into, None, 0)
        return content


@cache
def libcrypto() -> LibCrypto:
    """The system's libcrypto, once it has shown that it knows the curve and the digest. Raises SuiteMissing."""
    sm3(b"")
    library = LibCrypto()
    with library.key(library.read_public, PUBLIC + _GENERATOR) as key:
        if not key or not library.sm3:
            raise SuiteMissing("sm2")
    return library


PUBLIC: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")
"""SubjectPublicKeyInfo of a point on the SM2 curve, up to the point."""

_PRIVATE: Final = bytes.fromhex("3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420")
"""PKCS #8 of a private key on the SM2 curve, up to its 32 bytes."""

_SEC1: Final = bytes.fromhex("0201010420")
"""What stands before the 32 bytes in the form that OpenSSL writes, after two bytes of length."""

_GENERATOR: Final = bytes.fromhex(
    "0432c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)
"""A point that is on the curve for certain."""

_ORDER: Final = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123

_LONGEST: Final = 80
"""Bytes of a signature in DER, and a few more."""


def verified(point: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this key signed the message. Malformed input is a no. Raises SuiteMissing."""
    c = libcrypto()
    if len(point) != len(_GENERATOR):
        return False
    with c.key(c.read_public, PUBLIC + point) as key:
        if not key:
            return False
        with c.begun(c.begin_verify, key) as digest:
            return bool(digest) and bool(c.verify(digest, signature, len(signature), message, len(message)) == 1)


class Sm2PublicKey(NamedTuple):
    """SM2 公钥"""

    point: bytes

    def public_bytes_raw(self) -> bytes:
        return self.point


class Sm2PrivateKey:
    """SM2 私钥, with the methods of the Ed25519 key of ``cryptography``. Raises SuiteMissing, and ValueError for bytes
    that are no private key."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != 32 or not 0 < int.from_bytes(secret) < _ORDER - 1:
            raise ValueError("not an SM2 private key")
        self._secret = secret
        c = libcrypto()
        with self._key() as key:
            self._public = Sm2PublicKey(c.written(c.write_public, key)[len(PUBLIC) :])

    @classmethod
    def generate(cls) -> Self:
        return cls((1 + secrets.randbelow(_ORDER - 2)).to_bytes(32))

    @classmethod
    def from_private_bytes(cls, secret: bytes) -> Self:
        return cls(secret)

    @classmethod
    def unlocked(cls, pem: bytes, passphrase: bytes) -> Self:
        """From what ``locked`` wrote, or ``openssl genpkey -algorithm SM2 -aes256``. Raises ValueError for a wrong
        passphrase, and for a file that holds no such key."""
        armour = pem.strip().split(b"\n")
        if armour[0] != _BEGIN or armour[-1] != _END:
            raise ValueError("not an encrypted private key")
        encoded = b64decode(b"".join(armour[1:-1]))
        c = libcrypto()
        memory = c.memory(encoded, len(encoded))
        try:
            key = c.read_locked(memory, None, None, passphrase)
        finally:
            c.free_memory(memory)
        try:
            public, private = (c.written(w, key) if key else b"" for w in (c.write_public, c.write_private))
        finally:
            c.free_key(key)
        # Another curve's key has another head; and of this one we take nothing that does not give the same point.
        if not public.startswith(PUBLIC) or private[2:7] != _SEC1:
            raise ValueError("not an SM2 private key, or another passphrase")
        return cls(private[7:39])

    def sign(self, message: bytes) -> bytes:
        c = libcrypto()
        room, length = ctypes.create_string_buffer(_LONGEST), ctypes.c_size_t(_LONGEST)
        with self._key() as key, c.begun(c.begin_sign, key) as digest:
            if not digest or c.sign(digest, room, ctypes.byref(length), message, len(message)) != 1:
                raise SuiteMissing("sm2")
        return room.raw[: length.value]

    def public_key(self) -> Sm2PublicKey:
        return self._public

    def private_bytes_raw(self) -> bytes:
        return self._secret

    def locked(self, passphrase: bytes, rounds: int) -> bytes:
        """Encrypted, as PKCS #8 in PEM: PBKDF2 with HMAC-SHA-256 in so many rounds, AES-256."""
        c = libcrypto()
        salt = secrets.token_bytes(16)
        with self._key() as key, ExitStack() as kept:
            wrapped = c.wrap(key)
            kept.callback(c.free_wrapped, wrapped)
            locked = c.encrypt(-1, c.aes, passphrase, len(passphrase), salt, len(salt), rounds, wrapped)
            if not locked:
                raise SuiteMissing("sm2")
            kept.callback(c.free_locked, locked)
            encoded = c.written(c.write_locked, locked)
        return b"\n".join((_BEGIN, encodebytes(encoded).strip(), _END, b""))

    @contextmanager
    def _key(self) -> Iterator[int]:
        c = libcrypto()
        with c.key(c.read_private, _PRIVATE + self._secret) as key:
            if not key:
                raise ValueError("not an SM2 private key")
            yield key


_BEGIN: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_END: Final = b"-----END ENCRYPTED PRIVATE KEY-----"
