"""村: what a village, or a county, has to itself on its page: who covers it, its households, its indicators, its exits.

The page is the region's (``records``); here is what only an object of the programme has.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final, NamedTuple, get_args

from psycopg import Connection

from adapters.http.problems import Problem
from adapters.web.actions import about, can_act, done, open_to
from adapters.web.formats import share
from adapters.web.forms import Choices, Field, Form
from adapters.web.issues import people_near, region_choices, units_near
from adapters.web.names import Names, names_of
from adapters.web.site import Visit
from domain.command import About, Refused
from domain.exiting import ProposeExit
from domain.exits import IncidenceRecorded
from domain.fact import Past
from domain.households import COVERS, AssignCover, Category, EndCover, ListVillage
from domain.ids import ChainId, CoverId, Id, PersonId, RegionId, UnitId
from domain.indicators import AssessIndicators, Assessment
from domain.policy import IndicatorRule, ObjectKind, Policy, Threshold, in_force, policies_of
from projections.exit_ledger import ExitLine
from projections.household_ledger import HouseholdLine
from projections.indicator_ledger import IndicatorLine
from projections.reading import Query, Where, find, page, tally
from projections.sweep_ledger import SweepLine
from projections.village_ledger import VillageLine

SHOWN: Final = 100
SENSES: Final = {"at_least": "不低于", "above": "高于", "below": "低于"}
_SINCE: Final = Field("since", "从哪天起", "date")
FILES: Final = Field("evidence", "佐证材料", "files", required=False, hint="照片、PDF等,可不传")
ASSESS: Final = Form(
    "assess",
    AssessIndicators,
    "评定指标",
    "保存评定",
    (
        Field("assessments", "各项指标", "assessments", hint="只填这次看过的;有界限的填数值,由规则判定是否达标"),
        Field("assessed_on", "评定日期", "date"),
        FILES,
    ),
)
PROPOSE: Final = Form(
    "propose-exit",
    ProposeExit,
    "提出退出",
    "提出退出申请",
    (Field("statement", "申请说明", hint="写明已达到的标准"), FILES),
    makes=(("chain", ChainId),),
)
"""指标评定 and 提出退出: asked alike of households, villages and counties."""

FORMS: Final = {
    form.name: form
    for form in (
        Form("list", ListVillage, "确定贫困村", "确定", (_SINCE,)),
        Form(
            "cover-unit",
            AssignCover,
            "安排包村",
            "安排",
            (Field("unit", "单位", "choice"), _SINCE),
            makes=(("cover", CoverId),),
        ),
        Form(
            "cover-leader",
            AssignCover,
            "安排包村",
            "安排",
            (Field("person", "县级领导", "choice"), _SINCE),
            makes=(("cover", CoverId),),
        ),
        Form(
            "end-cover",
            EndCover,
            "结束包村",
            "结束",
            (Field("on", "从哪天起", "date"), Field("reason", "结束理由")),
            tone="grave",
        ),
        ASSESS,
        PROPOSE,
    )
}
"""What can be done for a village or a county, in the order in which it is offered."""


class Cover(NamedTuple):
    """包村: one kind of cover, who it is and since when; nobody where the village lacks it."""

    kind: str
    label: str
    who: PersonId | UnitId | None
    since: date | None


class IndicatorRow(NamedTuple):
    """指标: what the rules ask, and how it was last assessed, if it was."""

    rule: IndicatorRule | None
    title: str
    line: IndicatorLine | None


class Village(NamedTuple):
    """村情: of a village or a county; of other places there is none."""

    line: VillageLine | None
    covers: tuple[Cover, ...]
    categories: tuple[tuple[Category, int], ...]
    gaps: int
    exited: int
    indicators: tuple[IndicatorRow, ...]
    exits: tuple[ExitLine, ...]
    sweeps: tuple[SweepLine, ...]
    incidences: tuple[IncidenceRecorded, ...]
    forms: tuple[Form, ...]
    ids: frozenset[Id | None]
    done: str


def on_village(visit: Visit, connection: Connection[Any], region: RegionId) -> Village | None:
    """What the page of a village or a county shows besides what every place has."""
    kind = kind_of(region)
    if kind is None:
        return None
    position = visit.as_of.position
    line = find(connection, VillageLine, region, as_of=position) if kind == "village" else None
    here = (Where("region", "within", (region,)), Where("removed", "eq", False))
    categories = tally(connection, HouseholdLine, ("category",), here, position)
    alone = tally(connection, HouseholdLine, ("exited",), (*here, Where("cadre", "null", True)), position)
    exited = tally(connection, HouseholdLine, ("exited",), here, position)
    own = (Where("subject", "eq", region),)
    assessed = page(connection, IndicatorLine, Query(own, (), position, SHOWN)).lines
    exits = page(connection, ExitLine, Query(own, ("-opened_on",), position, SHOWN)).lines
    swept = (Where("region", "eq", region),)
    sweeps = page(connection, SweepLine, Query(swept, ("-opened_on",), position, SHOWN)).lines
    figures = visit.application.facts.read((About(region, (IncidenceRecorded,)),)).facts
    rules = rules_at(visit, region, kind)
    covers = tuple(
        Cover(name, label, getattr(line, name, None), getattr(line, f"{name}_since", None))
        for name, label in COVERS.items()
    )
    forms = tuple(offered(visit, connection, region, kind, line, covers, rules)) if can_act(visit) else ()
    ids: set[Id | None] = {cover.who for cover in covers} | {one.by for one in assessed}
    ids |= {one.applicant for one in exits}
    return Village(
        line=line,
        covers=covers if kind == "village" else (),
        categories=tuple((one, categories.get((one,), 0)) for one in Category if categories.get((one,))),
        gaps=sum(alone.values()),
        exited=exited.get((True,), 0),
        indicators=indicator_rows(rules, assessed),
        exits=exits,
        sweeps=sweeps,
        incidences=tuple(
            fact.event
            for fact in figures
            if isinstance(fact.event, IncidenceRecorded) and (position is None or fact.position <= position)
        )[::-1],
        forms=forms,
        ids=frozenset(ids),
        done=done(visit, *FORMS.values()),
    )


def kind_of(region: RegionId) -> ObjectKind | None:
    """What kind of object a place is, if it is one."""
    return "village" if region.level == "village" else "county" if region.level == "county" else None


def offered(
    visit: Visit,
    connection: Connection[Any],
    region: RegionId,
    kind: ObjectKind,
    line: VillageLine | None,
    covers: Iterable[Cover],
    rules: tuple[IndicatorRule, ...],
) -> Iterator[Form]:
    """The forms that the one who looks may use now, with what there is to choose."""
    allowed = open_to(visit, sensible(visit, region, kind, line, covers, rules))
    people: Choices = ()
    if any(form.name == "cover-leader" for form in allowed):
        near = people_near(connection, region)
        names = names_of(connection, {one for who, post in near for one in (who, post.region, post.unit)})
        people = tuple((str(who), f"{names(who)} · {names.post(post)}") for who, post in near)
    for form in allowed:
        match form.name:
            case "cover-leader":
                yield form.asking("person", choices=people)
            case "cover-unit":
                yield form.asking("unit", choices=units_near(connection, region))
            case _:
                yield form


def sensible(
    visit: Visit,
    region: RegionId,
    kind: ObjectKind,
    line: VillageLine | None,
    covers: Iterable[Cover],
    rules: tuple[IndicatorRule, ...],
) -> Iterator[Form]:
    def on(name: str, fixed: Mapping[str, str], **placeholders: Any) -> Form:
        dates = {field.name: visit.today for field in FORMS[name].fields if field.kind == "date"}
        return FORMS[name]._replace(fixed=fixed, probe={**dates, **placeholders})

    own, subject = {"region": str(region)}, {"subject": str(region)}
    if kind == "village":
        if not (line and line.listed):
            yield on("list", own)
        for cover in covers:
            fixed = {**own, "kind": cover.kind}
            if cover.who:
                yield on("end-cover", fixed)._replace(title=f"结束{cover.label}包村")
            elif cover.kind == "leader":
                yield on("cover-leader", fixed, person=PersonId("person-probe"))._replace(
                    title=f"安排{cover.label}包村"
                )
            else:
                yield on("cover-unit", fixed, unit=UnitId("unit-probe"))._replace(title=f"安排{cover.label}包村")
    if asked := to_assess(assessable(rules)):
        yield on("assess", subject, assessments=asked).asking("assessments", rules=assessable(rules))
    yield on("propose-exit", subject)


def about_village(visit: Visit, region: RegionId, form: Form) -> tuple[Form, dict[str, Any]]:
    """The form as it was shown, and what it carries that nobody types. Raises Problem 404 where it was not shown."""
    kind = kind_of(region)
    if kind is None:
        raise Problem(404, "not_found", "没有这个页面")
    if form.command is AssessIndicators:
        form = form.asking("assessments", rules=assessable(rules_at(visit, region, kind)))
    return form, {**about(visit, form), "region" if "region" in form.command.model_fields else "subject": region}


# What households and villages have in common


def policy_at(visit: Visit, region: RegionId) -> Policy | None:
    """The rules there at the moment the page shows; none where no policy was adopted."""
    facts = visit.application.facts.read(policies_of(region)).facts
    position = visit.as_of.position
    past = Past(fact for fact in facts if position is None or fact.position <= position)
    try:
        return in_force(past, region, visit.as_of.day)
    except Refused:
        return None


def rules_at(visit: Visit, region: RegionId, kind: ObjectKind) -> tuple[IndicatorRule, ...]:
    """The indicators of such an object there, those that the service computes among them."""
    rules = policy_at(visit, region)
    return tuple(rules.indicators(kind).values()) if rules else ()


def assessable(rules: Iterable[IndicatorRule]) -> tuple[IndicatorRule, ...]:
    """Those that people assess."""
    return tuple(rule for rule in rules if not rule.computed)


def with_indicators(visit: Visit, names: Names, region: RegionId) -> Names:
    """Names that know what a place's rules call each indicator."""
    rules = policy_at(visit, region)
    if rules is None:
        return names
    titles = {(kind, one.code): one.title for kind in get_args(ObjectKind) for one in rules.indicators(kind).values()}
    return Names(names.known, titles)


