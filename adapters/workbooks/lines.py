"""行的性质: whether a line below the header is an issue, or a total, a footnote, a heading, the header once more.

Only what a line holds itself counts: what merged cells lend it from above makes no line an issue.
"""

import re
from typing import Literal

from adapters.workbooks.grid import Line
from adapters.workbooks.layout import Layout
from adapters.workbooks.values import is_none_mark, key_text

Kind = Literal["blank", "header", "total", "footnote", "numbering", "sample", "section", "nothing", "issue"]

_TOTAL = re.compile(r"(?P<what>.{0,12}?)(?P<kind>合计|小计|总计|共计|累计):?(?:共?\d+)?(?:条|个|项|件)?(?:问题)?:?")
_FOOTNOTE = re.compile(
    r"(?:注|备注|说明|填[表报](?:说明|人|单位|时间|日期)|审[核签]人?|制表人?|制表时间|联系(?:人|电话|方式)|(?:单位)?(?:主要)?负责人|"
    r"主要领导|分管领导|签[字章名]|盖章|报送|复核人?|经办人|编制人?|截[至止]|以下空白|以下无)(?:[:(\d、.,签]|$)"
)
_SAMPLE = re.compile(r"(?:填[表报]|填写)?(?:示例|样例|例如|例)\d*:?")
_NO_ISSUE = frozenset({"无", "无问题", "暂无", "暂无问题", "未发现问题", "没有问题", "零报告"})
_ORDINALS = "甲乙丙丁戊己庚辛壬癸"


def kind_of(line: Line, layout: Layout) -> Kind:
    """What a line below the header is."""
    own = {column: value for column, value in line.own() if not is_none_mark(value)}
    description = layout.columns["description"][0].index
    number = layout.columns["number"][0].index if "number" in layout.columns else -1
    if not own:
        return "blank"
    if layout.repeats(line):
        return "header"
    texts = {column: key_text(value) for column, value in own.items()}
    if _is_footnote(line, texts, description):
        return "footnote"
    if _TOTAL.fullmatch(texts.get(number, "")):
        return "total"
    if description not in own and any(map(_TOTAL.fullmatch, texts.values())):
        return "total"
    if _is_numbering(list(texts.values())):
        return "numbering"
    if _SAMPLE.fullmatch(texts.get(number, "")):
        return "sample"
    if _is_blank(line, texts, layout, description, number):
        return "blank"
    if len(own) == 1 and _is_heading(line, next(iter(own)), description):
        return "section"
    return "nothing" if key_text(line[description]) in _NO_ISSUE else "issue"


def _is_blank(line: Line, texts: dict[int, str], layout: Layout, description: int, number: int) -> bool:
    """Whether a line tells nothing in the columns that are read: prenumbered, or the lower half of merged cells."""
    read = {column.index for columns in layout.columns.values() for column in columns}
    if any(column in read and column != number for column in texts):
        return False
    return number not in texts or (texts[number].isdigit() and is_none_mark(line[description]))


def _is_footnote(line: Line, texts: dict[int, str], description: int) -> bool:
    """Whether a line begins as footnotes do, before the description or spread over it."""
    first = min(texts)
    return bool(_FOOTNOTE.match(texts[first])) and (first != description or first + 1 in line.lent)


def is_subtotal(line: Line) -> bool:
    """Whether a total is a 小计 of the lines since the last one."""
    return any("小计" in key_text(value) for _, value in line.own())


def _is_numbering(texts: list[str]) -> bool:
    """Whether a line only numbers the columns: 1 2 3 …, (1) (2) (3) … or 甲 乙 丙 … ."""
    bare = [text.strip("()") for text in texts]
    if len(bare) < 3:
        return False
    ordinals = [text for text in bare if text not in _ORDINALS]
    numbers = [int(text) for text in ordinals if text.isdigit() and len(text) <= 2]
    if len(numbers) != len(ordinals):
        return False
    return not numbers or (len(numbers) >= 3 and numbers == list(range(numbers[0], numbers[0] + len(numbers))))


def _is_heading(line: Line, column: int, description: int) -> bool:
    """Whether a line's only cell heads the lines below: not a description by itself, or one spread over others."""
    if not is_none_mark(line[description]) and line[description] != line[column]:
        return False
    return column != description or column + 1 in line.lent
