"""我的密钥: registering a passkey, what became of one's keys, and confirming those of others face to face."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from psycopg import Connection
from starlette.responses import Response

from adapters.http.keys import own_keys
from adapters.http.problems import Problem
from adapters.web.actions import performed
from adapters.web.forms import Field, Form, Typed
from adapters.web.names import names_of
from adapters.web.site import Site, Visit
from adapters.web.words import SUITES
from domain.chains import Chain
from domain.ids import PersonId, RegionId, SigningKeyId
from domain.keys import CONFIRM, ConfirmKey, RegisterKey, RevokeKey
from domain.statements import Assurance
from projections.directory import DirectoryLine
from projections.key_ledger import KeyLine
from projections.reading import MOST, Query, Where, walk

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


def keys(site: Site) -> None:
    site.page("/keys", keys_page)
    site.page("/keys", register_key, method="POST")
    site.page("/keys/{key}/{form}", act_on_key, method="POST")
    site.templates.globals["suites"] = SUITES


def passkeys_of(visit: Visit) -> dict[str, str]:
    """The viewer's passkeys in force: credential → key."""
    mine = own_keys(visit.application.facts, visit.viewer.person)
    return {key.credential: str(key.key) for key in mine if key.credential and key.in_force}


def signable(visit: Visit, forms: Iterable[Form], chain: Chain | None, application: str) -> list[Form]:
    """The forms on a chain, of which those that say something in one's own name are to be signed with the viewer's
    passkey if they have one; ``application`` is where the chain is in the interface."""
    forms = list(forms)
    if chain is None or not any(form.name in SAID for form in forms):
        return forms
    passkeys = orjson.dumps(found).decode() if (found := passkeys_of(visit)) else ""
    note = "提交时设备会请您验证,用通行密钥签名。" if passkeys else WITHOUT[chain.demanded]

    def signed(form: Form) -> Form:
        place, said = SAID[form.name]
        signing = {"passkeys": passkeys, "statement": f"{application}{place}/statement", "said": said}
        return form._replace(signing=signing if passkeys else {}, note=note)

    return [signed(form) if form.name in SAID else form for form in forms]


SAID: Final = {
    "sign": ("", "opinion shown shown_digest"),
    "refuse": ("/refusals", "reason shown shown_digest"),
    "send-back": ("/send-backs", "to reason shown shown_digest"),
}
"""Of each form that is signed, where its words are to be had, and the fields they are made of."""
WITHOUT: Final = {
    Assurance.ACCOUNT: "",
    Assurance.KEY: "本环节须用本人的密钥签名:可在“密钥”页登记通行密钥,或用密钥文件在命令行办理。",
    Assurance.PASSKEY: "本环节须用通行密钥签名:请先在“密钥”页登记,并请组织部门当面确认。",
}
"""What is said to signers who have no passkey, by what their stage demands."""


def keys_page(visit: Visit) -> Response:
    return shown(visit)


def shown(visit: Visit, typed: Typed | None = None, about: str = "", status: int = 200) -> Response:
    """The viewer's keys, and those that wait to be confirmed by them; ``typed`` is a form that was refused, ``about``
    the key it was about."""
    viewer, passkeys, origin = visit.viewer, passkeys_of(visit), visit.application.settings.browsed_at
    confirming = tuple(tenure.region for tenure in viewer.held if tenure.post in CONFIRM)
    with visit.application.pool.connection() as connection:
        mine = lines(connection, Where("person", "eq", viewer.person))
        waiting = waiting_in(connection, confirming, viewer.person) if confirming else []
        names = names_of(connection, {*(line.person for line in waiting), *(line.confirmed_by for line in mine)})
    return visit.render(
        "keys.html",
        status,
        mine=mine,
        waiting=waiting,
        may_confirm=bool(confirming),
        elsewhere="" if urlsplit(origin).netloc == visit.request.url.netloc else origin,
        register=REGISTER,
        forms_on=lambda line: forms_on(line, passkeys),
        names=names,
        typed=typed,
        about=about,
        done=DONE.get(visit.query("done"), ""),
    )


def forms_on(line: KeyLine, passkeys: Mapping[str, str]) -> dict[str, Form]:
    """What can be done with a key; a confirmation is signed with the confirmer's passkey if they have one."""
    address = f"/api/v1/keys/{line.signing_key}/confirmation/statement"
    said = {"passkeys": orjson.dumps(passkeys).decode(), "statement": address, "said": "manner"}
    return {**ON_KEY, "confirm": ON_KEY["confirm"]._replace(signing=said if passkeys else {})}


DONE: Final = {"register": "密钥已登记,经组织部门当面确认后可用", "confirm": "密钥已确认", "revoke": "密钥已吊销"}


def lines(connection: Connection[Any], *where: Where) -> list[KeyLine]:
    return list(walk(connection, KeyLine, Query(where, ("-registered_at",))))


def waiting_in(connection: Connection[Any], regions: tuple[RegionId, ...], confirmer: PersonId) -> list[KeyLine]:
    """The keys of other people in these places that nobody confirmed yet."""
    found = [line for line in lines(connection, Where("state", "eq", "registered")) if line.person != confirmer]
    if not found:
        return []
    people = (Where("id", "in", sorted({line.person for line in found})), Where("region", "within", regions))
    ours = {line.id for line in walk(connection, DirectoryLine, Query(people, limit=MOST))}
    return [line for line in found if line.person in ours]


def register_key(visit: Visit) -> Response:
    carried = {name: str(visit.posted.get(name, "")) for name in ("public_key", "credential")}
    return done_or_shown(visit, REGISTER, {"suite": "webauthn", **carried})


def act_on_key(visit: Visit) -> Response:
    form, key = ON_KEY.get(visit.request.path_params["form"]), visit.request.path_params["key"]
    if form is None:
        raise Problem(404, "not_found", "没有这个页面")
    return done_or_shown(visit, form, {"key": SigningKeyId(key)}, key)


def done_or_shown(visit: Visit, form: Form, fixed: Mapping[str, Any], about: str = "") -> Response:
    return performed(visit, form, fixed, lambda typed, status: shown(visit, typed, about, status), lambda _: "/keys")
