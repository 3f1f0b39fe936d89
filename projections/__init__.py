"""The read side: ledgers folded from facts, every version kept. Never decides."""

from typing import Any

from projections import (
    book_ledger,
    case_ledger,
    charge_ledger,
    commendation_ledger,
    decision_ledger,
    directory,
    duty_ledger,
    escalation_ledger,
    evidence_ledger,
    exit_ledger,
    household_ledger,
    indicator_ledger,
    issue_ledger,
    key_ledger,
    leave_ledger,
    measure_ledger,
    pledge_ledger,
    post_ledger,
    ranking_board,
    rectification_ledger,
    responsibility_ledger,
    reverse_check_ledger,
    signature_ledger,
    signoff_ledger,
    sweep_ledger,
    village_ledger,
    visit_ledger,
)
from projections.ledger import Ledger

LEDGERS: tuple[Ledger[Any], ...] = (
    issue_ledger.LEDGER,
    rectification_ledger.LEDGER,
    evidence_ledger.LEDGER,
    signoff_ledger.LEDGER,
    signature_ledger.LEDGER,
    escalation_ledger.LEDGER,
    responsibility_ledger.LEDGER,
    post_ledger.LEDGER,
    key_ledger.LEDGER,
    directory.LEDGER,
    ranking_board.BOARD,
    ranking_board.EDITIONS,
    case_ledger.LEDGER,
    measure_ledger.LEDGER,
    commendation_ledger.LEDGER,
    household_ledger.LEDGER,
    village_ledger.LEDGER,
    book_ledger.LEDGER,
    indicator_ledger.LEDGER,
    exit_ledger.LEDGER,
    sweep_ledger.SWEEPS,
    sweep_ledger.FINDINGS,
    duty_ledger.LEDGER,
    leave_ledger.LEDGER,
    visit_ledger.LEDGER,
    charge_ledger.LEDGER,
    decision_ledger.LEDGER,
    reverse_check_ledger.LEDGER,
    pledge_ledger.LEDGER,
)
"""Every ledger there is."""

__all__ = ["LEDGERS"]
