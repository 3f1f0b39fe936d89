"""The tree against the words of RFC 6962, against its published vectors, and against an independent verifier."""

from functools import cache
from hashlib import sha256

import proofbundle.merkle as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.proofs.merkle import (
    EMPTY,
    Frontier,
    complete,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

VECTORS = [
    ("", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    ("00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    ("10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
    ("2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    ("3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
    ("40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
    ("5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
    ("606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
]
"""The entries that Certificate Transparency is tried with, and the root after each."""

MOST = 256
LEAVES = [leaf_hash(b"%d" % number) for number in range(MOST)]


@cache
def mth(start: int, end: int) -> bytes:
    """MTH(D[start:end]), as RFC 6962 section 2.1 defines it."""
    if end == start:
        return sha256(b"").digest()
    if end - start == 1:
        return LEAVES[start]
    middle = start + split(end - start)
    return sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()


def path(index: int, start: int, end: int) -> list[bytes]:
    """PATH, section 2.1.1."""
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*path(index, start, middle), mth(middle, end)]
    return [*path(index, middle, end), mth(start, middle)]


def proof(old: int, start: int, end: int, whole: bool) -> list[bytes]:
    """SUBPROOF, section 2.1.2."""
    if old == end:
        return [] if whole else [mth(start, end)]
    middle = start + split(end - start)
    if old <= middle:
        return [*proof(old, start, middle, whole), mth(middle, end)]
    return [*proof(old, middle, end, False), mth(start, middle)]


def split(width: int) -> int:
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def nodes(level: int, index: int) -> bytes:
    return mth(index << level, (index + 1) << level)


def test_the_published_vectors_come_out() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY
    for entry, expected in VECTORS:
        frontier.append(leaf_hash(bytes.fromhex(entry)))
        assert frontier.root().hex() == expected


@pytest.mark.parametrize("part", range(8))
def test_every_proof_for_every_size_to_256_is_as_the_rfc_defines_it_and_verifies(part: int) -> None:
    for size in range(1 + part, MOST + 1, 8):
        assert root(nodes, size) == mth(0, size)
        for index in range(size):
            found = inclusion_proof(nodes, index, size)
            assert found == path(index, 0, size)
            assert verify_inclusion(LEAVES[index], index, size, found, mth(0, size))
        for old in range(1, size + 1):
            found = consistency_proof(nodes, old, size)
            assert found == proof(old, 0, size, True)
            assert verify_consistency(old, size, mth(0, old), mth(0, size), found)


def test_an_independent_verifier_accepts_the_proofs() -> None:
    for size in (1, 2, 3, 7, 8, 100, 255, 256):
        for index in range(0, size, 7):
            found = inclusion_proof(nodes, index, size)
            assert independent.verify_inclusion(b"%d" % index, index, size, found, mth(0, size))
        for old in range(1, size, 5):
            found = consistency_proof(nodes, old, size)
            assert independent.verify_consistency(old, size, found, mth(0, old), mth(0, size))


sizes = st.integers(1, MOST)


@given(sizes, st.data())
def test_a_proof_holds_for_nothing_but_what_it_was_made_for(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    found = inclusion_proof(nodes, index, size)
    whole = mth(0, size)
    other = data.draw(st.integers(0, MOST - 1).filter(lambda one: one != index))
    assert not verify_inclusion(LEAVES[other], index, size, found, whole)
    assert not verify_inclusion(LEAVES[index], other, size, found, whole)
    assert not verify_inclusion(LEAVES[index], index, size, [*found, whole], whole)
    assert not found or not verify_inclusion(LEAVES[index], index, size, found[:-1], whole)
    assert not verify_inclusion(LEAVES[index], index, size, found, bytes(32))


@given(sizes, st.data())
def test_a_tree_that_was_rewritten_is_never_consistent(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    found = consistency_proof(nodes, old, size)
    assert not verify_consistency(old, size, bytes(32), mth(0, size), found)
    assert not verify_consistency(old, size, mth(0, old), bytes(32), found)
    assert not verify_consistency(old, size, mth(0, old), mth(0, size), [*found, bytes(32)])
    if found:
        broken = data.draw(st.integers(0, len(found) - 1))
        wrong = [bytes(32) if at == broken else one for at, one in enumerate(found)]
        assert not verify_consistency(old, size, mth(0, old), mth(0, size), wrong)


@given(st.integers(0, 20), st.integers(0, 7))
def test_a_whole_subtree_is_appended_like_its_leaves(before: int, level: int) -> None:
    start = before << level
    if start + (1 << level) > MOST:
        return
    frontier = Frontier.of(nodes, start)
    frontier.append(complete(LEAVES[start : start + (1 << level)]), level)
    assert frontier.size == start + (1 << level)
    assert frontier.root() == mth(0, frontier.size)


def test_there_is_no_proof_for_what_is_not_in_the_tree() -> None:
    with pytest.raises(ValueError, match="no entry"):
        inclusion_proof(nodes, 5, 5)
    with pytest.raises(ValueError, match="does not continue"):
        consistency_proof(nodes, 6, 5)
    assert not verify_inclusion(LEAVES[0], 5, 5, [], LEAVES[0])
    assert not verify_consistency(6, 5, EMPTY, EMPTY, [])
    assert verify_consistency(0, 5, EMPTY, mth(0, 5), [])
    assert not verify_consistency(0, 5, bytes(32), mth(0, 5), [])
