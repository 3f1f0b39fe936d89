"""退出台账: one line per exit proposed, of a household, a village or a county, with the steps it has come through."""

from collections.abc import Iterator
from datetime import date

from domain import chains, exits
from domain.chains import CHAIN, Chain, ChainOpened, Phase
from domain.exits import EXIT, Exit, ExitRuled, ExitStepTaken, ExitVoided
from domain.fact import Recorded, Value
from domain.ids import ChainId, HouseholdId, ObjectionId, PersonId, RegionId
from domain.policy import ExitStep, ObjectKind, Stage
from projections.ledger import Ledger, one_line
from projections.line import Line


class Taken(Value):
    """程序"""

    step: ExitStep
    on: date


class ExitLine(
    Line,
    table="exit_ledger",
    key=("chain",),
    found_by=(("region", "chain"), ("subject",), ("object", "standing"), ("phase", "region")),
):
    """退出台账

    ``next_step`` is what the rule asks for before the notice; ``standing`` says that it has exited by this exit, and
    nobody has voided it. ``signed`` lists who signed, in the order of stages and seats.
    """

    chain: ChainId
    subject: HouseholdId | RegionId
    object: ObjectKind
    region: RegionId
    round: int
    statement: str
    applicant: PersonId
    opened_on: date
    stages: tuple[Stage, ...]
    notice_days: int
    phase: Phase
    last_position: int
    steps: tuple[ExitStep, ...] = ()
    ruling: bool = False
    taken: tuple[Taken, ...] = ()
    next_step: ExitStep | None = None
    present: int | None = None
    in_favour: int | None = None
    checker: PersonId | None = None
    checked_on: date | None = None
    notice_until: date | None = None
    objections: tuple[ObjectionId, ...] = ()
    signed: tuple[PersonId, ...] = ()
    signed_at: tuple[str, ...] = ()
    """``stage.seat`` of each of ``signed``."""
    ruled: bool | None = None
    ruling_document: str | None = None
    decided_on: date | None = None
    announced_on: date | None = None
    voided_on: date | None = None
    voided_for: str | None = None
    voided_by: PersonId | None = None
    standing: bool = False
    last_reason: str | None = None


def kind_of(subject: HouseholdId | RegionId) -> ObjectKind:
    if isinstance(subject, HouseholdId):
        return "household"
    return "village" if subject.level == "village" else "county"


def groups(fact: Recorded) -> Iterator[str]:
    yield fact.event.chain  # type: ignore[attr-defined]


def evolve(line: ExitLine | None, fact: Recorded) -> ExitLine | None:
    event = fact.event
    if isinstance(event, ChainOpened):
        return opened(event, fact)
    if line is None:
        return None
    chain, exit = chains.evolve(chain_of(line), fact), exits.evolve(exit_of(line), fact)
    assert chain is not None
    assert exit is not None
    line = line.but(
        last_position=fact.position,
        phase=chain.phase,
        checker=chain.checker,
        checked_on=chain.checked_on,
        notice_until=chain.notice_until,
        objections=tuple(sorted(chain.objections)),
        signed=tuple(chain.signed[place] for place in sorted(chain.signed)),
        signed_at=tuple(f"{stage}.{seat}" for stage, seat in sorted(chain.signed)),
        steps=exit.steps,
        ruling=exit.ruling,
        taken=tuple(Taken(step=step, on=day) for step, day in exit.taken.items()),
        next_step=exit.next_step,
        ruled=exit.ruled,
        decided_on=exit.decided_on,
        announced_on=exit.announced_on,
        voided_on=exit.voided_on,
        standing=exit.stands,
        last_reason=getattr(event, "reason", None) or line.last_reason,
    )
    match event:
        case ExitStepTaken(present=int() as present, in_favour=in_favour):
            return line.but(present=present, in_favour=in_favour)
        case ExitRuled(document=document):
            return line.but(ruling_document=document)
        case ExitVoided(reason=reason):
            return line.but(voided_for=reason, voided_by=fact.by)
    return line


def opened(event: ChainOpened, fact: Recorded) -> ExitLine | None:
    if event.purpose != "exit" or not isinstance(event.subject, HouseholdId | RegionId):
        return None
    return ExitLine(
        chain=event.chain,
        subject=event.subject,
        object=kind_of(event.subject),
        region=event.region,
        round=event.round,
        statement=event.statement,
        applicant=fact.by,
        opened_on=fact.on,
        stages=event.stages,
        notice_days=event.notice_days,
        phase=Phase.CHECK,
        last_position=fact.position,
    )


def chain_of(line: ExitLine) -> Chain:
    places = (tuple(map(int, place.split("."))) for place in line.signed_at)
    return Chain(
        line.chain,
        line.subject,
        line.region,
        line.round,
        line.stages,
        line.notice_days,
        line.applicant,
        line.opened_on,
        ended=line.phase if line.phase.over and line.phase is not Phase.COMPLETE else None,
        checked=line.checked_on is not None,
        checker=line.checker,
        checked_on=line.checked_on,
        notice_until=line.notice_until,
        objections=frozenset(line.objections),
        signed={(stage, seat): who for (stage, seat), who in zip(places, line.signed, strict=True)},
    )


def exit_of(line: ExitLine) -> Exit:
    return Exit(
        line.chain,
        line.subject,
        line.steps,
        line.ruling,
        taken={one.step: one.on for one in line.taken},
        ruled=line.ruled,
        decided_on=line.decided_on,
        announced_on=line.announced_on,
        voided_on=line.voided_on,
    )


LEDGER = Ledger(ExitLine, folds=(*CHAIN, *EXIT), groups=groups, evolve=one_line(evolve), rests_on=(chains, exits))
