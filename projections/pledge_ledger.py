"""承诺书台账: one line per pledge signed, and which took its place."""

from collections.abc import Iterator
from datetime import date

from domain.fact import Recorded
from domain.ids import PersonId, PledgeId, RegionId
from domain.pledges import PledgeSigned
from domain.posts import Post
from projections.ledger import Ledger, one_line
from projections.line import Line


class PledgeLine(
    Line,
    table="pledge_ledger",
    key=("pledge",),
    found_by=(("region",), ("person",)),
):
    """承诺书台账"""

    pledge: PledgeId
    region: RegionId
    person: PersonId
    post: Post
    title: str
    promise: str
    text_digest: str
    due: date
    signed_on: date
    superseded_by: PledgeId | None = None
    superseded_on: date | None = None


def groups(fact: Recorded) -> Iterator[str]:
    match fact.event:
        case PledgeSigned(pledge=pledge, supersedes=before):
            yield pledge
            if before:
                yield before


def evolve(line: PledgeLine | None, fact: Recorded) -> PledgeLine | None:
    match fact.event:
        case PledgeSigned(pledge=pledge) if line is not None and line.pledge != pledge:
            return line.but(superseded_by=pledge, superseded_on=fact.on)
        case PledgeSigned() as event:
            return PledgeLine(
                event.pledge,
                event.region,
                event.person,
                event.post,
                event.title,
                event.promise,
                event.text_digest,
                event.due,
                fact.on,
            )
    return line


LEDGER = Ledger(PledgeLine, folds=(PledgeSigned,), groups=groups, evolve=one_line(evolve))
