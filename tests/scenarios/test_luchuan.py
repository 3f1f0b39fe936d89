"""陆川 2016: the four coverages, 653, the three books, the month's task list, thirty-one indicators; and September:
three editions of the red and black list, and what became of those who were twice on the black one."""

from datetime import UTC, date, datetime
from typing import Any

from domain.policy import packaged
from domain.posts import Post
from domain.rankings import packaged as scoring_rule
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
    shown = stage["office"].get(f"/households/{home}", min_position=stage.head).json()
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


# The lists, and September

TOWNS = tuple(f"{COUNTY}{number}" for number in range(101, 115))
LAGGING, SLOW_AT_FIRST = TOWNS[4], TOWNS[8]
SLOW_VILLAGE, LAGGING_VILLAGE = f"{SLOW_AT_FIRST}201", f"{LAGGING}201"
LIST_CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "inspector": (Post.INSPECTOR, COUNTY),
    "county-secretary": (Post.COUNTY_SECRETARY, COUNTY),
    "slow-clerk": (Post.TOWNSHIP_CLERK, SLOW_AT_FIRST),
    "slow-secretary": (Post.TOWNSHIP_SECRETARY, SLOW_AT_FIRST),
    "slow-head": (Post.TOWNSHIP_HEAD, SLOW_AT_FIRST),
    "slow-village-secretary": (Post.VILLAGE_SECRETARY, SLOW_VILLAGE),
    "slow-village-director": (Post.VILLAGE_DIRECTOR, SLOW_VILLAGE),
    "lagging-clerk": (Post.TOWNSHIP_CLERK, LAGGING),
    "lagging-secretary": (Post.TOWNSHIP_SECRETARY, LAGGING),
    "lagging-head": (Post.TOWNSHIP_HEAD, LAGGING),
    "lagging-first-secretary": (Post.TOWNSHIP_FIRST_SECRETARY, LAGGING),
}
UNITS = 8


def on_day(stage: Stage, month: int, day: int) -> None:
    stage.clock.at = datetime(2016, month, day, 2, tzinfo=UTC)


def board(stage: Stage) -> str:
    """The towns' list: as shipped, save that places among equals go by code."""
    rule = scoring_rule("townships").model_dump(mode="json") | {"at_the_line": "code"}
    adopted = stage["office"].does("/scoring-rules", region=f"region-{COUNTY}", rule=rule, since=stage.today)
    return str(adopted["ids"]["board"])


def edition(stage: Stage, board: str, since: date, until: date) -> str:
    period = {"since": str(since), "until": str(until)}
    return str(stage["office"].does(f"/boards/{board}/editions", period=period)["ids"]["edition"])


def unit_with_leader(stage: Stage, number: int) -> str:
    office = stage["organiser"]
    made = office.does("/units", name=f"第{number}帮扶单位", kind="department", region=f"region-{COUNTY}")
    unit = str(made["ids"]["unit"])
    name = f"head-{number}"
    office.does("/people", person=f"person-{name}", name=name, region=f"region-{COUNTY}")
    office.does(
        "/appointments",
        person=f"person-{name}",
        post=Post.UNIT_LEADER.value,
        region=f"region-{COUNTY}",
        unit=unit,
        since=str(stage.since),
    )
    return unit


def lagging_issue(stage: Stage, unit: str, number: int) -> str:
    issue = stage.issue("lagging-clerk", LAGGING_VILLAGE, category="产业", days=15)
    head = f"person-head-{number}"
    stage["lagging-clerk"].does(f"/issues/{issue}/assignments", unit=unit, leader=head, person=head)
    return issue


def televised(stage: Stage, edition: str, praised: list[str], criticised: list[str]) -> None:
    told = {"region": f"region-{COUNTY}", "outlet": "陆川电视台", "edition": edition, "matter": "通报本期红榜黑榜"}
    stage["supervisor"].does("/notices", **told, praised=praised, criticised=criticised, broadcast_on=stage.today)


def measure(stage: Stage, case: str, by: str, kind: str, on: str) -> None:
    told: dict[str, Any] = {"on": on, "kind": kind, "reasons": "思路不清晰、态度不积极、工作进展较慢"}
    stage[by].does(f"/cases/{case}/measures", **told, decided_on=stage.today, binds_from=stage.today)


def listed(stage: Stage, edition: str, colour: str) -> list[str]:
    return [line["subject"] for line in stage.lines("boards", edition=edition, listed=colour)]


