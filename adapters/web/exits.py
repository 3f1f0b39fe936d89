"""退出: every exit, and the page of one: what its signers are shown and what the one who looks may do with it."""

from collections.abc import Iterator
from typing import Any, Final

from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, done, open_to, performed, shown_again
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.forms import SIGNATURE, Field, Form, Typed, signing
from adapters.web.keys import signable
from adapters.web.names import named_in, names_of
from adapters.web.offers import stages_behind
from adapters.web.site import Site, Visit
from adapters.web.villages import with_indicators
from domain import chains, exiting
from domain.chains import Chain, ObjectionRaised, Phase
from domain.command import Refused
from domain.ids import ChainId, Id, ObjectionId
from domain.indicators import kind_of
from domain.policy import ExitStep
from projections.exit_ledger import ExitLine
from projections.reading import Query, Where, count, find, page
from services.exits import Showing, show

PAGE: Final = 30
OBJECTS: Final = {"household": "贫困户", "village": "贫困村", "county": "贫困县"}
_STEPS: Final = tuple((step.value, step.label) for step in ExitStep if step is not ExitStep.VERIFICATION)
_PHOTOS: Final = Field("evidence", "佐证材料", "files", required=False)

FORMS: Final = {
    form.name: form
    for form in (
        signing(exiting.SignExit),
        Form(
            "step",
            exiting.TakeExitStep,
            "办理退出程序",
            "保存",
            (
                Field("step", "哪一步", "choice", choices=_STEPS),
                Field("passed", "通过了吗", "yesno", hint="不通过则本次申请终止"),
                Field("present", "到会人数", "number", required=False, hint="民主评议须写"),
                Field("in_favour", "赞成人数", "number", required=False, hint="民主评议须写"),
                Field("findings", "情况", hint="不写农户姓名、身份证号、电话"),
                Field("taken_on", "办理日期", "date"),
                _PHOTOS,
            ),
        ),
        Form(
            "check",
            exiting.VerifyExit,
            "核实",
            "提交核实结果",
            (
                Field("passed", "核实通过吗", "yesno", hint="不通过则继续帮扶"),
                Field("findings", "核实情况", hint="不写农户姓名、身份证号、电话"),
                Field("checked_on", "核实日期", "date"),
                _PHOTOS,
            ),
        ),
        Form(
            "notice",
            exiting.PostExitNotice,
            "公示",
            "记录公示",
            (Field("posted_on", "公示日期", "date"), Field("place", "公示地点", "line")),
        ),
        Form(
            "object",
            exiting.ObjectToExit,
            "记录公示异议",
            "记录异议",
            (Field("matter", "异议内容", hint="不写提出人的姓名和电话"), Field("raised_on", "提出日期", "date")),
            makes=(("objection", ObjectionId),),
        ),
        Form(
            "settle",
            exiting.SettleExitObjection,
            "处理公示异议",
            "提交处理结果",
            (
                Field("objection", "哪一项异议", "choice"),
                Field("upheld", "异议是否成立", "yesno", hint="成立则本次申请终止,继续帮扶"),
                Field("answer", "处理意见"),
            ),
        ),
        Form(
            "send-back",
            exiting.SendBackExit,
            "退回",
            "退回",
            (Field("to", "退回到哪个环节", "stage"), Field("reason", "退回理由"), SIGNATURE),
            tone="grave",
        ),
        Form("refuse", exiting.RefuseExit, "拒签", "拒绝签字", (Field("reason", "拒签理由"), SIGNATURE), tone="grave"),
        Form("withdraw", exiting.WithdrawExit, "撤回申请", "撤回", (Field("reason", "撤回理由"),), tone="grave"),
        Form(
            "ruling",
            exiting.RecordRuling,
            "记录省级审定",
            "记录审定",
            (
                Field("approved", "同意退出吗", "yesno"),
                Field("document", "审定文件", "line", hint="文件名称和文号"),
                Field("ruled_on", "审定日期", "date"),
                _PHOTOS,
            ),
        ),
        Form(
            "announce",
            exiting.AnnounceExit,
            "公告退出",
            "记录公告",
            (Field("announced_on", "公告日期", "date"), Field("place", "公告地点", "line")),
        ),
        Form(
            "void",
            exiting.VoidExit,
            "撤销退出",
            "撤销",
            (Field("reason", "撤销理由"), Field("found_on", "发现日期", "date"), _PHOTOS),
            tone="grave",
        ),
    )
}
"""What can be done with an exit, in the order in which it is offered."""


STATES: Final = {
    "open": "办理中",
    "standing": "已退出",
    "ruling": "待省级审定",
    "announcing": "待公告",
    "voided": "已撤销",
}


def exits(site: Site) -> None:
    site.page("/exits", list_page)
    site.page("/exits/{chain}", exit_page)
    site.page("/exits/{chain}/{form}", act_on_exit, method="POST")


def in_state(state: str) -> tuple[Where, ...]:
    """Which exits are meant. An open one is still on its way to the last signature."""
    match state:
        case "open":
            return (Where("phase", "in", [phase for phase in Phase if not phase.over]),)
        case "standing":
            return (Where("standing", "eq", True),)
        case "ruling":
            return (Where("phase", "eq", Phase.COMPLETE), Where("ruling", "eq", True), Where("ruled", "null", True))
        case "announcing":
            return (Where("standing", "eq", True), Where("announced_on", "null", True))
        case "voided":
            return (Where("voided_on", "null", False),)
    return ()


