"""Personal keys over HTTP: registered, confirmed, used to sign, revoked; and nothing else gets through."""

from typing import Any

import pytest

from adapters.bootstrap import Application
from domain.chains import SentBack, SignatureRefused
from domain.ids import ChainId, PersonId
from tests.adapters.http.conftest import V1, Life, People
from tests.county import person
from tests.signing import ORIGIN, KeyFile, Passkey, Signer, registering

SIGNER = "village-secretary"


def registered(people: People, signer: Signer, name: str = SIGNER) -> str:
    """The key that the server says it is, registered over HTTP."""
    said = {"suite": signer.suite, "public_key": signer.public_key, "label": "办公电脑"}
    if signer.credential:
        said["credential"] = signer.credential
    words = people[name].get("/keys/statement", **said).json()
    possession = signer.sign(words["digest"]).model_dump(exclude_none=True)
    people[name].does("/keys", **said, possession=possession)
    key: str = words["key"]
    return key


def confirmed(people: People, signer: Signer, name: str = SIGNER) -> str:
    key = registered(people, signer, name)
    people["organiser"].does(f"/keys/{key}/confirmation", manner="本人到场核对指纹")
    return key


def signature(people: People, life: Life, signer: Signer, name: str = SIGNER, opinion: str = "同意") -> dict[str, Any]:
    """What a client sends: the words it was given, signed."""
    words = people[name].get(f"{life.application}/statement", opinion=opinion).json()
    signed = signer.sign(words["digest"]).model_dump(exclude_none=True)
    return {"opinion": opinion, **{n: words[n] for n in ("shown", "shown_digest")}, "signature": signed}


@pytest.mark.parametrize(
    ("signer", "assurance"), [(KeyFile(), "key"), (Passkey(), "passkey")], ids=["key file", "passkey"]
)
def test_a_sign_off_is_signed_with_a_key_of_ones_own(
    people: People, life: Life, signer: Signer, assurance: str
) -> None:
    key = confirmed(people, signer)
    life.registered().assigned().rectified().applied().checked()
    told = people[SIGNER].does(f"{life.application}/signatures", **signature(people, life, signer))
    line = people[SIGNER].get("/ledgers/signatures", signing_key=key, min_position=told["position"]).json()["lines"][0]
    assert (line["assurance"], line["chain"], line["signer"]) == (assurance, life.chain, person(SIGNER))


def test_what_is_to_be_signed_is_said_with_the_signers_keys(people: People, life: Life) -> None:
    key = confirmed(people, KeyFile(), "village-director")
    waiting = registered(people, KeyFile(), "village-director")
    life.registered().assigned().rectified().applied().checked()
    words = people["village-director"].get(f"{life.application}/statement", opinion=" 同意 ").json()
    assert '"opinion":"同意"' in words["statement"]
    assert key in words["keys"]
    assert waiting not in words["keys"]
    assert {name: words[name] for name in ("shown", "shown_digest")} == life.shown()
    answer = people["clerk"].get(f"{life.application}/statement", opinion="同意")
    assert (answer.status_code, answer.json()["code"]) == (422, "no_authority")
    answer = people["clerk"].get("/exits/chain-nowhere/statement", opinion="同意")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_chain")


def test_a_forged_or_altered_signature_is_refused(people: People, life: Life) -> None:
    signer, stranger, device = KeyFile(), KeyFile(), Passkey(verifies=False)
    key = confirmed(people, signer)
    life.registered().assigned().rectified().applied().checked()
    body = signature(people, life, signer)
    path = f"{life.application}/signatures"
    ask = people[SIGNER]
    ask.refused(path, "statement_differs", **body | {"opinion": "情况属实,同意"})
    forged = stranger.sign(body["signature"]["statement"]).model_dump(exclude_none=True)
    ask.refused(path, "signature_invalid", **body | {"signature": forged | {"key": key}})
    ask.refused(path, "key_not_in_force", **body | {"signature": forged})
    ask.refused(path, "invalid_request", **body | {"signature": {**body["signature"], "value": "no way"}})
    ask.refused(path, "invalid_request", **body | {"signature": "AAAA"})
    words = ask.get("/keys/statement", suite="webauthn", public_key=device.public_key, credential="AA", label="手机")
    unverified = device.sign(words.json()["digest"]).model_dump(exclude_none=True)
    said = {"suite": "webauthn", "public_key": device.public_key, "credential": "AA", "label": "手机"}
    ask.refused("/keys", "signature_invalid", **said, possession=unverified)
    ask.does(path, **body)


