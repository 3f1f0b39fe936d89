"""环江 2019: 大村长 and 党委第一书记 in charge of everything; what the village cannot solve goes up the same evening
and is answered within 24 hours; 问题清单 → 整改台账 → 销号, person by person, until a village is at 十一有一低于."""

from datetime import UTC, datetime

from domain.fact import CHINA
from domain.policy import packaged
from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage, seen

COUNTY, TOWN = "451226", "451226105"
VILLAGES_IN_COUNTY, CHIEFS, FIRST_SECRETARIES = 143, 123, 12
TOWNS = tuple(f"{COUNTY}{100 + number}" for number in range(1, FIRST_SECRETARIES + 1))
VILLAGES = tuple(f"{TOWNS[n % FIRST_SECRETARIES]}{200 + n // FIRST_SECRETARIES}" for n in range(VILLAGES_IN_COUNTY))
VILLAGE = f"{TOWN}200"
CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "county-magistrate": (Post.COUNTY_MAGISTRATE, COUNTY),
    "leader": (Post.LEADER, COUNTY),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "chief": (Post.VILLAGE_CHIEF, VILLAGE),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
}
SIGNERS = ("village-secretary", "village-director", "township-secretary", "township-head")


def huanjiang(staging: Staging, *codes: str) -> Stage:
    stage = staging(COUNTY, "环江毛南族自治县", datetime(2019, 7, 26, 1, tzinfo=UTC))
    places = dict.fromkeys((*(code[:9] for code in codes), *codes, TOWN, VILLAGE))
    stage.regions(**{f"c{code}": f"{'镇' if len(code) == 9 else '村'}{n}" for n, code in enumerate(places)})
    stage.cast(CAST)
    stage.adopts("huanjiang")
    return stage


def at(stage: Stage, day: int, hour: int, minute: int = 0) -> None:
    stage.clock.at = datetime(2019, 8, day, hour, minute, tzinfo=CHINA)


def appointed(stage: Stage, name: str, post: Post, codes: list[str]) -> None:
    office = stage["organiser"]
    office.does("/people", person=f"person-{name}", name=name, region=f"region-{COUNTY}")
    for code in codes:
        told = {"person": f"person-{name}", "post": post.value, "region": f"region-{code}"}
        office.does("/appointments", **told, since=stage.today)


def test_143_villages_have_their_chiefs_and_12_towns_their_first_secretaries(staging: Staging) -> None:
    stage = huanjiang(staging, *VILLAGES)
    for number in range(CHIEFS):
        # 123 heads of county units answer for 143 villages: twenty of them for two.
        mine = [code for n, code in enumerate(VILLAGES) if n % CHIEFS == number]
        appointed(stage, f"chief-{number}", Post.VILLAGE_CHIEF, mine)
    for number, town in enumerate(TOWNS):
        appointed(stage, f"first-{number}", Post.TOWNSHIP_FIRST_SECRETARY, [town])
    chiefs = [line for line in stage.lines("posts", post="village_chief") if line["person"] != "person-chief"]
    assert len({line["person"] for line in chiefs}) == CHIEFS
    assert {line["region"] for line in chiefs} == {f"region-{code}" for code in VILLAGES}
    assert len({line["region"] for line in stage.lines("posts", post="township_first_secretary")}) == FIRST_SECRETARIES

    # 负总责: named as the first responsible person, and so in the record of whoever it is.
    told = {"person": "person-chief-0", "before": None, "reason": "负总责"}
    stage["leader"].does(f"/regions/region-{VILLAGES[0]}/responsible", **told)
    record = stage.record("leader", "chief-0")
    assert [line["region"] for line in record["charges"]] == [f"region-{VILLAGES[0]}"]
    stage["organiser"].refused(
        "/appointments",
        "post_not_of_this_level",
        person="person-chief-0",
        post="village_chief",
        region=f"region-{TOWN}",
        since=stage.today,
    )


def escalated(stage: Stage, issue: str, by: str, to: str) -> str:
    told = stage[by].does(f"/issues/{issue}/escalations", to=to, matter="本级无力解决,请协调资金和部门")
    return str(told["ids"]["escalation"])


def answered(stage: Stage, issue: str, escalation: str, by: str) -> None:
    stage[by].does(f"/issues/{issue}/escalations/{escalation}/answers", answer="已协调交通局,一周内修复")


