"""What is asked while others are being answered is answered together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from threading import Event

import pytest

from adapters.http.gathering import MOST, Gathering


class Doubling:
    """Doubles numbers once it may, refuses odd ones, and breaks down over -1."""

    def __init__(self) -> None:
        self.calls: list[Sequence[int]] = []
        self.may = Event()

    def __call__(self, numbers: Sequence[int]) -> Sequence[int | Exception]:
        self.calls.append(numbers)
        assert self.may.wait(10)
        if -1 in numbers:
            raise ConnectionError
        return [2 * number if number % 2 == 0 else ValueError(number) for number in numbers]


async def after_the_first(
    work: Doubling, gathering: Gathering[int, int], *rest: int
) -> tuple[int | BaseException, list[int | BaseException]]:
    """The answer to who came alone, and to those who came while it was being worked out."""
    first = asyncio.create_task(gathering.ask(0))
    while not work.calls:
        await asyncio.sleep(0.001)
    others = [asyncio.create_task(gathering.ask(number)) for number in rest]
    await asyncio.sleep(0)
    work.may.set()
    return await first, await asyncio.gather(*others, return_exceptions=True)


def tried(ask: Callable[[Doubling, Gathering[int, int]], Awaitable[object]]) -> Doubling:
    work = Doubling()

    async def run() -> None:
        await ask(work, Gathering(work, "doubling"))

    asyncio.run(run())
    return work


def test_those_who_come_meanwhile_are_answered_together_each_with_their_own() -> None:
    async def ask(work: Doubling, gathering: Gathering[int, int]) -> None:
        first, [four, refused, six] = await after_the_first(work, gathering, 2, 5, 3 * 2)
        assert (first, four, six) == (0, 4, 12)
        assert isinstance(refused, ValueError)

    assert tried(ask).calls == [[0], [2, 5, 6]]


def test_no_more_are_answered_at_once_than_may_keep_each_other_waiting() -> None:
    async def ask(work: Doubling, gathering: Gathering[int, int]) -> None:
        _, answers = await after_the_first(work, gathering, *range(0, 4 * MOST, 2))
        assert answers == list(range(0, 8 * MOST, 4))

    assert [len(call) for call in tried(ask).calls] == [1, MOST, MOST]


def test_what_breaks_down_is_told_to_all_of_them_and_to_nobody_later() -> None:
    async def ask(work: Doubling, gathering: Gathering[int, int]) -> None:
        _, broken = await after_the_first(work, gathering, 2, -1)
        assert [type(one) for one in broken] == [ConnectionError, ConnectionError]
        assert await gathering.ask(4) == 8

    tried(ask)


def test_who_stops_waiting_takes_nothing_from_the_others() -> None:
    async def ask(work: Doubling, gathering: Gathering[int, int]) -> None:
        leaves, stays = asyncio.create_task(gathering.ask(2)), asyncio.create_task(gathering.ask(4))
        while not work.calls:
            await asyncio.sleep(0.001)
        leaves.cancel()
        work.may.set()
        assert await stays == 8
        with pytest.raises(asyncio.CancelledError):
            await leaves

    tried(ask)
