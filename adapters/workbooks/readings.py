"""存稿: what workbooks were read as, kept for whoever confirms what was previewed.

A reading follows from the file's bytes and the place alone (the reader and the directory of divisions are parts of the
program), so what is kept under these never grows old. It is kept packed, in slices: a long list of issues is a tenth of
a second of unpacking, a MiB or two packed and tens of them as the text in between.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from threading import Lock

from pydantic import TypeAdapter

from adapters.regions.divisions import Divisions
from adapters.workbooks.reader import Reading, read_workbook

MOST = 16 * 2**20
"""Bytes of packed readings that are kept; those not asked for longest go first."""

SLICE = 1000
"""Rows, and problems, that are packed together."""

Packed = tuple[bytes, ...]

_READING: TypeAdapter[Reading] = TypeAdapter(Reading)


class Readings:
    """Reads workbooks, the same one at the same place once. May be asked from any thread."""

    def __init__(self, divisions: Divisions, most: int = MOST) -> None:
        self._divisions = divisions
        self._most = most
        self._door = Lock()
        self._packed: OrderedDict[tuple[bytes, str], Packed] = OrderedDict()

    def of(self, content: bytes, place: str) -> Reading:
        """What ``read_workbook`` reads, whether just now or before; raises BadWorkbook as it does."""
        key = sha256(content).digest(), place
        with self._door:
            packed = self._packed.get(key)
            if packed is not None:
                self._packed.move_to_end(key)
        if packed is not None:
            return _unpacked(packed)
        reading = read_workbook(content, self._divisions, place)
        self._keep(key, _packed(reading))
        return reading

    def _keep(self, key: tuple[bytes, str], packed: Packed) -> None:
        with self._door:
            self._packed[key] = packed
            while sum(len(piece) for kept in self._packed.values() for piece in kept) > self._most:
                self._packed.popitem(last=False)


def _packed(reading: Reading) -> Packed:
    return tuple(zlib.compress(_READING.dump_json(each), 1) for each in _slices(reading))


def _unpacked(packed: Packed) -> Reading:
    slices = [_READING.validate_json(zlib.decompress(piece)) for piece in packed]
    rows = tuple(row for each in slices for row in each.rows)
    return Reading(slices[0].digest, rows, tuple(problem for each in slices for problem in each.problems))


def _slices(reading: Reading) -> Iterator[Reading]:
    digest, rows, problems = reading.digest, reading.rows, reading.problems
    for start in range(0, max(len(rows), len(problems)), SLICE):
        yield Reading(digest, rows[start : start + SLICE], problems[start : start + SLICE])
