"""Signed notes to the letter: what the specification shows is accepted, and whatever strays from it is not."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofbundle.checkpoint import verify_checkpoint, verify_cosignature
from tlog_scales.signing import Vkey
from tlog_scales.tlog import Checkpoint as TheirCheckpoint

from adapters.proofs.notes import (
    LOG,
    WITNESS,
    BadNote,
    Checkpoint,
    Note,
    Signer,
    Verifier,
    signed_by,
)
from adapters.proofs.receipts import Proof, apart, together
from adapters.proofs.verdict import Unproven

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERY"
    "NZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
AT = datetime(2019, 11, 21, 4, tzinfo=UTC)
KEY = Signer.new("ledger.example/county", LOG)
WATCHER = Signer.new("witness.example/city", WITNESS)
TREE = Checkpoint("ledger.example/county", 20852163, bytes(range(32)))


def cosigned() -> Note:
    return Note(TREE.text, (KEY.sign(TREE.text), WATCHER.sign(TREE.text, AT)))


def test_the_specifications_own_example_verifies() -> None:
    note = Note.parse(NOTE)
    key = Verifier.parse(VKEY)
    assert signed_by(note, [key]) == {key: None}
    assert str(note) == NOTE
    assert str(key) == VKEY


def test_a_changed_text_is_not_what_was_signed() -> None:
    with pytest.raises(BadNote, match="is wrong"):
        signed_by(Note.parse(NOTE.replace("example message", "other message")), [Verifier.parse(VKEY)])


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    stranger = Signer.new("example.com/foo", LOG)
    assert signed_by(Note.parse(NOTE), [stranger.verifier]) == {}


def test_independent_programs_accept_our_checkpoints_and_cosignatures() -> None:
    text = str(cosigned())
    assert verify_checkpoint(text, str(KEY.verifier))["ok"]
    assert verify_cosignature(text, str(WATCHER.verifier))["ok"]
    theirs = TheirCheckpoint.from_text(text)
    assert (theirs.origin, theirs.size, theirs.root_hash) == (TREE.origin, TREE.size, TREE.root)
    theirs.verify(Vkey.from_string(str(KEY.verifier)))
    theirs.verify(Vkey.from_string(str(WATCHER.verifier)))
    assert not verify_cosignature(text.replace(str(TREE.size), "20852164"), str(WATCHER.verifier))["ok"]


def test_a_cosignature_says_when_it_was_made_and_is_over_that_time() -> None:
    note = cosigned()
    assert signed_by(note, [KEY.verifier, WATCHER.verifier]) == {KEY.verifier: None, WATCHER.verifier: AT}
    line = note.signatures[1]
    later = line._replace(blob=(int.from_bytes(line.blob[:8]) + 1).to_bytes(8) + line.blob[8:])
    with pytest.raises(BadNote):
        signed_by(Note(note.text, (later,)), [WATCHER.verifier])


def test_neither_kind_of_key_signs_as_the_other() -> None:
    with pytest.raises(ValueError, match="witness"):
        WATCHER.sign(TREE.text)
    with pytest.raises(ValueError, match="witness"):
        KEY.sign(TREE.text, AT)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no signatures\n",
        "no end\n\n— a b",
        NOTE.removesuffix("\n"),
        NOTE.replace("— ", "- "),
        NOTE.replace("— ", "—  "),
        NOTE + "\n",
        NOTE.replace("This", "Th\tis"),
        NOTE.replace("This", "Th\ris"),
        NOTE.replace("M=", "N="),
        NOTE.replace("M=\n", "M\n"),
        NOTE.replace("foo Uw2Q", "fo+o Uw2Q"),
        NOTE + NOTE.split("\n\n")[1] * 64,
        "long\n" * 100_000 + NOTE,
        b"\xff\xfe\n\n" + NOTE.split("\n\n")[1].encode(),
    ],
)
def test_what_is_not_a_note_to_the_letter_is_refused(content: str | bytes) -> None:
    with pytest.raises(BadNote):
        Note.parse(content)


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n01\n" + "A" * 43 + "=\n",
        "origin\n-1\n" + "A" * 43 + "=\n",
        "origin\n1\nAAAA\n",
        "\n1\n" + "A" * 43 + "=\n",
        "origin\n1\n" + "A" * 43 + "=\n\nmore\n",
        "origin\n٣\n" + "A" * 43 + "=\n",
    ],
)
def test_what_is_not_a_checkpoint_to_the_letter_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "vkey",
    ["", "name", VKEY.replace("530d903a", "530d903b"), VKEY.replace("example.com/foo", "example.com/bar"), VKEY + "A"],
)
def test_a_verifier_key_that_is_not_its_own_is_refused(vkey: str) -> None:
    with pytest.raises(BadNote):
        Verifier.parse(vkey)


@given(st.text(alphabet=st.characters(min_codepoint=32, codec="utf-8"), min_size=1), st.integers(0))
def test_a_checkpoint_is_read_as_it_was_written(origin: str, size: int) -> None:
    size %= 10**18
    written = Checkpoint(origin, size, bytes(32), ("more",))
    assert Checkpoint.parse(written.text) == written


def test_a_private_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "log" / "key"
    made = Signer.kept(file, "ledger.example/county", LOG)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Signer.kept(file, "another name", LOG).verifier == made.verifier
    with pytest.raises(BadNote, match="another kind"):
        Signer.kept(file, "", WITNESS)
    os.chmod(file, 0o644)
    with pytest.raises(BadNote, match="read by others"):
        Signer.kept(file, "", LOG)


proofs = st.builds(
    Proof,
    st.integers(0, 10**9),
    st.lists(st.binary(min_size=32, max_size=32), max_size=20).map(tuple),
    st.just(str(cosigned())),
    st.none() | st.binary(max_size=100),
)


@given(st.lists(proofs, min_size=1, max_size=5))
def test_proofs_are_read_as_they_were_written_alone_and_together(written: list[Proof]) -> None:
    assert [Proof.parse(str(one)) for one in written] == written
    assert apart(together(written)) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        "c2sp.org/tlog-proof@v1\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 1\nAAAA\n\nnote",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra AAAA\n\nnote",
    ],
)
def test_what_is_not_a_proof_to_the_letter_is_refused(text: str) -> None:
    with pytest.raises(Unproven):
        Proof.parse(text)
