"""Keys that people sign with, and what a signature on a chain must be to count."""

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from domain.chains import ChainOpened, SentBack, SignatureRefused, SignedOff, statement_of
from domain.chains import fold as fold_chain
from domain.command import Act, Proof, Refused
from domain.exiting import RefuseExit, SendBackExit
from domain.fact import Past
from domain.ids import ChainId, IssueId, PersonId
from domain.keys import ConfirmKey, KeyRegistered, RevokeKey, confirmation, fold, id_of
from domain.policy import AdoptPolicy, packaged
from domain.signoff import RefuseSignature, SendBack, SignOff, shown_of
from domain.statements import Assurance, PersonalSignature, Statement
from tests import households
from tests.county import CHAIN_SIGNERS, COUNTY, applied, county, person, sign, sign_all
from tests.households import assess, place
from tests.scenario import Scene
from tests.signing import KeyFile, Passkey, Signer, confirmed, perform, proof, register, registering

ISSUE = IssueId("issue-1")
SECRETARY = person("village-secretary")
ORGANISER, HEADQUARTERS = person("organiser"), person("headquarters")
CONFIRM = {"manner": "本人到场核对指纹"}


def demanding(scene: Scene, assurance: Assurance) -> None:
    """From now on every stage for a minor issue asks for this."""
    pack = packaged("county")
    stages = [{**stage.model_dump(), "assurance": assurance} for stage in pack.minor.stages]
    body = {**pack.model_dump(), "version": pack.version + 1, "minor": {**pack.minor.model_dump(), "stages": stages}}
    scene.when(AdoptPolicy.model_validate({"region": COUNTY, "policy": body, "since": scene.today}), HEADQUARTERS)


def said_in(scene: Scene, command: SignOff, by: PersonId) -> Statement:
    act = Act(by, scene.at)
    past, _, _ = scene.ledger.stand(command, act)
    return command.statement(past, act)


def signed(scene: Scene, chain: ChainId, signer: Signer, by: PersonId) -> tuple[SignOff, Proof]:
    """A signature with a person's key on exactly what stands now, and what verifying it comes to."""
    command = sign(scene, ISSUE, chain)
    said = said_in(scene, command, by)
    return command.model_copy(update={"signature": signer.sign(said.digest)}), proof(signer, said)


def refused(scene: Scene, code: str, command: Any, by: PersonId, *proofs: Proof) -> None:
    before = scene.store.head()
    with pytest.raises(Refused) as refusal:
        perform(scene, command, by, *proofs)
    assert refusal.value.code == code
    assert scene.store.head() == before


# Keys


def test_a_key_counts_from_its_confirmation_to_its_revocation() -> None:
    scene, signer = county(), KeyFile()
    key = register(scene, signer, SECRETARY)
    assert not fold(scene.about(key))[key].in_force
    scene.later(hours=1).when(ConfirmKey(key=key, **CONFIRM), ORGANISER)
    confirmed_at = scene.at
    scene.later(hours=1).when(RevokeKey(key=key, reason="手机遗失", since=scene.today), SECRETARY)
    facts = scene.about(key)
    assert fold(fact for fact in facts if fact.recorded_at <= confirmed_at)[key].in_force
    state = fold(facts)[key]
    assert not state.in_force
    assert (state.confirmed_by, state.doubtful_since) == (ORGANISER, scene.today)


def test_a_key_is_registered_only_by_who_signs_with_it() -> None:
    scene, signer, other = county(), KeyFile(), KeyFile()
    command = registering(signer, SECRETARY)
    refused(scene, "signature_invalid", command, SECRETARY)
    refused(scene, "statement_differs", command, person("village-director"), Proof(signer.public_key, "0" * 64))
    stranger = command.model_copy(update={"possession": other.sign(command.possession.statement)})
    proven = Proof(other.public_key, command.possession.statement)
    refused(scene, "signature_invalid", stranger, SECRETARY, proven)
    nobody = registering(signer, person("nobody"))
    refused(scene, "unknown_person", nobody, person("nobody"), Proof(signer.public_key, nobody.possession.statement))
    register(scene, signer, SECRETARY)
    refused(scene, "key_already_registered", command, SECRETARY, Proof(signer.public_key, command.possession.statement))


