"""Accountability 问责: cases, the ladder of measures, how long each binds, appeals; read top to bottom, and their fold.

A case is opened by a list (black twice running) or by hand; measures follow from it; each can be appealed, lifted and
replaced by a lighter one. What was decided stays in the record whatever becomes of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple

from pydantic import Field

from domain.fact import Event, Recorded, Value
from domain.ids import (
    AppealId,
    CaseId,
    ChainId,
    EditionId,
    EscalationId,
    IssueId,
    MeasureId,
    PersonId,
    RegionId,
    UnitId,
)
from domain.posts import Post
from domain.text import Prose

Accountable = RegionId | UnitId | PersonId
"""问责对象: a township, a unit, or a person."""

Reason = Literal["black_running", "missed_deadline", "late_answer", "false_report", "other"]
"""案由: 连续黑榜 逾期未办 答复超时 弄虚作假 其他."""

REASONS: Mapping[Reason, str] = {
    "black_running": "连续列入黑榜",
    "missed_deadline": "逾期未办",
    "late_answer": "答复超时",
    "false_report": "弄虚作假",
    "other": "其他",
}


class MeasureKind(StrEnum):
    """问责方式, from the lightest to the gravest. The value is data forever; the label is what people call it."""

    label: str

    def __new__(cls, value: str, label: str) -> "MeasureKind":
        kind = str.__new__(cls, value)
        kind._value_, kind.label = value, label
        return kind

    TALK = "talk", "约谈"
    STATEMENT = "statement", "表态发言"
    CRITICISM = "criticism", "通报批评"
    ADMONITION = "admonition", "诫勉"
    WARNING = "warning", "政务警告"
    PARTY_WARNING = "party_warning", "党内警告"
    DEMERIT = "demerit", "政务记过"
    REASSIGNMENT = "reassignment", "调整职务"
    MAJOR_DEMERIT = "major_demerit", "政务记大过"
    SERIOUS_PARTY_WARNING = "serious_party_warning", "党内严重警告"
    REMOVAL = "removal", "免职"
    DEMOTION = "demotion", "降职"
    SUMMARY_REMOVAL = "summary_removal", "就地免职"
    DOWNGRADE = "downgrade", "政务降级"
    DISMISSAL = "dismissal", "政务撤职"
    PARTY_POSTS_REVOKED = "party_posts_revoked", "撤销党内职务"
    PROBATION = "probation", "留党察看"
    EXPULSION = "expulsion", "开除党籍"


class Effect(StrEnum):
    """影响: what a measure keeps someone from for as long as it binds."""

    label: str

    def __new__(cls, value: str, label: str) -> "Effect":
        effect = str.__new__(cls, value)
        effect._value_, effect.label = value, label
        return effect

    NO_PROMOTION = "no_promotion", "不得提拔"
    NO_LEADING_POST = "no_leading_post", "不得安排领导职务"
    MERIT_LOST = "merit_lost", "取消评优评先资格"
    NO_READMISSION = "no_readmission", "不得重新入党"


class Binding(Value):
    """影响期: one effect, and the first day on which it no longer holds."""

    effect: Effect
    until: date


class CaseOpened(Event, type="case.opened"):
    """问责立项

    ``automatic`` says that a rule opened it, not a person: black lists running, named in ``grounds``. ``region`` is
    the place that handles it, the subject's own or one above.
    """

    case: CaseId
    subject: Accountable
    region: RegionId
    reason: Reason
    grounds: tuple[EditionId | IssueId | EscalationId | ChainId, ...]
    matter: Prose
    automatic: bool


class CaseDropped(Event, type="case.dropped"):
    """案由消失: a correction took away what the case rested on. It stays in the record, and so do its measures."""

    case: CaseId
    subject: Accountable
    region: RegionId
    edition: EditionId
    matter: Prose


class CaseRevived(Event, type="case.revived"):
    """案由恢复: a further correction brought back what a dropped case rested on."""

    case: CaseId
    subject: Accountable
    region: RegionId
    edition: EditionId
    matter: Prose


class MeasureDecided(Event, type="measure.decided"):
    """问责决定

    ``binds_from`` is the first day; ``binds_until`` the first day on which nothing of it binds any more, none when it
    binds nothing. ``replaces`` names the graver measure that an appeal turned into this one. ``post`` is the one by
    which it was decided.
    """

    measure: MeasureId
    case: CaseId
    on: Accountable
    region: RegionId
    kind: MeasureKind
    post: Post
    reasons: Prose
    decided_on: date
    binds_from: date
    binds_until: date | None
    bindings: tuple[Binding, ...]
    replaces: MeasureId | None


class MeasureAppealed(Event, type="measure.appealed"):
    """申诉: the first is 复审, the second 复核. It never suspends the measure."""

    appeal: AppealId
    measure: MeasureId
    case: CaseId
    on: Accountable
    instance: int = Field(ge=1, le=2)
    grounds: Prose


class AppealDecided(Event, type="appeal.decided"):
    """申诉决定: 维持, 撤销 or 变更为较轻的措施; never heavier."""

    appeal: AppealId
    measure: MeasureId
    case: CaseId
    on: Accountable
    outcome: Literal["upheld", "lightened", "rejected"]
    post: Post
    reasons: Prose


class MeasureLifted(Event, type="measure.lifted"):
    """解除: from this day the measure no longer binds; that it was decided remains."""

    measure: MeasureId
    case: CaseId
    on: Accountable
    cause: Literal["served", "early", "appeal", "ground_gone"]
    reason: Prose
    lifted_on: date


class CaseClosed(Event, type="case.closed"):
    """问责结案: with the measures that stand, or with the reason why there is none."""

    case: CaseId
    subject: Accountable
    region: RegionId
    measures: tuple[MeasureId, ...]
    reason: Prose | None


ACCOUNTABILITY = (
    CaseOpened,
    CaseDropped,
    CaseRevived,
    MeasureDecided,
    MeasureAppealed,
    AppealDecided,
    MeasureLifted,
    CaseClosed,
)
