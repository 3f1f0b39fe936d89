"""问责: cases with their measures and appeals, and what each may do about them: open, decide, appeal, lift, close."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.asking.probing import PLACEHOLDER
from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, admitted, can_act, done, open_to, performed, shown_again
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.formats import day, typeset
from adapters.web.forms import KEY, Choices, Field, Form, Typed
from adapters.web.names import Names, named_in, names_of
from adapters.web.site import Site, Visit
from domain.accountability import (
    LADDER,
    REASONS,
    AppealMeasure,
    CloseCase,
    DecideAppeal,
    DecideMeasure,
    Effect,
    LiftMeasure,
    Measure,
    MeasureKind,
    OpenCase,
    gravity,
)
from domain.fact import Past
from domain.ids import AppealId, CaseId, Id, IssueId, MeasureId, PersonId, RegionId, UnitId, id_of
from domain.posts import OVERSIGHT, Post
from projections.case_ledger import CaseLine
from projections.directory import DirectoryLine
from projections.escalation_ledger import EscalationLine
from projections.issue_ledger import IssueLine
from projections.measure_ledger import MeasureLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, find, page, walk
from projections.responsibility_ledger import ResponsibilityLine

PAGE: Final = 30
MOST_GROUNDS: Final = 60
STATES: Final = {"open": "办理中", "dropped": "案由消失", "closed": "已结案"}
BY_HAND: Final[Choices] = tuple(item for item in REASONS.items() if item[0] != "black_running")
OUTCOMES: Final[Choices] = (
    ("rejected", "维持原决定"),
    ("upheld", typeset("申诉成立,撤销原决定")),
    ("lightened", "变更为较轻的措施"),
)

OPEN: Final = Form(
    "open",
    OpenCase,
    "问责立项",
    "立项",
    (
        Field("subject", "问责对象", "choice"),
        Field("reason", "案由", "choice", choices=BY_HAND),
        Field("grounds", "依据(台账中的记录)", "checks"),
        Field("matter", "事由", hint="写明查明的情况;不写农户姓名、身份证号、电话"),
    ),
    tone="grave",
    makes=(("case", CaseId),),
)

DECIDE: Final = Form(
    "decide",
    DecideMeasure,
    "作出问责决定",
    "作出决定",
    (
        Field("on", "对谁", "choice"),
        Field("kind", "问责方式,由轻到重", "choice"),
        Field(
            "term",
            "留党察看的期限(月)",
            "number",
            required=False,
            hint="只有留党察看须写,12至24个月",
            only_if=("kind", MeasureKind.PROBATION),
        ),
        Field("reasons", "决定理由"),
        Field("decided_on", "决定日期", "date"),
        Field("binds_from", "从哪天起生效", "date"),
    ),
    tone="grave",
    makes=(("measure", MeasureId),),
)

FORMS: Final = {
    form.name: form
    for form in (
        Form(
            "appeal",
            AppealMeasure,
            "申诉",
            "提交申诉",
            (Field("grounds", "申诉理由", hint="办理期间不停止执行"),),
            makes=(("appeal", AppealId),),
        ),
        Form(
            "decide-appeal",
            DecideAppeal,
            "办理申诉",
            "作出申诉决定",
            (
                Field("outcome", "申诉决定", "choice", choices=OUTCOMES),
                Field("kind", "变更为", "choice", only_if=("outcome", "lightened")),
                Field(
                    "term",
                    "留党察看的期限(月)",
                    "number",
                    required=False,
                    hint="只有留党察看须写,12至24个月",
                    only_if=("kind", MeasureKind.PROBATION),
                ),
                Field("reasons", "决定理由"),
            ),
            tone="sign",
        ),
        DECIDE,
        Form("lift", LiftMeasure, "解除措施", "解除", (Field("reason", "解除理由"),)),
        Form(
            "close",
            CloseCase,
            "结案",
            "结案",
            (Field("reason", "结案说明", required=False, hint="没有作出问责措施的,须说明理由"),),
        ),
    )
}


def cases(site: Site) -> None:
    site.page("/cases", case_list)
    site.page("/cases/new", new_case)
    site.page("/cases/open", open_case, method="POST")
    site.page("/cases/{case}", case_page)
    site.page("/cases/{case}/{form}", act_on_case, method="POST")
    site.templates.globals |= {"case_states": STATES, "case_reasons": REASONS}


def case_list(visit: Visit) -> Response:
    as_of = visit.as_of
    state = visit.query("state")
    where = (Where("state", "eq", state),) if state in STATES else ()
    with visit.application.pool.connection() as connection:
        query = Query(where, ("-opened_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, CaseLine, query)
        cases = [str(line.case) for line in found.lines]
        measures: dict[CaseId, list[MeasureLine]] = {}
        for line in walk(
            connection, MeasureLine, Query((Where("case", "in", cases),), ("decided_on",), as_of.position)
        ):
            measures.setdefault(line.case, []).append(line)
        names = names_of(connection, {line.subject for line in found.lines} | {line.region for line in found.lines})
    audit("viewed", viewer=visit.viewer.person, what="case_ledger", as_of=as_of.position)
    return visit.render(
        "cases.html",
        may_open=can_act(visit) and supervising(visit),
        lines=found.lines,
        measures=measures,
        names=names,
        state=state,
        as_of=as_of,
        next=f"/cases?state={state}&cursor={found.next}" if found.next else "",
    )


def case_page(visit: Visit) -> Response:
    return shown(visit, CaseId(visit.request.path_params["case"]))


def shown(visit: Visit, case: CaseId, typed: Typed | None = None, status: int = 200) -> Response:
    """One case: what it rests on, its measures and how long each binds, appeals, everything in order, and the forms
    its reader may use now."""
    as_of = visit.as_of
    past = Past(visit.application.facts.about(case, until=as_of.position))
    with visit.application.pool.connection() as connection:
        lines = page(connection, CaseLine, Query((Where("case", "eq", case),), (), as_of.position)).lines
        if not lines:
            raise Problem(404, "unknown_case", "没有这项问责事项,或当时还没有立项")
        where = (Where("case", "eq", case),)
        measures = list(walk(connection, MeasureLine, Query(where, ("decided_on",), as_of.position)))
        held = held_by_writers(visit.application.facts, past)
        people = people_of(connection, lines[0].subject)
        ids: set[Id | None] = {tenure.region for tenure in held.values()} | {lines[0].subject}
        ids |= {one for post in people for one in (post.person, post.region, post.unit)}
        names = names_of(connection, named_in(past) | ids)
    audit("viewed", viewer=visit.viewer.person, what="case", subject=case, as_of=as_of.position)
    forms = forms_on(visit, lines[0], measures, people, names) if can_act(visit) else ()
    return visit.render(
        "case.html",
        status,
        line=lines[0],
        measures=measures,
        names=names,
        entries=timeline(past, held, names),
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, OPEN, *FORMS.values()),
    )


# What may be done with a case


def forms_on(
    visit: Visit, line: CaseLine, measures: Iterable[MeasureLine], people: Sequence[PostLine], names: Names
) -> tuple[Form, ...]:
    """The forms the reader may use on a case and its measures."""
    standing = [one.as_measure for one in measures]
    return (
        *open_to(visit, [form for one in standing for form in on_measure(one, names)]),
        *decision(visit, line, people, names),
        *open_to(visit, [FORMS["close"]._replace(fixed={"case": str(line.case)}, probe={"reason": PLACEHOLDER})]),
    )


def on_measure(measure: Measure, names: Names) -> Iterator[Form]:
    """What the state of one measure calls for."""
    fixed = {"measure": str(measure.measure)}

    def on_it(name: str) -> Form:
        title = typeset(f"{FORMS[name].title}({names(measure.on)},{measure.kind.label})")
        return FORMS[name]._replace(title=title, fixed=fixed, note=f"{day(measure.decided_on)}决定")

    if measure.pending:
        lighter = kind_choices(kind for kind in LADDER if gravity(kind) < gravity(measure.kind))
        hearing = on_it("decide-appeal").asking("kind", choices=lighter)
        named = {**fixed, "appeal": str(measure.pending.appeal)}
        yield hearing._replace(fixed=named, probe={"outcome": "rejected"})
    else:
        yield on_it("appeal")
    if measure.lifted_on is None:
        yield on_it("lift")


def decision(visit: Visit, line: CaseLine, people: Sequence[PostLine], names: Names) -> tuple[Form, ...]:
    """The form to decide a measure with the kinds and the people that the reader may decide about."""
    if line.state != "open":
        return ()
    subjects = [line.subject, *(one.person for one in people if one.person != line.subject)]
    by_kind = [probing(visit, line, kind, line.subject) for kind in LADDER]
    kinds = [kind for kind, may in zip(LADDER, admitted(visit, by_kind), strict=True) if may]
    if not kinds:
        return ()
    by_subject = [probing(visit, line, kinds[0], one) for one in subjects]
    allowed = [one for one, may in zip(subjects, admitted(visit, by_subject), strict=True) if may]
    posts = {one.person: one for one in people}
    choices = tuple((str(one), called(one, posts, names)) for one in allowed)
    if not choices:
        return ()
    form = FORMS["decide"].asking("on", choices=choices).asking("kind", choices=kind_choices(kinds))
    if MeasureKind.PROBATION not in kinds:
        form = form._replace(fields=tuple(field for field in form.fields if field.name != "term"))
    return (form._replace(fixed={"case": str(line.case)}),)


def probing(visit: Visit, line: CaseLine, kind: MeasureKind, on: RegionId | UnitId | PersonId) -> DecideMeasure:
    return DecideMeasure(
        measure=MeasureId.derived("probe", line.case),
        case=line.case,
        on=on,
        kind=kind,
        term=LADDER[kind].term[0],
        reasons=PLACEHOLDER,
        decided_on=visit.today,
        binds_from=visit.today,
    )


def people_of(connection: Connection[Any], subject: RegionId | UnitId | PersonId) -> tuple[PostLine, ...]:
    """Who holds or held a post in the township or the unit, each once, by their latest post."""
    if isinstance(subject, PersonId):
        return ()
    where = Where("unit", "eq", subject) if isinstance(subject, UnitId) else Where("region", "within", (subject,))
    found: dict[PersonId, PostLine] = {}
    for line in walk(connection, PostLine, Query((where,), ("since",), limit=500)):
        found[line.person] = line
    return tuple(sorted(found.values(), key=lambda line: (list(Post).index(line.post), line.person)))


def called(one: Id, posts: dict[PersonId, PostLine], names: Names) -> str:
    post = posts.get(one) if isinstance(one, PersonId) else None
    if post is None:
        return names(one)
    return f"{names(one)} · {'原' if post.until else ''}{names.post(post)}"


def kind_choices(kinds: Iterable[MeasureKind]) -> Choices:
    return tuple((kind.value, kind_words(kind)) for kind in kinds)


def kind_words(kind: MeasureKind) -> str:
    """诫勉:6个月不得提拔,当年取消评优评先资格: what a measure is called, and what it keeps someone from."""
    rung = LADDER[kind]
    terms = [f"{effect.label}{months}个月" for effect, months in rung.months.items()]
    if rung.term[1]:
        terms = [f"期满后再{one}" for one in terms]
    if rung.merit_lost:
        terms.append(f"当年{Effect.MERIT_LOST.label}")
    return typeset(f"{kind.label}:{','.join(terms)}" if terms else f"{kind.label}:没有影响期")


def act_on_case(visit: Visit) -> Response:
    """One form on a case, filled in."""
    case = CaseId(visit.request.path_params["case"])
    form = FORMS.get(visit.request.path_params["form"])
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    fixed: dict[str, Any] = about(visit, form)
    if "case" in form.command.model_fields:
        fixed["case"] = case
    if visit.posted.get("outcome") == "lightened":
        fixed["replacement"] = MeasureId.derived(str(visit.posted.get(KEY, "")))
    return performed(
        visit, form, fixed, lambda typed, status: shown(visit, case, typed, status), lambda _: f"/cases/{case}"
    )


# Opening one by hand


class Leads(NamedTuple):
    """立项线索: whom a case may be about, what in the record it may rest on, and what is ticked from the start."""

    subjects: tuple[RegionId | UnitId | PersonId, ...]
    grounds: Choices
    ticked: str = ""


def new_case(visit: Visit) -> Response:
    return opening(visit)


def opening(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """The form for a case about whoever the address names, or answers for the issue it names; a search for them
    where it names nobody."""
    subject, issue, text = (visit.query(name) for name in ("subject", "issue", "name"))
    if typed:
        subject, issue = typed.values.get("asked_subject", subject), typed.values.get("asked_issue", issue)
    with visit.application.pool.connection() as connection:
        found = about_issue(connection, IssueId(issue)) if issue else about_subject(connection, subject)
        named = [line for line in by_name(connection, text) if line.kind != "region" or line.level == "township"]
        names = names_of(connection, {*found.subjects, *(line.region for line in named)})
    form = opened_by(visit, found, names)
    if not form and (found.subjects or not supervising(visit)):
        raise Problem(403, "no_authority", "您现任的职务不能对其立项,或事关您本人及所在单位、乡镇,须回避")
    return visit.render(
        "case_new.html",
        status,
        form=form,
        typed=typed,
        subject=subject,
        issue=issue,
        named=named,
        text=text,
        names=names,
    )


def opened_by(visit: Visit, found: Leads, names: Names) -> Form | None:
    """The form, with those subjects the reader may open a case about; none where there are none."""
    places = dict.fromkeys(tenure.region for tenure in visit.viewer.held)
    ground = IssueId.derived("probe")
    for place in places:
        commands = [
            OpenCase(
                case=CaseId.derived("probe"),
                subject=one,
                region=place,
                reason="other",
                grounds=(ground,),
                matter=PLACEHOLDER,
            )
            for one in found.subjects
        ]
        allowed = [one for one, may in zip(found.subjects, admitted(visit, commands), strict=True) if may]
        if allowed:
            choices = tuple((str(one), whole(one, names)) for one in allowed)
            form = OPEN.asking("subject", choices=choices)
            form = form.asking("grounds", choices=found.grounds, value=found.ticked)
            return form._replace(fixed={"region": str(place)})
    return None


def whole(one: Id, names: Names) -> str:
    return names.path(one) if isinstance(one, RegionId) else names(one)


def supervising(visit: Visit) -> bool:
    """Whether a search for someone to open a case about makes sense at all."""
    return any(tenure.post in OVERSIGHT for tenure in visit.viewer.held)


def by_name(connection: Connection[Any], text: str) -> tuple[DirectoryLine, ...]:
    if not text:
        return ()
    where = (Where("name", "contains", text), Where("standing", "eq", True))
    return page(connection, DirectoryLine, Query(where, ("kind", "sort_key"), limit=50)).lines


def about_issue(connection: Connection[Any], issue: IssueId) -> Leads:
    """Those who answer for an issue, and the issue with what was reported up about it."""
    line = find(connection, IssueLine, issue)
    if line is None:
        raise Problem(404, "unknown_issue", "没有这个问题")
    escalations = page(connection, EscalationLine, Query((Where("issue", "eq", issue),), limit=20)).lines
    grounds = ((str(issue), line.description[:60]), *(said(one) for one in escalations))
    answerable = (line.person, line.leader, line.unit, line.region.at("township"))
    return Leads(tuple(one for one in answerable if one), grounds, str(issue))


def about_subject(connection: Connection[Any], subject: str) -> Leads:
    """The one named, and the issues they answer for or answered for, the earliest due first."""
    if not subject:
        return Leads((), ())
    try:
        one = id_of(subject)
    except ValueError:
        raise Problem(404, "unknown_subject", "台账中没有这个对象") from None
    if not isinstance(one, RegionId | UnitId | PersonId) or find(connection, DirectoryLine, one) is None:
        raise Problem(404, "unknown_subject", "台账中没有这个对象")
    where: tuple[Where, ...] = (Where("region", "within", (one,)),)
    reported: tuple[EscalationLine, ...] = ()
    if isinstance(one, RegionId):
        reported = page(connection, EscalationLine, Query((Where("region", "eq", one),), limit=20)).lines
    else:
        mine = page(
            connection, ResponsibilityLine, Query((Where("holder", "eq", one),), ("due",), limit=MOST_GROUNDS)
        ).lines
        where = (Where("issue", "in", sorted({str(line.issue) for line in mine})),)
    issues = page(connection, IssueLine, Query(where, ("due",), limit=MOST_GROUNDS)).lines
    return Leads((one,), (*((str(line.issue), line.description[:60]) for line in issues), *map(said, reported)))


def said(line: EscalationLine) -> tuple[str, str]:
    return str(line.escalation), typeset("上报:") + line.matter[:50]


def ticked(visit: Visit) -> Choices:
    """The grounds that were sent; whether they are in the record is for the decision to say."""
    return tuple((name.removeprefix("grounds."), "") for name in visit.posted if name.startswith("grounds."))


def open_case(visit: Visit) -> Response:
    form = OPEN.asking("grounds", choices=ticked(visit))
    return performed(
        visit,
        form,
        about(visit, form),
        lambda typed, status: opening(visit, typed, status),
        lambda command: f"/cases/{command.case}",
    )
