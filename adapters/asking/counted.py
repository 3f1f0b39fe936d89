"""代为核算: what is asked where the rest of the command is worked out here, so that nobody sends their own figures."""

from datetime import date

from pydantic import Field

from adapters.bootstrap import Application
from domain import reverse_check
from domain.command import Act
from domain.fact import Value
from domain.ids import BoardId, DrawId, EditionId, IncidenceId, ObjectionId, RegionId, TaskListId, UnitId
from domain.rankings import Exclusion, Period
from domain.text import Prose
from services import draws, incidence, ranking, task_lists
from services.ledger import Outcome


class Publishing(Value):
    """公布榜单

    What is counted, and up to where, the server works out from the facts; nobody sends their own figures.
    """

    edition: EditionId
    board: BoardId
    period: Period

    @staticmethod
    def perform(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Publishing)
        return ranking.publish(application.ledger, asked.edition, asked.board, asked.period, act, key)


class Correcting(Value):
    """更正榜单

    Counted again by the server as the facts are known now. ``excluded`` is the whole list of issues left out.
    """

    edition: EditionId
    revision: int = Field(ge=1)
    objection: ObjectionId | None = None
    excluded: tuple[Exclusion, ...] = Field(default=(), max_length=1000)
    reason: Prose

    @staticmethod
    def perform(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Correcting)
        return ranking.correct(
            application.ledger,
            asked.edition,
            asked.revision,
            asked.reason,
            act,
            objection=asked.objection,
            excluded=asked.excluded,
            key=key,
        )


class Listing(Value):
    """下达任务清单

    What is open for the team the server draws from the facts.
    """

    tasklist: TaskListId
    team: UnitId
    month: date

    @staticmethod
    def perform(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Listing)
        return task_lists.publish(application.ledger, asked.tasklist, asked.team, asked.month, act, key)


class Counting(Value):
    """核算贫困发生率

    How many are left the server counts from the facts; only the rural population is given.
    """

    incidence: IncidenceId
    region: RegionId
    population: int = Field(ge=1, le=2**53 - 1)

    @staticmethod
    def perform(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Counting)
        return incidence.record(application.ledger, asked.incidence, asked.region, asked.population, act, key)


class Drawing(Value):
    """反向核查抽取

    The claims to draw from the server works out from the facts; nobody picks them. ``subject`` is a household, a
    person, a unit (its team) or a region.
    """

    draw: DrawId
    region: RegionId
    subject: reverse_check.Checked
    since: date
    until: date
    many: int = Field(ge=1, le=reverse_check.MOST_DRAWN)

    @staticmethod
    def perform(application: Application, asked: Value, act: Act, key: str | None) -> Outcome:
        assert isinstance(asked, Drawing)
        scope = reverse_check.Asked(asked.region, asked.subject, asked.since, asked.until, asked.many)
        return draws.draw(application.ledger, asked.draw, scope, act, key)
