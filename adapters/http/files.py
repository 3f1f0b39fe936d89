"""佐证材料: uploaded once, named by its digest, handed out as a download and never shown in place."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, Final, cast
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import StreamingResponse

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.problems import Place, invalid
from adapters.http.routing import PREFIX, Told
from adapters.http.schemas import Schemas
from adapters.logging import audit
from domain.evidence import Evidence
from domain.ids import EvidenceId

_IN_MEMORY: Final = 1 << 20
_ENDINGS: Final = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "application/ofd": ".ofd",
    "video/mp4": ".mp4",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def files(application: Application, entrance: Entrance, schemas: Schemas) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["佐证材料"], route_class=Told)
    limit = application.settings.evidence_megabytes << 20

    def keep(content: BinaryIO, title: str) -> Evidence:
        kept = application.evidence.put(content, limit=limit)
        return Evidence(file=kept.id, size=kept.size, media_type=kept.media_type, title=title)

    @router.post(
        "/evidence",
        status_code=201,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "required": ["file"],
                            "properties": {"file": {"type": "string", "format": "binary"}, "title": {"type": "string"}},
                        }
                    },
                    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                },
            },
            "responses": schemas.refusals(401, 403, 413, 415, 422),
        },
    )
    async def upload(
        request: Request, title: Annotated[str | None, Query(description="材料名称;不写则用文件名")] = None
    ) -> Evidence:
        """上传佐证材料

        As a form with ``file``, or the bare bytes. What comes back is what commands name the file by. The same bytes
        again are the same evidence.
        """
        person = await run_in_threadpool(entrance.actor, request)
        async with received(request) as (content, name, form_title):
            kept = await run_in_threadpool(keep, content, title or form_title or name)
        audit("uploaded", person=person, file=kept.file, size=kept.size)
        return kept

    @router.get(
        "/evidence/{file}",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
            **cast(dict[int | str, dict[str, Any]], schemas.refusals(401, 403, 404)),
        },
    )
    def download(request: Request, file: Annotated[EvidenceId, Path()]) -> StreamingResponse:
        """下载佐证材料"""
        viewer = entrance.reader(request)
        opened = application.evidence.open(file)
        audit("viewed", viewer=viewer, what="evidence", subject=file)
        name = f"{file[:21]}{_ENDINGS.get(opened.evidence.media_type, '')}"
        return StreamingResponse(
            opened.chunks(),
            media_type=opened.evidence.media_type,
            headers={
                "Content-Disposition": attachment(name),
                "Content-Length": str(opened.evidence.size),
                # The name is the digest, so what is cached can't grow old; it is still for this reader alone.
                "Cache-Control": "private, max-age=3600",
                "Content-Security-Policy": "sandbox; default-src 'none'",
            },
        )

    return router


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[tuple[BinaryIO, str, str | None]]:
    """The one file of a request, its name, and the form's title, if there is one; bare bytes have no name."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=1, max_fields=10) as form:
            file, title = form.get("file"), form.get("title")
            if not isinstance(file, UploadFile):
                raise invalid(Place("file", "缺少文件"))
            yield file.file, (file.filename or "佐证材料")[:200], title if isinstance(title, str) else None
        return
    with SpooledTemporaryFile(_IN_MEMORY) as content:
        async for chunk in request.stream():
            content.write(chunk)
        content.seek(0)
        yield cast(BinaryIO, content), "佐证材料", None


def attachment(name: str) -> str:
    """The header's value for a download of this name, in any script."""
    return f"attachment; filename*=UTF-8''{quote(name)}"
