"""任职台账: one line per appointment."""

from collections.abc import Iterator
from datetime import date

from domain import posts
from domain.fact import Recorded
from domain.ids import AppointmentId, PersonId, RegionId, UnitId
from domain.posts import TENURE, Post, Relieved, Tenure
from projections.ledger import Ledger, one_line
from projections.line import Line


class PostLine(
    Line,
    table="post_ledger",
    key=("appointment",),
    found_by=(("region", "post"), ("person",), ("unit",)),
):
    """任职台账

    ``until`` is the first day on which the post is no longer held.
    """

    appointment: AppointmentId
    person: PersonId
    post: Post
    region: RegionId
    unit: UnitId | None
    since: date
    until: date | None
    relieved_for: str | None = None

    @property
    def tenure(self) -> Tenure:
        return Tenure(self.appointment, self.person, self.post, self.region, self.unit, self.since, self.until)


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.appointment  # type: ignore[attr-defined]


def evolve(line: PostLine | None, fact: Recorded) -> PostLine | None:
    event = fact.event
    if isinstance(event, Relieved):
        return line.but(until=event.on, relieved_for=event.reason) if line else None
    (tenure,) = posts.tenures((event,)).values()
    return PostLine(*tenure)


LEDGER = Ledger(PostLine, folds=TENURE, groups=groups, evolve=one_line(evolve), rests_on=(posts,))
