"""Bodies of requests, read within limits of size and time."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from mock_server.errors import Violation
from mock_server.http.message_framing import CLOSE, BodyTimeoutError, broken_body
from mock_server.stores.timeouts import patiently

if TYPE_CHECKING:
    from .delivery import Receive

IDLE = 10.0
"""Seconds in which some of a body has to come."""
WHOLE = 60.0
"""Seconds in which all of it has to come."""
PAUSE = 0.25
"""Seconds without a piece after which nobody waits any longer for the rest of a body that nobody wants."""
UNWANTED = 64 * 1024 * 1024
"""How much of such a body is thrown away, so that its sender hears the answer."""


class TooLargeError(Exception):
    """The body is over its limit."""


def declared(length: str) -> int:
    """Return what `Content-Length` says; 0 where it says nothing."""
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


async def read(receive: Receive, limit: int, length: int = 0) -> bytes:
    """Return a body of which `length` bytes are announced; raise `TooLargeError`, `BodyTimeoutError` or `BadRequestError`."""
    if length > limit:
        raise TooLargeError
    held = io.BytesIO()  # one block that grows, and is given back as a whole
    size, clock = 0, asyncio.get_running_loop().time
    end = clock() + WHOLE
    try:
        async with asyncio.timeout(IDLE) as patience:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise broken_body()
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > limit:
                    raise TooLargeError
                held.write(chunk)
                if not message.get("more_body"):
                    return held.getvalue()
                patience.reschedule(min(end, clock() + IDLE))
    except TimeoutError:
        reason = (
            f"must arrive within {WHOLE:g} s, and some of it every {IDLE:g} s; {size} bytes came"
        )
        raise BodyTimeoutError([Violation("body", "", reason)], CLOSE) from None


async def discard(receive: Receive, *, expects: bool) -> bool:
    """Throw away what is sent of a body that nobody wants; return whether that was all of it.

    A client that reads nothing before it has sent everything hears the answer then. One that `expects` to be told first
    whether it may send (`Expect: 100-continue`) is told so by the answer: asking for its body would have it sent.
    """
    if expects:
        return False
    size, clock = 0, asyncio.get_running_loop().time
    end = clock() + IDLE
    try:
        while size <= UNWANTED and clock() < end:
            message = await patiently(asyncio.ensure_future(receive()), PAUSE)
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                return bool(message["type"] != "http.disconnect")
    except TimeoutError:
        pass
    return False