def test_a_credential_is_said_of_passkeys_and_of_nothing_else() -> None:
    scene = county()
    for command in (
        registering(KeyFile(credential="AAAA"), SECRETARY),
        registering(Passkey(), SECRETARY).model_copy(update={"credential": None}),
    ):
        refused(scene, "credential_incoherent", command, SECRETARY)


@pytest.mark.parametrize("text", ["A", "AB", "AAB_B", "_____"])
def test_a_public_key_is_written_in_one_way_only(text: str) -> None:
    with pytest.raises(Refused, match="bad_key"):
        id_of(text)


def test_a_key_is_confirmed_by_someone_else_with_the_say_over_its_person() -> None:
    scene = county()
    key, own = register(scene, KeyFile(), SECRETARY), register(scene, KeyFile(), ORGANISER)
    for name, code in (("village-secretary", "own_key"), ("township-secretary", "no_authority")):
        scene.refused(ConfirmKey(key=key, **CONFIRM), person(name), code)
    scene.refused(ConfirmKey(key=own, **CONFIRM), ORGANISER, "own_key")
    scene.when(ConfirmKey(key=own, **CONFIRM), HEADQUARTERS)
    scene.when(ConfirmKey(key=key, **CONFIRM), ORGANISER)
    scene.refused(ConfirmKey(key=key, **CONFIRM), HEADQUARTERS, "key_already_confirmed")
    above = register(scene, KeyFile(), person("city-secretary"))
    scene.refused(ConfirmKey(key=above, **CONFIRM), ORGANISER, "no_authority")


def test_a_key_is_revoked_for_good_by_its_person_or_by_those_who_confirm() -> None:
    scene = county()
    key, other = (confirmed(scene, KeyFile(), SECRETARY, ORGANISER) for _ in range(2))
    lost = {"reason": "手机遗失", "since": scene.today}
    scene.refused(RevokeKey(key=key, **lost), person("village-director"), "no_authority")
    early = RevokeKey(key=key, reason="手机遗失", since=scene.today + timedelta(days=1))
    scene.refused(early, SECRETARY, "future_date")
    scene.when(RevokeKey(key=key, **lost), SECRETARY)
    scene.when(RevokeKey(key=other, **lost), HEADQUARTERS)
    for command in (RevokeKey(key=key, **lost), ConfirmKey(key=key, **CONFIRM)):
        scene.refused(command, ORGANISER, "key_revoked")
    unknown = RevokeKey(key=id_of(KeyFile().public_key), **lost)
    scene.refused(unknown, SECRETARY, "unknown_key")


def test_a_confirmation_may_be_signed_with_the_confirmers_own_key() -> None:
    scene, root = county(), KeyFile()
    confirmed(scene, root, ORGANISER, HEADQUARTERS)
    key = register(scene, KeyFile(), SECRETARY)
    said = confirmation(key, SECRETARY, ORGANISER, "本人到场核对指纹")
    command = ConfirmKey(key=key, **CONFIRM, signature=root.sign(said.digest))
    refused(scene, "signature_invalid", command, ORGANISER)
    refused(scene, "statement_differs", command.model_copy(update={"manner": "电话"}), ORGANISER, proof(root, said))
    refused(scene, "key_not_in_force", command, HEADQUARTERS, proof(root, said))
    perform(scene, command, ORGANISER, proof(root, said))
    keys = fold(scene.store.facts())
    assert keys[key].confirmed_with == id_of(root.public_key)
    assert keys[id_of(root.public_key)].confirmed_with is None
    assert keys[id_of(root.public_key)].person == ORGANISER, "what a key confirmed is not the key"


# Signatures


