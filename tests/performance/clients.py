"""Clients of a server on this machine: many at once, each asking its next question when the last was answered.

A lean client, for it shares the cores with what it measures; run in a process of its own by ``clients``.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle
from typing import NamedTuple, cast

import uvloop


class Answers(NamedTuple):
    """What came back: milliseconds of each answer with the status expected, how many others, and the time it took.
    ``busy`` is the seconds of a core that the clients themselves used."""

    spans: list[float]
    errors: int
    seconds: float
    first_error: str = ""
    busy: float = 0.0

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
    return uvloop.run(_all(port, asked, expected, seconds))


async def _all(port: int, asked: Sequence[Sequence[bytes]], expected: int, seconds: float) -> Answers:
    loop = asyncio.get_running_loop()
    began, worked = time.perf_counter(), time.process_time()
    ones = [_Client(cycle(requests), expected, began + seconds, loop.create_future()) for requests in asked]
    for one in ones:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(one.done for one in ones))
    took, worked = time.perf_counter() - began, time.process_time() - worked
    said = next((one.first_error for one in ones if one.first_error), "")
    return Answers([span for one in ones for span in one.spans], sum(one.errors for one in ones), took, said, worked)


class _Client(asyncio.Protocol):
    """Sends, and looks at as little of what comes back as will tell where it ends."""

    def __init__(self, requests: Iterator[bytes], expected: int, until: float, done: "asyncio.Future[None]") -> None:
        self.requests = requests
        self.good = f"HTTP/1.1 {expected} ".encode()
        self.until = until
        self.done = done
        self.spans: list[float] = []
        self.errors = 0
        self.first_error = ""
        self._come = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        self._began = time.perf_counter()
        if self._began >= self.until:
            self._transport.close()
            self.done.set_result(None)
            return
        self._transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        come = self._come = self._come + data if self._come else data
        head = come.find(b"\r\n\r\n")
        if head < 0:
            return
        at = come.find(b"content-length: ", 0, head) + 16
        if len(come) < head + 4 + int(come[at : come.find(b"\r", at)]):
            return
        self._come = b""
        if come.startswith(self.good):
            self.spans.append((time.perf_counter() - self._began) * 1000)
        else:
            self.errors += 1
            self.first_error = self.first_error or come.decode(errors="replace")[-300:]
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.errors += 1
            self.first_error = self.first_error or f"connection lost: {error}"
            self.done.set_result(None)
