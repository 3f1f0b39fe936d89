"""A real start: an empty folder, one command, a page, a login, and a clean end."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from adapters.bootstrap import open_application
from adapters.cli.program import run
from adapters.demo.logins import PASSWORD
from adapters.demo.story import Story
from adapters.regions.divisions import Divisions
from adapters.settings import Settings
from domain.issues import IssueRegistered

SERVE = "import sys; from adapters.cli import main; main()"


def servers_of(folder: Path) -> list[str]:
    """The PostgreSQL servers that run on a folder."""
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if any(word.startswith(str(folder).encode()) for word in words) and words[0].endswith(b"postgres"):
                lines.append(entry.name)
    return lines


@pytest.fixture
def served(open_folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str, Path]]:
    """`taizhang serve --demo` on a folder with nothing in it: the process, its address, and what it said."""
    folder = open_folder / "served"
    folder.mkdir(mode=0o755)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"TAIZHANG_DATA": str(folder), "TAIZHANG_PORT": str(free_port())}
    command = [sys.executable, "-c", SERVE, "serve", "--demo"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as one:
        said = ""
        assert one.stdout
        for line in one.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"http://\S+", said)
        try:
            assert address, said
            yield one, address[0], said, folder
        finally:
            one.terminate()


def told(folder: Path) -> tuple[int, int]:
    """How many issues the facts of the served story register, and the last position."""
    settings = Settings(database_url=None, data=folder, log_dir="-")
    with open_application(settings, project=False) as application:
        return sum(1 for _ in application.facts.facts((IssueRegistered,))), application.facts.head()


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="the embedded server is for Linux")
def test_one_command_on_nothing_serves_the_demonstration_and_ends_cleanly(
    served: tuple[subprocess.Popen[str], str, str, Path],
) -> None:
    process, address, said, folder = served
    assert PASSWORD in said
    assert "village-secretary" in said
    with httpx2.Client(base_url=address, timeout=30) as browser:
        page = browser.get("/", follow_redirects=True)
        assert (page.status_code, page.url.path) == (200, "/login")
        assert "<html" in page.text
        session = browser.post("/api/v1/session", json={"login": "clerk", "password": PASSWORD})
        assert session.status_code in (200, 201)
        registered, head = told(folder)
        asked: dict[str, str | int] = {"count": "true", "min_position": head}
        issues = browser.get("/api/v1/ledgers/issues", params=asked).raise_for_status().json()
        assert issues["count"] == registered > len(Story(Divisions.load()).reading.rows)
    assert servers_of(folder)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert process.stdout
    assert "已停止" in process.stdout.read()
    assert servers_of(folder) == []


def test_a_port_that_is_taken_is_said_so_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("TAIZHANG_DATA", str(tmp_path / "data"))
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen()
            assert run(["serve", "--port", str(door.getsockname()[1])]) == 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert capsys.readouterr().err.startswith("port_busy: ")
    assert not (tmp_path / "data" / "postgres").exists()
