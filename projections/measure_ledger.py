"""问责措施台账: one line per measure; whether it binds on a day is asked at reading."""

from collections.abc import Iterator
from datetime import date

from domain import accountability
from domain.accountability import (
    Appeal,
    AppealDecided,
    Binding,
    Measure,
    MeasureAppealed,
    MeasureDecided,
    MeasureKind,
    MeasureLifted,
)
from domain.fact import Recorded
from domain.ids import CaseId, MeasureId, PersonId, RegionId, UnitId
from domain.posts import Post
from projections.ledger import Ledger, one_line
from projections.line import Line


class MeasureLine(
    Line,
    table="measure_ledger",
    key=("measure",),
    found_by=(("region", "measure"), ("subject",), ("case",)),
):
    """问责措施台账

    ``binds_until`` is the first day on which nothing of it binds any more; it is lifted from ``lifted_on``.
    """

    measure: MeasureId
    case: CaseId
    subject: RegionId | UnitId | PersonId
    region: RegionId
    kind: MeasureKind
    post: Post
    reasons: str
    decided_by: PersonId
    decided_on: date
    recorded_on: date
    binds_from: date
    binds_until: date | None
    bindings: tuple[Binding, ...]
    replaces: MeasureId | None
    last_position: int
    lifted_on: date | None = None
    lifted_because: str | None = None
    lifting_reason: str | None = None
    appeals: tuple[Appeal, ...] = ()
    appeals_open: int = 0

    @property
    def as_measure(self) -> Measure:
        """The domain's measure, which tells whether it is void, under appeal, or binds on a day."""
        return Measure(
            self.measure,
            self.case,
            self.subject,
            self.region,
            self.kind,
            self.decided_by,
            self.decided_on,
            self.recorded_on,
            self.binds_from,
            self.binds_until,
            self.bindings,
            self.replaces,
            self.lifted_on,
            self.lifted_because,
            self.appeals,
        )


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.measure  # type: ignore[attr-defined]


def evolve(line: MeasureLine | None, fact: Recorded) -> MeasureLine | None:
    event = fact.event
    after = accountability.evolve(line.as_measure if line else None, fact)
    if after is None:
        return None
    if isinstance(event, MeasureDecided):
        return MeasureLine(
            measure=after.measure,
            case=after.case,
            subject=after.on,
            region=after.region,
            kind=after.kind,
            post=event.post,
            reasons=event.reasons,
            decided_by=after.decided_by,
            decided_on=after.decided_on,
            recorded_on=after.recorded_on,
            binds_from=after.binds_from,
            binds_until=after.binds_until,
            bindings=after.bindings,
            replaces=after.replaces,
            last_position=fact.position,
        )
    assert line is not None
    return line.but(
        last_position=fact.position,
        lifted_on=after.lifted_on,
        lifted_because=after.lifted_because,
        lifting_reason=event.reason if isinstance(event, MeasureLifted) else line.lifting_reason,
        appeals=after.appeals,
        appeals_open=sum(appeal.outcome is None for appeal in after.appeals),
    )


LEDGER = Ledger(
    MeasureLine,
    folds=(MeasureDecided, MeasureAppealed, AppealDecided, MeasureLifted),
    groups=groups,
    evolve=one_line(evolve),
    rests_on=(accountability,),
)
