"""区划办理: what may be done on the page of a place: who answers for it, its figures, and the places below it."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from psycopg import Connection

from adapters.web.actions import admitted, can_act
from adapters.web.forms import Choices, Field, Form
from adapters.web.issues import people_near
from adapters.web.names import names_of
from adapters.web.offers import probe
from adapters.web.site import Visit
from domain.command import Act, Command
from domain.exiting import RecordEvaluation, RecordIncidence
from domain.ids import IncidenceId, PersonId, RegionId
from domain.regions import AbolishRegion, EstablishRegions
from domain.responsibility import NameResponsible
from projections.charge_ledger import ChargeLine
from projections.directory import DirectoryLine
from services import incidence
from services.ledger import Ledger, Outcome

_PLACE: Final = re.compile(r"(\d{6}|\d{9}|\d{12})[\s,\uff0c、]+(\S.*)")


def places_in(text: str) -> list[dict[str, str]]:
    """One place a line, its code before its name. Raises ValueError naming the first line that is none."""
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        said = _PLACE.fullmatch(line)
        if said is None:
            raise ValueError(f"“{line[:40]}”应为“代码 名称”,代码为6、9或12位")
        found.append({"region": f"region-{said[1]}", "name": said[2].strip()})
    return found


FORMS: Final = {
    form.name: form
    for form in (
        Form(
            "name-responsible",
            NameResponsible,
            "确定第一责任人",
            "确定",
            (
                Field("person", "由谁任第一责任人", "choice"),
                Field("reason", "理由", hint="自记录之时起由此人负责,原第一责任人同时卸任,中间没有空档,也不重叠"),
            ),
            tone="sign",
        ),
        Form(
            "record-incidence",
            RecordIncidence,
            "核算贫困发生率",
            "核算",
            (Field("population", "农村人口(人)", "number", hint="公安或统计部门的数字"),),
            makes=(("incidence", IncidenceId),),
            note="剩余贫困人口由系统按截至此刻的全部记录统计,任何人都可以复算。",
        ),
        Form(
            "record-evaluation",
            RecordEvaluation,
            "记录退出评估",
            "保存评估",
            (
                Field("exited_sampled", "抽查退出户(户)", "number"),
                Field("wrong", "其中错退(户)", "number"),
                Field("others_sampled", "抽查其他户(户)", "number"),
                Field("missed", "其中漏评(户)", "number"),
                Field("asked", "访问户数(户)", "number"),
                Field("approving", "其中认可(户)", "number"),
                Field("evaluated_on", "评估日期", "date"),
                Field("evidence", "评估报告", "files", required=False),
            ),
        ),
        Form(
            "establish-regions",
            EstablishRegions,
            "设立下级区划或更名",
            "保存",
            (
                Field(
                    "places",
                    "代码和名称,一行一个",
                    reads=places_in,
                    hint="例如:451226104208 新村;代码已有的改为这里写的名称",
                ),
                Field("since", "从哪天起", "date"),
            ),
        ),
        Form(
            "abolish-region",
            AbolishRegion,
            "撤销区划",
            "撤销",
            (Field("on", "从哪天起撤销", "date", hint="只是撤销这个区划;它的全部记录保留"),),
            tone="grave",
        ),
    )
}
"""What can be done with a place, in the order in which it is offered."""

_COUNTED: Final = {"cut_off": 1, "households": 0, "people": 0}
"""What the service works out stands empty until then."""


def on_region(
    visit: Visit, connection: Connection[Any], line: DirectoryLine, charges: Sequence[ChargeLine]
) -> tuple[Form, ...]:
    """The forms the reader may use on a place, as it stands now."""
    if not can_act(visit) or not line.standing:
        return ()
    asked = tuple(fitted(visit, line, charges))
    allowed = admitted(visit, [probe(form) for form in asked])
    forms = tuple(form for form, may in zip(asked, allowed, strict=True) if may)
    if not any(form.command is NameResponsible for form in forms):
        return forms
    people = answerable(visit, connection, line.region)
    return tuple(form.asking("person", choices=people) if form.command is NameResponsible else form for form in forms)


def fitted(visit: Visit, line: DirectoryLine, charges: Sequence[ChargeLine]) -> Iterator[Form]:
    """The forms that make sense on such a place, with what the page itself says."""
    region, today = line.region, visit.today
    fixed = {"region": str(region)}
    if region.level in ("village", "township", "county"):
        now = charges[-1] if charges else None
        before = {"before": str(now.person)} if now else {}
        title = "变更第一责任人" if now else FORMS["name-responsible"].title
        naming = FORMS["name-responsible"]._replace(title=title, fixed={**fixed, **before})
        yield naming._replace(probe={"person": PersonId("person-probe")})
    if region.level in ("village", "county"):
        yield FORMS["record-incidence"]._replace(fixed=fixed, probe={**_COUNTED, "population": 1})
        sampled = {"exited_sampled": 1, "others_sampled": 1, "asked": 1, "wrong": 0, "missed": 0, "approving": 0}
        yield FORMS["record-evaluation"]._replace(fixed=fixed, probe={**sampled, "evaluated_on": today})
    if region.level != "village":
        here = {"places": ({"region": region, "name": line.name},), "since": today}
        yield FORMS["establish-regions"]._replace(probe=here)
    yield FORMS["abolish-region"]._replace(fixed=fixed, probe={"on": today})


def answerable(visit: Visit, connection: Connection[Any], region: RegionId) -> Choices:
    """Who is in post there or above, and may be named; nobody names themselves."""
    people = [one for one in people_near(connection, region) if one[0] != visit.viewer.person]
    names = names_of(connection, {one for person, line in people for one in (person, line.region, line.unit)})
    return tuple((str(person), f"{names(person)} · {names.post(line)}") for person, line in people)


def counted(form: Form) -> dict[str, int]:
    """What a form leaves to the service."""
    return dict(_COUNTED) if form.command is RecordIncidence else {}


def perform(ledger: Ledger, command: Command, act: Act, key: str) -> Outcome:
    if isinstance(command, RecordIncidence):
        return incidence.record(ledger, command.incidence, command.region, command.population, act, key)
    return ledger.execute(command, act, key)
