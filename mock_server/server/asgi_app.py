"""The ASGI shell around the core: reads the request, has it answered, and sends the answer."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING

from mock_server.control.control_context import BODY
from mock_server.errors import ApiError, Violation
from mock_server.http.message_framing import fault_of
from mock_server.journal import masking
from mock_server.journal.capture import HEADER
from mock_server.world.overrides import NOTHING

from . import request_bodies
from .delivery import Message, Receive, Send, deliver, start

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from mock_server.api.app import Core
    from mock_server.api.incoming_request import Request
    from mock_server.http.replies import Reply

log = logging.getLogger("mock_server.requests")

AT_ONCE = 2
"""How many bodies that are larger than most may be are in memory at once; others wait."""


class AsgiApp:
    """An ASGI application (asgi.readthedocs.io).

    `core` may be replaced while requests are served. Once `stopping` is set, no answer is waited
    for any more.
    """

    def __init__(self, core: Core, max_body: int) -> None:
        self.core = core
        self.max_body = max_body
        self.stopping = asyncio.Event()
        self._large = asyncio.Semaphore(AT_ONCE)

    def warm(self) -> object:
        """Load openapi-core."""
        return self.core.pipeline.api.explain

    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Return what is entered before the first request, and left after the last one."""
        return nullcontext()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; the server sends nothing else."""
        await self.serve(read_request(self.core, scope), scope, receive, send)

    async def serve(
        self,
        request: Request,
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        """Have a request answered by the core, and send the reply."""
        core = self.core
        if "content-length" in request.headers or "transfer-encoding" in request.headers:
            reply = await self._answer_with_body(core, request, receive)
        else:
            reply = await core.answer(request)
        if reply.about.plan is not NOTHING or reply.events is not None:
            await deliver(reply, scope, receive, send, self.stopping)
        else:
            await send(start(reply))
            body = b"" if request.method == "HEAD" else reply.body
            await send({"type": "http.response.body", "body": body, "more_body": False})
        if log.isEnabledFor(logging.DEBUG):
            taken = (perf_counter() - request.started) * 1000
            path = masking.path(request.path)
            log.debug("%s %s %d %.1f ms", request.method, path, reply.status, taken)

    async def _answer_with_body(self, core: Core, request: Request, receive: Receive) -> Reply:
        """Read the body of a request that is not refused anyway, and answer it."""
        limit = core.largest_body(request, self.max_body)
        is_large = limit is not None and limit > max(BODY, self.max_body)
        async with self._large if is_large else nullcontext():
            request, is_over = await _with_body(request, receive, limit)
            reply = await core.answer(request)
        if is_over:
            return reply
        # What follows on this connection is the rest of the body, and no request.
        return reply._replace(headers={**reply.headers, "Connection": "close"})


def read_request(core: Core, scope: Message) -> Request:
    """Read an ASGI scope; headers that come twice are joined (RFC 9110, 5.3)."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw_path.partition(b"?")[0].decode("latin-1")
    headers: dict[str, str] = {}
    size = 0
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        value = raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
        size += HEADER + len(name) + len(value)
    fault = fault_of(
        path, scope["http_version"], headers.get("host"), headers.get("transfer-encoding")
    )
    query = scope["query_string"].decode("latin-1")
    return core.receive(scope["method"], path, query, headers, scope["headers"], size, fault)


async def _with_body(request: Request, receive: Receive, limit: int | None) -> tuple[Request, bool]:
    """Return a request with its body, or with why that was not read.

    Return also whether all of the body was taken. That of a request that is refused anyway, for
    which there is no `limit`, is thrown away unread.
    """
    expects = "expect" in request.headers
    if limit is None:
        return request, await request_bodies.discard(receive, expects=expects)
    length = request_bodies.declared(request.headers.get("content-length", ""))
    try:
        body = await request_bodies.read(receive, limit, length)
    except request_bodies.TooLargeError:
        unread = Violation("body", "", f"must be at most {limit} bytes")
        is_over = await request_bodies.discard(receive, expects=expects)
        return request._replace(unread=unread), is_over
    except ApiError as fault:
        return request._replace(fault=fault), True
    return request._replace(body=body), True
