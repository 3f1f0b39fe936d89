"""Red and black lists 红黑榜: the rule, the count, the edition, objections to it and corrections of it.

Scores are whole centi-points (百分之一分), shares whole basis points (万分之一). An edition holds every count and
every score, so that anyone can compute it again from the facts up to its cut-off. Only outcomes are counted: no
photos, no logs, no use of a program.
"""

from enum import StrEnum
from typing import Literal, Self

from datetime import date

from pydantic import Field, model_validator

from domain.fact import Event, Value
from domain.ids import BoardId, EditionId, IssueId, ObjectionId, RegionId, RuleId, UnitId
from domain.text import Prose, ShortText

Ranked = RegionId | UnitId
"""上榜对象: a township on a board of townships, a unit on a board of units."""

Colour = Literal["red", "black"]
"""红榜 or 黑榜."""


class Indicator(StrEnum):
    """指标: an outcome that is counted. The value is data forever; ``good`` says whether more of it is better."""

    label: str
    good: bool

    def __new__(cls, value: str, label: str, good: bool) -> "Indicator":
        indicator = str.__new__(cls, value)
        indicator._value_, indicator.label, indicator.good = value, label, good
        return indicator

    CLOSED_ON_TIME = "closed_on_time", "按期销号", True
    CLOSED_LATE = "closed_late", "逾期销号", False
    OVERDUE_OPEN = "overdue_open", "逾期未销号", False
    RELAPSED = "relapsed", "回头看反弹", False
    SENT_BACK = "sent_back", "退回整改", False
    ANSWERED_LATE = "answered_late", "上报答复超时", False
    CLOSED_SHARE = "closed_share", "销号率", True
    ON_TIME_SHARE = "on_time_share", "按期率", True

    @property
    def share(self) -> bool:
        """Whether it is a share in basis points rather than a number of times."""
        return self in (Indicator.CLOSED_SHARE, Indicator.ON_TIME_SHARE)


class Component(Value):
    """计分项: ``points`` centi-points for every whole ``per`` of the indicator, never below ``floor`` or above ``cap``."""

    indicator: Indicator
    points: int = Field(ge=-1_000_000, le=1_000_000)
    per: int = Field(ge=1, le=10_000)
    floor: int | None
    cap: int | None


class ScoringRule(Value):
    """评分规则

    Equal scores are ordered by ``ties`` in turn, then by division code, which decides the order of printing only.
    ``at_the_line`` says what becomes of those who are still equal where a list ends: division code decides
    (``code``), all of them are on it (``all``) or none is (``none``). ``red_floor`` and ``black_ceiling`` are scores in
    centi-points: nobody below the first is on the red list, nobody above the second on the black one.
    ``black_running`` is how many black lists in a row open an accountability case.
    """

    rule: RuleId
    title: ShortText
    version: int = Field(ge=1)
    source: Prose
    subjects: Literal["townships", "units"]
    period: Literal["month", "quarter", "free"]
    base: int
    components: tuple[Component, ...] = Field(min_length=1, max_length=len(Indicator))
    ties: tuple[Indicator, ...]
    at_the_line: Literal["code", "all", "none"]
    red_places: int = Field(ge=0)
    red_floor: int | None
    black_places: int = Field(ge=0)
    black_ceiling: int | None
    black_running: int = Field(ge=2, le=12)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        scored = [component.indicator for component in self.components]
        if len(set(scored)) != len(scored):
            raise ValueError("同一指标只能计分一次")
        if len(set(self.ties)) != len(self.ties) or not set(self.ties) <= set(scored):
            raise ValueError("并列时比较的指标须是计分项,且不重复")
        for component in self.components:
            if component.floor is not None and component.cap is not None and component.floor > component.cap:
                raise ValueError(f"{component.indicator.label}的下限高于上限")
        return self


class Period(Value):
    """统计周期: both days are in it."""

    since: date
    until: date

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.until < self.since:
            raise ValueError("统计周期的终止日早于起始日")
        return self

    def holds(self, day: date) -> bool:
        return self.since <= day <= self.until


class ScoredComponent(Value):
    """得分项: what was counted, and the centi-points it gave."""

    indicator: Indicator
    count: int = Field(ge=0)
    points: int


class Standing(Value):
    """名次

    ``rank`` is shared by those who are equal by score and ties. ``by_last_word`` says that being on a list or not was
    decided by the rule's last word over equals, and by nothing else.
    """

    subject: Ranked
    rank: int = Field(ge=1)
    score: int
    components: tuple[ScoredComponent, ...]
    listed: Colour | None
    by_last_word: bool


class Exclusion(Value):
    """不计入: an issue that a correction leaves out of the count, and why."""

    issue: IssueId
    reason: Prose


class ScoringRuleAdopted(Event, type="rule.adopted"):
    """采用评分规则: the first one adopted makes the board."""

    board: BoardId
    region: RegionId
    rule: ScoringRule
    since: date


class EditionPublished(Event, type="edition.published"):
    """公布榜单

    ``number`` is the 期号; ``cut_off`` the position of the last fact that was read.
    """

    edition: EditionId
    board: BoardId
    region: RegionId
    number: int = Field(ge=1)
    rule: RuleId
    rule_version: int = Field(ge=1)
    period: Period
    cut_off: int = Field(ge=1)
    standings: tuple[Standing, ...] = Field(min_length=1)


class EditionObjected(Event, type="edition.objected"):
    """榜单异议: against the standings as they were after ``revision`` corrections."""

    objection: ObjectionId
    edition: EditionId
    board: BoardId
    subject: Ranked
    revision: int = Field(ge=0)
    matter: Prose


class EditionObjectionAnswered(Event, type="edition.objection_answered"):
    """异议答复: upheld, it calls for a correction."""

    objection: ObjectionId
    edition: EditionId
    board: BoardId
    subject: Ranked
    upheld: bool
    answer: Prose


class EditionCorrected(Event, type="edition.corrected"):
    """更正榜单

    The same rule and period, counted again at a later cut-off, without the excluded issues (all of them: those of
    earlier corrections are named again). What was published stays as it was.
    """

    edition: EditionId
    board: BoardId
    region: RegionId
    revision: int = Field(ge=1)
    cut_off: int = Field(ge=1)
    objection: ObjectionId | None
    excluded: tuple[Exclusion, ...]
    reason: Prose
    standings: tuple[Standing, ...] = Field(min_length=1)


BOARD = (ScoringRuleAdopted, EditionPublished, EditionObjected, EditionObjectionAnswered, EditionCorrected)
