"""Ledgers over HTTP: filters, pages, any moment; issues, queues, records, timelines, facts."""

from hashlib import sha256
from typing import Any

import pytest
import structlog
from starlette.testclient import TestClient

from adapters.bootstrap import Application
from adapters.http.ledgers import SHELVES
from tests.adapters.http.conftest import JPEG, V1, Clock, Life, People, fresh, issue_body
from tests.county import BUREAU, COUNTY, OTHER_VILLAGE, TOWN, VILLAGE, person


def lines(people: People, name: str, **params: Any) -> list[dict[str, Any]]:
    answer = people["inspector"].get(f"/ledgers/{name}", **params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["lines"]
    return found


@pytest.mark.parametrize("name", SHELVES)
def test_every_ledger_is_read_now_and_as_of_a_position(people: People, name: str) -> None:
    now = people["inspector"].get(f"/ledgers/{name}", limit=1, count="true")
    assert now.status_code == 200, now.text
    assert now.json()["count"] >= len(now.json()["lines"])
    then = people["inspector"].get(f"/ledgers/{name}", as_of=1)
    assert then.json()["as_of"]["position"] == 1


def test_what_was_just_written_is_read_at_its_position(people: People) -> None:
    told = people["clerk"].does("/issues", **issue_body())
    [line] = lines(people, "issues", issue=told["ids"]["issue"], min_position=told["position"])
    assert line["registered_by"] == person("clerk")
    assert line["due"] == "2030-10-20"


def test_a_ledger_is_filtered_by_region_at_any_level_status_person_unit_severity_and_deadline(
    people: People, life: Life
) -> None:
    category = fresh("category")
    life.registered(category=category, severity="major").assigned()
    elsewhere = issue_body(category=category, region=str(OTHER_VILLAGE))
    position = people["other-clerk"].does("/issues", **elsewhere)["position"]

    def found(**params: Any) -> int:
        return len(lines(people, "issues", category=category, min_position=position, **params))

    assert [found(region=str(region)) for region in (COUNTY, TOWN, VILLAGE, OTHER_VILLAGE)] == [2, 1, 1, 1]
    assert [found(status=status) for status in ("rectifying", "not_started", "closed")] == [1, 1, 0]
    assert found(status=["rectifying", "not_started"]) == 2
    assert [found(unit=str(BUREAU)), found(unit="")] == [1, 1]
    assert [found(person=str(person("officer"))), found(leader=str(person("officer")))] == [1, 0]
    assert [found(severity="major"), found(severity="minor")] == [1, 1]
    assert [found(due_from="2030-10-20"), found(due_until="2030-10-19")] == [2, 0]
    assert found(description="水毁") == 2
    assert found(description="%") == 0


def test_overdue_depends_on_the_day_that_is_asked_about(people: People, life: Life, clock: Clock) -> None:
    deadline = {"due": str(clock.today), "precision": "day", "long_term": False}
    category = fresh("category")
    life.registered(category=category, deadline=deadline)
    today = str(clock.today)
    position = people["inspector"].get(f"/timeline/{life.issue}").json()["facts"][-1]["position"]
    clock.later(days=2)
    asked = {"category": category, "overdue": "true", "min_position": position}
    [line] = lines(people, "issues", **asked)
    assert line["overdue_days"] == 2
    assert lines(people, "issues", **asked, as_of=today) == []


def test_a_walk_from_page_to_page_gives_each_line_once_whatever_is_written_meanwhile(people: People) -> None:
    category = fresh("category")
    for _ in range(5):
        position = people["clerk"].does("/issues", **issue_body(category=category))["position"]
    asked: dict[str, Any] = {"category": category, "order": "-registered_at", "limit": 2, "overdue": "false"}
    page = people["inspector"].get("/ledgers/issues", min_position=position, **asked).json()
    seen = [line["issue"] for line in page["lines"]]
    while page["next"]:
        people["clerk"].does("/issues", **issue_body(category=category))
        page = people["inspector"].get("/ledgers/issues", cursor=page["next"], **asked).json()
        seen += [line["issue"] for line in page["lines"]]
    assert len(seen) == len(set(seen)) == 5


def test_a_cursor_is_good_for_its_own_query_only(people: People) -> None:
    for _ in range(2):
        position = people["clerk"].does("/issues", **issue_body())["position"]
    place = people["inspector"].get("/ledgers/issues", limit=1, min_position=position).json()["next"]
    for params in ({"cursor": place, "severity": "major"}, {"cursor": "x"}, {"cursor": "1.x"}, {"cursor": ""}):
        answer = people["inspector"].get("/ledgers/issues", **params)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize(
    "params",
    [
        {"colour": "red"},
        {"issue_from": "1"},
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "٣"},
        {"order": "colour"},
        {"order": "extensions"},
        {"due_from": "soon"},
        {"region": "'; DROP TABLE"},
        {"status": "sleeping"},
        {"overdue": "perhaps"},
        {"as_of": "soon"},
        {"as_of": "2019-10-20T12:00:00"},
        {"as_of": "999999999"},
        {"as_of": "9999-12-31"},
        {"as_of": "2019-02-30"},
        {"min_position": "-1"},
        {"min_position": "999999999"},
        {"description": "a\x00b"},
    ],
    ids=str,
)
def test_a_filter_that_makes_no_sense_is_refused(people: People, params: dict[str, str]) -> None:
    answer = people["inspector"].get("/ledgers/issues", **params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in ("invalid_request", "bad_filter", "bad_order", "unknown_column")


def test_an_issue_is_read_as_it_stood(people: People, life: Life) -> None:
    life.registered()
    registered = life.shown()
    life.assigned()
    then = people["inspector"].get(life.path, as_of=registered["shown"]).json()
    assert (then["line"]["status"], then["line"]["unit"]) == ("not_started", None)
    assert then["shown"] == {"position": registered["shown"], "digest": registered["shown_digest"]}
    assert people["inspector"].get(life.path).json()["line"]["status"] == "rectifying"
    missing = people["inspector"].get(life.path, as_of=1)
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_issue")


def test_a_timeline_is_walked_in_order_and_its_facts_are_the_stored_bytes(people: People, life: Life) -> None:
    life.registered().assigned().rectified()
    page = people["inspector"].get(f"/timeline/{life.issue}", limit=2).json()
    facts = page["facts"]
    while page["next"]:
        page = people["inspector"].get(f"/timeline/{life.issue}", limit=2, cursor=page["next"]).json()
        facts += page["facts"]
    assert [fact["title"] for fact in facts] == ["登记问题", "交办", "制定措施", "报告进展"]
    stored = people["inspector"].get(f"/facts/{facts[0]['position']}")
    assert sha256(stored.content).hexdigest() == facts[0]["digest"]
    assert stored.headers["etag"] == f'"{facts[0]["digest"]}"'
    assert people["inspector"].get("/facts/999999999").json()["code"] == "unknown_fact"
    assert people["inspector"].get("/timeline/nonsense").json()["code"] == "invalid_request"


def test_what_waits_for_me_is_in_my_queue(people: People, life: Life) -> None:
    life.registered().assigned()
    people["officer"].does(f"{life.path}/steps", measure="加固边坡")
    asked = people["village-secretary"].does(f"{life.path}/escalations", to="township", matter="请派机械")
    position = asked["position"]

    def waiting(name: str, part: str, key: str = "issue") -> bool:
        queue = people[name].get("/queue", min_position=position).json()
        return any(line[key] == life.issue for line in queue[part])

    assert waiting("officer", "rectifying")
    assert waiting("township-head", "answering")
    assert not waiting("other-secretary", "answering")
    escalation = asked["ids"]["escalation"]
    people["township-head"].does(f"{life.path}/escalations/{escalation}/answers", answer="已派")
    life.rectified()
    position = life.shown()["shown"]
    step = people["officer"].get("/queue", min_position=position).json()["rectifying"]
    [planned] = [line["step"] for line in step if line["issue"] == life.issue]
    done = {"progress": "已加固", "done": True, "occurred_on": str(life.clock.today)}
    people["officer"].does(f"{life.path}/steps/{planned}/reports", **done)
    life.applied().checked()
    position = life.shown()["shown"]
    assert waiting("village-secretary", "signing", "subject")
    assert not waiting("township-head", "signing", "subject")


def test_a_persons_and_a_units_record_say_what_they_answered_for(people: People, life: Life) -> None:
    life.registered().assigned()
    position = life.shown()["shown"]
    mine = people["inspector"].get("/people/person-officer/record", min_position=position).json()
    ours = people["inspector"].get(f"/units/{BUREAU}/record", min_position=position).json()
    for record in (mine, ours):
        assert life.issue in [one["issue"]["issue"] for one in record["responsibilities"]]
    assert [post["post"] for post in mine["posts"]] == ["unit_officer"]


def test_whoever_looks_at_a_record_or_acts_is_written_down(people: People, life: Life) -> None:
    with structlog.testing.capture_logs() as kept:
        life.registered()
        people["inspector"].get("/people/person-officer/record")
        people["inspector"].get("/ledgers/issues", person="person-officer", description="不应记下")
        people["other-clerk"].post("/issues", **issue_body())
    acted = [line for line in kept if line["event"] == "acted"]
    assert [(line["person"], line["ended"]) for line in acted] == [
        ("person-clerk", "recorded"),
        ("person-other-clerk", "no_authority"),
    ]
    viewed = [line for line in kept if line["event"] == "viewed"]
    assert viewed[0]["viewer"] == "person-inspector"
    assert viewed[0]["subject"] == "person-officer"
    assert viewed[1]["about"] == ["person-officer"]
    served = [line for line in kept if line["event"] == "served"]
    assert "/api/v1/people/{person}/record" in [line["route"] for line in served]
    assert "不应记下" not in str(kept)


def test_evidence_is_uploaded_once_and_handed_out_as_a_download(people: People) -> None:
    officer = people["officer"]
    form: dict[str, Any] = {"files": {"file": ("路面.jpg", JPEG, "text/html")}, "headers": officer.headers}
    kept = officer.web.post(f"{V1}/evidence", **form)
    assert kept.status_code == 201, kept.text
    told = kept.json()
    assert told == {
        "file": f"evidence-{sha256(JPEG).hexdigest()}",
        "size": len(JPEG),
        "media_type": "image/jpeg",
        "title": "路面.jpg",
    }
    got = officer.get(f"/evidence/{told['file']}")
    assert got.content == JPEG
    assert got.headers["content-disposition"].startswith("attachment")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "evidence_empty"),
        (b"<html><script>alert(1)</script>", 415, "evidence_type"),
        (JPEG + bytes(21 << 20), 413, "evidence_too_large"),
        (bytes(26 << 20), 413, "too_large"),
    ],
    ids=["empty", "a page", "too large for the store", "too large for the door"],
)
def test_a_file_that_is_not_taken_is_refused(people: People, content: bytes, status: int, code: str) -> None:
    headers = people["officer"].headers | {"Content-Type": "application/octet-stream"}
    answer = people["officer"].web.post(f"{V1}/evidence", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_form_without_a_file_or_with_a_telling_title_is_refused(people: People) -> None:
    officer = people["officer"]
    empty = officer.web.post(f"{V1}/evidence", data={"title": "x"}, files={"other": b"x"}, headers=officer.headers)
    assert empty.json()["where"] == [{"field": "file", "message": "缺少文件"}]
    told = officer.web.post(
        f"{V1}/evidence", files={"file": ("13877812345.jpg", JPEG, "image/jpeg")}, headers=officer.headers
    )
    assert (told.status_code, told.json()["code"]) == (422, "personal_data")
    assert "13877812345" not in told.text


def test_evidence_nobody_uploaded_is_not_found(people: People) -> None:
    assert people["officer"].get(f"/evidence/evidence-{'0' * 64}").status_code == 404
    assert people["officer"].get("/evidence/..%2f..%2fetc").status_code in (404, 422)


def test_the_program_says_that_it_lives_and_how_far_its_ledgers_are(web: TestClient, application: Application) -> None:
    assert web.get("/healthz").json() == {"status": "ok"}
    ready = web.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["position"] == application.facts.head()
    assert "issue_ledger" in ready.json()["behind"]
