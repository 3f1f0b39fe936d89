"""密钥文件: a person's Ed25519 or SM2 key, encrypted with a passphrase, on their own machine. It is made here and read
here; what leaves the file are signatures.

An Ed25519 key is in the format of OpenSSH, an SM2 key in PKCS #8, so that the machine's own tools open them too.
"""

import os
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, load_ssh_private_key

from adapters.proofs.sm2 import Sm2PrivateKey, SuiteMissing
from adapters.proofs.suites import to_text
from domain.command import refuse
from domain.keys import id_of
from domain.statements import PersonalSignature, Statement

ROUNDS = 64
"""Of bcrypt: what a guess at the passphrase costs whoever has stolen the file; about a second."""

SM2_ROUNDS = 2_000_000
"""Of PBKDF2 with HMAC-SHA-256, to the same end."""

KeySuite = Literal["ed25519", "sm2"]
"""What a key file may hold."""


class KeyFile:
    """密钥文件, open."""

    def __init__(self, private: Ed25519PrivateKey | Sm2PrivateKey) -> None:
        self._private = private
        self.suite: KeySuite = "sm2" if isinstance(private, Sm2PrivateKey) else "ed25519"
        self.public_key = to_text(private.public_key().public_bytes_raw())
        self.key = id_of(self.public_key)

    def sign(self, said: Statement) -> PersonalSignature:
        value = to_text(self._private.sign(bytes.fromhex(said.digest)))
        return PersonalSignature(key=self.key, statement=said.digest, value=value)


def new(file: Path, passphrase: str, suite: KeySuite = "ed25519") -> KeyFile:
    """Makes a key and its file, which only its owner may read. Refused where a file is already, and for SM2 where this
    machine has none."""
    private, locked = _sm2(passphrase) if suite == "sm2" else _ed25519(passphrase)
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(locked)
    except OSError as error:
        refuse("key_file_not_written", f"不能写入 {file}({error.strerror});不会覆盖已有的文件")
    return KeyFile(private)


def _ed25519(passphrase: str) -> tuple[Ed25519PrivateKey, bytes]:
    private = Ed25519PrivateKey.generate()
    lock = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(ROUNDS).build(passphrase.encode())
    return private, private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock)


def _sm2(passphrase: str) -> tuple[Sm2PrivateKey, bytes]:
    try:
        private = Sm2PrivateKey.generate()
        return private, private.locked(passphrase.encode(), SM2_ROUNDS)
    except SuiteMissing:
        refuse("suite_missing", NO_SM2)


def read(file: Path, passphrase: str) -> KeyFile:
    """Opens a key's file. Refused for a wrong passphrase, and for a file that holds no such key."""
    try:
        content = file.read_bytes()
        private: object
        if content.startswith(_OPENSSH):
            private = load_ssh_private_key(content, passphrase.encode())
        else:
            private = Sm2PrivateKey.unlocked(content, passphrase.encode())
    except OSError as error:
        refuse("key_file_unreadable", f"不能读取 {file}({error.strerror})")
    except SuiteMissing:
        refuse("suite_missing", NO_SM2)
    except (ValueError, TypeError):
        refuse("key_file_locked", "口令不对,或不是加密的密钥文件")
    if not isinstance(private, Ed25519PrivateKey | Sm2PrivateKey):
        refuse("key_file_unreadable", "不是 Ed25519 或 SM2 密钥文件")
    return KeyFile(private)


_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
NO_SM2 = "本机的 OpenSSL 不支持 SM2"
