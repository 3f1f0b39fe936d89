"""What is asked of a command route, and what it answers: kept, replayed, refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from adapters.asking.routes import ELSEWHERE, ROUTES
from adapters.bootstrap import Application
from adapters.http.routing import PREFIX
from adapters.http.schemas import example_of
from domain.command import Command
from domain.rankings import packaged
from tests.adapters.http.conftest import JPEG, V1, Life, People, fresh, issue_body
from tests.county import BUREAU, TOWN, VILLAGE, person


def test_every_command_has_a_route_or_a_reason_for_having_none() -> None:
    assert {route.command.__name__ for route in ROUTES} | ELSEWHERE.keys() == Command.commands.keys()
    assert len({route.path for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_route_names_only_fields_of_its_command(route: Any) -> None:
    assert {*route.in_path, *route.makes} <= route.shape.model_fields.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_example_of_every_route_is_a_command_of_the_right_form(route: Any) -> None:
    route.shape.model_validate_json(json.dumps(example_of(route.shape)))


def test_what_is_created_is_said_with_its_position_and_address(people: People) -> None:
    answer = people["clerk"].post("/issues", **issue_body())
    told = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PREFIX}/issues/{told['ids']['issue']}"
    assert told["facts"] == [{"type": "issue.registered", "position": told["position"]}]
    assert not told["replayed"]


def test_an_id_that_the_caller_gives_is_kept(people: People) -> None:
    issue = fresh("issue")
    assert people["clerk"].does("/issues", issue=issue, **issue_body())["ids"] == {"issue": issue}
    assert people["clerk"].refused("/issues", "issue_already_registered", issue=issue, **issue_body())


def test_the_same_request_under_the_same_key_is_recorded_once(people: People, application: Application) -> None:
    key = fresh("retry")
    first = people["clerk"].post("/issues", key=key, **issue_body())
    head = application.facts.head()
    again = people["clerk"].post("/issues", key=key, **issue_body())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"replayed": True}
    assert application.facts.head() == head


def test_another_request_under_the_same_key_is_refused(people: People) -> None:
    key = fresh("retry")
    people["clerk"].post("/issues", key=key, **issue_body())
    answer = people["clerk"].post("/issues", key=key, **issue_body(category="饮水"))
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_one_persons_key_is_nobody_elses(people: People) -> None:
    key = fresh("retry")
    mine = people["clerk"].post("/issues", key=key, **issue_body()).json()
    theirs = people["township-head"].post("/issues", key=key, **issue_body()).json()
    assert not theirs["replayed"]
    assert theirs["ids"] != mine["ids"]


@pytest.mark.parametrize("key", ["", "有中文", "a b", "k" * 256])
def test_a_malformed_key_is_refused(people: People, key: str, web: TestClient) -> None:
    named = people["clerk"].headers | {"Idempotency-Key": key}
    headers = [(name.encode(), value.encode()) for name, value in named.items()]
    answer = web.post(f"{V1}/issues", json=issue_body(), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["where"][0]["field"] == "Idempotency-Key"


def test_a_refusal_carries_its_code_and_a_sentence_and_records_nothing(
    people: People, application: Application
) -> None:
    head = application.facts.head()
    told = people["other-clerk"].refused("/issues", "no_authority", **issue_body())
    assert told["status"] == 422
    assert "职务" in told["title"]
    assert told["type"] == "/api/v1/codes#no_authority"
    assert application.facts.head() == head


def test_unknown_regions_and_people_and_future_dates_are_refused(people: People, life: Life) -> None:
    clerk = people["clerk"]
    clerk.refused("/issues", "unknown_region", **issue_body(region=f"{VILLAGE[:-1]}9"))
    clerk.refused("/issues", "future_date", **issue_body(found_on="2099-01-01"))
    early = {"due": "2019-08-01", "precision": "day", "long_term": False}
    clerk.refused("/issues", "dates_out_of_order", **issue_body(deadline=early))
    life.registered()
    nobody = {"unit": str(BUREAU), "leader": "person-nobody", "person": str(person("officer"))}
    clerk.refused(f"{life.path}/assignments", "unknown_person", **nobody)


def test_a_signature_on_what_has_changed_since_is_refused(life: Life, people: People) -> None:
    life.registered().assigned().rectified().applied()
    shown = life.shown()
    life.checked()
    signer = people["village-secretary"]
    signer.refused(f"{life.application}/signatures", "changed_since_shown", opinion="同意", **shown)
    life.signed("village-secretary")
    signer.refused(f"{life.application}/signatures", "signed_already", opinion="同意", **life.shown())


def test_sent_back_and_refused_applications_can_be_made_again(life: Life, people: People) -> None:
    life.registered().assigned().rectified().applied().checked()
    people["supervisor"].does(f"{life.application}/send-backs", to="check", reason="照片不清,请重新核查")
    life.checked()
    people["village-secretary"].does(f"{life.application}/refusals", reason="路面仍有积水")
    people["village-secretary"].refused(f"{life.application}/refusals", "chain_over", reason="路面仍有积水")
    life.applied()
    people["officer"].does(f"{life.application}/withdrawals", reason="补充材料")


def test_more_time_is_asked_and_granted_by_different_people(life: Life, people: People) -> None:
    due, later = (str(life.clock.today + timedelta(days=days)) for days in (20, 60))
    life.registered(deadline={"due": due, "precision": "day", "long_term": False}).assigned()
    people["officer"].refused(f"{life.path}/extensions", "not_an_extension", due=due, reason="雨季不能施工")
    asked = people["officer"].does(f"{life.path}/extensions", due=later, reason="雨季不能施工")
    extension = f"{life.path}/extensions/{asked['ids']['extension']}"
    people["officer"].refused(f"{extension}/grant", "no_authority", opinion="同意")
    people["township-head"].does(f"{extension}/grant", opinion="同意")
    people["township-head"].refused(f"{extension}/denial", "unknown_extension", reason="重复")


def test_an_escalation_is_answered_by_the_level_above(life: Life, people: People) -> None:
    life.registered()
    asked = people["village-secretary"].does(f"{life.path}/escalations", to="township", matter="本村无力修复")
    answers = f"{life.path}/escalations/{asked['ids']['escalation']}/answers"
    people["village-director"].refused(answers, "no_authority", answer="自行修复")
    people["township-head"].does(answers, answer="由镇里派机械")


def test_posts_units_and_people_come_and_go(people: People) -> None:
    organiser = people["organiser"]
    newcomer = organiser.does("/people", name="韦新", region=str(TOWN))["ids"]["person"]
    unit = organiser.does("/units", name="水利局", kind="department", region="region-451226")["ids"]["unit"]
    since = {"since": "2019-09-01"}
    made = organiser.does("/appointments", person=newcomer, post="team_member", region=str(VILLAGE), **since)
    appointment = made["ids"]["appointment"]
    organiser.does(f"/appointments/{appointment}/relief", on="2099-01-01", reason="轮换")
    organiser.does(f"/units/{unit}/dissolution", on="2099-01-01")


def test_an_edition_is_counted_by_the_server_and_not_by_who_asks(people: People, application: Application) -> None:
    rule = packaged("townships").model_dump(mode="json")
    since = str(application.now().date())
    board = people["headquarters"].does("/scoring-rules", region="region-451226", rule=rule, since=since)
    path = f"/boards/{board['ids']['board']}/editions"
    period = {"since": "2019-01-01", "until": "2019-01-31"}
    forged = people["headquarters"].post(path, period=period, counts={}, cut_off=1)
    assert forged.status_code == 422
    assert {place["field"] for place in forged.json()["where"]} == {"counts", "cut_off"}
    people["headquarters"].refused(path, "no_rule", period=period)


def test_evidence_must_have_been_uploaded_and_be_what_it_is_said_to_be(life: Life, people: People) -> None:
    life.registered().assigned()
    officer = people["officer"]
    step = officer.does(f"{life.path}/steps", measure="修复路面")["ids"]["step"]
    done = {"progress": "已修复", "done": True, "occurred_on": str(life.clock.today)}
    reports = f"{life.path}/steps/{step}/reports"
    photo = {"file": f"evidence-{'0' * 64}", "size": 5, "media_type": "image/jpeg", "title": "路面"}
    officer.refused(reports, "unknown_evidence", evidence=[photo], **done)
    kept = officer.web.post(f"{V1}/evidence?title=路面", content=JPEG, headers=officer.headers).json()
    officer.refused(reports, "evidence_differs", evidence=[kept | {"size": 1}], **done)
    officer.does(reports, evidence=[kept], **done)
