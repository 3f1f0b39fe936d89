"""表头: finding the header among a sheet's first lines, and which column holds what.

A header is one to three lines whose merged groups spell each column as a path of titles (整改责任 → 责任人). Counties
title the same column differently, so every field has its titles, the more telling first: where a sheet has both
问题描述 and 问题, the former is read and the latter is named as left aside.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from adapters.workbooks.grid import Line, Value
from adapters.workbooks.values import cell_text

Field = Literal[
    "number",
    "county",
    "township",
    "village",
    "category",
    "source",
    "severity",
    "description",
    "material",
    "unit",
    "leader",
    "person",
    "measure",
    "money",
    "due",
    "done",
    "completion",
    "status",
    "evidence",
    "review",
    "reviewer",
    "closure",
    "note",
]

TITLES: Mapping[Field, str] = MappingProxyType(
    {
        "number": "序号 编号 问题编号 问题序号 台账编号 台账序号 NO 问题号",
        "county": ("县 县区 县市区 县市 区县 市县 所属县 所在县 县名 县区名称 所属县区 所在县区 所属县市区 所在县市区"),
        "township": (
            "乡镇 乡镇街道 镇 乡 镇乡 镇街 乡镇名称 乡镇名 所属乡镇 所在乡镇 所属镇 所在镇 "
            "涉及乡镇 问题所在乡镇 街道 乡街道 乡镇办 镇街道 镇办 填报乡镇 上报乡镇"
        ),
        "village": (
            "行政村 村 村名 村社区 村居 行政村社区 行政村名称 村名称 所在村 所属村 所在行政村 "
            "所属行政村 涉及村 问题所在村 社区 乡镇村 镇村 乡镇行政村 所在乡镇村 所属乡镇村 "
            "涉及乡镇村 问题所在地 所在地 所属区域 地点 村委会 村居委会 行政村居 所在村社区 "
            "所属村社区"
        ),
        "category": (
            "问题类别 问题类型 类别 类型 问题分类 问题种类 所属领域 涉及领域 问题领域 问题大类 问题所属类别 行业类别"
        ),
        "source": (
            "问题来源 来源 问题出处 问题渠道 发现渠道 发现途径 问题发现渠道 交办来源 问题来源渠道 "
            "线索来源 反馈来源 来源渠道"
        ),
        "severity": ("问题等级 严重程度 问题严重程度 等级 问题级别 级别 严重等级 问题程度 问题等次 问题严重等级"),
        "description": (
            "问题具体描述 具体问题描述 问题描述 具体问题 问题具体内容 问题内容 存在的具体问题 "
            "存在的主要问题 存在主要问题 主要问题 存在的问题 存在问题 问题表现 问题具体表现 "
            "具体表现 问题情况 问题简述 问题摘要 反馈问题 发现问题 发现的问题 问题清单 问题 "
            "存在问题描述 问题详细描述 问题详情 具体问题表现 主要表现 存在问题情况"
        ),
        "material": "涉及资料农户数量 涉及资料农户 涉及资料 涉及农户数量 涉及户数 资料农户数量",
        "unit": (
            "整改责任单位 责任单位 责任部门 整改责任部门 整改单位 牵头单位 整改牵头单位 "
            "牵头责任单位 牵头部门 承办单位 责任主体 主责单位 整改责任主体 整改主体 责任部门单位"
        ),
        "leader": (
            "责任领导 整改责任领导 牵头领导 牵头责任领导 包抓领导 包保领导 包案领导 分管领导 "
            "分管责任领导 挂点领导 挂牌领导 县级责任领导 县级领导 县级包抓领导 县级牵头领导 "
            "责任县领导 牵头县领导 责任县级领导 牵头县级领导 包联领导 联系领导 挂联领导 挂钩领导 "
            "县级包保领导 县领导"
        ),
        "person": (
            "责任人 整改责任人 具体责任人 直接责任人 责任人姓名 整改责任人姓名 责任人员 "
            "整改责任人员 责任人及职务 具体负责人 负责人 经办人 具体经办人 承办人 整改人 "
            "具体整改责任人 整改具体责任人 整改经办人 直接责任人员 责任干部"
        ),
        "measure": (
            "整改措施 整改举措 具体整改措施 具体措施 主要措施 整改办法 解决措施 措施 整改方案 "
            "整改思路 整改要求 整改目标及措施 整改措施及目标 整改具体措施 拟整改措施 拟采取措施 "
            "整改工作措施 整改落实措施 整改措施及要求"
        ),
        "money": (
            "计划资金 计划投入资金 计划投资 计划投入 所需资金 整改所需资金 需要资金 需资金 "
            "资金需求 预算资金 资金预算 概算投资 投入资金 资金投入 整改资金 资金 投资 需投入资金 "
            "预计资金 预计投入资金 估算资金 资金估算 整改资金需求"
        ),
        "due": (
            "整改时限 计划完成时限 完成时限 整改期限 整改完成时限 整改完成期限 计划整改时限 "
            "计划完成时间 计划完成日期 要求完成时限 要求完成时间 预计完成时间 拟完成时间 完成期限 "
            "整改截止时间 截止时间 时间节点 整改时间节点 整改时间 办结时限 办理时限 时限 限期 "
            "计划整改完成时间 计划整改时间 整改截止日期 截止日期 完成整改时限 整改到位时限"
        ),
        "done": (
            "实际完成时间 实际完成日期 实际完成时限 实际整改完成时间 实际办结时间 整改到位时间 "
            "办结时间 办结日期 实际整改时间 实际完成整改时间 完成整改时间"
        ),
        "completion": "完成时间 完成日期 整改完成时间 整改完成日期",
        "status": (
            "整改状态 整改进展 整改进度 整改进展情况 进展情况 整改完成情况 完成情况 整改情况 "
            "整改落实情况 整改结果 当前状态 目前状态 目前进展 进展 进度 状态 整改进度情况 "
            "目前整改情况 当前整改状态 整改完成状态 整改落实进展 工作进展 落实情况 办理情况 "
            "办理状态 整改现状"
        ),
        "evidence": "佐证材料名称 佐证材料 印证材料 证明材料 印证资料 佐证资料",
        "review": (
            "复核情况 验收情况 复核结果 验收结果 复核意见 验收意见 复核结论 复核 验收 验收复核情况 核查结果 核查情况"
        ),
        "reviewer": "复核人签字 复核人 验收人签字 验收人 复核签字 复核人员 验收人员 核查人 复核责任人",
        "closure": ("销号状态 是否销号 销号情况 是否已销号 销号与否 销号 是否予以销号 是否完成销号 销号结果 销号意见"),
        "note": "备注 备注说明 说明",
    }
)
"""Every field's titles as they read once spaces, brackets and punctuation are gone; the first is the most telling."""

