"""What is sealed stays sealed: whatever moment the power fails at, and whatever is done to the facts afterwards."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from proofbundle.tlogproof import verify_tlog_proof
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader

from adapters.proofs import files, merkle
from adapters.proofs.published import PublishedLog
from adapters.proofs.receipts import verify_receipt
from adapters.proofs.sealer import Alarm, Sealer, State, sealing
from adapters.proofs.verdict import Unproven
from tests.adapters.proofs.world import NOON, Memory, key_of, sealed, trusting

ORIGIN = "ledger.example/county"


def made(count: int) -> Memory:
    facts = Memory()
    facts.grow(count)
    return facts


def alarm_of(folder: Path, facts: Memory) -> tuple[str, int | None]:
    """What a sealer that starts over this folder refuses to go on for."""
    with pytest.raises(Alarm) as alarm:
        sealed(folder, facts)
    return alarm.value.code, alarm.value.position


def test_a_published_log_proves_each_of_its_facts(tmp_path: Path) -> None:
    facts = made(700)
    sealed(tmp_path, facts)
    log, policy = PublishedLog(tmp_path), trusting(tmp_path)
    for entry in facts.entries()[::97]:
        receipt = log.receipt(entry)
        assert verify_receipt(str(receipt), policy)[0] == entry
        with pytest.raises(Unproven, match="not_in_log"):
            verify_receipt(str(log.receipt(entry._replace(data=entry.data + b" "))), policy)
    facts.grow(1)
    assert log.receipt(facts.entries()[-1]) is None


def test_independent_programs_read_the_log_and_accept_its_receipts(tmp_path: Path) -> None:
    facts = made(700)
    sealed(tmp_path, facts)
    reader = TilesReader(LocalBackend(tmp_path))
    theirs = reader.get_checkpoint()
    assert theirs.size == 700
    assert reader.calculate_root_hash() == theirs.root_hash
    ours = PublishedLog(tmp_path)
    for entry in facts.entries()[::83]:
        receipt = ours.receipt(entry)
        assert receipt is not None
        assert reader.get_inclusion_proof(entry.position - 1, 700).node_hashes == list(receipt.hashes)
        text = str(receipt._replace(extra=None))
        assert verify_tlog_proof(text, entry.content, str(key_of(tmp_path).verifier), expected_origin=ORIGIN)["ok"]
        assert not verify_tlog_proof(text, entry.content + b" ", str(key_of(tmp_path).verifier))["ok"]


def test_checkpoints_of_one_log_continue_one_another_however_often_it_is_restarted(tmp_path: Path) -> None:
    facts, log = Memory(), PublishedLog(tmp_path)
    before = None
    for more in (1, 254, 1, 1, 300, 1024):
        facts.grow(more)
        sealed(tmp_path, facts)
        published = log.checkpoint()
        assert published is not None
        tree = published[0]
        assert tree.size == len(facts.facts)
        if before is not None:
            proof = merkle.consistency_proof(log.tree(tree.size).nodes, before.size, tree.size)
            assert merkle.verify_consistency(before.size, tree.size, before.root, tree.root, proof)
        before = tree


class PowerFailed(Exception):
    """Everything stops here."""


class Disk:
    """A disk that fails after so many operations, and then has lost what was not yet safely on it."""

    def __init__(self, lasts: int, patch: pytest.MonkeyPatch) -> None:
        self.lasts = lasts
        self.loose: set[Path] = set()
        for name in ("place", "write", "sync"):
            patch.setattr(files, name, self.counted(getattr(files, name)))

    def counted(self, operation: Callable[..., None]) -> Callable[..., None]:
        def run(file: Path, *content: bytes) -> None:
            if not self.lasts:
                raise PowerFailed
            self.lasts -= 1
            operation(file, *content)
            (self.loose.add if operation.__name__ == "place" else self.loose.discard)(file)

        return run

    def lose(self, *, cut_short: bool) -> None:
        for file in self.loose:
            if cut_short:
                file.write_bytes(file.read_bytes()[:77])
            else:
                file.unlink()


@pytest.mark.parametrize("cut_short", [False, True])
def test_no_power_failure_publishes_a_checkpoint_without_its_tiles_or_signs_two_histories(
    tmp_path: Path, cut_short: bool
) -> None:
    moments = 0
    survived = False
    while not survived:
        folder = tmp_path / str(moments)
        facts = made(250)
        sealed(folder, facts)
        facts.grow(270)
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(moments, patch)
            try:
                sealed(folder, facts)
                survived = True
            except PowerFailed:
                disk.lose(cut_short=cut_short)
        assert intact(folder) in (250, 520)
        sealed(folder, facts)
        assert intact(folder) == 520
        moments += 1
    assert moments > 10


def intact(folder: Path) -> int:
    """The size of the published log, whose tiles are all there."""
    log = PublishedLog(folder)
    published = log.checkpoint()
    assert published is not None
    tree = published[0]
    assert merkle.root(log.tree(tree.size).nodes, tree.size) == tree.root
    return tree.size


REWRITES: dict[str, tuple[Callable[[Memory], Any], tuple[str, int]]] = {
    "the last fact": (lambda facts: facts.change(600, data=b"{}"), ("sealed_fact_changed", 600)),
    "the time of the last fact": (
        lambda facts: facts.change(600, recorded_at=NOON.replace(year=2020)),
        ("sealed_fact_changed", 600),
    ),
    "an old fact": (lambda facts: facts.change(100, data=b"{}"), ("sealed_fact_changed", 100)),
    "a missing fact": (lambda facts: facts.facts.pop(299), ("sealed_fact_changed", 300)),
    "the last one missing": (lambda facts: facts.facts.pop(), ("database_behind_log", 600)),
    "cut short": (lambda facts: facts.facts.__delitem__(slice(400, None)), ("database_behind_log", 401)),
    "emptied": (lambda facts: facts.facts.clear(), ("database_behind_log", 1)),
}


@pytest.mark.parametrize("what", REWRITES)
def test_facts_that_were_rewritten_stop_the_sealing(tmp_path: Path, what: str) -> None:
    facts = made(600)
    sealed(tmp_path, facts)
    rewrite, expected = REWRITES[what]
    rewrite(facts)
    assert alarm_of(tmp_path, facts) == expected


def test_facts_that_cannot_follow_are_not_sealed(tmp_path: Path) -> None:
    facts = made(10)
    sealed(tmp_path, facts)
    facts.grow(2)
    del facts.facts[10]
    assert alarm_of(tmp_path, facts) == ("position_missing", 11)


def test_a_clock_that_ran_back_is_not_sealed(tmp_path: Path) -> None:
    facts = made(10)
    sealed(tmp_path, facts)
    facts.grow(2)
    facts.change(12, recorded_at=NOON.replace(year=2018))
    assert alarm_of(tmp_path, facts) == ("time_ran_back", 12)


def test_a_log_whose_own_files_were_changed_signs_nothing(tmp_path: Path) -> None:
    facts = made(600)
    sealed(tmp_path, facts)
    tile = tmp_path / "tile/0/002.p/88"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    assert alarm_of(tmp_path, facts) == ("tiles_damaged", None)


def test_a_log_folder_that_was_put_back_is_noticed_by_what_it_had_published(tmp_path: Path) -> None:
    facts = made(100)
    sealed(tmp_path, facts)
    signed = (tmp_path / "signed").read_bytes()
    facts.grow(100)
    sealed(tmp_path, facts)
    (tmp_path / "signed").write_bytes(signed)
    assert alarm_of(tmp_path, facts) == ("log_rolled_back", None)


def test_an_alarm_outlives_the_process_until_a_person_takes_it_away(tmp_path: Path) -> None:
    facts = made(10)
    sealed(tmp_path, facts)
    kept = facts.facts[9]
    facts.change(10, data=b"{}")
    assert alarm_of(tmp_path, facts) == ("sealed_fact_changed", 10)
    facts.facts[9] = kept
    assert alarm_of(tmp_path, facts) == ("sealed_fact_changed", 10)
    assert json.loads((tmp_path / "alarm.json").read_text("utf-8"))["position"] == 10
    (tmp_path / "alarm.json").unlink()
    facts.grow(1)
    assert sealed(tmp_path, facts).status()[:3] == (State.SEALING, 11, 11)


def test_only_one_process_seals_a_log(tmp_path: Path) -> None:
    first, second = (Sealer(tmp_path, made(1)) for _ in range(2))
    with first.alone() as mine:
        assert mine
        with second.alone() as too:
            assert not too
    with second.alone() as then:
        assert then


def test_it_seals_beside_the_writers_and_stands_by_while_another_does(tmp_path: Path) -> None:
    facts = made(3)
    log = PublishedLog(tmp_path)
    with sealing(Sealer(tmp_path, facts, pause=0.01)), sealing(Sealer(tmp_path, facts, pause=0.01)) as second:
        until(lambda: (found := log.checkpoint()) is not None and found[0].size == 3)
        facts.grow(4)
        until(lambda: (found := log.checkpoint()) is not None and found[0].size == 7)
        assert second.status().state is not State.ALARM
    stop = Event()
    thread = Thread(target=Sealer(tmp_path, facts, pause=0.01).run, args=(stop,))
    thread.start()
    facts.change(7, data=b"{}")
    thread.join(30)
    assert not thread.is_alive()
    assert (tmp_path / "alarm.json").exists()


def until(true: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(3000):
        if true():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")
