"""Ledgers folded in a process of their own, and what becomes of them when it dies."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters import bootstrap
from adapters.bootstrap import Application, Follower, open_application
from adapters.settings import Settings
from domain.command import Act
from tests.conftest import PostgresServer
from tests.county import founding
from tests.scenario import FOUNDER, NOON

ACT = Act(FOUNDER, NOON)


@contextmanager
def followed(postgres_server: PostgresServer, folder: Path) -> Iterator[tuple[Application, Follower]]:
    follower = Follower()
    settings = Settings(database_url=postgres_server.take(), data=folder)
    try:
        with open_application(settings, follower=follower) as application:
            yield application, follower
    finally:
        follower.end()


def test_what_is_recorded_here_is_folded_there_and_seen_here(postgres_server: PostgresServer, tmp_path: Path) -> None:
    with followed(postgres_server, tmp_path) as (application, _):
        for event in founding():
            position = application.facts.append([event], ACT)
            assert application.projector.wait_for(position, 20)
        assert not application.projector.takes_over()


def test_who_serves_takes_over_when_the_follower_dies(
    postgres_server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "STANDBY", 0.05)
    with followed(postgres_server, tmp_path) as (application, follower):
        *early, last = founding()
        assert application.projector.wait_for(application.facts.append(early, ACT), 20)
        os.kill(follower.process, signal.SIGKILL)
        assert application.projector.wait_for(application.facts.append([last], ACT), 20)


def test_a_follower_ends_with_who_made_it_though_it_never_began() -> None:
    follower = Follower()
    process = follower.process
    follower.end()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
