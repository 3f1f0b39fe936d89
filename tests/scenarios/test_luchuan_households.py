"""陆川 2016: the four coverages, 653, the three books, the month's task list, and thirty-one indicators."""

from datetime import UTC, datetime

from domain.policy import packaged
from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage

COUNTY, TOWN, VILLAGE = "450922", "450922101", "450922101201"
CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "member": (Post.TEAM_MEMBER, VILLAGE),
    "division": (Post.UNIT_LEADER, COUNTY),
    "section": (Post.UNIT_LEADER, COUNTY),
    "staff": (Post.UNIT_OFFICER, COUNTY),
}


def luchuan(staging: Staging) -> Stage:
    stage = staging(COUNTY, "陆川县", datetime(2016, 9, 1, 1, tzinfo=UTC))
    stage.regions(c450922101="温泉镇", c450922101201="万丈村")
    stage.cast(CAST)
    stage.adopts("luchuan")
    for name in ("division", "section", "staff"):
        stage["organiser"].does(f"/people/person-{name}/ranks", rank=name, since=str(stage.since))
    return stage


def team(stage: Stage) -> str:
    office = stage["organiser"]
    told = office.does("/units", name="攻坚分队", kind="team", region=f"region-{COUNTY}")
    return str(told["ids"]["unit"])


def test_six_five_three_and_a_cadre_for_every_household(staging: Staging) -> None:
    stage = luchuan(staging)
    homes = [stage.household("clerk", VILLAGE, 1, number) for number in range(15)]
    assert len(stage.lines("households", cadre="")) == 15
    waiting = list(homes)
    for name, cap in (("division", 6), ("section", 5), ("staff", 3)):
        for _ in range(cap):
            path = f"/households/{waiting.pop(0)}/pairings"
            stage["clerk"].does(path, person=f"person-{name}", since=stage.today)
        path = f"/households/{waiting[0]}/pairings"
        stage["clerk"].refused(path, "pairing_cap", person=f"person-{name}", since=stage.today)
    assert [line["household"] for line in stage.lines("households", cadre="")] == waiting
    assert len(stage.lines("households", cadre="person-division")) == 6


def test_a_poor_village_shows_which_coverage_it_lacks(staging: Staging) -> None:
    stage = luchuan(staging)
    unit = team(stage)
    village = f"/villages/region-{VILLAGE}"
    stage["office"].does(f"{village}/listing", since="2016-01-01")
    assert stage.lines("villages", listed="true")[0]["lacks"] == ["工作队", "县级领导", "后盾部门"]
    stage["office"].does(f"{village}/covers", kind="team", unit=unit, since=stage.today)
    stage["office"].does(f"{village}/covers", kind="leader", person="person-division", since=stage.today)
    stage["office"].does(f"{village}/covers", kind="department", unit=unit, since=stage.today)
    assert stage.lines("villages", listed="true")[0]["lacks"] == []
    stage["office"].does(f"{village}/covers/leader/end", on=stage.today, reason="调离")
    assert stage.lines("villages", lacks="县级领导")[0]["region"] == f"region-{VILLAGE}"


def test_the_three_books_and_the_task_list_of_the_month(staging: Staging) -> None:
    stage = luchuan(staging)
    unit = team(stage)
    village = f"/villages/region-{VILLAGE}"
    stage["office"].does(f"{village}/covers", kind="team", unit=unit, since=stage.today)
    home = stage.household("clerk", VILLAGE, 4)
    stage["clerk"].does(f"/households/{home}/pairings", person="person-staff", since=stage.today)
    stage["clerk"].does(
        f"/households/{home}/surveys", causes=["缺技术"], findings="两名劳力在家", surveyed_on=stage.today
    )
    plan = {"category": "产业", "measure": "发放产业扶持资金1000元,养鸡", "due": stage.day(20)}
    item = stage["staff"].does(f"/households/{home}/items", **plan)["ids"]["item"]
    deadline = {"due": stage.day(10), "precision": "day", "long_term": False}
    issue = stage["member"].does(
        "/issues",
        region=f"region-{VILLAGE}",
        object=home,
        category="住房",
        source="摸排",
        severity="minor",
        description="人均住房面积不足13平方米",
        found_on=stage.today,
        deadline=deadline,
    )["ids"]["issue"]
    september = stage["office"].does(f"/units/{unit}/task-lists", month="2016-09-01")
    stage["office"].refused(f"/units/{unit}/task-lists", "tasklist_already_published", month="2016-09-01")
    published = stage.application.facts.stored(september["position"])
    assert published is not None
    assert issue in published.data.decode()
    assert item in published.data.decode()

    step = stage["clerk"].does(f"/issues/{issue}/steps", measure="加建一间")["ids"]["step"]
    report = {"progress": "已加建", "done": True, "occurred_on": stage.today}
    stage["clerk"].does(f"/issues/{issue}/steps/{step}/reports", **report)
    stage["staff"].does(f"/households/{home}/items/{item}/reports", **report)
    books = {line["entry"]: line for line in stage.lines("books", household=home)}
    assert (books[issue]["progress"], books[issue]["done"]) == ("已加建", 1)
    assert (books[item]["status"], books[item]["reported_by"]) == ("done", "person-staff")
    shown = stage["office"].get(f"/households/{home}").json()
    assert {line["entry"] for line in shown["books"]} == {issue, item}
    assert shown["line"]["cadre"] == "person-staff"


def test_by_the_end_of_september_twenty_six_of_thirty_one_indicators_are_met(staging: Staging) -> None:
    stage = luchuan(staging)
    home = stage.household("clerk", VILLAGE, 4)
    pack = packaged("luchuan")
    unmet = {("household", "income"), ("village", "collective_income"), ("county", "industry"), ("county", "services")}
    subjects = {"household": home, "village": f"region-{VILLAGE}", "county": f"region-{COUNTY}"}
    for kind, subject in subjects.items():
        rules = [rule for one in pack.indicator_sets if one.object == kind for rule in one.indicators]
        assessments = [
            {
                "indicator": rule.code,
                "met": (kind, rule.code) not in unmet,
                "value": rule.threshold.figure if rule.threshold else None,
            }
            for rule in rules
            if not rule.computed
        ]
        asked = {"subject": subject, "assessments": assessments, "assessed_on": stage.today}
        stage["office"].does("/assessments", **asked)
    # The two figures of incidence come out of the ledger: 3.2% in the county, as the article has it.
    stage["office"].does("/incidences", region=f"region-{COUNTY}", population=125)
    stage["office"].does("/incidences", region=f"region-{VILLAGE}", population=1000)
    lines = stage.lines("indicators")
    assert len(lines) == 31
    assert sum(line["met"] for line in lines) == 26
    county = next(line for line in lines if (line["object"], line["indicator"]) == ("county", "incidence"))
    assert (county["value"], county["met"]) == (320, False)
    house = next(line for line in lines if (line["object"], line["indicator"]) == ("household", "housing"))
    assert (house["value"], house["met"]) == (13, True)
