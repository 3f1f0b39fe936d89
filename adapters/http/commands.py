"""指令接口: one route for every command, declared in one table and built from it.

What a command asks comes from the path and the body. Ids of what is being created may be left out: the server then
makes them, and under an idempotency key makes the same ones again, so that a retry is the same request.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import orjson
from fastapi import FastAPI
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

import domain.accountability as accountability
import domain.appointing as appointing
import domain.attendance as attendance
import domain.books as books
import domain.commendation as commendation
import domain.escalation as escalation
import domain.exiting as exiting
import domain.households as households
import domain.indicators as indicators
import domain.keys as keys
import domain.meetings as meetings
import domain.monitoring as monitoring
import domain.organisation as organisation
import domain.pledges as pledges
import domain.policy as policy
import domain.rankings as rankings
import domain.rectification as rectification
import domain.regions as regions
import domain.registration as registration
import domain.responsibility as responsibility
import domain.reverse_check as reverse_check
import domain.signoff as signoff
import domain.sweeps as sweeps
import domain.vault as vault
import domain.visits as visits
from adapters.bootstrap import Application
from adapters.evidence.store import EvidenceRefused, EvidenceStore
from adapters.http.admission import Entrance
from adapters.http.problems import Place, Problem, invalid
from adapters.http.routing import PREFIX
from adapters.http.schemas import Schemas, example_of
from adapters.logging import audit
from adapters.proofs.people import proven
from domain.command import Act, Command, Refused, refuse
from domain.evidence import Evidence
from domain.fact import Value
from domain.ids import BoardId, DrawId, EditionId, Id, IncidenceId, IssueId, ObjectionId, RegionId, TaskListId, UnitId
from domain.rankings import Exclusion, Period
from domain.text import Prose
from services import draws, incidence, ranking, task_lists
from services.ledger import Conflict, Ledger, Outcome

KEY_HEADER: Final = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CHINESE = re.compile(r"[一-鿿][一-鿿、]*")
_IN_PATH = re.compile(r"{(\w+)}")


def execute(ledger: Ledger, command: Value, act: Act, key: str | None) -> Outcome:
    assert isinstance(command, Command)
    return ledger.execute(command, act, key)


class Publishing(Value):
    """公布榜单

    What is counted, and up to where, the server works out from the facts; nobody sends their own figures.
    """

    edition: EditionId
    board: BoardId
    period: Period

    @staticmethod
    def perform(ledger: Ledger, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Publishing)
        return ranking.publish(ledger, asked.edition, asked.board, asked.period, act, key)


class Correcting(Value):
    """更正榜单

    Counted again by the server as the facts are known now. ``excluded`` is the whole list of issues left out.
    """

    edition: EditionId
    revision: int = Field(ge=1)
    objection: ObjectionId | None = None
    excluded: tuple[Exclusion, ...] = Field(default=(), max_length=1000)
    reason: Prose

    @staticmethod
    def perform(ledger: Ledger, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Correcting)
        return ranking.correct(
            ledger,
            asked.edition,
            asked.revision,
            asked.reason,
            act,
            objection=asked.objection,
            excluded=asked.excluded,
            key=key,
        )


class Listing(Value):
    """下达任务清单

    What is open for the team the server draws from the facts.
    """

    tasklist: TaskListId
    team: UnitId
    month: date

    @staticmethod
    def perform(ledger: Ledger, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Listing)
        return task_lists.publish(ledger, asked.tasklist, asked.team, asked.month, act, key)


class Counting(Value):
    """核算贫困发生率

    How many are left the server counts from the facts; only the rural population is given.
    """

    incidence: IncidenceId
    region: RegionId
    population: int = Field(ge=1, le=2**53 - 1)

    @staticmethod
    def perform(ledger: Ledger, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Counting)
        return incidence.record(ledger, asked.incidence, asked.region, asked.population, act, key)


class Drawing(Value):
    """反向核查抽取

    The claims to draw from the server works out from the facts; nobody picks them. ``subject`` is a household, a
    person, a unit (its team) or a region.
    """

    draw: DrawId
    region: RegionId
    subject: reverse_check.Checked
    since: date
    until: date
    many: int = Field(ge=1, le=reverse_check.MOST_DRAWN)

    @staticmethod
    def perform(ledger: Ledger, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Drawing)
        scope = reverse_check.Asked(asked.region, asked.subject, asked.since, asked.until, asked.many)
        return draws.draw(ledger, asked.draw, scope, act, key)


class Route(NamedTuple):
    """路由: ``makes`` names the ids of what is created. ``asked`` is what the caller says, where the server works out
    the rest of the command."""

    path: str
    command: type[Command]
    makes: tuple[str, ...] = ()
    asked: type[Value] | None = None
    perform: Callable[[Ledger, Value, Act, str | None], Outcome] = execute

    @property
    def shape(self) -> type[Value]:
        return self.asked or self.command

    @property
    def in_path(self) -> tuple[str, ...]:
        return tuple(_IN_PATH.findall(self.path))


ROUTES: Final = (
    Route("/regions", regions.EstablishRegions),
    Route("/regions/{region}/abolition", regions.AbolishRegion),
    Route("/people", organisation.RegisterPerson, makes=("person",)),
    Route("/units", organisation.EstablishUnit, makes=("unit",)),
    Route("/units/{unit}/dissolution", organisation.DissolveUnit),
    Route("/appointments", appointing.Appoint, makes=("appointment",)),
    Route("/appointments/{appointment}/relief", organisation.Relieve),
    Route("/appointments/{appointment}/replacement", appointing.ReplaceMember, makes=("succeeding",)),
    Route("/keys", keys.RegisterKey),
    Route("/keys/{key}/confirmation", keys.ConfirmKey),
    Route("/keys/{key}/revocation", keys.RevokeKey),
    Route("/policies", policy.AdoptPolicy),
    Route("/issues", registration.RegisterIssue, makes=("issue",)),
    Route("/issues/{issue}/assignments", registration.AssignIssue),
    Route("/issues/{issue}/regradings", registration.RegradeIssue),
    Route("/issues/{issue}/withdrawals", registration.WithdrawIssue),
    Route("/issues/{issue}/steps", rectification.PlanStep, makes=("step",)),
    Route("/issues/{issue}/steps/{step}/reports", rectification.ReportStep),
    Route("/issues/{issue}/extensions", rectification.RequestExtension, makes=("extension",)),
    Route("/issues/{issue}/extensions/{extension}/grant", rectification.GrantExtension),
    Route("/issues/{issue}/extensions/{extension}/denial", rectification.DenyExtension),
    Route("/issues/{issue}/escalations", escalation.Escalate, makes=("escalation",)),
    Route("/issues/{issue}/escalations/{escalation}/answers", escalation.AnswerEscalation),
    Route("/issues/{issue}/applications", signoff.ApplyForWriteOff, makes=("chain",)),
    Route("/issues/{issue}/applications/{chain}/checks", signoff.CheckOnSite),
    Route("/issues/{issue}/applications/{chain}/notices", signoff.PostNotice),
    Route("/issues/{issue}/applications/{chain}/objections", signoff.RaiseObjection, makes=("objection",)),
    Route("/issues/{issue}/applications/{chain}/objections/{objection}/answers", signoff.SettleObjection),
    Route("/issues/{issue}/applications/{chain}/signatures", signoff.SignOff),
    Route("/issues/{issue}/applications/{chain}/send-backs", signoff.SendBack),
    Route("/issues/{issue}/applications/{chain}/refusals", signoff.RefuseSignature),
    Route("/issues/{issue}/applications/{chain}/withdrawals", signoff.WithdrawApplication),
    Route("/issues/{issue}/look-backs", signoff.LookBack),
    Route("/days", attendance.ReportDay),
    Route("/leaves", attendance.RequestLeave, makes=("leave",)),
    Route("/leaves/{leave}/approvals", attendance.ApproveLeave),
    Route("/leaves/{leave}/denial", attendance.DenyLeave),
    Route("/leaves/{leave}/withdrawal", attendance.WithdrawLeave),
    Route("/leaves/{leave}/return", attendance.ReturnFromLeave),
    Route("/visits", visits.RecordVisit, makes=("visit",)),
    Route("/regions/{region}/responsible", responsibility.NameResponsible),
    Route("/decisions", meetings.MakeDecision, makes=("decision",)),
    Route("/decisions/{decision}/reports", meetings.ReportDecision),
    Route("/decisions/{decision}/settlement", meetings.SettleDecision),
    Route(
        "/reverse-checks",
        reverse_check.DrawClaims,
        makes=("draw",),
        asked=Drawing,
        perform=Drawing.perform,
    ),
    Route("/reverse-checks/{draw}/findings", reverse_check.CheckClaim),
    Route("/pledges", pledges.SignPledge, makes=("pledge",)),
    Route("/scoring-rules", rankings.AdoptScoringRule, makes=("board",)),
    Route(
        "/boards/{board}/editions",
        rankings.PublishEdition,
        makes=("edition",),
        asked=Publishing,
        perform=Publishing.perform,
    ),
    Route("/editions/{edition}/objections", rankings.ObjectToEdition, makes=("objection",)),
    Route("/editions/{edition}/objections/{objection}/answers", rankings.AnswerObjection),
    Route(
        "/editions/{edition}/corrections",
        rankings.CorrectEdition,
        asked=Correcting,
        perform=Correcting.perform,
    ),
    Route("/cases", accountability.OpenCase, makes=("case",)),
    Route("/cases/{case}/measures", accountability.DecideMeasure, makes=("measure",)),
    Route("/cases/{case}/closure", accountability.CloseCase),
    Route("/measures/{measure}/appeals", accountability.AppealMeasure, makes=("appeal",)),
    Route("/measures/{measure}/appeals/{appeal}/decision", accountability.DecideAppeal),
    Route("/measures/{measure}/lifting", accountability.LiftMeasure),
    Route("/merits", commendation.GiveMerit, makes=("merit",)),
    Route("/merits/{merit}/revocation", commendation.RevokeMerit),
    Route("/people/{person}/ranks", households.RecordRank),
    Route("/households", households.RegisterHousehold, makes=("household",)),
    Route("/households/{household}/categories", households.RecategoriseHousehold),
    Route("/households/{household}/removal", households.RemoveHousehold),
    Route("/households/{household}/members", households.AddMember),
    Route("/households/{household}/members/{member}/removal", households.RemoveMember),
    Route("/households/{household}/pairings", households.PairHousehold, makes=("pairing",)),
    Route("/households/{household}/pairings/changes", households.ChangePairing, makes=("pairing",)),
    Route("/households/{household}/pairings/end", households.EndPairing),
    Route("/vault/households/{household}/restriction", vault.RestrictParticulars),
    Route("/vault/households/{household}/release", vault.ReleaseParticulars),
    Route("/villages/{region}/listing", households.ListVillage),
    Route("/villages/{region}/covers", households.AssignCover, makes=("cover",)),
    Route("/villages/{region}/covers/{kind}/end", households.EndCover),
    Route("/households/{household}/surveys", books.SurveyHousehold),
    Route("/households/{household}/items", books.PlanHelp, makes=("item",)),
    Route("/households/{household}/items/{item}/reports", books.ReportHelp),
    Route("/households/{household}/items/{item}/dropping", books.DropHelp),
    Route(
        "/units/{team}/task-lists",
        books.PublishTaskList,
        makes=("tasklist",),
        asked=Listing,
        perform=Listing.perform,
    ),
    Route("/assessments", indicators.AssessIndicators),
    Route("/sweeps", sweeps.OpenSweep, makes=("sweep",)),
    Route("/sweeps/{sweep}/households/{household}/visits", sweeps.SweepHousehold),
    Route("/sweeps/{sweep}/conclusion", sweeps.ConcludeSweep),
    Route("/households/{household}/clues", monitoring.ReportClue, makes=("clue",)),
    Route("/households/{household}/clues/{clue}/notices", monitoring.PostClueNotice),
    Route("/households/{household}/clues/{clue}/identification", monitoring.IdentifyRisk),
    Route("/households/{household}/clues/{clue}/dismissal", monitoring.DismissClue),
    Route("/households/{household}/clues/{clue}/release", monitoring.ReleaseRisk),
    Route("/exits", exiting.ProposeExit, makes=("chain",)),
    Route("/exits/{chain}/steps", exiting.TakeExitStep),
    Route("/exits/{chain}/checks", exiting.VerifyExit),
    Route("/exits/{chain}/notices", exiting.PostExitNotice),
    Route("/exits/{chain}/objections", exiting.ObjectToExit, makes=("objection",)),
    Route("/exits/{chain}/objections/{objection}/answers", exiting.SettleExitObjection),
    Route("/exits/{chain}/signatures", exiting.SignExit),
    Route("/exits/{chain}/send-backs", exiting.SendBackExit),
    Route("/exits/{chain}/refusals", exiting.RefuseExit),
    Route("/exits/{chain}/withdrawals", exiting.WithdrawExit),
    Route("/exits/{chain}/ruling", exiting.RecordRuling),
    Route("/exits/{chain}/announcement", exiting.AnnounceExit),
    Route("/exits/{chain}/voiding", exiting.VoidExit),
    Route(
        "/incidences",
        exiting.RecordIncidence,
        makes=("incidence",),
        asked=Counting,
        perform=Counting.perform,
    ),
    Route("/evaluations", exiting.RecordEvaluation),
)

ELSEWHERE: Final = {
    "OpenLedger": "建台由管理服务器的人在命令行办理",
    "ImportWorkbook": f"{PREFIX}/imports",
    "EraseParticulars": f"{PREFIX}/vault/households/{{household}}/erasure",
    "CompareRoster": f"{PREFIX}/comparisons",
}
"""Commands without a route of this table, and why."""


def accept_commands(api: FastAPI, application: Application, entrance: Entrance, schemas: Schemas) -> None:
    for route in ROUTES:
        _accept(api, application, entrance, schemas, route)


def _accept(api: FastAPI, application: Application, entrance: Entrance, schemas: Schemas, route: Route) -> None:
    async def endpoint(request: Request) -> Response:
        # Read here, where it may be awaited; all the rest blocks, so it runs in one thread from beginning to end.
        body = await json_body(request)
        return await run_in_threadpool(_perform, application, entrance, route, request, body)

    title, _, more = (route.shape.__doc__ or "").partition("\n")
    api.add_api_route(
        PREFIX + route.path,
        endpoint,
        methods=["POST"],
        name=route.command.__name__,
        operation_id=route.command.__name__,
        summary=title,
        description=more.strip(),
        tags=[area_of(route.command)],
        status_code=201,
        response_class=Response,
        openapi_extra=_described(route, schemas),
    )


def area_of(command: type[Command]) -> str:
    """The field's term for what a command belongs to: the Chinese at the head of its module."""
    found = _CHINESE.search(sys.modules[command.__module__].__doc__ or "")
    return found[0] if found else command.__module__


