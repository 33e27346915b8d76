"""An ASGI application on an address, until it has to stop."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

GRACE = 1.0
"""Seconds in which the requests under way have to end when the server stops."""
BACKLOG = 1024
CONNECTIONS = 65_536
"""How many connections are served at once.

Granian's own bound, 128, would leave the others waiting for ever.
"""


class Application(Protocol):
    """What is served; once `stopping` is set, it waits for nothing any more."""

    stopping: asyncio.Event

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Return what is entered before the first request, and left after the last one."""
        ...

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one HTTP request (asgi.readthedocs.io)."""
        ...

    def warm(self) -> object:
        """Load what only some requests need; called from another thread."""
        ...


async def listen(
    app: Application,
    host: str,
    port: int,
    begin: Callable[[Callable[[], None]], None],
    *,
    alone: bool,
) -> None:
    """Serve; `begin` is called when connections are accepted, with what stops the server.

    Where the process is `alone`, doing nothing else, errors are logged and the process is tuned
    for serving.
    """
    server = _server(app, host, port, log_errors=alone)

    def stop() -> None:
        if app.stopping.is_set():
            return
        app.stopping.set()
        server.stop()  # type: ignore[no-untyped-call]
        asyncio.get_running_loop().call_later(GRACE, _cut, own, serving)

    async with app.lifespan():
        serving = asyncio.create_task(server.serve())
        await _listening(host, port)
        own = asyncio.all_tasks()
        if not serving.done():
            begin(stop)
            threading.Thread(target=prepare, args=(app, alone), daemon=True).start()
        with suppress(asyncio.CancelledError):
            await serving


def prepare(app: Application, alone: bool) -> None:  # noqa: FBT001 - called by a thread
    """Load openapi-core, so that the first refusal holds up nobody."""
    app.warm()
    if alone:
        # What stays for good is no garbage to look through, which would stop a process now and
        # again for tens of milliseconds.
        gc.collect()
        gc.freeze()


def _server(
    app: Application,
    host: str,
    port: int,
    *,
    log_errors: bool,
) -> Server:
    return Server(
        app,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        log_enabled=log_errors,
        log_level=LogLevels.error,
        # Nothing of its own: it is logged as everything else is.
        log_dictconfig={"version": 1, "incremental": True, "handlers": {}, "loggers": {}},
    )


def _cut(own: set[asyncio.Task[None]], serving: asyncio.Task[None]) -> None:
    """Give up what is still being served.

    The server would wait for clients that neither send the rest nor read.
    """
    # To Granian a request that is given up is an error.
    logging.getLogger("_granian").setLevel(logging.CRITICAL)
    for request in asyncio.all_tasks() - own:
        request.cancel()
    asyncio.get_running_loop().call_later(GRACE, serving.cancel)


async def _listening(host: str, port: int) -> None:
    """Return when connections are accepted; Granian does not tell."""
    for _ in range(200):
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(0.01)
