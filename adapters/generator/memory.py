"""记忆: the facts that decisions of a generated place stand on, in memory, for as long as one may ask for them.

Kept as they will be stored, and decoded when they are asked for; those asked for of late stay decoded.
"""

from array import array
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from eventsourcing.dcb.api import DCBEvent

from adapters.facts import decode, encode, recorded
from domain.command import About, Act, Scope
from domain.fact import Event, Past, Recorded
from domain.ids import Id, KeyId
from services.ledger import Conflict, Outcome, Reading, Request

WARM = 250_000
"""Facts that stay decoded: about 1.5 KB each. Autumn's exits under way in a county come to half of that, and to decode
them anew for each signature takes as long as all else."""


class Forgotten(LookupError):
    """A decision asks for facts that are no longer kept."""


class Decision(NamedTuple):
    """决定: what one command came to: its facts, the position of the first, when they were recorded, and how they are
    stored."""

    recorded_at: datetime
    act: Act
    position: int
    events: tuple[Event, ...]
    stored: tuple[DCBEvent, ...]


class MemoryFacts:
    """事实库, of one writer. ``clock`` is the sequencer's; each decision is handed to ``taken`` as it is recorded."""

    def __init__(self, clock: Callable[[], datetime], taken: Callable[[Decision], None], warm: int = WARM) -> None:
        self._clock = clock
        self._taken = taken
        self._most_warm = warm
        self._head = 0
        self._data: dict[int, tuple[bytes, datetime]] = {}
        self._warm: OrderedDict[int, Recorded] = OrderedDict()
        self._index: defaultdict[type[Event], dict[Id, int | array[int]]] = defaultdict(dict)
        self._lost: defaultdict[Id, set[type[Event]]] = defaultdict(set)

    def __len__(self) -> int:
        """How many facts are kept."""
        return len(self._data)

    def read(self, scope: Scope) -> Reading:
        found = {position for about in scope for position in self._positions(about)}
        return Reading(Past(map(self._fact, sorted(found))), self._head)

    def append(
        self, events: Sequence[Event], act: Act, *, unless: Scope = (), after: int = 0, request: Request | None = None
    ) -> int:
        asked = (*unless, *((About(request.key),) if request else ()))
        if after < self._head and any(position > after for about in asked for position in self._positions(about)):
            raise Conflict
        moment = self._clock()
        stored = tuple(encode(event, act, request) for event in events)
        first = self._head + 1
        for position, (event, fact) in enumerate(zip(events, stored, strict=True), start=first):
            # A copy: what orjson gives lies in a block ten times its length.
            self._data[position] = bytes(memoryview(fact.data)), moment
            digest = sha256(fact.data).hexdigest()
            self._warm[position] = Recorded(position, event, act.by, act.at, moment, digest)
            index = self._index[type(event)]
            for tag in (*event.tags, request.key) if request else event.tags:
                _add(index, tag, position)
        self._head += len(events)
        self._cool()
        self._taken(Decision(moment, act, first, tuple(events), stored))
        return self._head

    def outcome_of(self, key: KeyId) -> tuple[Request, Outcome] | None:
        facts = self.read((About(key),)).facts
        if not facts:
            return None
        request = decode(self._data[facts[0].position][0]).request
        assert request is not None
        return request, Outcome(facts[-1].position, facts.events)

    def facts(
        self, types: Sequence[type[Event]] = (), *, after: int = 0, until: int | None = None
    ) -> Iterator[Recorded]:
        """Those that are kept: what was forgotten is not among them."""
        last = self._head if until is None else until
        wanted: Iterable[int] = self._data
        if types:
            found = {position for kind in types for each in self._index[kind].values() for position in _in(each)}
            wanted = sorted(found)
        return (self._fact(position, warm=False) for position in wanted if after < position <= last)

    def head(self) -> int:
        return self._head

    def forget(self, after: int) -> None:
        """Lets go of every fact after a position. A decision that asks for one under a tag which older facts carry as
        well fails; whoever asks under another tag must know that there was nothing."""
        for position in [position for position in self._data if position > after]:
            del self._data[position]
            self._warm.pop(position, None)
        kept = {tag for index in self._index.values() for tag, each in index.items() if _in(each)[0] <= after}
        for kind, index in self._index.items():
            for tag, each in list(index.items()):
                left = array("Q", (position for position in _in(each) if position <= after))
                if len(left) < len(_in(each)) and tag in kept:
                    self._lost[tag].add(kind)
                if left:
                    index[tag] = left
                else:
                    del index[tag]

    def _positions(self, about: About) -> Iterator[int]:
        tag, types = about
        lost = self._lost.get(tag)
        if lost and (not types or not lost.isdisjoint(types)):
            raise Forgotten(f"{tag}: {', '.join(sorted(kind.type for kind in lost))}")
        for kind in types or self._index:
            each = self._index[kind].get(tag) if kind in self._index else None
            if each is not None:
                yield from _in(each)

    def _fact(self, position: int, warm: bool = True) -> Recorded:
        fact = self._warm.get(position)
        if fact is None:
            fact = recorded(position, *self._data[position])
            if warm:
                self._warm[position] = fact
                self._cool()
        elif warm:
            self._warm.move_to_end(position)
        return fact

    def _cool(self) -> None:
        while len(self._warm) > self._most_warm:
            self._warm.popitem(last=False)


def _add(index: dict[Id, "int | array[int]"], tag: Id, position: int) -> None:
    """Most tags carry one fact of a type, and need no array for it."""
    known = index.get(tag)
    if known is None:
        index[tag] = position
    elif isinstance(known, int):
        index[tag] = array("Q", (known, position))
    else:
        known.append(position)


def _in(each: "int | array[int]") -> Sequence[int]:
    return (each,) if isinstance(each, int) else each
