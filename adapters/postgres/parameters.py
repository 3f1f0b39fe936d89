"""The parameters of a statement as PostgreSQL reads them fastest: arrays in its binary form, put together from elements
that were made elsewhere and before."""

from collections.abc import Sequence
from struct import Struct

INT4, INT8, TEXT, BYTEA = 23, 20, 25, 17  # what types are called in the catalog of every PostgreSQL

NULL = b"\xff\xff\xff\xff"
_LENGTH = Struct("!i").pack
_INT4 = Struct("!ii").pack
_INT8 = Struct("!iq").pack
_ARRAY = Struct("!iiiii").pack


def element(value: bytes) -> bytes:
    """A text or bytea, as an element."""
    return _LENGTH(len(value)) + value


def int4(value: int) -> bytes:
    return _INT4(4, value)


def int8(value: int) -> bytes:
    return _INT8(8, value)


def array(kind: int, elements: Sequence[bytes]) -> bytes:
    """The array of so many elements of one type."""
    if not elements:
        return _ARRAY(0, 0, kind, 0, 0)[:12]
    return _ARRAY(1, 1, kind, len(elements), 1) + b"".join(elements)


def literal(values: Sequence[str]) -> str:
    """The literal of an array of texts, by which arrays of unequal lengths travel as one array."""
    together = "".join(values)
    if '"' in together or "\\" in together:
        values = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
    return '{"' + '","'.join(values) + '"}' if values else "{}"
