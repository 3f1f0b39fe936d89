"""请求见证: how a log asks its witnesses to cosign a checkpoint (C2SP tlog-witness, the client's side)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from adapters.proofs.notes import BadNote, Checkpoint, Note, Signature, base64, number
from adapters.proofs.policy import Policy, Witness

PATIENCE: Final = 2.0
"""Seconds a witness has for each step of its answer."""

_LONGEST: Final = 64 << 10

Prove = Callable[[int, int], Sequence[bytes]]
"""The consistency proof between two sizes of the log."""


class Refusal(Exception):
    """The witness answered, and would not cosign: ``status`` is HTTP's; ``size`` what it cosigned last, if it said."""

    def __init__(self, status: int, size: int | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.size = size


class Collected(NamedTuple):
    """所得联署: the checkpoint with every cosignature that came, and why any other witness gave none."""

    note: Note
    refusals: dict[str, Refusal]
    unreachable: dict[str, str]


class Witnesses:
    """见证人: those of a log's policy that have an address. Remembers which size each of them knows."""

    def __init__(self, policy: Policy, patience: float = PATIENCE) -> None:
        self.policy = policy
        self.patience = patience
        self._known: dict[str, int] = {}

    def collect(self, note: Note, checkpoint: Checkpoint, prove: Prove) -> Collected:
        """Ask all of them at once for cosignatures on a checkpoint that the log has signed."""
        asked = [witness for witness in self.policy.witnesses.values() if witness.url]
        collected = Collected(note, {}, {})
        lines: list[Signature] = []
        if asked:
            with ThreadPoolExecutor(len(asked), "witness") as pool:
                answers = [(one, pool.submit(self._ask, one, note, checkpoint, prove)) for one in asked]
            for witness, answer in answers:
                try:
                    lines.append(answer.result())
                except Refusal as refusal:
                    collected.refusals[witness.name] = refusal
                except (OSError, HTTPException, BadNote) as error:
                    collected.unreachable[witness.name] = str(error) or type(error).__name__
        return collected._replace(note=Note(note.text, (*note.signatures, *lines)))

    def _ask(self, witness: Witness, note: Note, checkpoint: Checkpoint, prove: Prove) -> Signature:
        """Its cosignature. A witness that knows another size than we thought is asked once more, from there."""
        try:
            return self._add(witness, note, checkpoint, prove)
        except Refusal as refusal:
            if refusal.status != 409 or refusal.size is None or refusal.size > checkpoint.size:
                raise
            self._known[witness.name] = refusal.size
            return self._add(witness, note, checkpoint, prove)

    def _add(self, witness: Witness, note: Note, checkpoint: Checkpoint, prove: Prove) -> Signature:
        old = min(self._known.get(witness.name, 0), checkpoint.size)
        body = request_body(old, prove(old, checkpoint.size), note)
        status, answer = self._post(f"{witness.url}/add-checkpoint", body)
        if status == 409:
            raise Refusal(status, number(answer.decode("ascii", "replace").removesuffix("\n")))
        if status != 200:
            raise Refusal(status)
        for line in answer.decode("utf-8", "replace").removesuffix("\n").split("\n"):
            signature = Signature.parse(line)
            if (signature.name, signature.key_id) == (witness.verifier.name, witness.verifier.key_id):
                witness.verifier.verify(note.text, signature)
                self._known[witness.name] = checkpoint.size
                return signature
        raise BadNote("the answer has no cosignature of this witness")

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.patience)
        try:
            connection.request("POST", parts.path, body, {"Content-Type": "text/plain; charset=utf-8"})
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST)
        finally:
            connection.close()


def request_body(old: int, proof: Sequence[bytes], note: Note) -> bytes:
    hashes = "".join(f"{base64(hash_)}\n" for hash_ in proof)
    return f"old {old}\n{hashes}\n{note}".encode()
