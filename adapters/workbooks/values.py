"""单元格取值: text, money, gravity, status, closure as cells say them. Pure; what can't be read raises Unreadable."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from adapters.workbooks.grid import Value
from adapters.workbooks.problems import Unreadable
from domain.text import Prose, ShortText

Severity = Literal["一般", "较重", "重大"]
Status = Literal["未启动", "整改中", "阶段性完成", "已完成", "待验收", "已销号"]

_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_NONE_MARKS = frozenset({"", "/", "//", "\\", "-", "--", "—", "——", "–", "――", "∕", "无"})
_SPACED_NAME = re.compile(r"^([\u4e00-\u9fff])\s+([\u4e00-\u9fff])$")

_SEVERITIES: Mapping[str, Severity] = MappingProxyType({"一般": "一般", "较重": "较重", "重大": "重大"})
_STATUSES: Mapping[str, Status] = MappingProxyType(
    {
        "未启动": "未启动",
        "未开展": "未启动",
        "未整改": "未启动",
        "尚未启动": "未启动",
        "尚未整改": "未启动",
        "未开始": "未启动",
        "整改中": "整改中",
        "正在整改": "整改中",
        "正在整改中": "整改中",
        "整改推进中": "整改中",
        "阶段性完成": "阶段性完成",
        "已完成": "已完成",
        "完成": "已完成",
        "已整改": "已完成",
        "整改完成": "已完成",
        "已整改完成": "已完成",
        "已完成整改": "已完成",
        "完成整改": "已完成",
        "整改到位": "已完成",
        "已整改到位": "已完成",
        "待验收": "待验收",
        "已销号": "已销号",
    }
)
_CLOSED = frozenset({"已销号", "已销", "是", "√", "✓", "✔", "☑", "同意销号", "销号"})
_OPEN = frozenset(
    {"未销号", "未销", "否", "×", "✗", "✘", "☐", "不", "待销号", "拟销号", "申请销号", "未", "暂未销号", "不予销号"}
)
_PASSED = frozenset({"通过", "合格", "验收通过", "复核通过", "已通过"})
_FAILED = frozenset({"不通过", "未通过", "不合格", "验收不通过", "复核不通过"})

_MONEY = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>亿元?|万元?|千元|元)?(?:整|人民币)?")
_IN_WAN: Mapping[str, Decimal] = MappingProxyType(
    {"亿": Decimal(10_000), "万": Decimal(1), "千": Decimal("0.1"), "元": Decimal("0.0001")}
)
_FEN = Decimal("0.000001")
_NO_MONEY = frozenset({"不需资金", "无需资金", "不需要", "不需", "不涉及", "不涉及资金", "无资金"})

_SHORT: TypeAdapter[str] = TypeAdapter(ShortText)
_PROSE: TypeAdapter[str] = TypeAdapter(Prose)


def cell_text(value: Value) -> str | None:
    """A cell as text: ends stripped, invisible marks and carriage returns gone, 12.0 as 12; null for a blank."""
    match value:
        case str():
            return _clean(value) or None
        case bool():
            return "是" if value else "否"
        case float() if value == int(value):
            return str(int(value))
        case datetime():
            return value.isoformat(" ") if value.time() != time() else value.date().isoformat()
        case date() | time():
            return value.isoformat()
        case int() | float() | timedelta():
            return str(value)
        case _:
            return None


def key_text(value: Value) -> str:
    """A cell as a word to compare: halfwidth, without any space, without a final full stop."""
    return _key(value) if isinstance(value, str) else _key(cell_text(value) or "")


def is_none_mark(value: Value) -> bool:
    """Whether a cell is blank or says that there is nothing (``/``, ``—``, 无)."""
    return value is None or (isinstance(value, str) and _key(value) in _NONE_MARKS)


# Forms say the same few words thousands of times.
@lru_cache(maxsize=4096)
def _clean(text: str) -> str:
    return _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


@lru_cache(maxsize=4096)
def _key(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", _clean(text)).split()).rstrip("。.;")


def read_short(value: Value) -> str | None:
    """Text of at most 200 characters; null for none. A two-character name typed apart (韦 强) is put together."""
    text = None if is_none_mark(value) else cell_text(value)
    return None if text is None else _admitted(_SPACED_NAME.sub(r"\1\2", text), _SHORT)


def read_prose(value: Value) -> str | None:
    """Text of at most 4,000 characters; null for none."""
    text = None if is_none_mark(value) else cell_text(value)
    return None if text is None else _admitted(text, _PROSE)


@lru_cache(maxsize=4096)
def _admitted(text: str, kind: TypeAdapter[str]) -> str:
    """The text, if the ledger would take it: the domain's own rule decides."""
    try:
        return kind.validate_python(text)
    except ValidationError as refused:
        # The value itself never enters a message: it may be the very number that must not be repeated.
        match refused.errors(include_input=False)[0]["type"]:
            case "personal_data":
                raise Unreadable(
                    "personal_data", "疑似含有身份证号、手机号或银行卡号,个人信息不得写入台账,请删除后再导入"
                ) from None
            case "string_too_long":
                raise Unreadable("text_too_long", "文字过长,请精简后再导入") from None
            case _:
                raise Unreadable("control_characters", "含有不可见的控制字符,请重新录入该单元格") from None


