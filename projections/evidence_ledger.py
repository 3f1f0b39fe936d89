"""佐证台账: one line per file, with every use of it, so that a photo used twice is seen."""

from collections.abc import Iterator
from datetime import date

from domain.chains import ChainOpened, Checked
from domain.fact import Recorded, Value
from domain.ids import EvidenceId, Id, PersonId
from domain.issues import LookedBack, StepReported
from projections.ledger import Ledger
from projections.line import Line


class Use(Value):
    """使用: by which fact, on what, by whom, and on which day it was recorded."""

    position: int
    type: str
    subject: Id
    by: PersonId
    on: date


class EvidenceLine(Line, table="evidence_ledger", key=("file",), found_by=(("reused",),)):
    """佐证台账

    ``reused`` says that the same file proves something on more than one subject; size in bytes.
    """

    file: EvidenceId
    size: int
    media_type: str
    title: str
    first_used_on: date
    uses: tuple[Use, ...]
    used: int
    subjects: tuple[Id, ...]
    reused: bool


def groups(fact: Recorded) -> Iterator[str]:
    yield from dict.fromkeys(evidence.file for evidence in fact.event.evidence)  # type: ignore[attr-defined]


def evolve(lines: tuple[EvidenceLine, ...], fact: Recorded, file: str) -> tuple[EvidenceLine, ...]:
    event = fact.event
    assert isinstance(event, StepReported | ChainOpened | Checked | LookedBack)
    subject = event.issue if isinstance(event, StepReported | LookedBack) else event.subject
    use = Use(position=fact.position, type=event.type, subject=subject, by=fact.by, on=fact.on)
    if not lines:
        found = next(evidence for evidence in event.evidence if evidence.file == file)
        return (
            EvidenceLine(
                found.file, found.size, found.media_type, found.title, fact.on, (use,), 1, (subject,), reused=False
            ),
        )
    line = lines[0]
    subjects = tuple(dict.fromkeys((*line.subjects, subject)))
    return (line.but(uses=(*line.uses, use), used=line.used + 1, subjects=subjects, reused=len(subjects) > 1),)


LEDGER = Ledger(EvidenceLine, folds=(StepReported, ChainOpened, Checked, LookedBack), groups=groups, evolve=evolve)
