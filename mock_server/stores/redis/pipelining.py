"""Calls that go out together where several wait: most of what a call of Redis costs is its sending."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

Call = tuple[Any, ...]
"""What is called, and with what."""
Send = Callable[[Sequence[Call]], Awaitable[Sequence[Any]]]
"""Sends calls, and answers what came of each, errors among them; raises what was wrong with all of them."""

LINES = 4
"""How many times calls may be under way; further ones wait, and go out together."""
AT_ONCE = 64
"""How many go out together at most."""


class Asked(NamedTuple):
    """A call, and the future of its answer."""

    call: Call
    answer: asyncio.Future[Any]


class Calls:
    """Has calls sent by `send`, as soon as one of its lines is free; raises what that does."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[Asked] = deque()
        self._talking, self._tasks = 0, set[asyncio.Task[None]]()

    async def answer(self, *call: Any) -> Any:
        """Return what came of a call."""
        asked = Asked(call, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        if self._talking < LINES:
            self._talking += 1
            task = asyncio.create_task(self._talk())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asked.answer

    async def _talk(self) -> None:
        """Send what waits, as long as something does."""
        while self._waiting:
            together = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            try:
                said = await self._send([asked.call for asked in together])
            except Exception as error:  # noqa: BLE001 - told to everybody who waits for it
                said = [error] * len(together)
            for asked, answer in zip(together, said, strict=True):
                if asked.answer.done():  # nobody waits any more
                    continue
                if isinstance(answer, Exception):
                    asked.answer.set_exception(answer)
                else:
                    asked.answer.set_result(answer)
        self._talking -= 1
