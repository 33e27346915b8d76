"""The ASGI shell around the core: reads the body, calls the core inline, sends what it answers."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from . import masking
from .app import STARTED, Core
from .delivery import Message, Receive, Send, deliver, start
from .journal import Journal
from .pipeline import OVERSIZED
from .rules import NOTHING
from .store import DEFAULT
from .wire import HEADER, HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .journal import Entry
    from .sandbox import Sandbox
    from .shared.turns import Turns

log = logging.getLogger("mock_server.requests")

CONTROL_BODY = 64 * 1024 * 1024
"""The largest body of the control API in bytes: a whole state."""

_BASE: dict[str, Any] = {
    "SCRIPT_NAME": "",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.url_scheme": "http",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
}


class ClientGoneError(Exception):
    """The client left before its request was whole; nobody waits for an answer, and nothing may be done."""


class Shell:
    """An ASGI application (asgi.readthedocs.io). `core` may be replaced while requests are served.

    Where sandboxes are shared, `turns` runs the core. Once `stopping` is set, no answer is waited for any more.
    """

    def __init__(self, core: Core, max_body: int, turns: Turns | None = None) -> None:
        self.core, self.turns = core, turns
        self.max_body = max_body
        self.stopping = asyncio.Event()

    def default(self) -> Sandbox:
        """Answer the default sandbox, while nothing is served; raises `StoreError`."""
        return self.core.store.load(DEFAULT) if self.turns is None else asyncio.run(self.turns.default())

    def listen(self, heard: Callable[[Entry], None]) -> None:
        """Have `heard` called with each request that is answered."""
        if self.turns is not None:
            self.turns.heard = heard
        elif isinstance(self.core.journal, Journal):
            self.core.journal.heard = heard

    def warm(self) -> object:
        """Load openapi-core."""
        return self.core.pipeline.api.explain

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; the server sends nothing else."""
        environ = _environ(scope)
        if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            limit = max(self.max_body, CONTROL_BODY) if "/__mock/" in environ["REQUEST_URI"] else self.max_body
            try:
                body = await _read(receive, limit)
            except ClientGoneError:
                return
            if body is None:
                environ[OVERSIZED] = limit
            else:
                environ["wsgi.input"] = io.BytesIO(body)
        core = self.core.answer
        response = core(environ) if self.turns is None else await self.turns.answer(core, environ)
        if response.plan is not NOTHING or response.events is not None:
            await deliver(response, scope, receive, send, self.stopping)
        else:
            await send(start(response))
            body = b"" if scope["method"] == "HEAD" else response.sent
            await send({"type": "http.response.body", "body": body, "more_body": False})
        if log.isEnabledFor(logging.DEBUG):
            spent = (perf_counter() - environ[STARTED]) * 1000
            log.debug("%s %s %d %.1f ms", scope["method"], masking.path(environ["REQUEST_URI"]), response.status_code, spent)


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Read the body; `None` where it is over the limit (it is read to its end, so that the client hears the answer)."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body"):
            return b"".join(chunks) if size <= limit else None


def _environ(scope: Message) -> dict[str, Any]:
    """Translate an ASGI scope into a WSGI environment; headers that come twice are joined (RFC 9110, 5.3)."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.partition(b"?")[0].decode("latin-1")
    environ = {
        **_BASE,
        "REQUEST_METHOD": scope["method"],
        "REQUEST_URI": path,
        "PATH_INFO": path,
        STARTED: perf_counter(),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "wsgi.input": io.BytesIO(),
    }
    held = 0
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        key = name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
        held += HEADER + len(name) + len(value)
    environ[HEADERS] = scope["headers"], held
    return environ
