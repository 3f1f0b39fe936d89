"""回执: the proof that one fact is in a log that others watch, as a tlog-proof file that its author can keep."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from adapters.proofs import merkle
from adapters.proofs.entries import Entry, entry_at
from adapters.proofs.notes import BadNote, base64, number, unbase64
from adapters.proofs.policy import Accepted, Policy
from adapters.proofs.verdict import Unproven

_FIRST: Final = "c2sp.org/tlog-proof@v1\n"
_DEEPEST: Final = 63


class Proof(NamedTuple):
    """存在证明: an entry's index, its inclusion proof, and the checkpoint it leads to; ``extra`` proves nothing."""

    place: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = "" if self.extra is None else f"extra {base64(self.extra)}\n"
        hashes = "".join(f"{base64(hash_)}\n" for hash_ in self.hashes)
        return f"{_FIRST}{extra}index {self.place}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Raises Unproven (bad_proof)."""
        head, gap, checkpoint = text.partition("\n\n")
        first, *lines = head.split("\n")
        extra = None
        try:
            if not gap or f"{first}\n" != _FIRST:
                raise BadNote("not a tlog-proof")
            if lines and lines[0].startswith("extra "):
                extra = unbase64(lines.pop(0).removeprefix("extra "))
            if not lines or not lines[0].startswith("index "):
                raise BadNote("there is no index")
            place = number(lines.pop(0).removeprefix("index "))
            hashes = tuple(map(unbase64, lines))
            if len(hashes) > _DEEPEST or any(len(hash_) != 32 for hash_ in hashes):
                raise BadNote("not an inclusion proof")
        except BadNote as error:
            raise Unproven("bad_proof", f"存在证明无效:{error}") from None
        return cls(place, hashes, checkpoint, extra)

    def verify(self, entry: Entry, accepted: Accepted) -> None:
        """Check that the entry is in the accepted checkpoint's tree at its own position. Raises Unproven."""
        tree, algorithm = accepted.checkpoint, accepted.algorithm
        leaf = merkle.leaf_hash(entry.content, algorithm)
        if self.place != entry.position - 1 or not merkle.verify_inclusion(
            leaf, self.place, tree.size, self.hashes, tree.root, algorithm
        ):
            raise Unproven("not_in_log", f"第{entry.position}号事实与检查点不符", entry.position)


def together(proofs: Sequence[Proof]) -> str:
    """Proofs one after another, as one text: what they share is then stored once when it is compressed."""
    return "".join(map(str, proofs))


def apart(text: str) -> list[Proof]:
    """The proofs that ``together`` wrote. Raises Unproven."""
    before, *proofs = f"\n{text}".split(f"\n{_FIRST}")
    if before:
        raise Unproven("bad_proof", "存在证明无效:开头不对")
    last = len(proofs) - 1
    return [Proof.parse(f"{_FIRST}{proof}" + ("\n" if at != last else "")) for at, proof in enumerate(proofs)]


def verify_receipt(text: str, policy: Policy) -> tuple[Entry, Accepted]:
    """The entry that a receipt carries, and the checkpoint by which it is proven. Raises Unproven."""
    proof = Proof.parse(text)
    accepted = policy.accept(proof.checkpoint)
    if proof.extra is None:
        raise Unproven("no_entry", "回执中没有事实内容,无从核对")
    entry = entry_at(proof.place + 1, proof.extra)
    proof.verify(entry, accepted)
    return entry, accepted
