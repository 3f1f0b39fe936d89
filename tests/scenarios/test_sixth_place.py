"""云岭, a county that there is not: another place is added by writing down its rules, and nothing else.

Its pack is a file that somebody of the county office wrote; it is printed, adopted, and from that moment its own seats
sign, its own days run, its own caps and quotas count.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.program import run
from domain.posts import Post
from tests.scenarios.conftest import Staging
from tests.scenarios.stage import Stage, seen

COUNTY, TOWN, VILLAGE, OTHER_VILLAGE = "539901", "539901100", "539901100201", "539901100202"
CAST = {
    "office": (Post.HEADQUARTERS, COUNTY),
    "supervisor": (Post.SUPERVISOR, COUNTY),
    "deputy": (Post.UNIT_LEADER, COUNTY),
    "officer": (Post.UNIT_OFFICER, COUNTY),
    "township-secretary": (Post.TOWNSHIP_SECRETARY, TOWN),
    "township-head": (Post.TOWNSHIP_HEAD, TOWN),
    "clerk": (Post.TOWNSHIP_CLERK, TOWN),
    "village-secretary": (Post.VILLAGE_SECRETARY, VILLAGE),
    "village-director": (Post.VILLAGE_DIRECTOR, VILLAGE),
    "first-secretary": (Post.FIRST_SECRETARY, VILLAGE),
    "member": (Post.TEAM_MEMBER, VILLAGE),
}

PACK = """
policy = "policy-yunling"
title = "云岭县“两见面一上墙”办法"
version = 1
source = "云岭县驻村办2020年3月印发:问题由第一书记和村支书共同销号,不论轻重公示3天;每名干部结对一般不超过2户。"
answer_hours = 36
blocking = "any"
objection_days = 5
appeal_days = 15

[minor]
notice_days = 3
[[minor.stages]]
level = "village"
seats = [{ posts = ["first_secretary"] }, { posts = ["village_secretary", "village_director"] }]

[serious]
notice_days = 3
[[serious.stages]]
level = "village"
seats = [{ posts = ["first_secretary"] }, { posts = ["village_secretary", "village_director"] }]
[[serious.stages]]
level = "township"
seats = [{ posts = ["township_secretary"] }]

[major]
notice_days = 3
[[major.stages]]
level = "county"
seats = [{ posts = ["headquarters"] }, { posts = ["supervisor"] }]

[pairing]
division = 4
section = 3
staff = 2

[[indicator_sets]]
code = "warm"
title = "两暖"
object = "household"
indicators = [
    { code = "stove", title = "有取暖炉" },
    { code = "firewood", title = "备足柴煤", threshold = { sense = "at_least", figure = 600, unit = "公斤" } },
]

[[exits]]
object = "household"
steps = ["verification", "consent"]
notice_days = 2
fresh_days = 30
indicators = ["warm"]
[[exits.stages]]
level = "township"
seats = [{ posts = ["township_head"] }]

[[sweeps]]
code = "stoves"
title = "逐户查炉"
category = "取暖"

[monitoring]
identify_days = 10
notice_days = 3

[duty]
days_a_month = 12
stationed = ["team_member"]
log_by = 19
responsible_by = ["township_secretary"]
[[duty.leave]]
days = 1
posts = ["first_secretary", "team_member"]
seats = [{ posts = ["village_secretary"] }]
[[duty.leave]]
posts = ["first_secretary", "team_member"]
seats = [{ posts = ["township_secretary"] }, { posts = ["headquarters"] }]
[[duty.visits]]
code = "first_secretary_month"
title = "第一书记每月走访本村农户3户"
posts = ["first_secretary"]
to = "household"
every = "month"
times = 3
"""


@pytest.fixture
def yunling(staging: Staging, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The county, whose office has adopted its own pack today, on the command line."""
    stage = staging(COUNTY, "云岭县", datetime.now(UTC))
    stage.regions(c539901100="北岭镇", c539901100201="上湾村", c539901100202="下湾村")
    stage.cast(CAST)
    file = tmp_path / "yunling.toml"
    file.write_text(PACK, "utf-8")
    monkeypatch.setenv("DATABASE_URL", stage.application.settings.database_url or "")
    monkeypatch.setenv("TAIZHANG_DATA", str(tmp_path / "data"))
    assert run(["policy", "adopt", str(file), "--region", COUNTY, "--as", "person-office"]) == 0
    return stage


