"""日志接口: the checkpoint and the hashes for anyone, read-only; facts and receipts for those who may read facts."""

import re
from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapters.http.problems import Problem
from adapters.http.routing import PREFIX, Told
from adapters.postgres.event_store import PostgresRecorder, Stored
from adapters.proofs.entries import Entry
from adapters.proofs.published import SECOND, PublishedLog
from adapters.proofs.tiles import WIDTH, TileMissing

_INDEX: Final = re.compile(r"((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")
_LONGEST_ENTRY: Final = (1 << 16) - 1
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOW: Final = {"Cache-Control": "no-cache"}


def router(log: PublishedLog, recorder: PostgresRecorder, admit: Callable[[Request], object]) -> APIRouter:
    """``/log/…`` (C2SP tlog-tiles), ``/log/sm/…`` (the same of the second log) and ``/api/v1/receipts/{position}``.
    ``admit`` lets readers of facts in, and raises for whoever is none."""
    routes = APIRouter(tags=["日志"], route_class=Told)
    readers = [Depends(_dependency(admit))]

    @routes.get("/log/checkpoint", response_class=PlainTextResponse)
    def checkpoint() -> Response:
        """最新检查点,带见证人联署"""
        return _checkpoint(log)

    @routes.get(f"/log/{SECOND}/checkpoint", response_class=PlainTextResponse)
    def second_checkpoint() -> Response:
        """国密日志的最新检查点,带见证人联署

        Its tree is hashed with SM3 and its checkpoints are signed with SM2; there is none unless a policy asks for it.
        """
        return _checkpoint(log.second)

    def _checkpoint(log: PublishedLog) -> Response:
        note = log.note()
        if note is None:
            raise Problem(404, "not_sealed_yet", "日志还没有公布检查点,请稍候再试")
        return PlainTextResponse(note, headers=_NOW)

    @routes.get("/log/tile/entries/{index:path}", dependencies=readers, response_class=Response)
    def entries(index: str) -> Response:
        """事实原文,每片至多256条

        For those who may read facts.
        """
        number, width = _place(index)
        stored = list(recorder.read_recorded(after=number * WIDTH, until=number * WIDTH + width))
        published = log.checkpoint()
        if published is None or published[0].size < number * WIDTH + width or len(stored) < width:
            raise _no_tile()
        contents = [_entry(fact).content for fact in stored]
        if any(len(content) > _LONGEST_ENTRY for content in contents):
            raise Problem(404, "entry_too_long", "此片中有超过64KB的事实,不能以此格式提供")
        return _tile(b"".join(len(content).to_bytes(2) + content for content in contents), private=True)

    @routes.get("/log/tile/{level}/{index:path}", response_class=Response)
    def tile(level: int = Path(ge=0, le=63), index: str = Path()) -> Response:
        """默克尔树的分片,每片至多256个哈希"""
        return _hashes(log, level, index)

    @routes.get(f"/log/{SECOND}/tile/{{level}}/{{index:path}}", response_class=Response)
    def second_tile(level: int = Path(ge=0, le=63), index: str = Path()) -> Response:
        """国密日志默克尔树的分片,每片至多256个哈希"""
        return _hashes(log.second, level, index)

    def _hashes(log: PublishedLog, level: int, index: str) -> Response:
        number, width = _place(index)
        published = log.checkpoint()
        if published is None or published[0].size >> 8 * level < number * WIDTH + width:
            raise _no_tile()
        try:
            return _tile(log.tiles.read(level, number, width))
        except TileMissing:
            raise _no_tile() from None

    @routes.get(f"{PREFIX}/receipts/{{position}}", dependencies=readers, response_class=PlainTextResponse)
    def receipt(
        position: int = Path(ge=1, le=2**63 - 1),
        sm: Annotated[bool, Query(description="以国密日志证明")] = False,
    ) -> Response:
        """回执:一号事实的原文及其存在证明"""
        stored = next(recorder.read_recorded(after=position - 1, until=position), None)
        proof = (log.second if sm else log).receipt(_entry(stored)) if stored else None
        if proof is None:
            raise Problem(404, "not_sealed_yet", "这一号事实还没有封存,请稍候再试")
        name = f"{position}.tlog-proof"
        return PlainTextResponse(str(proof), headers={"Content-Disposition": f'attachment; filename="{name}"'})

    return routes


def _dependency(admit: Callable[[Request], object]) -> Callable[[Request], None]:
    def admitted(request: Request) -> None:
        admit(request)

    return admitted


def _place(index: str) -> tuple[int, int]:
    """The number and the width that the end of a tile's path says."""
    found = _INDEX.fullmatch(index)
    if found is None or len(found[1]) > 28 or int(found[2] or WIDTH) > WIDTH - bool(found[2]):
        raise _no_tile()
    if found[1].startswith("x000"):
        raise _no_tile()
    return int(found[1].replace("x", "").replace("/", "")), int(found[2] or WIDTH)


def _tile(content: bytes, *, private: bool = False) -> Response:
    headers = {"Cache-Control": "private, max-age=31536000, immutable"} if private else _FOREVER
    return Response(content, media_type="application/octet-stream", headers=headers)


def _no_tile() -> Problem:
    return Problem(404, "no_such_tile", "日志没有这一分片")


def _entry(fact: Stored) -> Entry:
    return Entry(fact.position, fact.recorded_at, fact.data)
