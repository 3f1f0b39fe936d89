"""接口: villagers' values in and, masked or one by one, out; their erasure; and rosters to compare."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from adapters.asking.performing import acted, read
from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.commands import json_body, key_of, told
from adapters.http.ledgers import answer
from adapters.http.problems import Place, invalid
from adapters.http.routing import PREFIX, Told
from adapters.http.schemas import Schemas, example_of
from adapters.vault import access
from adapters.vault.comparing import asked, compare
from adapters.vault.roster import read_roster
from domain.command import Act
from domain.comparison import RosterKind
from domain.fact import Value
from domain.ids import HouseholdId, MemberId, PersonId, RegionId
from domain.policy import Severity
from domain.text import ShortText
from domain.vault import Item

_ROSTER: Final[dict[str, dict[str, Any]]] = {
    "file": {"type": "string", "format": "binary", "description": "名册(.xlsx 或 .csv),须有身份证号一列"},
    "kind": {"type": "string", "enum": [one.value for one in RosterKind], "description": "名册类别"},
    "region": {"type": "string", "description": "与哪里的农户比对:区划代码"},
    "roster_on": {"type": "string", "format": "date", "description": "名册截至的日期,不写则为今天"},
    "severity": {"type": "string", "enum": [one.value for one in Severity], "description": "问题等级,不写则为较重"},
    "days": {"type": "integer", "minimum": 1, "maximum": 365, "description": "整改天数,不写则为15天"},
}


class Asking(Value):
    """查看一项个人信息: which field, and what for."""

    item: Item
    purpose: ShortText


class Form(Value):
    """比对表单: what comes with the roster."""

    kind: RosterKind
    region: str
    roster_on: date | None = None
    severity: Severity | None = None
    days: Annotated[int, Field(ge=1, le=365)] | None = None


def vault(application: Application, entrance: Entrance, schemas: Schemas) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["个人信息"], route_class=Told)
    ledger, kept = application.ledger, application.vault

    def body_of(shape: type[Value], *left_out: str) -> dict[str, Any]:
        schema = schemas.of(shape)
        properties = {name: part for name, part in schema["properties"].items() if name not in left_out}
        required = [name for name in schema["required"] if name not in left_out]
        example = {name: value for name, value in example_of(shape).items() if name in required}
        described = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        return {
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": described, "example": example}},
            },
            "responses": schemas.refusals(401, 403, 409, 413, 415, 422),
        }

    @router.get("/vault/households/{household}", response_class=Response)
    def masked(request: Request, household: Annotated[HouseholdId, Path()]) -> Response:
        """一户的个人信息(脱敏)

        Every member's fields, masked; null where nothing was given. Each look is kept.
        """
        act = Act(entrance.reader(request), application.now())
        shown = access.masked(application.facts, kept, household, act)
        members = [{"member": str(member), **fields} for member, fields in shown.items()]
        return answer({"household": str(household), "members": members})

    @router.post(
        "/vault/households/{household}/members/{member}/disclosures",
        response_class=Response,
        openapi_extra=body_of(Asking),
    )
    async def disclosure(
        request: Request, household: Annotated[HouseholdId, Path()], member: Annotated[MemberId, Path()]
    ) -> Response:
        """查看一项个人信息

        One field whole, with a purpose that is kept. The answer proves itself: value, salt and the commitments of the
        other fields come to ``commitment``, which is what the fact at ``position`` says of the member.
        """
        body = await json_body(request)

        def opened() -> Response:
            act = Act(entrance.actor(request), application.now())
            given = read(Asking, body, {}, (), act, None)
            assert isinstance(given, Asking)
            found = access.disclose(application.facts, kept, household, member, given.item, given.purpose, act)
            return answer(
                {
                    **found.disclosure.model_dump(mode="json"),
                    "commitment": found.disclosure.commitment,
                    "position": found.position,
                }
            )

        return await run_in_threadpool(opened)

    @router.get("/vault/households/{household}/looks", response_class=Response)
    def looks(request: Request, household: Annotated[HouseholdId, Path()]) -> Response:
        """谁看过一户的个人信息"""
        act = Act(entrance.reader(request), application.now())
        return answer({"looks": access.looks(application.facts, kept, household, act)})

    @router.post(
        "/comparisons",
        tags=["大数据比对"],
        status_code=201,
        response_class=Response,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {"type": "object", "required": ["file", "kind", "region"], "properties": _ROSTER}
                    }
                },
            },
            "responses": schemas.refusals(401, 403, 409, 413, 422),
        },
    )
    async def comparison(request: Request) -> Response:
        """名册比对

        Each contradiction becomes an issue on its household. The same roster again gives nothing twice.
        """
        person = await run_in_threadpool(entrance.actor, request)
        async with request.form(max_files=1, max_fields=10) as form:
            return await run_in_threadpool(compared, request, form, person)

    def compared(request: Request, form: FormData, person: PersonId) -> Response:
        act = Act(person, application.now())
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise invalid(Place("file", "缺少文件"))
        given = Form.model_validate({name: value for name, value in form.items() if name != "file" and value != ""})
        wanted = asked(
            given.kind,
            _region(given.region),
            act,
            roster_on=given.roster_on,
            severity=given.severity,
            days=given.days,
        )
        roster, key = read_roster(file.file.read()), key_of(request)
        outcome = acted("CompareRoster", given, lambda: compare(ledger, kept, roster, wanted, act, key), act)
        return told(outcome, {"roster": roster.roster})

    return router


def _region(code: str) -> RegionId:
    try:
        return RegionId.of(code.removeprefix("region-"))
    except ValueError:
        raise invalid(Place("region", "应为区划代码,例如 451226")) from None
