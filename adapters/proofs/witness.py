"""见证: the level above watches a log. It cosigns a checkpoint only when that continues the last one it cosigned, and
of each log it keeps that one only (C2SP tlog-witness)."""

import fcntl
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapters.proofs import files
from adapters.proofs.merkle import Algorithm, empty_root, verify_consistency
from adapters.proofs.notes import BadNote, Checkpoint, Note, Signature, Signer, Verifier, number, signed_by, unbase64
from adapters.proofs.sm2 import SuiteMissing

LONGEST: Final = 512 << 10
_MOST_HASHES: Final = 63
_ORIGIN_HASH: Final = re.compile(r"[0-9a-f]{64}")


class NotCosigned(Exception):
    """The witness will not cosign; ``status`` is what tlog-witness says of it in HTTP, ``size`` goes with a 409."""

    def __init__(self, status: int, why: str, size: int | None = None) -> None:
        super().__init__(why)
        self.status = status
        self.size = size


class Submission(NamedTuple):
    """提交: what add-checkpoint is sent."""

    old: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> "Submission":
        """Raises NotCosigned 400."""
        try:
            head, gap, note = body.decode("utf-8").partition("\n\n")
            first, *hashes = head.split("\n")
            if not gap or not first.startswith("old ") or len(hashes) > _MOST_HASHES:
                raise BadNote("not an add-checkpoint request")
            proof = tuple(map(unbase64, hashes))
            if any(len(hash_) != 32 for hash_ in proof):
                raise BadNote("not a consistency proof")
            parsed = Note.parse(note)
            return cls(number(first.removeprefix("old ")), proof, parsed, Checkpoint.parse(parsed.text))
        except (BadNote, UnicodeError) as error:
            raise NotCosigned(400, str(error)) from None


class Watch:
    """守望: one witness, with its key, the logs it knows, and a folder of its own for what it cosigned last."""

    def __init__(self, folder: Path, signer: Signer, logs: tuple[Verifier, ...], now: Callable[[], datetime]) -> None:
        self.folder = folder
        self.signer = signer
        self.logs = logs
        self.now = now
        self._one_at_a_time = threading.Lock()
        files.make(folder)

    def add(self, body: bytes) -> str:
        """Cosign what was submitted: the signature line. Raises NotCosigned."""
        old, proof, note, checkpoint = Submission.parse(body)
        own = [log for log in self.logs if log.name == checkpoint.origin]
        if not own:
            raise NotCosigned(404, "the log is not known here")
        try:
            signers = signed_by(note, own)
        except (BadNote, SuiteMissing) as error:
            raise NotCosigned(403, str(error)) from None
        if not signers:
            raise NotCosigned(403, "no known key of the log signed the checkpoint")
        if old > checkpoint.size:
            raise NotCosigned(400, "the old size is larger than the checkpoint's")
        # What the record says and what it becomes must not be torn apart, by another thread or another process.
        with self._alone():
            last = self.latest(checkpoint.origin)
            self._continues(last, old, proof, checkpoint, own[0].algorithm)
            signature = self.signer.sign(note.text, self.now())
            kept = [line for line in note.signatures if any(_made_by(line, log) for log in signers)]
            files.write(self._file(_hash(checkpoint.origin)), str(Note(note.text, (*kept, signature))).encode())
        return str(signature)

    def latest(self, origin: str) -> Checkpoint | None:
        """The checkpoint of a log that was cosigned last."""
        note = self.record(_hash(origin))
        return Checkpoint.parse(Note.parse(note).text) if note else None

    def record(self, origin_hash: str) -> str | None:
        """The same with its signatures, by the SHA-256 of the log's origin, in hex."""
        try:
            return self._file(origin_hash).read_text("utf-8")
        except FileNotFoundError:
            return None

    def _continues(
        self, last: Checkpoint | None, old: int, proof: tuple[bytes, ...], new: Checkpoint, algorithm: Algorithm
    ) -> None:
        size, root = (last.size, last.root) if last else (0, empty_root(algorithm))
        if old != size:
            raise NotCosigned(409, "another size was cosigned last", size)
        if new.size == 0 and new.root != empty_root(algorithm):
            raise NotCosigned(422, "an empty log has the root of the empty tree")
        if not verify_consistency(old, new.size, root, new.root, proof, algorithm):
            raise NotCosigned(422, "the checkpoint does not continue the one that was cosigned last")

    def _file(self, origin_hash: str) -> Path:
        return self.folder / f"{origin_hash}.checkpoint"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._one_at_a_time, open(self.folder / "lock", "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _hash(origin: str) -> str:
    return sha256(origin.encode()).hexdigest()


def _made_by(line: Signature, log: Verifier) -> bool:
    return (line.name, line.key_id) == (log.name, log.key_id)


def create_witness(watch: Watch) -> FastAPI:
    """The witness on HTTP: ``POST /add-checkpoint`` and ``GET /<origin hash>/checkpoint``."""
    app = FastAPI(title="见证", openapi_url=None)

    @app.post("/add-checkpoint")
    async def add_checkpoint(request: Request) -> Response:
        """联署一个检查点"""
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                return PlainTextResponse("too large\n", 413)
        try:
            return PlainTextResponse(await run_in_threadpool(watch.add, bytes(body)))
        except NotCosigned as no:
            if no.size is not None:
                return Response(f"{no.size}\n", no.status, headers={"Content-Type": "text/x.tlog.size"})
            return PlainTextResponse(f"{no}\n", no.status)

    @app.get("/{origin_hash}/checkpoint")
    def checkpoint(origin_hash: str) -> Response:
        """最近联署的检查点"""
        note = watch.record(origin_hash) if _ORIGIN_HASH.fullmatch(origin_hash) else None
        return PlainTextResponse(note or "no such checkpoint\n", 200 if note else 404)

    return app
