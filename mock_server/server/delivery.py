"""How an answer goes out when it is not simply sent: late, slowly, without end, or not at all."""

import asyncio
import math
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Mapping,
    MutableMapping,
)
from contextlib import asynccontextmanager
from typing import Any

from mock_server.http.broken_connections import break_off
from mock_server.http.replies import Reply

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PIECES = 20
"""In how many pieces a slow body is sent."""


async def deliver(
    reply: Reply,
    scope: Message,
    receive: Receive,
    send: Send,
    stopping: asyncio.Event,
) -> None:
    """Send an answer as its plan says; once the server is stopping, nothing is waited for.

    Where the client leaves meanwhile, the answer is given up: thousands that were left would else
    be held for a minute.
    """
    plan = reply.about.plan
    if not await _pause(plan.delay, receive, stopping):
        return
    # Where the connection is not found, its client gets the answer.
    if plan.fault and break_off(plan.fault, scope["client"]):
        await _client_leaves(receive)
        return
    await send(start(reply))
    has_body = scope["method"] != "HEAD"
    if reply.events is not None and has_body:
        await stream(reply.events, receive, send, stopping)
        return
    body = reply.body if has_body else b""
    # After the last piece nothing is waited for.
    *pieces, last = _pieces(body) if plan.body else [body]
    for piece in pieces:
        await send(body_message(piece, more=True))
        if not await _pause(plan.body / len(pieces), receive, stopping):
            return
    await send(body_message(last))


def _pieces(body: bytes) -> list[bytes]:
    """Return a body in `PIECES` of about one size; in fewer where it is short."""
    size = max(1, math.ceil(len(body) / PIECES))
    return [body[place : place + size] for place in range(0, len(body), size)] or [b""]


def start(reply: Reply) -> Message:
    """Return the message that starts a response."""
    headers = raw_headers(reply.headers)
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


def body_message(body: bytes, *, more: bool = False) -> Message:
    """Return the message with a body, or with a piece of it."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


async def stream(
    events: AsyncIterator[bytes],
    receive: Receive,
    send: Send,
    stopping: asyncio.Event,
) -> None:
    """Send events until the client leaves or the server stops."""

    async def pump() -> None:
        async for event in events:
            await send(body_message(event, more=True))

    async with _tasks(pump(), _client_leaves(receive), stopping.wait()) as ends:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        await send(body_message(b""))


async def _pause(seconds: float, receive: Receive, stopping: asyncio.Event) -> bool:
    """Wait, at most until the client leaves or the server stops.

    Return whether the client stayed.
    """
    if not seconds:
        return True
    async with _tasks(_client_leaves(receive), stopping.wait()) as ends:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        leaving = ends[0]
        return not leaving.done()


async def _client_leaves(receive: Receive) -> None:
    """Return when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def _tasks(*work: Coroutine[Any, Any, Any]) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Have tasks at work for the length of the block; what is not cancelled would wait for ever."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