def test_a_signature_made_elsewhere_on_the_web_is_refused(people: People) -> None:
    phished = Passkey(origin="https://ledger.example.evil")
    command = registering(phished, person(SIGNER)).model_dump(mode="json")
    people[SIGNER].refused("/keys", "signature_invalid", **command)


def test_someone_elses_statement_is_not_ones_own(people: People) -> None:
    command = registering(KeyFile(), PersonId("person-village-director")).model_dump(mode="json")
    people[SIGNER].refused("/keys", "statement_differs", **command)


def test_a_revoked_key_signs_no_more_and_its_ledger_says_since_when(people: People, life: Life) -> None:
    signer = KeyFile()
    key = confirmed(people, signer)
    life.registered().assigned().rectified().applied().checked()
    body = signature(people, life, signer)
    done = people[SIGNER].does(f"/keys/{key}/revocation", reason="密钥文件泄露", since=str(life.clock.today))
    people[SIGNER].refused(f"{life.application}/signatures", "key_not_in_force", **body)
    line = people["inspector"].get("/ledgers/keys", signing_key=key, min_position=done["position"]).json()["lines"][0]
    assert (line["state"], line["person"]) == ("revoked", person(SIGNER))
    assert line["doubtful_since"] == str(life.clock.today)
    assert line["confirmed_by"] == person("organiser")


def test_a_browser_is_told_how_to_make_a_passkey(people: People, application: Application) -> None:
    assert application.settings.browsed_at == ORIGIN
    passkey = Passkey()
    registered(people, passkey, "township-head")
    options = people["township-head"].get("/keys/options").json()
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert passkey.credential in {one["id"] for one in options["excludeCredentials"]}
    assert people["township-head"].get("/keys/options").json()["challenge"] != options["challenge"]


def test_a_confirmation_is_signed_with_the_confirmers_own_key(people: People) -> None:
    root = KeyFile()
    own = registered(people, root, "organiser")
    people["headquarters"].does(f"/keys/{own}/confirmation", manner="本人到场核对指纹")
    key = registered(people, KeyFile(), "county-secretary")
    words = people["organiser"].get(f"/keys/{key}/confirmation/statement", manner="核对指纹").json()
    body = {"manner": "核对指纹", "signature": root.sign(words["digest"]).model_dump(exclude_none=True)}
    people["organiser"].refused(f"/keys/{key}/confirmation", "statement_differs", **body | {"manner": "电话核对"})
    people["organiser"].does(f"/keys/{key}/confirmation", **body)


def test_nobody_is_told_anything_without_signing_in(people: People, life: Life) -> None:
    life.registered().assigned().rectified().applied().checked()
    for path in ("/keys/options", f"{life.application}/statement?opinion=x", "/ledgers/keys"):
        assert people.web.get(V1 + path).status_code == 401


@pytest.mark.parametrize(
    ("place", "said"),
    [("refusals", {"reason": "路面又塌了"}), ("send-backs", {"to": "check", "reason": "核查走过场"})],
    ids=["refused", "sent back"],
)
def test_turning_a_chain_back_is_signed_with_a_key_of_ones_own(
    application: Application, people: People, life: Life, place: str, said: dict[str, str]
) -> None:
    signer = KeyFile()
    key = confirmed(people, signer)
    life.registered().assigned().rectified().applied().checked()
    path, ask = f"{life.application}/{place}", people[SIGNER]
    words = ask.get(f"{path}/statement", **said).json()
    assert key in words["keys"]
    body = {
        **said,
        **{name: words[name] for name in ("shown", "shown_digest")},
        "signature": signer.sign(words["digest"]).model_dump(exclude_none=True),
    }
    ask.refused(path, "statement_differs", **body | {"reason": "别的理由"})
    ask.refused(path, "shown_missing", **{**said, "signature": body["signature"]})
    ask.does(path, **body)
    event = application.facts.about(ChainId(life.chain))[-1].event
    assert isinstance(event, SignatureRefused | SentBack)
    assert (event.assurance, event.signature and event.signature.key) == ("key", key)


def test_an_exits_words_are_to_be_had_where_they_are_signed(people: People) -> None:
    for path, said in (("refusals", {"reason": "不实"}), ("send-backs", {"to": "check", "reason": "不实"})):
        answer = people["clerk"].get(f"/exits/chain-nowhere/{path}/statement", **said)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_chain")
