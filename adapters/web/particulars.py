"""个人信息: who lives in a household, masked; one field whole for a stated purpose; who has looked; and forgetting.

Nothing here stands in an address or may be kept by a browser. Every look leaves its line before anything is shown.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError
from starlette.responses import Response

from adapters.http.problems import Problem, problem_of
from adapters.logging import audit
from adapters.vault import access
from adapters.vault.store import Look
from adapters.web.actions import about, can_act, done, open_to, performed, shown_again
from adapters.web.formats import typeset
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.site import Site, Visit
from domain import vault
from domain.command import Act, Command, Refused
from domain.fact import Past
from domain.households import Household, fold
from domain.ids import HouseholdId, Id, MemberId
from domain.text import ShortText
from domain.vault import Disclosure, EraseParticulars, Item, ReleaseParticulars, RestrictParticulars
from services.ledger import Ledger, Outcome

LOOKS: Final = {"masked": "查看脱敏内容", "disclosed": "查看一项原文", "compared": "名册比对"}
RECENT: Final = 20
"""The looks among which one's own is found that was just left."""

PURPOSE: Final = TypeAdapter[str](ShortText)
DISCLOSE: Final = "disclose"
FORMS: Final = {
    form.name: form
    for form in (
        Form(
            "restrict",
            RestrictParticulars,
            "限制处理",
            "限制处理",
            (
                Field("erase_from", "保存到哪一天(从这天起可以删除)", "date"),
                Field("reason", "理由", hint="限制后谁也不能查看、不再比对;期满后删除"),
            ),
            tone="grave",
        ),
        Form("release", ReleaseParticulars, "解除限制", "解除限制", (Field("reason", "理由"),)),
        Form(
            "erase",
            EraseParticulars,
            "删除个人信息",
            "永久删除",
            (),
            tone="grave",
            note=typeset("保存期已满。删除后内容和盐值都不能恢复;事实中的承诺值和证明保留。"),
        ),
    )
}


class Opened(NamedTuple):
    """披露: one field whole, where it is committed to, and the line that the look has left."""

    disclosure: Disclosure
    item: Item
    position: int
    look: Look | None


def particulars(site: Site) -> None:
    site.page("/households/{household}/particulars", particulars_page)
    site.page("/households/{household}/particulars/{form}", act_on_particulars, method="POST")
    site.templates.globals |= {"items": {item.value: item.label for item in Item}, "look_kinds": LOOKS}


def particulars_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200, opened: Opened | None = None) -> Response:
    """What the one who looks may see of it; refused to whoever may see nothing."""
    household = HouseholdId(visit.request.path_params["household"])
    application, act = visit.application, visit.act
    past = application.facts.read(vault.looking_stands_on(household, act)).facts
    try:
        state = fold(past, household)
    except Refused as refusal:
        raise Problem(404, refusal.code, refusal.sentence) from refusal
    forms = offered(visit, household)
    members: Mapping[MemberId, Mapping[str, str | None]] = {}
    obstacle = ""
    try:
        members = access.masked(application.facts, application.vault, household, act)
    except Refused as refusal:
        obstacle = refusal.sentence
        if refusal.code == "no_authority" and not forms:
            raise Problem(403, refusal.code, refusal.sentence) from refusal
    looks = looks_at(visit, past, household)
    ids: set[Id | None] = {state.region, *(look.viewer for look in looks or ())}
    return visit.render(
        "particulars.html",
        status,
        household=household,
        members=members,
        kept=vault.protection(past, household),
        obstacle=obstacle,
        disclose=() if obstacle or not can_act(visit) else asked(past, act, state, members),
        opened=opened,
        looks=looks,
        forms=forms,
        names=visit.names(ids),
        typed=typed if typed and typed.form == DISCLOSE else shown_again(forms, typed),
        done=done(visit, *FORMS.values()),
    )


def offered(visit: Visit, household: HouseholdId) -> tuple[Form, ...]:
    fixed = {"household": str(household)}
    probes = {"restrict": {"erase_from": visit.today}}
    return open_to(visit, (form._replace(fixed=fixed, probe=probes.get(form.name, {})) for form in FORMS.values()))


def looks_at(visit: Visit, past: Past, household: HouseholdId) -> list[Look] | None:
    """Who looked, for those who may know it."""
    try:
        vault.may_audit(past, visit.act, household)
    except Refused:
        return None
    return access.looks(visit.application.facts, visit.application.vault, household, visit.act)


def asked(past: Past, act: Act, household: Household, members: Mapping[MemberId, Any]) -> tuple[Field, ...]:
    """What is asked before a field is shown whole: of whom, which of those one may be shown, and what for."""
    allowed = tuple((item.value, item.label) for item in Item if may_be_shown(past, act, household, item))
    if not allowed or not members:
        return ()
    people: Choices = tuple((str(one), f"成员{one[-6:]} {fields.get('name') or ''}") for one, fields in members.items())
    return (
        Field("member", "哪名成员", "choice", choices=people),
        Field("item", "哪一项", "choice", choices=allowed),
        Field("purpose", "用途", "line", hint="例如:核对参保身份;用途、时间和查看人都会留下记录"),
    )


def may_be_shown(past: Past, act: Act, household: Household, item: Item) -> bool:
    try:
        vault.may_look(past, act, household.household, item)
    except Refused:
        return False
    return True


def act_on_particulars(visit: Visit) -> Response:
    name = visit.request.path_params["form"]
    if name == DISCLOSE:
        return disclose(visit)
    form = FORMS.get(name)
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    household = HouseholdId(visit.request.path_params["household"])

    def perform(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
        if isinstance(command, EraseParticulars):
            return access.erase(ledger, visit.application.vault, household, act, key)
        return ledger.execute(command, act, key)

    return performed(
        visit,
        form,
        {**about(visit, form), "household": household},
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/households/{household}/particulars",
        perform,
    )


def disclose(visit: Visit) -> Response:
    """One field, in the answer itself: it goes into no address, and the page that shows it is gone with the next."""
    values = {name: value for name, value in visit.posted.items() if isinstance(value, str)}
    typed = Typed(DISCLOSE, values)
    household = HouseholdId(visit.request.path_params["household"])
    errors = {}
    member, item = values.get("member", ""), next((one for one in Item if one.value == values.get("item")), None)
    if not member.startswith(f"{MemberId.kind}-"):
        errors["member"] = "请选择哪名成员"
    if item is None:
        errors["item"] = "请选择哪一项"
    try:
        purpose = PURPOSE.validate_python(values.get("purpose", ""))
    except ValidationError as error:
        problem = problem_of(error)
        errors["purpose"] = problem.where[0].message if values.get("purpose", "").strip() else "请填写用途"
    if errors or item is None:
        return shown(visit, typed._replace(errors=errors, sentence="有几处需要改正,请看标红的地方"), 422)
    application = visit.application
    try:
        found = access.disclose(
            application.facts, application.vault, household, MemberId(member), item, purpose, visit.act
        )
    except Refused as refusal:
        audit("acted", person=visit.act.by, what="Disclose", outcome=refusal.code)
        return shown(visit, typed._replace(sentence=refusal.sentence), 422)
    recent = application.vault.looks(household, RECENT)
    mine = (one for one in recent if (one.viewer, one.what, one.member) == (visit.act.by, "disclosed", member))
    return shown(visit, opened=Opened(found.disclosure, item, found.position, next(mine, None)))
