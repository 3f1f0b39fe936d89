"""我的密钥: registering a passkey, what became of one's keys, and confirming those of others face to face."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from psycopg import Connection
from starlette.responses import Response

from adapters.http.keys import own_keys
from adapters.http.problems import Problem, problem_of
from adapters.logging import audit
from adapters.web.forms import Field, Form, Typed, Unreadable, read
from adapters.web.names import names_of
from adapters.web.site import Site, Visit, see_other
from adapters.web.words import SUITES
from domain.chains import Chain
from domain.command import Refused
from domain.ids import RegionId, SigningKeyId
from domain.keys import CONFIRM, ConfirmKey, RegisterKey, RevokeKey
from domain.statements import Assurance
from projections.directory import DirectoryLine
from projections.key_ledger import KeyLine
from projections.reading import Query, Where, walk
from services.ledger import Conflict

REGISTER: Final = Form(
    "register",
    RegisterKey,
    "登记通行密钥",
    "登记通行密钥",
    (
        Field("label", "名称", "line", hint="写明是哪台设备,例如:办公电脑"),
        Field("possession", "个人签名", "signature"),
    ),
)
ON_KEY: Final = {
    form.name: form
    for form in (
        Form(
            "confirm",
            ConfirmKey,
            "确认密钥",
            "已当面核对,确认",
            (
                Field("manner", "核对方式", "line", hint="例如:本人到场,核对了工作证和指纹"),
                Field("signature", "个人签名", "signature", required=False),
            ),
            tone="sign",
        ),
        Form(
            "revoke",
            RevokeKey,
            "吊销密钥",
            "吊销",
            (Field("since", "从哪天起存疑", "date", hint="遗失或泄露的日子"), Field("reason", "吊销理由")),
            tone="grave",
        ),
    )
}


class Signing(NamedTuple):
    """如何签名: the signer's passkeys in force (credential → key), and what to say to them."""

    passkeys: Mapping[str, str]
    words: str


def keys(site: Site) -> None:
    site.page("/keys", keys_page)
    site.page("/keys", register_key, method="POST")
    site.page("/keys/{key}/{form}", act_on_key, method="POST")
    site.templates.globals["suites"] = SUITES


def passkeys_of(visit: Visit) -> dict[str, str]:
    """The viewer's passkeys in force: credential → key."""
    mine = own_keys(visit.application.facts, visit.viewer.person)
    return {key.credential: str(key.key) for key in mine if key.credential and key.in_force}


def signing_with(visit: Visit, chain: Chain | None) -> Signing:
    """With what the viewer signs the present stage of a chain."""
    passkeys = passkeys_of(visit)
    demanded = chain.stages[chain.stage].assurance if chain and chain.stage is not None else Assurance.ACCOUNT
    if passkeys:
        return Signing(passkeys, "签字时设备会请您验证,用通行密钥签名")
    match demanded:
        case Assurance.PASSKEY:
            return Signing({}, "本环节须用通行密钥签名,请先登记并请组织部门当面确认")
        case Assurance.KEY:
            return Signing({}, "本环节须用本人的密钥签名:可先登记通行密钥,或用密钥文件在命令行签字")
        case _:
            return Signing({}, "")


def keys_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, about: str = "", status: int = 200) -> Response:
    """The viewer's keys, and those that wait to be confirmed by them; ``typed`` is a form that was refused, ``about``
    the key it was about."""
    viewer = visit.viewer
    confirming = tuple(tenure.region for tenure in viewer.held if tenure.post in CONFIRM)
    with visit.application.pool.connection() as connection:
        mine = lines(connection, Where("person", "eq", viewer.person))
        waiting = [
            line
            for line in lines(connection, Where("state", "eq", "registered"))
            if confirming and line.person != viewer.person and within(connection, line, confirming)
        ]
        names = names_of(connection, {*(line.person for line in waiting), *(line.confirmed_by for line in mine)})
    return visit.render(
        "keys.html",
        status,
        mine=mine,
        waiting=waiting,
        may_confirm=bool(confirming),
        passkeys=passkeys_of(visit) if waiting else {},
        register=REGISTER,
        on_key=ON_KEY,
        names=names,
        typed=typed,
        about=about,
        done=DONE.get(visit.query("done"), ""),
    )


DONE: Final = {"register": "密钥已登记,经组织部门当面确认后可用", "confirm": "密钥已确认", "revoke": "密钥已吊销"}


def lines(connection: Connection[Any], *where: Where) -> list[KeyLine]:
    return list(walk(connection, KeyLine, Query(where, ("-registered_at",))))


def within(connection: Connection[Any], line: KeyLine, regions: tuple[RegionId, ...]) -> bool:
    """Whether the key is of someone in these places."""
    people = walk(connection, DirectoryLine, Query((Where("id", "in", [line.person]),)))
    return any(region.holds(person.region) for person in people for region in regions)


def register_key(visit: Visit) -> Response:
    carried = {name: str(visit.posted.get(name, "")) for name in ("public_key", "credential")}
    return performed(visit, REGISTER, {"suite": "webauthn", **carried}, "")


def act_on_key(visit: Visit) -> Response:
    form, key = ON_KEY.get(visit.request.path_params["form"]), visit.request.path_params["key"]
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    return performed(visit, form, {"key": SigningKeyId(key)}, key)


def performed(visit: Visit, form: Form, fixed: Mapping[str, Any], about: str) -> Response:
    """Executes what was filled in, or shows it again with what is wrong."""
    try:
        command, typed = read(form, visit.posted, visit.application.evidence, fixed)
    except Unreadable as unreadable:
        return shown(visit, unreadable.typed, about, 422)
    act = visit.acting(command)
    try:
        outcome = visit.application.ledger.execute(command, act, typed.key)
    except (Refused, Conflict) as refusal:
        problem = problem_of(refusal)
        audit("acted", person=act.by, what=type(command).__name__, outcome=problem.code)
        return shown(visit, typed._replace(sentence=problem.sentence), about, problem.status_code)
    audit("acted", person=act.by, what=type(command).__name__, outcome="recorded", position=outcome.position)
    visit.settled(outcome.position)
    return see_other(f"/keys?done={form.name}")
