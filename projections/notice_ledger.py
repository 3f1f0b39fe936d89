"""电视通报台账: one line per notice broadcast, whom it named, and whether it was taken back."""

from collections.abc import Iterator
from datetime import date

from domain.broadcasts import NOTICES, Medium, NoticeBroadcast, NoticeRetracted
from domain.fact import Recorded
from domain.ids import EditionId, Id, NoticeId, PersonId, RegionId
from domain.posts import Post
from projections.ledger import Ledger, one_line
from projections.line import Line


class NoticeLine(
    Line,
    table="notice_ledger",
    key=("notice",),
    found_by=(("region", "broadcast_on"), ("edition",)),
):
    """电视通报台账

    ``praised`` and ``criticised`` are townships and units. What was retracted keeps its line.
    """

    notice: NoticeId
    region: RegionId
    medium: Medium
    outlet: str
    edition: EditionId | None
    praised: tuple[Id, ...]
    criticised: tuple[Id, ...]
    matter: str
    post: Post
    broadcast_on: date
    recorded_by: PersonId
    recorded_on: date
    retracted_on: date | None = None
    retracted_by: PersonId | None = None
    retracted_for: str | None = None


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.notice  # type: ignore[attr-defined]


def evolve(line: NoticeLine | None, fact: Recorded) -> NoticeLine | None:
    match fact.event:
        case NoticeBroadcast() as event:
            return NoticeLine(
                event.notice,
                event.region,
                event.medium,
                event.outlet,
                event.edition,
                event.praised,
                event.criticised,
                event.matter,
                event.post,
                event.broadcast_on,
                fact.by,
                fact.on,
            )
        case NoticeRetracted(retracted_on=day, reason=reason) if line:
            return line.but(retracted_on=day, retracted_by=fact.by, retracted_for=reason)
    return line


LEDGER = Ledger(NoticeLine, folds=NOTICES, groups=groups, evolve=one_line(evolve))
