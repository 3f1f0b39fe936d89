"""机构与政策: registering people and units, appointing and relieving, and the policy a place goes by."""

from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.http.problems import Problem
from adapters.web.actions import about, admitted, can_act, done, open_to, performed, shown_again
from adapters.web.forms import Choices, Field, Form, Typed
from adapters.web.issues import region_choices, townships_first, units_near
from adapters.web.names import Names
from adapters.web.offers import probe
from adapters.web.policy_words import sections
from adapters.web.site import Site, Visit, see_other
from domain.accountability import add_months
from domain.appointing import REPLACED_FOR, Appoint, ReplaceMember
from domain.books import PublishTaskList, TaskListPublished
from domain.command import Refused
from domain.fact import Past
from domain.households import RecordRank
from domain.ids import AppointmentId, PersonId, RegionId, TaskListId, UnitId
from domain.organisation import DissolveUnit, EstablishUnit, RegisterPerson, Relieve
from domain.policy import AdoptPolicy, PolicyAdopted, Rank, in_force, packaged, policies_of
from domain.posts import VILLAGE, Post
from projections.directory import DirectoryLine
from projections.post_ledger import PostLine
from projections.reading import Query, Where, page

PACKS: Final = ("county", "changsha", "huaihua", "huanjiang", "luchuan", "tongyu")
"""The policies that ship with the program."""

MOST_PEOPLE: Final = 500

UNIT_KINDS: Final[Choices] = (
    ("department", "部门"),
    ("party", "党委"),
    ("government", "政府"),
    ("team", "工作队"),
    ("headquarters", "指挥部"),
    ("enterprise", "企业"),
)

REGISTER: Final = Form(
    "register-person",
    RegisterPerson,
    "登记人员",
    "登记",
    (
        Field("name", "姓名", "line", hint="只登记干部,不登记农户"),
        Field("region", "所属地区", "choice"),
    ),
    makes=(("person", PersonId),),
)
ESTABLISH: Final = Form(
    "establish-unit",
    EstablishUnit,
    "设立单位",
    "设立",
    (
        Field("name", "单位名称", "line"),
        Field("kind", "单位类别", "choice", choices=UNIT_KINDS),
        Field("region", "所属地区", "choice"),
    ),
    makes=(("unit", UnitId),),
)
APPOINT: Final = Form(
    "appoint",
    Appoint,
    "任职",
    "任职",
    (
        Field("post", "职务", "choice"),
        Field("region", "在哪里任职", "choice", hint="职务须与这一级相符:村级职务选村,乡镇职务选乡镇"),
        Field("unit", "所在单位", "choice", required=False, hint="单位负责人、经办人和工作队员须选"),
        Field("since", "从哪天起", "date"),
    ),
    makes=(("appointment", AppointmentId),),
)
REPLACE: Final = Form(
    "replace",
    ReplaceMember,
    "撤换",
    "撤换",
    (
        Field("successor", "由谁接替", "choice", hint="今天撤下、今天接上,村里不缺一天人"),
        Field("cause", "撤换原因", "choice", choices=tuple(REPLACED_FOR.items())),
        Field("reason", "具体情况"),
    ),
    tone="grave",
    makes=(("succeeding", AppointmentId),),
)
RANK: Final = Form(
    "record-rank",
    RecordRank,
    "记录职级",
    "保存职级",
    (
        Field("rank", "职级", "choice", choices=tuple((rank.value, rank.label) for rank in Rank)),
        Field("since", "从哪天起", "date"),
    ),
)
LIST_TASKS: Final = Form(
    "publish-tasks",
    PublishTaskList,
    "下达任务清单",
    "下达",
    (Field("month", "哪个月", "choice"),),
    makes=(("tasklist", TaskListId),),
    note="清单由系统从截至此刻的记录里取出该队所包村未办结的帮扶计划和问题,谁也不必再填一遍。",
)
RELIEVE: Final = Form(
    "relieve",
    Relieve,
    "免职",
    "免职",
    (Field("on", "从哪天起不再担任", "date", hint="不能早于今天"), Field("reason", "免职理由")),
    tone="grave",
)
DISSOLVE: Final = Form(
    "dissolve", DissolveUnit, "撤销单位", "撤销单位", (Field("on", "从哪天起撤销", "date"),), tone="grave"
)
ADOPT: Final = Form(
    "adopt-policy",
    AdoptPolicy,
    "采用政策包",
    "采用",
    (
        Field("policy", "政策包", "choice", reads=packaged, hint="采用后从所选日期起按新规则办理,以前的仍按当时的规则"),
        Field("since", "从哪天起", "date"),
    ),
    tone="sign",
)


