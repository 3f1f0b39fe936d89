"""办理一件: read what is asked, vouch for its evidence and signatures, perform it, and keep a line of how it ended."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from adapters.asking import kept
from adapters.asking.routes import Route
from adapters.bootstrap import Application
from adapters.evidence.store import EvidenceRefused, EvidenceStore
from adapters.http.problems import Place, Problem, invalid
from adapters.logging import audit
from adapters.proofs.people import proven
from domain.command import Act, Refused, Scope, refuse
from domain.evidence import Evidence
from domain.fact import Event, Value
from domain.ids import Id
from services.ledger import Conflict, FactStore, Ledger, Outcome, Request

KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
"""幂等键, as a caller may choose it."""
BAD_KEY: Final = "幂等键应为1至255个可见的 ASCII 字符"


def read(
    shape: type[Value],
    body: bytes,
    path: Mapping[str, str],
    makes: tuple[str, ...],
    act: Act,
    key: str | None,
) -> Value:
    """What is asked. Raises Problem for what is no JSON, ValidationError for JSON that is no such command."""
    given = _object(body)
    if said_twice := [name for name in path if name in given]:
        raise invalid(*(Place(name, "已写在地址中,正文中不再写") for name in said_twice))
    for name in makes:
        if name not in given:
            kind = _kind_of(shape, name)
            given[name] = kind.derived(act.by, key, name) if key is not None else kind.new()
    try:
        # Strict, as only JSON can be: a number is no date, and "12" is no number.
        return shape.model_validate_json(orjson.dumps({**given, **path}, option=orjson.OPT_STRICT_INTEGER), strict=True)
    except orjson.JSONEncodeError:
        # What JSON itself lets pass and most readers of it do not (RFC 7493), the ledgers' columns among them.
        raise invalid(Place("", "整数超出范围,或层次过深")) from None


def _object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem(400, "malformed_request", "请求内容不是合法的 JSON") from None
    if not isinstance(given, dict):
        raise invalid(Place("", "应为对象"))
    return given


def _kind_of(shape: type[Value], name: str) -> type[Id]:
    kind = shape.model_fields[name].annotation
    assert isinstance(kind, type)
    assert issubclass(kind, Id)
    return kind


def uploaded(asked: Value, store: EvidenceStore) -> None:
    """That the files it names are there, and what it says they are. Raises Refused."""
    for file in getattr(asked, "evidence", ()):
        assert isinstance(file, Evidence)
        try:
            found = store.find(file.file)
        except EvidenceRefused:
            refuse("unknown_evidence", f"佐证材料“{file.title}”没有上传,请先上传")
        if (found.size, found.media_type) != (file.size, file.media_type):
            refuse("evidence_differs", f"佐证材料“{file.title}”的大小或类型与上传的不符")


def perform(application: Application, route: Route, asked: Value, act: Act, key: str | None) -> Outcome:
    """Does it. Raises as whatever performs it does: Refused, Conflict."""
    sure = vouched(application, asked, act)
    return acted(route.command.__name__, asked, lambda: route.perform(application, asked, sure, key), sure)


def rehearse(application: Application, route: Route, asked: Value, act: Act) -> Outcome:
    """What would come of it now; nothing is recorded. Raises Refused as ``perform`` does, and for what goes through
    the vault."""
    if route.perform in kept.PERFORMANCES:
        refuse("no_rehearsal", "涉及个人信息库的事项不能试办")
    stage = replace(application, ledger=Ledger(Rehearsal(application.facts)))
    return route.perform(stage, asked, vouched(application, asked, act), None)


class Rehearsal:
    """试办: the facts as they are, to which none is ever added."""

    def __init__(self, store: FactStore) -> None:
        self.store = store
        self.read, self.facts, self.head, self.outcome_of = store.read, store.facts, store.head, store.outcome_of

    def append(
        self, events: Sequence[Event], act: Act, *, unless: Scope = (), after: int = 0, request: Request | None = None
    ) -> int:
        return after + len(events)


def needs_vouching(asked: Value) -> bool:
    """Whether there are files or signatures to look into, which takes its time."""
    fields = type(asked).model_fields
    return any(name in fields and getattr(asked, name) for name in ("evidence", "signature", "possession"))


def vouched(application: Application, asked: Value, act: Act) -> Act:
    """The act, with what was verified of the signatures that are sent along. Refuses evidence that was never
    uploaded, or that is said to be what it is not."""
    uploaded(asked, application.evidence)
    return act._replace(proven=proven(asked, application.facts, application.settings.browsed_at))


def acted(name: str, asked: Value, perform: Callable[[], Outcome], act: Act) -> Outcome:
    """Performs it, and keeps a line of who asked for what and how it ended."""
    try:
        outcome = perform()
    except (Refused, Conflict) as refusal:
        ended(name, asked, act, refusal)
        raise
    ended(name, asked, act, outcome)
    return outcome


def ended(name: str, asked: Value, act: Act, end: Outcome | Refused | Conflict) -> None:
    """Keeps a line of who asked for what and how it ended."""
    about = {field: value for field, value in asked if isinstance(value, Id)}
    match end:
        case Refused(code=code):
            audit("acted", person=act.by, command=name, about=about, ended=code)
        case Conflict():
            audit("acted", person=act.by, command=name, about=about, ended="conflict")
        case Outcome():
            how = "replayed" if end.replayed else "recorded" if end.facts else "nothing_to_record"
            audit("acted", person=act.by, command=name, about=about, ended=how, position=end.position)
