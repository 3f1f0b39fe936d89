"""建台、区划与政策 on the command line: what must stand before the first issue."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.accounts import password_for
from adapters.cli.opening import As, acting, acting_or_headquarters, opened, region_of
from adapters.cli.rulebook import print_sections
from adapters.cli.speech import AsJson, document, lines, say, table
from domain.command import Act, refuse
from domain.ids import AppointmentId, PersonId, RegionId
from domain.organisation import OpenLedger
from domain.policy import AdoptPolicy, Policy, packaged
from domain.regions import EstablishRegions, Place

if TYPE_CHECKING:
    from adapters.bootstrap import Application

Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], metavar="日期", help="自哪天起;不写则为今天")
]


def open_ledger(
    county: Annotated[str, typer.Option("--county", metavar="代码", help="县或市的区划代码")],
    organiser: Annotated[str, typer.Option("--organiser", metavar="姓名", help="第一位组织部门人员的姓名")],
    login: Annotated[str, typer.Option("--login", metavar="登录名", help="此人的登录名")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="从标准输入读密码;不加则在终端上询问,或生成一个")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """建台:设立一地的台账,载入其区划,登记第一位组织部门人员及其账号。此后的一切权限都由任职而来。"""
    from adapters.identity.passwords import acceptable

    region = region_of(county)
    with opened() as application:
        place = division(application, region)
        person = PersonId.derived("organiser", region, login)
        act = Act(person, application.now())
        command = OpenLedger(
            region=region,
            name=place.name,
            organiser=person,
            organiser_name=organiser,
            appointment=AppointmentId.derived("founding", region),
            since=act.today,
        )
        password, generated = password_for(login, password_stdin)
        # What would be refused afterwards is refused before the ledger is open.
        acceptable(password, login)
        if any(account.login == login for account in application.accounts.accounts()):
            refuse("login_taken", f"登录名 {login} 已被使用")
        application.ledger.execute(command, act)
        established = establish(application, region, act, act.today)
        application.accounts.create_account(login, password, application.now(), person=person, must_change=generated)
    if as_json:
        document(
            {"region": region, "organiser": person, "login": login, "regions": established}
            | ({"password": password} if generated else {})
        )
        return
    typer.echo(f"{place.name}已建台,载入区划{established}个;组织部门 {organiser} 可用 {login} 登录")
    if generated:
        typer.echo(f"初始密码: {password}(首次登录须修改,只显示这一次)")
    say(f"下一步:由组织部门任命各职务,由指挥部办公室运行 taizhang policy adopt county --region {region.code}")


def division(application: "Application", region: RegionId) -> Place:
    """A county or a city, by the packaged table."""
    found = application.divisions.get(region.code)
    if found is None or found.level not in ("county", "city"):
        refuse("unknown_region", f"{region.code}不在区划名录中,或不是市、县的代码")
    return Place(region=region, name=found.name)


def establish(application: "Application", region: RegionId, act: Act, since: date) -> int:
    """Every place below a county or a city, in one go; how many changed."""
    below = application.divisions.within(region.code)
    places = tuple(Place(region=RegionId.of(each.code), name=each.name) for each in below)
    return len(application.ledger.execute(EstablishRegions(places=places, since=since), act).facts)


def load_regions(
    county: Annotated[str, typer.Option("--county", metavar="代码", help="县或市的区划代码")],
    who: Annotated[str, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须在任")],
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """载入一县或一市的全部区划;已有的不变,更名的记为更名。"""
    region = region_of(county)
    with opened() as application:
        division(application, region)
        act = acting(application, who, "EstablishRegions")
        changed = establish(application, region, act, since.date() if since else act.today)
    if as_json:
        document({"region": region, "changed": changed})
    else:
        typer.echo(f"区划有{changed}处变化" if changed else "区划没有变化")


def adopt_policy(
    name: Annotated[str, typer.Argument(metavar="政策包", help="政策包名称,例如 county")],
    region: Annotated[str, typer.Option("--region", metavar="代码", help="采用它的县或市")],
    who: As = None,
    since: Since = None,
    as_json: AsJson = False,
) -> None:
    """采用政策包:自某日起,本地按它的规则办理。"""
    place, policy = region_of(region), policy_named(name)
    with opened() as application:
        act = acting_or_headquarters(application, who, place, "AdoptPolicy")
        day = since.date() if since else act.today
        outcome = application.ledger.execute(AdoptPolicy(region=place, policy=policy, since=day), act)
    if as_json:
        document({"region": place, "policy": policy.policy, "version": policy.version, "position": outcome.position})
    else:
        typer.echo(f"{place.code}自{day.isoformat()}起采用《{policy.title}》第{policy.version}版")


def show_policy(
    name: Annotated[str, typer.Argument(metavar="政策包", help="政策包名称,例如 county")], as_json: AsJson = False
) -> None:
    """把政策包写成人能读的文件。"""
    policy = policy_named(name)
    if as_json:
        document(policy)
        return
    typer.echo(f"《{policy.title}》第{policy.version}版\n{policy.source}")
    rows = (
        (label, stage.level, stage.label, closure.notice_days or "不公示")
        for label, closure in (("一般", policy.minor), ("较重", policy.serious), ("重大", policy.major))
        for stage in closure.stages
    )
    levels = {"village": "村级", "township": "乡镇级", "county": "县级", "city": "市级"}
    told = ((label, levels[level], seats, notice) for label, level, seats, notice in rows)
    table("销号须经的签字", ("问题等级", "层级", "签字人(须全部签)", "公示天数"), told)
    blocking = {"graver": "有更重的未销号问题时不能签字", "any": "有任何未销号问题时不能签字", "none": "不作限制"}
    lines(
        [
            ("上报答复时限", f"{policy.answer_hours}小时"),
            ("同一对象", blocking[policy.blocking]),
            ("榜单异议期", f"{policy.objection_days}天"),
            ("申诉期", f"{policy.appeal_days}天"),
        ]
    )
    print_sections(policy)


def policy_named(name: str) -> Policy:
    try:
        if name.isidentifier():
            return packaged(name)
    except FileNotFoundError:
        pass
    refuse("unknown_policy", f"没有政策包“{name[:40]}”")
