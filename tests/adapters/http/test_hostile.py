"""What no well-meaning program sends: each gets a clear refusal, records nothing, and is not repeated to anybody."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import OperationalError
from starlette.testclient import TestClient
from starlette.types import Message

from adapters.bootstrap import Application
from adapters.http.threshold import TEXT_LIMIT
from tests.adapters.http.conftest import V1, Caller, People, issue_body

ID_CARD = "45122619850101123X"


@pytest.fixture
def clerk(people: People, application: Application) -> Iterator[Caller]:
    """Whose attempts leave the log as it was."""
    caller = people["clerk"]
    head = application.facts.head()
    yield caller
    assert application.facts.head() == head


def sent(caller: Caller, body: bytes, content_type: str = "application/json") -> tuple[int, dict[str, Any]]:
    headers = caller.headers | {"Content-Type": content_type}
    answer = caller.web.post(f"{V1}/issues", content=body, headers=headers)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()


def test_ten_megabytes_of_json_are_not_read(clerk: Caller) -> None:
    status, told = sent(clerk, b'{"description": "' + b"x" * (10 << 20) + b'"}')
    assert (status, told["code"]) == (413, "too_large")


def test_a_body_that_does_not_say_how_long_it_is_is_measured_as_it_comes(clerk: Caller) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * (TEXT_LIMIT // 10)

    headers = clerk.headers | {"Content-Type": "application/json"}
    answer = clerk.web.post(f"{V1}/issues", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "body",
    [b"{", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"a": NaN}', b"\xff\xfe", b'{"a": "\\ud800"}'],
    ids=["cut short", "deep lists", "deep objects", "not a number", "not utf-8", "half a character"],
)
def test_what_is_no_json_is_a_malformed_request(clerk: Caller, body: bytes) -> None:
    assert sent(clerk, body)[1]["code"] == "malformed_request"


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
def test_json_that_is_no_object_is_refused(clerk: Caller, body: bytes) -> None:
    assert sent(clerk, body)[1]["code"] == "invalid_request"


def test_nesting_that_json_allows_and_no_command_has_is_refused(clerk: Caller) -> None:
    body = json.dumps(issue_body())[:-1].encode() + b', "object": ' + b"[" * 500 + b"]" * 500 + b"}"
    assert sent(clerk, body)[1]["code"] == "invalid_request"


@pytest.mark.parametrize("number", ["1e400", "10" * 30, str(2**63), str(2**53), "1.5", "-1", "true", '"12"'])
def test_amounts_that_are_no_amounts_are_refused(clerk: Caller, number: str) -> None:
    body = json.dumps(issue_body())[:-1] + f', "planned_funds": {number}}}'
    assert sent(clerk, body.encode())[1]["code"] in ("invalid_request", "malformed_request")


@pytest.mark.parametrize("when", [0, "yesterday", "2019-13-01", "2019-09-01T00:00:00Z", True, [], "9" * 5000])
def test_dates_that_are_no_dates_are_refused(clerk: Caller, when: object) -> None:
    status, told = sent(clerk, json.dumps(issue_body(found_on=when)).encode())
    assert status == 422
    assert told["where"] == [{"field": "found_on", "message": "应为日期,例如 2019-09-01"}]


@pytest.mark.parametrize("text", ["a\x00b", "", "   ", "x" * 4001, "a\u202eb", "\u200b", 5, None, ["x"]])
def test_texts_that_are_no_texts_are_refused(clerk: Caller, text: object) -> None:
    status, told = sent(clerk, json.dumps(issue_body(description=text)).encode())
    assert status == 422
    assert [place["field"] for place in told["where"]] == ["description"]


@pytest.mark.parametrize("number", [ID_CARD, "45122619850101 123X", "13877812345", "１３８７７８１２３４５"])
def test_a_personal_number_is_refused_where_it_stands_and_never_repeated(clerk: Caller, number: str) -> None:
    status, told = sent(clerk, json.dumps(issue_body(description=f"户主电话{number},请联系")).encode())
    assert (status, told["code"]) == (422, "personal_data")
    assert told["where"][0]["field"] == "description"
    assert number not in json.dumps(told, ensure_ascii=False)


def test_a_field_that_is_not_there_is_named_without_what_it_hides(clerk: Caller) -> None:
    body = issue_body() | {f"身份证{ID_CARD}": "x", "closed": True}
    told = sent(clerk, json.dumps(body).encode())[1]
    assert {place["message"] for place in told["where"]} == {"没有此项,请核对名称"}
    assert ID_CARD not in json.dumps(told)


def test_what_is_wrong_everywhere_is_said_of_each_field(clerk: Caller) -> None:
    told = sent(clerk, b'{"severity": "deadly", "deadline": {"due": null}, "object": "household-A B"}')[1]
    said = {place["field"]: place["message"] for place in told["where"]}
    assert said["region"] == "缺少此项"
    assert said["severity"].startswith("不在可选范围内")
    assert said["deadline.precision"] == "缺少此项"
    assert said["object"] == "格式不对"
    assert "deadly" not in json.dumps(told)


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_refused(clerk: Caller, content_type: str) -> None:
    assert sent(clerk, json.dumps(issue_body()).encode(), content_type)[0] == 415


@pytest.mark.parametrize(
    "issue", ["person-clerk", "issue-", "issue-'; DROP TABLE facts.fact; --", "issue-%00", "issue-" + "a" * 200]
)
def test_a_path_with_an_id_that_is_none_is_refused(clerk: Caller, issue: str) -> None:
    told = clerk.refused(f"/issues/{issue}/withdrawals", "invalid_request", reason="登记有误")
    assert told["where"] == [{"field": "issue", "message": "格式不对"}]


def test_a_body_may_not_say_again_what_the_path_says(clerk: Caller) -> None:
    told = clerk.refused("/issues/issue-a/withdrawals", "invalid_request", issue="issue-b", reason="登记有误")
    assert told["where"][0]["field"] == "issue"


def test_sql_in_a_text_is_a_text(people: People) -> None:
    text = "'); DROP TABLE facts.fact; --"
    made = people["clerk"].does("/issues", **issue_body(description=text))
    assert people["clerk"].get(f"/issues/{made['ids']['issue']}").json()["line"]["description"] == text


def test_unknown_addresses_and_methods_are_problems_too(web: TestClient) -> None:
    missing, wrong = web.get(f"{V1}/nothing"), web.put(f"{V1}/issues")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_what_nobody_expected_says_nothing_of_the_inside(
    clerk: Caller, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(application.facts, "read_all", broken)
    status, told = sent(clerk, json.dumps(issue_body()).encode())
    assert (status, told["code"]) == (500, "internal_error")
    assert "secret" not in json.dumps(told)


def test_a_database_that_is_away_is_said_to_be_away(
    clerk: Caller, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection to 10.0.0.1 refused")

    monkeypatch.setattr(application.facts, "read_all", away)
    status, told = sent(clerk, json.dumps(issue_body()).encode())
    assert (status, told["code"]) == (503, "unavailable")
    assert "10.0.0.1" not in json.dumps(told)


def test_whoever_hangs_up_in_the_middle_leaves_nothing_behind(clerk: Caller) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"region":', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        answers.append(message)

    path = f"{V1}/issues"
    headers = [(b"content-type", b"application/json"), (b"authorization", clerk.headers["Authorization"].encode())]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "root_path": ""}
    scope |= {"scheme": "http", "query_string": b"", "headers": headers, "server": ("ledger.example", 80)}

    async def hang_up() -> None:
        await clerk.web.app(scope, receive, send)

    asyncio.run(hang_up())
    assert answers == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"no form at all", 400), (b"--x\r\n\r\n", 400), (b'--x\r\nContent-Disposition: form-data; name="file"\r\n', 422)],
    ids=["text", "empty part", "cut short"],
)
def test_a_form_that_is_none_is_refused(clerk: Caller, body: bytes, status: int) -> None:
    headers = clerk.headers | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = clerk.web.post(f"{V1}/evidence", content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_form_larger_than_the_door_is_refused(clerk: Caller) -> None:
    answer = clerk.web.post(f"{V1}/evidence", files={"file": bytes(26 << 20)}, headers=clerk.headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("given", ["short", "has space in it", "x" * 65, "semi;colon-semi"])
def test_a_strange_request_id_is_replaced(web: TestClient, given: str) -> None:
    assert web.get("/healthz", headers={"X-Request-ID": given}).headers["x-request-id"] != given


def test_a_sane_request_id_comes_back_with_the_headers_of_the_house(web: TestClient) -> None:
    headers = web.get("/healthz", headers={"X-Request-ID": "trace-0123456789"}).headers
    assert headers["x-request-id"] == "trace-0123456789"
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