KNOWN_UNREAD: frozenset[Field] = frozenset({"material", "evidence", "note"})
"""Fields of the forms that a row has no place for."""

_FIELD_OF: Mapping[str, tuple[Field, int]] = MappingProxyType(
    {title: (field, rank) for field, titles in TITLES.items() for rank, title in enumerate(titles.split())}
)
_SEARCHED = 30
_DEPTH = 3
_LONGEST_TITLE = 200
_LEAST_FIELDS = 4
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^【】]*)】")
_UNIT = re.compile(r"(亿|万|千)元|(元)")
_PUNCTUATION = re.compile(r"[^\w]|_")
# 责任人 below 复核 or 帮扶 is somebody else than the one who rectifies.
_OTHERS_GROUP = re.compile(r"^(?:复核|验收|核查|督导|督查|督办|帮扶|配合|协办|协助|回头看|公示|申请|销号)")
_RECTIFIERS: frozenset[Field] = frozenset({"unit", "leader", "person", "due", "done", "completion"})
_NAMES = ("姓名", "名称")
_PREAMBLE = re.compile(r"截[至止](?:到|至)?[::\s]*[\d二]|^\s*(?:填[报表]|上报|制表|统计|单位|时间|日期)[^::]{0,4}[::]")


@dataclass(frozen=True)
class Column:
    """一列: its place and its header cell's row, its path of titles as written, its field, how telling its title is."""

    index: int
    row: int
    path: tuple[str, ...]
    field: Field | None
    rank: int = 0

    @property
    def title(self) -> str:
        return "·".join("".join(part.split()) for part in self.path)


