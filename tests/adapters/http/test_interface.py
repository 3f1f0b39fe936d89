"""The interface describes itself: every route, in the field's terms, with nothing loaded from elsewhere."""

import re
from typing import Any

from starlette.testclient import TestClient

from adapters.asking.routes import ROUTES
from adapters.http.codes import codes
from adapters.http.ledgers import SHELVES
from adapters.http.routing import PREFIX
from tests.adapters.http.conftest import V1

CHINESE = re.compile("[\u4e00-\u9fff]")


def described(web: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = web.get("/api/openapi.json").json()
    return answer


def test_every_route_is_described_in_chinese_with_an_area(web: TestClient) -> None:
    paths = described(web)["paths"]
    assert {PREFIX + route.path for route in ROUTES} | {f"{PREFIX}/ledgers/{name}" for name in SHELVES} <= paths.keys()
    for path, methods in paths.items():
        for operation in methods.values():
            assert CHINESE.search(operation["summary"]), path
            assert CHINESE.search(operation["tags"][0]), path


def test_every_reference_leads_somewhere(web: TestClient) -> None:
    document = described(web)
    named = set(re.findall(r"#/components/schemas/([^\"']+)", str(document)))
    assert named <= document["components"]["schemas"].keys()


def test_operations_have_names_of_their_own(web: TestClient) -> None:
    names = [o["operationId"] for methods in described(web)["paths"].values() for o in methods.values()]
    assert len(names) == len(set(names))


def test_the_listing_for_people_loads_nothing_from_elsewhere(web: TestClient) -> None:
    page = web.get("/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "登记问题" in page.text
    assert not re.search(r"https?://|<script", page.text)


def test_every_code_has_its_sentence(web: TestClient) -> None:
    told = {code["code"]: code["sentences"] for code in web.get(f"{V1}/codes").json()}
    assert "您现在不担任可办理此事的职务:须为该区划的…" in told["no_authority"]
    assert {"conflict", "csrf_refused", "personal_data", "sign_in_refused", "evidence_missing"} <= told.keys()
    assert all(re.fullmatch(r"[a-z_]+", code.code) and CHINESE.search("".join(code.sentences)) for code in codes())
