"""激励: praise, bonuses, the reserve list, promotion considered: who was given what; giving it, and taking it back."""

from typing import Final

from starlette.responses import Response

from adapters.asking.probing import PLACEHOLDER
from adapters.http.problems import Problem
from adapters.logging import audit
from adapters.web.actions import about, admitted, can_act, done, open_to, performed, shown_again
from adapters.web.cases import by_name, whole
from adapters.web.dossier import held_by_writers, timeline
from adapters.web.forms import Field, Form, Typed
from adapters.web.names import Names, named_in, names_of
from adapters.web.site import Site, Visit
from domain.accountability import Accountable
from domain.commendation import DECIDERS, RESERVE_LEVELS, GiveMerit, MeritKind, RevokeMerit
from domain.fact import Past
from domain.ids import Id, MeritId, PersonId, RegionId, UnitId, id_of
from projections.commendation_ledger import CommendationLine
from projections.directory import DirectoryLine
from projections.reading import Query, Where, find, page

PAGE: Final = 30
KINDS: Final = {kind.value: kind.label for kind in MeritKind}

GIVE: Final = Form(
    "give",
    GiveMerit,
    "激励决定",
    "作出决定",
    (
        Field("kind", "激励方式", "choice"),
        Field("amount", "奖励金额", "money", only_if=("kind", MeritKind.BONUS)),
        Field(
            "level",
            "储备层次",
            "choice",
            choices=tuple(RESERVE_LEVELS.items()),
            only_if=("kind", MeritKind.RESERVE),
        ),
        Field("reasons", "决定理由"),
        Field("decided_on", "决定日期", "date"),
    ),
    tone="sign",
    makes=(("merit", MeritId),),
)
REVOKE: Final = Form(
    "revoke",
    RevokeMerit,
    "取消激励",
    "取消",
    (Field("reasons", "取消理由", hint="原决定的记录保留"), Field("revoked_on", "从哪天起取消", "date")),
    tone="grave",
)


def merits(site: Site) -> None:
    site.page("/merits", list_page)
    site.page("/merits/new", new_merit)
    site.page("/merits/give", give, method="POST")
    site.page("/merits/{merit}", merit_page)
    site.page("/merits/{merit}/revoke", revoke, method="POST")
    site.templates.globals["merit_kinds"] = KINDS


def may_give(visit: Visit) -> bool:
    """Whether it makes sense to look for someone to commend."""
    deciders = {post for posts in DECIDERS.values() for post in posts}
    return can_act(visit) and any(tenure.post in deciders for tenure in visit.viewer.held)


def list_page(visit: Visit) -> Response:
    as_of = visit.as_of
    kind = visit.query("kind") if visit.query("kind") in KINDS else ""
    where = (Where("kind", "eq", kind),) if kind else ()
    with visit.application.pool.connection() as connection:
        query = Query(where, ("-decided_on",), as_of.position, PAGE, visit.query("cursor") or None)
        found = page(connection, CommendationLine, query)
        names = names_of(connection, {id for line in found.lines for id in (line.subject, line.decided_by)})
    audit("viewed", viewer=visit.viewer.person, what="commendation_ledger", as_of=as_of.position)
    return visit.render(
        "merits.html",
        lines=found.lines,
        kind=kind,
        names=names,
        as_of=as_of,
        may_give=may_give(visit),
        next=f"/merits?kind={kind}&cursor={found.next}" if found.next else "",
    )


# Giving one


def new_merit(visit: Visit) -> Response:
    return giving(visit)


