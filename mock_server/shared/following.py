"""The stream of the journal, whichever process served the requests."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING

import orjson

from mock_server.journal import HEARTBEAT, LISTED, event

from .entries import unpack_entry
from .errors import StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from .server import Server

PAUSE = 0.5
"""Seconds before a store that went away is asked again."""


async def follow(server: Server, sandbox: str, after: int | None) -> AsyncIterator[bytes]:
    """Answer server-sent events: the kept entries with an id over `after`, then whatever happens.

    Where the store goes away, what is still kept of what was missed comes when it is back.
    """
    yield b": the journal of this sandbox\n\n"
    while True:
        try:
            async with aclosing(_since(server, sandbox, after)) as events:
                async for identity, said in events:
                    after = identity if identity is not None else after
                    if said:
                        yield said
        except StoreError:
            yield b": the store is away\n\n"
            await asyncio.sleep(PAUSE)


async def _since(server: Server, sandbox: str, after: int | None) -> AsyncGenerator[tuple[int | None, bytes], None]:
    """Answer events with the id up to which everything was seen."""
    async with aclosing(server.follow(sandbox)) as heard:
        await anext(heard)
        newest, *kept = await server.call("entries", sandbox, 0)
        seen = int(newest) if after is None or after > int(newest) else after
        for raw in kept:
            entry = unpack_entry(raw)
            if entry.id > seen:
                seen = entry.id
                yield seen, event(entry)
        yield seen, b""
        quiet = monotonic()
        async for news in heard:
            if news is None:
                if monotonic() - quiet >= HEARTBEAT:
                    quiet = monotonic()
                    yield None, b": still here\n\n"
            elif news.startswith(b"{"):
                told = orjson.loads(news)
                if told["sandbox"] in {None, sandbox} or told["operation"] in LISTED:
                    yield None, b"event: changed\ndata: %s\n\n" % news
            else:
                entry = unpack_entry(news)
                if entry.id > seen:
                    seen = entry.id
                    yield seen, event(entry)
