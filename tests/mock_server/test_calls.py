"""Calls to a shared store: what waits goes out together, and everybody gets an answer of their own."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from mock_server.stores.redis.pipelining import AT_ONCE, LINES, Calls, ScriptCall


class Slow:
    """Answers each call by its argument, when it may; an error where the argument is one."""

    def __init__(self) -> None:
        self.sent: list[list[ScriptCall]] = []
        self.may = asyncio.Event()

    async def send(self, calls: Sequence[ScriptCall]) -> Sequence[Any]:
        self.sent.append(list(calls))
        await self.may.wait()
        if ("all",) in calls:
            raise OSError("gone")
        return [argument for (argument,) in calls]


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 10))


async def asked(calls: Calls, *arguments: object) -> list[asyncio.Task[Any]]:
    """Ask one after the other, each when the one before is under way or waits."""
    tasks = []
    for argument in arguments:
        tasks.append(asyncio.create_task(calls.reply(argument)))
        for _ in range(3):
            await asyncio.sleep(0)
    return tasks


def test_what_waits_goes_out_together() -> None:
    async def test() -> None:
        slow = Slow()
        calls = Calls(slow.send)
        tasks = await asked(calls, *range(LINES + AT_ONCE + 2))
        assert slow.sent == [[(n,)] for n in range(LINES)]
        slow.may.set()
        assert await asyncio.gather(*tasks) == [*range(LINES + AT_ONCE + 2)]
        assert [len(together) for together in slow.sent] == [*[1] * LINES, AT_ONCE, 2]

    run(test())


def test_an_error_is_for_who_asked_and_one_of_all_for_all() -> None:
    async def test() -> None:
        slow = Slow()
        calls = Calls(slow.send)
        busy = await asked(calls, *range(LINES))
        tasks = await asked(calls, "fine", ValueError("mine"), "gone away", "fine too")
        tasks[2].cancel()
        slow.may.set()
        said = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(each) for each in said] == ["fine", "mine", "", "fine too"]
        assert await asyncio.gather(*busy) == [*range(LINES)]
        both = await asyncio.gather(calls.reply("one"), calls.reply("all"), return_exceptions=True)
        assert [str(each) for each in both] == ["gone", "gone"]

    run(test())


@pytest.mark.parametrize("pause", range(6))
def test_a_call_that_comes_when_the_last_one_ends_is_sent(pause: int) -> None:
    async def test() -> None:
        slow = Slow()
        slow.may.set()
        calls = Calls(slow.send)
        for _ in range(LINES + 1):
            first = [asyncio.create_task(calls.reply(n)) for n in range(LINES)]
            for _ in range(pause):
                await asyncio.sleep(0)
            assert await calls.reply("last") == "last"
            await asyncio.gather(*first)

    run(test())