class Offered(NamedTuple):
    """可办事项: forms, and the townships to choose one of first, where villages are too many to list."""

    forms: tuple[Form, ...] = ()
    townships: Choices = ()


def organisation(site: Site) -> None:
    site.page("/policy", my_policy)
    site.page("/regions/{code}/policy", policy_page)
    site.page("/regions/{code}/policy/adopt-policy", adopt, method="POST")


# Whom and what a place has


def on_directory(visit: Visit, connection: Connection[Any], kind: str) -> Offered:
    """Registering a person or establishing a unit, where the reader may."""
    form = {"person": REGISTER, "unit": ESTABLISH}.get(kind)
    if form is None:
        return Offered()
    placeholders = {"kind": "department"} if form is ESTABLISH else {}
    mine = places_open(visit, form._replace(probe=placeholders))
    if not mine:
        return Offered()
    choices = region_choices(connection, visit.query("township"), within=mine)
    return Offered((form.asking("region", choices=choices),), townships_first(connection, within=mine))


def on_person(
    visit: Visit, connection: Connection[Any], person: PersonId, posts: Iterable[PostLine], names: Names
) -> Offered:
    """Appointing the person, and relieving them of each post they hold, where the reader may."""
    fixed = {"person": str(person)}
    mine = places_open(visit, APPOINT._replace(fixed=fixed, probe={"post": Post.HEADQUARTERS, "since": visit.today}))
    ranking = open_to(visit, [RANK._replace(fixed=fixed, probe={"rank": Rank.STAFF, "since": visit.today})])
    leaving = (*ranking, *leaves(visit, connection, [post for post in posts if post.until is None], names))
    if not mine:
        return Offered(leaving)
    choices = region_choices(connection, visit.query("township"), within=mine)
    levels = {"village", "township", "county", *(place.level for place in mine)}
    held = tuple((post.value, post.label) for post in Post if post.level in levels)
    units = tuple(unit for place in mine for unit in units_near(connection, place))
    form = APPOINT.asking("post", choices=held).asking("region", choices=choices).asking("unit", choices=units)
    return Offered((form._replace(fixed=fixed), *leaving), townships_first(connection, within=mine))


def leaves(visit: Visit, connection: Connection[Any], posts: Iterable[PostLine], names: Names) -> tuple[Form, ...]:
    """Replacing someone in a post of a village, and relieving them of any, where the reader may."""
    places = {str(post.appointment): post for post in posts}
    asked: list[Form] = []
    for appointment, post in places.items():
        fixed, called = {"appointment": appointment}, names.post(post, True)
        if post.post in VILLAGE:
            probing = {"successor": PersonId("person-probe"), "cause": "other"}
            asked.append(REPLACE._replace(title=f"撤换{called}", fixed=fixed, probe=probing))
        asked.append(RELIEVE._replace(title=f"免去{called}", fixed=fixed, probe={"on": max(visit.today, post.since)}))
    return tuple(
        form.asking("successor", choices=successors(connection, places[form.fixed["appointment"]]))
        if form.command is ReplaceMember
        else form
        for form in open_to(visit, asked)
    )


def successors(connection: Connection[Any], post: PostLine) -> Choices:
    """Whoever is registered in the post's township, or at its county, and may take its place."""
    near = [Where("region", "eq", post.region.at("county") or post.region)]
    if township := post.region.at("township"):
        near.insert(0, Where("region", "within", (township,)))
    found = {
        line.id: line.name
        for where in near
        for line in page(
            connection, DirectoryLine, Query((Where("kind", "eq", "person"), where), ("sort_key",), limit=MOST_PEOPLE)
        ).lines
        if line.id != post.person
    }
    return tuple((str(one), name) for one, name in found.items())


