"""The demonstration, told once."""

from collections.abc import Callable, Iterator

import pytest

from adapters.bootstrap import Application, open_application
from adapters.cli.program import run
from adapters.demo.loading import load
from adapters.demo.story import Story
from adapters.settings import Settings
from tests.adapters.cli.ending import Ending
from tests.conftest import PostgresServer


@pytest.fixture(scope="session")
def settings(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Of a database that holds the demonstration. Whoever asks reads only."""
    owner_url = postgres_server.take()
    settings = Settings(
        database_url=postgres_server.as_service(owner_url), data=tmp_path_factory.mktemp("demonstration"), log_dir="-"
    )
    load(settings)
    yield settings
    postgres_server.give_back(owner_url)


@pytest.fixture(scope="session")
def application(settings: Settings) -> Iterator[Application]:
    with open_application(settings, project=False) as application:
        application.projector.catch_up()
        yield application


@pytest.fixture(scope="session")
def story(application: Application) -> Story:
    return Story(application.divisions)


@pytest.fixture
def taizhang(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ending]:
    """Runs `taizhang` on the demonstration."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("TAIZHANG_DATA", str(settings.data))

    def run_it(*words: object) -> Ending:
        capsys.readouterr()
        code = run([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ending(code, out, err)

    return run_it
