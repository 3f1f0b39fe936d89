"""签名文书: signed notes, checkpoints and cosignatures of C2SP, with Ed25519 or SM2; written and read to the letter.

A key signs either notes (a log) or cosignatures with the time (a witness), never both: its kind is part of its name.
"""

import os
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from adapters.proofs.files import write_new
from adapters.proofs.merkle import Algorithm
from adapters.proofs.sm2 import Sm2PrivateKey, sm3, verified

LOG: Final = 0x01
WITNESS: Final = 0x04
SM_LOG: Final = 0xFF
"""Signature types: Ed25519 over the note's text, and over the text with the time (cosignature/v1); and SM2 over the
text, which has no number of C2SP's own: that type is said by a name after the byte."""

_SM_NAME: Final = b"SM2 with SM3, GB/T 32918.2, over a note\n"
_KEYS: Final[dict[int, type[Ed25519PrivateKey | Sm2PrivateKey]]] = {
    LOG: Ed25519PrivateKey,
    WITNESS: Ed25519PrivateKey,
    SM_LOG: Sm2PrivateKey,
}
_WIDTHS: Final = {LOG: 32, WITNESS: 32, SM_LOG: 65}
"""Bytes of a public key; of a private one always 32."""

LONGEST: Final = 256 << 10
MOST_SIGNATURES: Final = 64
"""More than any county's witnesses come to; a stranger's note may cost us no more."""

_NAME = re.compile(r"[^\s+]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class BadNote(ValueError):
    """It is not a note, a checkpoint or a key, or a signature of a known key on it is wrong."""


class Signature(NamedTuple):
    """签名: one line under a note."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"\u2014 {self.name} {base64(self.key_id + self.blob)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Raises BadNote."""
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not _NAME.fullmatch(parts[1]):
            raise BadNote(f"not a signature line: {line[:80]!r}")
        blob = unbase64(parts[2])
        if len(blob) < 5:
            raise BadNote("a signature is too short")
        return cls(parts[1], blob[:4], blob[4:])


class Note(NamedTuple):
    """文书: a text that ends in a newline, and the signatures under it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, content: str | bytes) -> Self:
        """Raises BadNote for whatever is not a note to the letter."""
        if len(content) > LONGEST:
            raise BadNote("the note is too long")
        try:
            whole = content if isinstance(content, str) else content.decode("utf-8")
            whole.encode("utf-8")
        except UnicodeError:
            raise BadNote("the note is not UTF-8") from None
        if _CONTROL.search(whole):
            raise BadNote("the note contains control characters")
        text, gap, under = whole.rpartition("\n\n")
        if not gap or not under.endswith("\n"):
            raise BadNote("the note has no signatures")
        lines = under[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise BadNote("the note has too many signatures")
        return cls(f"{text}\n", tuple(Signature.parse(line) for line in lines))


class Checkpoint(NamedTuple):
    """检查点: the root of a log at a size. ``text`` is what is signed."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in (self.origin, self.size, base64(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadNote."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines):
            raise BadNote("a checkpoint has at least three lines, none empty")
        origin, size, root, *extensions = lines
        if len(hash_ := unbase64(root)) != 32:
            raise BadNote("a root hash has 32 bytes")
        return cls(origin, number(size), hash_, tuple(extensions))


