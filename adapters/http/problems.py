"""问题详情: every refusal leaves the house as problem+json (RFC 9457), with a stable code and a sentence in Chinese.

Only this module knows status codes. What was sent is never sent back: a message names the field, not its value.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import orjson
from eventsourcing.persistence import OperationalError as LogUnavailable
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from adapters.evidence.store import EvidenceRefused
from adapters.identity.admission import NotAdmitted
from adapters.logging import mask
from adapters.postgres.sequencer import OutcomeUnknown
from adapters.workbooks.problems import BadWorkbook
from domain.command import Refused
from services.ledger import Conflict

MOST_PLACES: Final = 50
"""Faults of one request that are named; after these, nobody reads on."""

_STATUS: Final = {
    **dict.fromkeys(("sign_in_refused", "session_ended", "token_refused"), 401),
    **dict.fromkeys(("administrator_cannot_act", "read_only_token", "password_must_change"), 403),
    **dict.fromkeys(("account_unknown", "session_unknown", "token_unknown", "evidence_missing"), 404),
    "busy": 429,
    "evidence_too_large": 413,
    "evidence_type": 415,
    "evidence_damaged": 500,
}
"""Where it is not 422."""

_SENTENCES: Final = {
    400: ("malformed_request", "请求格式有误,无法读取"),
    403: ("forbidden", "不允许这样做"),
    404: ("not_found", "没有这个地址"),
    405: ("method_not_allowed", "此地址不支持这种请求方法"),
    413: ("too_large", "请求内容过大"),
    415: ("unsupported_media_type", "不支持这种内容类型"),
}

_MESSAGES: Final = {
    "missing": "缺少此项",
    "extra_forbidden": "没有此项,请核对名称",
    "string_type": "应为文字",
    "string_too_short": "至少{min_length}个字",
    "string_too_long": "最多{max_length}个字",
    "string_pattern_mismatch": "格式不对",
    "string_unicode": "含有无法识别的字符",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数超出范围",
    "int_from_float": "应为整数",
    "finite_number": "应为有限的数",
    "enum": "不在可选范围内,应为:{expected}",
    "literal_error": "不在可选范围内,应为:{expected}",
    "date_type": "应为日期,例如 2019-09-01",
    "date_parsing": "应为日期,例如 2019-09-01",
    "date_from_datetime_parsing": "应为日期,例如 2019-09-01",
    "date_from_datetime_inexact": "应为日期,例如 2019-09-01",
    "datetime_type": "应为时刻,例如 2019-09-01T08:00:00+08:00",
    "datetime_parsing": "应为时刻,例如 2019-09-01T08:00:00+08:00",
    "datetime_from_date_parsing": "应为时刻,例如 2019-09-01T08:00:00+08:00",
    "timezone_aware": "时刻须写明时区,例如 2019-09-01T08:00:00+08:00",
    "greater_than": "应大于{gt}",
    "greater_than_equal": "不能小于{ge}",
    "less_than": "应小于{lt}",
    "less_than_equal": "不能大于{le}",
    "too_short": "至少{min_length}项",
    "too_long": "最多{max_length}项",
    "tuple_type": "应为列表",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "none_required": "应为空",
    "json_invalid": "不是合法的 JSON",
}
"""What pydantic found, in Chinese. Whatever is not here is said to be of the wrong form."""


class Place(NamedTuple):
    """何处: which field of the request, and what is wrong with it."""

    field: str
    message: str


class Problem(HTTPException):
    """A refusal on its way out. An HTTPException, so that whatever reads a body on our behalf lets it through."""

    def __init__(
        self,
        status: int,
        code: str,
        sentence: str,
        *,
        where: Iterable[Place] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, sentence, headers)
        self.code = code
        self.sentence = sentence
        self.where = tuple(where)


def invalid(*where: Place, code: str = "invalid_request") -> Problem:
    sentence = "内容疑似含有个人信息,不得写入台账" if code == "personal_data" else "请求内容有误,请按提示修改"
    return Problem(422, code, sentence, where=where)


def problem_of(error: Exception) -> Problem:
    """What is said of this error to whoever asked. Of what nobody expected, nothing is said but that it happened."""
    match error:
        case Problem():
            return error
        case Refused(code=code, sentence=sentence):
            return Problem(422, code, sentence)
        case Conflict():
            return Problem(409, "conflict", "办理期间有关记录一再变化,本次没有记录,请重新查看后再办")
        case NotAdmitted(code=code, sentence=sentence) | EvidenceRefused(code=code, sentence=sentence):
            return Problem(_STATUS.get(code, 422), code, sentence)
        case BadWorkbook(code=code, message=sentence):
            return Problem(422, code, sentence)
        case ValidationError() | RequestValidationError():
            return _invalid(error.errors())
        case HTTPException(status_code=status):
            unnamed = (HTTPStatus(status).phrase.lower().replace(" ", "_"), "请求无法办理")
            code, sentence = _SENTENCES.get(status, unnamed)
            return Problem(status, code, sentence, headers=error.headers)
        case OutcomeUnknown():
            return Problem(
                503,
                "outcome_unknown",
                "数据库中断,尚不能确定是否已经记录;请用同一幂等键重试",
                headers={"Retry-After": "5"},
            )
        case PoolTimeout() | OperationalError() | LogUnavailable():
            return Problem(503, "unavailable", "数据库暂时不可用,请稍后重试", headers={"Retry-After": "5"})
    return Problem(500, "internal_error", "程序出错,已记入日志;请把请求编号告诉管理人员")


def _invalid(errors: Iterable[Mapping[str, Any]]) -> Problem:
    # A union reports its members' complaints one by one; one complaint per field is what a person can use.
    places: dict[str, str] = {}
    code = "invalid_request"
    for error in errors:
        if error["type"] == "personal_data":
            code = "personal_data"
        if len(places) < MOST_PLACES:
            places.setdefault(_field(error["loc"]), _message(error))
    return invalid(*(Place(*place) for place in places.items()), code=code)


def _field(loc: Iterable[str | int]) -> str:
    parts = [str(part) for part in loc if not isinstance(part, str) or not set(part) & set("[]()")]
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:] or parts
    # A key that nobody declared is as much the sender's text as any value.
    return mask(".".join(parts))[:120]


def _message(error: Mapping[str, Any]) -> str:
    said = str(error.get("msg", ""))
    if error["type"] == "value_error" and (cause := (error.get("ctx") or {}).get("error")):
        said = str(cause)
    if any("\u4e00" <= character <= "\u9fff" for character in said) and error["type"] not in _MESSAGES:
        return said
    template = _MESSAGES.get(error["type"], "格式不对")
    try:
        return template.format_map(error.get("ctx") or {})
    except KeyError:
        return "格式不对"


def response_to(request: Request, problem: Problem) -> Response:
    """The problem as application/problem+json."""
    body: dict[str, Any] = {
        "type": f"/api/v1/codes#{problem.code}",
        "title": problem.sentence,
        "status": problem.status_code,
        "code": problem.code,
        "request_id": request.scope.get("request_id", ""),
    }
    if problem.where:
        body["where"] = [place._asdict() for place in problem.where]
    headers = dict(problem.headers or {})
    if problem.status_code == 401:
        headers.setdefault("WWW-Authenticate", "Bearer")
    if problem.status_code == 429:
        headers.setdefault("Retry-After", "2")
    return Response(
        orjson.dumps(body), problem.status_code, headers=headers, media_type="application/problem+json; charset=utf-8"
    )
