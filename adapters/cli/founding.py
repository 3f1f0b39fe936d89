"""建台与区划 on the command line: what must stand before the first issue."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.accounts import password_for
from adapters.cli.opening import Since, acting, opened, region_of
from adapters.cli.speech import AsJson, document, say
from domain.command import Act, refuse
from domain.ids import AppointmentId, PersonId, RegionId
from domain.organisation import OpenLedger
from domain.regions import EstablishRegions, Place

if TYPE_CHECKING:
    from adapters.bootstrap import Application


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
