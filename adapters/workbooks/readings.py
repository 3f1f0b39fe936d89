"""存稿: what workbooks were read as, kept for whoever confirms what was previewed.

A reading follows from the file's bytes and the place alone (the reader and the directory of divisions are parts of the
program), so what is kept under these never grows old. It is kept packed: a long list of issues is a tenth of a second
of unpacking, a few MiB packed and many times that unpacked.
"""

import zlib
from collections import OrderedDict
from hashlib import sha256
from threading import Lock

from pydantic import TypeAdapter

from adapters.regions.divisions import Divisions
from adapters.workbooks.reader import Reading, read_workbook

MOST = 16 * 2**20
"""Bytes of packed readings that are kept; those not asked for longest go first."""

_READING: TypeAdapter[Reading] = TypeAdapter(Reading)


class Readings:
    """Reads workbooks, the same one at the same place once. May be asked from any thread."""

    def __init__(self, divisions: Divisions, most: int = MOST) -> None:
        self._divisions = divisions
        self._most = most
        self._door = Lock()
        self._packed: OrderedDict[tuple[bytes, str], bytes] = OrderedDict()

    def of(self, content: bytes, place: str) -> Reading:
        """What ``read_workbook`` reads, whether just now or before; raises BadWorkbook as it does."""
        key = sha256(content).digest(), place
        with self._door:
            packed = self._packed.get(key)
            if packed is not None:
                self._packed.move_to_end(key)
        if packed is not None:
            return _READING.validate_json(zlib.decompress(packed))
        reading = read_workbook(content, self._divisions, place)
        self._keep(key, zlib.compress(_READING.dump_json(reading), 1))
        return reading

    def _keep(self, key: tuple[bytes, str], packed: bytes) -> None:
        with self._door:
            self._packed[key] = packed
            while sum(map(len, self._packed.values())) > self._most:
                self._packed.popitem(last=False)
