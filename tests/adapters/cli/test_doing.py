"""One verb for everything that can be asked: found, explained, rehearsed, done."""

import json
import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.asking.routes import ELSEWHERE, ROUTES, Route
from adapters.cli.doing import route_named, title_of
from adapters.cli.fields import given_of, told, words_of
from adapters.http.schemas import example_of
from domain.command import Act, Command
from domain.evidence import Evidence
from domain.fact import CHINA
from domain.ids import EvidenceId
from domain.policy import PolicyAdopted, packaged
from tests.adapters.cli.conftest import Taizhang, program
from tests.county import BUREAU, COUNTY, SINCE, VILLAGE, founding, person
from tests.scenario import FOUNDER

TODAY = datetime.now(CHINA).date()
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200)


@pytest.fixture
def place(taizhang: Taizhang, database_url: str, tmp_path: Path) -> None:
    """A county in post, under 怀化's rules."""
    adopted = PolicyAdopted(region=COUNTY, policy=packaged("huaihua"), since=SINCE)
    with program(database_url, tmp_path) as application:
        application.facts.append([*founding(), adopted], Act(FOUNDER, datetime.now(UTC)))


class Doing:
    """People of the county, at the command line."""

    def __init__(self, taizhang: Taizhang) -> None:
        self.taizhang = taizhang

    def __call__(self, who: str, what: str, *words: object, **fields: object) -> Any:
        """What came of it."""
        asked = [f"{name}={value}" for name, value in fields.items()]
        return self.taizhang("do", what, *asked, *words, "--as", f"person-{who}", "--json").json

    def refused(self, code: str, who: str, what: str, *words: object, **fields: object) -> None:
        asked = [f"{name}={value}" for name, value in fields.items()]
        assert self.taizhang("do", what, *asked, *words, "--as", f"person-{who}").refused(code)

    @property
    def head(self) -> int:
        return int(self.taizhang("status", "--json").json["head"])


@pytest.fixture
def does(taizhang: Taizhang, place: None) -> Doing:
    return Doing(taizhang)


def never(path: Path) -> Evidence:
    raise AssertionError(path)


# Found and explained


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.command.__name__)
def test_everything_that_the_api_takes_is_found_by_name_and_by_title_and_its_example_is_what_it_reads(
    route: Route,
) -> None:
    name = route.command.__name__
    hyphened = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name)[1:]
    assert route_named(name) == route_named(hyphened) == route_named(title_of(route)) == route
    example = example_of(route.shape)
    given = given_of(route.shape, iter(shlex.split(words_of(example))), never)
    assert given == example
    route.shape.model_validate_json(json.dumps(given), strict=True)
    fields = {one.name.partition(".")[0] for one in told(route.shape, route.makes)}
    assert fields == set(route.shape.model_fields)


def test_the_list_has_every_command_there_is(taizhang: Taizhang) -> None:
    listed = taizhang("do", "--list", "--json").json
    assert {one["name"] for one in listed} == Command.commands.keys()
    shown = taizhang("do", "--list").out
    for title in ("签订承诺书", "登记农户和家庭成员", "公布榜单"):
        assert title in shown


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_another_verb_does_says_which(name: str, taizhang: Taizhang) -> None:
    ended = taizhang("do", name)
    assert ended.refused("asked_elsewhere")
    assert "taizhang" in ended.err


def test_a_command_shows_its_fields_and_an_example(taizhang: Taizhang) -> None:
    shown = taizhang("do", "登记问题", "--show").out
    for said in ("deadline.due", "serious(较重)", "区划编号 region-…", "由程序编号", "/api/v1/issues"):
        assert said in shown
    assert "@文件" in taizhang("do", "report-step", "--show").out
    told = taizhang("do", "SignPledge", "--show", "--json").json
    assert (told["title"], told["path"]) == ("签订承诺书", "/api/v1/pledges")
    assert "pledge" not in told["example"]