def test_headquarters_answers_within_24_hours_and_a_minute_more_is_late(staging: Staging) -> None:
    stage = huanjiang(staging)
    road, water = (stage.issue("clerk", VILLAGE, category=one, days=30) for one in ("道路", "饮水"))
    at(stage, 1, 20, 50)
    told = {"region": f"region-{VILLAGE}", "on": stage.today, "presence": "village", "work": "逐户排查,列出问题清单"}
    stage["chief"].does("/days", **told)
    (evening,) = stage.lines("days", person="person-chief")
    assert evening["marks"] == []
    for issue in (road, water):
        answered(stage, issue, escalated(stage, issue, "chief", "township"), "township-secretary")

    at(stage, 1, 21)
    first, second = (escalated(stage, issue, "clerk", "county") for issue in (road, water))
    stage["clerk"].refused(f"/issues/{road}/escalations", "escalation_pending", to="county", matter="再报")
    stage["township-head"].refused(f"/issues/{road}/escalations/{first}/answers", "no_authority", answer="答复")
    at(stage, 2, 21)
    answered(stage, road, first, "office")
    at(stage, 2, 21, 1)
    assert [line["escalation"] for line in stage.lines("escalations", overdue="true")] == [second]
    answered(stage, water, second, "office")

    at_county = {line["escalation"]: line for line in stage.lines("escalations", to="county")}
    assert at_county[first]["answer_due"] == "2019-08-02T13:00:00Z"
    assert (at_county[first]["late"], at_county[second]["late"]) == (False, True)
    record = stage.record("office", "office")
    assert {line["escalation"]: line["late"] for line in record["answers"]} == {first: False, second: True}


def test_from_the_list_through_the_ledger_to_the_write_off(staging: Staging) -> None:
    stage = huanjiang(staging)
    # 覃善计's village: a road of 1,008 m at 1,500,000 yuan, a market at 1,200,000, water at 200,000.
    listed = {category: stage.issue("clerk", VILLAGE, category=category, days=60) for category in FUNDED}
    unit = stage["organiser"].does("/units", name="县水产畜牧兽医局", kind="department", region=f"region-{COUNTY}")
    named = {"unit": unit["ids"]["unit"], "leader": "person-leader", "person": "person-chief"}
    for category, issue in listed.items():
        stage["clerk"].does(f"/issues/{issue}/assignments", **named)
        plan = {"measure": MEASURES[category], "due": stage.day(40), "planned_funds": FUNDED[category]}
        step = stage["chief"].does(f"/issues/{issue}/steps", **plan)["ids"]["step"]
        done = {"progress": "已完工", "done": True, "occurred_on": stage.today, "spent_funds": FUNDED[category]}
        stage["chief"].does(f"/issues/{issue}/steps/{step}/reports", **done)
    ledger = stage.lines("rectification", person="person-chief")
    assert sum(line["spent_funds"] for line in ledger) == 290_000_000
    assert {line["due"] for line in ledger} == {stage.day(40)}

    road, *others = listed.values()
    applied = stage["chief"].does(f"/issues/{road}/applications", statement="道路已硬化")["ids"]["chain"]
    checks = f"/issues/{road}/applications/{applied}/checks"
    stage["chief"].refused(checks, "own_rectification", passed=True, findings="自己查自己", checked_on=stage.today)
    stage["supervisor"].does(checks, passed=True, findings="已通车", checked_on=stage.today)
    for name in SIGNERS:
        signature = seen(stage[name].get(f"/issues/{road}").json()["shown"])
        stage[name].does(f"/issues/{road}/applications/{applied}/signatures", **signature)
    status = {line["issue"]: line["status"] for line in stage.lines("issues")}
    assert status[road] == "closed"
    assert all(status[other] != "closed" for other in others)
    record = stage.record("supervisor", "chief")
    assert len(record["responsibilities"]) == len(listed)


FUNDED = {"道路": 150_000_000, "集贸市场": 120_000_000, "饮水": 20_000_000}
"""What was pooled for each, in 分."""
MEASURES = {"道路": "硬化1008米长、6.5米宽的村道", "集贸市场": "改造扩建村农贸市场", "饮水": "新建水池"}


def test_a_household_is_measured_by_two_and_three_and_eight_and_one_a_village_by_eleven_and_one(
    staging: Staging,
) -> None:
    stage = huanjiang(staging)
    home = stage.household("clerk", VILLAGE, 4)
    sets = {one.code: one for one in packaged("huanjiang").indicator_sets}
    for subject, codes in ((home, ("two_three", "eight_plus_one")), (f"region-{VILLAGE}", ("eleven_one_below",))):
        rules = {rule.code: rule for code in codes for rule in sets[code].indicators if not rule.computed}
        found = [{"indicator": code, "met": True} for code in rules]
        stage["office"].does("/assessments", subject=subject, assessments=found, assessed_on=stage.today)
    # Four of 271: the 1.48% at which the county stood at the end of 2019.
    stage["office"].does("/incidences", region=f"region-{VILLAGE}", population=271)
    lines = stage.lines("indicators", object="village")
    assert len(lines) == 12
    assert all(line["met"] for line in lines)
    incidence = next(line for line in lines if line["indicator"] == "incidence")
    assert incidence["value"] == 148
