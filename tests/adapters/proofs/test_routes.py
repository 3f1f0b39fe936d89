"""The log over HTTP: hashes for anyone, facts for readers, and nothing but what was published."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from tlog_scales.reader import Tile

from adapters.http.problems import Problem, problem_of, response_to
from adapters.proofs.merkle import Frontier, leaf_hash
from adapters.proofs.offline import verify_file
from adapters.proofs.published import PublishedLog
from adapters.proofs.routes import router
from tests.adapters.proofs.world import Memory, sealed, settled, trusting

READER = {"Authorization": "reader"}


def admit(request: Request) -> None:
    if request.headers.get("authorization") != "reader":
        raise Problem(401, "not_signed_in", "请先登录")


@pytest.fixture
def facts() -> Memory:
    facts = Memory()
    facts.grow(300)
    return facts


@pytest.fixture
def web(tmp_path: Path, facts: Memory) -> TestClient:
    app = FastAPI()
    store: Any = facts
    app.include_router(router(PublishedLog(tmp_path), store, admit))
    app.add_exception_handler(Problem, lambda request, error: response_to(request, problem_of(error)))
    return TestClient(app)


def test_the_checkpoint_and_its_tiles_are_anyones_to_read(web: TestClient, tmp_path: Path, facts: Memory) -> None:
    assert (web.get("/log/checkpoint").status_code, web.get("/log/tile/0/000").status_code) == (404, 404)
    sealed(tmp_path, facts)
    checkpoint = web.get("/log/checkpoint")
    accepted = trusting(tmp_path).accept(checkpoint.content)
    assert checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
    frontier = Frontier()
    for path in ("000", "001.p/44"):
        tile = web.get(f"/log/tile/0/{path}")
        assert "immutable" in tile.headers["cache-control"]
        for leaf in Tile.from_hash_bytes(tile.content).entries:
            frontier.append(leaf)
    assert frontier.root() == accepted.checkpoint.root
    assert len(web.get("/log/tile/1/000.p/1").content) == 32


@pytest.mark.parametrize(
    "path",
    [
        *("0/001", "0/001.p/45", "0/002.p/1", "0/1", "0/x000/001", "0/000.p/256", "0/000.p/0", "0/key", "1/000"),
        *("0/x999/x999/x999/x999/x999/x999/x999/999", "63/000.p/1"),
    ],
)
def test_what_the_log_does_not_have_is_not_found(web: TestClient, tmp_path: Path, facts: Memory, path: str) -> None:
    sealed(tmp_path, facts)
    assert web.get(f"/log/tile/{path}").status_code == 404


def test_no_path_leads_to_the_key(web: TestClient, tmp_path: Path, facts: Memory) -> None:
    sealed(tmp_path, facts)
    secret = (tmp_path / "key").read_text("ascii")
    for path in ("key", "signed", "tile/..%2fkey", "tile/0/..%2f..%2fkey", "tile/0/000.p/..%2f..%2f..%2f..%2fkey"):
        answer = web.get(f"/log/{path}")
        assert answer.status_code in (404, 422)
        assert secret not in answer.text


def test_facts_are_for_readers(web: TestClient, tmp_path: Path, facts: Memory) -> None:
    sealed(tmp_path, facts)
    path = "/log/tile/entries/001.p/44"
    assert (web.get(path).status_code, web.get("/api/v1/receipts/7").status_code) == (401, 401)
    tile = web.get(path, headers=READER)
    assert tile.headers["cache-control"].startswith("private")
    entries = Tile.from_entries_bytes(tile.content).entries
    assert entries == [entry.content for entry in facts.entries()[256:]]
    hashes = Tile.from_hash_bytes(web.get("/log/tile/0/001.p/44").content).entries
    assert [leaf_hash(entry) for entry in entries] == hashes
    assert web.get("/log/tile/entries/001", headers=READER).status_code == 404


def test_a_fact_too_long_for_the_format_is_not_cut(web: TestClient, tmp_path: Path, facts: Memory) -> None:
    facts.change(3, data=bytes(70_000))
    sealed(tmp_path, facts)
    answer = web.get("/log/tile/entries/000", headers=READER)
    assert (answer.status_code, answer.json()["code"]) == (404, "entry_too_long")


def test_a_receipt_comes_once_the_fact_is_sealed(web: TestClient, tmp_path: Path) -> None:
    answer = web.get("/api/v1/receipts/7", headers=READER)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_sealed_yet")
    assert web.get("/api/v1/receipts/9999", headers=READER).status_code == 404


def test_a_receipt_is_proof_enough_for_its_author(tmp_path: Path) -> None:
    facts = settled()
    sealed(tmp_path, facts)
    app = FastAPI()
    store: Any = facts
    app.include_router(router(PublishedLog(tmp_path), store, admit))
    receipt = TestClient(app).get("/api/v1/receipts/40", headers=READER)
    assert 'filename="40.tlog-proof"' in receipt.headers["content-disposition"]
    report = verify_file(receipt.content, trusting(tmp_path))
    assert [fact.position for fact in report.facts] == [40]