@dataclass(frozen=True)
class Layout:
    """版式: the header's first and last row, and the columns to read for each field.

    Several columns of one field are equally telling and must agree. ``aside`` are columns of known fields whose title
    was less telling than another's, ``unknown`` those nobody knows, ``unclear`` a 完成时间, planned or actual.
    """

    first_row: int
    last_row: int
    columns: Mapping[Field, tuple[Column, ...]]
    aside: tuple[Column, ...]
    unknown: tuple[Column, ...]
    unclear: tuple[Column, ...]
    money_unit: str | None
    titles: Mapping[int, frozenset[str]]

    def repeats(self, line: Line) -> bool:
        """Whether a line below is the header printed once more."""
        own = list(line.own())
        return len(own) >= 2 and all(plain_title(value) in self.titles.get(column, ()) for column, value in own)

    def first(self, *fields: Field) -> int:
        """The column of the first of the fields that the sheet has; column A if none."""
        return next((self.columns[field][0].index for field in fields if field in self.columns), 0)


def plain_title(value: Value) -> str:
    """A title without spaces, brackets and punctuation; numbers are no titles."""
    return _plain(value) if isinstance(value, str) and len(value) <= _LONGEST_TITLE else ""


@lru_cache(maxsize=4096)
def _plain(title: str) -> str:
    text = "".join(unicodedata.normalize("NFKC", title).split())
    bare = _PUNCTUATION.sub("", _BRACKETS.sub("", text)) or _PUNCTUATION.sub("", text)
    return "" if bare.isdigit() else bare.upper()


def find_layout(lines: Sequence[Line]) -> Layout | None:
    """The layout whose header explains most columns among a sheet's first lines; null if none is a header."""
    best: tuple[int, int, int] | None = None
    for start, line in enumerate(lines[:_SEARCHED]):
        if not _may_begin_header(line):
            continue
        for depth in range(1, _DEPTH + 1):
            if start + depth > len(lines):
                break
            fields = {column.field for column in _columns(lines[start : start + depth])} - {None}
            # An earlier and shallower header wins among equals.
            if "description" in fields and len(fields) >= _LEAST_FIELDS and (best is None or len(fields) > best[0]):
                best = (len(fields), start, depth)
    if best is None:
        return None
    _, start, depth = best
    header = lines[start : start + depth]
    deeper = lines[start : start + depth + 1]
    if depth < _DEPTH and len(deeper) > depth and _is_sublevel(deeper[-1], header):
        header = deeper
    return _layout(header, lines[:start])


def head_of(rows: Iterator[Line]) -> list[Line]:
    """As many first lines as a header is looked for in."""
    return [line for _, line in zip(range(_SEARCHED + _DEPTH), rows, strict=False)]


def is_header_like(line: Line) -> bool:
    """Whether a line alone names enough fields to be a header."""
    short = (value for value in line.values if isinstance(value, str) and len(value) <= 20)
    fields = {_FIELD_OF[title][0] for value in short if (title := _plain(value)) in _FIELD_OF}
    return "description" in fields and len(fields) >= _LEAST_FIELDS


def _may_begin_header(line: Line) -> bool:
    texts = {value for value in line.values if isinstance(value, str)}
    return len(texts) >= 3 and not any(_PREAMBLE.search(text) for text in texts)


