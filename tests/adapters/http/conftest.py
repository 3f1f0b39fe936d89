"""One whole program on a real PostgreSQL, asked over HTTP. Every test has issues of its own in it."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from adapters.bootstrap import Application, open_application
from adapters.http.api import create_api
from adapters.identity.accounts import Accounts
from adapters.settings import Settings
from domain.command import Act
from tests.conftest import PostgresServer
from tests.county import BUREAU, IN_POST, VILLAGE, founding, person
from tests.scenario import FOUNDER

V1 = "/api/v1"
PASSWORD = "Hechi-Rain-2019"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200)


class Clock:
    """The moment at which everything happens, until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2019, 9, 2, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    @property
    def today(self) -> date:
        return Act(FOUNDER, self.at).today

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def application(
    clock: Clock, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    with ExitStack() as stack:
        settings = Settings(database_url=postgres_server.take(), data=tmp_path_factory.mktemp("program"))
        program = stack.enter_context(open_application(settings, clock=clock))
        program.facts.append(founding(), Act(FOUNDER, clock()))
        # Not the product's cost: what is tried here is who gets in, not how long that takes.
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        object.__setattr__(program, "accounts", Accounts(program.pool, hasher=quick))
        for name in IN_POST:
            program.accounts.create_account(name, PASSWORD, clock(), person=person(name))
        yield program


@pytest.fixture(scope="session")
def web(application: Application) -> Iterator[TestClient]:
    with TestClient(create_api(application), base_url="http://ledger.example") as client:
        yield client


class Caller:
    """A program that acts as one person, by a token."""

    def __init__(self, web: TestClient, token: str) -> None:
        self.web = web
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **params: Any) -> httpx2.Response:
        answer: httpx2.Response = self.web.get(V1 + path, params=params, headers=self.headers)
        return answer

    def post(self, path: str, *, key: str | None = None, **body: Any) -> httpx2.Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        answer: httpx2.Response = self.web.post(V1 + path, json=body, headers=headers)
        return answer

    def does(self, path: str, **body: Any) -> dict[str, Any]:
        """What is asked and must succeed."""
        answer = self.post(path, **body)
        assert answer.status_code == 201, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def refused(self, path: str, code: str, /, **body: Any) -> dict[str, Any]:
        answer = self.post(path, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
        told: dict[str, Any] = answer.json()
        return told


class People:
    """Everybody in post, each with a token."""

    def __init__(self, application: Application, web: TestClient) -> None:
        self.application = application
        self.web = web
        self.callers: dict[str, Caller] = {}

    def __getitem__(self, name: str) -> Caller:
        if name not in self.callers:
            made = self.application.accounts.create_token(name, "程序", self.application.now(), scope="full")
            self.callers[name] = Caller(self.web, made.secret)
        return self.callers[name]


@pytest.fixture(scope="session")
def people(application: Application, web: TestClient) -> People:
    return People(application, web)


def fresh(kind: str) -> str:
    return f"{kind}-{uuid4().hex}"


def issue_body(**changes: Any) -> dict[str, Any]:
    body = {
        "region": str(VILLAGE),
        "category": "道路",
        "source": "自查",
        "severity": "minor",
        "description": "水毁路段未修复,雨天车辆无法通行",
        "found_on": "2019-09-01",
        "deadline": {"due": "2030-10-20", "precision": "day", "long_term": False},
    }
    return body | changes


class Life:
    """An issue's life over HTTP, step by step."""

    def __init__(self, people: People, clock: Clock) -> None:
        self.people = people
        self.clock = clock
        self.issue = ""
        self.chain = ""

    @property
    def path(self) -> str:
        return f"/issues/{self.issue}"

    @property
    def application(self) -> str:
        return f"{self.path}/applications/{self.chain}"

    def registered(self, **changes: Any) -> "Life":
        self.issue = self.people["clerk"].does("/issues", **issue_body(**changes))["ids"]["issue"]
        return self

    def assigned(self) -> "Life":
        named = {"unit": str(BUREAU), "leader": str(person("leader")), "person": str(person("officer"))}
        self.people["clerk"].does(f"{self.path}/assignments", **named)
        return self

    def rectified(self, **report: Any) -> "Life":
        officer = self.people["officer"]
        step = officer.does(f"{self.path}/steps", measure="修复路面")["ids"]["step"]
        done = {"progress": "已修复", "done": True, "occurred_on": str(self.clock.today)}
        officer.does(f"{self.path}/steps/{step}/reports", **done, **report)
        return self

    def applied(self) -> "Life":
        asked = self.people["officer"].does(f"{self.path}/applications", statement="措施已全部完成")
        self.chain = asked["ids"]["chain"]
        return self

    def checked(self) -> "Life":
        found = {"passed": True, "findings": "已通车", "checked_on": str(self.clock.today)}
        self.people["supervisor"].does(f"{self.application}/checks", **found)
        return self

    def shown(self) -> dict[str, Any]:
        shown = self.people["clerk"].get(self.path).json()["shown"]
        return {"shown": shown["position"], "shown_digest": shown["digest"]}

    def signed(self, *names: str) -> "Life":
        for name in names:
            self.people[name].does(f"{self.application}/signatures", opinion="同意", **self.shown())
        return self


@pytest.fixture
def life(people: People, clock: Clock) -> Life:
    return Life(people, clock)


def session_of(web: TestClient, name: str) -> tuple[httpx2.Client, dict[str, Any]]:
    """A browser of its own, signed in, and what it was told."""
    browser = TestClient(web.app, base_url="http://ledger.example")
    answer = browser.post(f"{V1}/session", json={"login": name, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return browser, answer.json()
