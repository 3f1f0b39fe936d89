"""Publishing a list from the command line, and counting it again."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from adapters.bootstrap import open_application
from adapters.settings import Settings
from domain.command import Act
from domain.ids import BoardId
from domain.rankings import AdoptScoringRule, packaged
from tests.adapters.cli.conftest import Taizhang
from tests.county import COUNTY, founding, person
from tests.scenario import FOUNDER

OCTOBER = ("--region", "451226", "--from", "2019-10-01", "--to", "2019-10-31")


@pytest.fixture
def board(database_url: str, tmp_path: Path) -> None:
    """A county in post in September 2019, with a board of townships from October on."""
    then = datetime(2019, 9, 20, 4, tzinfo=UTC)
    settings = Settings(database_url=database_url, data=tmp_path / "data")
    with open_application(settings, project=False, clock=lambda: then) as application:
        application.facts.append(founding(), Act(FOUNDER, then))
        rule = AdoptScoringRule(
            board=BoardId("board-451226-townships"),
            region=COUNTY,
            rule=packaged("townships"),
            since=date(2019, 10, 1),
        )
        application.ledger.execute(rule, Act(person("supervisor"), then))


@pytest.mark.usefixtures("board")
def test_an_edition_is_published_shown_and_counted_again(taizhang: Taizhang) -> None:
    published = taizhang("rank", "publish", *OCTOBER, "--as", "person-supervisor", "--json").json
    assert published["published"]["number"] == 1
    edition = published["edition"]
    shown = taizhang("rank", "show", edition, "--json").json
    assert shown["standings"] == published["published"]["standings"]
    assert taizhang("rank", "verify", edition, "--json").json["holds"]
    assert taizhang("rank", "publish", *OCTOBER, "--as", "person-supervisor").refused("edition_already_published")


@pytest.mark.usefixtures("board")
def test_an_edition_is_published_by_who_may_and_for_a_period_that_fits(taizhang: Taizhang) -> None:
    assert taizhang("rank", "publish", *OCTOBER, "--as", "person-clerk").refused("no_authority")
    week = ("--region", "451226", "--from", "2019-10-01", "--to", "2019-10-07")
    assert taizhang("rank", "publish", *week, "--as", "person-supervisor").refused("period_does_not_fit")
    assert taizhang("rank", "publish", *OCTOBER, "--as", "person-supervisor", "--board", "rivers").refused(
        "unknown_board"
    )