@pytest.mark.parametrize(
    ("signer", "reached"), [(KeyFile(), Assurance.KEY), (Passkey(), Assurance.PASSKEY)], ids=["key", "passkey"]
)
def test_a_signature_with_a_key_is_kept_with_what_it_assures(signer: Signer, reached: Assurance) -> None:
    scene = county()
    key = confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    command, proven = signed(scene, chain, signer, SECRETARY)
    perform(scene, command, SECRETARY, proven)
    (fact,) = scene.last
    assert isinstance(fact, SignedOff)
    assert (fact.assurance, fact.signature) == (reached, command.signature)
    assert key in fact.tags


def test_what_is_signed_is_all_that_the_fact_says_in_one_way_of_writing() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    command = sign(scene, ISSUE, chain).model_copy(update={"opinion": "同意\r\n“照办”"})
    said = said_in(scene, command, SECRETARY)
    body = json.loads(said.text)
    assert said.text == json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert body == {
        "type": "taizhang.signoff.v1",
        "subject": ISSUE,
        "chain": chain,
        "stage": 0,
        "seat": 0,
        "post": "village_secretary",
        "region": "region-451226104207",
        "decision": "approve",
        "opinion": "同意\r\n“照办”",
        "shown": command.shown,
        "shown_digest": command.shown_digest,
        "signer": SECRETARY,
        "before": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }


def test_a_statement_binds_the_signatures_that_count_of_the_stages_before() -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    head = person("township-head")

    def before() -> str:
        text: str = json.loads(said_in(scene, sign(scene, ISSUE, chain), head).text)["before"]
        return text

    for name in CHAIN_SIGNERS[:2]:
        scene.when(sign(scene, ISSUE, chain), person(name))
    first = before()
    scene.when(sign(scene, ISSUE, chain), person("township-secretary"))
    assert before() == first, "of one's own stage nothing is bound"
    scene.when(SendBack(issue=ISSUE, chain=chain, to="signing", stage=0, reason="意见过于笼统"), head)
    for name in CHAIN_SIGNERS[:2]:
        scene.when(sign(scene, ISSUE, chain), person(name))
    assert before() != first


def test_the_statement_of_a_recorded_signature_is_the_one_that_was_signed() -> None:
    scene, signer = county(), KeyFile()
    head = person("township-head")
    confirmed(scene, signer, head, ORGANISER)
    chain = applied(scene, ISSUE)
    for name in CHAIN_SIGNERS[:3]:
        scene.when(sign(scene, ISSUE, chain), person(name))
    command, proven = signed(scene, chain, signer, head)
    perform(scene, command, head, proven)
    facts = scene.about(ISSUE)
    place = next(n for n, fact in enumerate(facts) if fact.by == head and isinstance(fact.event, SignedOff))
    earlier = Past(facts[:place])
    state, event = fold_chain(earlier, chain), facts[place].event
    assert state is not None
    assert isinstance(event, SignedOff)
    assert statement_of(event, head, state, earlier).digest == proven.statement


def test_a_signature_over_other_words_is_refused() -> None:
    scene, signer = county(), KeyFile()
    confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    command, proven = signed(scene, chain, signer, SECRETARY)
    other = command.model_copy(update={"opinion": "不同意"})
    refused(scene, "statement_differs", other, SECRETARY, proven)


def test_a_signature_that_nobody_verified_is_refused() -> None:
    scene, signer, other = county(), KeyFile(), KeyFile()
    confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    command, proven = signed(scene, chain, signer, SECRETARY)
    refused(scene, "signature_invalid", command, SECRETARY)
    refused(scene, "signature_invalid", command, SECRETARY, Proof(other.public_key, proven.statement))
    refused(scene, "signature_invalid", command, SECRETARY, Proof(signer.public_key, "0" * 64))


