"""接口说明的部件: the schemas that OpenAPI refers to, and examples made from them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi.utils import deep_dict_update
from pydantic import BaseModel

REF: Final = "#/components/schemas/{model}"

_OUTCOME: Final = {
    "type": "object",
    "description": "结果",
    "required": ["position", "facts", "replayed", "ids"],
    "properties": {
        "position": {"type": "integer", "description": "最后一条事实的序号;读取时作 min_position,即可看到本次所写"},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "position"],
                "properties": {"type": {"type": "string"}, "position": {"type": "integer"}},
            },
        },
        "replayed": {"type": "boolean", "description": "同一幂等键的请求先前已经记录,这是当时的结果"},
        "ids": {"type": "object", "additionalProperties": {"type": "string"}, "description": "所建各项的编号"},
    },
}
_PROBLEM: Final = {
    "type": "object",
    "description": "问题详情(RFC 9457)",
    "required": ["type", "title", "status", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "给人看的一句话"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "给程序用的代码,不会改变;全部代码见 /api/v1/codes"},
        "request_id": {"type": "string"},
        "where": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
_AS_OF: Final = {
    "type": "object",
    "description": "截至",
    "required": ["position", "recorded_at"],
    "properties": {
        "position": {"type": "integer", "description": "所读内容截至的事实序号"},
        "recorded_at": {"type": ["string", "null"], "format": "date-time"},
    },
}
_REFUSALS: Final = {
    400: "请求无法读取",
    401: "未登录、登录已失效,或令牌无效",
    403: "不允许这样做",
    404: "没有找到",
    409: "办理期间有关记录一再变化",
    413: "内容过大",
    415: "内容类型不对",
    422: "不予办理,或内容有误",
    503: "暂时不可用",
}


Described = Callable[[], dict[str, Any]]


class Schemas:
    """The components of one OpenAPI description, gathered while its routes are made and described."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {"Outcome": _OUTCOME, "Problem": _PROBLEM, "AsOf": _AS_OF}
        self._later: dict[str, Described] = {}

    def later(self, operation: str, described: Described) -> None:
        """What is to be said of an operation, once the description is asked for: it takes longer to make than all
        routes together, and few ever ask."""
        self._later[operation] = described

    def describe(self, operation: dict[str, Any]) -> None:
        """Says of an operation of the description what was put off."""
        if described := self._later.get(operation["operationId"]):
            deep_dict_update(operation, described())

    def of(self, model: type[BaseModel]) -> dict[str, Any]:
        """The model's schema; what it refers to is among the components."""
        return self.hoisted(model.model_json_schema(ref_template=REF))

    def hoisted(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The schema, with its definitions moved to where its references point."""
        self.components |= schema.pop("$defs", {})
        return schema

    def refer(self, name: str) -> dict[str, str]:
        return {"$ref": REF.format(model=name)}

    def refusals(self, *statuses: int) -> dict[str, Any]:
        content = {"application/problem+json": {"schema": self.refer("Problem")}}
        return {str(status): {"description": _REFUSALS[status], "content": content} for status in statuses}


def example_of(model: type[BaseModel]) -> dict[str, Any]:
    """A value of the right form for every required field: to be copied and changed, not to be believed."""
    schema = model.model_json_schema(ref_template="{model}")
    return _example(schema, schema.get("$defs", {}), "")  # type: ignore[no-any-return]


_KIND = re.compile(r"\^([a-z]+)-")
_IDS: Final = {
    "region": "451226104207",
    **dict.fromkeys(("evidence", "import", "signingkey"), "0f" * 32),
    "key": "k-1",
}


def _example(schema: Mapping[str, Any], defined: Mapping[str, Any], name: str) -> Any:
    match schema:
        case {"$ref": reference}:
            return _example(defined[reference], defined, name)
        case {"const": value}:
            return value
        case {"enum": [first, *_]}:
            return first
        case {"anyOf": [first, *_]}:
            return _example(first, defined, name)
        case {"type": "object", "properties": properties}:
            required = schema.get("required", ())
            return {key: _example(part, defined, key) for key, part in properties.items() if key in required}
        case {"type": "object"}:
            return {}
        case {"type": "array", "items": item}:
            return [_example(item, defined, name)]
        case {"type": "array"}:
            return []
        case {"type": "boolean"}:
            return True
        case {"type": "integer"}:
            return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
        case {"format": "date"}:
            return "2019-10-20"
        case {"format": "date-time"}:
            return "2019-10-20T08:00:00+08:00"
        case {"pattern": str(pattern)} if found := _KIND.match(pattern):
            return f"{found[1]}-{_IDS.get(found[1], 'example')}"
        case {"pattern": _}:
            return "0f" * 32
    return "文字"