def test_the_pack_prints_as_it_was_written(yunling: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["policy", "show", "--region", COUNTY]) == 0
    shown = capsys.readouterr().out
    for said in ("云岭县“两见面一上墙”办法", "驻村第一书记、村支书或村主任", "36小时", "有任何未销号问题时不能签字"):
        assert said in shown
    for said in ("两暖(贫困户,2项)", "不低于600(公斤)", "逐户查炉", "10日内认定", "每月不少于12天", "当日19时前"):
        assert said in shown


def test_an_issue_is_signed_off_by_the_seats_of_the_place_after_its_own_notice(yunling: Stage) -> None:
    stage = yunling
    issue = stage.issue("clerk", VILLAGE, category="取暖", days=20)
    step = stage["clerk"].does(f"/issues/{issue}/steps", measure="送炉")["ids"]["step"]
    done = {"progress": "已送到", "done": True, "occurred_on": stage.today}
    stage["clerk"].does(f"/issues/{issue}/steps/{step}/reports", **done)
    chain = stage["clerk"].does(f"/issues/{issue}/applications", statement="已完成")["ids"]["chain"]
    path = f"/issues/{issue}/applications/{chain}"
    stage["supervisor"].does(f"{path}/checks", passed=True, findings="属实", checked_on=stage.today)
    stage["village-secretary"].does(f"{path}/notices", posted_on=stage.today, place="村口公示栏")

    def shown() -> dict[str, Any]:
        return seen(stage["clerk"].get(f"/issues/{issue}").json()["shown"])

    stage.clock.later(days=3)
    stage["first-secretary"].refused(f"{path}/signatures", "notice_running", **shown())
    stage.clock.later(days=1)
    stage["township-secretary"].refused(f"{path}/signatures", "no_authority", **shown())
    stage["first-secretary"].does(f"{path}/signatures", **shown())
    # The second seat is for either of the two, and for one of them only.
    stage["village-director"].does(f"{path}/signatures", **shown())
    (line,) = stage.lines("issues", issue=issue)
    assert line["status"] == "closed"


def test_what_is_asked_of_the_headquarters_is_due_in_the_hours_of_the_place(yunling: Stage) -> None:
    stage = yunling
    issue = stage.issue("clerk", VILLAGE, category="取暖", days=20)
    asked_at = stage.clock()
    stage["clerk"].does(f"/issues/{issue}/escalations", to="county", matter="请统一购炉")
    (line,) = stage.lines("escalations", issue=issue)
    assert datetime.fromisoformat(line["answer_due"]) == asked_at + timedelta(hours=36)


def test_caps_are_the_place_s(yunling: Stage) -> None:
    stage = yunling
    homes = [stage.household("clerk", VILLAGE, 1, number) for number in range(7)]
    for name, rank, cap in (("deputy", "division", 4), ("officer", "staff", 2)):
        stage["organiser"].does(f"/people/person-{name}/ranks", rank=rank, since=str(stage.since))
        for _ in range(cap):
            path = f"/households/{homes.pop(0)}/pairings"
            stage["clerk"].does(path, person=f"person-{name}", since=stage.today)
        over = {"person": f"person-{name}", "since": stage.today}
        stage["clerk"].refused(f"/households/{homes[0]}/pairings", "pairing_cap", **over)


