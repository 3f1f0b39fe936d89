"""分片: the hashes of a log's tree as files, laid out as C2SP's tlog-tiles has them over HTTP.

A full tile holds 256 hashes of one level and never changes; the rightmost tile of a level is written anew, with its
width in its name, for every size that was sealed.
"""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Final

from adapters.proofs import files
from adapters.proofs.merkle import Algorithm, Frontier, complete, peaks

WIDTH: Final = 256
_HASH: Final = 32


class TileMissing(LookupError):
    """A tile that a log of this size must have is not there, or is not whole."""


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """``tile/0/x001/x234/067``, or with ``.p/12`` for a partial tile."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
    path = "/".join((f"tile/{level}", *(f"x{part}" for part in above), last))
    return path if width == WIDTH else f"{path}.p/{width}"


class Tiles:
    """The tiles of one log in a folder, hashed with ``algorithm``."""

    def __init__(self, folder: Path, algorithm: Algorithm = sha256) -> None:
        self.folder = folder
        self.algorithm = algorithm

    def read(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile. Raises TileMissing."""
        for have in dict.fromkeys((WIDTH, width)):
            try:
                content = (self.folder / tile_path(level, index, have)).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
            if len(content) == have * _HASH:
                return content[: width * _HASH]
        raise TileMissing(tile_path(level, index, width))

    def place(self, level: int, index: int, content: bytes) -> Path:
        """Put a tile in place; for good only once its file and the folder of that are synced."""
        width = len(content) // _HASH
        file = self.folder / tile_path(level, index, width)
        files.make(file.parent)
        files.place(file, content)
        return file

    def forget_partial(self, level: int, index: int) -> None:
        """Drop what was written of a tile before it was full."""
        file = self.folder / tile_path(level, index)
        shutil.rmtree(file.with_name(f"{file.name}.p"), ignore_errors=True)


class Tree:
    """A sealed log's tree at one size, read from its tiles; ``nodes`` is what proofs are made from."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self.tiles = tiles
        self.size = size
        self._read: dict[tuple[int, int], bytes] = {}

    def nodes(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree. Raises TileMissing where its tile is not there."""
        tile_level, above = divmod(level, 8)
        first = index << above
        tile, at = divmod(first, WIDTH)
        content = self.tile(tile_level, tile)
        span = content[at * _HASH : (at + (1 << above)) * _HASH]
        if len(span) != _HASH << above:
            raise TileMissing(f"{tile_path(tile_level, tile)} has no {at}")
        return complete([span[start : start + _HASH] for start in range(0, len(span), _HASH)], self.tiles.algorithm)

    def tile(self, level: int, index: int) -> bytes:
        """The hashes of one tile at this size. Raises TileMissing."""
        content = self._read.get((level, index))
        if content is None:
            width = min(WIDTH, (self.size >> 8 * level) - index * WIDTH)
            if width <= 0:
                raise TileMissing(tile_path(level, index))
            content = self._read[level, index] = self.tiles.read(level, index, width)
        return content

    def leaf(self, index: int) -> bytes:
        return self.nodes(0, index)


class Edge:
    """The right edge of a tree that grows: the hashes of each level's last tile, which is not yet full."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        """Raises TileMissing where the tiles of that size are not there."""
        self.tiles = tiles
        self.size = size
        self._levels: list[bytearray] = []
        self._full: list[tuple[int, int]] = []
        self._placed: list[Path] = []
        tree = Tree(tiles, size)
        level = 0
        while size >> 8 * level:
            index, width = divmod(size >> 8 * level, WIDTH)
            self._levels.append(bytearray(tree.tile(level, index) if width else b""))
            level += 1

    def append(self, leaf: bytes, level: int = 0) -> None:
        """Append a leaf's hash (or, at a higher level, the root of a full tile); a tile that becomes full is put
        in its place."""
        if level == 0:
            self.size += 1
        if level == len(self._levels):
            self._levels.append(bytearray())
        hashes = self._levels[level]
        hashes += leaf
        if len(hashes) == WIDTH * _HASH:
            index = (self.size >> 8 * (level + 1)) - 1
            self._placed.append(self.tiles.place(level, index, bytes(hashes)))
            self._full.append((level, index))
            root = complete(
                [bytes(hashes[at : at + _HASH]) for at in range(0, len(hashes), _HASH)], self.tiles.algorithm
            )
            hashes.clear()
            self.append(root, level + 1)

    def root(self) -> bytes:
        """The root of the tree as it stands."""
        frontier = Frontier(algorithm=self.tiles.algorithm)
        for level, hashes in reversed(list(enumerate(self._levels))):
            whole = [bytes(hashes[at : at + _HASH]) for at in range(0, len(hashes), _HASH)]
            for above, index in peaks(len(whole)):
                node = complete(whole[index << above : (index + 1) << above], self.tiles.algorithm)
                frontier.append(node, 8 * level + above)
        return frontier.root()

    def settle(self) -> None:
        """Write the tiles that are not full as well, and wait until the whole tree of the present size is on disk."""
        for level, hashes in enumerate(self._levels):
            if hashes:
                self._placed.append(self.tiles.place(level, self.size >> 8 * (level + 1), bytes(hashes)))
        files.sync_all([*self._placed, *{file.parent for file in self._placed}])
        self._placed.clear()

    def tidy(self) -> None:
        """Drop the partial tiles of tiles that have become full. Only once a checkpoint stands that needs none."""
        for level, index in self._full:
            self.tiles.forget_partial(level, index)
        self._full.clear()
