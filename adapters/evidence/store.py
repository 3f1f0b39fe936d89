"""佐证材料库: what a place to keep evidence must do, and what is the same wherever it is kept.

The bytes are kept exactly: their digest is what facts and signatures cover. So whatever a photo says about itself
(a JPEG's place and time) stays in it; whoever hands files on to the public must strip that from a copy.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Final, NamedTuple, Protocol

from adapters.evidence.media import media_type
from domain.ids import EvidenceId

LIMIT: Final = 20 << 20
"""Bytes a file may have unless the caller says otherwise."""

CHUNK: Final = 1 << 18
_ID = re.compile(r"evidence-[0-9a-f]{64}")


class EvidenceRefused(Exception):
    """``code`` is stable: ``evidence_too_large``, ``evidence_empty``, ``evidence_type``, ``evidence_missing``,
    ``evidence_damaged``. ``sentence`` is for the person, in Chinese."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class Evidence(NamedTuple):
    """材料: what a fact says about a file. ``size`` in bytes."""

    id: EvidenceId
    size: int
    media_type: str


class Opened(NamedTuple):
    """A kept file, open. Whoever opened it reads ``chunks`` to the end or closes ``stream``."""

    evidence: Evidence
    stream: IO[bytes]

    def chunks(self) -> Iterator[bytes]:
        """The bytes; the stream is closed when they end, or when whoever reads them stops."""
        with self.stream:
            while chunk := self.stream.read(CHUNK):
                yield chunk


class EvidenceStore(Protocol):
    """Where evidence is kept. Each call blocks on its disk or network: run it in a thread."""

    def put(self, stream: BinaryIO, *, limit: int = LIMIT) -> Evidence:
        """Keep the file; the same bytes again are the same evidence and are kept once. Raises EvidenceRefused for
        one that is empty, larger than ``limit`` bytes or of a type that is not taken, and then keeps nothing."""

    def find(self, id: EvidenceId) -> Evidence:
        """Raises EvidenceRefused ``evidence_missing``."""

    def open(self, id: EvidenceId) -> Opened:
        """Raises EvidenceRefused ``evidence_missing``."""

    def verify(self, id: EvidenceId) -> Evidence:
        """Read it all and hold it against its digest. Raises EvidenceRefused ``evidence_missing`` or
        ``evidence_damaged``."""


@contextmanager
def received(stream: BinaryIO, limit: int, folder: Path | None = None) -> Iterator[tuple[Evidence, IO[bytes], Path]]:
    """The stream as a temporary file in ``folder``, measured and recognised; gone afterwards unless it was moved."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False) as file:
        path = Path(file.name)
        try:
            digest, size = hashlib.sha256(), 0
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise EvidenceRefused("evidence_too_large", f"文件超过{limit / (1 << 20):g}MB,请压缩后再上传")
                digest.update(chunk)
                file.write(chunk)
            if not size:
                raise EvidenceRefused("evidence_empty", "文件是空的,请重新选择")
            kind = media_type(file)
            if kind is None:
                raise EvidenceRefused(
                    "evidence_type",
                    "无法接收这种文件:只收 JPEG、PNG、WebP 图片,PDF、OFD 文件,不含宏的 Word(docx)、Excel(xlsx)文件,"
                    "以及 MP4 视频",
                )
            yield Evidence(EvidenceId(f"evidence-{digest.hexdigest()}"), size, kind), file, path
        finally:
            path.unlink(missing_ok=True)


def verified(opened: Opened) -> Evidence:
    """Raises EvidenceRefused ``evidence_damaged`` when the bytes are not those of the digest."""
    digest = hashlib.sha256()
    for chunk in opened.chunks():
        digest.update(chunk)
    if opened.evidence.id != f"evidence-{digest.hexdigest()}":
        raise EvidenceRefused("evidence_damaged", "材料内容与登记的摘要不符,文件已损坏或被改动")
    return opened.evidence


def digest_of(id: EvidenceId) -> str:
    """The digest in hex. Raises EvidenceRefused for an id that is none: nothing else becomes part of a path."""
    if not _ID.fullmatch(id):
        raise missing()
    return id.removeprefix("evidence-")


def missing() -> EvidenceRefused:
    return EvidenceRefused("evidence_missing", "没有找到这份材料")
