"""问题卷宗: everything of one issue, folded from its facts, as its page shows it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from adapters.web.formats import day, span
from adapters.web.names import Names
from adapters.web.words import Told, claimed_on, tell, title
from domain import chains, issues
from domain.chains import Chain, ChainOpened, Phase, SignedOff
from domain.command import About
from domain.fact import Past, Recorded
from domain.ids import AppointmentId, EscalationId, Id, IssueId, StepId
from domain.issues import (
    ClaimedByWorkbook,
    Escalated,
    EscalationAnswered,
    Issue,
    IssueRegistered,
    Step,
    StepPlanned,
    StepReported,
)
from domain.policy import Seat, Stage
from domain.posts import TENURE, Tenure, tenures
from services.ledger import FactStore

LATE_DAYS = 3
"""From so many days on, an entry is pointed out as 补录; before that its two dates stand side by side."""


@dataclass(frozen=True)
class Entry:
    """时间线上的一条: a fact in words, who recorded it in which posts, and what an inspector should notice."""

    fact: Recorded
    title: str
    told: Told
    posts: tuple[Tenure, ...]
    marks: tuple[str, ...]

    @property
    def apart(self) -> bool:
        """Whether it was recorded noticeably later than it was decided."""
        return self.fact.recorded_at - self.fact.at > timedelta(minutes=1)


def timeline(facts: Sequence[Recorded], held: Mapping[AppointmentId, Tenure], names: Names) -> list[Entry]:
    """Every fact in order."""
    asked = {fact.event.escalation: fact.event for fact in facts if isinstance(fact.event, Escalated)}
    return [
        Entry(fact, title(fact.event), tell(fact.event, names), posts_of(held, fact), tuple(marks(fact, asked)))
        for fact in facts
    ]


def posts_of(held: Mapping[AppointmentId, Tenure], fact: Recorded) -> tuple[Tenure, ...]:
    """The posts that whoever recorded it held on that day."""
    return tuple(tenure for tenure in held.values() if tenure.person == fact.by and tenure.covers(fact.on))


def held_by_writers(store: FactStore, facts: Iterable[Recorded]) -> Mapping[AppointmentId, Tenure]:
    """Every post ever held by those who recorded these facts."""
    writers = sorted({fact.by for fact in facts})
    return tenures(store.read(tuple(About(writer, TENURE) for writer in writers)).facts.of(*TENURE).events)


def marks(fact: Recorded, asked: Mapping[EscalationId, Escalated]) -> Iterable[str]:
    said = claimed_on(fact.event)
    if said and (fact.on - said).days >= LATE_DAYS:
        yield f"补录:事后{(fact.on - said).days}天才记录"
    if isinstance(fact.event, EscalationAnswered) and (question := asked.get(fact.event.escalation)):
        over = fact.recorded_at - question.answer_due
        if over > timedelta():
            yield f"答复超时{span(over)}"


@dataclass(frozen=True)
class Progress:
    """A step of a round, and every report on it."""

    step: Step
    planned: StepPlanned
    reports: tuple[Recorded, ...] = ()


@dataclass(frozen=True)
class Question:
    """An escalation, and its answer where there is one."""

    asked: Recorded
    event: Escalated
    answered: Recorded | None = None


@dataclass(frozen=True)
class Request:
    """An extension asked for, and what was decided."""

    asked: Recorded
    decided: Recorded | None = None


@dataclass(frozen=True)
class SeatView:
    """席位: who may sign here, and the signature that counts, if there is one."""

    seat: Seat
    signed: Recorded | None


@dataclass(frozen=True)
class StageView:
    """环节: ``state`` is ``done``, ``now`` or ``waiting``."""

    label: str
    state: str
    detail: str = ""
    seats: tuple[SeatView, ...] = ()
    stage: Stage | None = None


@dataclass(frozen=True)
class ChainView:
    """签批链: drawn from application to 销号."""

    chain: Chain
    opened: Recorded
    stages: tuple[StageView, ...]


@dataclass
class Dossier:
    """卷宗"""

    issue: Issue
    registered: IssueRegistered
    past: Past
    claim: ClaimedByWorkbook | None = None
    progress: dict[StepId, Progress] = field(default_factory=dict)
    questions: dict[EscalationId, Question] = field(default_factory=dict)
    requests: dict[Id, Request] = field(default_factory=dict)
    chains: list[ChainView] = field(default_factory=list)
    chain: Chain | None = None
    """The application now under way."""
    spent: int = 0

    @property
    def rounds(self) -> list[tuple[int, list[Progress]]]:
        """The steps by round, the present round first."""
        numbers = sorted({each.step.round for each in self.progress.values()}, reverse=True)
        return [(n, [each for each in self.progress.values() if each.step.round == n]) for n in numbers]


def dossier(past: Past, issue: IssueId) -> Dossier:
    """Everything of an issue after these facts, which are all those that carry its tag. Raises Refused
    ``unknown_issue``."""
    state = issues.fold(past, issue)
    registered = next(event for event in past.events if isinstance(event, IssueRegistered) and event.issue == issue)
    found = Dossier(state, registered, past)
    for fact in past:
        _follow(found, fact)
    for opened in past.of(ChainOpened):
        assert isinstance(opened.event, ChainOpened)
        chain = chains.fold(past, opened.event.chain)
        if chain is not None:
            found.chains.append(ChainView(chain, opened, drawn(chain, past)))
    found.chains.reverse()
    found.chain = next((each.chain for each in found.chains if each.chain.chain == state.chain), None)
    return found


def _follow(found: Dossier, fact: Recorded) -> None:
    match fact.event:
        case ClaimedByWorkbook() as claim:
            found.claim = claim
        case StepPlanned(step=step) as planned:
            found.progress[step] = Progress(found.issue.steps[step], planned)
        case StepReported(step=step, spent_funds=spent):
            known = found.progress[step]
            found.progress[step] = Progress(known.step, known.planned, (*known.reports, fact))
            found.spent += spent or 0
        case Escalated() as asked:
            found.questions[asked.escalation] = Question(fact, asked)
        case EscalationAnswered(escalation=escalation):
            known_question = found.questions[escalation]
            found.questions[escalation] = Question(known_question.asked, known_question.event, fact)
        case issues.ExtensionRequested(extension=extension):
            found.requests[extension] = Request(fact)
        case issues.ExtensionGranted(extension=extension) | issues.ExtensionDenied(extension=extension):
            found.requests[extension] = Request(found.requests[extension].asked, fact)


def drawn(chain: Chain, past: Past) -> tuple[StageView, ...]:
    """The chain as stages: application, check, notice where one is asked, each level's signatures, 销号."""
    reached = _place(chain)
    labels = ["申请", "现场核查", *(["公示"] if chain.notice_days else [])]
    details = [
        day(chain.opened_on),
        day(chain.checked_on) if chain.checked_on else "",
        *([_notice(chain)] if chain.notice_days else []),
    ]
    plain = [
        StageView(label, _state(number, reached, chain), detail)
        for number, (label, detail) in enumerate(zip(labels, details, strict=True))
    ]
    signatures = {
        (fact.event.stage, fact.event.seat): fact
        for fact in past
        if isinstance(fact.event, SignedOff)
        and fact.event.chain == chain.chain
        and chain.signed.get((fact.event.stage, fact.event.seat)) == fact.by
    }
    signing = [
        StageView(
            f"第{number + 1}级签字",
            _state(len(labels) + number, reached, chain),
            seats=tuple(SeatView(seat, signatures.get((number, n))) for n, seat in enumerate(stage.seats)),
            stage=stage,
        )
        for number, stage in enumerate(chain.stages)
    ]
    return (*plain, *signing, StageView("销号备案", _state(len(labels) + len(signing), reached, chain)))


def _place(chain: Chain) -> int:
    """The number of the stage that is not done yet."""
    before = 2 + bool(chain.notice_days)
    if not chain.checked:
        return 1
    if chain.notice_days and chain.notice_until is None:
        return 2
    if chain.stage is not None:
        return before + chain.stage
    return before + len(chain.stages) + 1


def _state(number: int, reached: int, chain: Chain) -> str:
    if number < reached:
        return "done"
    return "now" if number == reached and not chain.phase.over else "waiting"


def _notice(chain: Chain) -> str:
    return f"到{day(chain.notice_until)}止" if chain.notice_until else f"须公示{chain.notice_days}天"


def phase_words(chain: Chain, today: date) -> str:
    """Where it stands on a day: while a notice still runs it is 公示中, though signing comes next."""
    if chain.phase is Phase.SIGNING and not chain.notice_over(today):
        return Phase.ON_NOTICE.label
    return chain.phase.label
