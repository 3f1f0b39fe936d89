"""合办: what is asked while others are being answered is answered together with what else was asked meanwhile.

A busy server wakes a thread and asks the database once for many requests; an idle one answers each at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")

MOST: Final = 64
"""Questions answered at once: enough to share a journey to the database, few enough not to keep anybody waiting."""


class Gathering(Generic[Question, Answer]):
    """``answer_all`` runs in a thread of its own, and gives for each question its answer or what it was refused with.

    At most ``turns`` run at once: while one waits for the disk, the next has already begun. Ask from one event loop.
    """

    def __init__(
        self, answer_all: Callable[[Sequence[Question]], Sequence[Answer | Exception]], name: str, turns: int = 1
    ) -> None:
        self._answer_all = answer_all
        self._threads = ThreadPoolExecutor(turns, name)
        self._free = turns
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises what it was refused with."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        if self._free and not self._waiting:
            # Whoever is being read in this very round of the loop still comes along.
            loop.call_soon(self._begin)
        self._waiting.append((question, answer))
        return await answer

    def _begin(self) -> None:
        if not self._free or not self._waiting:
            return
        together, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._free -= 1
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, self._answer_all, [question for question, _ in together])
        work.add_done_callback(lambda done: self._tell(together, done))

    def _tell(
        self,
        together: Sequence[tuple[Question, asyncio.Future[Answer]]],
        done: asyncio.Future[Sequence[Answer | Exception]],
    ) -> None:
        self._free += 1
        failed = done.exception()
        answers = [failed] * len(together) if failed else done.result()
        for (_, waits), answer in zip(together, answers, strict=True):
            if waits.done():
                continue
            if isinstance(answer, BaseException):
                waits.set_exception(answer)
            else:
                waits.set_result(answer)
        self._begin()
