"""Villagers' values over HTTP: in, masked, one by one, and gone; and rosters to compare."""

import re
from typing import Any

from starlette.testclient import TestClient

from adapters.bootstrap import Application
from domain.vault import Disclosure
from tests.adapters.http.conftest import V1, People
from tests.adapters.vault.conftest import NUMBERS
from tests.adapters.vault.people import id_number, somebody
from tests.county import VILLAGE

KEPT = "/vault/households"


def body(*people: dict[str, Any]) -> dict[str, Any]:
    return {
        "region": str(VILLAGE),
        "category": "registered",
        "identified_on": "2019-03-01",
        "members": list(people) or [{"name": "某甲"}],
    }


def sent(number: int) -> dict[str, Any]:
    return somebody(number).model_dump()


def test_a_household_is_registered_seen_masked_and_opened_field_by_field(
    people: People, application: Application
) -> None:
    number = next(NUMBERS)
    told = people["clerk"].does(KEPT, **body(sent(number), {"name": "某乙"}))
    assert [fact["type"] for fact in told["facts"]] == ["household.registered"]
    home = f"{KEPT}/{told['ids']['household']}"
    shown = people["clerk"].get(home).json()
    with_number, without = sorted(shown["members"], key=lambda one: one["id_number"] is None)
    assert with_number["id_number"] == f"{id_number(number)[:4]}********{id_number(number)[-4:]}"
    assert without["phone"] is None
    asked = {"item": "id_number", "purpose": "核对参保身份"}
    opened = people["clerk"].post(f"{home}/members/{with_number['member']}/disclosures", **asked)
    assert opened.status_code == 200, opened.text
    answer = opened.json()
    fact = application.facts.stored(answer.pop("position"))
    commitment = answer.pop("commitment")
    assert Disclosure.model_validate(answer).commitment == commitment
    assert fact is not None
    assert commitment.encode() in fact.data
    assert answer["value"] == id_number(number)
    assert opened.headers["cache-control"] == "no-store"
    looks = people["inspector"].get(f"{home}/looks").json()["looks"]
    assert [look["what"] for look in looks] == ["disclosed", "masked"]


def test_what_was_sent_is_never_sent_back(people: People) -> None:
    number = id_number(next(NUMBERS))
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    answer = people["clerk"].post(KEPT, **body({"name": "某甲", "id_number": wrong, "phone": "1" * 11}))
    assert answer.status_code == 422
    assert {"members.0.id_number", "members.0.phone"} <= {place["field"] for place in answer.json()["where"]}
    assert not re.search(rf"{wrong}|{'1' * 11}", answer.text)


def test_a_look_needs_a_purpose_and_the_right_to_it(people: People) -> None:
    home = people["clerk"].does(KEPT, **body(sent(next(NUMBERS))))["ids"]["household"]
    member = people["clerk"].get(f"{KEPT}/{home}").json()["members"][0]["member"]
    path = f"{KEPT}/{home}/members/{member}/disclosures"
    people["clerk"].refused(path, "invalid_request", item="name", purpose=" ")
    people["clerk"].refused(path, "invalid_request", item="name")
    people["clerk"].refused(path, "personal_data", item="name", purpose=f"核对{id_number(1)}")
    people["member"].refused(path, "no_authority", item="bank_account", purpose="看看")
    people["other-clerk"].refused(path, "no_authority", item="name", purpose="看看")
    assert people["other-clerk"].get(f"{KEPT}/{home}").json()["code"] == "no_authority"
    assert people["clerk"].get(f"{KEPT}/{home}/looks").json()["code"] == "no_authority"


def test_a_retry_registers_one_household(people: People) -> None:
    asked, key = body(sent(next(NUMBERS))), f"intake-{next(NUMBERS)}"
    first = people["clerk"].post(KEPT, key=key, **asked)
    again = people["clerk"].post(KEPT, key=key, **asked)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"replayed": True}


def test_members_join_are_restricted_and_erased(people: People) -> None:
    home = people["clerk"].does(KEPT, **body())["ids"]["household"]
    joined = {"particulars": {"name": "某小丙"}, "since": "2019-09-01", "reason": "出生"}
    people["clerk"].does(f"{KEPT}/{home}/members", **joined)
    assert len(people["clerk"].get(f"{KEPT}/{home}").json()["members"]) == 2
    people["headquarters"].refused(f"{KEPT}/{home}/erasure", "not_restricted")
    people["clerk"].does(f"{KEPT}/{home}/restriction", erase_from="2019-09-02", reason="整户迁出")
    assert people["clerk"].get(f"{KEPT}/{home}").json()["code"] == "personal_data_restricted"
    people["clerk"].refused(f"{KEPT}/{home}/erasure", "no_authority")
    people["headquarters"].does(f"{KEPT}/{home}/erasure")
    assert people["clerk"].get(f"{KEPT}/{home}").json()["code"] == "personal_data_erased"
    people["clerk"].refused(f"{KEPT}/{home}/members", "personal_data_erased", **joined)


def test_a_roster_is_sent_and_compared(people: People, web: TestClient) -> None:
    number = next(NUMBERS)
    home = people["clerk"].does(KEPT, **body(sent(number)))["ids"]["household"]
    roster = f"姓名,身份证号\n某甲,{id_number(number)}\n".encode()

    def send(name: str, **fields: str) -> Any:
        return web.post(
            f"{V1}/comparisons",
            files={"file": ("名册.csv", roster, "text/csv")},
            data={"kind": "houses", "region": "451226"} | fields,
            headers=people[name].headers,
        )

    assert send("clerk").json()["code"] == "no_authority"
    answer = send("supervisor", roster_on="2019-08-31", days="30")
    assert answer.status_code == 201, answer.text
    types = [fact["type"] for fact in answer.json()["facts"]]
    assert types == ["roster.compared", "issue.registered", "roster.contradicted"]
    assert send("supervisor", roster_on="2019-08-31").status_code == 200
    assert send("supervisor", region="45122").json()["where"][0]["field"] == "region"
    assert send("supervisor", kind="rumours").json()["where"][0]["field"] == "kind"
    timeline = people["inspector"].get(f"/timeline/{home}").json()
    assert id_number(number) not in str(timeline)


def test_there_is_no_way_around_the_vault(people: People) -> None:
    ready_made = {"member": "member-ready", "commitment": "0" * 64}
    for path in ("/households", "/households/household-any/members"):
        assert people["clerk"].post(path, members=[ready_made], member=ready_made).status_code in (404, 405)
