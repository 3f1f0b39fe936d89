"""材料类型: what a file is by its own bytes. What the sender calls it is nobody's evidence."""

import re
import struct
import zipfile
from typing import IO, Final

_HEADS: Final = (
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")),
    ("image/webp", re.compile(rb"RIFF....WEBPVP8[ LX]", re.S)),
    ("application/pdf", re.compile(rb"%PDF-[12]\.\d")),
    ("video/mp4", re.compile(rb"\x00\x00..ftyp(?:isom|iso[2-9]|mp4[12]|avc1|M4V |MSNV|3gp[4-9])", re.S)),
)
_PACKAGES: Final = (
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        {"[Content_Types].xml", "word/document.xml"},
    ),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", {"[Content_Types].xml", "xl/workbook.xml"}),
    ("application/ofd", {"OFD.xml"}),
)
MEDIA_TYPES: Final = tuple(name for name, _ in (*_HEADS, *_PACKAGES))
"""What is taken: photos, PDF and OFD, Word and Excel without macros, short videos. SVG and HTML are programs."""

_END_OF_DIRECTORY = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_LARGEST_DIRECTORY = 1 << 20


def media_type(file: IO[bytes]) -> str | None:
    """The media type of a seekable file, or none if it is nothing that is taken. Moves the file's position."""
    file.seek(0)
    head = file.read(64)
    for name, pattern in _HEADS:
        if pattern.match(head):
            return name
    return _package(file) if head.startswith(b"PK\x03\x04") else None


def _package(file: IO[bytes]) -> str | None:
    """Which kind of zip it is, by the names in it; nothing is unpacked."""
    if not _modest(file):
        return None
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, UnicodeDecodeError, NotImplementedError):
        return None
    if any(name.endswith("vbaProject.bin") for name in names):
        return None
    return next((kind for kind, needed in _PACKAGES if needed <= names), None)


def _modest(file: IO[bytes]) -> bool:
    """Whether the list of contents is small enough to be read: a hostile one costs a hundred times its size."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(tail) - at < 22 or tail[max(0, at - 20) : at].startswith(_ZIP64_LOCATOR):
        return False
    (length,) = struct.unpack_from("<I", tail, at + 12)
    return bool(length <= _LARGEST_DIRECTORY)
