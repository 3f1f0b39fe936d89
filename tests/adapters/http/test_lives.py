"""Whole lives over HTTP: from registering an issue to its last signature, and what can be read of it meanwhile."""

from datetime import timedelta
from typing import Any

from domain.rankings import packaged
from tests.adapters.http.conftest import Clock, Life, People
from tests.county import COUNTY, TOWN

PAIRS = ("village-secretary", "village-director", "township-secretary", "township-head")


def test_an_issue_is_registered_rectified_checked_signed_and_closed(life: Life, people: People) -> None:
    life.registered().assigned().rectified().applied().checked().signed(*PAIRS)
    found = people["inspector"].get(life.path).json()
    assert found["line"]["status"] == "closed"
    assert found["line"]["steps_done"] == 1
    assert found["as_of"]["position"] == found["shown"]["position"]
    types = [fact["type"] for fact in people["inspector"].get(f"/timeline/{life.issue}").json()["facts"]]
    assert types[:3] == ["issue.registered", "issue.assigned", "step.planned"]
    assert types[-2:] == ["chain.signed", "issue.closed"]


def test_a_look_back_that_finds_a_relapse_opens_a_new_round(life: Life, people: People, clock: Clock) -> None:
    life.registered().assigned().rectified().applied().checked().signed(*PAIRS)
    deadline = {"due": str(clock.today + timedelta(days=30)), "precision": "day", "long_term": False}
    found = {"holds": False, "findings": "再次塌方", "looked_on": str(clock.today), "deadline": deadline}
    told = people["supervisor"].does(f"{life.path}/look-backs", **found)
    assert [fact["type"] for fact in told["facts"]] == ["issue.looked_back", "issue.reopened"]
    assert [fact["position"] for fact in told["facts"]] == [told["position"] - 1, told["position"]]
    line = people["inspector"].get(life.path).json()["line"]
    assert (line["status"], line["round"], line["overdue_days"]) == ("rectifying", 2, 0)


def test_a_list_is_published_objected_to_corrected_and_counted_again_by_anyone(people: People, clock: Clock) -> None:
    office, rule = people["headquarters"], packaged("townships").model_dump(mode="json")
    since = clock.today + timedelta(days=1)
    adopted = office.does("/scoring-rules", region=str(COUNTY), rule=rule | {"period": "free"}, since=str(since))
    clock.later(days=20)
    period = {"since": str(since), "until": str(since + timedelta(days=9))}
    out = office.does(f"/boards/{adopted['ids']['board']}/editions", period=period)
    edition = f"/editions/{out['ids']['edition']}"
    assert people["clerk"].get(f"{edition}/recomputation").json()["holds"] is True
    objected = people["township-secretary"].does(f"{edition}/objections", subject=str(TOWN), matter="少计一项")
    answers = f"{edition}/objections/{objected['ids']['objection']}/answers"
    office.refused(answers, "took_part", upheld=True, answer="属实")
    people["supervisor"].does(answers, upheld=True, answer="属实")
    corrected: dict[str, Any] = {"revision": 1, "objection": objected["ids"]["objection"], "reason": "补计"}
    position = office.does(f"{edition}/corrections", **corrected)["position"]
    assert people["clerk"].get(f"{edition}/recomputation").json()["revision"] == 1
    assert people["clerk"].get("/editions/edition-none/recomputation").status_code == 404
    asked = {"edition": out["ids"]["edition"], "min_position": position}
    assert people["clerk"].get("/ledgers/boards", **asked).json()["lines"][0]["revision"] == 1


def test_a_measure_is_decided_appealed_and_kept_in_the_record(people: People, life: Life, clock: Clock) -> None:
    life.registered().assigned()
    named = {"subject": "person-officer", "region": str(COUNTY), "reason": "missed_deadline", "matter": "逾期未改"}
    case = people["supervisor"].does("/cases", grounds=[life.issue], **named)["ids"]["case"]
    today = str(clock.today)
    measure = people["inspector"].does(
        f"/cases/{case}/measures",
        on="person-officer",
        kind="criticism",
        reasons="逾期未改,造成群众出行困难",
        decided_on=today,
        binds_from=today,
    )["ids"]["measure"]
    appeal = people["officer"].does(f"/measures/{measure}/appeals", grounds="雨季无法施工")["ids"]["appeal"]
    decision = f"/measures/{measure}/appeals/{appeal}/decision"
    people["inspector"].refused(decision, "took_part", outcome="rejected", reasons="维持")
    position = people["county-secretary"].does(decision, outcome="rejected", reasons="措施已明确,维持")["position"]
    people["supervisor"].does(f"/cases/{case}/closure")
    record = people["clerk"].get("/people/person-officer/record", min_position=position).json()
    assert measure in [line["measure"] for line in record["measures"]]
