"""Every pack prints as a document that a county office can hold against its own paper: one that ships with the program,
one in a file, and what was adopted, at any moment."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from domain.command import Act
from domain.fact import CHINA
from domain.policy import PolicyAdopted, packaged
from tests.adapters.cli.conftest import Taizhang, program
from tests.county import COUNTY, SINCE, founding
from tests.scenario import FOUNDER

SAID = {
    "huanjiang": ("八有一超(贫困户,9项)", "十一有一低于(贫困村,12项)", "两不愁三保障、八有一超各项达标"),
    "luchuan": ("九有一低于(贫困县,10项)", "不低于13(人均稳固住房平方米)", "处级", "由台账计算,低于300"),
    "tongyu": ("以户查房", "以患查策", "贫困村退出16项指标(贫困村,16项)", "贫困发生率低于2.00%"),
    "changsha": ("15日内认定,公示不少于5日",),
    "huaihua": ("县级县委书记、县长", "市级市委书记、市长,然后报省审定", "民主评议、核实、农户认可", "错退率低于2.00%"),
}


@pytest.mark.parametrize("name", sorted(SAID))
def test_a_pack_prints_what_a_place_rules(taizhang: Taizhang, name: str) -> None:
    shown = taizhang("policy", "show", name).out
    for said in SAID[name]:
        assert said in shown


def test_a_pack_says_nothing_of_what_its_place_has_no_rule_for(taizhang: Taizhang) -> None:
    shown = taizhang("policy", "show", "county").out
    assert "退出" not in shown
    assert "结对" not in shown


def test_every_section_of_a_pack_is_printed(taizhang: Taizhang) -> None:
    shown = taizhang("policy", "show", "huaihua").out
    for section in (
        "结对户数上限",
        "防返贫监测",
        "驻村天数",
        "走访",
        "请假由谁批准",
        "上报答复时限",
        "申诉期",
        "榜单异议期",
    ):
        assert section in shown
    assert "领导班子成员(县级任职)" in shown
    swept = taizhang("policy", "show", "tongyu").out
    for rule in packaged("tongyu").sweeps:
        assert rule.title in swept
        assert rule.code in swept


def own_pack(folder: Path, *, title: str = "云岭县办法", version: int = 1, hours: int = 36) -> Path:
    """The county's general pack, as a place would change it."""
    text = (files("domain") / "policies" / "county.toml").read_text("utf-8")
    changes = {
        "policy-county": "policy-yunling",
        "县级问题整改销号通用规则": title,
        "answer_hours = 24": f"answer_hours = {hours}",
    }
    for old, new in {**changes, "version = 1": f"version = {version}"}.items():
        assert old in text
        text = text.replace(old, new)
    file = folder / f"yunling-{version}.toml"
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def founded(taizhang: Taizhang, database_url: str, tmp_path: Path) -> None:
    """The county, under its general pack since January 2019."""
    with program(database_url, tmp_path) as application:
        application.facts.append(founding(), Act(FOUNDER, datetime.now(UTC)))


@pytest.mark.usefixtures("founded")
def test_a_pack_in_a_file_is_shown_adopted_and_kept_as_it_was(taizhang: Taizhang, tmp_path: Path) -> None:
    file = own_pack(tmp_path)
    assert "《云岭县办法》第1版" in taizhang("policy", "show", file).out
    adopted = taizhang("policy", "adopt", file, "--region", "451226", "--json").json
    assert (adopted["policy"], adopted["version"]) == ("policy-yunling", 1)
    file.write_text("", "utf-8")
    shown = taizhang("policy", "show", "--region", "451226").out
    assert "《云岭县办法》第1版" in shown
    assert "36小时" in shown
    assert taizhang("policy", "adopt", own_pack(tmp_path), "--region", "451226").refused("policy_version_not_newer")


@pytest.mark.usefixtures("founded")
def test_what_was_in_force_at_any_moment_is_shown(taizhang: Taizhang, tmp_path: Path) -> None:
    before = taizhang("status", "--json").json["head"]
    today = datetime.now(CHINA).date()
    adopt = ("policy", "adopt", own_pack(tmp_path), "--region", "451226")
    first = taizhang(*adopt, "--json").json["position"]
    later = own_pack(tmp_path, title="云岭县新办法", version=2, hours=12)
    coming = ("--since", today + timedelta(days=30))
    second = taizhang("policy", "adopt", later, "--region", "451226", *coming, "--json").json["position"]

    def shown(*words: object) -> tuple[str, int]:
        told = taizhang("policy", "show", "--region", "451226", *words, "--json").json
        return told["policy"]["title"], told["position"]

    assert shown() == ("云岭县办法", first)
    assert shown("--version", 2) == ("云岭县新办法", second)
    assert shown("--as-of", before) == (packaged("county").title, before)
    listed = taizhang("policy", "show", "--region", "451226").out.split("采用过的各版")[1]
    assert all(title in listed for title in (packaged("county").title, "云岭县办法", "云岭县新办法"))
    assert taizhang("policy", "show", "--region", "451226", "--version", 2, "--as-of", first).refused("no_policy")
    assert taizhang("policy", "show", "--region", "451226", "--as-of", "1").refused("no_policy")
    assert taizhang("policy", "show", "--region", "450922").refused("no_policy")
    assert taizhang("policy", "show", "--region", "451226", "--as-of", "yesterday").refused("invalid_request")


def test_the_city_s_pack_is_shown_for_a_county_without_its_own(
    taizhang: Taizhang, database_url: str, tmp_path: Path
) -> None:
    adopted = PolicyAdopted(region=COUNTY.at("city") or COUNTY, policy=packaged("huaihua"), since=SINCE)
    with program(database_url, tmp_path) as application:
        application.facts.append([adopted], Act(FOUNDER, datetime.now(UTC)))
    shown = taizhang("policy", "show", "--region", "451226", "--json").json
    assert (shown["region"], shown["policy"]["policy"]) == ("region-4512", "policy-huaihua")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("title = ", "bad_toml", "TOML"),
        ('title = "某县办法"', "invalid_request", "policy:缺少此项"),
        ("", "invalid_request", "缺少此项"),
    ],
)
def test_a_file_that_is_no_pack_says_what_it_lacks(
    taizhang: Taizhang, tmp_path: Path, text: str, code: str, said: str
) -> None:
    file = tmp_path / "pack.toml"
    file.write_text(text, "utf-8")
    ended = taizhang("policy", "show", file)
    assert ended.refused(code)
    assert said in ended.err
    assert taizhang("policy", "show", tmp_path / "no-such.toml").refused("file_not_found")
    assert taizhang("policy", "show").refused("which_policy")
