"""Personal signatures years later: checked offline with their keys, to the first key that somebody must know."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.dcb.api import DCBEvent

from adapters.facts import encode
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.proofs.bundle import pack, unpack
from adapters.proofs.entries import columns_of
from adapters.proofs.gathering import bundle_of
from adapters.proofs.offline import Report, verify_bundle
from adapters.proofs.published import PublishedLog
from adapters.proofs.sealer import Sealer
from adapters.proofs.verdict import Unproven
from domain.chains import SignedOff
from domain.command import Act
from domain.fact import Event, Recorded
from domain.ids import PersonId
from domain.issues import IssueClosed
from domain.keys import ConfirmKey, KeyConfirmed, KeyRegistered, KeyRevoked, RevokeKey, confirmation
from domain.policy import AdoptPolicy, PolicyAdopted, packaged
from domain.posts import Appointed
from domain.statements import Assurance
from tests.adapters.proofs.world import ISSUE, Memory, sealed, trusting
from tests.conftest import PostgresServer
from tests.county import CHAIN_SIGNERS, COUNTY, applied, county, person, sign
from tests.scenario import Scene
from tests.signing import KeyFile, Passkey, Signer, confirmed, perform, proof, register

SIGNERS = CHAIN_SIGNERS[:4]
HEADQUARTERS, ORGANISER, SECRETARY = person("headquarters"), person("organiser"), person("village-secretary")


def story() -> tuple[Memory, dict[str, Signer]]:
    """An issue that four people signed for with keys of their own, confirmed by the organiser's key; that one was
    confirmed by the headquarters' account. The policy asks for keys. The first signer's was revoked afterwards."""
    scene = county()
    pack_ = packaged("county")
    stages = [{**stage.model_dump(), "assurance": "key"} for stage in pack_.minor.stages]
    body = {**pack_.model_dump(), "version": 2, "minor": {**pack_.minor.model_dump(), "stages": stages}}
    scene.when(AdoptPolicy.model_validate({"region": COUNTY, "policy": body, "since": scene.today}), HEADQUARTERS)
    root = KeyFile()
    confirmed(scene, root, ORGANISER, HEADQUARTERS)
    signers: dict[str, Signer] = {name: Passkey() if n % 2 else KeyFile() for n, name in enumerate(SIGNERS)}
    for name, signer in signers.items():
        vouched(scene, signer, person(name), root)
    vouched(scene, KeyFile(), person("inspector"), root)
    chain = applied(scene, ISSUE)
    for name, signer in signers.items():
        command = sign(scene, ISSUE, chain)
        act = Act(person(name), scene.at)
        said = command.statement(scene.ledger.stand(command, act)[0], act)
        perform(scene, command.model_copy(update={"signature": signer.sign(said.digest)}), act.by, proof(signer, said))
    lost = next(event.key for event in scene.events(KeyRegistered) if event.person == SECRETARY)  # type: ignore[attr-defined]
    scene.when(RevokeKey(key=lost, reason="手机遗失", since=scene.today), SECRETARY)
    return Memory.of(scene), {**signers, "root": root}


def vouched(scene: Scene, signer: Signer, who: PersonId, root: Signer) -> None:
    key = register(scene, signer, who)
    said = confirmation(key, who, ORGANISER, "本人到场核对指纹")
    command = ConfirmKey(key=key, manner="本人到场核对指纹", signature=root.sign(said.digest))
    perform(scene, command, ORGANISER, proof(root, said))


FACTS, KEYS = story()


def bundled(folder: Path, facts: Memory) -> bytes:
    """A bundle of all these facts over a log that its keeper made for the occasion."""
    sealed(folder, facts)
    proofs = PublishedLog(folder).proofs([fact.position for fact in facts.facts])
    assert proofs is not None
    return pack(ISSUE, facts.entries(), proofs)


def test_every_signature_is_checked_with_its_key_and_said_with_its_fingerprint(tmp_path: Path) -> None:
    report: Report = verify_bundle(bundled(tmp_path, FACTS), trusting(tmp_path))
    [chain] = report.chains
    assert [one.assurance for one in chain.signatures] == [Assurance.KEY, Assurance.PASSKEY] * 2
    told = "\n".join(report.lines())
    assert told.count("签名相符,指纹") == 4
    assert told.count("存疑:密钥后来吊销") == 1
    assert "以下密钥只凭账号确认" in told
    assert told.count("organiser ") == 1, "the only key that somebody must know"


def test_a_bundle_holds_the_keys_it_needs_and_nobody_elses(postgres_server: PostgresServer, tmp_path: Path) -> None:
    owner_url = postgres_server.take()
    with PostgresRecorder(postgres_server.as_service(owner_url)) as recorder:
        recorder.append([DCBEvent(fact.type, fact.data, fact.tags) for fact in FACTS.facts])
        sealer = Sealer(tmp_path, recorder, origin="ledger.example/county")
        with sealer.alone():
            sealer.seal()
        content = bundle_of(ISSUE, recorder, sealer.log)
        policy = trusting(tmp_path)
    postgres_server.give_back(owner_url)
    assert len(content) <= 64 << 10
    assert len(verify_bundle(content, policy).chains[0].signatures) == 4
    registered = {event.person for event in unpack(content).facts.events if isinstance(event, KeyRegistered)}
    assert registered == {*map(person, SIGNERS), ORGANISER}


# What a keeper of the database might write


Change = Callable[[Recorded], list[tuple[Event, PersonId]]]


def rewritten(change: Change) -> Memory:
    """The county's facts with each replaced by what ``change`` makes of it."""
    made: list[Stored] = []
    for entry in FACTS.entries():
        for event, by in change(entry.fact):
            data = encode(event, Act(by, entry.fact.at)).data
            kind, tags = columns_of(data)
            made.append(Stored(len(made) + 1, kind, sorted(tags), data, entry.recorded_at))
    return Memory(made)