def test_what_there_is_not_is_refused(taizhang: Taizhang) -> None:
    assert taizhang("do").refused("what_to_do")
    assert taizhang("do", "weather").refused("unknown_command")
    assert taizhang("do", "SignPledge").refused("who_acts")


# Done


def test_an_issue_lives_its_whole_life(does: Doing, tmp_path: Path) -> None:
    photo = tmp_path / "完工照片.jpg"
    photo.write_bytes(JPEG)
    deadline = {"deadline.due": TODAY + timedelta(days=20), "deadline.precision": "day", "deadline.long_term": "否"}
    asked = {"region": VILLAGE.code, "category": "道路", "source": "排查", "severity": "一般", "found_on": TODAY}
    issue = does("clerk", "登记问题", description="水毁路段未修复", **asked, **deadline)["ids"]["issue"]
    about = {"issue": issue}
    does("clerk", "assign-issue", unit=BUREAU, leader=person("leader"), person=person("officer"), **about)
    step = does("officer", "plan-step", measure="修复路面", **about)["ids"]["step"]
    done = {"progress": "已修复", "done": "是", "occurred_on": TODAY}
    [report] = does("officer", "report-step", f"evidence=@{photo}", step=step, **done, **about)["facts"]
    [evidence] = report["fact"]["evidence"]
    assert (evidence["title"], evidence["size"], evidence["media_type"]) == ("完工照片", len(JPEG), "image/jpeg")
    chain = does("officer", "ApplyForWriteOff", statement="措施已全部完成", **about)["ids"]["chain"]
    about["chain"] = chain
    does("supervisor", "现场核查", passed="true", findings="已通车", checked_on=TODAY, **about)
    for name in ("village-secretary", "village-director", "township-secretary"):
        does(name, "签字", opinion="同意", **about)
    last = does("township-head", "签字", opinion="同意", **about)
    assert [fact["type"] for fact in last["facts"]] == ["chain.signed", "issue.closed"]
    does.refused("chain_over", "township-head", "签字", opinion="同意", **about)


def test_a_household_is_taken_in_through_the_vault_and_helped(does: Doing, tmp_path: Path) -> None:
    file = tmp_path / "members.json"
    file.write_text(json.dumps([{"name": "户主甲"}, {"name": "成员乙"}]), "utf-8")
    told = does(
        "clerk",
        "登记农户和家庭成员",
        region=VILLAGE.code,
        category="建档立卡户",
        members=f"@{file}",
        identified_on=TODAY,
    )
    assert "户主甲" not in json.dumps(told, ensure_ascii=False)
    home = {"household": told["ids"]["household"]}
    does("clerk", "add-member", "particulars.name=成员丙", since=TODAY, reason="出生", **home)
    does("organiser", "记录职级", person=person("officer"), rank="一般干部", since=SINCE)
    does("clerk", "结对帮扶", person=person("officer"), since=TODAY, **home)
    does("clerk", "摸排", "causes=缺技术", "causes=缺资金", findings="有劳动力", surveyed_on=TODAY, **home)
    due = TODAY + timedelta(days=30)
    item = does("officer", "制定帮扶计划", category="产业", measure="发放鸡苗", due=due, **home)["ids"]["item"]
    done = {"progress": "已发放", "done": "false", "occurred_on": TODAY}
    does("officer", "报告帮扶进度", item=item, **done, **home)
    head = does.head
    does.refused(
        "no_rehearsal",
        "clerk",
        "登记农户和家庭成员",
        "--dry-run",
        region=VILLAGE.code,
        category="建档立卡户",
        members=f"@{file}",
        identified_on=TODAY,
    )
    does.refused("not_restricted", "headquarters", "删除个人信息", **home)
    assert does.head == head


def test_claims_are_drawn_by_the_server_and_picked_by_nobody(does: Doing) -> None:
    for day in range(3):
        on = TODAY - timedelta(days=day)
        does("member", "报告当日工作", region=VILLAGE.code, on=on, presence="village", work="入户走访")
    since = TODAY - timedelta(days=9)
    asked = {"region": COUNTY.code, "subject": person("member"), "since": since, "until": TODAY, "many": 2}
    [drawn] = does("supervisor", "反向核查抽取", **asked)["facts"]
    assert len(drawn["fact"]["claims"]) == 2


