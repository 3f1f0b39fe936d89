"""默克尔树 of RFC 6962 over SHA-256 or another hash, pure: roots, proofs that an entry is in a tree, proofs that one
tree continues another, and their verification.

A tree is asked through ``Nodes``: a function from (level, index) to the hash of the complete subtree over the entries
``[index << level, (index + 1) << level)``. Hashes are 32 bytes; indexes start at 0.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Protocol

Nodes = Callable[[int, int], bytes]


class Digest(Protocol):
    """摘要, begun."""

    def digest(self) -> bytes: ...


Algorithm = Callable[[bytes], Digest]
"""摘要算法: what a tree is hashed with, such as ``hashlib.sha256``; its digests have 32 bytes."""


def leaf_hash(entry: bytes, algorithm: Algorithm = sha256) -> bytes:
    return algorithm(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes, algorithm: Algorithm = sha256) -> bytes:
    return algorithm(b"\1" + left + right).digest()


def empty_root(algorithm: Algorithm = sha256) -> bytes:
    """The root of a tree without entries."""
    return algorithm(b"").digest()


EMPTY = empty_root()


def complete(hashes: Sequence[bytes], algorithm: Algorithm = sha256) -> bytes:
    """The root of a complete subtree whose nodes at some level are these; their number is a power of two."""
    while len(hashes) > 1:
        pairs = iter(hashes)
        # Written out: a million calls of node_hash take as long again as the hashing.
        hashes = [algorithm(b"\1" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return hashes[0]


class Frontier:
    """前沿: all that is needed of a tree to append to it and to know its root: its complete subtrees, widest first."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = (), algorithm: Algorithm = sha256) -> None:
        self.size = size
        self.peaks = list(peaks)
        self.algorithm = algorithm

    @classmethod
    def of(cls, nodes: Nodes, size: int, algorithm: Algorithm = sha256) -> "Frontier":
        """The frontier of a tree of this size."""
        return cls(size, [nodes(level, index) for level, index in peaks(size)], algorithm)

    def append(self, node: bytes, level: int = 0) -> None:
        """Append a leaf's hash, or a whole complete subtree of 2**level entries where no smaller one stands."""
        index = self.size >> level
        while index & 1:
            node = self.algorithm(b"\1" + self.peaks.pop() + node).digest()
            index >>= 1
        self.peaks.append(node)
        self.size += 1 << level

    def root(self) -> bytes:
        if not self.peaks:
            return empty_root(self.algorithm)
        *wider, root = self.peaks
        for peak in reversed(wider):
            root = node_hash(peak, root, self.algorithm)
        return root


def peaks(size: int) -> Iterator[tuple[int, int]]:
    """(level, index) of the complete subtrees a tree of this size consists of, widest first."""
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            yield level, start >> level
            start += 1 << level


def root(nodes: Nodes, size: int, algorithm: Algorithm = sha256) -> bytes:
    return Frontier.of(nodes, size, algorithm).root()


def inclusion_proof(nodes: Nodes, index: int, size: int, algorithm: Algorithm = sha256) -> list[bytes]:
    """The hashes from the leaf's sibling up to the root's child. Raises ValueError for an index outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"there is no entry {index} in a tree of {size}")
    beside: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    return [_subtree(nodes, *span, algorithm) for span in reversed(beside)]


def consistency_proof(nodes: Nodes, old: int, new: int, algorithm: Algorithm = sha256) -> list[bytes]:
    """What shows that the tree of ``new`` entries continues the one of ``old``; nothing for none or for all of them.

    Raises ValueError when ``new`` is the smaller.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not continue one of {old}")
    if old in (0, new):
        return []
    spans: list[tuple[int, int]] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return [_subtree(nodes, *span, algorithm) for span in reversed(spans)]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, algorithm: Algorithm = sha256
) -> bool:
    """Whether the entry with this leaf hash stands at ``index`` of the tree of ``size`` entries with this root."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    node = leaf
    for beside in proof:
        if not last:
            return False
        if place & 1 or place == last:
            node = node_hash(beside, node, algorithm)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, beside, algorithm)
        place, last = place >> 1, last >> 1
    return not last and node == root


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], algorithm: Algorithm = sha256
) -> bool:
    """Whether the tree of ``new`` entries begins with the very entries of the tree of ``old``."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == empty_root(algorithm)
    hashes = list(proof)
    if not old & (old - 1):
        hashes.insert(0, old_root)
    if not hashes:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = hashes[0]
    for beside in hashes[1:]:
        if not last:
            return False
        if place & 1 or place == last:
            before, after = node_hash(beside, before, algorithm), node_hash(beside, after, algorithm)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, beside, algorithm)
        place, last = place >> 1, last >> 1
    return not last and before == old_root and after == new_root


def _split(width: int) -> int:
    """The largest power of two smaller than ``width``."""
    return 1 << (width - 1).bit_length() - 1


def _subtree(nodes: Nodes, start: int, end: int, algorithm: Algorithm) -> bytes:
    """The root over the entries [start, end), where start is a multiple of a power of two not less than the width."""
    frontier = Frontier(algorithm=algorithm)
    for level, index in peaks(end - start):
        frontier.append(nodes(level, (start >> level) + index), level)
    return frontier.root()
