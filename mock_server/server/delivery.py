"""How an answer goes out when it is not simply sent: late, slowly, without end, or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from mock_server.http.broken_connections import break_off
from mock_server.http.replies import Reply

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PIECES = 20
"""In how many pieces a slow body is sent."""


async def deliver(
    reply: Reply, scope: Message, receive: Receive, send: Send, stopping: asyncio.Event
) -> None:
    """Send an answer as its plan says; nobody else waits for it, and nothing is waited for once the server is stopping.

    Where the client leaves meanwhile, the answer is given up: thousands that were left would else be held for a minute.
    """
    plan = reply.about.plan
    if not await _pause(plan.delay, receive, stopping):
        return
    if plan.fault and break_off(plan.fault, scope["client"]):
        await _gone(receive)
        return
    await send(start(reply))
    if reply.events is not None and scope["method"] != "HEAD":
        await stream(reply.events, receive, send, stopping)
        return
    body = b"" if scope["method"] == "HEAD" else reply.body
    if plan.body and body:
        size = -(-len(body) // PIECES)
        *pieces, body = (body[place : place + size] for place in range(0, len(body), size))
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if not await _pause(plan.body / len(pieces), receive, stopping):
                return
    await send({"type": "http.response.body", "body": body, "more_body": False})


def start(reply: Reply) -> Message:
    """Return the message that starts a response."""
    headers = raw_headers(reply.headers)
    return {"type": "http.response.start", "status": reply.status, "headers": headers}


def raw_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]


async def _pause(seconds: float, receive: Receive, stopping: asyncio.Event) -> bool:
    """Wait, at most until the client leaves or the server stops; return whether the client stayed."""
    if not seconds:
        return True
    leaving, ending = (asyncio.ensure_future(each) for each in (_gone(receive), stopping.wait()))
    try:
        await asyncio.wait((leaving, ending), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        return not leaving.done()
    finally:  # what is not cancelled would wait for ever
        leaving.cancel()
        ending.cancel()
        await asyncio.gather(leaving, ending, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def stream(
    events: AsyncIterator[bytes], receive: Receive, send: Send, stopping: asyncio.Event
) -> None:
    """Send events until the client leaves or the server stops."""

    async def pump() -> None:
        async for event in events:
            await send({"type": "http.response.body", "body": event, "more_body": True})

    ends = [asyncio.ensure_future(each) for each in (pump(), _gone(receive), stopping.wait())]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in ends:
            each.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
    if stopping.is_set():
        await send({"type": "http.response.body", "body": b"", "more_body": False})
