"""农户: the ledger of households, registering one, and one household with its three books and all that is done for it.

Who lives there is on another page, for those who may see it: here they are numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.datastructures import QueryParams
from starlette.responses import Response

from adapters.http.ledgers import SHELVES, asked_of
from adapters.http.moments import Moment
from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.vault import intake
from adapters.web.actions import Performance, about, can_act, done, execute, open_to, performed, shown_again
from adapters.web.forms import KEY, PRIVATE, Choices, Field, Form, Typed, people_in, rows_of
from adapters.web.issues import address as same_page
from adapters.web.issues import people_near, region_choices, regions_named, townships_first
from adapters.web.names import Names, names_of
from adapters.web.site import Site, Visit, see_other
from adapters.web.villages import (
    ASSESS,
    FILES,
    PROPOSE,
    amount,
    assessable,
    indicator_rows,
    limit_words,
    rules_at,
    to_assess,
    village_choices,
)
from domain.books import (
    DropHelp,
    HelpPlanned,
    HouseholdSurveyed,
    PlanHelp,
    ReportHelp,
    SurveyHousehold,
    items,
)
from domain.command import Act, Command
from domain.exiting import ProposeExit
from domain.fact import Past, Recorded
from domain.households import (
    COVERS,
    REGISTER,
    AddMember,
    Category,
    ChangePairing,
    EndPairing,
    Household,
    Member,
    Paired,
    PairHousehold,
    PairingEnded,
    RecategoriseHousehold,
    RegisterHousehold,
    RemoveHousehold,
    RemoveMember,
    fold,
)
from domain.ids import ClueId, HouseholdId, Id, ItemId, MemberId, PairingId, PersonId, RegionId
from domain.indicators import AssessIndicators
from domain.monitoring import (
    KINDS,
    Clue,
    ClueReported,
    DismissClue,
    IdentifyRisk,
    PostClueNotice,
    ReleaseRisk,
    ReportClue,
    clues,
)
from domain.policy import IndicatorRule
from domain.sweeps import HouseholdSwept
from domain.vault import Item, protection
from projections.book_ledger import BookLine
from projections.directory import DirectoryLine
from projections.exit_ledger import ExitLine
from projections.household_ledger import HouseholdLine
from projections.indicator_ledger import IndicatorLine
from projections.issue_ledger import IssueLine, overdue_days
from projections.line import L
from projections.post_ledger import PostLine
from projections.reading import Query, Where, count, find, page, tally, walk
from projections.sweep_ledger import FindingLine
from projections.village_ledger import VillageLine
from projections.visit_ledger import VisitLine
from services.ledger import Ledger, Outcome

PAGE: Final = 30
ROWS: Final = 3
"""Rows for members that the form for registering begins with."""

SHOWN: Final = 200
VISITS_SHOWN: Final = 10
UNKNOWN: Final = Member(member=MemberId("member-unknown"), commitment="0" * 64)
"""Stands for a member while it is asked who may register one: their commitment is made in the vault."""

CATEGORIES: Final[Choices] = tuple((one.value, one.label) for one in Category)
GAPS: Final[Choices] = (
    ("cadre", "没有帮扶责任人"),
    *((kind, f"所在村没有{label}") for kind, label in COVERS.items()),
)
"""四个覆盖: what a household, or the village on the list that it lies in, can lack."""

ORDERS: Final = (("region", "按地区"), ("-last_position", "最近有变动"), ("-issues_open", "未了问题多的在前"))
STATUSES: Final = {"open": "进行中", "done": "已完成", "dropped": "已取消"}
PLAIN: Final = "不写农户姓名、身份证号、电话"

PEOPLE: Final = Field(PRIVATE, "成员", "people", hint="姓名必填,其余知道的才填;存入个人信息库,不进入台账")
NEW: Final = Form(
    "register",
    RegisterHousehold,
    "登记农户",
    "登记",
    (
        Field("region", "所在村", "choice"),
        Field("hamlet", "屯、组", "line", required=False),
        Field("category", "户类别", "choice", choices=CATEGORIES),
        Field("identified_on", "识别日期", "date"),
        PEOPLE,
    ),
    makes=(("household", HouseholdId),),
)

FORMS: Final = {
    form.name: form
    for form in (
        Form(
            "recategorise",
            RecategoriseHousehold,
            "调整户类别",
            "调整",
            (Field("category", "调整为", "choice"), Field("reason", "调整理由")),
        ),
        Form("remove", RemoveHousehold, "注销农户", "注销", (Field("reason", "注销理由"),), tone="grave"),
        Form(
            "add-member",
            AddMember,
            "增加家庭成员",
            "增加",
            (
                PEOPLE,
                Field("since", "从哪天起", "date"),
                Field("reason", "原因", "line", hint="例如:出生、婚入、迁入"),
            ),
        ),
        Form(
            "remove-member",
            RemoveMember,
            "减少家庭成员",
            "减少",
            (
                Field("member", "哪名成员", "choice"),
                Field("on", "从哪天起", "date"),
                Field("reason", "原因", "line", hint="例如:死亡、婚出、迁出"),
            ),
        ),
        Form(
            "pair",
            PairHousehold,
            "结对帮扶",
            "结对",
            (Field("person", "帮扶责任人", "choice"), Field("since", "从哪天起", "date")),
            makes=(("pairing", PairingId),),
        ),
        Form(
            "change-pairing",
            ChangePairing,
            "变更帮扶责任人",
            "变更",
            (
                Field("person", "变更为", "choice"),
                Field("since", "从哪天起", "date", hint="原责任人到这一天为止,中间不断档"),
                Field("reason", "变更理由"),
            ),
            makes=(("pairing", PairingId),),
        ),
        Form(
            "end-pairing",
            EndPairing,
            "结束结对",
            "结束",
            (Field("on", "从哪天起", "date"), Field("reason", "结束理由")),
            tone="grave",
        ),
        Form(
            "survey",
            SurveyHousehold,
            "摸排",
            "保存摸排",
            (
                Field("causes", "致贫原因", "words", hint="主要原因写在最前,几项之间用顿号隔开,例如:因病、缺劳力"),
                Field("findings", "摸排情况", hint=PLAIN),
                Field("surveyed_on", "摸排日期", "date"),
                FILES,
            ),
        ),
        Form(
            "plan-help",
            PlanHelp,
            "制定帮扶计划",
            "保存计划",
            (
                Field("category", "帮扶类别", "line", hint="例如:产业、就业、教育、医疗、住房"),
                Field("measure", "帮扶措施", hint=PLAIN),
                Field("due", "完成时限", "date"),
                Field("planned_funds", "计划资金", "money", required=False),
            ),
            makes=(("item", ItemId),),
        ),
        Form(
            "report-help",
            ReportHelp,
            "报告帮扶进度",
            "提交进度",
            (
                Field("item", "哪一项计划", "choice"),
                Field("progress", "进展情况", hint=PLAIN),
                Field("done", "这项计划完成了吗", "yesno"),
                Field("occurred_on", "发生日期", "date"),
                Field("spent_funds", "支出资金", "money", required=False),
                FILES,
            ),
        ),
        Form(
            "drop-help",
            DropHelp,
            "取消帮扶计划",
            "取消这项计划",
            (Field("item", "哪一项计划", "choice"), Field("reason", "取消理由")),
            tone="grave",
        ),
        ASSESS,
        Form(
            "report-clue",
            ReportClue,
            "上报风险线索",
            "上报",
            (
                Field("source", "线索来源", "line", hint="例如:农户自主申报、干部排查、部门比对"),
                Field("matter", "线索情况", hint=PLAIN),
                Field("found_on", "发现日期", "date"),
            ),
            makes=(("clue", ClueId),),
        ),
        Form(
            "clue-notice",
            PostClueNotice,
            "监测公示",
            "记录公示",
            (Field("posted_on", "公示日期", "date"), Field("place", "公示地点", "line", hint="例如:村务公开栏")),
        ),
        Form(
            "identify",
            IdentifyRisk,
            "认定监测对象",
            "认定",
            (
                Field("kind", "监测对象类别", "choice", choices=tuple(KINDS.items())),
                Field("reason", "认定理由", hint=PLAIN),
                Field("identified_on", "认定日期", "date"),
            ),
        ),
        Form(
            "dismiss",
            DismissClue,
            "排除线索",
            "排除",
            (Field("reason", "排除理由", hint=PLAIN), Field("dismissed_on", "排除日期", "date")),
            tone="grave",
        ),
        Form(
            "release",
            ReleaseRisk,
            "风险消除",
            "消除风险",
            (Field("findings", "核实情况", hint=PLAIN), Field("released_on", "消除日期", "date"), FILES),
        ),
        PROPOSE.asking("statement", hint="写明已达到的标准;" + PLAIN),
    )
}
"""What can be done for a household, in the order in which it is offered."""


def households(site: Site) -> None:
    site.page("/households", ledger_page)
    site.page("/households/new", new_household)
    site.page("/households/new", register_household, method="POST")
    site.page("/households/{household}", household_page)
    site.page("/households/{household}/{form}", act_on_household, method="POST")
    site.templates.globals |= {
        "particulars": tuple(Item),
        "limit_words": limit_words,
        "amount": amount,
        "covers": COVERS,
        "risk_kinds": KINDS,
        "book_states": STATUSES,
    }


# The ledger


def ledger_page(visit: Visit) -> Response:
    """农户台账: filtered by what the address says, in the words of the API where the ledger has them."""
    given = {name: value for name, value in visit.request.query_params.items() if value.strip()}
    own = {name: given.pop(name, "") for name in ("region_name", "number", "cadre_name", "gap", "order", "done")}
    as_of = visit.as_of
    filters = {name: value for name, value in given.items() if name not in ("cursor", "as_of")}
    order = own["order"] if own["order"] in dict(ORDERS) else ORDERS[0][0]
    with visit.application.pool.connection() as connection:
        asked = asked_of(SHELVES["households"], QueryParams(filters), Moment(as_of.position, visit.now))
        where = (*asked.where, *narrowed(connection, own, as_of.position))
        where = where if "removed" in filters else (*where, Where("removed", "eq", False))
        found = page(connection, HouseholdLine, Query(where, (order,), as_of.position, PAGE, given.get("cursor")))
        total = count(connection, HouseholdLine, where, found.position)
        others = tuple(one for one in where if one.column != "category")
        categories = tally(connection, HouseholdLine, ("category",), others, found.position)
        places = region_choices(connection, filters.get("region", ""))
        names = names_of(connection, {one for line in found.lines for one in (line.region, line.cadre)})
    audit("viewed", viewer=visit.viewer.person, what="household_ledger", as_of=as_of.position)
    return visit.render(
        "households.html",
        lines=found.lines,
        names=names,
        total=total,
        position=found.position,
        categories=[(one, categories.get((one,), 0)) for one in Category],
        filters={**given, **own},
        chosen=len([value for name, value in {**filters, **own}.items() if value and name not in ("order", "done")]),
        places=places,
        gaps=GAPS,
        orders=ORDERS,
        order=order,
        as_of=as_of,
        next=same_page(visit, cursor=found.next) if found.next else "",
        link=lambda **changes: same_page(visit, cursor="", **changes),
        may_register=bool(mine(visit)),
    )


def narrowed(connection: Connection[Any], own: Mapping[str, str], position: int | None) -> Iterator[Where]:
    """What is asked for in words that the ledger itself does not have."""
    if own["region_name"]:
        yield Where("region", "within", regions_named(connection, own["region_name"]))
    if own["number"]:
        yield Where("household", "contains", own["number"].removeprefix("农户"))
    if own["cadre_name"]:
        named = (Where("kind", "eq", "person"), Where("name", "contains", own["cadre_name"]))
        people = page(connection, DirectoryLine, Query(named, limit=SHOWN)).lines
        yield Where("cadre", "in", [str(line.id) for line in people])
    if own["gap"] == "cadre":
        yield Where("cadre", "null", True)
    elif own["gap"] in COVERS:
        lacking = Query((Where("lacks", "any", (COVERS[own["gap"]],)),), (), position, limit=SHOWN)
        yield Where("region", "in", [str(line.region) for line in walk(connection, VillageLine, lacking)])


# Registering


def mine(visit: Visit) -> tuple[RegionId, ...]:
    """Where the one who looks may register households."""
    if visit.viewer.identity.scope != "full":
        return ()
    return tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held if tenure.post in REGISTER))


def new_household(visit: Visit) -> Response:
    return register_form(visit)


def register_form(visit: Visit, typed: Typed | None = None, status: int = 200, more: int = 0) -> Response:
    places = mine(visit)
    if not places:
        raise Problem(403, "no_authority", "您现任的职务不能登记农户;可由村、乡镇干部和指挥部办公室登记")
    chosen = (typed.values.get("region", "") if typed else "") or visit.query("township")
    with visit.application.pool.connection() as connection:
        villages = village_choices(connection, chosen, within=places)
        townships = townships_first(connection, within=places)
    rows = max(1, rows_of(typed.values)) if typed else ROWS
    form = NEW.asking("region", choices=villages, value=chosen).asking(PRIVATE, value=str(rows + more))
    return visit.render("household_new.html", status, form=form, typed=typed, townships=townships, township=chosen[:16])


def register_household(visit: Visit) -> Response:
    """Registers it, or gives the form one more row."""
    if visit.posted.get("more"):
        values = {name: value for name, value in visit.posted.multi_items() if isinstance(value, str)}
        return register_form(visit, Typed(NEW.name, values), more=1)
    return performed(
        visit,
        NEW,
        {"members": (UNKNOWN,)},
        lambda typed, status: register_form(visit, typed, status),
        lambda command: f"/households/{command.household}",
        taking_in(visit),
    )


def taking_in(visit: Visit) -> Performance:
    """Performs what names people by way of the vault: their values go in there, and the fact holds commitments."""
    vault = visit.application.vault

    def perform(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
        people, _ = people_in({name: str(value) for name, value in visit.posted.items()})
        match command:
            case RegisterHousehold():
                return intake.register(
                    ledger, vault, intake.HouseholdIntake(**{**dict(command), "members": people}), act, key
                )
            case AddMember():
                wanted = intake.MemberIntake(
                    household=command.household,
                    member=command.member.member,
                    particulars=people[0],
                    since=command.since,
                    reason=command.reason,
                )
                return intake.add_member(ledger, vault, wanted, act, key)
        return execute(ledger, command, act, key)

    return perform


# One household


class Pairing(NamedTuple):
    """结对经过: one cadre's time with the household."""

    person: PersonId
    since: date
    until: date | None = None
    reason: str = ""


