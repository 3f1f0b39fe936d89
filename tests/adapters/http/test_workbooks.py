"""Workbooks over HTTP: previewed, registered as previewed, and out again as the form that offices print."""

from io import BytesIO
from typing import Any

import httpx2
import openpyxl
import pytest

from adapters.bootstrap import Application
from tests.adapters.http.conftest import V1, Caller, People

ROWS = [
    (
        "序号",
        "乡镇",
        "行政村",
        "问题类别",
        "问题来源",
        "问题等级",
        "问题描述",
        "责任单位",
        "整改措施",
        "计划完成时限",
    ),
    (1, "明伦镇", "百祥村", "道路", "自查", "一般", "屯级路水毁未修复", "交通运输局", "修复", "2019年10月20日"),
    (2, "明伦镇", "百祥村", "饮水", "巡查", "较重", "水池渗漏", "水利局", "修补", "2019年11月底"),
]


def workbook(rows: list[tuple[Any, ...]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def sent(caller: Caller, path: str, content: bytes, **data: str) -> httpx2.Response:
    form: dict[str, Any] = {"files": {"file": ("问题清单.xlsx", content)}, "data": {"place": "451226"} | data}
    answer: httpx2.Response = caller.web.post(V1 + path, headers=caller.headers, **form)
    return answer


def test_a_workbook_is_registered_as_it_was_previewed_and_only_once(people: People) -> None:
    clerk, content = people["headquarters"], workbook(ROWS)
    preview = sent(clerk, "/imports/previews", content)
    assert preview.status_code == 200, preview.text
    assert [row["category"] for row in preview.json()["rows"]] == ["道路", "饮水"]
    digest = preview.json()["digest"]
    kept = sent(clerk, "/imports", content, digest=digest)
    assert kept.status_code == 201, kept.text
    assert [fact["type"] for fact in kept.json()["facts"]].count("issue.registered") == 2
    again = sent(clerk, "/imports", content, digest=digest)
    assert (again.status_code, again.json()["facts"]) == (200, [])
    asked = {"workbook": kept.json()["ids"]["workbook"], "min_position": kept.json()["position"]}
    out = clerk.get("/ledgers/issues.xlsx", **asked)
    assert out.status_code == 200
    cells = [cell for row in openpyxl.load_workbook(BytesIO(out.content)).active.values for cell in row]
    assert {"百祥村", "水池渗漏"} <= set(cells)


def test_what_was_not_previewed_is_not_registered(people: People, application: Application) -> None:
    head = application.facts.head()
    answer = sent(people["headquarters"], "/imports", workbook(ROWS[:2]), digest="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_differs")
    assert application.facts.head() == head


@pytest.mark.parametrize(
    ("content", "data", "code"),
    [
        (b"", {}, ""),
        (b"not a workbook", {}, ""),
        (b"PK\x03\x04" + bytes(1000), {}, ""),
        (workbook(ROWS), {"place": "4512261"}, "invalid_request"),
        (workbook(ROWS), {"place": "'; --"}, "invalid_request"),
        (workbook(ROWS), {"unstated": "deadly"}, "invalid_request"),
        (workbook([("一", "二")]), {}, "no_issues_found"),
    ],
    ids=["empty", "text", "broken", "a township", "no code", "no severity", "no issues"],
)
def test_what_is_no_list_of_issues_is_refused(people: People, content: bytes, data: dict[str, str], code: str) -> None:
    answer = sent(people["headquarters"], "/imports/previews", content, **data)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == code or not code


def test_the_form_without_a_workbook_is_refused(people: People) -> None:
    clerk = people["headquarters"]
    answer = clerk.web.post(f"{V1}/imports/previews", data={"place": "451226"}, headers=clerk.headers)
    assert answer.json()["where"] == [{"field": "file", "message": "缺少文件"}]
