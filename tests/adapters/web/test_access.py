"""The door: signing in and out, tokens in forms, passwords, and what becomes of what was typed."""

import re
from collections.abc import Callable

from fastapi.testclient import TestClient

from tests.adapters.web.conftest import PASSWORD, Town, Visitor
from tests.county import person

SignIn = Callable[[str], Visitor]


def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(visitor: Visitor) -> None:
    response = visitor.get("/issues?status=closed")
    assert response.status_code == 303
    assert response.headers["location"] == "/login?next=%2Fissues%3Fstatus%3Dclosed"
    door = visitor.get(response.headers["location"])
    hidden = visitor.hidden(door.text, "/login")
    sent = visitor.client.post("/login", data={**hidden, "login": "clerk", "password": PASSWORD})
    assert sent.headers["location"] == "/issues?status=closed".replace("&", "&amp;")
    assert visitor.get("/").status_code == 200


def test_nobody_is_led_to_another_site(visitor: Visitor) -> None:
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "/login"):
        door = visitor.client.get("/login", params={"next": elsewhere})
        assert visitor.hidden(door.text, "/login")["next"] == "/"


def test_a_wrong_password_gets_a_sentence_and_keeps_the_login(visitor: Visitor) -> None:
    response = visitor.fill("/login", "/login", login="clerk", password="wrong")
    assert response.status_code == 401
    assert "登录名或密码不正确" in response.text
    assert 'value="clerk"' in response.text
    assert "wrong" not in response.text


def test_signing_in_from_another_page_is_refused(visitor: Visitor) -> None:
    response = visitor.client.post("/login", data={"login": "clerk", "password": PASSWORD})
    assert response.status_code == 403
    assert visitor.get("/").status_code == 303


def test_a_form_without_its_token_changes_nothing(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    before = town.types(issue)
    officer = signed_in("officer")
    response = officer.client.post(f"/issues/{issue}/plan-step", data={"key": "k", "measure": "修路"})
    assert response.status_code == 403
    assert "页面已过期" in response.text
    assert town.types(issue) == before


def test_a_token_of_another_session_is_worthless(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    clerk, officer = signed_in("clerk"), signed_in("officer")
    page = clerk.get(f"/issues/{issue}").text
    stolen = clerk.hidden(page, f"/issues/{issue}/plan-step")
    response = officer.client.post(f"/issues/{issue}/plan-step", data={**stolen, "measure": "修路"})
    assert response.status_code == 403


def test_signing_out_ends_the_session(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    secret = dict(clerk.client.cookies)
    assert clerk.fill("/", "/logout").headers["location"] == "/login"
    clerk.client.cookies.update(secret)
    assert clerk.get("/").status_code == 303


def test_what_was_typed_outlives_a_session_that_ended(town: Town, signed_in: SignIn) -> None:
    issue = town.assigned()
    officer = signed_in("officer")
    action = f"/issues/{issue}/plan-step"
    hidden = officer.hidden(officer.get(f"/issues/{issue}").text, action)
    town.application.accounts.sign_out(officer.client.cookies["taizhang"])
    lost = officer.client.post(
        action, data={**hidden, "measure": "先铺碎石再硬化路面"}, headers={"Origin": "http://testserver"}
    )
    assert lost.status_code == 401
    assert "已经保留" in lost.text
    again = officer.client.post(
        "/login", data={**officer.hidden(lost.text, "/login"), "login": "officer", "password": PASSWORD}
    )
    assert "先铺碎石再硬化路面" in again.text
    sent = officer.client.post(action, data=officer.hidden(again.text, action))
    assert sent.status_code == 303
    assert town.types(issue)[-1] == "step.planned"


def test_what_another_site_sent_is_not_carried_through_the_door(town: Town, visitor: Visitor) -> None:
    issue = town.assigned()
    visitor.client.cookies.set("taizhang", "tzs_" + "0" * 64)
    response = visitor.client.post(
        f"/issues/{issue}/plan-step", data={"measure": "别人写的"}, headers={"Origin": "http://evil.example"}
    )
    assert response.status_code == 401
    assert "别人写的" not in response.text


def test_a_first_password_must_be_changed_before_anything_else(town: Town, visitor: Visitor) -> None:
    login = "newcomer"
    town.application.accounts.create_account(
        login, PASSWORD, town.clock(), person=person("first-secretary"), must_change=True
    )
    assert visitor.fill("/login", "/login", login=login, password=PASSWORD).headers["location"] == "/password"
    assert visitor.get("/issues").headers["location"] == "/password"
    fresh = "Bamboo-2019-forest"
    differ = visitor.fill("/password", "/password", old=PASSWORD, new=fresh, again="other")
    assert (differ.status_code, "不一致" in differ.text) == (422, True)
    weak = visitor.fill("/password", "/password", old=PASSWORD, new="short", again="short")
    assert "至少10位" in weak.text
    wrong = visitor.fill("/password", "/password", old="wrong", new=fresh, again=fresh)
    assert "原密码不正确" in wrong.text
    assert visitor.fill("/password", "/password", old=PASSWORD, new=fresh, again=fresh).headers["location"] == "/"
    assert visitor.get("/").status_code == 200


def test_an_administrator_does_and_sees_no_business(town: Town, visitor: Visitor) -> None:
    town.application.accounts.create_account("root", PASSWORD, town.clock(), kind="system_administrator")
    visitor.fill("/login", "/login", login="root", password=PASSWORD)
    response = visitor.get("/issues")
    assert response.status_code == 403
    assert "管理员账号" in response.text


def test_every_page_says_how_it_may_be_used_and_names_its_request(town: Town) -> None:
    with TestClient(town.api, follow_redirects=False) as client:
        response = client.get("/login")
    policy = response.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", response.text)


def test_what_is_not_there_is_said_to_people_as_a_page_and_to_programs_as_a_problem(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    for path in ("/nowhere", "/issues/issue-unknown", "/people/person-unknown", "/regions/abc", "/timeline/thing-1"):
        page = clerk.get(path)
        assert page.status_code == 404, path
        assert page.headers["content-type"].startswith("text/html")
        assert page.headers["x-request-id"] in page.text
    assert clerk.get("/api/v1/nowhere").headers["content-type"].startswith("application/problem+json")


def test_a_hostile_address_gets_a_page_and_nothing_else(signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    hostile = {
        "/issues?cursor=xyz": 422,
        "/issues?as_of=yesterday": 422,
        "/issues?as_of=99999999": 422,
        "/issues?due_from=abc": 422,
        "/issues?nonsense=1": 422,
        "/issues?region_name=<script>alert(1)</script>": 200,
        "/issues?description=%00": 422,
        "/directory?kind=xyz&name='; drop": 200,
    }
    for path, status in hostile.items():
        page = clerk.get(path)
        assert page.status_code == status, path
        assert "<script>alert" not in page.text
