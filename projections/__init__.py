"""The read side: ledgers folded from facts, every version kept. Never decides."""
