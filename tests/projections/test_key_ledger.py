"""The ledger of keys, and what the ledger of signatures says of them."""

from datetime import timedelta

from domain.command import Act
from domain.ids import IssueId
from domain.keys import ConfirmKey, RevokeKey, confirmation, fold
from projections import key_ledger, signature_ledger
from tests.county import applied, county, person, sign
from tests.projections.folding import folded
from tests.signing import KeyFile, Passkey, confirmed, perform, proof, register

ISSUE = IssueId("issue-1")
SECRETARY, ORGANISER, HEADQUARTERS = person("village-secretary"), person("organiser"), person("headquarters")


def test_a_key_goes_from_registered_to_confirmed_to_revoked() -> None:
    scene = county()
    key = register(scene, Passkey(), SECRETARY)
    registered_at = scene.at

    def line() -> key_ledger.KeyLine:
        return folded(key_ledger.LEDGER, scene.store.facts())[key,]

    assert (line().state, line().person, line().assurance, line().confirmed_at) == (
        "registered",
        SECRETARY,
        "passkey",
        None,
    )
    scene.later(hours=1).when(ConfirmKey(key=key, manner="核对指纹"), ORGANISER)
    assert (line().state, line().confirmed_at, line().confirmed_by, line().manner) == (
        "confirmed",
        scene.at,
        ORGANISER,
        "核对指纹",
    )
    since = scene.today
    scene.later(days=2).when(RevokeKey(key=key, reason="手机遗失", since=since), HEADQUARTERS)
    assert (line().state, line().revoked_at, line().revoked_by) == ("revoked", scene.at, HEADQUARTERS)
    assert (line().registered_at, line().doubtful_since, line().reason) == (registered_at, since, "手机遗失")


def test_the_ledger_says_what_the_domain_says_of_every_key() -> None:
    scene, root = county(), KeyFile()
    confirmed(scene, root, ORGANISER, HEADQUARTERS)
    theirs = register(scene, KeyFile(), SECRETARY)
    said = confirmation(theirs, SECRETARY, ORGANISER, "核对指纹")
    command = ConfirmKey(key=theirs, manner="核对指纹", signature=root.sign(said.digest))
    perform(scene, command, ORGANISER, proof(root, said))
    register(scene, KeyFile(), person("village-director"))
    scene.later(hours=1)
    scene.when(RevokeKey(key=theirs, reason="换新", since=scene.today - timedelta(days=1)), SECRETARY)
    states, lines = fold(scene.store.facts()), folded(key_ledger.LEDGER, scene.store.facts())
    assert {key for (key,) in lines} == states.keys()
    for key, state in states.items():
        line = lines[key,]
        assert (line.state == "confirmed") == state.in_force
        assert (line.person, line.suite, line.public_key, line.credential) == state[1:5]
        assert (line.confirmed_at, line.confirmed_by, line.revoked_at) == (
            state.confirmed_at,
            state.confirmed_by,
            state.revoked_at,
        )


def test_a_signature_says_with_what_it_was_made() -> None:
    scene, signer = county(), KeyFile()
    key = confirmed(scene, signer, SECRETARY, ORGANISER)
    chain = applied(scene, ISSUE)
    command = sign(scene, ISSUE, chain)
    act = Act(SECRETARY, scene.at)
    said = command.statement(scene.ledger.stand(command, act)[0], act)
    perform(scene, command.model_copy(update={"signature": signer.sign(said.digest)}), SECRETARY, proof(signer, said))
    scene.when(sign(scene, ISSUE, chain), person("village-director"))
    lines = folded(signature_ledger.LEDGER, scene.store.facts())
    assert [(line.assurance, line.signing_key) for line in lines.values()] == [("key", key), ("account", None)]
