"""The stream of the journal, whichever process served the requests."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING

import orjson

from mock_server.journal.entries import AT_ONCE, HEARTBEAT, LISTED, event
from mock_server.stores.store_errors import StoreError

from .entry_codec import unpack_entry

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from .connection import Server

    Pieces = AsyncGenerator[tuple[int, bytes], None]

PAUSE = 0.5
"""Seconds before a store that went away is asked again."""
CHANGED = b"event: changed\ndata: %s\n\n"
MISSED = CHANGED % orjson.dumps({"operation": "reload", "sandbox": None})


async def follow(
    server: Server,
    sandbox: str,
    after: int | None,
) -> AsyncIterator[bytes]:
    """Yield server-sent events: the kept entries with an id over `after`, then whatever happens.

    A slow reader loses no entry that is still kept when it is ready for more. Where the store goes
    away, or hangs up on who is too slow to hear of changes, what is still kept of what was missed
    comes afterwards, and that more may have been missed.
    """
    yield b": the journal of this sandbox\n\n"
    missed = b""
    while True:
        try:
            async with aclosing(_since(server, sandbox, after)) as pieces:
                async for seen, events in pieces:
                    after = seen
                    if missed or events:
                        yield missed + events
                    missed = b""
        except StoreError:
            yield b": the store is away\n\n"
            missed = MISSED
            await asyncio.sleep(PAUSE)


async def _since(
    server: Server,
    sandbox: str,
    after: int | None,
) -> Pieces:
    """Yield events with the id up to which everything was seen."""
    async with aclosing(server.follow(sandbox)) as messages:
        # The first message says that no further one is missed.
        await anext(messages)
        reply = await server.call("entries", sandbox, 0, 0, 0)
        newest = int(reply[0])
        seen = newest if after is None or after > newest else after
        async for last, events in _entries_after(server, sandbox, seen):
            seen = last
            yield seen, events
        quiet = monotonic()
        async for message in messages:
            if message is None:
                if monotonic() - quiet >= HEARTBEAT:
                    quiet = monotonic()
                    yield seen, b": still here\n\n"
            elif message.startswith(b"{"):
                yield seen, _change(message, sandbox)
            elif int(message) > seen:
                async for last, events in _entries_after(server, sandbox, seen):
                    seen = last
                    yield seen, events


def _change(message: bytes, sandbox: str) -> bytes:
    """Return a change as an event, where it concerns those who follow a sandbox."""
    facts = orjson.loads(message)
    is_ours = facts["sandbox"] in {None, sandbox} or facts["operation"] in LISTED
    return CHANGED % message if is_ours else b""


async def _entries_after(
    server: Server,
    sandbox: str,
    seen: int,
) -> Pieces:
    """Yield the kept entries with ids over `seen`, many of them in one piece."""
    while True:
        newest, *packed = await server.call("entries", sandbox, 0, seen, AT_ONCE)
        entries = list(map(unpack_entry, packed))
        is_last = len(entries) < AT_ONCE
        seen = int(newest) if is_last else entries[-1].id
        yield seen, b"".join(map(event, entries))
        if is_last:
            return
