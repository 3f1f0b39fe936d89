"""A witness does what C2SP's tlog-witness says, to the letter; a log publishes only what enough of them have seen."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import copytree, rmtree
from socket import socket
from threading import Event

import httpx2
import pytest
from fastapi.testclient import TestClient

from adapters.proofs.asking import request_body
from adapters.proofs.merkle import EMPTY, consistency_proof, root
from adapters.proofs.notes import LOG, WITNESS, Checkpoint, Note, Signer, Verifier, signed_by
from adapters.proofs.policy import Policy
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Alarm, Sealer
from adapters.proofs.tiles import Edge, Tiles, Tree
from adapters.proofs.witness import Watch, create_witness
from tests.adapters.proofs.world import NOON, Memory, key_of, policy_of

KEY = Signer.new("ledger.example/county", LOG)
EYE = Signer.new("witness.example/city", WITNESS)


class Log:
    """A log whose keeper can say anything."""

    def __init__(self, folder: Path, salt: bytes = b"") -> None:
        self.tiles = Tiles(folder)
        edge = Edge(self.tiles, 0)
        for number in range(20):
            edge.append(sha256(salt + b"%d" % number).digest())
            edge.settle()

    def at(self, size: int) -> Checkpoint:
        return Checkpoint(KEY.verifier.name, size, root(Tree(self.tiles, 20).nodes, size))

    def request(self, old: int, new: int, key: Signer = KEY) -> bytes:
        proof = consistency_proof(Tree(self.tiles, 20).nodes, old, new)
        return request_body(old, proof, signed(self.at(new), key))


def signed(tree: Checkpoint, key: Signer = KEY) -> Note:
    return Note(tree.text, (key.sign(tree.text),))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log")


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "witness", EYE, (KEY.verifier,), lambda: NOON)


@pytest.fixture
def web(watch: Watch) -> TestClient:
    return TestClient(create_witness(watch))


def test_it_cosigns_what_continues_the_last_it_cosigned(web: TestClient, log: Log, watch: Watch) -> None:
    for old, new in ((0, 3), (3, 3), (3, 4), (4, 17), (17, 20)):
        answer = web.post("/add-checkpoint", content=log.request(old, new))
        assert answer.status_code == 200, answer.text
        note = Note.parse(f"{log.at(new).text}\n{answer.text}")
        assert signed_by(note, [EYE.verifier]) == {EYE.verifier: NOON}
        kept = web.get(f"/{sha256(KEY.verifier.name.encode()).hexdigest()}/checkpoint").text
        assert set(signed_by(Note.parse(kept), [KEY.verifier, EYE.verifier])) == {KEY.verifier, EYE.verifier}
        assert Checkpoint.parse(Note.parse(kept).text).size == new
    assert len(list(watch.folder.glob("*.checkpoint"))) == 1


def test_an_empty_log_can_be_watched_from_the_start(web: TestClient, log: Log) -> None:
    nothing = Checkpoint(KEY.verifier.name, 0, EMPTY)
    assert web.post("/add-checkpoint", content=request_body(0, [], signed(nothing))).status_code == 200
    lie = nothing._replace(root=bytes(32))
    assert web.post("/add-checkpoint", content=request_body(0, [], signed(lie))).status_code == 422
    assert web.post("/add-checkpoint", content=log.request(0, 5)).status_code == 200


def test_every_refusal_has_the_status_of_the_specification(web: TestClient, log: Log, tmp_path: Path) -> None:
    def status(body: bytes) -> int:
        return int(web.post("/add-checkpoint", content=body).status_code)

    assert status(log.request(0, 5)) == 200
    stranger, namesake = Signer.new("ledger.example/other", LOG), Signer.new(KEY.verifier.name, LOG)
    elsewhere = log.at(7)._replace(origin="ledger.example/other")
    assert status(request_body(5, [], signed(elsewhere, stranger))) == 404
    assert status(log.request(5, 7, namesake)) == 403
    broken = log.request(5, 7).replace(b"\n7\n", b"\n8\n")
    assert status(broken) == 403
    assert status(request_body(9, [], signed(log.at(7)))) == 400
    conflict = web.post("/add-checkpoint", content=log.request(3, 7))
    assert (conflict.status_code, conflict.text) == (409, "5\n")
    assert conflict.headers["content-type"] == "text/x.tlog.size"
    assert status(request_body(5, [bytes(32)] * 3, signed(log.at(7)))) == 422
    assert status(Log(tmp_path / "fork", b"fork").request(5, 7)) == 422
    assert status(request_body(5, [], signed(log.at(5)._replace(root=bytes(32))))) == 422
    assert status(log.request(5, 7)) == 200
    assert web.get(f"/{'0' * 64}/checkpoint").status_code == 404
    assert web.get("/nonsense/checkpoint").status_code == 404
    assert web.get("/add-checkpoint").status_code == 405


def test_a_first_checkpoint_needs_no_proof_and_may_have_none(web: TestClient, log: Log) -> None:
    assert web.post("/add-checkpoint", content=request_body(0, [bytes(32)], signed(log.at(5)))).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"",
        lambda body: body.replace(b"old 0", b"old 00"),
        lambda body: body.replace(b"old 0", b"old -1"),
        lambda body: body.replace(b"old 0", b"new 0"),
        lambda body: body.replace(b"old 0\n", b"old 0\nAAAA\n"),
        lambda body: body.replace(b"old 0\n", b"old 0\n" + (b"A" * 43 + b"=\n") * 64),
        lambda body: body.split(b"\n\n")[0] + b"\n\n" + body.split(b"\n\n")[1] + b"\n",
        lambda body: body.removesuffix(b"\n"),
        lambda body: body.replace(b"\n", b"\r\n"),
        lambda body: b"\xff" + body,
    ],
)
def test_what_is_no_request_to_the_letter_is_a_bad_request(
    web: TestClient, log: Log, change: Callable[[bytes], bytes]
) -> None:
    assert web.post("/add-checkpoint", content=change(log.request(0, 5))).status_code == 400


def test_too_much_is_not_even_read(web: TestClient) -> None:
    assert web.post("/add-checkpoint", content=b"old 0\n" * 200_000).status_code == 413


def test_of_two_that_come_at_once_only_one_moves_it(watch: Watch, log: Log, tmp_path: Path) -> None:
    fork = Log(tmp_path / "fork", b"fork")
    bodies = [log.request(0, 7), fork.request(0, 7), log.request(0, 9), fork.request(0, 9)] * 4

    def add(body: bytes) -> bool:
        try:
            watch.add(body)
        except Exception:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, bodies)) == 1


# A log and its witnesses, each on a port of its own


def free_port() -> int:
    with closing(socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(folder: Path, name: str, logs: Path, port: int) -> Iterator[Verifier]:
    """``taizhang witness`` as a process of its own; its public key."""
    start = "import sys, pathlib; from adapters.cli.proofs import witness; name, logs, folder, port = sys.argv[1:]; "
    start += "witness(name, pathlib.Path(logs), pathlib.Path(folder), port=int(port))"
    arguments = [name, str(logs), str(folder), str(port)]
    with subprocess.Popen(
        [sys.executable, "-c", start, *arguments], stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            assert process.stdout is not None
            key = process.stdout.readline().partition(":")[2].strip()
            for _ in range(300):
                try:
                    httpx2.get(f"http://127.0.0.1:{port}/none/checkpoint", trust_env=False)
                    break
                except httpx2.TransportError:
                    Event().wait(0.05)
            yield Verifier.parse(key)
        finally:
            process.terminate()


class County:
    """A log that has its own witnesses asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts = Memory()
        self.published = PublishedLog(folder)

    def seals(self, policy: Policy) -> Sealer:
        sealer = Sealer(self.folder, self.facts, origin=KEY.verifier.name, policy=policy)
        with sealer.alone():
            sealer.seal()
        return sealer

    def size(self) -> int:
        found = self.published.checkpoint()
        return found[0].size if found else 0