def on_unit(visit: Visit, line: DirectoryLine, published: Iterable[TaskListPublished]) -> Offered:
    """A team's task list for a month that has none yet, and dissolving the unit, where the reader may."""
    if not line.standing:
        return Offered()
    first = visit.today.replace(day=1)
    out = {one.month for one in published}
    months = [month for month in (first, add_months(first, 1)) if month not in out]
    asked = [DISSOLVE._replace(fixed={"unit": str(line.id)}, probe={"on": visit.today})]
    if months and line.unit_kind == "team":
        choices = tuple((month.isoformat(), f"{month.year}年{month.month}月") for month in months)
        listing = LIST_TASKS.asking("month", choices=choices, value=choices[0][0])
        probing = {"month": months[0], "cut_off": 1, "tasks": ()}
        asked.insert(0, listing._replace(fixed={"team": str(line.id)}, probe=probing))
    return Offered(open_to(visit, asked))


def places_open(visit: Visit, form: Form) -> tuple[RegionId, ...]:
    """The places where the reader holds a post and for which the form would not be refused."""
    mine = tuple(dict.fromkeys(tenure.region for tenure in visit.viewer.held))
    asked = [probe(form._replace(probe={**form.probe, "region": place})) for place in mine]
    return tuple(place for place, may in zip(mine, admitted(visit, asked), strict=True) if may)


def ruled_places(visit: Visit, connection: Connection[Any], *posts: Post) -> tuple[RegionId, ...]:
    """The counties and cities over which the reader holds one of these posts."""
    mine = tuple({tenure.region for tenure in visit.viewer.held if tenure.post in posts})
    if not mine:
        return ()
    where = (Where("kind", "eq", "region"), Where("level", "in", ["county", "city"]), Where("region", "within", mine))
    return tuple(line.region for line in page(connection, DirectoryLine, Query(where, ("region",), limit=200)).lines)


# By what rules


def my_policy(visit: Visit) -> Response:
    """To the policy of the county, or the city, of the one who looks."""
    places = sorted((tenure.region.at("county") or tenure.region for tenure in visit.viewer.held), key=len)
    if not places:
        raise Problem(404, "no_policy", "您现在没有任职;请从名录里选一个县,看它的政策包")
    return see_other(f"/regions/{places[-1].code}/policy")


def policy_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, status: int = 200) -> Response:
    """政策包: what a place goes by on a day, in words, and what it went by before."""
    region = region_of(visit)
    as_of = visit.as_of
    facts = visit.application.facts.read(policies_of(region)).facts
    past = Past(fact for fact in facts if as_of.position is None or fact.position <= as_of.position)
    try:
        policy = in_force(past, region, as_of.day)
    except Refused:
        policy = None
    forms = tuple(adopting(visit, region))
    adopted = [fact for fact in past if isinstance(fact.event, PolicyAdopted)]
    return visit.render(
        "policy.html",
        status,
        region=region,
        policy=policy,
        sections=list(sections(policy)) if policy else [],
        adopted=adopted[::-1],
        names=visit.names({region, *(fact.by for fact in adopted), *(place_of(fact.event) for fact in adopted)}),
        as_of=as_of,
        forms=forms,
        typed=shown_again(forms, typed),
        done=done(visit, ADOPT),
    )


def region_of(visit: Visit) -> RegionId:
    """The region the address names. Raises Problem 404."""
    try:
        return RegionId.of(visit.request.path_params["code"])
    except ValueError:
        raise Problem(404, "unknown_region", "没有这个区划") from None


def place_of(event: object) -> RegionId | None:
    return event.region if isinstance(event, PolicyAdopted) else None


def adopting(visit: Visit, region: RegionId) -> Iterator[Form]:
    """The form, with the packs that the place may adopt."""
    packs = {name: packaged(name) for name in PACKS} if can_act(visit) else {}
    asked = [AdoptPolicy(region=region, policy=pack, since=visit.today) for pack in packs.values()]
    allowed = [name for name, may in zip(packs, admitted(visit, asked), strict=True) if may]
    if allowed:
        yield ADOPT.asking(
            "policy", choices=tuple((one, f"《{packs[one].title}》第{packs[one].version}版") for one in allowed)
        )


def adopt(visit: Visit) -> Response:
    region = region_of(visit)
    return performed(
        visit,
        ADOPT.asking("policy", choices=tuple((one, one) for one in PACKS)),
        {**about(visit, ADOPT), "region": region},
        lambda typed, status: shown(visit, typed, status),
        lambda _: f"/regions/{region.code}/policy",
    )
