"""The stream of the journal, whichever process served the requests."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING

import orjson

from mock_server.journal.entries import AT_ONCE, HEARTBEAT, LISTED, event

from .entry_codec import unpack_entry
from .store_errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from .connection import Server

    Told = AsyncGenerator[tuple[int, bytes], None]

PAUSE = 0.5
"""Seconds before a store that went away is asked again."""
CHANGED = b"event: changed\ndata: %s\n\n"
MISSED = CHANGED % orjson.dumps({"operation": "reload", "sandbox": None})


async def follow(server: Server, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
    """Yield server-sent events: the kept entries with an id over `after`, then whatever happens.

    A slow reader loses no entry that is still kept when it is ready for more. Where the store goes away, or hangs up on who is
    too slow to hear of changes, what is still kept of what was missed comes afterwards, and that more may have been missed.
    """
    yield b": the journal of this sandbox\n\n"
    missed = b""
    while True:
        try:
            async with aclosing(_since(server, sandbox, after)) as events:
                async for seen, said in events:
                    after = seen
                    if missed or said:
                        yield missed + said
                    missed = b""
        except StoreError:
            yield b": the store is away\n\n"
            missed = MISSED
            await asyncio.sleep(PAUSE)


async def _since(server: Server, sandbox: str, after: int | None) -> Told:
    """Yield events with the id up to which everything was seen."""
    async with aclosing(server.follow(sandbox)) as heard:
        await anext(heard)
        newest = int((await server.call("entries", sandbox, 0, 0, 0))[0])
        seen = newest if after is None or after > newest else after
        async for place, said in _kept(server, sandbox, seen):
            seen = place
            yield seen, said
        quiet = monotonic()
        async for news in heard:
            if news is None:
                if monotonic() - quiet >= HEARTBEAT:
                    quiet = monotonic()
                    yield seen, b": still here\n\n"
            elif news.startswith(b"{"):
                told = orjson.loads(news)
                if told["sandbox"] in {None, sandbox} or told["operation"] in LISTED:
                    yield seen, CHANGED % news
            elif int(news) > seen:
                async for place, said in _kept(server, sandbox, seen):
                    seen = place
                    yield seen, said


async def _kept(server: Server, sandbox: str, seen: int) -> Told:
    """Yield what is kept of a journal with ids over `seen`, many entries in one piece."""
    more = True
    while more:
        newest, *found = await server.call("entries", sandbox, 0, seen, AT_ONCE)
        entries = [unpack_entry(raw) for raw in found]
        more = len(entries) == AT_ONCE
        seen = entries[-1].id if more else int(newest)
        yield seen, b"".join(map(event, entries))