def test_a_household_exits_by_the_steps_and_the_one_signature_of_the_place(yunling: Stage) -> None:
    stage = yunling
    home = stage.household("clerk", VILLAGE, 3)
    chain = stage["clerk"].does("/exits", subject=home, statement="取暖有保障")["ids"]["chain"]

    def assessed(kilograms: int) -> None:
        warm = {"indicator": "firewood", "met": kilograms >= 600, "value": kilograms}
        stage["member"].does(
            "/assessments",
            subject=home,
            assessments=[{"indicator": "stove", "met": True}, warm],
            assessed_on=stage.today,
        )

    assessed(400)
    assert "备足柴煤" in stage.exit(chain)["obstacle"]["sentence"]
    assessed(650)
    review = {"step": "democratic_review", "passed": True, "present": 9, "in_favour": 9, "findings": "通过"}
    stage["member"].refused(f"/exits/{chain}/steps", "step_out_of_order", **review, taken_on=stage.today)
    stage["member"].does(f"/exits/{chain}/checks", passed=True, findings="属实", checked_on=stage.today)
    consent = {"step": "consent", "passed": True, "findings": "户主认可", "taken_on": stage.today}
    stage["member"].does(f"/exits/{chain}/steps", **consent)
    stage["clerk"].does(f"/exits/{chain}/notices", posted_on=stage.today, place="村口公示栏")
    stage.clock.later(days=3)
    stage.refused_to_sign(chain, "village-secretary", "no_authority")
    stage.signs(chain, "township-head")
    (line,) = stage.lines("exits", chain=chain)
    assert line["standing"] is True


def test_the_place_s_own_sweep_goes_from_door_to_door(yunling: Stage) -> None:
    stage = yunling
    home = stage.household("clerk", VILLAGE, 1)
    opened = {"region": f"region-{VILLAGE}", "opened_on": stage.today}
    stage["clerk"].refused("/sweeps", "unknown_sweep_rule", rule="water", **opened)
    sweep = stage["clerk"].does("/sweeps", rule="stoves", **opened)["ids"]["sweep"]
    deadline = {"due": stage.day(5), "precision": "day", "long_term": False}
    found = {"issue": "issue-stove-1", "severity": "minor", "deadline": deadline}
    visit = {"findings": "炉子漏烟", "swept_on": stage.today, "found": found}
    stage["member"].does(f"/sweeps/{sweep}/households/{home}/visits", **visit)
    line = stage["clerk"].get("/issues/issue-stove-1").json()["line"]
    assert (line["category"], line["source"]) == ("取暖", "逐户查炉")


def test_presence_visits_leave_and_who_answers_go_by_the_place_s_rules(yunling: Stage) -> None:
    stage = yunling
    homes = [stage.household("clerk", VILLAGE, 1, number) for number in range(4)]
    for home in homes[:2]:
        told = {"region": f"region-{VILLAGE}", "household": home, "occurred_on": stage.today, "findings": "已备柴"}
        stage["first-secretary"].does("/visits", **told)
    duty = stage["supervisor"].get("/people/person-first-secretary/duty").json()
    (quota,) = duty["visits"]
    assert (quota["rule"], quota["needed"], quota["done"], quota["short"]) == ("first_secretary_month", 3, 2, 1)
    assert stage["supervisor"].get("/people/person-member/duty").json()["month"]["needed"] == 12

    def leave(first: int, last: int) -> str:
        span = {"since": stage.day(first), "until": stage.day(last)}
        asked = {"region": f"region-{VILLAGE}", "kind": "personal", "reason": "家事", **span}
        return str(stage["member"].does("/leaves", **asked)["ids"]["leave"])

    short = leave(1, 1)
    stage["village-secretary"].does(f"/leaves/{short}/approvals", opinion="同意")
    longer = leave(5, 7)
    stage["village-secretary"].refused(f"/leaves/{longer}/approvals", "no_authority", opinion="同意")
    stage["township-secretary"].does(f"/leaves/{longer}/approvals", opinion="同意")
    stage["office"].does(f"/leaves/{longer}/approvals", opinion="同意")
    (line,) = stage.lines("leaves", leave=longer)
    assert line["state"] == "approved"

    answering = {"person": "person-first-secretary", "before": None, "reason": "熟悉情况"}
    stage["office"].refused(f"/regions/region-{OTHER_VILLAGE}/responsible", "no_authority", **answering)
    stage["township-secretary"].does(f"/regions/region-{OTHER_VILLAGE}/responsible", **answering)
