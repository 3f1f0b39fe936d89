"""The read side: ledgers folded from facts, every version kept. Never decides."""

from typing import Any

from projections import (
    case_ledger,
    directory,
    escalation_ledger,
    evidence_ledger,
    issue_ledger,
    key_ledger,
    measure_ledger,
    post_ledger,
    ranking_board,
    rectification_ledger,
    responsibility_ledger,
    signature_ledger,
    signoff_ledger,
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
)
"""Every ledger there is."""

__all__ = ["LEDGERS"]
