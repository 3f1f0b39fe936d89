"""Clients of a server on this machine: many at once, each asking its next question when the last was answered.

A lean client, for it shares the cores with what it measures; run in a process of its own by ``clients``.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from typing import NamedTuple


class Answers(NamedTuple):
    """What came back: milliseconds of each answer with the status expected, how many others, and the time it took."""

    spans: list[float]
    errors: int
    seconds: float
    first_error: str = ""

    @property
    def rate(self) -> float:
        return len(self.spans) / self.seconds


def post(path: str, token: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def clients(port: int, asked: Sequence[Sequence[bytes]], expected: int, seconds: float) -> Answers:
    """One client for each list of requests, over and over, in another process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_clients, port, asked, expected, seconds).result()


def _clients(port: int, asked: Sequence[Sequence[bytes]], expected: int, seconds: float) -> Answers:
    return asyncio.run(_all(port, asked, expected, seconds))


async def _all(port: int, asked: Sequence[Sequence[bytes]], expected: int, seconds: float) -> Answers:
    began = time.perf_counter()
    until = began + seconds
    parts = await asyncio.gather(*(_one(port, cycle(requests), expected, until) for requests in asked))
    took = time.perf_counter() - began
    said = next((part.first_error for part in parts if part.first_error), "")
    return Answers([span for part in parts for span in part.spans], sum(part.errors for part in parts), took, said)


async def _one(port: int, requests: Iterator[bytes], expected: int, until: float) -> Answers:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    spans: list[float] = []
    errors, said = 0, ""
    for request in requests:
        began = time.perf_counter()
        if began >= until:
            break
        writer.write(request)
        status, body = await answer(reader)
        if status == expected:
            spans.append((time.perf_counter() - began) * 1000)
        else:
            errors += 1
            said = said or f"{status} {body.decode(errors='replace')[:300]}"
    writer.close()
    return Answers(spans, errors, 0, said)


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length)
