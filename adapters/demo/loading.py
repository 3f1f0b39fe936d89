"""载入演示: plays the story into an empty ledger, hands in its files, and opens its accounts."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from io import BytesIO

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.bootstrap import database, open_application
from adapters.demo import marker
from adapters.demo.logins import PASSWORD, Login, logins
from adapters.demo.script import on
from adapters.demo.story import OPENED, Story
from adapters.settings import Settings
from domain.command import refuse


class StoryClock:
    """The story's own time: whatever it was last told."""

    def __init__(self) -> None:
        self.now = on(OPENED, "08:00")

    def tell(self, moment: datetime) -> None:
        self.now = moment

    def __call__(self) -> datetime:
        return self.now


def load(settings: Settings, progress: Callable[[int, int], None] = lambda done, of: None) -> list[Login]:
    """Loads the demonstration, and says who can log in; cut short before, it goes on where it was. ``progress`` is told
    how many moments of how many are past.

    Raises Refused ``ledger_not_empty`` where anything else is recorded already: a story among true facts would be a
    lie.
    """
    clock = StoryClock()
    with hurried(settings) as settings, open_application(settings, project=False, clock=clock) as application:
        with application.pool.connection() as connection:
            head = application.facts.head()
            if head and not marker.begun(connection):
                refuse("ledger_not_empty", "台账中已有记录,不能载入演示:演示只能载入空的台账")
            story = Story(application.divisions)
            marker.begin(connection, story.script.end)
        last = next(application.facts.facts(after=head - 1)).at if head else None
        with ThreadPoolExecutor(8) as hands:
            list(hands.map(application.evidence.put, map(BytesIO, story.script.files.values())))
        total = len(story.script.moments)
        for done, _ in enumerate(story.script.play(application, clock.tell, last), start=1):
            progress(done, total)
        those = logins(story)
        known = {account.login for account in application.accounts.accounts()}
        for login in those:
            if login.login not in known:
                application.accounts.create_account(
                    login.login, PASSWORD, story.script.end, person=login.person, kind=login.kind
                )
        with application.pool.connection() as connection:
            # The last commit waits for the disk, and with it all before it.
            connection.execute("SET synchronous_commit TO on")
            marker.mark(connection)
        return those


@contextmanager
def hurried(settings: Settings) -> Iterator[Settings]:
    """The same database, without waiting for the disk at each of two thousand commits: what a crash takes of a story is
    told anew."""
    with ExitStack() as stack:
        url = database(settings, stack)
        given = conninfo_to_dict(url).get("options") or ""
        yield settings.model_copy(
            update={"database_url": make_conninfo(url, options=f"{given} -c synchronous_commit=off")}
        )
