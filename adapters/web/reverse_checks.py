"""反向核查: drawing what is to be checked, what was found of each claim, and the draw done again by anyone."""

from itertools import groupby
from typing import Any, Final

from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import performed
from adapters.web.forms import KEY, SEVERITIES, Field, Form, Typed
from adapters.web.issues import region_choices
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from domain.command import Act, Command
from domain.ids import DrawId, Id, IssueId
from domain.reverse_check import CHECKERS, CheckClaim, DrawClaims
from projections.reading import Query, Where, page, walk
from projections.reverse_check_ledger import ClaimLine
from services import draws
from services.ledger import Ledger, Outcome

RECENT: Final = 200
"""The lines in which the latest draws are looked for."""

DRAW: Final = Form(
    "draw",
    DrawClaims,
    "抽取所报事项",
    "抽取",
    (
        Field("region", "在哪个区划内", "choice"),
        Field("subject", "查谁", "line", hint="农户、人员、单位(工作队)或区划的编号,例如 household-…、person-…"),
        Field("since", "所报日期自", "date"),
        Field("until", "所报日期至", "date"),
        Field("many", "抽几条", "number"),
    ),
    makes=(("draw", DrawId),),
    note="抽中哪些由此前的全部记录和抽取的时刻算出,谁也不能挑选;任何人可以复抽。",
)
CHECK: Final = Form(
    "check",
    CheckClaim,
    "填写核查结果",
    "提交核查结果",
    (
        Field("holds", "所报是否属实", "yesno", hint="不属实的同时登记为问题,并记入填报人的责任档案"),
        Field("findings", "核查情况", hint="不写农户姓名、身份证号、电话"),
        Field("checked_on", "核查日期", "date"),
        Field("severity", "问题等级", "choice", choices=SEVERITIES, only_if=("holds", "no")),
        Field("deadline", "整改时限", "deadline", required=False, only_if=("holds", "no")),
        Field("evidence", "佐证材料", "files", required=False),
    ),
)


def reverse_checks(site: Site) -> None:
    site.page("/reverse-checks", list_page)
    site.page("/reverse-checks", draw_claims, method="POST")
    site.page("/reverse-checks/{draw}", draw_page)
    site.page("/reverse-checks/{draw}", check_claim, method="POST")


def may_check(visit: Visit) -> bool:
    full = visit.viewer.identity.scope == "full"
    return full and any(tenure.post in CHECKERS for tenure in visit.viewer.held)


def list_page(visit: Visit) -> Response:
    return listed(visit)


def listed(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    with visit.application.pool.connection() as connection:
        lines = page(connection, ClaimLine, Query((), ("-drawn_on", "draw", "position"), limit=RECENT)).lines
        regions = tuple(tenure.region for tenure in visit.viewer.held if tenure.post in CHECKERS)
        places = region_choices(connection, visit.query("region"), within=regions) if regions else ()
        names = names_of(connection, {id for line in lines for id in (line.subject, line.drawn_by)})
    found = [(draw, list(claims)) for draw, claims in groupby(lines, key=lambda line: line.draw)]
    form = DRAW.asking("region", choices=places) if may_check(visit) else None
    return visit.render("reverse_checks.html", status, draws=found, form=form, typed=typed, names=names)


def draw_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """One draw: each claim and what was found of it; drawn again on request."""
    draw = DrawId(visit.request.path_params["draw"])
    with visit.application.pool.connection() as connection:
        lines = list(walk(connection, ClaimLine, Query((Where("draw", "eq", draw),), ("position",))))
        if not lines:
            raise Problem(404, "unknown_draw", "没有这次反向核查")
        ids: set[Id | None] = {lines[0].subject, lines[0].drawn_by}
        ids |= {id for line in lines for id in (line.region, line.claimant, line.object, line.checked_by)}
        names = names_of(connection, ids)
    audit("viewed", viewer=visit.viewer.person, subject=draw, what="reverse_check")
    again = draws.redraw(visit.application.facts, draw) if visit.query("redraw") else None
    return visit.render(
        "reverse_check.html",
        status,
        draw=draw,
        lines=lines,
        form=CHECK if may_check(visit) else None,
        me=visit.viewer.person,
        again=again,
        typed=typed,
        asked_about=str(visit.posted.get("position", "")),
        names=names,
        done="核查结果已记录" if visit.query("done") == CHECK.name else "",
    )


def draw_claims(visit: Visit) -> Response:
    # What the draw is made from, the service works out; nobody sends it.
    unknown = {"cut_off": 1, "cut_off_digest": "0" * 64, "candidates": ()}
    return performed(
        visit, DRAW, unknown, lambda typed, status: listed(visit, typed, status), lambda made: address(made.draw), drawn
    )


def drawn(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    assert isinstance(command, DrawClaims)
    return draws.draw(ledger, command.draw, command.asked, act, key)


def check_claim(visit: Visit) -> Response:
    draw = DrawId(visit.request.path_params["draw"])
    fixed: dict[str, Any] = {"draw": draw, "position": str(visit.posted.get("position", ""))}
    if visit.posted.get("holds") == "no":
        fixed["issue"] = IssueId.derived(str(visit.posted.get(KEY, "")))
    return performed(visit, CHECK, fixed, lambda typed, status: shown(visit, typed, status), lambda _: address(draw))


def address(draw: DrawId) -> str:
    return f"/reverse-checks/{draw}"
