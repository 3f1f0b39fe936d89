"""剧本: what happens when, in whatever order it is written down; played in the order of time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from operator import attrgetter
from typing import NamedTuple

from adapters.bootstrap import Application
from domain.command import About, Act, Command
from domain.fact import CHINA
from domain.ids import ChainId, EvidenceId, IssueId, PersonId
from domain.signoff import SignOff, shown_of

Deed = Callable[[Application, Act], object]


class Moment(NamedTuple):
    """时刻: who does what when."""

    at: datetime
    by: PersonId
    deed: Deed


def on(day: date, clock: str) -> datetime:
    """A moment in China: ``on(date(2019, 10, 8), "09:30")``."""
    return datetime.combine(day, time.fromisoformat(clock), CHINA)


@dataclass
class Script:
    """剧本: moments, and the files that are handed in with them. What lies after ``end`` never happens."""

    end: datetime
    moments: list[Moment] = field(default_factory=list)
    files: dict[EvidenceId, bytes] = field(default_factory=dict)

    def ask(self, at: datetime, by: PersonId, command: Command) -> None:
        self.have(at, by, lambda house, act: house.ledger.execute(command, act))

    def sign(self, at: datetime, by: PersonId, issue: IssueId, chain: ChainId, opinion: str) -> None:
        """A signature on exactly what stands on the issue at that moment."""

        def signs(house: Application, act: Act) -> object:
            shown = shown_of(house.facts.read([About(issue)]).facts)
            command = SignOff(
                issue=issue, chain=chain, opinion=opinion, shown=shown.position, shown_digest=shown.digest
            )
            return house.ledger.execute(command, act)

        self.have(at, by, signs)

    def have(self, at: datetime, by: PersonId, deed: Deed) -> None:
        if at <= self.end:
            self.moments.append(Moment(at, by, deed))

    def in_order(self) -> list[Moment]:
        """Moments of the same time follow each other by a millisecond, in the order in which they were written down:
        by its time alone a fact then tells which moment it came from."""
        ordered: list[Moment] = []
        for moment in sorted(self.moments, key=attrgetter("at")):
            earliest = ordered[-1].at + timedelta(milliseconds=1) if ordered else moment.at
            ordered.append(moment._replace(at=max(moment.at, earliest)))
        return ordered

    def play(
        self, house: Application, tell: Callable[[datetime], None], after: datetime | None = None
    ) -> Iterator[Moment]:
        """Lives it through, a moment a step; ``tell`` is told each moment's time before it comes. Told before up to
        ``after``, it goes on from there.

        Raises Refused, with the moment as a note, where the rules do not allow what is written down.
        """
        for moment in self.in_order():
            if after is not None and moment.at <= after:
                continue
            tell(moment.at)
            try:
                moment.deed(house, Act(moment.by, moment.at))
            except Exception as error:
                error.add_note(f"at {moment.at.isoformat()}, by {moment.by}")
                raise
            yield moment