def giving(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """The form for whomever the address names; a search for them where it names nobody."""
    asked, text = visit.query("subject"), visit.query("name")
    if typed:
        asked = typed.values.get("on", asked)
    if not may_give(visit):
        raise Problem(403, "no_authority", "您现任的职务不作激励决定")
    with visit.application.pool.connection() as connection:
        subject = subject_of(asked)
        if subject and find(connection, DirectoryLine, subject) is None:
            raise Problem(404, "unknown_subject", "台账中没有这个对象")
        named = [line for line in by_name(connection, text) if line.kind != "region" or line.level != "province"]
        names = names_of(connection, {subject, *(line.region for line in named)})
    form = given_by(visit, subject, names) if subject else None
    if subject and form is None:
        raise Problem(403, "no_authority", "您现任的职务不能对其作出激励决定,或事关您本人及所在单位、乡镇,须回避")
    return visit.render(
        "merit_new.html",
        status,
        form=form,
        typed=typed,
        subject=subject,
        named=named,
        text=text,
        names=names,
    )


def subject_of(text: str) -> Accountable | None:
    """Whom an address names. Raises Problem 404 for what can't be commended."""
    if not text:
        return None
    try:
        one = id_of(text)
    except ValueError:
        raise Problem(404, "unknown_subject", "台账中没有这个对象") from None
    if not isinstance(one, RegionId | UnitId | PersonId):
        raise Problem(404, "unknown_subject", "台账中没有这个对象")
    return one


def given_by(visit: Visit, subject: Accountable, names: Names) -> Form | None:
    """The form, with the kinds that the reader may give; none where there are none."""
    for place in dict.fromkeys(tenure.region for tenure in visit.viewer.held):
        commands = [probing(visit, subject, place, kind) for kind in MeritKind]
        kinds = [kind for kind, may in zip(MeritKind, admitted(visit, commands), strict=True) if may]
        if not isinstance(subject, PersonId):
            kinds = [kind for kind in kinds if kind in (MeritKind.PRAISE, MeritKind.BONUS)]
        if kinds:
            form = GIVE.asking("kind", choices=tuple((kind.value, kind.label) for kind in kinds))
            wanted = {MeritKind.BONUS: "amount", MeritKind.RESERVE: "level"}
            idle = {field for kind, field in wanted.items() if kind not in kinds}
            form = form._replace(fields=tuple(field for field in form.fields if field.name not in idle))
            title = f"对{whole(subject, names)}作出激励决定"
            return form._replace(title=title, fixed={"on": str(subject), "region": str(place)})
    return None


def probing(visit: Visit, subject: Accountable, place: RegionId, kind: MeritKind) -> GiveMerit:
    return GiveMerit(
        merit=MeritId.derived("probe", subject),
        on=subject,
        region=place,
        kind=kind,
        reasons=PLACEHOLDER,
        decided_on=visit.today,
        amount=1 if kind is MeritKind.BONUS else None,
        level="section" if kind is MeritKind.RESERVE else None,
    )


def give(visit: Visit) -> Response:
    return performed(
        visit,
        GIVE.asking("kind", choices=tuple(KINDS.items())),
        about(visit, GIVE),
        lambda typed, status: giving(visit, typed, status),
        lambda command: f"/merits/{command.merit}",
    )


# One merit


def merit_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    merit = MeritId(visit.request.path_params["merit"])
    as_of = visit.as_of
    past = Past(visit.application.facts.about(merit, until=as_of.position))
    with visit.application.pool.connection() as connection:
        line = find(connection, CommendationLine, merit, as_of=as_of.position)
        if line is None or not past:
            raise Problem(404, "unknown_merit", "没有这项激励,或当时还没有决定")
        held = held_by_writers(visit.application.facts, past)
        ids: set[Id | None] = {line.subject, line.region, line.decided_by, line.revoked_by}
        names = names_of(connection, named_in(past) | ids | {tenure.region for tenure in held.values()})
    audit("viewed", viewer=visit.viewer.person, what="merit", subject=merit, as_of=as_of.position)
    forms = open_to(visit, [REVOKE._replace(fixed={"merit": str(merit)}, probe={"revoked_on": visit.today})])
    return visit.render(
        "merit.html",
        status,
        line=line,
        names=names,
        entries=timeline(past, held, names),
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, GIVE, REVOKE),
    )


def revoke(visit: Visit) -> Response:
    merit = MeritId(visit.request.path_params["merit"])
    return performed(
        visit,
        REVOKE,
        {"merit": merit},
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/merits/{merit}",
    )
