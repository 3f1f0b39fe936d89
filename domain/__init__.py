"""Facts, decisions and rules.

Pure: the standard library and pydantic only; no clock, no I/O, no randomness in a decision.
"""