def kept(fact: Recorded) -> list[tuple[Event, PersonId]]:
    return [(fact.event, fact.by)]


def altered(kind: type[Event], which: int, **fields: Any) -> Change:
    """One fact of a kind says something else."""
    positions = [entry.position for entry in FACTS.entries() if isinstance(entry.fact.event, kind)]

    def change(fact: Recorded) -> list[tuple[Event, PersonId]]:
        if fact.position != positions[which]:
            return kept(fact)
        said = {name: value(getattr(fact.event, name)) for name, value in fields.items()}
        return [(fact.event.model_copy(update=said), fact.by)]

    return change


def without(kind: type[Event], which: int) -> Change:
    """Something harmless in its place, so that nothing after it moves."""
    harmless = kept(FACTS.entries()[0].fact)
    positions = [entry.position for entry in FACTS.entries() if isinstance(entry.fact.event, kind)]
    return lambda fact: harmless if fact.position == positions[which] else kept(fact)


def first(change: Change) -> Memory:
    """Up to the first signature: what follows was signed on other bytes than these."""
    facts = rewritten(change).facts
    end = next(n for n, fact in enumerate(facts) if fact.type == SignedOff.type) + 1
    return Memory([fact for n, fact in enumerate(facts) if n < end])


def by_account(fact: Recorded) -> list[tuple[Event, PersonId]]:
    if isinstance(fact.event, SignedOff):
        return [(fact.event.model_copy(update={"signature": None, "assurance": Assurance.ACCOUNT}), fact.by)]
    return kept(fact)


def own_confirmation(fact: Recorded) -> list[tuple[Event, PersonId]]:
    if isinstance(fact.event, KeyConfirmed) and fact.event.person == SECRETARY:
        return [(fact.event.model_copy(update={"signature": None}), SECRETARY)]
    return kept(fact)


