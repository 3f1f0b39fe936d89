"""Both places to keep evidence, held to the same promises: a folder, and S3 as moto's server speaks it."""

import hashlib
import io
import os
import stat
import struct
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from adapters.evidence import s3
from adapters.evidence.files import FileEvidence
from adapters.evidence.media import MEDIA_TYPES, media_type
from adapters.evidence.s3 import S3Evidence
from adapters.evidence.store import EvidenceRefused, EvidenceStore
from domain.ids import EvidenceId

JPEG = b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00" + b"GPS 24.83N 108.26E" + b"\xff\xd9"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def packed(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


TAKEN = {
    "image/jpeg": JPEG,
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(20),
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(20),
    "application/pdf": b"%PDF-1.7\n...",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00isomiso2avc1mp41",
    DOCX: packed("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
    XLSX: packed("[Content_Types].xml", "xl/workbook.xml"),
    "application/ofd": packed("OFD.xml", "Doc_0/Document.xml"),
}
WORD = TAKEN[DOCX]
HUGE_DIRECTORY = WORD[:-22] + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 3, 3, 5 << 20, 0, 0)
ZIP64 = WORD[:-22] + b"PK\x06\x07" + bytes(16) + WORD[-22:]
NOT_TAKEN = {
    "text": b"just words",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "svg with a declaration": b'<?xml version="1.0"?><svg/>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "html that mentions a pdf": b"<html>%PDF-1.7",
    "gif": b"GIF89a" + bytes(20),
    "program": b"\x7fELF" + bytes(60),
    "windows program": b"MZ" + bytes(60),
    "old Word": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(60),
    "any zip": packed("a.txt"),
    "macros in Word": packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
    "half a zip": WORD[: len(WORD) // 2],
    "zip with a huge directory": HUGE_DIRECTORY,
    "zip64": ZIP64,
    "heif": b"\x00\x00\x00\x18ftypheic" + bytes(20),
    "one byte": b"\xff",
    "sound": b"RIFF\x24\x00\x00\x00WAVEfmt ",
}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket, at the address that the environment gives, as in production."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "moto")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "moto")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = boto3.resource("s3").create_bucket(Bucket="evidence")
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> EvidenceStore:
    if request.param == "folder":
        return FileEvidence(tmp_path / "evidence")
    request.getfixturevalue("bucket")
    return s3.at("s3://evidence/huanjiang/2019/")


@pytest.fixture
def kept(store: EvidenceStore, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], list[str]]:
    """The names of everything the store holds."""

    def names() -> list[str]:
        if isinstance(store, FileEvidence):
            return [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*")) if path.is_file()]
        return [item.key for item in request.getfixturevalue("bucket").objects.all()]

    return names


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(EvidenceRefused) as refused:
        call()
    assert refused.value.sentence
    return refused.value.code


def put(store: EvidenceStore, content: bytes, limit: int = 1 << 20) -> str:
    return store.put(io.BytesIO(content), limit=limit).id


@pytest.mark.parametrize("kind", TAKEN)
def test_a_file_is_kept_exactly_under_its_digest_and_by_what_it_is(store: EvidenceStore, kind: str) -> None:
    content = TAKEN[kind]
    evidence = store.put(io.BytesIO(content))
    assert evidence == (f"evidence-{hashlib.sha256(content).hexdigest()}", len(content), kind)
    assert isinstance(evidence.id, EvidenceId)
    opened = store.open(evidence.id)
    assert opened.evidence == evidence
    assert b"".join(opened.chunks()) == content
    assert store.find(evidence.id) == store.verify(evidence.id) == evidence


@pytest.mark.parametrize("kind", NOT_TAKEN)
def test_what_is_of_no_taken_type_is_refused_and_nothing_of_it_stays(
    store: EvidenceStore, kind: str, kept: Callable[[], list[str]]
) -> None:
    assert refusal(lambda: put(store, NOT_TAKEN[kind])) == "evidence_type"
    assert kept() == []


def test_an_empty_file_is_refused(store: EvidenceStore, kept: Callable[[], list[str]]) -> None:
    assert refusal(lambda: put(store, b"")) == "evidence_empty"
    assert kept() == []


def test_the_limit_is_the_last_size_that_is_taken(store: EvidenceStore, kept: Callable[[], list[str]]) -> None:
    content = JPEG + bytes(1000 - len(JPEG))
    assert put(store, content, limit=1000)
    before = kept()
    assert refusal(lambda: put(store, content + b"x", limit=1000)) == "evidence_too_large"
    assert kept() == before


def test_an_endless_upload_is_cut_off_soon_after_the_limit(store: EvidenceStore) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            buffer[:] = JPEG[:3] * (len(buffer) // 3) + bytes(len(buffer) % 3)
            self.given += len(buffer)
            return len(buffer)

    stream = Endless()
    assert refusal(lambda: store.put(stream, limit=1 << 20)) == "evidence_too_large"  # type: ignore[arg-type]
    assert stream.given < 3 << 20


def test_an_upload_that_breaks_off_leaves_nothing(store: EvidenceStore, kept: Callable[[], list[str]]) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(8)

    with pytest.raises(ConnectionResetError):
        store.put(Broken(JPEG))
    assert kept() == []


def test_the_same_content_is_kept_once_however_often_and_at_once_it_comes(
    store: EvidenceStore, kept: Callable[[], list[str]]
) -> None:
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(put(store, JPEG))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids == [put(store, JPEG)] * 6
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "id",
    ["evidence-" + "0" * 64, "evidence-../../etc/passwd", "evidence-" + "0" * 63 + "\n", "", "evidence-" + "A" * 64],
)
def test_what_is_not_there_is_missing_and_no_path_is_made_of_it(store: EvidenceStore, id: str) -> None:
    for call in (store.find, store.open, store.verify):
        assert refusal(lambda call=call: call(EvidenceId(id))) == "evidence_missing"  # type: ignore[misc]


def test_a_large_file_is_read_in_chunks(store: EvidenceStore) -> None:
    content = JPEG + os.urandom(1_000_000)
    id = EvidenceId(put(store, content, limit=2 << 20))
    chunks = list(store.open(id).chunks())
    assert len(chunks) > 1
    assert b"".join(chunks) == content


def test_whoever_stops_reading_leaves_nothing_open(store: EvidenceStore) -> None:
    opened = store.open(EvidenceId(put(store, JPEG + os.urandom(1_000_000), limit=2 << 20)))
    chunks = opened.chunks()
    next(chunks)
    chunks.close()  # type: ignore[attr-defined]
    assert getattr(opened.stream, "_raw_stream", opened.stream).closed


# The folder


def test_a_damaged_file_is_found_out_and_healed_by_sending_it_again(tmp_path: Path) -> None:
    store = FileEvidence(tmp_path)
    id = EvidenceId(put(store, JPEG))
    [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
    path.chmod(0o640)
    path.write_bytes(JPEG[:-1] + b"x")
    assert refusal(lambda: store.verify(id)) == "evidence_damaged"
    assert put(store, JPEG) == id
    assert store.verify(id).size == len(JPEG)


def test_files_lie_by_digest_and_nobody_may_write_them(tmp_path: Path) -> None:
    digest = put(FileEvidence(tmp_path), JPEG).removeprefix("evidence-")
    path = tmp_path / digest[:2] / digest[2:4] / digest
    assert path.read_bytes() == JPEG
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


def test_what_a_crash_left_behind_is_swept_away_and_an_upload_under_way_is_not(tmp_path: Path) -> None:
    FileEvidence(tmp_path)
    abandoned, under_way = tmp_path / "incoming" / "incoming-a", tmp_path / "incoming" / "incoming-b"
    for path in (abandoned, under_way):
        path.touch()
    yesterday = time.time() - 25 * 3600
    os.utime(abandoned, (yesterday, yesterday))
    FileEvidence(tmp_path)
    assert list((tmp_path / "incoming").iterdir()) == [under_way]


# S3


def test_objects_lie_under_the_prefix_with_their_type(bucket: Any) -> None:
    digest = put(s3.at("s3://evidence/huanjiang/2019/"), JPEG).removeprefix("evidence-")
    [item] = bucket.objects.all()
    assert item.key == f"huanjiang/2019/{digest[:2]}/{digest}"
    assert item.Object().content_type == "image/jpeg"


def test_a_bucket_without_a_prefix_will_do(bucket: Any) -> None:
    digest = put(s3.at("s3://evidence"), JPEG).removeprefix("evidence-")
    assert [item.key for item in bucket.objects.all()] == [f"{digest[:2]}/{digest}"]


def test_an_object_that_was_changed_is_found_out(bucket: Any) -> None:
    store = s3.at("s3://evidence/x")
    id = EvidenceId(put(store, JPEG))
    [item] = bucket.objects.all()
    item.Object().put(Body=JPEG[:-1] + b"x", ContentType="image/jpeg")
    assert refusal(lambda: store.verify(id)) == "evidence_damaged"


def test_what_is_there_is_not_sent_again(bucket: Any) -> None:
    store = s3.at("s3://evidence/x")
    put(store, JPEG)
    [before] = [item.last_modified for item in bucket.objects.all()]
    bucket.meta.client.put_object_tagging(
        Bucket="evidence", Key=next(iter(bucket.objects.all())).key, Tagging={"TagSet": [{"Key": "seen", "Value": "1"}]}
    )
    put(store, JPEG)
    [item] = bucket.objects.all()
    tags = bucket.meta.client.get_object_tagging(Bucket="evidence", Key=item.key)["TagSet"]
    assert (item.last_modified, len(tags)) == (before, 1)


def test_trouble_with_the_bucket_is_not_mistaken_for_a_missing_file(bucket: Any) -> None:
    store = S3Evidence("nobodys-bucket", "", bucket.meta.client)
    with pytest.raises(ClientError):
        store.open(EvidenceId("evidence-" + "0" * 64))
    with pytest.raises(ClientError):
        put(store, JPEG)


# Types


def test_each_taken_type_has_an_example_here() -> None:
    assert set(TAKEN) == set(MEDIA_TYPES)


def test_a_zip_of_many_names_is_judged_without_reading_them_all() -> None:
    many = packed("[Content_Types].xml", "word/document.xml", *(f"{'x' * 200}{number}" for number in range(5000)))
    assert media_type(io.BytesIO(many)) is None
    assert media_type(io.BytesIO(packed("[Content_Types].xml", "word/document.xml", *map(str, range(500))))) == DOCX