class Verifier(NamedTuple):
    """公钥: who signs, in what way, and the key to check it by. As text it is a C2SP verifier key.

    A log that signs with SM2 has a tree of SM3, another one a tree of SHA-256.
    """

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        return sha256(f"{self.name}\n".encode() + _head(self.kind) + self.public).digest()[:4]

    @property
    def algorithm(self) -> Algorithm:
        """What the log's tree is hashed with."""
        return sm3 if self.kind == SM_LOG else sha256

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64(_head(self.kind) + self.public)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Raises BadNote for anything but a key of a log or of a witness whose id is its own."""
        name, _, rest = vkey.partition("+")
        key_id, _, material = rest.partition("+")
        kind, public = _parted(unbase64(material))
        if not _NAME.fullmatch(name) or len(public) != _WIDTHS[kind]:
            raise BadNote(f"not a verifier key: {vkey[:80]!r}")
        verifier = cls(name, kind, public)
        if key_id != verifier.key_id.hex():
            raise BadNote(f"the id of the key {name!r} is not its own")
        return verifier

    def verify(self, text: str, signature: Signature) -> datetime | None:
        """Check a signature of this key over a note's text; a cosignature tells its time. Raises BadNote, and
        SuiteMissing where this machine has no SM2."""
        blob, at, message = signature.blob, None, text
        if self.kind == SM_LOG:
            if not verified(self.public, text.encode(), blob):
                raise BadNote(f"the signature of {self.name!r} is wrong")
            return None
        if self.kind == WITNESS:
            if len(blob) != 72:
                raise BadNote(f"the cosignature of {self.name!r} has not the right length")
            seconds, blob = int.from_bytes(blob[:8]), blob[8:]
            message = cosigned(text, seconds)
            try:
                at = datetime.fromtimestamp(seconds, UTC)
            except (ValueError, OverflowError, OSError):
                raise BadNote(f"the cosignature of {self.name!r} has no time") from None
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message.encode())
        except InvalidSignature:
            raise BadNote(f"the signature of {self.name!r} is wrong") from None
        return at


def signed_by(note: Note, known: Iterable[Verifier]) -> dict[Verifier, datetime | None]:
    """Which of the known keys signed the note, and when where they say so. Raises BadNote if one of them did wrongly:
    such a note is malformed, whatever else is under it."""
    by_name = {(verifier.name, verifier.key_id): verifier for verifier in known}
    signers: dict[Verifier, datetime | None] = {}
    for signature in note.signatures:
        verifier = by_name.get((signature.name, signature.key_id))
        if verifier is not None:
            signers[verifier] = verifier.verify(note.text, signature)
    return signers


class Signer:
    """私钥: signs as one name, in one way."""

    def __init__(self, name: str, kind: int, private: Ed25519PrivateKey | Sm2PrivateKey) -> None:
        if not _NAME.fullmatch(name):
            raise BadNote(f"not a name for a key: {name!r}")
        self.private = private
        self.verifier = Verifier(name, kind, private.public_key().public_bytes_raw())

    @classmethod
    def new(cls, name: str, kind: int) -> Self:
        """Raises SuiteMissing where this machine has no SM2."""
        return cls(name, kind, _KEYS[kind].generate())

    @classmethod
    def parse(cls, secret: str) -> Self:
        """From a key file's line, ``PRIVATE+KEY+name+id+base64``. Raises BadNote."""
        parts = secret.strip().split("+", 4)
        if parts[:2] != ["PRIVATE", "KEY"] or len(parts) != 5:
            raise BadNote("not a private key")
        kind, private = _parted(unbase64(parts[4]))
        try:
            signer = cls(parts[2], kind, _KEYS[kind].from_private_bytes(private))
        except ValueError:
            raise BadNote("not a private key") from None
        if parts[3] != signer.verifier.key_id.hex():
            raise BadNote("the id of the private key is not its own")
        return signer

    @classmethod
    def kept(cls, file: Path, name: str, kind: int) -> Self:
        """The key in a file that only its owner can read; made, with this name, where there is none yet.

        Raises BadNote when the file holds a key of another kind, or can be read by others.
        """
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            new = cls.new(name, kind)
            write_new(file, f"{new._secret()}\n".encode(), mode=0o600)
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise BadNote(f"the private key {file} can be read by others")
        signer = cls.parse(file.read_text("ascii"))
        if signer.verifier.kind != kind:
            raise BadNote(f"the private key {file} is of another kind")
        return signer

    def sign(self, text: str, at: datetime | None = None) -> Signature:
        """The signature line under a note. A witness's key needs the time, a log's must not have one."""
        verifier = self.verifier
        if (verifier.kind == WITNESS) != (at is not None):
            raise ValueError("a witness signs with the time, a log without")
        if at is None:
            return Signature(verifier.name, verifier.key_id, self.private.sign(text.encode()))
        seconds = int(at.timestamp())
        blob = seconds.to_bytes(8) + self.private.sign(cosigned(text, seconds).encode())
        return Signature(verifier.name, verifier.key_id, blob)

    def _secret(self) -> str:
        verifier = self.verifier
        blob = _head(verifier.kind) + self.private.private_bytes_raw()
        return f"PRIVATE+KEY+{verifier.name}+{verifier.key_id.hex()}+{base64(blob)}"


def _head(kind: int) -> bytes:
    """What stands before a key to say its type."""
    return bytes((kind,)) + (_SM_NAME if kind == SM_LOG else b"")


def _parted(blob: bytes) -> tuple[int, bytes]:
    """The type of a key, and the key. Raises BadNote."""
    for kind in _KEYS:
        if blob.startswith(_head(kind)):
            return kind, blob.removeprefix(_head(kind))
    raise BadNote("a key of an unknown type")


def cosigned(text: str, seconds: int) -> str:
    """What a witness signs."""
    return f"cosignature/v1\ntime {seconds}\n{text}"


def base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def unbase64(text: str) -> bytes:
    """Strictly: only what ``base64`` writes. Raises BadNote."""
    try:
        content = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        raise BadNote("not base64") from None
    if base64(content) != text:
        raise BadNote("not canonical base64")
    return content


def number(text: str) -> int:
    """A decimal without leading zeros. Raises BadNote."""
    if not _NUMBER.fullmatch(text):
        raise BadNote(f"not a number: {text[:40]!r}")
    return int(text)
