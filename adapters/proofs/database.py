"""全库核验: every fact in PostgreSQL against a checkpoint that someone else vouches for, and the first wrong one named.

The facts are streamed once. Where the root differs, the log's tiles, which themselves are proven against the
checkpoint, tell which fact is the first that was changed; without them, earlier checkpoints narrow it to a span.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from hashlib import sha256
from itertools import islice
from secrets import randbits
from typing import Final, NamedTuple, cast

import psycopg

from adapters.proofs import merkle
from adapters.proofs.entries import columns_of
from adapters.proofs.merkle import Algorithm, Frontier
from adapters.proofs.notes import Checkpoint
from adapters.proofs.tiles import WIDTH, TileMissing, Tree
from adapters.proofs.verdict import Unproven

_PAGE: Final = 4 * WIDTH
_LEVEL: Final = WIDTH.bit_length() - 1
_HASH: Final = 32

# The moment is taken as the database keeps it: no date that someone put there can then be too strange to be read.
_FACTS = "SELECT position, timestamptz_send(recorded_at), type, tags, data FROM facts.fact ORDER BY position"
_SINCE_2000: Final = 946_684_800_000_000
_WRAP: Final = (1 << 64) - 1

# A sum of salted hashes over rows in any order. The salt is drawn for this run, so nobody can have prepared for it.
_INDEX = """
SELECT (SELECT row(count(*), sum(hashtextextended(tag, hashint8extended(position, hashtextextended(type, %(salt)s)))))
          FROM facts.fact_tag)
    IS NOT DISTINCT FROM
       (SELECT row(count(*), sum(hashtextextended(tag, fact)))
          FROM (SELECT unnest(array_prepend(''::text, tags)) AS tag,
                       hashint8extended(position, hashtextextended(type, %(salt)s)) AS fact FROM facts.fact) should)
"""
_INDEX_DIFFERS = """
WITH stands AS (SELECT tag, type, position FROM facts.fact_tag),
     should AS (SELECT t.tag, f.type, f.position FROM facts.fact f, unnest(array_prepend(''::text, f.tags)) t(tag))
