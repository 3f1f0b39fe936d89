"""佐证材料: small true files for the story to hand in, the same bytes for the same words."""

import struct
import zlib
from hashlib import sha256
from typing import NamedTuple

from domain.evidence import Evidence
from domain.ids import EvidenceId

_WIDTH, _HEIGHT = 96, 64
_LINE = 24


class Paper(NamedTuple):
    """材料: a file, and how facts name it."""

    content: bytes
    evidence: Evidence


def photo(title: str) -> Paper:
    """现场照片: a PNG of hills under a sky, whose line and colours follow from the title."""
    seed = sha256(title.encode()).digest()
    sky, hill = bytes(160 + value % 90 for value in seed[:3]), bytes(40 + value % 90 for value in seed[3:6])
    rows = bytearray()
    horizon = [24 + (seed[6 + column // 12] % 24) for column in range(_WIDTH)]
    for row in range(_HEIGHT):
        rows.append(0)
        for column in range(_WIDTH):
            rows += hill if row > horizon[column] else sky
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
    return _paper(content, "image/png", title)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def document(title: str, text: str) -> Paper:
    """书面材料: a PDF of one page, in a Chinese font that every reader brings along."""
    lines = [title, "", *(text[start : start + _LINE] for start in range(0, len(text), _LINE))]
    shown = " T* ".join(f"<{line.encode('utf-16-be').hex()}> Tj" for line in lines)
    stream = f"BT /F1 16 Tf 24 TL 72 760 Td {shown} ET".encode()
    font = "/Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R]"
    glyphs = (
        "/Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R"
    )
    descriptor = (
        "/Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]"
        " /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        *(f"<< {entry} >>".encode() for entry in (font, glyphs, descriptor)),
    ]
    content = bytearray(b"%PDF-1.4\n")
    starts = []
    for number, entry in enumerate(objects, start=1):
        starts.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, entry)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % start for start in starts)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return _paper(bytes(content), "application/pdf", title)


def _paper(content: bytes, media_type: str, title: str) -> Paper:
    file = EvidenceId(f"evidence-{sha256(content).hexdigest()}")
    return Paper(content, Evidence(file=file, size=len(content), media_type=media_type, title=title))