def test_only_ones_own_key_in_force_signs() -> None:
    scene, unconfirmed, revoked, theirs = county(), KeyFile(), KeyFile(), KeyFile()
    register(scene, unconfirmed, SECRETARY)
    gone = confirmed(scene, revoked, SECRETARY, ORGANISER)
    confirmed(scene, theirs, person("village-director"), ORGANISER)
    chain = applied(scene, ISSUE)
    command, proven = signed(scene, chain, revoked, SECRETARY)
    scene.when(RevokeKey(key=gone, reason="手机遗失", since=scene.today), SECRETARY)
    refused(scene, "key_not_in_force", command, SECRETARY, proven)
    for signer in (unconfirmed, theirs, KeyFile()):
        command, proven = signed(scene, chain, signer, SECRETARY)
        refused(scene, "key_not_in_force", command, SECRETARY, proven)


@pytest.mark.parametrize("demanded", list(Assurance))
def test_a_stage_is_signed_with_what_the_policy_demands_or_more(demanded: Assurance) -> None:
    scene = county()
    demanding(scene, demanded)
    signers: list[Signer | None] = [None, KeyFile(), Passkey()]
    for signer in signers[1:]:
        assert signer
        confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    (opened,) = [fact.event for fact in scene.about(chain) if isinstance(fact.event, ChainOpened)]
    assert {stage.assurance for stage in opened.stages} == {demanded}
    for level, signer in zip(Assurance, signers, strict=True):
        command, proofs = sign(scene, ISSUE, chain), ()
        if signer:
            command, *proofs = signed(scene, chain, signer, SECRETARY)  # type: ignore[assignment]
        if level.weight < demanded.weight:
            refused(scene, "assurance_too_low", command, SECRETARY, *proofs)
        else:
            perform(scene, command, SECRETARY, *proofs)
            break
    assert scene.events(SignedOff)[-1].assurance is demanded  # type: ignore[attr-defined]


def test_without_keys_everything_is_signed_by_accounts_as_ever() -> None:
    scene = county()
    sign_all(scene, ISSUE, applied(scene, ISSUE))
    assert {event.assurance for event in scene.events(SignedOff)} == {Assurance.ACCOUNT}  # type: ignore[attr-defined]
    assert not scene.events(KeyRegistered)


def test_an_exit_is_signed_with_a_key_of_ones_own_just_so() -> None:
    scene, signer = place("huaihua"), KeyFile()
    households.household(scene)
    assess(scene, households.HOME)
    confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = households.ready_to_sign(scene)
    command = households.sign(scene, households.HOME, chain)
    act = Act(SECRETARY, scene.at)
    said = command.statement(scene.ledger.stand(command, act)[0], act)
    assert json.loads(said.text)["subject"] == households.HOME
    command = command.model_copy(update={"signature": signer.sign(said.digest)})
    refused(scene, "signature_invalid", command, SECRETARY)
    perform(scene, command, SECRETARY, proof(signer, said))
    assert scene.last[0].assurance is Assurance.KEY  # type: ignore[attr-defined]


# What turns a chain back


