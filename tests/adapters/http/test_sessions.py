"""Who gets in, and as whom: sessions with their CSRF token, tokens with their scope, administrators with nothing."""

import pytest
from starlette.testclient import TestClient

from adapters.bootstrap import Application
from adapters.http.admission import CSRF_HEADER
from tests.adapters.http.conftest import PASSWORD, V1, Clock, People, issue_body, session_of
from tests.county import person


def test_whoever_signs_in_is_told_who_they_are_and_which_posts_they_hold(web: TestClient) -> None:
    browser, told = session_of(web, "clerk")
    assert told["person"] == person("clerk")
    assert [post["label"] for post in told["posts"]] == ["乡镇扶贫专干"]
    assert browser.get(f"{V1}/me").json() == told


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(web: TestClient) -> None:
    credentials = {"login": "clerk", "password": PASSWORD}
    cookie = TestClient(web.app).post(f"{V1}/session", json=credentials).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_session_changes_nothing_without_its_csrf_token(web: TestClient, application: Application) -> None:
    browser, told = session_of(web, "clerk")
    _, stranger = session_of(web, "officer")
    head = application.facts.head()
    for token in ({}, {CSRF_HEADER: "no"}, {CSRF_HEADER: "码".encode()}, {CSRF_HEADER: stranger["csrf"]}):
        answer = browser.post(f"{V1}/issues", json=issue_body(), headers=token)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    assert application.facts.head() == head
    answer = browser.post(f"{V1}/issues", json=issue_body(), headers={CSRF_HEADER: told["csrf"]})
    assert answer.status_code == 201


def test_signing_out_ends_the_session(web: TestClient) -> None:
    browser, told = session_of(web, "clerk")
    kept = dict(browser.cookies)
    assert browser.delete(f"{V1}/session", headers={CSRF_HEADER: told["csrf"]}).status_code == 204
    answer = TestClient(web.app, cookies=kept, base_url="http://ledger.example").get(f"{V1}/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


@pytest.mark.parametrize("login", ["nobody", "clerk", "'; --", "x" * 256])
def test_a_wrong_password_and_an_unknown_login_sound_the_same(web: TestClient, login: str) -> None:
    answer = web.post(f"{V1}/session", json={"login": login, "password": "Wrong-Guess-1"})
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_refused")


def test_a_password_is_never_repeated(web: TestClient) -> None:
    answer = web.post(f"{V1}/session", json={"login": ["clerk"], "password": "Wrong-Guess-1" * 100, "more": 1})
    assert answer.status_code == 422
    assert "Wrong" not in answer.text


def test_five_wrong_passwords_lock_the_account_for_a_while(
    web: TestClient, application: Application, clock: Clock
) -> None:
    wrong = {"login": "member", "password": "Wrong-Guess-1"}
    right = wrong | {"password": PASSWORD}
    for _ in range(5):
        assert web.post(f"{V1}/session", json=wrong).status_code == 401
    assert web.post(f"{V1}/session", json=right).status_code == 401
    clock.later(minutes=16)
    assert TestClient(web.app).post(f"{V1}/session", json=right).status_code == 201


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer tzt_00", "Basic Y2xlcms6cA==", "Bearer ' OR 1=1", "Bearer 令牌"]
)
def test_a_token_that_is_none_lets_nobody_in(web: TestClient, given: str) -> None:
    answer = web.get(f"{V1}/me", headers=[(b"Authorization", given.encode())])
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


def test_nobody_gets_in_without_saying_who_they_are(web: TestClient) -> None:
    for path in ("/ledgers/issues", "/queue", "/people/person-clerk/record", "/timeline/person-clerk", "/facts/1"):
        answer = web.get(V1 + path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_sessions_secret_is_no_token_and_a_tokens_no_cookie(web: TestClient, people: People) -> None:
    browser, _ = session_of(web, "clerk")
    (secret,) = browser.cookies.values()
    assert web.get(f"{V1}/me", headers={"Authorization": f"Bearer {secret}"}).json()["code"] == "token_refused"
    token = people["clerk"].headers["Authorization"].removeprefix("Bearer ")
    forged = TestClient(web.app, cookies={"taizhang": token}, base_url="http://ledger.example")
    assert forged.get(f"{V1}/me").json()["code"] == "session_ended"


def test_a_token_for_reading_reads_and_changes_nothing(web: TestClient, application: Application) -> None:
    made = application.accounts.create_token("clerk", "报表程序", application.now(), scope="read")
    headers = {"Authorization": f"Bearer {made.secret}"}
    assert web.get(f"{V1}/ledgers/issues", headers=headers).status_code == 200
    answer = web.post(f"{V1}/issues", json=issue_body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only_token")


def test_a_revoked_token_lets_nobody_in(web: TestClient, application: Application) -> None:
    made = application.accounts.create_token("clerk", "旧程序", application.now())
    application.accounts.revoke_token("clerk", made.token.prefix, application.now())
    answer = web.get(f"{V1}/me", headers={"Authorization": f"Bearer {made.secret}"})
    assert answer.json()["code"] == "token_refused"


def test_an_administrator_neither_acts_nor_looks(web: TestClient, application: Application) -> None:
    application.accounts.create_account("sysadmin", PASSWORD, application.now(), kind="system_administrator")
    made = application.accounts.create_token("sysadmin", "程序", application.now(), scope="full")
    headers = {"Authorization": f"Bearer {made.secret}"}
    for answer in (
        web.post(f"{V1}/issues", json=issue_body(), headers=headers),
        web.get(f"{V1}/ledgers/issues", headers=headers),
        web.post(f"{V1}/evidence", content=b"x", headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "administrator_cannot_act")


def test_an_initial_password_must_be_changed_before_anything_else(web: TestClient, application: Application) -> None:
    application.accounts.set_password("first-secretary", PASSWORD, application.now(), must_change=True)
    browser, told = session_of(web, "first-secretary")
    csrf = {CSRF_HEADER: told["csrf"]}
    assert browser.get(f"{V1}/queue").json()["code"] == "password_must_change"
    assert browser.post(f"{V1}/issues", json=issue_body(), headers=csrf).json()["code"] == "password_must_change"
    new = {"old": PASSWORD, "new": "Hechi-Autumn-2020"}
    assert browser.post(f"{V1}/me/password", json=new, headers=csrf).status_code == 204
    assert browser.get(f"{V1}/me").status_code == 401
    credentials = {"login": "first-secretary", "password": "Hechi-Autumn-2020"}
    assert browser.post(f"{V1}/session", json=credentials).json()["must_change"] is False
    assert browser.get(f"{V1}/queue").status_code == 200


def test_a_new_password_must_be_a_good_one(web: TestClient) -> None:
    browser, told = session_of(web, "clerk")
    given = {"old": PASSWORD, "new": "12345678"}
    answer = browser.post(f"{V1}/me/password", json=given, headers={CSRF_HEADER: told["csrf"]})
    assert answer.status_code == 422
    assert answer.json()["code"].startswith("password_")