def _is_sublevel(line: Line, header: Sequence[Line]) -> bool:
    """Whether a line only splits groups of the header's last line: texts below merged groups and nowhere else."""
    own = [(column, value) for column, value in line.own()]
    if not own or not all(isinstance(value, str) for _, value in own):
        return False
    above = header[-1]
    grouped = {
        column
        for column in range(len(above.values))
        if above[column] is not None and (column in above.lent or column + 1 in above.lent)
    }
    return all(column in grouped for column, _ in own) and len(own) >= 2


def _columns(header: Sequence[Line]) -> list[Column]:
    found = []
    for index in range(max(len(line.values) for line in header)):
        path: list[str] = []
        row = header[0].number
        for line in header:
            text = cell_text(line[index]) if plain_title(line[index]) else None
            if text is not None and (not path or path[-1] != text):
                path.append(text)
                row = line.number
        if path:
            field, rank = _field(tuple(map(plain_title, path)))
            found.append(Column(index, row, tuple(path), field, rank))
    return found


def _field(path: tuple[str, ...]) -> tuple[Field | None, int]:
    """The field of a path of plain titles: the leaf joined with what stands above it, else the leaf itself."""
    leaf, above = path[-1], path[:-1]
    for group in reversed(above):
        # 责任领导 split into 姓名 and 职务 is read from the former.
        for joined in (group + leaf, leaf + group, group if leaf in _NAMES else ""):
            if joined in _FIELD_OF:
                return _FIELD_OF[joined]
    field, rank = _FIELD_OF.get(leaf, (None, 0))
    if field in _RECTIFIERS and any(_OTHERS_GROUP.match(group) for group in above):
        return None, 0
    return field, rank


def _layout(header: Sequence[Line], above: Sequence[Line]) -> Layout:
    columns = _columns(header)
    by_field: defaultdict[Field, list[Column]] = defaultdict(list)
    for column in columns:
        if column.field is not None:
            by_field[column.field].append(column)
    unclear = _settle_completion(by_field)
    chosen = {
        field: tuple(column for column in found if column.rank == min(each.rank for each in found))
        for field, found in by_field.items()
    }
    read = {column.index for found in chosen.values() for column in found} | {column.index for column in unclear}
    money = chosen.get("money", ())
    return Layout(
        first_row=header[0].number,
        last_row=header[-1].number,
        columns=MappingProxyType(chosen),
        aside=tuple(column for column in columns if column.field is not None and column.index not in read),
        unknown=tuple(column for column in columns if column.field is None),
        unclear=unclear,
        money_unit=_money_unit(money[0].path if money else ()) or _money_unit(_said_above(above)),
        titles=MappingProxyType({column.index: frozenset(map(plain_title, column.path)) for column in columns}),
    )


def _settle_completion(by_field: defaultdict[Field, list[Column]]) -> tuple[Column, ...]:
    """完成时间 says neither planned nor actual: it is whichever of the two the sheet does not have otherwise."""
    found = by_field.pop("completion", [])
    if found and "due" in by_field and "done" not in by_field:
        by_field["done"] = found
    elif found and "done" in by_field and "due" not in by_field:
        by_field["due"] = found
    else:
        return tuple(found)
    return ()


def _money_unit(texts: Sequence[str]) -> str | None:
    for text in reversed(texts):
        if found := _UNIT.search("".join(unicodedata.normalize("NFKC", text).split())):
            return found[1] or found[2]
    return None


def _said_above(above: Sequence[Line]) -> tuple[str, ...]:
    """Texts above the header that give a unit of money (单位:万元), and only those."""
    texts = (cell_text(value) or "" for line in above for _, value in line.own())
    return tuple(
        found[0]
        for text in texts
        if (found := re.search(r"单位:[^,;]*元", "".join(unicodedata.normalize("NFKC", text).split())))
    )
