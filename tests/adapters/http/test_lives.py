"""Whole lives over HTTP: from registering an issue to its last signature, and what can be read of it meanwhile."""

from tests.adapters.http.conftest import Life, People

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
