"""Tiles are laid out as the specification says, and whatever a tree needs can be read back from them."""

from hashlib import sha256
from pathlib import Path

import pytest

from adapters.proofs.merkle import Frontier, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from adapters.proofs.tiles import Edge, TileMissing, Tiles, Tree, tile_path

LEAVES = [sha256(b"%d" % number).digest() for number in range(70_000)]


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((0, 0), "tile/0/000"),
        ((0, 5), "tile/0/005"),
        ((1, 1234067), "tile/1/x001/x234/067"),
        ((0, 999), "tile/0/999"),
        ((0, 1000), "tile/0/x001/000"),
        ((2, 0, 12), "tile/2/000.p/12"),
        (("entries", 1000, 255), "tile/entries/x001/000.p/255"),
    ],
)
def test_the_paths_are_those_of_the_specification(place: tuple[int, int], path: str) -> None:
    assert tile_path(*place) == path


def grown(folder: Path, *sizes: int) -> Tiles:
    tiles = Tiles(folder)
    edge = Edge(tiles, 0)
    for size in sizes:
        for leaf in LEAVES[edge.size : size]:
            edge.append(leaf)
        edge.settle()
    edge.tidy()
    return tiles


def root_of(size: int) -> bytes:
    frontier = Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(leaf)
    return frontier.root()


def test_a_log_of_seventy_thousand_has_the_tiles_the_specification_counts(tmp_path: Path) -> None:
    tiles = grown(tmp_path, 70_000)
    files = {
        str(file.relative_to(tmp_path)): file.stat().st_size // 32 for file in tmp_path.rglob("*") if file.is_file()
    }
    assert sum(width == 256 for path, width in files.items() if path.startswith("tile/0")) == 273
    partial = {path: width for path, width in files.items() if ".p" in path}
    assert partial == {"tile/0/273.p/112": 112, "tile/1/001.p/17": 17, "tile/2/000.p/1": 1}
    tree = Tree(tiles, 70_000)
    root = root_of(70_000)
    assert Frontier.of(tree.nodes, 70_000).root() == root
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        proof = inclusion_proof(tree.nodes, index, 70_000)
        assert verify_inclusion(LEAVES[index], index, 70_000, proof, root)
    for old in (1, 256, 65_535, 65_537, 69_999):
        proof = consistency_proof(tree.nodes, old, 70_000)
        assert verify_consistency(old, 70_000, root_of(old), root, proof)


def test_a_tree_grows_the_same_however_often_it_was_taken_up_again(tmp_path: Path) -> None:
    tiles = Tiles(tmp_path)
    before = 0
    for size in (1, 2, 255, 256, 257, 600, 1024, 1300):
        edge = Edge(tiles, before)
        for leaf in LEAVES[edge.size : size]:
            edge.append(leaf)
        edge.settle()
        before = size
        assert Frontier.of(Tree(tiles, size).nodes, size).root() == root_of(size)


def test_a_tree_of_an_older_size_is_read_from_the_same_tiles(tmp_path: Path) -> None:
    tiles = grown(tmp_path, 300, 700)
    for size in (256, 512, 700):
        assert Frontier.of(Tree(tiles, size).nodes, size).root() == root_of(size)


def test_what_is_missing_or_cut_short_is_missing(tmp_path: Path) -> None:
    tiles = grown(tmp_path, 700)
    with pytest.raises(TileMissing):
        Tree(tiles, 800).nodes(0, 750)
    file = tmp_path / tile_path(0, 1)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(TileMissing):
        Tree(tiles, 700).nodes(0, 300)
