"""办理: how the forms of a page are offered, what they carry, and how one that was filled in is performed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from adapters.asking.probing import admits, refusal_of, stand_together
from adapters.http.problems import problem_of
from adapters.logging import audit
from adapters.web.forms import Form, Typed, Unreadable, read
from adapters.web.offers import probe
from adapters.web.site import Site, Visit, see_other
from domain.command import Act, Command, Refused
from domain.fact import Past
from services.ledger import Conflict, Ledger, Outcome

Again = Callable[[Typed, int], Response]
"""Shows the page once more, with what was typed and why it was not done."""

Performance = Callable[[Ledger, Command, Act, str], Outcome]


def actions(site: Site) -> None:
    site.templates.globals["matches"] = matches


def can_act(visit: Visit) -> bool:
    """Whether anything can be done here at all: not in the past, and not with a session that only reads."""
    return not visit.as_of.past and visit.viewer.identity.scope == "full"


def admitted(visit: Visit, commands: Sequence[Command]) -> tuple[bool, ...]:
    """Of each command, whether the one who looks may ask for it now. What they stand on is read together."""
    if not commands or not can_act(visit):
        return (False,) * len(commands)
    past = stand_together(visit.application.facts, commands, visit.act, Past())
    return tuple(admits(refusal_of(command, past, visit.act)) for command in commands)


def open_to(visit: Visit, forms: Iterable[Form]) -> tuple[Form, ...]:
    """The forms that would not be refused."""
    asked = tuple(forms)
    allowed = admitted(visit, [probe(form) for form in asked])
    return tuple(form for form, may in zip(asked, allowed, strict=True) if may)


def matches(form: Form, typed: Typed | None) -> bool:
    """Whether this is the form that was filled in: the same one, on the same thing."""
    if typed is None or form.name != typed.form:
        return False
    moving = ("shown", "shown_digest", "revision")
    return all(typed.values.get(name) == value for name, value in form.fixed.items() if name not in moving)


def shown_again(forms: Iterable[Form], typed: Typed | None) -> Typed | None:
    """What was typed, for the page to show once more: beside no form, where its form is no longer offered."""
    return typed._replace(form="") if typed and not any(matches(form, typed) for form in forms) else typed


def carried(form: Form) -> tuple[str, ...]:
    """What a form carries that nobody types: what it is about."""
    asked = {field.name for field in form.fields} | {name for name, _ in form.makes}
    return tuple(name for name in form.command.model_fields if name not in asked)


def about(visit: Visit, form: Form) -> dict[str, str]:
    return {name: str(visit.posted[name]) for name in carried(form) if name in visit.posted}


def execute(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    return ledger.execute(command, act, key)


def performed(
    visit: Visit,
    form: Form,
    fixed: Mapping[str, Any],
    again: Again,
    to: Callable[[Any], str],
    perform: Performance = execute,
) -> Response:
    """Performs what was filled in, under the form's own key, and goes on to where its outcome shows."""
    try:
        command, typed = read(form, visit.posted, visit.application.evidence, fixed)
    except Unreadable as unreadable:
        return again(unreadable.typed, 422)
    act = visit.acting(command)
    try:
        outcome = perform(visit.application.ledger, command, act, typed.key)
    except (Refused, Conflict) as refusal:
        problem = problem_of(refusal)
        audit("acted", person=act.by, what=type(command).__name__, outcome=problem.code)
        return again(typed._replace(sentence=problem.sentence), problem.status_code)
    audit("acted", person=act.by, what=type(command).__name__, outcome="recorded", position=outcome.position)
    visit.settled(outcome.position)
    return see_other(f"{to(command)}?done={form.name}#top")


def done(visit: Visit, *forms: Form) -> str:
    """What was just done here, in words."""
    return next((form.title for form in forms if form.name == visit.query("done")), "")
