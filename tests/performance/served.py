"""A county at work, served: the real program in a process of its own, on the benchmark's PostgreSQL."""

import compileall
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson
import psycopg
from argon2 import PasswordHasher

import adapters
from adapters.bootstrap import Application, open_application
from adapters.identity.accounts import Accounts
from adapters.logging import configure
from adapters.postgres.schema import install
from adapters.settings import Settings
from domain.command import Act
from domain.fact import Event
from domain.ids import IssueId, StepId
from domain.issues import IssueAssigned, IssueRegistered, StepPlanned
from domain.organisation import PersonRegistered
from domain.policy import Severity
from domain.posts import Post
from tests.county import BUREAU, COUNTY, DUE, VILLAGE, appointed, founding, person
from tests.performance.clients import post
from tests.performance.history import put
from tests.scenario import FOUNDER

OFFICERS = 64
SERVE = "from adapters.cli import main; main()"
_BATCH = 2000
_LEAST = 1000  # facts before the issues that are under way


@dataclass(frozen=True)
class County:
    """Issues being rectified, and a token for each of the officers who do it; ``facts`` is all that is recorded.
    Seconds that it took to put the facts into the log, to fold them into all ledgers, to seal them, and to leave the
    database as it is where they came over years."""

    url: str
    tokens: Sequence[str]
    issues: int
    facts: int
    put: float
    followed: float
    sealed: float
    tidied: float

    def reports(self, *, turn: int = 0) -> list[list[bytes]]:
        """For each officer the reports of progress they send, one for each of their issues."""
        asked: list[list[bytes]] = [[] for _ in self.tokens]
        for number in range(self.issues):
            officer = (number + turn) % len(self.tokens)
            body = orjson.dumps(
                {"progress": "路基已清理,正在铺设水泥路面", "done": False, "occurred_on": str(date(2019, 9, 20))}
            )
            path = f"/api/v1/issues/{issue(number)}/steps/{step(number)}/reports"
            asked[officer].append(post(path, self.tokens[officer], body))
        return asked


def issue(number: int) -> IssueId:
    return IssueId(f"issue-{number:08d}")


def step(number: int) -> StepId:
    return StepId(f"step-{number:08d}")


def settle(url: str, folder: Path, issues: int, facts: int) -> County:
    """A county in post with years behind it, and issues of three facts each that are under way: about so many facts in
    all, every ledger and the seal level with them."""
    settings = Settings(database_url=url, data=folder)
    configure(settings)
    began = time.perf_counter()
    install(url)
    put(url, [*founding(), *officers()], max(_LEAST, facts - 3 * issues))
    with open_application(settings, project=False) as program:
        act = Act(FOUNDER, program.now())
        for start in range(0, issues, _BATCH):
            numbers = range(start, min(issues, start + _BATCH))
            program.facts.append([event for number in numbers for event in begun(number)], act)
        tokens = [token(program, f"officer-{number}") for number in range(OFFICERS)]
        filled = time.perf_counter()
        head = program.projector.catch_up()
        followed = time.perf_counter()
        with program.sealer.alone():
            assert program.sealer.seal() == head
        sealed = time.perf_counter()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE")
        admin.execute("CHECKPOINT")
    tidied = time.perf_counter()
    return County(url, tokens, issues, head, filled - began, followed - filled, sealed - followed, tidied - sealed)


def officers() -> Iterator[Event]:
    for number in range(OFFICERS):
        name = f"officer-{number}"
        yield PersonRegistered(person=person(name), name=name, region=COUNTY)
        yield appointed(name, Post.UNIT_OFFICER, COUNTY, BUREAU)


def begun(number: int) -> Iterator[Event]:
    """Registered, assigned, and its step planned."""
    yield IssueRegistered(
        issue=issue(number),
        region=VILLAGE,
        place=None,
        object=None,
        category="道路",
        source="自查",
        severity=Severity.MINOR,
        description="水毁路段未修复,雨天车辆无法通行",
        found_on=date(2019, 9, 1),
        deadline=DUE,
        planned_funds=None,
    )
    yield IssueAssigned(
        issue=issue(number),
        unit=BUREAU,
        leader=person("leader"),
        person=person(f"officer-{number % OFFICERS}"),
        reason=None,
    )
    yield StepPlanned(issue=issue(number), step=step(number), round=1, measure="修复路面", due=None, planned_funds=None)


def token(program: Application, login: str) -> str:
    # What it costs to think up a password is not measured here.
    accounts = Accounts(program.pool, hasher=PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    accounts.create_account(login, "Hechi-Rain-2019", program.now(), person=person(login))
    return accounts.create_token(login, "程序", program.now(), scope="full").secret


@dataclass(frozen=True)
class Served:
    """The program, answering. ``started_in`` is the seconds from its start to its first answer."""

    pid: int
    port: int
    started_in: float

    @property
    def resident(self) -> int:
        """MiB held by the program and by what it started, what they share counted once; not by the database."""
        return sum(_resident(pid) for pid in (self.pid, *_children(self.pid))) >> 10

    @property
    def busy(self) -> float:
        """Seconds of a core that it has used."""
        ticks = os.sysconf("SC_CLK_TCK")
        return sum(_ticks(pid) for pid in (self.pid, *_children(self.pid))) / ticks


@contextmanager
def served(url: str, folder: Path) -> Iterator[Served]:
    """`taizhang serve`, until the end of it."""
    port = free_port()
    # Compiled once, as whoever installs a program has it: whatever keeps bytecode from a checkout is not measured here.
    for part in ("domain", "services", "projections", "adapters"):
        compileall.compile_dir(Path(adapters.__path__[0]).parent / part, quiet=1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TAIZHANG_")}
    environment |= {"DATABASE_URL": url, "TAIZHANG_DATA": str(folder), "TAIZHANG_PORT": str(port)}
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, "serve"], env=environment, stdout=subprocess.DEVNULL
    ) as program:
        try:
            while not answers(port):
                if program.poll() is not None:
                    raise RuntimeError("the program did not start")
                time.sleep(0.01)
            yield Served(program.pid, port, time.perf_counter() - began)
        finally:
            program.terminate()


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _resident(pid: int) -> int:
    """KiB: of a page that several processes hold, each has its part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(rollup.partition("Pss:")[2].split()[0])


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
