"""A wire to the server that a test can cut, in either direction, at the worst moment."""

import contextlib
import select
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_PORT = 5432
_BIND = b"B"  # how the protocol marks the message that runs a prepared statement


class Wire:
    """Forwards every connection to the server of `url`; connect to `self.url` to go through it.

    A question is the execution of a prepared statement, as appends are.
    `lose_next_answer`: the server gets the next question, but its client is cut off before the answer.
    `lose_next_question`: client and server are cut off before the next question gets to the server.
    `orphan_next_question`: the server gets the next question and its client is cut off, which the server can't notice.
    """

    def __init__(self, url: str, folder: Path) -> None:
        known = conninfo_to_dict(url)
        self._host, self._port = str(known["host"]), int(known.get("port") or _PORT)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / f".s.PGSQL.{_PORT}"))
        self._door.listen()
        self._open: list[socket.socket] = [self._door]
        self._fault: str | None = None
        self.faults = 0
        self.url = make_conninfo(url, host=str(folder), port=_PORT)
        threading.Thread(target=self._welcome, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for end in self._open:
            _shut(end)

    def lose_next_answer(self) -> None:
        self._fault = "answer"

    def lose_next_question(self) -> None:
        self._fault = "question"

    def orphan_next_question(self) -> None:
        self._fault = "orphan"

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.socket(socket.AF_UNIX)
                if self._host.startswith("/"):
                    server.connect(f"{self._host}/.s.PGSQL.{self._port}")
                else:
                    server = socket.create_connection((self._host, self._port))
                self._open += [client, server]
                threading.Thread(target=self._forward, args=(client, server), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):  # a socket closed by the test
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for end in readable:
                    if not (message := end.recv(1 << 20)):
                        _shut(client)
                        _shut(server)
                        return
                    if end is client and self._fault is not None and message.startswith(_BIND):
                        self._break(client, server, message)
                        return
                    (server if end is client else client).sendall(message)

    def _break(self, client: socket.socket, server: socket.socket, question: bytes) -> None:
        fault, self._fault = self._fault, None
        self.faults += 1
        if fault != "question":
            server.sendall(question)
        if fault == "answer":
            server.recv(1 << 20)
        if fault != "orphan":
            _shut(server)
        _shut(client)


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
