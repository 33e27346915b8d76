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
"""Seconds without a piece after which the rest of an unwanted body is not waited for."""
UNWANTED = 64 * 1024 * 1024
"""How many bytes of an unwanted body are read, so that its sender hears the answer."""


class TooLargeError(Exception):
    """The body is over its limit."""


def declared(length: str) -> int:
    """Return what `Content-Length` says; 0 where it says nothing."""
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


async def read(receive: Receive, limit: int, length: int = 0) -> bytes:
    """Return a body of which `length` bytes are announced.

    Raise `TooLargeError`, `BodyTimeoutError` or `BadRequestError`.
    """
    if length > limit:
        raise TooLargeError
    # One block that grows, and is given back as a whole.
    held = io.BytesIO()
    clock = asyncio.get_running_loop().time
    end = clock() + WHOLE
    try:
        async with asyncio.timeout(IDLE) as timeout:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise broken_body()
                held.write(message.get("body", b""))
                if held.tell() > limit:
                    raise TooLargeError
                if not message.get("more_body"):
                    return held.getvalue()
                timeout.reschedule(min(end, clock() + IDLE))
    except TimeoutError:
        came = f"{held.tell()} bytes came"
        reason = f"must arrive within {WHOLE:g} s, and some of it every {IDLE:g} s; {came}"
        raise BodyTimeoutError([Violation("body", "", reason)], CLOSE) from None


async def discard(receive: Receive, *, expects: bool) -> bool:
    """Throw away what is sent of a body that nobody wants; return whether that was all of it.

    So a client that reads nothing before it has sent everything hears the answer, too.
    """
    # A client that asks first whether it may send (`Expect: 100-continue`) is told by the answer:
    # asking for its body would have it sent.
    if expects:
        return False
    size = 0
    clock = asyncio.get_running_loop().time
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