async def json_body(request: Request) -> bytes:
    """The body. Raises Problem 415 for what is not said to be JSON."""
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "unsupported_media_type", "请求内容须为 application/json")
    return body


def _perform(application: Application, entrance: Entrance, route: Route, request: Request, body: bytes) -> Response:
    person = entrance.actor(request)
    act = Act(person, application.now())
    key = key_of(request)
    asked = read(route.shape, body, request.path_params, route.makes, act, key)
    vouched(asked, application.evidence)
    act = act._replace(proven=proven(asked, application.facts, application.settings.browsed_at))
    outcome = acted(route.command.__name__, asked, lambda: route.perform(application.ledger, asked, act, key), act)
    made = {name: getattr(asked, name) for name in route.makes}
    return told(outcome, made)


def acted(name: str, asked: Value, perform: Callable[[], Outcome], act: Act) -> Outcome:
    """Performs it, and keeps a line of who asked for what and how it ended."""
    about = {field: value for field, value in asked if isinstance(value, Id)}
    try:
        outcome = perform()
    except Refused as refusal:
        audit("acted", person=act.by, command=name, about=about, ended=refusal.code)
        raise
    except Conflict:
        audit("acted", person=act.by, command=name, about=about, ended="conflict")
        raise
    ended = "replayed" if outcome.replayed else "recorded" if outcome.facts else "nothing_to_record"
    audit("acted", person=act.by, command=name, about=about, ended=ended, position=outcome.position)
    return outcome