def list_page(visit: Visit) -> Response:
    """退出台账: every exit, by what it is of and how far it has come."""
    as_of = visit.as_of
    state = visit.query("state") if visit.query("state") in STATES else ""
    kind = visit.query("object") if visit.query("object") in OBJECTS else ""
    of_kind = (Where("object", "eq", kind),) if kind else ()
    with visit.application.pool.connection() as connection:
        where = (*of_kind, *in_state(state))
        query = Query(where, ("-opened_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, ExitLine, query)
        counts = [
            (key, label, count(connection, ExitLine, (*of_kind, *in_state(key)), as_of.position))
            for key, label in STATES.items()
        ]
        names = names_of(connection, {id for line in found.lines for id in (line.subject, line.region, line.applicant)})
    audit("viewed", viewer=visit.viewer.person, what="exit_ledger", as_of=as_of.position)
    return visit.render(
        "exits.html",
        lines=found.lines,
        counts=counts,
        objects=OBJECTS,
        state=state,
        kind=kind,
        names=names,
        as_of=as_of,
        next=f"/exits?object={kind}&state={state}&cursor={found.next}" if found.next else "",
    )


def exit_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """The exit as it stands now; ``typed`` is a form that was refused."""
    chain = ChainId(visit.request.path_params["chain"])
    store = visit.application.facts
    try:
        showing = show(store, chain, visit.act)
    except Refused as refusal:
        raise Problem(404, refusal.code, refusal.sentence) from refusal
    visit.settled(showing.shown.position)
    with visit.application.pool.connection() as connection:
        line = find(connection, ExitLine, chain)
    if line is None:
        raise Problem(503, "ledgers_behind", "台账正在更新,请稍候再看")
    held = held_by_writers(store, showing.facts)
    named: set[Id | None] = {*named_in(showing.facts), *(tenure.region for tenure in held.values())}
    names = with_indicators(visit, visit.names(named | {line.subject, line.region, line.applicant}), line.region)
    audit("viewed", viewer=visit.viewer.person, subject=chain, what="exit", as_of=showing.shown.position)
    state = chains.fold(showing.facts, chain)
    offered = open_to(visit, fitted_all(showing, state, line, visit))
    forms = tuple(signable(visit, offered, state, f"/api/v1/exits/{chain}"))
    return visit.render(
        "exit.html",
        status,
        line=line,
        object=OBJECTS[kind_of(line.subject)],
        showing=showing,
        entries=timeline(showing.facts, held, names),
        names=names,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, *FORMS.values()),
    )


def fitted_all(showing: Showing, state: Chain | None, line: ExitLine, visit: Visit) -> Iterator[Form]:
    """The forms that the exit's state calls for."""
    for form in FORMS.values():
        if form.command is exiting.SettleExitObjection:
            raised = {
                event.objection: event.matter
                for event in showing.facts.events
                if isinstance(event, ObjectionRaised) and event.objection in line.objections
            }
            if raised:
                choices = tuple((str(one), matter[:60]) for one, matter in raised.items())
                probe = {"objection": next(iter(raised)), "upheld": False}
                fixed = {"chain": str(line.chain)}
                yield form.asking("objection", choices=choices)._replace(fixed=fixed, probe=probe)
        elif form.command is exiting.SendBackExit:
            if state and not state.phase.over:
                back = ("rectification", "退回继续帮扶(本次申请终止)")
                choices = (back, *(one for one in stages_behind(state) if one[0] != back[0]))
                fixed = {"chain": str(line.chain), **seen(showing)}
                yield form.asking("to", choices=choices)._replace(fixed=fixed, probe={"to": "rectification"})
        else:
            yield fitted(form, showing, line.chain, line, visit)


def fitted(form: Form, showing: Showing, chain: ChainId, line: ExitLine, visit: Visit) -> Form:
    """The form on this exit: what it carries, and what stands for what will be typed when it is probed."""
    fixed = {"chain": str(chain)}
    if form.command in (exiting.SignExit, exiting.RefuseExit):
        fixed |= seen(showing)
    today: dict[str, Any] = {field.name: visit.today for field in form.fields if field.kind == "date"}
    asked = {field.name: True for field in form.fields if field.kind == "yesno"}
    probe: dict[str, Any] = {**today, **asked}
    if form.command is exiting.ObjectToExit:
        probe["raised_on"] = min(visit.today, line.notice_until or visit.today)
    if form.command is exiting.TakeExitStep:
        step = line.next_step or ExitStep.VERIFICATION
        votes = {"present": 1, "in_favour": 1} if step is ExitStep.DEMOCRATIC_REVIEW else {}
        probe |= {"step": step, **votes}
        choices = tuple(choice for choice in _STEPS if choice[0] == step)
        form = form.asking("step", choices=choices, value=choices[0][0] if choices else "")
    return form._replace(fixed=fixed, probe=probe)


def seen(showing: Showing) -> dict[str, str]:
    return {"shown": str(showing.shown.position), "shown_digest": showing.shown.digest}


def act_on_exit(visit: Visit) -> Response:
    form = FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    chain = ChainId(visit.request.path_params["chain"])
    fixed = {**about(visit, form), "chain": chain}
    return performed(visit, form, fixed, lambda typed, status: shown(visit, typed, status), lambda _: f"/exits/{chain}")
