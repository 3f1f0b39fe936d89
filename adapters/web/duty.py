"""履职: my month, my leave, my visits, what meetings gave me to do; and the leave that waits for me to approve.

One entry in the evening says where one was and what one did; nothing else is asked about a day.
"""

from collections.abc import Iterable
from typing import Any, Final

from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import performed
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.issues import region_choices
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from domain.attendance import (
    LEAVE_KINDS,
    MARK_NAMES,
    PRESENCES,
    ApproveLeave,
    DenyLeave,
    ReportDay,
    RequestLeave,
    ReturnFromLeave,
    WithdrawLeave,
)
from domain.ids import DecisionId, Id, LeaveId, VisitId
from domain.meetings import MEETINGS, ReportDecision
from domain.visits import Quota, RecordVisit
from projections.decision_ledger import DecisionLine
from projections.leave_ledger import LeaveLine
from projections.reading import Query, Where, page
from projections.visit_ledger import VisitLine
from projections.waiting import to_approve
from services import duty

MOST: Final = 100
MISSING_SHOWN: Final = 30
STATES: Final = {"pending": "待批", "approved": "已准", "denied": "未准", "withdrawn": "已撤回"}

DAY: Final = Form(
    "day",
    ReportDay,
    "报告当日工作",
    "提交",
    (
        Field("region", "任职的区划", "choice"),
        Field("on", "哪一天", "date", hint="过了当日时限仍可报,会标明迟报或补录"),
        Field("presence", "在岗情况", "choice", choices=tuple(PRESENCES.items()), hint="公差计入在岗天数"),
        Field("work", "做了什么", required=False, hint="不写农户姓名、身份证号、电话"),
        Field("evidence", "照片等", "files", required=False, hint="可不传;不以照片和条数评价工作"),
    ),
)
LEAVE: Final = Form(
    "leave",
    RequestLeave,
    "请假",
    "提交请假",
    (
        Field("region", "任职的区划", "choice"),
        Field("kind", "类别", "choice", choices=tuple(LEAVE_KINDS.items())),
        Field("since", "从哪天起", "date"),
        Field("until", "到哪天止(含)", "date"),
        Field("reason", "事由"),
    ),
    makes=(("leave", LeaveId),),
)
VISIT: Final = Form(
    "visit",
    RecordVisit,
    "记录走访",
    "保存走访",
    (
        Field("region", "走访的乡镇、村", "choice"),
        Field("household", "走访的结对户", "choice", required=False),
        Field("occurred_on", "走访日期", "date"),
        Field("findings", "看到的情况", hint="不写农户姓名、身份证号、电话"),
        Field("evidence", "照片等", "files", required=False, hint="可不传"),
    ),
    makes=(("visit", VisitId),),
)
ON_LEAVE: Final = {
    form.name: form
    for form in (
        Form("approve", ApproveLeave, "批准", "批准", (Field("opinion", "意见"),), tone="sign"),
        Form("deny", DenyLeave, "不批准", "不批准", (Field("reason", "理由"),), tone="grave"),
        Form("withdraw", WithdrawLeave, "撤回请假", "撤回", (Field("reason", "理由"),), tone="grave"),
        Form("return", ReturnFromLeave, "销假", "销假", (Field("on", "返岗日期", "date"),)),
    )
}
PROGRESS: Final = Form(
    "progress",
    ReportDecision,
    "报告落实情况",
    "提交",
    (
        Field("progress", "落实情况"),
        Field("done", "落实完了吗", "yesno"),
        Field("occurred_on", "发生日期", "date"),
        Field("evidence", "佐证材料", "files", required=False),
    ),
)
NEW: Final = {form.name: form for form in (DAY, LEAVE, VISIT)}
DONE: Final = {
    "day": "当日工作已报告",
    "leave": "请假已提交",
    "visit": "走访已记录",
    "approve": "已批准",
    "deny": "已答复不批准",
    "withdraw": "请假已撤回",
    "return": "已销假",
    "progress": "落实情况已报告",
}


def duties(site: Site) -> None:
    site.page("/duty", duty_page)
    site.page("/duty/{form}", act_newly, method="POST")
    site.page("/duty/{about}/{form}", act_on, method="POST")
    site.templates.globals |= {
        "day_marks": MARK_NAMES,
        "presences": PRESENCES,
        "leave_kinds": LEAVE_KINDS,
        "leave_states": STATES,
        "meetings": MEETINGS,
    }


def duty_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, about: str = "", status: int = 200) -> Response:
    """The viewer's duties; ``typed`` is a form that was refused, ``about`` what it was about."""
    me, store = visit.viewer.person, visit.application.facts
    month, days = duty.month_by(store, me, visit.today)
    owed = duty.owed_by(store, me, visit.today)
    paired = {target for quota in owed if quota.rule.to == "paired" for target in quota.wanted}
    with visit.application.pool.connection() as connection:
        mine = page(connection, LeaveLine, Query((Where("person", "eq", me),), ("-since",), limit=10)).lines
        waiting = to_approve(connection, visit.waiter)
        undone = (Where("responsible", "eq", me), Where("settled_on", "null", True))
        decisions = page(connection, DecisionLine, Query(undone, ("due",), limit=MOST)).lines
        visits = page(connection, VisitLine, Query((Where("person", "eq", me),), ("-occurred_on",), limit=10)).lines
        held = tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held))
        places = region_choices(connection, visit.query("region"), within=held) if held else ()
        ids: set[Id | None] = {*held, *paired, *missing_of(owed)}
        ids |= {one for line in waiting for one in (line.region, line.person)}
        ids |= {one for line in visits for one in (line.region, line.household)}
        names = names_of(connection, ids)
    audit("viewed", viewer=me, subject=me, what="duty")
    posts: Choices = tuple((str(region), names.path(region)) for region in held)
    households: Choices = tuple((str(one), names(one)) for one in sorted(paired))
    return visit.render(
        "duty.html",
        status,
        month=month,
        days=days,
        owed=[(quota, quota.missing[:MISSING_SHOWN], len(quota.missing)) for quota in owed],
        mine=mine,
        waiting=waiting,
        decisions=decisions,
        visits=visits,
        day_form=DAY.asking("region", choices=posts),
        leave_form=LEAVE.asking("region", choices=posts),
        visit_form=VISIT.asking("region", choices=places).asking("household", choices=households),
        on_leave=ON_LEAVE,
        progress=PROGRESS,
        names=names,
        typed=typed,
        asked_about=about,
        done=DONE.get(visit.query("done"), ""),
    )


def missing_of(owed: Iterable[Quota]) -> set[Id]:
    return {target for quota in owed for target in quota.missing[:MISSING_SHOWN]}


def act_newly(visit: Visit) -> Response:
    form = NEW.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    return performed(visit, form, {}, lambda typed, status: shown(visit, typed, "", status), here)


def act_on(visit: Visit) -> Response:
    """One form on one leave or one decision."""
    name, about = visit.request.path_params["form"], visit.request.path_params["about"]
    fixed: dict[str, Id]
    if name in ON_LEAVE:
        form, fixed = ON_LEAVE[name], {"leave": LeaveId(about)}
    elif name == PROGRESS.name:
        form, fixed = PROGRESS, {"decision": DecisionId(about)}
    else:
        raise Problem(404, "not_found", "没有这个页面")
    return performed(visit, form, fixed, lambda typed, status: shown(visit, typed, about, status), here)


def here(_: Any) -> str:
    """Where what was done on this page shows."""
    return "/duty"
