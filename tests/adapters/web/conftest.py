"""A county in post behind the pages: the whole program on a real database, with an account for everybody."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from adapters.bootstrap import Application, open_application
from adapters.http.api import create_api
from adapters.settings import Settings
from domain.command import Act, Command
from domain.fact import Past
from domain.ids import ChainId, ExtensionId, IssueId, PersonId, StepId
from domain.policy import Severity
from domain.rectification import PlanStep, ReportStep, RequestExtension
from domain.registration import AssignIssue
from domain.signoff import ApplyForWriteOff, CheckOnSite, PostNotice, SignOff, shown_of
from services.ledger import Outcome
from tests.conftest import PostgresServer
from tests.county import BUREAU, CHAIN_SIGNERS, founding, person, register

PASSWORD = "Mulberry-2019"
FOUNDER = PersonId("person-founder")


class Clock:
    """The county's time; it moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2019, 9, 2, 4, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Town:
    """The program, its clock, and people who act in it without a browser."""

    application: Application
    clock: Clock
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @cached_property
    def api(self) -> FastAPI:
        return create_api(self.application)

    @property
    def today(self) -> date:
        return Act(FOUNDER, self.clock()).today

    def when(self, command: Command, by: str) -> Outcome:
        outcome = self.application.ledger.execute(command, Act(person(by), self.clock()))
        assert self.application.projector.wait_for(outcome.position, 10)
        return outcome

    def issue(self, severity: Severity = Severity.MINOR, by: str = "clerk", **changes: Any) -> IssueId:
        """Registered by the clerk, found and due around today."""
        issue = IssueId(f"issue-{next(self.numbers)}")
        deadline = {"due": self.today + timedelta(days=30), "precision": "day", "long_term": False}
        self.when(register(issue, severity, **{"found_on": self.today, "deadline": deadline, **changes}), by)
        return issue

    def assigned(self, severity: Severity = Severity.MINOR, **changes: Any) -> IssueId:
        issue = self.issue(severity, **changes)
        self.when(AssignIssue(issue=issue, unit=BUREAU, leader=person("leader"), person=person("officer")), "clerk")
        return issue

    def planned(self, severity: Severity = Severity.MINOR, **changes: Any) -> tuple[IssueId, StepId]:
        issue = self.assigned(severity, **changes)
        step = StepId(f"step-{issue.removeprefix('issue-')}")
        self.when(PlanStep(issue=issue, step=step, measure="修复路面三百米"), "officer")
        return issue, step

    def rectified(self, severity: Severity = Severity.MINOR, **changes: Any) -> IssueId:
        issue, step = self.planned(severity, **changes)
        self.when(ReportStep(issue=issue, step=step, progress="已修复", done=True, occurred_on=self.today), "officer")
        return issue

    def ready(self, severity: Severity = Severity.MINOR, **changes: Any) -> tuple[IssueId, ChainId]:
        """Applied for, checked, and on notice where the rule asks for one."""
        issue = self.rectified(severity, **changes)
        chain = ChainId(f"chain-{issue.removeprefix('issue-')}")
        self.when(ApplyForWriteOff(issue=issue, chain=chain, statement="措施已全部完成"), "officer")
        check = CheckOnSite(issue=issue, chain=chain, passed=True, findings="已通车", checked_on=self.today)
        self.when(check, "supervisor")
        if severity is not Severity.MINOR:
            notice = PostNotice(issue=issue, chain=chain, posted_on=self.today, place="村务公开栏")
            self.when(notice, "village-secretary")
        return issue, chain

    def sign(self, issue: IssueId, chain: ChainId, by: str) -> None:
        shown = shown_of(Past(self.application.facts.about(issue)))
        self.when(
            SignOff(issue=issue, chain=chain, opinion="同意", shown=shown.position, shown_digest=shown.digest), by
        )

    def closed(self) -> IssueId:
        issue, chain = self.ready()
        for name in CHAIN_SIGNERS[:4]:
            self.sign(issue, chain, name)
        return issue

    def asks_for_time(self, issue: IssueId) -> ExtensionId:
        extension = ExtensionId(f"extension-{issue.removeprefix('issue-')}")
        due = self.today + timedelta(days=60)
        self.when(RequestExtension(issue=issue, extension=extension, due=due, reason="雨季施工困难"), "officer")
        return extension

    def types(self, issue: IssueId) -> list[str]:
        return [fact.event.type for fact in self.application.facts.about(issue)]


ACCOUNTS = (
    "clerk",
    "officer",
    "leader",
    "supervisor",
    "inspector",
    "headquarters",
    "village-secretary",
    "village-director",
    "township-secretary",
    "township-head",
    "county-secretary",
    "other-clerk",
    "other-secretary",
)


@contextmanager
def settled(postgres_server: PostgresServer, folder: Path) -> Iterator[Town]:
    """A town with everybody in post and nothing done yet."""
    owner_url = postgres_server.take()
    clock = Clock()
    settings = Settings(database_url=postgres_server.as_service(owner_url), data=folder, log_dir="-")
    with open_application(settings, clock=clock) as application:
        application.facts.append(founding(), Act(FOUNDER, clock()))
        for name in ACCOUNTS:
            application.accounts.create_account(name, PASSWORD, clock(), person=person(name))
        assert application.projector.wait_for(application.facts.head(), 10)
        yield Town(application, clock)
    postgres_server.give_back(owner_url)


@pytest.fixture(scope="session")
def town(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for all: every test has issues of its own in it, and time only goes on."""
    with settled(postgres_server, tmp_path_factory.mktemp("kept")) as town:
        yield town


class Visitor:
    """Somebody at a browser without JavaScript: follows links, and fills in the forms that pages show."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, path: str) -> httpx2.Response:
        response: httpx2.Response = self.client.get(path)
        return response

    def hidden(self, page: str, action: str) -> dict[str, str]:
        """What the form of a page carries besides what people type. Raises AssertionError when there is no form."""
        found = re.search(rf'<form method="post" action="{re.escape(action)}".*?</form>', page, re.S)
        assert found, f"no form for {action}"
        inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
        return dict(inputs)

    def fill(
        self,
        path: str,
        action: str,
        files: dict[str, tuple[str, bytes, str]] | None = None,
        /,
        **typed: str,
    ) -> httpx2.Response:
        """Opens a page, and sends one of its forms."""
        page = self.get(path).text
        response: httpx2.Response = self.client.post(action, data={**self.hidden(page, action), **typed}, files=files)
        return response

    def act(self, issue: IssueId, form: str, **typed: str) -> httpx2.Response:
        return self.fill(f"/issues/{issue}", f"/issues/{issue}/{form}", **typed)

    def offered(self, issue: IssueId) -> set[str]:
        """The forms an issue's page offers."""
        page = self.get(f"/issues/{issue}").text
        return set(re.findall(rf'<form method="post" action="/issues/{issue}/([a-z-]+)"', page))


@pytest.fixture
def visitor(town: Town) -> Iterator[Visitor]:
    """Somebody who has not signed in."""
    with TestClient(town.api, follow_redirects=False) as client:
        yield Visitor(client)


@pytest.fixture
def signed_in(town: Town) -> Callable[[str], Visitor]:
    """Signs somebody in through the door, as people do."""

    def sign_in(name: str) -> Visitor:
        visitor = Visitor(TestClient(town.api, follow_redirects=False))
        response = visitor.fill("/login", "/login", login=name, password=PASSWORD)
        assert response.status_code == 303, response.text
        return visitor

    return sign_in
