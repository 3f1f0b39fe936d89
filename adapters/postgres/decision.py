"""A decision on its way into the log: what it brings and stands on, as the sequencer sends it, and who waits for it."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import lru_cache
from typing import Protocol, TypeAlias

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent
from eventsourcing.persistence import IntegrityError, ProgrammingError

from adapters.postgres.criteria import criteria
from adapters.postgres.parameters import NULL, element, int8, literal

_LONGEST_TEXT = 1024  # bytes: a tag and a type must fit into one row of the index

Fate: TypeAlias = int | Exception
"""The position of a decision's last event, or why nothing was stored."""


class Told(Protocol):
    """Whoever submitted a decision."""

    def wanted(self) -> bool:
        """Whether the decision is still to be stored; asked once, then there is no way back."""

    def tell(self, fate: Fate) -> None: ...


class Waiter:
    """One who does nothing but wait: a tenth of a Future's price, which every append would pay."""

    __slots__ = ("_fate", "_told")

    def __init__(self) -> None:
        self._fate: Fate = 0
        self._told = threading.Lock()
        self._told.acquire()

    def wanted(self) -> bool:
        return True

    def tell(self, fate: Fate) -> None:
        self._fate = fate
        self._told.release()

    def wait(self) -> int:
        self._told.acquire()
        if isinstance(self._fate, Exception):
            raise self._fate
        return self._fate


class Promise(Future[int]):
    """One who may ask later, or change their mind."""

    def wanted(self) -> bool:
        return self.set_running_or_notify_cancel()

    def tell(self, fate: Fate) -> None:
        if isinstance(fate, Exception):
            self.set_exception(fate)
        else:
            self.set_result(fate)


class Decision:
    """Made in the thread of whoever submits it: what is encoded here is no work for the one sequencer.

    Raises ProgrammingError for events that can't be stored.
    """

    __slots__ = (
        "after",
        "asked",
        "asked_after",
        "asked_rests",
        "asked_tags",
        "asked_types",
        "condition",
        "data",
        "events",
        "size",
        "tags",
        "told",
        "types",
    )

    def __init__(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None, told: Told) -> None:
        if not events:
            raise ProgrammingError("nothing to append")
        self.events = events
        self.condition = condition
        self.told = told
        self.types = [_type(event.type) for event in events]
        self.tags = [_tags(event.tags) for event in events]
        self.data = [_data(event.data) for event in events]
        self.size = sum(map(len, self.data))
        self.after = (condition.after if condition else None) or 0
        self.asked = criteria(condition.fail_if_events_match) if condition else []
        self.asked_tags = [_asked(criterion.tag) for criterion in self.asked]
        self.asked_types = [_asked(criterion.type) for criterion in self.asked]
        self.asked_rests = [_asked(literal(criterion.rest)) if criterion.rest else NULL for criterion in self.asked]
        self.asked_after = [int8(self.after)] * len(self.asked)

    def refused(self) -> IntegrityError:
        return IntegrityError(self.condition)


@lru_cache(1024)
def _type(text: str) -> bytes:
    _check(text)
    return element(text.encode())


def _tags(tags: Sequence[str]) -> bytes:
    for tag in tags:
        _check(tag)
    return element(literal(tags).encode())


def _data(data: bytes) -> bytes:
    if not isinstance(data, bytes):
        raise ProgrammingError("an event's data must be bytes")
    return element(data)


def _check(text: str) -> None:
    try:
        size = len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        size = 0
    if not 0 < size <= _LONGEST_TEXT or "\0" in text:
        raise ProgrammingError(f"a type or tag must be 1 to {_LONGEST_TEXT} bytes of UTF-8 without NUL: {text!r:.80}")


def _asked(text: str | None) -> bytes:
    """What no fact can carry may be asked for all the same; the database says what it thinks of it."""
    return NULL if text is None else element(text.encode(errors="surrogatepass"))
