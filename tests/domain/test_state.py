"""States: each fact makes another, and the one before stays as it was."""

from datetime import date

import pytest

from domain.ids import StepId
from domain.issues import Step

STEP = Step(StepId("step-1"), 1, "修复路面", date(2024, 5, 1))


def test_a_changed_state_is_another_one_alike_in_all_else() -> None:
    changed = STEP.but(reported=1)
    assert changed == Step(STEP.step, STEP.round, STEP.measure, STEP.due, reported=1)
    assert STEP.reported == 0


def test_a_state_takes_no_field_that_it_does_not_have() -> None:
    with pytest.raises(TypeError, match="Step has no progress"):
        STEP.but(progress="已修复")