def confirmed_by_nobody(fact: Recorded) -> list[tuple[Event, PersonId]]:
    if isinstance(fact.event, KeyConfirmed) and fact.event.person == SECRETARY:
        return [(fact.event.model_copy(update={"signature": None}), person("clerk"))]
    return kept(fact)


def another_key(fact: Recorded) -> list[tuple[Event, PersonId]]:
    """The keeper's own public key under the number of the secretary's."""
    if isinstance(fact.event, KeyRegistered) and fact.event.person == SECRETARY:
        return [(fact.event.model_copy(update={"public_key": KeyFile().public_key}), fact.by)]
    return kept(fact)


SECRETARYS = 1
"""The secretary's key is the second: the organiser's is the first."""

LIES: dict[str, tuple[Change, str]] = {
    "another opinion": (altered(SignedOff, 0, opinion=lambda _: "不同意"), "statement_differs"),
    "another digest with it": (
        altered(SignedOff, 0, signature=lambda one: one.model_copy(update={"statement": "0" * 64})),
        "statement_differs",
    ),
    "another signature": (
        altered(SignedOff, 0, signature=lambda one: KeyFile().sign(one.statement).model_copy(update={"key": one.key})),
        "signature_invalid",
    ),
    "another's key": (altered(SignedOff, 0, signature=lambda one: KeyFile().sign(one.statement)), "key_not_in_force"),
    "more than it was": (altered(SignedOff, 0, assurance=lambda _: Assurance.PASSKEY), "assurance_differs"),
    "a signature left out": (altered(SignedOff, 0, signature=lambda _: None), "signature_missing"),
    "the account will do": (by_account, "assurance_too_low"),
    "a key never confirmed": (without(KeyConfirmed, SECRETARYS), "key_not_in_force"),
    "a key never registered": (without(KeyRegistered, SECRETARYS), "key_not_in_force"),
    "a key confirmed by its person": (own_confirmation, "key_not_confirmed"),
    "a key confirmed by a clerk": (confirmed_by_nobody, "key_not_confirmed"),
    "the keeper's key in its place": (another_key, "key_differs"),
    "a key of someone else's": (altered(KeyRegistered, SECRETARYS, label=lambda _: "别的"), "statement_differs"),
    "a confirmation of something else": (
        altered(KeyConfirmed, SECRETARYS, manner=lambda _: "电话核对"),
        "statement_differs",
    ),
    "a confirmer whose key nobody confirmed": (without(KeyConfirmed, 0), "key_not_in_force"),
}


@pytest.mark.parametrize("what", LIES)
def test_a_signature_that_cannot_stand_is_refused_though_every_fact_is_proven(tmp_path: Path, what: str) -> None:
    change, code = LIES[what]
    with pytest.raises(Unproven) as refusal:
        verify_bundle(bundled(tmp_path, first(change)), trusting(tmp_path))
    assert refusal.value.code == code


def test_a_key_signs_nothing_after_it_is_revoked(tmp_path: Path) -> None:
    revoked = next(entry.fact for entry in FACTS.entries() if isinstance(entry.fact.event, KeyRevoked))

    def change(fact: Recorded) -> list[tuple[Event, PersonId]]:
        # In the place of a key that signs nothing, so that nothing after it moves.
        if isinstance(fact.event, KeyRegistered) and fact.event.person == person("inspector"):
            return [(revoked.event, revoked.by)]
        return kept(fact)

    with pytest.raises(Unproven) as refusal:
        verify_bundle(bundled(tmp_path, first(change)), trusting(tmp_path))
    assert refusal.value.code == "key_not_in_force"


def test_the_story_is_what_it_is_said_to_be() -> None:
    events = [entry.fact.event for entry in FACTS.entries()]
    assert isinstance(next(event for event in reversed(events) if not isinstance(event, KeyRevoked)), IssueClosed)
    assert sum(isinstance(event, PolicyAdopted) for event in events) == 2
    assert sum(isinstance(event, Appointed) for event in events) > 4
