"""The ASGI shell around the core: reads the body, calls the core inline, sends what it answers."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mock_server.api.app import FAULT, STARTED, Core
from mock_server.api.pipeline import UNREAD
from mock_server.api.routing import Kind
from mock_server.errors import ApiError, Violation
from mock_server.http.message_framing import fault_of
from mock_server.journal import masking
from mock_server.journal.capture import HEADER, HEADERS
from mock_server.journal.entries import Journal
from mock_server.stores.memory import DEFAULT
from mock_server.world.overrides import NOTHING

from . import request_bodies
from .delivery import Message, Receive, Send, deliver, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.http.replies import Reply
    from mock_server.journal.entries import Entry
    from mock_server.world.sandbox import Sandbox

    from .batching import Turns

log = logging.getLogger("mock_server.requests")

CONTROL_BODY = 1024 * 1024
"""The largest body of a call of the control API in bytes."""
STATE_BODY = 64 * 1024 * 1024
"""The largest one of the call that takes a whole state."""
STATE = "putState"
AT_ONCE = 2
"""How many whole states are in memory at once; others wait."""

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


class Shell:
    """An ASGI application (asgi.readthedocs.io). `core` may be replaced while requests are served.

    Where sandboxes are shared, `turns` runs the core. Once `stopping` is set, no answer is waited for any more.
    """

    def __init__(self, core: Core, max_body: int, turns: Turns | None = None) -> None:
        self.core, self.turns = core, turns
        self.max_body = max_body
        self.stopping = asyncio.Event()
        self._states = asyncio.Semaphore(AT_ONCE)

    def default(self) -> Sandbox:
        """Return the default sandbox, while nothing is served; raises `StoreError`."""
        return (
            self.core.store.load(DEFAULT)
            if self.turns is None
            else asyncio.run(self.turns.default())
        )

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
        environ, core = _environ(scope), self.core
        if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            response = await self._answer_with_body(core, environ, receive)
        else:
            response = await self._answer(core, environ)
        if response.plan is not NOTHING or response.events is not None:
            await deliver(response, scope, receive, send, self.stopping)
        else:
            await send(start(response))
            body = b"" if scope["method"] == "HEAD" else response.sent
            await send({"type": "http.response.body", "body": body, "more_body": False})
        if log.isEnabledFor(logging.DEBUG):
            spent = (perf_counter() - environ[STARTED]) * 1000
            log.debug(
                "%s %s %d %.1f ms",
                scope["method"],
                masking.path(environ["REQUEST_URI"]),
                response.status_code,
                spent,
            )

    async def _answer(self, core: Core, environ: dict[str, Any]) -> Reply:
        return (
            core.answer(environ)
            if self.turns is None
            else await self.turns.answer(core.answer, environ)
        )

    async def _answer_with_body(
        self, core: Core, environ: dict[str, Any], receive: Receive
    ) -> Reply:
        """Check who asks for what first, and read only then; what is refused anyway is thrown away unread."""
        limit = self._limit(core, environ)
        if limit is None:
            return await self._answer_unread(core, environ, receive)
        if limit > CONTROL_BODY and limit > self.max_body:
            async with self._states:
                return await self._answer_read(core, environ, receive, limit)
        return await self._answer_read(core, environ, receive, limit)

    def _limit(self, core: Core, environ: dict[str, Any]) -> int | None:
        """Return how many bytes the body may have; `None` where the request is refused whatever they are."""
        try:
            core.admit(environ)
        except ApiError:
            return None
        route = core.matched(environ)
        if route.rule is None:
            return None
        if route.kind is not Kind.CONTROL:
            return self.max_body
        return max(self.max_body, STATE_BODY if route.rule.endpoint == STATE else CONTROL_BODY)

    async def _answer_read(
        self, core: Core, environ: dict[str, Any], receive: Receive, limit: int
    ) -> Reply:
        try:
            body = await request_bodies.read(
                receive, limit, request_bodies.declared(environ.get("CONTENT_LENGTH", ""))
            )
        except request_bodies.TooLargeError:
            environ[UNREAD] = Violation("body", "", f"must be at most {limit} bytes")
            return await self._answer_unread(core, environ, receive)
        except ApiError as fault:
            environ[FAULT] = fault
        else:
            environ["wsgi.input"] = io.BytesIO(body)
        return await self._answer(core, environ)

    async def _answer_unread(self, core: Core, environ: dict[str, Any], receive: Receive) -> Reply:
        is_over = await request_bodies.discard(receive, expects="HTTP_EXPECT" in environ)
        reply = await self._answer(core, environ)
        if not is_over:
            reply.headers["Connection"] = "close"
        return reply


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
    fault = fault_of(
        path, scope["http_version"], environ.get("HTTP_HOST"), environ.get("HTTP_TRANSFER_ENCODING")
    )
    if fault is not None:
        environ[FAULT] = fault
    return environ
