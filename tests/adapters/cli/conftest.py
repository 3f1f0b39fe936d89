"""The command line as people use it: words in, an ending, an answer and messages out."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path

import pytest

from adapters.bootstrap import Application, open_application
from adapters.cli.program import run
from adapters.settings import Settings
from domain.appointing import Appoint
from domain.command import Act
from domain.ids import AppointmentId, PersonId, RegionId
from domain.organisation import RegisterPerson
from domain.posts import Post
from tests.adapters.cli.ending import Ending

COUNTY = RegionId("region-451226")
PASSWORD = "Hechi-Rain-2019"

Taizhang = Callable[..., Ending]


@pytest.fixture
def taizhang(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Taizhang:
    """Runs `taizhang` on a database in which nothing is recorded; ``stdin`` is what is typed."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TAIZHANG_DATA", str(tmp_path / "data"))

    def run_it(*words: object, stdin: str = "") -> Ending:
        monkeypatch.setattr("sys.stdin", StringIO(stdin))
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ending(code, out, err)

    return run_it


@pytest.fixture
def opened(taizhang: Taizhang) -> PersonId:
    """环江 with its ledger open; its organiser."""
    words = (
        "open",
        "--county",
        "451226",
        "--organiser",
        "蒙思齐",
        "--login",
        "organiser",
        "--password-stdin",
        "--json",
    )
    return PersonId(taizhang(*words, stdin=PASSWORD).json["organiser"])


@pytest.fixture
def officer(taizhang: Taizhang, opened: PersonId, database_url: str, tmp_path: Path) -> PersonId:
    """环江 with an officer of the headquarters in post."""
    with program(database_url, tmp_path) as application:
        return appoint(application, opened, "hq", Post.HEADQUARTERS)


def program(database_url: str, tmp_path: Path) -> AbstractContextManager[Application]:
    return open_application(Settings(database_url=database_url, data=tmp_path / "data"), project=False)


def appoint(application: Application, organiser: PersonId, name: str, post: Post) -> PersonId:
    person, act = PersonId(f"person-{name}"), Act(organiser, application.now())
    application.ledger.execute(RegisterPerson(person=person, name="卢明亮", region=COUNTY), act)
    appointment = Appoint(
        appointment=AppointmentId(f"appointment-{name}"), person=person, post=post, region=COUNTY, since=act.today
    )
    application.ledger.execute(appointment, act)
    return person
