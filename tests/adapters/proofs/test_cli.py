"""From the terminal: a bundle is made, checked and refused, and the whole log is checked against a checkpoint."""

from pathlib import Path
from random import Random

import psycopg
import pytest

from adapters.cli.proofs import bundle, log_key, verify
from adapters.proofs.entries import Entry
from adapters.proofs.verdict import Unproven
from domain.command import Refused
from tests.adapters.proofs.attack import change_a_word, read, repair, rewrite
from tests.adapters.proofs.conftest import SealedCounty
from tests.adapters.proofs.world import ISSUE, key_of, policy_of


@pytest.fixture
def here(sealed_county: SealedCounty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A terminal in a folder of its own, with the county's settings and a checker's list of keys."""
    monkeypatch.setenv("DATABASE_URL", sealed_county.owner_url)
    monkeypatch.setenv("TAIZHANG_DATA", str(sealed_county.log.folder.parent))
    monkeypatch.chdir(tmp_path)
    Path("trusted.txt").write_text(policy_of(key_of(sealed_county.log.folder)), "utf-8")
    return tmp_path


def refused(code: str, file: Path | None = None, checkpoint: list[str] | None = None) -> Unproven:
    with pytest.raises(Unproven) as refusal:
        verify(Path("trusted.txt"), file, whole=file is None, checkpoint=checkpoint)
    assert refusal.value.code == code
    return refusal.value


def test_a_bundle_is_written_and_checked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle(str(ISSUE))
    file = here / f"{ISSUE}.zip"
    verify(Path("trusted.txt"), file)
    assert "核验通过:issue-road" in capsys.readouterr().out
    file.write_bytes(file.read_bytes()[:-60])
    refused("bad_bundle", file)
    refused("unreadable_file", here / "none.zip")


def test_what_is_no_id_has_no_bundle(here: Path) -> None:
    for subject in ("nonsense", "issue-unknown"):
        with pytest.raises(Refused) as refusal:
            bundle(subject)
        assert refusal.value.code == "unknown_subject"


def test_a_receipt_is_checked_by_the_same_word(
    here: Path, sealed_county: SealedCounty, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = next(sealed_county.recorder.read_recorded(after=49, until=50))
    receipt = sealed_county.log.receipt(Entry(stored.position, stored.recorded_at, stored.data))
    (here / "50.tlog-proof").write_text(str(receipt), "utf-8")
    verify(Path("trusted.txt"), here / "50.tlog-proof")
    assert "1条,逐字节与检查点相符" in capsys.readouterr().out


def test_the_whole_log_is_checked_and_the_wrong_fact_named(
    here: Path, sealed_county: SealedCounty, capsys: pytest.CaptureFixture[str]
) -> None:
    verify(Path("trusted.txt"), whole=True)
    assert f"全库{sealed_county.facts}条" in capsys.readouterr().out
    with psycopg.connect(sealed_county.owner_url) as superuser:
        before = read(superuser)
        rows = list(before)
        change_a_word(rows, Random(3))
        wrong = next(at for at, (one, other) in enumerate(zip(rows, before, strict=True), 1) if one != other)
        rewrite(superuser, repair(rows))
        superuser.commit()
        try:
            assert refused("fact_changed").position == wrong
        finally:
            rewrite(superuser, before)
            superuser.commit()
    verify(Path("trusted.txt"), whole=True, checkpoint=[str(sealed_county.log.folder / "checkpoint")])


def test_a_checkpoint_of_someone_else_is_no_checkpoint(here: Path) -> None:
    (here / "checkpoint").write_text("nonsense", "utf-8")
    refused("bad_checkpoint", checkpoint=[str(here / "checkpoint")])
    refused("unreachable", checkpoint=["http://127.0.0.1:1/log/checkpoint"])


def test_the_logs_public_key_is_told(
    here: Path, sealed_county: SealedCounty, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log_key()
    assert capsys.readouterr().out.strip() == str(key_of(sealed_county.log.folder).verifier)
    monkeypatch.setenv("TAIZHANG_DATA", str(here / "empty"))
    with pytest.raises(Refused) as refusal:
        log_key()
    assert refusal.value.code == "no_log"
