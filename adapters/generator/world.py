"""人间: a clock, and everybody's lives under it.

A life is written top to bottom: it yields the moment at which it goes on, and acts when that has come. Whichever life's
moment is next goes on next; so decisions come in the order of time, and none is ever thought of before it is due.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

from adapters.generator.memory import Decision, MemoryFacts
from domain.chains import Subject
from domain.command import About, Act, Command, Refused
from domain.exits import record, scope_of
from domain.fact import CHINA, Event, Past
from domain.ids import HouseholdId, Id, IssueId, PersonId
from domain.signoff import Shown, shown_of
from services.ledger import Ledger

Life = Iterator[datetime]

TICK = timedelta(minutes=30)
"""What is decided is recorded at the half hour that follows, with all else of that half hour: as many facts go into one
transaction, and no fact of a transaction is stamped otherwise than those beside it."""

_TRIES = 8
_STAND_IN_THE_WAY = ("open_issue_on_object", "incidence_too_high")

Kind = TypeVar("Kind", bound=Id)


class World:
    """人间: ``seed`` names it; whatever is drawn or numbered in it follows from that."""

    def __init__(self, seed: str, begins: date) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.now = datetime.combine(begins, time(0), CHINA).astimezone(UTC)
        self._fresh: deque[Decision] = deque()
        self.store = MemoryFacts(lambda: closing(self.now), self._fresh.append)
        self.ledger = Ledger(self.store)
        self._agenda: list[tuple[datetime, int, Life]] = []
        self._begun = 0
        self._numbers: Counter[type[Id]] = Counter()

    def begin(self, *lives: Life) -> None:
        """Each runs up to its first moment; those whose moments are the same go on in this order."""
        for life in lives:
            self._begun += 1
            self._go_on(self._begun, life)

    def live(self, until: datetime) -> Iterator[Decision]:
        """Every decision up to a moment, in order. What would come later never does."""
        while self._agenda and self._agenda[0][0] <= until:
            self.now, number, life = heappop(self._agenda)
            self._go_on(number, life)
            while self._fresh:
                yield self._fresh.popleft()
        self._agenda.clear()

    def _go_on(self, number: int, life: Life) -> None:
        for moment in life:
            heappush(self._agenda, (max(moment, self.now), number, life))
            return

    def ask(self, by: PersonId, command: Command) -> tuple[Event, ...]:
        """Has it decided now. Raises Refused, with what was asked as a note, where the rules do not allow it."""
        try:
            return self.ledger.execute(command, self.act(by)).facts
        except Refused as refusal:
            refusal.add_note(f"at {self.now.isoformat()}, by {by}: {command!r}")
            raise

    def act(self, by: PersonId) -> Act:
        return Act(by, self.now)

    def id(self, kind: type[Kind]) -> Kind:
        """The next number of a kind."""
        self._numbers[kind] += 1
        return kind.derived(self.seed, self._numbers[kind])

    def shown(self, subject: Subject) -> Shown:
        """What someone who signs now has before them."""
        if isinstance(subject, IssueId | HouseholdId):
            return shown_of(self.store.read((About(subject),)).facts)
        past = Past()
        for _ in range(3):
            past = self.store.read(scope_of(past, subject)).facts
        return shown_of(record(past, subject))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def between(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def at(self, day: date, since: int = 8, until: int = 18) -> datetime:
        """Some moment of a day's working hours."""
        seconds = self.random.randrange(since * 3600, until * 3600)
        return (datetime.combine(day, time(0), CHINA) + timedelta(seconds=seconds)).astimezone(UTC)

    def after(self, least: int, most: int) -> datetime:
        """Some working moment so many days from today."""
        return self.at(self.today + timedelta(days=self.between(least, most)))

    def soon(self) -> datetime:
        """Later the same day."""
        return self.now + timedelta(minutes=self.between(5, 60))

    @property
    def today(self) -> date:
        return self.now.astimezone(CHINA).date()


def patiently(world: World, by: PersonId, command: Callable[[], Command]) -> Generator[datetime, None, bool]:
    """Asks again a week later while another issue stands in the way; whether it was done in the end."""
    for _ in range(_TRIES):
        try:
            world.ask(by, command())
        except Refused as refusal:
            if refusal.code not in _STAND_IN_THE_WAY:
                raise
        else:
            return True
        yield world.after(5, 9)
    return False


def closing(moment: datetime) -> datetime:
    """The end of the half hour that a moment lies in."""
    start = moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
    return start + TICK


def months(since: date, until: date) -> Iterator[tuple[date, date]]:
    """The first and last day of every whole calendar month from a day to another (excluded)."""
    first = since if since.day == 1 else (since.replace(day=1) + timedelta(days=31)).replace(day=1)
    while (after := (first + timedelta(days=31)).replace(day=1)) <= until:
        yield first, after - timedelta(days=1)
        first = after
