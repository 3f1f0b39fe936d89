"""代码表: every code a refusal can carry. It is read from where refusals are made, so it can't fall behind them."""

import ast
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, NamedTuple

_MAKERS: Final = {
    "refuse": 0,
    "NotAdmitted": 0,
    "EvidenceRefused": 0,
    "BadWorkbook": 0,
    "Problem": 1,
    "Bar": 1,
    "Unproven": 0,
}
"""What makes a refusal, and which of its arguments is the code; the sentence is the next."""

_ROOMS: Final = (
    "domain",
    "services",
    "adapters.asking",
    "adapters.http",
    "adapters.identity",
    "adapters.evidence",
    "adapters.workbooks",
    "adapters.proofs",
)
_ELSEWHERE: Final = {
    "invalid_request": "请求内容有误,请按提示修改",
    "personal_data": "内容疑似含有个人信息,不得写入台账",
    "malformed_request": "请求格式有误,无法读取",
    "not_found": "没有这个地址",
    "method_not_allowed": "此地址不支持这种请求方法",
}
"""Codes that are no literal where the refusal is made."""


class Code(NamedTuple):
    """代码, with the sentences that go with it; … stands for what differs from case to case."""

    code: str
    sentences: tuple[str, ...]


def codes() -> list[Code]:
    """Every code there is, in order."""
    found = {code: {sentence: None} for code, sentence in _ELSEWHERE.items()}
    for room in _ROOMS:
        for file in sorted(files(room).iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py"):
                for code, sentence in _made_in(file.read_text("utf-8")):
                    found.setdefault(code, {})[sentence] = None
    return [Code(code, tuple(sentences)) for code, sentences in sorted(found.items())]


def _made_in(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS):
            continue
        at = _MAKERS[node.func.id]
        match node.args[at : at + 2]:
            case [ast.Constant(value=str(code)), sentence]:
                yield code, _text(sentence)


def _text(sentence: ast.expr) -> str:
    match sentence:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) for part in parts)
        case ast.IfExp(body=one, orelse=other):
            return f"{_text(one)} / {_text(other)}"
        case ast.BinOp(left=left, right=right):
            return _text(left) + _text(right)
    return "…"
