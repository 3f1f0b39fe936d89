"""载入演示: plays the story into an empty ledger, hands in its files, and opens its accounts."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO

from adapters.bootstrap import open_application
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
    """Loads the demonstration, and says who can log in. ``progress`` is told how many moments of how many are past.

    Raises Refused ``ledger_not_empty`` where anything is recorded already: a story among true facts would be a lie.
    """
    clock = StoryClock()
    with open_application(settings, project=False, clock=clock) as application:
        if application.facts.head():
            refuse("ledger_not_empty", "台账中已有记录,不能载入演示:演示只能载入空的台账")
        story = Story(application.divisions)
        for content in story.script.files.values():
            application.evidence.put(BytesIO(content))
        total = len(story.script.moments)
        for done, _ in enumerate(story.script.play(application.ledger, clock.tell), start=1):
            progress(done, total)
        those = logins(story)
        for login in those:
            application.accounts.create_account(
                login.login, PASSWORD, story.script.end, person=login.person, kind=login.kind
            )
        with application.pool.connection() as connection:
            marker.mark(connection, story.script.end)
        return those
