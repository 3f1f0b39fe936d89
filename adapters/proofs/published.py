"""对外日志: a sealed log as its folder shows it to anyone who reads: its checkpoint, its tiles, proofs from them."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.proofs import merkle
from adapters.proofs.entries import Entry
from adapters.proofs.merkle import Algorithm
from adapters.proofs.notes import Checkpoint, Note
from adapters.proofs.receipts import Proof
from adapters.proofs.sm2 import sm3
from adapters.proofs.tiles import Tiles, Tree

CHECKPOINT: Final = "checkpoint"
SECOND: Final = "sm"
"""The second log's folder within the first's, the last part of its path over HTTP and of its origin."""


class PublishedLog:
    """Reads only, so any process may, while another one seals."""

    def __init__(self, folder: Path, algorithm: Algorithm = sha256) -> None:
        self.folder = folder
        self.tiles = Tiles(folder, algorithm)

    @property
    def second(self) -> "PublishedLog":
        """国密日志: the log over the same facts with SM3 and SM2, where a place's policy asks for one."""
        return PublishedLog(self.folder / SECOND, sm3)

    @property
    def both(self) -> "tuple[PublishedLog, ...]":
        """This log, and the second if that has published."""
        return (self, self.second) if self.second.note() else (self,)

    def note(self) -> str | None:
        """The published checkpoint with its cosignatures; none before the first."""
        try:
            return (self.folder / CHECKPOINT).read_text("utf-8")
        except FileNotFoundError:
            return None

    def checkpoint(self) -> tuple[Checkpoint, str] | None:
        """The published checkpoint, and the note it is from."""
        note = self.note()
        return (Checkpoint.parse(Note.parse(note).text), note) if note else None

    def tree(self, size: int) -> Tree:
        return Tree(self.tiles, size)

    def receipt(self, entry: Entry) -> Proof | None:
        """The proof of an entry, which it carries; none while it is not sealed.

        It is not compared with the log here: whoever keeps it does that.
        """
        found = self.proofs([entry.position])
        return found[0]._replace(extra=entry.content) if found else None

    def proofs(self, positions: list[int]) -> list[Proof] | None:
        """A proof for each position, all to the same checkpoint; none when one of them is not sealed yet."""
        published = self.checkpoint()
        if published is None or max(positions, default=0) > published[0].size:
            return None
        checkpoint, note = published
        nodes, size, algorithm = self.tree(checkpoint.size).nodes, checkpoint.size, self.tiles.algorithm
        return [Proof(at - 1, tuple(merkle.inclusion_proof(nodes, at - 1, size, algorithm)), note) for at in positions]
