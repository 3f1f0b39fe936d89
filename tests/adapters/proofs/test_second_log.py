"""The second log: the same facts with SM3 and SM2, where a place's policy asks for it, sealed beside the first."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import gmalg  # type: ignore[import-untyped]
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from eventsourcing.dcb.api import DCBEvent
from fastapi import FastAPI
from fastapi.testclient import TestClient

from adapters.cli.proofs import log_key, verify
from adapters.postgres.event_store import PostgresRecorder
from adapters.proofs import merkle, sm2
from adapters.proofs.asking import request_body
from adapters.proofs.bundle import pack, unpack
from adapters.proofs.database import Verified, verify_database
from adapters.proofs.entries import Entry
from adapters.proofs.gathering import bundle_of
from adapters.proofs.notes import LOG, SM_LOG, WITNESS, BadNote, Checkpoint, Note, Signer, Verifier
from adapters.proofs.offline import verify_bundle, verify_file
from adapters.proofs.policy import Policy
from adapters.proofs.published import PublishedLog
from adapters.proofs.routes import router
from adapters.proofs.sealer import Alarm, Sealer, second_key
from adapters.proofs.sm2 import SM2_ID, Sm2PrivateKey, SuiteMissing, sm3
from adapters.proofs.verdict import Unproven
from adapters.proofs.witness import NotCosigned, Watch
from domain.ids import IssueId
from domain.policy import AdoptPolicy, PolicyAdopted, packaged
from tests.adapters.proofs.world import ISSUE, NOON, Memory, key_of, policy_of, sealed, settled
from tests.conftest import PostgresServer
from tests.county import COUNTY, closed, county, person
from tests.scenario import Scene

ORIGIN = "ledger.example/county"

try:
    sm2.libcrypto()
except SuiteMissing:
    pytest.skip("this machine's libcrypto was built without SM2", allow_module_level=True)


def asking(scene: Scene) -> None:
    """From now on the county's policy asks for SM3 and SM2 as well."""
    pack = packaged("county")
    body = {**pack.model_dump(), "version": pack.version + 1, "seals": ["sm"]}
    command = AdoptPolicy.model_validate({"region": COUNTY, "policy": body, "since": scene.today})
    scene.when(command, person("headquarters"))


def story() -> Memory:
    """An issue closed before the county asked for the second log, and one closed after."""
    scene = county()
    closed(scene, ISSUE)
    asking(scene)
    closed(scene, IssueId("issue-bridge"))
    return Memory.of(scene)


FACTS = story()
ASKED = next(fact.position for fact in reversed(FACTS.facts) if fact.type == PolicyAdopted.type)


def upto(position: int) -> Memory:
    return Memory(FACTS.facts[:position])


def trusting(folder: Path, *, first: bool = False) -> Policy:
    """The policy of someone who trusts the second log, and the ``first`` only if told."""
    logs = [second_key(folder), *([key_of(folder)] if first else [])]
    return Policy.parse(policy_of(*logs))


def sizes(folder: Path) -> list[int]:
    return [found[0].size for log in PublishedLog(folder).both if (found := log.checkpoint())]


# SM3 and SM2


def test_sm3_agrees_with_the_examples_of_the_standard() -> None:
    # GB/T 32905-2016, appendix A
    for content, digest in (
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ):
        assert sm3(content).digest().hex() == digest


def theirs(content: bytes) -> bytes:
    """SM3, by another implementation."""
    hashed = gmalg.SM3()
    hashed.update(content)
    value: bytes = hashed.value()
    return value