def test_a_leave_is_asked_for_and_approved(does: Doing) -> None:
    begins = TODAY + timedelta(days=3)
    asked = {
        "since": begins,
        "until": begins + timedelta(days=1),
        "reason": "就医",
        "kind": "sick",
        "region": VILLAGE.code,
    }
    leave = does("member", "请假", **asked)["ids"]["leave"]
    does.refused("no_authority", "clerk", "批准请假", leave=leave, opinion="同意")
    assert does("township-secretary", "批准请假", leave=leave, opinion="同意")["facts"]


# How it is asked


def pledge(**changes: object) -> dict[str, object]:
    words = {"region": VILLAGE.code, "title": "2026年承诺书", "promise": "完成全年任务", "text_digest": "0" * 64}
    return {**words, "due": date(TODAY.year, 12, 31), **changes}


def test_a_rehearsal_says_what_would_be_recorded_and_records_nothing(does: Doing, taizhang: Taizhang) -> None:
    head = does.head
    told = does("village-secretary", "SignPledge", "--dry-run", **pledge())
    assert told["rehearsed"]
    assert [fact["type"] for fact in told["facts"]] == ["pledge.signed"]
    does.refused("no_authority", "clerk", "SignPledge", "--dry-run", **pledge())
    words = [f"{name}={value}" for name, value in pledge().items()]
    said = taizhang("do", "SignPledge", *words, "--as", "person-village-secretary", "--dry-run")
    assert "什么也没有记录" in said.err
    assert does.head == head
    assert "已办理" in taizhang("do", "SignPledge", *words, "--as", "person-village-secretary").out
    assert does.head == head + 1


def test_the_same_request_under_the_same_key_is_recorded_once(does: Doing) -> None:
    first = does("village-secretary", "SignPledge", "--key", "evening-1", **pledge())
    again = does("village-secretary", "SignPledge", "--key", "evening-1", **pledge())
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["ids"] == again["ids"]
    does.refused(
        "idempotency_key_reused", "village-secretary", "SignPledge", "--key", "evening-1", **pledge(title="另")
    )
    does.refused("invalid_request", "village-secretary", "SignPledge", "--key", "有 空格", **pledge())


def test_a_file_holds_what_is_asked_and_words_prevail(does: Doing, tmp_path: Path) -> None:
    file = tmp_path / "pledge.toml"
    file.write_text("\n".join(f'{name} = "{value}"' for name, value in pledge(region=VILLAGE).items()), "utf-8")
    [fact] = does("village-director", "SignPledge", "--file", file, title="村主任承诺书")["facts"]
    assert (fact["fact"]["title"], fact["fact"]["promise"]) == ("村主任承诺书", "完成全年任务")


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("promise", "bad_field"),
        ("=x", "bad_field"),
        ("weather=fine", "invalid_request"),
        ("due=someday", "invalid_request"),
        ("region=999", "unknown_region"),
        ("title=电话1" + "39" + "0" * 8, "personal_data"),
        ("promise=@no-such-file.txt", "file_not_found"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_nothing_is_recorded(word: str, code: str, does: Doing) -> None:
    head = does.head
    does.refused(code, "village-secretary", "SignPledge", word, **pledge())
    assert does.head == head


def test_evidence_that_is_none_is_refused(does: Doing, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    visit = {"household": "household-1", "causes": "缺技术", "findings": "有劳动力", "surveyed_on": TODAY}
    does.refused("evidence_type", "clerk", "摸排", f"evidence=@{script}", **visit)
    does.refused("file_unreadable", "clerk", "摸排", f"evidence=@{tmp_path}", **visit)
    unknown = {"file": EvidenceId(f"evidence-{'0' * 64}"), "size": 1, "media_type": "image/png", "title": "照片"}
    does.refused("unknown_evidence", "clerk", "摸排", f"evidence=[{json.dumps(unknown)}]", **visit)