def test_a_log_publishes_what_two_of_three_witnesses_in_their_own_processes_have_seen(tmp_path: Path) -> None:
    county = County(tmp_path / "county")
    Signer.kept(county.folder / "key", KEY.verifier.name, LOG)
    logs = tmp_path / "logs.txt"
    logs.write_text(policy_of(key_of(county.folder)), "utf-8")
    ports = [free_port() for _ in range(3)]
    absent = Signer.new("witness.example/province", WITNESS)

    def policy(*keys: Verifier) -> Policy:
        lines = [f"witness w{at} {key} http://127.0.0.1:{ports[at]}" for at, key in enumerate(keys)]
        return Policy.parse("\n".join([*lines, "group two 2 w0 w1 w2", "quorum two", ""]))

    county.facts.grow(300)
    with running(tmp_path / "city", "witness.example/city", logs, ports[0]) as city:
        with running(tmp_path / "discipline", "witness.example/discipline", logs, ports[1]) as discipline:
            asked = policy(city, discipline, absent.verifier)
            sealer = county.seals(asked)
            assert county.size() == 300
            assert set(sealer.status().witnesses) == {"w2"}
            county.facts.grow(50)
            county.seals(asked)
            assert county.size() == 350
            note = county.published.note()
            assert note is not None
            assert set(asked.witnessed(Note.parse(note))) == {"w0", "w1"}
            older = copytree(county.folder, tmp_path / "older")
        # With one of them gone nothing new is published, and nothing more is signed after a restart.
        county.facts.grow(10)
        sealer = county.seals(asked)
        assert (county.size(), sealer.status().published, set(sealer.status().witnesses)) == (350, 350, {"w1", "w2"})
        with running(tmp_path / "discipline", "witness.example/discipline", logs, ports[1]) as again:
            assert again == discipline
            county.seals(asked)
            assert county.size() == 360
            # The whole county is put back to an older copy and goes on from there: the witnesses remember.
            rmtree(county.folder)
            older.rename(county.folder)
            del county.facts.facts[350:]
            county.facts.grow(3)
            with pytest.raises(Alarm) as alarm:
                county.seals(asked)
            assert alarm.value.code == "witness_ahead"


def test_a_log_that_was_rewritten_whole_cannot_get_another_cosignature(tmp_path: Path, watch: Watch) -> None:
    county = County(tmp_path / "county")
    key = Signer.kept(county.folder / "key", KEY.verifier.name, LOG)
    logs = tmp_path / "logs.txt"
    logs.write_text(policy_of(key), "utf-8")
    port = free_port()
    with running(tmp_path / "city", "witness.example/city", logs, port) as city:
        asked = Policy.parse(f"witness w {city} http://127.0.0.1:{port}\nquorum w\n")
        county.facts.grow(20)
        county.seals(asked)
        # The administrator has the key too, changes a fact, and seals everything anew.
        for name in ("signed", "checkpoint"):
            (county.folder / name).unlink()
        rmtree(county.folder / "tile")
        county.facts.change(5, data=b"{}")
        county.facts.grow(1)
        with pytest.raises(Alarm) as alarm:
            county.seals(asked)
        assert alarm.value.code == "witness_disagrees"
        assert county.size() == 0
