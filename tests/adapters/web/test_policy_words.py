"""Every packaged policy in words: whole sentences, none of a program's own names."""

import re

import pytest

from adapters.web.organisation import PACKS
from adapters.web.policy_words import sections
from domain.policy import packaged


@pytest.mark.parametrize("name", PACKS)
def test_a_packaged_policy_is_told_in_chinese_alone(name: str) -> None:
    policy = packaged(name)
    told = list(sections(policy))
    text = "\n".join(line for one in told for line in (one.title, *one.lines))
    assert not re.search(r"[a-z]{2,}", text), "a code of the program's shows through"
    assert all(one.lines for one in told)
    assert f"{policy.answer_hours}小时内答复" in text


def test_what_a_county_has_no_rule_for_is_left_out() -> None:
    titles = [one.title for one in sections(packaged("county"))]
    assert not [title for title in titles if "退出" in title or "结对" in title]


def test_the_exit_of_a_household_is_told_step_by_step() -> None:
    told = {one.title: one.lines for one in sections(packaged("huanjiang"))}
    program, signed, *_ = told["贫困户退出"]
    assert program.startswith("程序:")
    assert program.index("核实") < program.index("公示") < program.index("签字")
    assert "村支书" in signed
