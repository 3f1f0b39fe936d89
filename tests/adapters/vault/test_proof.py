"""One field, disclosed beside a bundle, is checked offline against the sealed record, also after it was erased."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.bootstrap import Application
from adapters.cli.program import run
from adapters.proofs.gathering import bundle_of
from adapters.vault import access
from domain.ids import HouseholdId
from domain.vault import Item, RestrictParticulars
from tests.adapters.proofs.world import key_of, policy_of
from tests.adapters.vault.conftest import by
from tests.adapters.vault.people import somebody


def sealed_up_to(application: Application, position: int) -> None:
    """Waits for the sealer, which runs beside."""
    for _ in range(400):
        published = application.log.checkpoint()
        if published and published[0].size >= position:
            return
        time.sleep(0.05)
    raise AssertionError("never sealed")


def test_a_disclosed_field_is_proved_with_nothing_but_files(
    application: Application,
    household: Callable[..., HouseholdId],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = household(somebody(name="某甲乙", health="慢性病"))
    act = by(application, "inspector")
    member = next(iter(access.masked(application.facts, application.vault, home, act)))
    opened = access.disclose(application.facts, application.vault, home, member, Item.NAME, "移送核实", act)
    clerk = by(application, "clerk")
    command = RestrictParticulars(household=home, erase_from=clerk.today, reason="整户迁出")
    application.ledger.execute(command, clerk)
    erased = access.erase(application.ledger, application.vault, home, by(application, "headquarters"))
    sealed_up_to(application, erased.position)

    said, proof, trusted = tmp_path / "said.json", tmp_path / "home.zip", tmp_path / "trusted.txt"
    said.write_text(json.dumps(opened.disclosure.model_dump(mode="json") | {"position": opened.position}), "utf-8")
    proof.write_bytes(bundle_of(home, application.recorder, application.log))
    trusted.write_text(policy_of(key_of(application.log.folder)), "utf-8")
    words = ["vault", "verify", str(said), "--bundle", str(proof), "--policy", str(trusted)]
    capsys.readouterr()
    assert run(words) == 0
    told = capsys.readouterr().out
    assert f"第{opened.position}号事实承诺过{member}的这项姓名" in told
    for lie in (opened.disclosure.model_copy(update={"value": "某甲丁"}), {"member": "nobody"}):
        said.write_text(lie if isinstance(lie, str) else json.dumps(dict(lie)), "utf-8")
        assert run(words) == 1
    refusals = capsys.readouterr().err
    assert "disclosure_unproven" in refusals
    assert "bad_disclosure" in refusals
