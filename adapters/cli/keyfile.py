"""密钥文件: a person's Ed25519 key, encrypted with a passphrase, on their own machine. It is made here and read here;
what leaves the file are signatures."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, load_ssh_private_key

from adapters.proofs.suites import to_text
from domain.command import refuse
from domain.keys import id_of
from domain.statements import PersonalSignature, Statement

ROUNDS = 64
"""Of bcrypt: what a guess at the passphrase costs whoever has stolen the file; about a second."""


class KeyFile:
    """密钥文件, open."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_key = to_text(private.public_key().public_bytes_raw())
        self.key = id_of(self.public_key)

    def sign(self, said: Statement) -> PersonalSignature:
        value = to_text(self._private.sign(bytes.fromhex(said.digest)))
        return PersonalSignature(key=self.key, statement=said.digest, value=value)


def new(file: Path, passphrase: str) -> KeyFile:
    """Makes a key and its file in the format of OpenSSH, which only its owner may read. Refused where a file is
    already."""
    private = Ed25519PrivateKey.generate()
    lock = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(ROUNDS).build(passphrase.encode())
    try:
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock))
    except OSError as error:
        refuse("key_file_not_written", f"不能写入 {file}({error.strerror});不会覆盖已有的文件")
    return KeyFile(private)


def read(file: Path, passphrase: str) -> KeyFile:
    """Opens a key's file. Refused for a wrong passphrase, and for a file that holds no such key."""
    try:
        private = load_ssh_private_key(file.read_bytes(), passphrase.encode())
    except OSError as error:
        refuse("key_file_unreadable", f"不能读取 {file}({error.strerror})")
    except (ValueError, TypeError):
        refuse("key_file_locked", "口令不对,或不是加密的密钥文件")
    if not isinstance(private, Ed25519PrivateKey):
        refuse("key_file_unreadable", "不是 Ed25519 密钥文件")
    return KeyFile(private)
