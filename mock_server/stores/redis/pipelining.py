"""Calls that go out together where several wait.

Most of what a call of Redis costs is its sending.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from .background_tasks import BackgroundTasks

ScriptCall = tuple[Any, ...]
"""A script, and its arguments."""
Send = Callable[[Sequence[ScriptCall]], Awaitable[Sequence[Any]]]
"""Sends calls and returns the reply to each, errors among them; raises what was wrong with all."""

LINES = 4
"""How many times calls may be under way; further ones wait, and go out together."""
AT_ONCE = 64
"""How many go out together at most."""


class WaitingCall(NamedTuple):
    """A call, and the future of its reply."""

    call: ScriptCall
    reply: asyncio.Future[Any]


class Calls:
    """Has calls sent by `send`, as soon as one of its lines is free; raises what that does."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: deque[WaitingCall] = deque()
        self._busy_lines = 0
        self._tasks = BackgroundTasks()

    async def reply(self, *call: Any) -> Any:
        """Return what came of a call."""
        waiting = WaitingCall(call, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._busy_lines < LINES:
            self._busy_lines += 1
            self._tasks.start(self._send_waiting())
        return await waiting.reply

    async def _send_waiting(self) -> None:
        """Send what waits, as long as something does."""
        while self._waiting:
            count = min(len(self._waiting), AT_ONCE)
            together = [self._waiting.popleft() for _ in range(count)]
            replies: Sequence[Any]
            try:
                replies = await self._send([waiting.call for waiting in together])
            except Exception as error:  # noqa: BLE001 - everybody who waits for it gets it
                replies = [error] * count
            for waiting, reply in zip(together, replies, strict=True):
                _settle(waiting.reply, reply)
        self._busy_lines -= 1


def _settle(future: asyncio.Future[Any], reply: Any) -> None:
    # Perhaps nobody waits any more.
    if future.done():
        return
    if isinstance(reply, Exception):
        future.set_exception(reply)
    else:
        future.set_result(reply)