def told(outcome: Outcome, made: Mapping[str, Id]) -> Response:
    """201 for what was recorded now, 200 for what stood already."""
    first = outcome.position - len(outcome.facts) + 1
    body = {
        "position": outcome.position,
        "facts": [{"type": fact.type, "position": first + n} for n, fact in enumerate(outcome.facts)],
        "replayed": outcome.replayed,
        "ids": {name: str(id) for name, id in made.items()},
    }
    created = bool(outcome.facts) and not outcome.replayed
    response = Response(orjson.dumps(body), 201 if created else 200, media_type="application/json")
    for id in made.values():
        response.headers["location"] = f"{PREFIX}/{'issues' if isinstance(id, IssueId) else 'timeline'}/{id}"
    return response


def key_of(request: Request) -> str | None:
    """The caller's idempotency key. Raises Problem 422 for one that is malformed."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise invalid(Place(KEY_HEADER, "幂等键应为1至255个可见的 ASCII 字符"))
    return key


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


def vouched(asked: Value, store: EvidenceStore) -> None:
    """Refuses evidence that was never uploaded, or that is said to be what it is not."""
    for file in getattr(asked, "evidence", ()):
        assert isinstance(file, Evidence)
        try:
            kept = store.find(file.file)
        except EvidenceRefused:
            refuse("unknown_evidence", f"佐证材料“{file.title}”没有上传,请先上传")
        if (kept.size, kept.media_type) != (file.size, file.media_type):
            refuse("evidence_differs", f"佐证材料“{file.title}”的大小或类型与上传的不符")


def _described(route: Route, schemas: Schemas) -> dict[str, Any]:
    """What OpenAPI says of a route that reads its own body."""
    schema = schemas.of(route.shape)
    properties = {name: part for name, part in schema["properties"].items() if name not in route.in_path}
    optional = {*route.in_path, *route.makes}
    required = [name for name in schema.get("required", ()) if name not in optional]
    body = {
        "type": "object",
        "title": f"{route.command.__name__}Body",
        "properties": {
            name: {**part, "description": f"{part.get('description', '')}(可不写,由服务器编号)"}
            if name in route.makes
            else part
            for name, part in properties.items()
        },
        "required": required,
        "additionalProperties": False,
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": schema["properties"][name]} for name in route.in_path
    ]
    parameters.append(
        {
            "name": KEY_HEADER,
            "in": "header",
            "required": False,
            "description": "幂等键:同一键的同一请求只记录一次",
            "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
        }
    )
    example = {name: value for name, value in example_of(route.shape).items() if name in required}
    outcome = {"application/json": {"schema": schemas.refer("Outcome")}}
    return {
        "parameters": parameters,
        "requestBody": {
            "required": bool(required),
            "content": {"application/json": {"schema": body, "example": example}},
        },
        "responses": {
            "201": {"description": "已记录", "content": outcome},
            "200": {"description": "原已记录,或无需记录", "content": outcome},
            **schemas.refusals(401, 403, 409, 413, 415, 422),
        },
    }
