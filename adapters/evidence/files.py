"""佐证材料库,存于文件夹: ``3f/9a/3f9a….`` by digest, read-only, written whole or not at all."""

import os
import time
from pathlib import Path
from typing import BinaryIO, Final

from adapters.evidence.media import media_type
from adapters.evidence.store import LIMIT, Evidence, Opened, digest_of, missing, received, verified
from domain.ids import EvidenceId

_ABANDONED: Final = 24 * 3600.0


class FileEvidence:
    """Evidence in a folder of this machine. ``folder`` is made when it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._incoming = self._folder / "incoming"
        self._incoming.mkdir(mode=0o750, parents=True, exist_ok=True)
        # What an upload left behind when the machine went down under it.
        for path in self._incoming.glob("incoming-*"):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink(missing_ok=True)

    def put(self, stream: BinaryIO, *, limit: int = LIMIT) -> Evidence:
        with received(stream, limit, self._incoming) as (evidence, file, incoming):
            path = self._path(evidence.id)
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            file.flush()
            os.fchmod(file.fileno(), 0o440)
            os.fsync(file.fileno())
            # Over the same bytes if they are there already: a damaged copy is healed by sending it again.
            incoming.replace(path)
            for folder in (path.parent, path.parent.parent, self._folder):
                _settle(folder)
        return evidence

    def find(self, id: EvidenceId) -> Evidence:
        opened = self.open(id)
        opened.stream.close()
        return opened.evidence

    def open(self, id: EvidenceId) -> Opened:
        try:
            file = self._path(id).open("rb")
        except FileNotFoundError:
            raise missing() from None
        try:
            # A damaged file may have lost its type as well; it is still handed out, as bytes.
            kind = media_type(file) or "application/octet-stream"
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return Opened(Evidence(id, size, kind), file)

    def verify(self, id: EvidenceId) -> Evidence:
        return verified(self.open(id))

    def _path(self, id: EvidenceId) -> Path:
        digest = digest_of(id)
        return self._folder / digest[:2] / digest[2:4] / digest


def _settle(folder: Path) -> None:
    """Have the folder's entries on the disk, so that what is acknowledged is found after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
