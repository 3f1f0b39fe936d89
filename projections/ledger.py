"""A ledger: a line, and the pure function that folds facts into its lines."""

import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from types import ModuleType
from typing import Any, Generic

from domain.fact import Event, Recorded
from projections import line as lines
from projections import table as tables
from projections.line import Group, L


@dataclass(frozen=True)
class Ledger(Generic[L]):
    """台账

    ``groups`` names the groups of lines that a fact changes (by what their keys begin with), and ``evolve`` says what
    such a group's lines are after it; a line it leaves out ends there. ``evolve`` sees the lines of one group and one
    fact, and nothing else. ``folds`` are the facts it is asked about, ``rests_on`` the modules whose change
    changes the fold.
    """

    line: type[L]
    folds: tuple[type[Event], ...]
    groups: Callable[[Recorded], Iterable[Group]]
    evolve: Callable[[tuple[L, ...], Recorded, Any], Iterable[L]]
    rests_on: tuple[ModuleType, ...] = ()

    @property
    def name(self) -> str:
        return self.line.table

    @cached_property
    def fingerprint(self) -> str:
        """What the lines depend on besides the facts. Another fingerprint means they must be folded anew."""
        modules = (lines, tables, sys.modules[self.line.__module__], *self.rests_on)
        return sha256("\n".join(map(inspect.getsource, modules)).encode()).hexdigest()


def one_line(
    evolve: Callable[[L | None, Recorded], L | None],
) -> Callable[[tuple[L, ...], Recorded, Group], tuple[L, ...]]:
    """For ledgers with one line to a group."""

    def fold(lines: tuple[L, ...], fact: Recorded, group: Group) -> tuple[L, ...]:
        line = evolve(lines[0] if lines else None, fact)
        return () if line is None else (line,)

    return fold