def test_september_three_editions_one_town_and_what_it_came_to(staging: Staging) -> None:
    stage = staging(COUNTY, "陆川县", datetime(2016, 6, 1, 2, tzinfo=UTC))
    villages = {f"c{SLOW_VILLAGE}": "甲村", f"c{LAGGING_VILLAGE}": "乙村"}
    stage.regions(**{f"c{code}": f"第{n}镇" for n, code in enumerate(TOWNS, 1)}, **villages)
    stage.cast(LIST_CAST)
    stage.adopts("luchuan")
    towns = board(stage)
    units = {number: unit_with_leader(stage, number) for number in range(1, UNITS + 1)}

    on_day(stage, 6, 5)
    late = stage.issue("slow-clerk", SLOW_VILLAGE, category="饮水", days=10)
    on_day(stage, 7, 1)
    june = edition(stage, towns, date(2016, 6, 1), date(2016, 6, 30))
    stage["slow-clerk"].does(
        f"/issues/{late}/assignments", unit=units[1], leader="person-head-1", person="person-slow-clerk"
    )
    signers = ("slow-village-secretary", "slow-village-director", "slow-secretary", "slow-head")
    stage.write_off(late, "slow-clerk", "supervisor", signers)
    on_day(stage, 7, 5)
    issues = {number: lagging_issue(stage, unit, number) for number, unit in units.items()}
    on_day(stage, 8, 1)
    july = edition(stage, towns, date(2016, 7, 1), date(2016, 7, 31))
    assert stage.lines("cases") == []
    on_day(stage, 9, 1)
    august = edition(stage, towns, date(2016, 8, 1), date(2016, 8, 31))

    assert listed(stage, june, "black") == [f"region-{SLOW_AT_FIRST}"]
    assert listed(stage, july, "black") == listed(stage, august, "black") == [f"region-{LAGGING}"]
    assert len(listed(stage, august, "red")) == 3
    on_day(stage, 8, 10)
    televised(stage, july, [], [f"region-{LAGGING}"])
    on_day(stage, 9, 8)
    televised(stage, august, listed(stage, august, "red"), [f"region-{LAGGING}"])
    (case,) = stage.lines("cases")
    assert (case["subject"], case["reason"], case["automatic"]) == (f"region-{LAGGING}", "black_running", True)

    on_day(stage, 9, 20)
    measure(stage, case["case"], "inspector", "party_warning", "person-lagging-secretary")
    measure(stage, case["case"], "inspector", "admonition", "person-lagging-head")
    measure(stage, case["case"], "inspector", "admonition", "person-lagging-first-secretary")
    for number, unit in units.items():
        told = {"subject": unit, "reason": "missed_deadline", "grounds": [issues[number]], "matter": "逾期未销号"}
        opened = stage["supervisor"].does("/cases", region=f"region-{COUNTY}", **told)["ids"]["case"]
        measure(stage, opened, "county-secretary", "statement", unit)
        measure(stage, opened, "county-secretary", "talk", f"person-head-{number}")

    # As the article counts to the end of September.
    on_day(stage, 9, 30)
    counted = {kind: len(stage.lines("measures", kind=kind)) for kind in ("statement", "talk", "party_warning")}
    assert counted == {"statement": 8, "talk": 8, "party_warning": 1}
    assert len(stage.lines("measures", kind="admonition")) == 2
    assert len(stage.lines("editions")) == 3
    assert len(stage.lines("notices", medium="television")) == 2
    lagging = stage["inspector"].get(f"/regions/region-{LAGGING}/record", min_position=stage.head).json()
    assert [line["broadcast_on"] for line in lagging["notices"]] == ["2016-08-10", "2016-09-08"]
    assert [line["subject"] for line in stage.lines("cases", reason="black_running")] == [f"region-{LAGGING}"]
    assert_bound(stage)


def assert_bound(stage: Stage) -> None:
    """Who bears a measure is not promoted while it binds, and the record says until when."""
    record = stage.record("inspector", "lagging-head")
    assert record["not_promotable_until"] == "2017-03-20"
    asked = {"person": "person-lagging-head", "post": "leader", "region": f"region-{COUNTY}"}
    told = stage["organiser"].refused("/appointments", "promotion_barred", **asked, since=stage.today)
    assert "2017-03-20" in told["title"]
    reserve = {"region": f"region-{COUNTY}", "kind": "reserve", "level": "deputy_section", "reasons": "红榜第一"}
    stage["organiser"].refused(
        "/merits", "promotion_barred", on="person-lagging-head", decided_on=stage.today, **reserve
    )
    given = stage["organiser"].does("/merits", on="person-slow-head", decided_on=stage.today, **reserve)["ids"]["merit"]
    praise = {"region": f"region-{COUNTY}", "kind": "praise", "reasons": "上红榜"}
    stage["county-secretary"].does("/merits", on=f"region-{TOWNS[0]}", decided_on=stage.today, **praise)
    stage["organiser"].does(f"/merits/{given}/revocation", reasons="档案不全", revoked_on=stage.today)
    assert [(line["kind"], line["revoked_on"]) for line in stage.lines("commendations", order="subject")] == [
        ("reserve", stage.today),
        ("praise", None),
    ]
    record = stage.record("inspector", "slow-head")
    assert [line["revoked_for"] for line in record["merits"]] == ["档案不全"]
    stage.clock.at = datetime(2017, 3, 20, 2, tzinfo=UTC)
    stage["organiser"].does("/appointments", **asked, since=stage.today)
