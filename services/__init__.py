"""The write side: read what a decision stands on, decide, append. Never reads a ledger."""
