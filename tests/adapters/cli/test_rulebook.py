"""Every pack prints as a document that a county office can hold against its own paper."""

import pytest

from tests.adapters.cli.conftest import Taizhang

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
