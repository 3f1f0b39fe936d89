"""读表结果: the rows that a workbook claims and the outcome of reading it, as previews print them."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from operator import attrgetter

from adapters.workbooks.deadlines import Precision
from adapters.workbooks.problems import Problem
from adapters.workbooks.values import Severity, Status


@dataclass(frozen=True, slots=True)
class Row:
    """一条问题: as the workbook claims it, null where it says nothing or could not be read.

    ``county``, ``region`` and ``hamlet`` follow from the place cells: the code of the county, the code of what the
    issue is about (village, township, county or city) and the 屯 or 组 below the village.
    """

    sheet: str
    row: int
    township: str | None
    village: str | None
    category: str | None
    source: str | None
    severity: Severity | None
    description: str | None
    unit: str | None
    leader: str | None
    person: str | None
    measure: str | None
    money_wan: Decimal | None
    due: date | None
    due_precision: Precision | None
    long_term: bool
    status: Status | None
    done: date | None
    closed: bool | None
    county: str | None
    region: str | None
    hamlet: str | None

    @property
    def said(self) -> tuple[object, ...]:
        """All that the row says, apart from where it stands."""
        return _SAID(self)

    @property
    def money_fen(self) -> int | None:
        """计划资金 in 分."""
        return None if self.money_wan is None else int(self.money_wan * 1_000_000)

    def as_json(self) -> dict[str, object]:
        """The row as previews print it: ISO dates, money in 万元 as a number, codes trimmed."""
        money = self.money_wan
        return {
            "sheet": self.sheet,
            "row": self.row,
            "township": self.township,
            "village": self.village,
            "category": self.category,
            "source": self.source,
            "severity": self.severity,
            "description": self.description,
            "unit": self.unit,
            "leader": self.leader,
            "person": self.person,
            "measure": self.measure,
            "money_wan": None if money is None else int(money) if money == int(money) else float(money),
            "due": self.due.isoformat() if self.due else None,
            "due_precision": self.due_precision,
            "long_term": self.long_term,
            "status": self.status,
            "done": self.done.isoformat() if self.done else None,
            "closed": self.closed,
        }


_SAID: Callable[[Row], tuple[object, ...]] = attrgetter(
    *(field.name for field in fields(Row) if field.name not in ("sheet", "row"))
)


@dataclass(frozen=True)
class Reading:
    """读表结果: the rows in the workbook's order, everything worth saying about them, and a digest of the outcome.

    The digest (sha256, hex) covers the file, the place, the reader's version and the rows: a confirmation that names it
    confirms what was previewed and nothing else.
    """

    digest: str
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems that must be put right before the rows can be registered."""
        return tuple(problem for problem in self.problems if problem.blocks)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """The problems that only need to be seen."""
        return tuple(problem for problem in self.problems if not problem.blocks)

    def as_json(self) -> dict[str, object]:
        return {
            "digest": self.digest,
            "rows": [row.as_json() for row in self.rows],
            "problems": [problem.as_json() for problem in self.problems],
        }
