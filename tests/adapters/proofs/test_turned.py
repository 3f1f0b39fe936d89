"""Refusals and send-backs are checked offline as sign-offs are: by whom, on what, and with what key."""

from pathlib import Path
from typing import Any

import pytest

from adapters.facts import encode
from adapters.postgres.event_store import Stored
from adapters.proofs.bundle import pack
from adapters.proofs.entries import columns_of
from adapters.proofs.offline import Report, verify_bundle
from adapters.proofs.published import PublishedLog
from adapters.proofs.verdict import Unproven
from domain.chains import Phase, SentBack, SignatureRefused, SignedOff
from domain.command import Act
from domain.fact import Event
from domain.ids import PersonId
from domain.policy import AdoptPolicy, packaged
from domain.posts import Post
from domain.signoff import RefuseSignature, SendBack, shown_of
from domain.statements import Assurance
from tests.adapters.proofs.world import ISSUE, Memory, sealed, trusting
from tests.county import COUNTY, applied, county, person, sign
from tests.scenario import Scene
from tests.signing import KeyFile, Passkey, Signer, confirmed, perform, proof

SECRETARY, DIRECTOR, SUPERVISOR = map(person, ("village-secretary", "village-director", "supervisor"))


def said(scene: Scene, command: Any, signer: Signer, by: PersonId) -> None:
    """Says it with a key of one's own, on what stands now."""
    seen = shown_of(scene.about(ISSUE))
    command = command.model_copy(update={"shown": seen.position, "shown_digest": seen.digest})
    statement = command.statement(scene.ledger.stand(command, Act(by, scene.at))[0], Act(by, scene.at))
    command = command.model_copy(update={"signature": signer.sign(statement.digest)})
    perform(scene, command, by, proof(signer, statement))


def story() -> Memory:
    """A chain that one sends back who oversees, and that a signer refuses; a key is demanded of everyone."""
    scene = county()
    pack_ = packaged("county")
    stages = [{**stage.model_dump(), "assurance": Assurance.KEY} for stage in pack_.minor.stages]
    minor = {**pack_.minor.model_dump(), "stages": stages}
    body = {**pack_.model_dump(), "version": pack_.version + 1, "minor": minor}
    adopt = AdoptPolicy.model_validate({"region": COUNTY, "policy": body, "since": scene.today})
    scene.when(adopt, person("headquarters"))
    signers: dict[PersonId, Signer] = {SECRETARY: KeyFile(), DIRECTOR: Passkey(), SUPERVISOR: KeyFile()}
    for who, signer in signers.items():
        confirmed(scene, signer, who, person("organiser"))
    chain = applied(scene, ISSUE)
    said(scene, sign(scene, ISSUE, chain), signers[SECRETARY], SECRETARY)
    back = SendBack(issue=ISSUE, chain=chain, to="signing", stage=0, reason="意见过于笼统")
    said(scene, back, signers[SUPERVISOR], SUPERVISOR)
    said(scene, RefuseSignature(issue=ISSUE, chain=chain, reason="路面又塌了"), signers[DIRECTOR], DIRECTOR)
    return Memory.of(scene)


FACTS = story()


def checked(folder: Path, facts: Memory) -> Report:
    sealed(folder, facts)
    proofs = PublishedLog(folder).proofs([fact.position for fact in facts.facts])
    assert proofs is not None
    return verify_bundle(pack(ISSUE, facts.entries(), proofs), trusting(folder))


def test_what_turned_a_chain_back_is_told_with_who_did_and_with_what_key(tmp_path: Path) -> None:
    report = checked(tmp_path, FACTS)
    [chain] = report.chains
    assert chain.phase is Phase.REFUSED
    assert [(one.refused, one.by, one.assurance) for one in chain.turned] == [
        (False, SUPERVISOR, Assurance.KEY),
        (True, DIRECTOR, Assurance.PASSKEY),
    ]
    [signature] = chain.signatures
    assert not signature.counts
    told = "\n".join(report.lines())
    assert told.count("签名相符,指纹") == 3
    assert "退回 supervisor" in told
    assert "拒签 village-director" in told


def altered(kind: type[Event], by: PersonId | None = None, **fields: Any) -> Memory:
    """One fact of a kind says something else; nothing after it is kept, for that was signed on other bytes."""
    made: list[Stored] = []
    for entry in FACTS.entries():
        fact = entry.fact
        changed = isinstance(fact.event, kind)
        event = fact.event.model_copy(update=fields) if changed else fact.event
        data = encode(event, Act(by if by and changed else fact.by, fact.at)).data
        named, tags = columns_of(data)
        made.append(Stored(entry.position, named, sorted(tags), data, entry.recorded_at))
        if changed:
            break
    return Memory(made)


@pytest.mark.parametrize("kind", [SentBack, SignatureRefused], ids=["sent back", "refused"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": "别的理由"}, "statement_differs"),
        ({"shown_digest": "0" * 64}, "shown_otherwise"),
        ({"shown": None}, "shown_otherwise"),
        ({"signature": None}, "signature_missing"),
        ({"signature": None, "assurance": Assurance.ACCOUNT}, "assurance_too_low"),
        ({"by": person("clerk")}, "not_in_post"),
        ({"signature": KeyFile().sign("0" * 64)}, "key_not_in_force"),
    ],
)
def test_what_cannot_stand_is_refused(tmp_path: Path, kind: type[Event], changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Unproven) as refusal:
        checked(tmp_path, altered(kind, **changes))
    assert refusal.value.code == code


def test_a_refusal_out_of_turn_is_refused(tmp_path: Path) -> None:
    for name, fields in (("stage", {"stage": 1}), ("post", {"post": Post.TOWNSHIP_HEAD})):
        with pytest.raises(Unproven) as refusal:
            checked(tmp_path / name, altered(SignatureRefused, **fields))
        assert refusal.value.code == "not_in_post"


def test_nobody_refuses_or_sends_back_what_is_over(tmp_path: Path) -> None:
    facts = list(FACTS.facts)
    again = facts[-1]._replace(position=len(facts) + 1)
    with pytest.raises(Unproven) as refusal:
        checked(tmp_path, Memory([*facts, again]))
    assert (refusal.value.code, refusal.value.position) == ("turned_out_of_turn", len(facts) + 1)
    assert sum(fact.type == SignedOff.type for fact in facts) == 1
