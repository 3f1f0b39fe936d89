"""What people write. Numbers that name a person are refused where they are typed, before they can become a fact."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ", "0123456789XX")
_SEPARATORS = re.compile(r"(?<=\d)[\s\-—–·.]{1,2}(?=[\dXx])")
_PATTERNS = {
    "身份证号": re.compile(
        r"(?<!\d)\d{6}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
        r"|(?<!\d)[1-8]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}(?!\d)"
    ),
    "手机号": re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)"),
    "银行卡号": re.compile(r"(?<!\d)[3-6]\d{15,18}(?!\d)"),
}
_ELEVEN_DIGITS = re.compile(r"(?:\d[\s\-—–·.]{0,2}){10}\d")
"""What every one of them has at the least, so that most texts are passed after one look."""
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def personal_number(text: str) -> tuple[str, int] | None:
    """What kind of personal number stands in the text, and at which character; none if there is none.

    Separators people put inside numbers are looked through, in a second reading, so dates such as
    ``2019-07-26`` do not hide one and do not look like one.
    """
    plain = text.translate(_DIGITS)
    if not _ELEVEN_DIGITS.search(plain):
        return None
    for reading in (plain, _SEPARATORS.sub("", plain)):
        for kind, pattern in _PATTERNS.items():
            if found := pattern.search(reading):
                return kind, found.start() + 1
    return None


def _admissible(text: str) -> str:
    if found := personal_number(text):
        kind, where = found
        raise PydanticCustomError(
            "personal_data", "第{where}个字附近疑似{kind},个人信息不得写入台账", {"kind": kind, "where": where}
        )
    if _CONTROL.search(text):
        raise PydanticCustomError("control_characters", "含有不可见的控制字符,请重新输入")
    return text


ShortText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_admissible)
]
"""短文本: a name, a title, a kind; 1 to 200 characters."""

Prose = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(_admissible)
]
"""正文: a description, a reason, an opinion; 1 to 4,000 characters."""
