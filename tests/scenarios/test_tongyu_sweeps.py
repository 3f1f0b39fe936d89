"""通榆 2019: 四查一检. What was found could not be dropped; and what was left over at the end of the year."""

from datetime import UTC, datetime
from typing import Any

from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage, seen

COUNTY, TOWN, VILLAGE = "220822", "220822100", "220822100200"
CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
    "member": (Post.TEAM_MEMBER, VILLAGE),
}


def tongyu(staging: Staging) -> Stage:
    stage = staging(COUNTY, "通榆县", datetime(2019, 5, 6, 1, tzinfo=UTC))
    stage.regions(c220822100="开通镇", c220822100200="永青村")
    stage.cast(CAST)
    stage.adopts("tongyu")
    return stage


def written_off(stage: Stage, issue: str) -> None:
    """A minor issue, rectified by the team and signed by its village's and township's pairs."""
    path = f"/issues/{issue}"
    step = stage["member"].does(f"{path}/steps", measure="更换净水设备")["ids"]["step"]
    report = {"progress": "已更换", "done": True, "occurred_on": stage.today}
    stage["member"].does(f"{path}/steps/{step}/reports", **report)
    chain = stage["member"].does(f"{path}/applications", statement="已整改")["ids"]["chain"]
    stage["supervisor"].does(
        f"{path}/applications/{chain}/checks", passed=True, findings="属实", checked_on=stage.today
    )
    for name in ("village-secretary", "village-director", "township-secretary", "township-head"):
        shown = stage[name].get(path).json()["shown"]
        stage[name].does(f"{path}/applications/{chain}/signatures", **seen(shown))


def test_a_finding_could_not_be_dropped(staging: Staging) -> None:
    stage = tongyu(staging)
    homes = [stage.household("clerk", VILLAGE, 2, number) for number in range(3)]
    sweep = stage["clerk"].does("/sweeps", region=f"region-{VILLAGE}", rule="water", opened_on=stage.today)
    path = f"/sweeps/{sweep['ids']['sweep']}"
    conclude: dict[str, Any] = {"concluded_on": stage.today}
    issue = "issue-water-1"
    deadline = {"due": stage.day(30), "precision": "day", "long_term": False}
    found = {"issue": issue, "severity": "minor", "deadline": deadline}
    visit = {"findings": "水质检测不合格", "swept_on": stage.today}
    stage["member"].does(f"{path}/households/{homes[0]}/visits", **visit, found=found)
    stage["clerk"].refused(f"{path}/conclusion", "households_not_swept", **conclude)
    for home in homes[1:]:
        stage["member"].does(f"{path}/households/{home}/visits", findings="合格", swept_on=stage.today)
    stage["clerk"].refused(f"{path}/conclusion", "findings_outstanding", **conclude)
    line = stage["clerk"].get(f"/issues/{issue}").json()["line"]
    assert (line["object"], line["source"]) == (homes[0], "以房查水")

    written_off(stage, issue)
    stage["clerk"].refused(f"{path}/conclusion", "findings_outstanding", **conclude)
    assert stage.lines("findings", settled="false")[0]["waits_for"] == "未跟踪检查"
    stage["supervisor"].does(f"/issues/{issue}/look-backs", holds=True, findings="合格", looked_on=stage.today)
    stage["clerk"].does(f"{path}/conclusion", **conclude)
    assert stage.lines("findings", settled="false") == []
    assert (stage.lines("sweeps")[0]["households"], stage.lines("sweeps")[0]["found"]) == (3, 1)


def test_at_the_year_s_end_ninety_two_households_are_left_at_seventy_five_in_a_hundred_thousand(
    staging: Staging,
) -> None:
    stage = tongyu(staging)
    for number in range(92):
        stage.household("clerk", VILLAGE, 3 if number < 4 else 2, number)
    told = stage["office"].does("/incidences", region=f"region-{COUNTY}", population=250_667)
    recorded = stage.application.facts.stored(told["position"])
    assert recorded is not None
    assert '"households":92,' in recorded.data.decode()
    assert '"people":188,' in recorded.data.decode()
    timeline = stage["office"].get(f"/timeline/{told['ids']['incidence']}").json()["facts"]
    assert timeline[0]["body"]["population"] == 250_667