def pairings(past: Past) -> list[Pairing]:
    """Every cadre there has been, the latest first."""
    found: dict[PairingId, Pairing] = {}
    for event in past.of(Paired, PairingEnded).events:
        match event:
            case Paired():
                found[event.pairing] = Pairing(event.person, event.since)
            case PairingEnded():
                found[event.pairing] = found[event.pairing]._replace(until=event.on, reason=event.reason)
    return list(found.values())[::-1]


class ClueView(NamedTuple):
    """线索经过: how it was reported, and as far as it has come."""

    fact: Recorded
    clue: Clue


def clue_views(past: Past, household: HouseholdId) -> list[ClueView]:
    known = clues(past, household)
    return [ClueView(fact, known[fact.event.clue]) for fact in past if isinstance(fact.event, ClueReported)][::-1]


def household_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """The household with its books and all that is recorded of it; ``typed`` is a form that was refused."""
    household = HouseholdId(visit.request.path_params["household"])
    as_of = visit.as_of
    past = Past(visit.application.facts.about(household, until=as_of.position))
    with visit.application.pool.connection() as connection:
        line = find(connection, HouseholdLine, household, as_of=as_of.position)
        if line is None:
            if past:
                # Named by an issue before anyone registered it: what there is of it is its timeline.
                return see_other(f"/timeline/{household}")
            raise Problem(404, "unknown_household", "没有这户,或当时还没有登记")

        def own(ledger: type[L], column: str = "household", *order: str, limit: int = SHOWN) -> tuple[L, ...]:
            query = Query((Where(column, "eq", household),), order, as_of.position, limit)
            return page(connection, ledger, query).lines

        village = find(connection, VillageLine, line.region, as_of=as_of.position)
        books = own(BookLine, "household", "due")
        visits = own(VisitLine, "household", "-occurred_on", limit=VISITS_SHOWN)
        exits = own(ExitLine, "subject", "-opened_on")
        issues = own(IssueLine, "object", "-registered_at")
        findings = {one.issue: one for one in own(FindingLine)}
        assessed = own(IndicatorLine, "subject")
        rules = rules_at(visit, line.region, "household")
        forms = offered(visit, fold(past, household), past, rules) if can_act(visit) and not line.removed else ()
        cadres = people_near(connection, line.region) if {"pair", "change-pairing"} & {f.name for f in forms} else ()
        swept = [fact for fact in past.of(HouseholdSwept) if isinstance(fact.event, HouseholdSwept)][::-1]
        surveys = list(past.of(HouseholdSurveyed))[::-1]
        before = pairings(past)
        watched = clue_views(past, household)
        ids: set[Id | None] = {line.region, line.cadre, line.registered_by, *(one.person for one in before)}
        ids |= {one.by for one in assessed} | {one.person for one in visits} | {one.applicant for one in exits}
        ids |= {fact.by for fact in (*swept, *surveys, *(one.fact for one in watched))}
        ids |= {one.reported_by or one.planned_by for one in books} | {person for person, _ in cadres}
        ids |= {one for _, tenure in cadres for one in (tenure.region, tenure.unit)}
        ids |= {village.team, village.leader, village.department} if village else set()
        names = names_of(connection, ids)
    audit("viewed", viewer=visit.viewer.person, subject=household, what="household", as_of=as_of.position)
    forms = tuple(with_cadres(form, cadres, names, line.cadre) for form in forms)
    return visit.render(
        "household.html",
        status,
        line=line,
        village=village,
        names=names,
        pairings=before,
        surveys=surveys,
        books=books,
        indicators=indicator_rows(rules, assessed),
        clues=watched,
        exits=exits,
        issues=[(one, overdue_days(one, as_of.day)) for one in issues],
        swept=swept,
        findings=findings,
        visits=visits,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, NEW, *FORMS.values()),
        kept=protection(past, household),
        as_of=as_of,
    )


