"""可办事项: what a reader may do with an issue now.

Nobody keeps a second list of who may do what. Each form that makes sense on the issue as it stands is put to the very
decision that will be asked, with placeholders for what will be typed, and offered unless it would be refused.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from adapters.asking.probing import PLACEHOLDER, admits, refusal_of, stand_together
from adapters.web.dossier import Dossier
from adapters.web.formats import day
from adapters.web.forms import FORMS, Choices, Form
from domain.chains import Chain, Phase
from domain.command import Act, Command
from domain.ids import Id, PersonId, UnitId
from domain.issues import Issue, Status
from domain.policy import Severity
from domain.posts import Tenure
from domain.signoff import SignOff, shown_of
from services.ledger import FactStore


class Offers(NamedTuple):
    """可办事项: the forms a reader may use, and why a signer may not sign yet."""

    forms: tuple[Form, ...]
    waiting: str = ""


def offers(store: FactStore, found: Dossier, act: Act, held: Sequence[Tenure]) -> Offers:
    """What the one who acts may do with the issue."""
    asked = [(form, probe(form, issue=found.issue.issue)) for form in sensible(found, act.today)]
    past = stand_together(store, [command for _, command in asked], act, found.past)
    allowed, waiting = [], ""
    for form, command in asked:
        refusal = refusal_of(command, past, act)
        if admits(refusal):
            allowed.append(form)
        elif refusal and isinstance(command, SignOff) and found.chain and has_seat(found.chain, held):
            waiting = refusal.sentence
    return Offers(tuple(allowed), waiting)


def probe(form: Form, **given: Id) -> Command:
    """The command of a form, with placeholders for what will be typed."""
    made = {name: kind.derived("probe", *given.values()) for name, kind in form.makes}
    typed = {field.name: PLACEHOLDER for field in form.fields if field.kind in ("prose", "line") and field.required}
    return form.command.model_validate({**given, **typed, **made, **form.fixed, **form.probe})


def has_seat(chain: Chain, held: Sequence[Tenure]) -> bool:
    """Whether one of the posts gives a seat anywhere in the chain."""
    return any(
        tenure.post in seat.posts and tenure.region == chain.region.at(stage.level)
        for stage in chain.stages
        for seat in stage.seats
        for tenure in held
    )


def sensible(found: Dossier, today: date) -> Iterator[Form]:
    """The forms that the issue's state calls for, with what the page itself says filled in."""
    issue = found.issue
    if not issue.status.open:
        if issue.closed_on:
            yield FORMS["look-back"]._replace(probe={"holds": True, "looked_on": max(today, issue.closed_on)})
        return
    for escalation, asked in issue.escalations.items():
        fixed = {"escalation": str(escalation)}
        yield FORMS["answer-escalation"]._replace(fixed=fixed, note=f"上报事由:{asked.matter}")
    for extension, (due, _) in issue.extensions.items():
        for name in ("grant-extension", "deny-extension"):
            yield FORMS[name]._replace(fixed={"extension": str(extension)}, note=f"申请延到{day(due)}")
    yield from _in_review(found.chain, found, today) if found.chain else _rectifying(issue, today)
    for to in ("township", "county"):
        yield FORMS[f"escalate-{to}"]._replace(fixed={"to": to})


def _rectifying(issue: Issue, today: date) -> Iterator[Form]:
    open_steps = [step for step in issue.present_steps if step.done_on is None]
    if open_steps:
        choices: Choices = tuple((step.step, step.measure[:60]) for step in open_steps)
        placeholders = {"step": open_steps[0].step, "done": False, "occurred_on": today}
        yield FORMS["report-step"].asking("step", choices=choices)._replace(probe=placeholders)
    if issue.status is Status.DONE:
        yield FORMS["apply"]
    yield FORMS["plan-step"]
    yield (
        FORMS["assign"]
        ._replace(
            probe={
                "unit": issue.unit or UnitId("unit-probe"),
                "leader": issue.leader or PersonId("person-probe"),
                "person": issue.person or PersonId("person-probe"),
                "reason": PLACEHOLDER,
            }
        )
        .asking("reason", required=issue.unit is not None)
    )
    if issue.deadline.due or issue.deadline.precision != "unstated":
        later = max(issue.deadline.due or today, today) + timedelta(days=1)
        yield FORMS["request-extension"]._replace(probe={"due": later})
    other = next(severity for severity in Severity if severity is not issue.severity)
    left: Choices = tuple((s.value, s.label) for s in Severity if s is not issue.severity)
    yield FORMS["regrade"].asking("severity", choices=left)._replace(probe={"severity": other})
    yield FORMS["withdraw"]


def _in_review(chain: Chain, found: Dossier, today: date) -> Iterator[Form]:
    mine = {"chain": str(chain.chain)}

    def on_chain(name: str, fixed: dict[str, str] | None = None, **placeholders: Any) -> Form:
        return FORMS[name]._replace(fixed={**mine, **(fixed or {})}, probe=placeholders)

    shown = shown_of(found.past)
    seen = {"shown": str(shown.position), "shown_digest": shown.digest}
    if chain.phase is Phase.SIGNING:
        yield on_chain("sign", seen)
        yield on_chain("refuse", seen)
    if chain.phase is Phase.CHECK:
        yield on_chain("check", passed=True, checked_on=today)
    if chain.phase is Phase.NOTICE:
        yield on_chain("post-notice", posted_on=today, place=PLACEHOLDER)
    if chain.notice_until:
        yield on_chain("raise-objection", raised_on=min(today, chain.notice_until))
    if chain.objections:
        waiting = sorted(chain.objections)
        raised: dict[Id, str] = {
            getattr(fact.event, "objection"): getattr(fact.event, "matter")  # noqa: B009
            for fact in found.past
            if hasattr(fact.event, "objection") and hasattr(fact.event, "matter")
        }
        choices: Choices = tuple((one, raised[one][:60]) for one in waiting)
        yield on_chain("settle-objection", objection=waiting[0], upheld=False).asking("objection", choices=choices)
    yield on_chain("send-back", seen, to="rectification").asking("to", choices=tuple(stages_behind(chain)))
    yield on_chain("withdraw-application")


def stages_behind(chain: Chain) -> Iterator[tuple[str, str]]:
    """Where an application can be sent back to: what has been gone through."""
    yield "rectification", "退回整改(本次申请终止)"
    if chain.checked:
        yield "check", "重新现场核查"
    if chain.notice_until:
        yield "notice", "重新公示"
    reached = max((stage for stage, _ in chain.signed), default=-1)
    for number in range(reached + 1):
        yield f"signing:{number}", f"第{number + 1}级重新签字({chain.stages[number].label})"