def to_assess(rules: Iterable[IndicatorRule]) -> tuple[Assessment, ...]:
    """What stands for an assessment while it is asked who may make one."""
    for rule in rules:
        if rule.threshold is None:
            return (Assessment(indicator=rule.code, met=True),)
        figure = rule.threshold.figure
        return (Assessment(indicator=rule.code, met=rule.threshold.met_by(figure), value=figure),)
    return ()


def indicator_rows(rules: Iterable[IndicatorRule], lines: Iterable[IndicatorLine]) -> tuple[IndicatorRow, ...]:
    """What the rules ask for, and then what was assessed by rules that are no longer in force."""
    known = {line.indicator: line for line in lines}
    asked = tuple(IndicatorRow(rule, rule.title, known.pop(rule.code, None)) for rule in rules)
    return (*asked, *(IndicatorRow(None, line.indicator, line) for line in known.values()))


def limit_words(limit: Threshold) -> str:
    """不低于5000元"""
    return f"{SENSES[limit.sense]}{amount(limit.figure, limit.unit)}"


def amount(figure: int, unit: str) -> str:
    """5000元; what is counted in basis points is read in percent."""
    return share(figure) if unit == "万分之一" else f"{figure}{unit}"


def village_choices(connection: Connection[Any], chosen: str, *, within: tuple[RegionId, ...]) -> Choices:
    """The villages to choose from, each with its township."""
    label, found = "", []
    for code, name in region_choices(connection, chosen, within=within):
        match RegionId(code).level:
            case "township":
                label = name.strip()
            case "village":
                found.append((code, f"{label}{name.strip()}"))
    return tuple(found)