def with_cadres(form: Form, cadres: Iterable[tuple[PersonId, PostLine]], names: Names, now: PersonId | None) -> Form:
    if form.name not in ("pair", "change-pairing"):
        return form
    choices = tuple((str(one), f"{names(one)} · {names.post(tenure)}") for one, tenure in cadres if one != now)
    return form.asking("person", choices=choices)


def offered(visit: Visit, household: Household, past: Past, rules: tuple[IndicatorRule, ...]) -> tuple[Form, ...]:
    """The forms that the one who looks may use now."""
    return open_to(visit, sensible(visit, household, past, rules))


def sensible(visit: Visit, household: Household, past: Past, rules: tuple[IndicatorRule, ...]) -> Iterator[Form]:
    """The forms that the household's state calls for, with what stands for what will be typed."""
    own = {"household": str(household.household)}

    def on(name: str, fixed: Mapping[str, str] = own, note: str = "", **placeholders: Any) -> Form:
        dates = {field.name: visit.today for field in FORMS[name].fields if field.kind == "date"}
        return FORMS[name]._replace(fixed=fixed, note=note, probe={**dates, **placeholders})

    others = tuple(one for one in CATEGORIES if one[0] != household.category)
    yield on("recategorise", category=others[0][0]).asking("category", choices=others)
    yield on("remove")
    if protection(past, household.household) is None:
        yield on("add-member", member=UNKNOWN)
    if household.members:
        choices = tuple((str(one), f"成员{one[-6:]}") for one in household.members)
        yield on("remove-member", member=choices[0][0]).asking("member", choices=choices)
    nobody = PersonId("person-probe")
    if household.pairing:
        yield on("change-pairing", person=nobody)
        yield on("end-pairing")
    else:
        yield on("pair", person=nobody)
    yield on("survey", causes=("待填写",))
    yield on("plan-help")
    measures = {event.item: event for event in past.events if isinstance(event, HelpPlanned)}
    if left := [one.item for one in items(past, household.household).values() if one.open]:
        choices = tuple((str(one), f"{measures[one].category}:{measures[one].measure[:40]}") for one in left)
        yield on("report-help", item=left[0], done=False).asking("item", choices=choices)
        yield on("drop-help", item=left[0]).asking("item", choices=choices)
    subject = {"subject": str(household.household)}
    if asked := to_assess(assessable(rules)):
        yield on("assess", subject, assessments=asked).asking("assessments", rules=assessable(rules))
    for clue in clues(past, household.household).values():
        if clue.over:
            continue
        told = next(e.matter for e in past.events if isinstance(e, ClueReported) and e.clue == clue.clue)
        names = ("release",) if clue.kind else ("clue-notice", "identify", "dismiss")
        for name in names:
            more = {"kind": "sudden"} if name == "identify" else {}
            yield on(name, {**own, "clue": str(clue.clue)}, f"线索:{told}", **more)
    yield on("report-clue")
    yield on("propose-exit", subject)


def act_on_household(visit: Visit) -> Response:
    """One form, filled in: done and back to the page, or the page again with what is wrong and what was typed."""
    form = FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    household = HouseholdId(visit.request.path_params["household"])
    fixed: dict[str, Any] = about(visit, form)
    fixed["household" if "household" in form.command.model_fields else "subject"] = household
    if form.command is AddMember:
        fixed["member"] = UNKNOWN.model_copy(update={"member": MemberId.derived(str(visit.posted.get(KEY, "")))})
    if form.command is AssessIndicators:
        state = fold(Past(visit.application.facts.about(household)), household)
        form = form.asking("assessments", rules=assessable(rules_at(visit, state.region, "household")))
    return performed(
        visit,
        form,
        fixed,
        lambda typed, status: shown(visit, typed, status),
        lambda made: f"/exits/{made.chain}" if form.command is ProposeExit else f"/households/{household}",
        taking_in(visit),
    )