SELECT min(position) FROM ((TABLE stands EXCEPT ALL TABLE should) UNION ALL (TABLE should EXCEPT ALL TABLE stands)) d
"""


class Verified(NamedTuple):
    """核验结果: how many facts are what the checkpoint says, and how many came after it."""

    sealed: int
    beyond: int


def verify_database(
    connection: psycopg.Connection,
    checkpoint: Checkpoint,
    tree: Tree | None = None,
    earlier: Sequence[Checkpoint] = (),
    algorithm: Algorithm = sha256,
) -> Verified:
    """Check every fact, its columns, its place and its index. Raises Unproven with the first position that is wrong.

    The checkpoint, and those ``earlier`` of the same log, must have been accepted by a policy. ``tree`` is the log's
    at the checkpoint's size, ``algorithm`` what it is hashed with.
    """
    reading = _Reading(
        checkpoint, tree, {one.size: one.root for one in earlier if one.size < checkpoint.size}, algorithm
    )
    try:
        with connection.transaction():
            with closing(_pages(connection)) as pages:
                for rows in pages:
                    reading.take(rows)
            reading.finish()
            _check_index(connection)
    except psycopg.ProgrammingError as error:
        raise Unproven("tables_changed", "事实表的结构被改动,无法读取") from error
    return Verified(checkpoint.size, reading.count - checkpoint.size)


Row = tuple[int, bytes | None, str, list[str], bytes | None]


def _pages(connection: psycopg.Connection) -> Generator[list[Row], None, None]:
    """The whole log in one answer, taken as it comes: PostgreSQL goes on while what it has sent is being checked."""
    # Sorted, the first row would have to wait for the last; the key has them in order.
    connection.execute("SET LOCAL enable_sort = off")
    stream = connection.cursor().stream(_FACTS, binary=True, size=WIDTH)
    # Closed by name: whatever goes wrong, the connection must be free before its transaction is ended.
    with closing(cast(Generator[Row, None, None], stream)) as facts:
        while rows := list(islice(facts, _PAGE)):
            yield rows


class _Reading:
    """The facts so far: their tree, and what has been found to agree."""

    def __init__(
        self, checkpoint: Checkpoint, tree: Tree | None, earlier: dict[int, bytes], algorithm: Algorithm
    ) -> None:
        self.checkpoint = checkpoint
        self.tree = tree
        self.roots = earlier | {checkpoint.size: checkpoint.root}
        self.algorithm = algorithm
        self.frontier = Frontier(algorithm=algorithm)
        self.count = 0
        self.agreed = 0
        self.last = 0

    def take(self, rows: list[Row]) -> None:
        """The next rows; all but the last are whole tiles. Raises Unproven."""
        leaves: list[bytes] = []
        complaint: Unproven | None = None
        hashed, last = self.algorithm, self.last
        for here, (position, moment, kind, tags, data) in enumerate(rows, self.count + 1):
            if position != here:
                complaint = Unproven("position_missing", f"缺少第{here}号事实", here)
                break
            recorded_at = int.from_bytes(moment or b"", signed=True) + _SINCE_2000
            leaves.append(hashed(b"\0" + (recorded_at & _WRAP).to_bytes(8) + (data or b"")).digest())
            if recorded_at < last:
                complaint = Unproven("time_ran_back", f"第{here}号事实的记录时间早于前一号", here)
                break
            last = recorded_at
            if not _stands_under(kind, tags, data):
                complaint = Unproven("columns_differ", f"第{here}号事实的类型或标签与其内容不符", here)
                break
        self.count += len(leaves)
        self.last = last
        # What the tree says of these facts comes first: it may know of an earlier one that is wrong.
        for start in range(0, len(leaves), WIDTH):
            self._grow(leaves[start : start + WIDTH])
        if complaint is not None:
            raise complaint

    def finish(self) -> None:
        """There are no more. Raises Unproven where there should have been."""
        size = self.checkpoint.size
        if self.count < size:
            sentence = f"数据库只到第{self.count}号,而检查点封存到第{size}号"
            raise Unproven("position_missing", sentence, self.count + 1)
        if not size and self.checkpoint.root != merkle.empty_root(self.algorithm):
            raise Unproven("root_differs", "空日志的根哈希不对")

    def _grow(self, leaves: list[bytes]) -> None:
        """Append to the tree what is a whole tile, or the last of the log, comparing all that can be compared."""
        start = self.frontier.size
        self._compare_tile(start, leaves)
        for size in sorted(size for size in self.roots if start < size <= start + len(leaves)):
            if self._root(leaves[: size - start]) != self.roots[size]:
                sentence = f"第{self.agreed + 1}号至第{size}号之间有事实与检查点不符"
                raise Unproven("root_differs", sentence, self.agreed + 1)
            self.agreed = size
        if len(leaves) == WIDTH:
            self.frontier.append(merkle.complete(leaves, self.algorithm), _LEVEL)
        else:
            for leaf in leaves:
                self.frontier.append(leaf)

    def _compare_tile(self, start: int, leaves: list[bytes]) -> None:
        """Raises Unproven at the first leaf that is not the sealed one, if that can be proven of it."""
        width = min(WIDTH, self.checkpoint.size - start)
        if self.tree is None or width <= 0:
            return
        try:
            tile = self.tree.tiles.read(0, start // WIDTH, width)
            if b"".join(leaves[:width]) == tile[: len(leaves) * _HASH]:
                return
            wrong = next(at for at, leaf in enumerate(leaves) if leaf != tile[at * _HASH : (at + 1) * _HASH])
            if self._proven(self.tree, start + wrong, self._root(leaves[:wrong])):
                here = start + wrong + 1
                raise Unproven("fact_changed", f"第{here}号事实与封存时不同", here)
        except TileMissing:
            pass
        # These tiles are not the checkpoint's, so they can say no more.
        self.tree = None

    def _proven(self, tree: Tree, size: int, prefix: bytes) -> bool:
        """Whether, by the checkpoint, the first ``size`` facts are those read here and the tiles' next is the next."""
        end, root = self.checkpoint.size, self.checkpoint.root
        inclusion = merkle.inclusion_proof(tree.nodes, size, end, self.algorithm)
        consistency = merkle.consistency_proof(tree.nodes, size, end, self.algorithm)
        return merkle.verify_inclusion(tree.leaf(size), size, end, inclusion, root, self.algorithm) and (
            merkle.verify_consistency(size, end, prefix, root, consistency, self.algorithm)
        )

    def _root(self, leaves: list[bytes]) -> bytes:
        """The root of the tree with these leaves more."""
        frontier = Frontier(self.frontier.size, self.frontier.peaks, self.algorithm)
        for leaf in leaves:
            frontier.append(leaf)
        return frontier.root()


def _stands_under(kind: str, tags: list[str], data: bytes | None) -> bool:
    try:
        named, should = columns_of(data or b"")
    except (LookupError, ValueError, TypeError):
        return False
    return named == kind and sorted(should) == tags


def _check_index(connection: psycopg.Connection) -> None:
    """What stands in the index by which facts are found is what their columns say."""
    row = connection.execute(_INDEX, {"salt": randbits(63)}).fetchone()
    if row is not None and row[0] is False:
        differs = connection.execute(_INDEX_DIFFERS).fetchone()
        position = differs[0] if differs else None
        raise Unproven("index_differs", f"查找事实用的索引与事实不符,自第{position}号起", position)
