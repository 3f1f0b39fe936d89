"""What a query asks, as rows: one for every tag and type that the index of the log is asked for."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from eventsourcing.dcb.api import DCBEvent, DCBQuery, DCBQueryItem


class Criterion(NamedTuple):
    """A fact meets it that carries `tag` and all of `rest` and is of `type` (None: any). A None `tag`: any fact."""

    tag: str | None
    type: str | None
    rest: tuple[str, ...]


ANYTHING = Criterion(None, None, ())
UNTAGGED = ""


def criteria(query: DCBQuery | None) -> list[Criterion]:
    """A fact matches the query when it meets any one of these. The narrowest tag of an item had better come first."""
    if query is None or not query.items:
        return [ANYTHING]
    return list(dict.fromkeys(criterion for item in query.items for criterion in _of(item)))


def _of(item: DCBQueryItem) -> Iterator[Criterion]:
    if not item.types and not item.tags:
        yield ANYTHING
        return
    tag, *rest = item.tags or (UNTAGGED,)
    for type_ in item.types or (None,):
        yield Criterion(tag, type_, tuple(rest))


class Written:
    """The facts that a batch will bring, as far as a later decision of the same batch might have to see them."""

    def __init__(self) -> None:
        self._events: list[DCBEvent] = []
        self._types: dict[str, set[str]] = {}

    def add(self, events: Sequence[DCBEvent]) -> None:
        self._events.extend(events)
        for event in events:
            for tag in (UNTAGGED, *event.tags):
                if types := self._types.get(tag):
                    types.add(event.type)
                else:
                    self._types[tag] = {event.type}

    def meets(self, asked: Iterable[Criterion]) -> bool:
        return any(self._meets(criterion) for criterion in asked)

    def _meets(self, criterion: Criterion) -> bool:
        if criterion.tag is None:
            return bool(self._events)
        types = self._types.get(criterion.tag)
        if types is None or (criterion.type is not None and criterion.type not in types):
            return False
        if not criterion.rest:
            return True
        every = {*criterion.rest} if criterion.tag == UNTAGGED else {criterion.tag, *criterion.rest}
        return any(every <= set(e.tags) and criterion.type in (None, e.type) for e in self._events)
