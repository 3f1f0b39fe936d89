"""指令接口: one route for every command, declared in one table and built from it.

What a command asks comes from the path and the body. Ids of what is being created may be left out: the server then
makes them, and under an idempotency key makes the same ones again, so that a retry is the same request.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from adapters.asking.performing import BAD_KEY, KEY, acted, ended, needs_vouching, perform, read, vouched
from adapters.asking.routes import ROUTES, Route, area_of, execute
from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.gathering import Gathering
from adapters.http.problems import Place, Problem, invalid
from adapters.http.routing import PREFIX, Plain
from adapters.http.schemas import Schemas, example_of
from domain.command import Act, Command, Refused
from domain.fact import Value
from domain.ids import Id, IssueId
from services.ledger import Conflict, Outcome
from services.together import Asked, execute_together

KEY_HEADER: Final = "Idempotency-Key"
TURNS: Final = 2
"""Batches of commands under way at once: one is decided while another waits for the disk."""

Together = Gathering[Asked, Outcome]


def accept_commands(api: FastAPI, application: Application, entrance: Entrance, schemas: Schemas) -> None:
    together = Together(lambda asked: execute_together(application.facts, asked), "commands", TURNS)
    for route in ROUTES:
        _accept(api, application, entrance, schemas, route, together)


def _accept(
    api: FastAPI, application: Application, entrance: Entrance, schemas: Schemas, route: Route, together: Together
) -> None:
    async def endpoint(request: Request) -> Response:
        body = await json_body(request)
        act = Act(await entrance.actor_among_others(request), application.now())
        key = key_of(request)
        asked = read(route.shape, body, request.path_params, route.makes, act, key)
        outcome = await _performed(application, together, route, asked, act, key)
        return told(outcome, {name: getattr(asked, name) for name in route.makes})

    title, _, more = (route.shape.__doc__ or "").partition("\n")
    api.router.add_api_route(
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
        route_class_override=Plain,
    )
    schemas.later(route.command.__name__, lambda: _described(route, schemas))


async def json_body(request: Request) -> bytes:
    """The body. Raises Problem 415 for what is not said to be JSON."""
    body = await request.body()
    if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem(415, "unsupported_media_type", "请求内容须为 application/json")
    return body


async def _performed(
    application: Application, together: Together, route: Route, asked: Value, act: Act, key: str | None
) -> Outcome:
    """Decided together with what else is asked at the moment, where it is a decision and nothing else; otherwise, or
    where that did not come off, in a thread of its own."""
    if route.perform is not execute:
        return await run_in_threadpool(perform, application, route, asked, act, key)
    assert isinstance(asked, Command)
    sure = await run_in_threadpool(vouched, application, asked, act) if needs_vouching(asked) else act
    name = route.command.__name__
    try:
        outcome = await together.ask(Asked(asked, sure, key))
    except Conflict:
        return await run_in_threadpool(acted, name, asked, lambda: execute(application, asked, sure, key), sure)
    except Refused as refusal:
        ended(name, asked, sure, refusal)
        raise
    ended(name, asked, sure, outcome)
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
    if key is not None and not KEY.fullmatch(key):
        raise invalid(Place(KEY_HEADER, BAD_KEY))
    return key


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
