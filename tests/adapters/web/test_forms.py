"""What people type, and the command it becomes."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import FormData

from adapters.evidence.files import FileEvidence
from adapters.web.actions import carried as carried_by
from adapters.web.forms import FORMS, KEY, REGISTER, Field, Form, Unreadable, deadline_in, fen_in, read
from domain.command import Command
from domain.ids import IssueId, StepId
from domain.rectification import PlanStep
from domain.registration import RegisterIssue

ISSUE = IssueId("issue-1")


@pytest.fixture
def store(tmp_path: Path) -> FileEvidence:
    return FileEvidence(tmp_path)


def filled(form: Form, store: FileEvidence, fixed: dict[str, Any] | None = None, /, **typed: str) -> Command:
    return read(form, FormData({KEY: "k1", **typed}), store, {"issue": ISSUE, **(fixed or {})})[0]


@pytest.mark.parametrize(("text", "fen"), [("1.5", 1_500_000), ("1,000", 1_000_000_000), ("0.000001", 1), ("0", 0)])
def test_ten_thousands_of_yuan_become_fen(text: str, fen: int) -> None:
    assert fen_in(text) == fen


@pytest.mark.parametrize("text", ["很多", "-1", "0.0000001", "NaN", "1e99"])
def test_what_is_no_sum_of_money_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"[数字金额]"):
        fen_in(text)


@pytest.mark.parametrize(
    ("precision", "due"),
    [
        ("day", date(2020, 2, 10)),
        ("month_end", date(2020, 2, 29)),
        ("year_end", date(2020, 12, 31)),
        ("immediate", None),
        ("unstated", None),
    ],
)
def test_a_deadline_ends_where_what_was_said_ends(precision: str, due: date | None) -> None:
    field = Field("deadline", "整改时限", "deadline")
    typed = {"deadline.precision": precision, "deadline.due": "2020-02-10"}
    assert deadline_in(field, typed) == {"due": due, "precision": precision, "long_term": False}


def test_the_same_form_sent_twice_is_the_same_request(store: FileEvidence) -> None:
    first = filled(FORMS["plan-step"], store, measure="修路")
    assert first == filled(FORMS["plan-step"], store, measure="修路")
    assert isinstance(first, PlanStep)
    assert first.step == StepId.derived("k1")


def test_a_form_without_its_key_is_not_taken(store: FileEvidence) -> None:
    with pytest.raises(Unreadable) as refused:
        read(FORMS["plan-step"], FormData({"measure": "修路"}), store, {"issue": ISSUE})
    assert "刷新" in refused.value.typed.sentence


def test_everything_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(store: FileEvidence) -> None:
    with pytest.raises(Unreadable) as refused:
        filled(FORMS["plan-step"], store, measure="", due="昨天", planned_funds="很多")
    typed = refused.value.typed
    assert set(typed.errors) == {"measure", "due", "planned_funds"}
    assert typed.values["due"] == "昨天"


def test_a_personal_number_is_refused_where_it_was_typed(store: FileEvidence) -> None:
    with pytest.raises(Unreadable) as refused:
        filled(FORMS["plan-step"], store, measure="联系户主13812345678")
    typed = refused.value.typed
    assert "手机号" in typed.errors["measure"]
    assert "个人信息" in typed.sentence


def test_a_new_deadline_counts_only_where_the_issue_relapsed(store: FileEvidence) -> None:
    form = FORMS["look-back"]
    typed = {"findings": "看过", "looked_on": "2019-12-01", "deadline.due": "2020-01-10"}
    assert filled(form, store, holds="yes", **typed).deadline is None  # type: ignore[attr-defined]
    relapsed = filled(form, store, holds="no", **typed)
    assert relapsed.deadline.due == date(2020, 1, 10)  # type: ignore[attr-defined]


def test_a_stage_to_send_back_to_says_both_where_and_which(store: FileEvidence) -> None:
    chain = {"chain": "chain-1"}
    back = filled(FORMS["send-back"], store, chain, to="signing:1", reason="材料不全")
    assert (back.to, back.stage) == ("signing", 1)  # type: ignore[attr-defined]
    assert filled(FORMS["send-back"], store, chain, to="check", reason="材料不全").stage is None  # type: ignore[attr-defined]


def test_an_issue_is_registered_as_it_was_typed(store: FileEvidence) -> None:
    typed = {
        "region": "region-451226104207",
        "category": "道路",
        "source": "自查",
        "severity": "minor",
        "description": "路面破损",
        "found_on": "2019-09-01",
        "deadline.precision": "month_end",
        "deadline.due": "2019-09-10",
        "planned_funds": "1.5",
    }
    command, _ = read(REGISTER, FormData({KEY: "k1", **typed}), store, {})
    assert isinstance(command, RegisterIssue)
    assert (command.deadline.due, command.planned_funds) == (date(2019, 9, 30), 1_500_000)


def test_a_file_kept_from_before_is_looked_up_and_not_believed(store: FileEvidence) -> None:
    form = FORMS["report-step"]
    typed = {"step": "step-1", "progress": "已修", "done": "yes", "occurred_on": "2019-09-02"}
    with pytest.raises(Unreadable) as refused:
        filled(form, store, kept=f"evidence-{'0' * 64} 照片", **typed)
    assert "找不到" in refused.value.typed.errors["evidence"]


@pytest.mark.parametrize("form", [*FORMS.values(), REGISTER], ids=lambda form: form.name)
def test_a_form_asks_for_everything_its_command_needs(form: Form) -> None:
    needed = {name for name, field in form.command.model_fields.items() if field.is_required()}
    typed = {field.name for field in form.fields}
    carried = {"issue", *carried_by(form), *(name for name, _ in form.makes)}
    assert needed <= typed | carried
    assert typed <= set(form.command.model_fields)