def turning(scene: Scene, chain: ChainId, refuses: bool) -> RefuseSignature | SendBack:
    """Refusing to sign, or sending back to the check, on what stands now."""
    seen = shown_of(scene.about(ISSUE))
    asked: dict[str, Any] = {"issue": ISSUE, "chain": chain, "reason": "路面又塌了"}
    shown = {"shown": seen.position, "shown_digest": seen.digest}
    if refuses:
        return RefuseSignature.model_validate(asked | shown)
    return SendBack.model_validate(asked | shown | {"to": "check"})


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "sent back"])
def test_what_turns_a_chain_back_is_signed_as_a_sign_off_is(refuses: bool) -> None:
    scene, signer, other = county(), KeyFile(), KeyFile()
    key = confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    scene.when(sign(scene, ISSUE, chain), person("village-director"))
    command, act = turning(scene, chain, refuses), Act(SECRETARY, scene.at)
    said = command.statement(scene.ledger.stand(command, act)[0], act)
    body = json.loads(said.text)
    signing = next(fact for fact in scene.about(ISSUE) if isinstance(fact.event, SignedOff))
    assert body["decision"] == ("refuse" if refuses else "send_back")
    assert body["before"] == sha256(f"{signing.position} {signing.digest}\n".encode()).hexdigest(), "what it sets aside"
    command = command.model_copy(update={"signature": signer.sign(said.digest)})
    refused(scene, "signature_invalid", command, SECRETARY)
    refused(scene, "statement_differs", command.model_copy(update={"reason": "别的"}), SECRETARY, proof(signer, said))
    blind = command.model_copy(update={"shown": None, "shown_digest": None})
    refused(scene, "shown_missing", blind, SECRETARY, proof(signer, said))
    stranger = command.model_copy(update={"signature": other.sign(said.digest)})
    refused(scene, "key_not_in_force", stranger, SECRETARY, proof(other, said))
    perform(scene, command, SECRETARY, proof(signer, said))
    (fact,) = scene.last
    assert isinstance(fact, SignatureRefused | SentBack)
    assert (fact.assurance, fact.signature) == (Assurance.KEY, command.signature)
    assert key in fact.tags


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "sent back"])
def test_a_chain_is_not_turned_back_on_what_has_changed_since(refuses: bool) -> None:
    scene = county()
    chain = applied(scene, ISSUE)
    command = turning(scene, chain, refuses)
    scene.when(sign(scene, ISSUE, chain), person("village-director"))
    scene.refused(command, SECRETARY, "changed_since_shown")
    half = command.model_copy(update={"shown_digest": None})
    scene.refused(half, SECRETARY, "shown_missing")
    scene.when(command.model_copy(update={"shown": None, "shown_digest": None}), SECRETARY)


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "sent back"])
def test_where_the_policy_demands_it_no_chain_is_turned_back_by_an_account_alone(refuses: bool) -> None:
    scene, signer = county(), KeyFile()
    demanding(scene, Assurance.KEY)
    inspector = person("supervisor")
    by = SECRETARY if refuses else inspector
    confirmed(scene, signer, by, ORGANISER)
    chain = applied(scene, ISSUE)
    command, act = turning(scene, chain, refuses), Act(by, scene.at)
    refused(scene, "assurance_too_low", command, by)
    said = command.statement(scene.ledger.stand(command, act)[0], act)
    perform(scene, command.model_copy(update={"signature": signer.sign(said.digest)}), by, proof(signer, said))
    assert scene.last[0].assurance is Assurance.KEY  # type: ignore[attr-defined]


def test_an_exit_is_turned_back_with_a_key_of_ones_own_just_so() -> None:
    scene, signer = place("huaihua"), KeyFile()
    households.household(scene)
    assess(scene, households.HOME)
    confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = households.ready_to_sign(scene)
    seen = shown_of(households.shown(scene, households.HOME))
    act = Act(SECRETARY, scene.at)
    for command in (
        SendBackExit(chain=chain, to="check", reason="不实", shown=seen.position, shown_digest=seen.digest),
        RefuseExit(chain=chain, reason="不实", shown=seen.position, shown_digest=seen.digest),
    ):
        said = command.statement(scene.ledger.stand(command, act)[0], act)
        assert json.loads(said.text)["subject"] == households.HOME
    command = command.model_copy(update={"signature": signer.sign(said.digest)})
    refused(scene, "signature_invalid", command, SECRETARY)
    perform(scene, command, SECRETARY, proof(signer, said))
    assert scene.last[0].signature == command.signature  # type: ignore[attr-defined]


def test_a_signature_is_of_the_declared_form() -> None:
    good = KeyFile().sign("0" * 64).model_dump()
    for field, wrong in (("statement", "0" * 63), ("value", "a+b"), ("value", ""), ("key", "signingkey-1")):
        with pytest.raises(ValueError, match=field):
            PersonalSignature.model_validate({**good, field: wrong})