def simple_root(entries: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word, with SM3 in the place of SHA-256."""
    if not entries:
        return theirs(b"")
    if len(entries) == 1:
        return theirs(b"\0" + entries[0])
    half = 1
    while half * 2 < len(entries):
        half *= 2
    return theirs(b"\1" + simple_root(entries[:half]) + simple_root(entries[half:]))


def test_the_tree_is_that_of_rfc_6962_with_sm3_in_the_place_of_sha_256() -> None:
    entries = [b"%d" % number for number in range(21)]
    leaves = [merkle.leaf_hash(entry, sm3) for entry in entries]

    def nodes(level: int, index: int) -> bytes:
        return merkle.complete(leaves[index << level : (index + 1) << level], sm3)

    roots = [simple_root(entries[:size]) for size in range(22)]
    for size in range(22):
        assert merkle.root(nodes, size, sm3) == roots[size]
        for index in range(size):
            proof = merkle.inclusion_proof(nodes, index, size, sm3)
            assert merkle.verify_inclusion(leaves[index], index, size, proof, roots[size], sm3)
            assert not merkle.verify_inclusion(leaves[index - 1], index, size, proof, roots[size], sm3) or size == 1
        for old in range(1, size):
            proof = merkle.consistency_proof(nodes, old, size, sm3)
            assert merkle.verify_consistency(old, size, roots[old], roots[size], proof, sm3)
            assert not merkle.verify_consistency(old, size, roots[old], roots[size], proof)


def test_what_an_sm2_key_signs_another_implementation_takes() -> None:
    key = Sm2PrivateKey.generate()
    point = key.public_key().point
    r, s = decode_dss_signature(key.sign(b"checkpoint"))
    them = gmalg.SM2(uid=SM2_ID, pk=point)
    assert them.verify(b"checkpoint", r.to_bytes(32), s.to_bytes(32))
    assert not them.verify(b"checkpoinT", r.to_bytes(32), s.to_bytes(32))


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"short"])
def test_what_is_no_sm2_key_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="not an SM2 private key"):
        Sm2PrivateKey(secret)


def test_a_checkpoint_signed_with_sm2_is_a_signed_note_of_a_type_of_its_own(tmp_path: Path) -> None:
    signer = Signer.kept(tmp_path / "key", f"{ORIGIN}/sm", SM_LOG)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert Signer.kept(tmp_path / "key", "", SM_LOG).verifier == signer.verifier
    verifier = Verifier.parse(str(signer.verifier))
    assert verifier == signer.verifier
    text = Checkpoint(f"{ORIGIN}/sm", 0, merkle.empty_root(sm3)).text
    note = Note.parse(str(Note(text, (signer.sign(text),))))
    verifier.verify(note.text, note.signatures[0])
    for wrong in (text.replace("\n0\n", "\n1\n"), text + "x\n"):
        with pytest.raises(BadNote):
            verifier.verify(wrong, note.signatures[0])
    with pytest.raises(BadNote, match="another kind"):
        Signer.kept(tmp_path / "key", "", LOG)
    other = Signer.new(f"{ORIGIN}/sm", LOG)
    with pytest.raises(Unproven, match="bad_policy"):
        Policy.parse(policy_of(signer, other))


# Sealing


def test_no_second_log_is_kept_where_no_policy_asks_for_it(tmp_path: Path) -> None:
    sealer = sealed(tmp_path, settled(), ORIGIN)
    assert sealer.status().second is None
    assert not (tmp_path / "sm").exists()
    assert sizes(tmp_path) == [len(settled().facts)]


def test_from_the_fact_that_asks_for_it_both_logs_have_every_fact(tmp_path: Path) -> None:
    facts = upto(ASKED - 1)
    sealer = sealed(tmp_path, facts, ORIGIN)
    assert sizes(tmp_path) == [ASKED - 1]
    with sealer.alone():
        for size in (ASKED, ASKED + 3, len(FACTS.facts)):
            facts.facts[:] = FACTS.facts[:size]
            sealer.seal()
            assert sizes(tmp_path) == [size, size]
            assert sealer.status().second == size
    second = PublishedLog(tmp_path).second
    checkpoint, note = second.checkpoint() or pytest.fail("it is not published")
    assert checkpoint.origin == f"{ORIGIN}/sm"
    assert checkpoint.root == simple_root([entry.content for entry in FACTS.entries()])
    assert trusting(tmp_path).accept(note).algorithm is sm3


def test_it_is_sealed_from_the_same_reading_as_the_first(tmp_path: Path) -> None:
    facts = upto(ASKED)
    sealer = sealed(tmp_path, facts, ORIGIN)
    facts.facts[:] = FACTS.facts
    read: list[int] = []
    reading = facts.read_recorded

    def counted(**asked: Any) -> Any:
        for fact in reading(**asked):
            read.append(fact.position)
            yield fact

    facts.read_recorded = counted  # type: ignore[method-assign]
    with sealer.alone():
        sealer.seal()
    assert read == list(range(ASKED, len(FACTS.facts) + 1)), (
        "the last one sealed is compared; of the rest each is read once"
    )
    assert sizes(tmp_path) == [len(FACTS.facts)] * 2


@pytest.mark.parametrize("lost", ["signed", "checkpoint", "key"])
def test_after_a_crash_it_is_brought_up_to_the_first(tmp_path: Path, lost: str) -> None:
    facts = upto(ASKED + 1)
    sealed(tmp_path, facts, ORIGIN)
    second = tmp_path / "sm"
    if lost == "key":
        # As if the power had failed when the folder was made, and nothing else.
        for file in sorted(second.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
    else:
        before = {name: (second / name).read_bytes() for name in ("signed", "checkpoint")}
        facts.facts[:] = FACTS.facts
        sealed(tmp_path, facts, ORIGIN)
        for name in ("checkpoint",) if lost == "checkpoint" else before:
            (second / name).write_bytes(before[name])
    facts.facts[:] = FACTS.facts
    sealed(tmp_path, facts, ORIGIN)
    assert sizes(tmp_path) == [len(FACTS.facts)] * 2


def test_it_takes_up_nothing_that_the_first_did_not_seal(tmp_path: Path) -> None:
    facts = upto(ASKED + 4)
    sealed(tmp_path, facts, ORIGIN)
    for file in sorted((tmp_path / "sm").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    facts.change(7, data=b"{}")
    with pytest.raises(Alarm) as alarm:
        sealed(tmp_path, facts, ORIGIN)
    assert (alarm.value.code, alarm.value.position) == ("sealed_fact_changed", 7)


def test_a_second_log_that_knows_more_than_the_first_stops_the_sealing(tmp_path: Path) -> None:
    facts = upto(ASKED)
    sealed(tmp_path, facts, ORIGIN)
    before = {name: (tmp_path / name).read_bytes() for name in ("signed", "checkpoint")}
    sealed(tmp_path, FACTS, ORIGIN)
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(Alarm, match="log_rolled_back"):
        sealed(tmp_path, FACTS, ORIGIN)


def test_where_openssl_has_no_sm2_the_first_log_goes_on_and_the_second_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(tmp_path / "there", FACTS, ORIGIN)
    policy, note = trusting(tmp_path / "there"), PublishedLog(tmp_path / "there").second.note()

    def missing(*_: object) -> None:
        raise SuiteMissing("sm2")

    with monkeypatch.context() as machine:
        machine.setattr(sm2, "libcrypto", missing)
        sealer = sealed(tmp_path / "here", FACTS, ORIGIN)
        assert (sealer.status().published, sealer.status().second) == (len(FACTS.facts), None)
        with pytest.raises(Unproven, match="suite_missing"):
            policy.accept(note or "")
    sealed(tmp_path / "here", FACTS, ORIGIN)
    assert sizes(tmp_path / "here") == [len(FACTS.facts)] * 2, "once the machine has it, it is begun"


def test_a_witness_cosigns_it_by_its_own_hash_only(tmp_path: Path) -> None:
    sealed(tmp_path / "log", upto(ASKED), ORIGIN)
    before, _ = PublishedLog(tmp_path / "log").second.checkpoint() or pytest.fail("it is not published")
    sealed(tmp_path / "log", FACTS, ORIGIN)
    second = PublishedLog(tmp_path / "log").second
    now, note = second.checkpoint() or pytest.fail("it is not published")
    key = second_key(tmp_path / "log")
    watch = Watch(tmp_path / "watch", Signer.new("witness.example/1", WITNESS), (key.verifier,), lambda: NOON)

    def asked(old: int, proof: list[bytes], text: str) -> str:
        return watch.add(request_body(old, proof, Note.parse(text)))

    earlier = Note(before.text, (key.sign(before.text),))
    asked(0, [], str(earlier))
    nodes, firsts = second.tree(now.size).nodes, PublishedLog(tmp_path / "log").tree(now.size).nodes
    with pytest.raises(NotCosigned):
        asked(before.size, merkle.consistency_proof(firsts, before.size, now.size), note)
    line = asked(before.size, merkle.consistency_proof(nodes, before.size, now.size, sm3), note)
    policy = Policy.parse(policy_of(key, asked=[watch.signer], needed=1))
    assert policy.accept(note + line).witnessed == {"w1": NOON}


# Checking


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    sealed(tmp_path / "log", FACTS, ORIGIN)
    return tmp_path / "log"


def bundled(folder: Path, *, second: bool = True) -> bytes:
    log = PublishedLog(folder)
    positions = [fact.position for fact in FACTS.facts]
    proofs, more = log.proofs(positions), log.second.proofs(positions)
    assert proofs is not None
    assert more is not None
    return pack(ISSUE, FACTS.entries(), proofs, more if second else ())


def test_a_bundle_is_proven_by_each_log_that_its_checker_trusts(whole: Path) -> None:
    content = bundled(whole)
    for policy, origins in (
        (trusting(whole), [f"{ORIGIN}/sm"]),
        (trusting(whole, first=True), [ORIGIN, f"{ORIGIN}/sm"]),
        (Policy.parse(policy_of(key_of(whole))), [ORIGIN]),
    ):
        report = verify_bundle(content, policy)
        assert [log.checkpoint.origin for log in report.logs] == origins
        assert len(report.chains) == 1
    assert "(SM3、SM2)" in "\n".join(verify_bundle(content, trusting(whole)).lines())
    stranger = Policy.parse(policy_of(Signer.new("ledger.example/other", SM_LOG)))
    with pytest.raises(Unproven, match="unknown_log"):
        verify_bundle(content, stranger)
    with pytest.raises(Unproven, match="unknown_log"):
        verify_bundle(bundled(whole, second=False), trusting(whole))


def test_who_trusts_the_second_log_alone_finds_what_was_changed_though_the_first_was_made_anew(
    whole: Path, tmp_path: Path
) -> None:
    """The keeper of the server signs another first log over other facts; the second's checkpoint is held elsewhere."""
    honest = unpack(bundled(whole))
    facts = Memory(list(FACTS.facts))
    facts.change(40, data=facts.facts[39].data.replace(b"2019", b"2018", 1))
    (tmp_path / "forged").mkdir()
    os.link(whole / "key", tmp_path / "forged" / "key")
    sealed(tmp_path / "forged", facts, ORIGIN)
    proofs = PublishedLog(tmp_path / "forged").proofs([fact.position for fact in facts.facts])
    assert proofs is not None
    forged = pack(ISSUE, facts.entries(), proofs, honest.second)
    verify_bundle(forged, Policy.parse(policy_of(key_of(whole))))
    for policy in (trusting(whole), trusting(whole, first=True)):
        with pytest.raises(Unproven) as refusal:
            verify_bundle(forged, policy)
        assert (refusal.value.code, refusal.value.position) == ("not_in_log", 40)


def test_a_receipt_by_the_second_log_is_one(whole: Path) -> None:
    entry = FACTS.entries()[11]
    receipt = str(PublishedLog(whole).second.receipt(entry)).encode()
    assert verify_file(receipt, trusting(whole)).facts[0].position == 12
    with pytest.raises(Unproven, match="unknown_log"):
        verify_file(receipt, Policy.parse(policy_of(key_of(whole))))


@pytest.fixture
def database(postgres_server: PostgresServer, tmp_path: Path) -> Any:
    owner_url = postgres_server.take()
    with PostgresRecorder(postgres_server.as_service(owner_url)) as recorder:
        recorder.append([DCBEvent(fact.type, fact.data, fact.tags) for fact in FACTS.facts])
        sealer = Sealer(tmp_path / "data" / "log", recorder, origin=ORIGIN)
        with sealer.alone():
            sealer.seal()
        yield owner_url, recorder, sealer.log
    postgres_server.give_back(owner_url)


def test_a_whole_database_is_checked_by_the_second_log_alone(
    database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url, recorder, log = database
    content = bundle_of(ISSUE, recorder, log)
    assert len(content) <= 64 << 10
    assert len(verify_bundle(content, trusting(log.folder, first=True)).logs) == 2
    by_second = bundle_of(ISSUE, recorder, log, "second")
    assert len(by_second) < len(content)
    assert len(verify_bundle(by_second, trusting(log.folder)).logs) == 1
    with pytest.raises(Unproven, match="unknown_log"):
        verify_bundle(by_second, Policy.parse(policy_of(key_of(log.folder))))
    second, _ = log.second.checkpoint()
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("TAIZHANG_DATA", str(tmp_path / "data"))
    trusted = tmp_path / "trusted.txt"
    for first, logs in ((False, 1), (True, 2)):
        trusted.write_text(policy_of(second_key(log.folder), *([key_of(log.folder)] if first else [])))
        verify(trusted, whole=True)
        assert capsys.readouterr().out.count(f"核验通过:全库{len(FACTS.facts)}条") == logs
    log_key()
    assert capsys.readouterr().out.split() == [str(key_of(log.folder).verifier), str(second_key(log.folder).verifier)]
    with psycopg.connect(url) as superuser:
        for tree in (log.second.tree(second.size), None):
            assert verify_database(superuser, second, tree, algorithm=sm3) == Verified(second.size, 0)
        superuser.execute("ALTER TABLE facts.fact DISABLE TRIGGER ALL")
        superuser.execute("UPDATE facts.fact SET data = data || ' '::bytea WHERE position = 33")
        for tree, position in ((log.second.tree(second.size), 33), (None, 1)):
            with pytest.raises(Unproven) as refusal:
                verify_database(superuser, second, tree, algorithm=sm3)
            assert refusal.value.position == position
        superuser.rollback()


def test_its_checkpoint_tiles_and_receipts_are_served_under_a_path_of_their_own(database: Any) -> None:
    _, recorder, log = database
    app = FastAPI()
    app.include_router(router(log, recorder, lambda request: None))
    web = TestClient(app)
    note = web.get("/log/sm/checkpoint").text
    accepted = trusting(log.folder).accept(note)
    size = len(FACTS.facts)
    tile = web.get(f"/log/sm/tile/0/000.p/{size}").content
    assert tile == b"".join(merkle.leaf_hash(entry.content, sm3) for entry in recorded(recorder))
    assert accepted.checkpoint.root == simple_root([entry.content for entry in recorded(recorder)])
    assert tile != web.get(f"/log/tile/0/000.p/{size}").content
    receipt = web.get("/api/v1/receipts/5?sm=true")
    assert verify_file(receipt.content, trusting(log.folder)).facts[0].position == 5


def recorded(recorder: PostgresRecorder) -> list[Entry]:
    return [Entry(fact.position, fact.recorded_at, fact.data) for fact in recorder.read_recorded()]


def test_a_key_that_openssl_made_is_opened_and_one_of_ours_by_openssl(tmp_path: Path) -> None:
    passphrase = "桂北的雨下了一整夜没有停"
    file = tmp_path / "key.pem"
    made = Sm2PrivateKey.generate()
    file.write_bytes(made.locked(passphrase.encode(), 1000))
    told = subprocess.run(
        ["openssl", "pkey", "-in", file, "-passin", f"pass:{passphrase}", "-pubout", "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    assert told == sm2.PUBLIC + made.public_key().point
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "SM2", "-aes256", "-pass", f"pass:{passphrase}", "-out", file],
        capture_output=True,
        check=True,
    )
    assert Sm2PrivateKey.unlocked(file.read_bytes(), passphrase.encode()).sign(b"x")
