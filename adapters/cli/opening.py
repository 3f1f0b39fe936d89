"""打开: from the environment to a running program for one command, and who acts in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.settings import Settings
from domain.command import Act, refuse
from domain.ids import PersonId, RegionId
from domain.posts import TENURE, Post, tenures

if TYPE_CHECKING:
    from adapters.bootstrap import Application

PATIENCE = 600.0
"""Seconds a command waits for the ledgers to hold everything that is recorded."""

Since = Annotated[
    datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], metavar="日期", help="自哪天起;不写则为今天")
]
As = Annotated[str | None, typer.Option("--as", metavar="登录名或人员编号", help="以谁的身份办理,须在任")]


def configured() -> Settings:
    """The settings, with the log set up by them."""
    from adapters.logging import configure

    settings = Settings.from_environment()
    configure(settings)
    return settings


@contextmanager
def opened(*, reading: bool = False) -> "Iterator[Application]":
    """The program, for one command; when ``reading``, its ledgers hold every fact there is."""
    from adapters.bootstrap import open_application

    settings = configured()
    with open_application(settings, project=False) as application:
        if reading:
            application.projector.catch_up()
            if not application.projector.wait_for(application.facts.head(), PATIENCE):
                refuse("ledgers_behind", "台账正在由另一进程更新,请稍后重试")
        yield application


def person_named(application: "Application", who: str) -> PersonId:
    """A person, by their login or their id. Raises Refused, and NotAdmitted for an unknown login."""
    if who.startswith("person-"):
        return PersonId(who)
    account = application.accounts.account(who)
    if account.person is None:
        refuse("administrator_cannot_act", "管理员账号不能办理业务:三员分立")
    return account.person


def acting(application: "Application", who: str, what: str) -> Act:
    """The person who acts, by their login or their id, now. Raises as ``person_named`` does."""
    from adapters.logging import audit

    person = person_named(application, who)

    audit("acted", via="command line", person=person, what=what)
    return Act(person, application.now())


def acting_or_headquarters(application: "Application", who: str | None, over: RegionId, what: str) -> Act:
    """The person named, or the only one of the headquarters over a place where nobody is named."""
    if who is not None:
        return acting(application, who, what)
    today = Act(PersonId("person-nobody"), application.now()).today
    held = tenures(fact.event for fact in application.facts.facts(TENURE)).values()
    officers = {
        one.person for one in held if one.post is Post.HEADQUARTERS and one.covers(today) and one.region.holds(over)
    }
    if len(officers) != 1:
        refuse("who_acts", f"该地在任的指挥部办公室人员有{len(officers)}人,请用 --as 指明由谁办理")
    return acting(application, officers.pop(), what)


def region_of(code: str) -> RegionId:
    """A place by its code, trimmed or padded with zeros. Refused for what is no code."""
    try:
        return RegionId.of(code.removeprefix("region-"))
    except ValueError:
        refuse("unknown_region", f"{code[:40]}不是区划代码:应为2、4、6、9或12位数字")
