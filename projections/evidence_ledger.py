"""佐证台账: one line per file and what it proves something on, so that a photo used twice is seen."""

from collections.abc import Iterator
from datetime import date
from functools import cache

from domain.books import HelpReported, HouseholdSurveyed
from domain.chains import ChainOpened, Checked
from domain.evidence import Evidence
from domain.exits import EvaluationRecorded, ExitRuled, ExitStepTaken, ExitVoided
from domain.fact import Event, Recorded
from domain.ids import EvidenceId, HouseholdId, IssueId, PersonId, RegionId
from domain.indicators import IndicatorAssessed
from domain.issues import LookedBack, StepReported
from domain.monitoring import RiskReleased
from domain.sweeps import HouseholdSwept
from projections.ledger import Ledger
from projections.line import Line


class EvidenceLine(
    Line,
    table="evidence_ledger",
    key=("file", "subject"),
    found_by=(("subject",), ("reused", "file")),
):
    """佐证台账

    ``uses`` counts how often the file was given for this subject, ``reused`` says that it was given for another one
    too; size in bytes. The positions are those of the first and the last fact that names it here.
    """

    file: EvidenceId
    subject: IssueId | HouseholdId | RegionId
    size: int
    media_type: str
    title: str
    first_used_by: PersonId
    first_used_on: date
    first_position: int
    last_position: int
    uses: int = 1
    reused: bool = False


def groups(fact: Recorded) -> Iterator[str]:
    yield from dict.fromkeys(evidence.file for evidence in fact.event.evidence)  # type: ignore[attr-defined]


@cache
def _named(kind: type[Event]) -> tuple[str, ...]:
    # Asking a fact for a field it does not have takes as long as folding it.
    return tuple(name for name in ("issue", "household", "subject", "region") if name in kind.model_fields)


def subject_of(event: Event) -> IssueId | HouseholdId | RegionId:
    """What the fact proves something on: an issue where it names one, or else a household, a village or a county."""
    found = (getattr(event, name) for name in _named(type(event)))
    subject = next(one for one in found if one is not None)
    assert isinstance(subject, IssueId | HouseholdId | RegionId)
    return subject


def evolve(lines: tuple[EvidenceLine, ...], fact: Recorded, file: str) -> tuple[EvidenceLine, ...]:
    event = fact.event
    subject = subject_of(event)
    if any(line.subject == subject for line in lines):
        return tuple(
            line.but(uses=line.uses + 1, last_position=fact.position) if line.subject == subject else line
            for line in lines
        )
    given: tuple[Evidence, ...] = event.evidence  # type: ignore[attr-defined]
    found = next(evidence for evidence in given if evidence.file == file)
    new = EvidenceLine(
        found.file,
        subject,
        found.size,
        found.media_type,
        found.title,
        fact.by,
        fact.on,
        fact.position,
        fact.position,
        reused=bool(lines),
    )
    return (*(line if line.reused else line.but(reused=True) for line in lines), new)


LEDGER = Ledger(
    EvidenceLine,
    folds=(
        StepReported,
        ChainOpened,
        Checked,
        LookedBack,
        HouseholdSurveyed,
        HelpReported,
        IndicatorAssessed,
        HouseholdSwept,
        RiskReleased,
        ExitStepTaken,
        ExitRuled,
        ExitVoided,
        EvaluationRecorded,
    ),
    groups=groups,
    evolve=evolve,
)
