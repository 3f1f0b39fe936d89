"""通榆 2019: 变 备 晒 调 联. Who answers for a village changes by a county leader's word; nobody of 科级 leaves without
the county's two heads; the day's log is in by nine; the Sunday meeting decides on the spot; 90 poor villages are left
with nobody unanswered for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.fact import CHINA
from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage

COUNTY, TOWN = "220822", "220822100"
POOR_VILLAGES = 90
VILLAGES = tuple(f"{TOWN}{number}" for number in range(200, 200 + POOR_VILLAGES))
VILLAGE = VILLAGES[0]
CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-magistrate": (Post.COUNTY_MAGISTRATE, COUNTY),
    "leader": (Post.LEADER, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "bureau-head": (Post.UNIT_LEADER, COUNTY),
    "deputy-head": (Post.UNIT_LEADER, COUNTY),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
    "member": (Post.TEAM_MEMBER, VILLAGE),
}


def tongyu(staging: Staging) -> Stage:
    stage = staging(COUNTY, "通榆县", datetime(2019, 5, 6, 1, tzinfo=UTC))
    stage.regions(c220822100="开通镇", **{f"c{code}": f"第{n}村" for n, code in enumerate(VILLAGES, 1)})
    stage.cast(CAST)
    stage.adopts("tongyu")
    for name in ("bureau-head", "deputy-head"):
        stage["organiser"].does(f"/people/person-{name}/ranks", rank="section", since=str(stage.since))
    return stage


def names(stage: Stage, village: str, who: str, before: str | None = None) -> None:
    told = {"person": f"person-{who}", "before": f"person-{before}" if before else None, "reason": "谁能干好就用谁"}
    stage["leader"].does(f"/regions/region-{village}/responsible", **told)


def leave(stage: Stage, who: str, region: str, days: int) -> str:
    span = {"since": stage.day(1), "until": stage.day(days)}
    asked = {"region": f"region-{region}", "kind": "personal", **span, "reason": "外出办理家事"}
    return str(stage[who].does("/leaves", **asked)["ids"]["leave"])


def test_who_answers_for_a_village_changes_without_a_moment_between(staging: Staging) -> None:
    stage = tongyu(staging)
    for village in VILLAGES:
        stage["office"].does(f"/villages/region-{village}/listing", since=str(stage.since))
        names(stage, village, "village-secretary")
    stage["township-secretary"].refused(
        f"/regions/region-{VILLAGE}/responsible",
        "no_authority",
        person="person-bureau-head",
        before="person-village-secretary",
        reason="换人",
    )
    stage.clock.later(days=3)
    for village in VILLAGES:
        names(stage, village, "bureau-head", "village-secretary")
    assert len({line["region"] for line in stage.lines("villages", listed="true")}) == POOR_VILLAGES
    first, now = stage.lines("charges", region=f"region-{VILLAGE}", order="number")
    assert first["until"] == now["since"]
    assert (first["person"], now["person"], now["until"]) == ("person-village-secretary", "person-bureau-head", None)
    answering = stage.lines("charges", until="")
    assert sorted(line["region"] for line in answering) == [f"region-{village}" for village in VILLAGES]
    assert {line["person"] for line in answering} == {"person-bureau-head"}


def test_nobody_of_section_rank_leaves_without_the_secretary_and_the_magistrate(staging: Staging) -> None:
    stage = tongyu(staging)
    asked = leave(stage, "bureau-head", COUNTY, 1)
    for name in ("township-secretary", "organiser", "leader"):
        stage[name].refused(f"/leaves/{asked}/approvals", "no_authority", opinion="同意")
    stage["bureau-head"].refused(f"/leaves/{asked}/approvals", "own_request", opinion="同意")
    stage["county-secretary"].does(f"/leaves/{asked}/approvals", opinion="同意")
    (line,) = stage.lines("leaves", leave=asked)
    assert (line["state"], line["waiting"]) == ("pending", ["county_magistrate"])
    stage["county-magistrate"].does(f"/leaves/{asked}/approvals", opinion="同意")
    (line,) = stage.lines("leaves", leave=asked)
    assert (line["state"], line["late"], len(line["endorsed"])) == ("approved", False, 2)

    # An ordinary member's two days are the township's to grant, and what they then say of them stands beside it.
    asked = leave(stage, "member", VILLAGE, 2)
    stage["township-secretary"].does(f"/leaves/{asked}/approvals", opinion="同意")
    stage.clock.later(days=1)
    logged(stage, "member")
    (day,) = stage.lines("days", person="person-member", day=stage.today)
    assert (day["leave"], day["present"], day["marks"]) == (asked, False, ["present_on_leave"])


def logged(stage: Stage, who: str) -> None:
    told = {"region": f"region-{VILLAGE}", "on": stage.today, "presence": "village", "work": "清理残垣,入户宣传"}
    stage[who].does("/days", **told)


def test_a_log_is_on_time_until_nine_in_the_evening(staging: Staging) -> None:
    stage = tongyu(staging)
    marks: list[list[str]] = []
    for hour, minute in ((20, 59), (21, 1)):
        stage.clock.at = datetime(2019, 5, 7 + len(marks), hour, minute, tzinfo=CHINA)
        logged(stage, "member")
        (day,) = stage.lines("days", person="person-member", day=stage.today)
        marks.append(day["marks"])
    assert marks == [[], ["late"]]


def test_the_sunday_meeting_decides_and_what_it_decided_is_followed_to_its_end(staging: Staging) -> None:
    stage = tongyu(staging)
    issue = registered(stage)
    while stage.clock.today.isoweekday() != 7:
        stage.clock.later(days=1)
    meeting = {"region": f"region-{COUNTY}", "meeting": "weekly", "held_on": stage.today, "issues": [issue]}
    decided = {"matter": "住建局三日内落实修缮资金", "responsible": "person-bureau-head", "due": stage.day(3)}
    decision = stage["county-secretary"].does("/decisions", **meeting, **decided)["ids"]["decision"]
    timeline = stage["clerk"].get(f"/timeline/{issue}").json()["facts"]
    assert timeline[-1]["type"] == "decision.made"

    stage.clock.later(days=4)
    assert [line["decision"] for line in stage.lines("decisions", overdue="true")] == [decision]
    path = f"/decisions/{decision}"
    report: dict[str, Any] = {"progress": "资金已到位", "done": True, "occurred_on": stage.today}
    stage["supervisor"].refused(f"{path}/settlement", "not_done", done=True, findings="已查")
    stage["bureau-head"].does(f"{path}/reports", **report)
    stage["supervisor"].does(f"{path}/settlement", done=False, findings="只到位一半")
    stage["bureau-head"].does(f"{path}/reports", **report)
    stage["supervisor"].does(f"{path}/settlement", done=True, findings="已全部到位")
    assert stage.lines("decisions", overdue="true") == []
    # The meeting settles its own matter; the issue goes on until its write-off is signed.
    (line,) = stage.lines("issues", issue=issue)
    assert line["status"] == "not_started"


def registered(stage: Stage) -> str:
    deadline = {"due": str(stage.clock.today + timedelta(days=60)), "precision": "day", "long_term": False}
    told = {"region": f"region-{VILLAGE}", "category": "住房", "source": "以户查房", "severity": "minor"}
    found = {"description": "一户土房未鉴定", "found_on": stage.today, "deadline": deadline}
    return str(stage["clerk"].does("/issues", **told, **found)["ids"]["issue"])


def test_the_two_heads_of_each_level_pledge_for_themselves(staging: Staging) -> None:
    stage = tongyu(staging)
    text = {"title": "脱贫摘帽承诺书", "promise": "不落一户一人", "text_digest": "5" * 64, "due": stage.day(300)}
    county = {"region": f"region-{COUNTY}", **text}
    stage["county-secretary"].does("/pledges", **county)
    stage["county-magistrate"].does("/pledges", **county)
    stage["office"].refused("/pledges", "no_authority", **county)
    stage["township-secretary"].does("/pledges", region=f"region-{TOWN}", **text)
    stage["village-secretary"].does("/pledges", region=f"region-{VILLAGE}", **text)
    stage["county-secretary"].does("/pledges", **county)
    lines = stage.lines("pledges")
    assert len(lines) == 5
    assert [line["person"] for line in lines if line["superseded_by"]] == ["person-county-secretary"]


# 四查一检: what was found could not be dropped

PAIRS = ("village-secretary", "village-director", "township-secretary", "township-head")


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

    stage.write_off(issue, "member", "supervisor", PAIRS)
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
