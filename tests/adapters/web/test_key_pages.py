"""我的密钥 without a browser: what is shown to whom, and what a page refuses."""

import re
from collections.abc import Callable

from adapters.web.formats import fingerprint
from domain.command import Act
from domain.ids import SigningKeyId
from domain.keys import fold, registration
from tests.adapters.web.conftest import Town, Visitor
from tests.county import person
from tests.signing import KeyFile, proof, registering

SignIn = Callable[[str], Visitor]


def registered(town: Town, name: str) -> SigningKeyId:
    """A key file, registered on the command line."""
    signer = KeyFile()
    command = registering(signer, person(name))
    said = registration(person(name), signer.suite, signer.public_key, None, command.label)
    act = Act(person(name), town.clock(), frozenset({proof(signer, said)}))
    outcome = town.application.ledger.execute(command, act)
    assert town.application.projector.wait_for(outcome.position, 10)
    return command.key


def test_a_key_is_shown_to_its_person_and_to_those_who_confirm(town: Town, signed_in: SignIn) -> None:
    key = registered(town, "clerk")
    shown = fingerprint(key)
    assert re.fullmatch(r"([0-9a-f]{4} ){7}[0-9a-f]{4}", shown)
    own, office, other = (signed_in(name).get("/keys").text for name in ("clerk", "headquarters", "officer"))
    assert shown in own
    assert "等待确认的密钥" not in own
    assert 'href="http://localhost:8000/keys"' in own, "where passkeys can be used, and here is not there"
    assert shown in office.partition("等待确认的密钥")[2]
    assert shown not in other


def test_a_key_is_confirmed_and_revoked_on_the_page(town: Town, signed_in: SignIn) -> None:
    key = registered(town, "leader")
    office, own = signed_in("headquarters"), signed_in("leader")
    answer = office.fill("/keys", f"/keys/{key}/confirm", manner="本人到场,核对了工作证和指纹")
    assert (answer.status_code, answer.headers["location"]) == (303, "/keys?done=confirm#top")
    assert "可用" in own.get("/keys").text
    refused = own.fill("/keys", f"/keys/{key}/revoke", reason="电脑报废", since="2099-01-01")
    assert refused.status_code == 422
    assert "不能记录还没有发生的事" in refused.text
    assert 'value="2099-01-01"' in refused.text
    assert own.fill("/keys", f"/keys/{key}/revoke", reason="电脑报废", since=str(town.today)).status_code == 303
    assert not fold(town.application.facts.about(key))[key].in_force
    assert f"/keys/{key}/revoke" not in own.get("/keys").text


def test_a_passkey_is_not_registered_without_its_signature(town: Town, signed_in: SignIn) -> None:
    visitor = signed_in("supervisor")
    head = town.application.facts.head()
    answer = visitor.fill("/keys", "/keys", label="手机")
    assert answer.status_code == 422
    assert "缺少签名" in answer.text
    for posted in ("{", "[]", '{"key": "signingkey-1"}'):
        assert visitor.fill("/keys", "/keys", label="手机", possession=posted).status_code == 422
    assert town.application.facts.head() == head


def test_what_is_done_with_a_key_needs_the_pages_own_token(town: Town, signed_in: SignIn) -> None:
    key = registered(town, "inspector")
    answer = signed_in("inspector").client.post(f"/keys/{key}/revoke", data={"reason": "x", "since": str(town.today)})
    assert answer.status_code == 403
    assert signed_in("inspector").get("/keys/elsewhere").status_code == 404