def read_severity(value: Value) -> Severity | None:
    """问题等级: 一般, 较重 or 重大."""
    if is_none_mark(value):
        return None
    text = key_text(value)
    if (severity := _SEVERITIES.get(text.removesuffix("问题"))) is None:
        raise Unreadable("unknown_severity", "问题等级只能是“一般”“较重”或“重大”")
    return severity


def read_status(value: Value) -> Status | None:
    """整改状态. A status may be followed by words after a comma (整改中,已完成路基), unless these name another one."""
    if is_none_mark(value):
        return None
    text = key_text(value)
    head, *rest = re.split(r"[,;:。;:(]", text, maxsplit=1)
    status = _STATUSES.get(text) or _STATUSES.get(head)
    other = {_STATUSES[word] for word in _STATUSES if rest and word in rest[0] and len(word) > 2} - {status}
    if status is None or other:
        raise Unreadable(
            "unknown_status", "整改状态无法识别,应为“未启动”“整改中”“阶段性完成”“已完成”“待验收”或“已销号”之一"
        )
    return status


def read_closed(value: Value) -> bool:
    """销号状态: what the workbook claims. A blank claims nothing."""
    text = key_text(value)
    if is_none_mark(value) or text in _OPEN:
        return False
    if text in _CLOSED:
        return True
    raise Unreadable("unknown_closure", "销号状态无法识别,应为“已销号”或“未销号”")


def read_review(value: Value) -> bool | None:
    """复核情况: passed, not passed, or nothing said."""
    text = key_text(value)
    return True if text in _PASSED else False if text in _FAILED else None


def read_money(value: Value, unit: str | None) -> Decimal | None:
    """资金 in 万元, exact to the 分. ``unit`` is what the header says (亿, 万, 千 or 元), null if nothing."""
    if is_none_mark(value) or key_text(value) in _NO_MONEY:
        return None
    text = f"{Decimal(repr(value)):f}" if isinstance(value, float) else key_text(value).replace(",", "")
    if isinstance(value, bool) or not (found := _MONEY.fullmatch(text)):
        raise Unreadable("unreadable_money", "资金数额无法识别,请只填数字")
    said = found["unit"]
    unit = said[0] if said else unit
    if unit is None:
        raise Unreadable("money_without_unit", "资金未注明单位(元或万元),请在表头写明")
    exact = Decimal(found["number"]) * _IN_WAN[unit]
    money = exact.quantize(_FEN)
    # A sum computed in floating point is off by far less than a 分; anything else below a 分 is no amount.
    if abs(exact - money) > _FEN / 1000:
        raise Unreadable("unreadable_money", "资金数额精确到分以下,请核对单位")
    return money
