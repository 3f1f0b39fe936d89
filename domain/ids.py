"""Identifiers. Each one is also its own tag: ``issue-9f2c…`` finds every fact about that issue."""

from typing import Any, ClassVar, Self
from uuid import UUID, uuid4, uuid5

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

NAMESPACE = UUID("6f1d8a3e-5c0b-5d7e-9b64-7a1f0c2d3e48")
"""Ids that must come out the same twice (an import's rows) are derived under this name."""

LEVELS = {2: "province", 4: "city", 6: "county", 9: "township", 12: "village"}


class Id(str):
    """编号"""

    kind: ClassVar[str] = "id"
    rest: ClassVar[str] = r"[0-9a-z][0-9a-z_-]{0,79}"
    __slots__ = ()

    def __init_subclass__(cls, *, kind: str, rest: str | None = None) -> None:
        cls.kind = kind
        cls.rest = rest or Id.rest
        kinds[kind] = cls

    @classmethod
    def new(cls) -> Self:
        return cls(f"{cls.kind}-{uuid4().hex}")

    @classmethod
    def derived(cls, *names: object) -> Self:
        """The same names give the same id, so that doing a thing again is recognised as the same thing."""
        return cls(f"{cls.kind}-{uuid5(NAMESPACE, '|'.join(map(str, (cls.kind, *names)))).hex}")

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(pattern=rf"^{cls.kind}-{cls.rest}$" if cls is not Id else r"^[a-z]+-.+$")
        revive = id_of if cls is Id else cls
        return core_schema.no_info_after_validator_function(revive, text)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(core_schema.str_schema(pattern=rf"^{cls.kind}-{cls.rest}$"))
        return {**described, "description": (cls.__doc__ or "").split("\n")[0]}


kinds: dict[str, type[Id]] = {}


def id_of(text: str) -> Id:
    """The typed id behind a tag. Raises ValueError for a kind nobody declared."""
    kind = text.partition("-")[0]
    if kind not in kinds:
        raise ValueError(f"unknown kind of id: {kind}")
    return kinds[kind](text)


class RegionId(Id, kind="region", rest=r"\d{2}(?:\d{2}(?:\d{2}(?:\d{3}(?:\d{3})?)?)?)?"):
    """区划: the 12-digit statistical code without its trailing zeros: 2 province, 4 city, 6 county, 9 township,
    12 village. Ancestors are prefixes."""

    __slots__ = ()

    @classmethod
    def of(cls, code: str) -> Self:
        """From a code, trimmed or padded with zeros to twelve. Raises ValueError for anything else."""
        if not (code.isascii() and code.isdigit()):
            raise ValueError(f"not a division code: {code}")
        if len(code) == 12:
            for width in (2, 4, 6, 9):
                if set(code[width:]) == {"0"}:
                    code = code[:width]
                    break
        if len(code) not in LEVELS:
            raise ValueError(f"not a division code: {code}")
        return cls(f"region-{code}")

    @property
    def code(self) -> str:
        return self.removeprefix("region-")

    @property
    def level(self) -> str:
        return LEVELS[len(self.code)]

    def holds(self, other: "RegionId") -> bool:
        """Whether ``other`` is this region or lies inside it."""
        return other.code.startswith(self.code)

    def at(self, level: str) -> "RegionId | None":
        """The region of that level that this one lies in (or is), or none when it is larger than that."""
        width = next(width for width, name in LEVELS.items() if name == level)
        return RegionId(f"region-{self.code[:width]}") if len(self.code) >= width else None


class PersonId(Id, kind="person"):
    """人员"""

    __slots__ = ()


class ActorId(Id, kind="by", rest=r"person-[0-9a-z][0-9a-z_-]{0,79}"):
    """经办人: marks what a person recorded, apart from what was recorded about them.

    An organiser appoints hundreds; what they may do themselves must be found without reading all of those.
    """

    __slots__ = ()

    @classmethod
    def of(cls, person: PersonId) -> Self:
        return cls(f"by-{person}")


class UnitId(Id, kind="unit"):
    """单位"""

    __slots__ = ()


class AppointmentId(Id, kind="appointment"):
    """任职"""

    __slots__ = ()


class HouseholdId(Id, kind="household"):
    """农户: a number only; who lives there is never in a fact."""

    __slots__ = ()


class MemberId(Id, kind="member"):
    """家庭成员: a number only, like the household's."""

    __slots__ = ()


class PairingId(Id, kind="pairing"):
    """结对帮扶"""

    __slots__ = ()


class CoverId(Id, kind="cover"):
    """包村联系"""

    __slots__ = ()


class ItemId(Id, kind="item"):
    """帮扶计划项"""

    __slots__ = ()


class TaskListId(Id, kind="tasklist"):
    """任务清单"""

    __slots__ = ()


class SweepId(Id, kind="sweep"):
    """排查"""

    __slots__ = ()


class ClueId(Id, kind="clue"):
    """风险线索"""

    __slots__ = ()


class IncidenceId(Id, kind="incidence"):
    """贫困发生率核算"""

    __slots__ = ()


class ProjectId(Id, kind="project"):
    """项目"""

    __slots__ = ()


class IssueId(Id, kind="issue"):
    """问题"""

    __slots__ = ()


class StepId(Id, kind="step"):
    """整改措施"""

    __slots__ = ()


class ExtensionId(Id, kind="extension"):
    """延期申请"""

    __slots__ = ()


class EscalationId(Id, kind="escalation"):
    """上报"""

    __slots__ = ()


class ChainId(Id, kind="chain"):
    """签批链"""

    __slots__ = ()


class ObjectionId(Id, kind="objection"):
    """异议"""

    __slots__ = ()


class EvidenceId(Id, kind="evidence", rest=r"[0-9a-f]{64}"):
    """佐证材料: the SHA-256 of the file, so the same photo is recognised wherever it is used again."""

    __slots__ = ()


class ImportId(Id, kind="import", rest=r"[0-9a-f]{64}"):
    """表格导入: the digest of what was read."""

    __slots__ = ()


class KeyId(Id, kind="key", rest=r"[\x21-\x7e]{1,120}"):
    """幂等键: the first fact that carries it is the outcome."""

    __slots__ = ()


class SigningKeyId(Id, kind="signingkey", rest=r"[0-9a-f]{64}"):
    """签名密钥: the SHA-256 of the public key."""

    __slots__ = ()


class VisitId(Id, kind="visit"):
    """走访"""

    __slots__ = ()


class LeaveId(Id, kind="leave"):
    """请假"""

    __slots__ = ()


class DecisionId(Id, kind="decision"):
    """会议决定"""

    __slots__ = ()


class DrawId(Id, kind="draw"):
    """抽查"""

    __slots__ = ()


class PledgeId(Id, kind="pledge"):
    """承诺书"""

    __slots__ = ()


class RuleId(Id, kind="rule"):
    """评分规则"""

    __slots__ = ()


class BoardId(Id, kind="board"):
    """红黑榜"""

    __slots__ = ()


class EditionId(Id, kind="edition"):
    """榜单期次"""

    __slots__ = ()


class NoticeId(Id, kind="notice"):
    """通报"""

    __slots__ = ()


class CaseId(Id, kind="case"):
    """问责事项"""

    __slots__ = ()


class MeasureId(Id, kind="measure"):
    """问责措施"""

    __slots__ = ()


class AppealId(Id, kind="appeal"):
    """申诉"""

    __slots__ = ()


class MeritId(Id, kind="merit"):
    """激励"""

    __slots__ = ()


class PolicyId(Id, kind="policy"):
    """政策包"""

    __slots__ = ()
