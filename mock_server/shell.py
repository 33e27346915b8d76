"""The ASGI shell around the core: reads the body, calls the core inline, sends what it answers."""

import asyncio
import io
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from .app import OVERSIZED, STARTED, Core

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("mock_server.requests")

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
    """An ASGI application (asgi.readthedocs.io). `core` may be replaced while requests are served."""

    def __init__(self, core: Core, max_body: int) -> None:
        self.core = core
        self.max_body = max_body

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request; the server sends nothing else."""
        environ = _environ(scope)
        if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            body = await self._body(receive)
            if body is None:
                environ[OVERSIZED] = self.max_body
            else:
                environ["wsgi.input"] = io.BytesIO(body)
        response = self.core.answer(environ)
        if response.delay:
            await asyncio.sleep(response.delay)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else response.get_data()
        await send({"type": "http.response.body", "body": body, "more_body": False})
        if log.isEnabledFor(logging.DEBUG):
            spent = (perf_counter() - environ[STARTED]) * 1000
            log.debug("%s %s %d %.1f ms", scope["method"], environ["REQUEST_URI"], response.status_code, spent)

    async def _body(self, receive: Receive) -> bytes | None:
        """Read the body; `None` where it is over the limit (it is read to its end, so that the client hears the answer)."""
        chunks, size = [], 0
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            size += len(chunk)
            if size <= self.max_body:
                chunks.append(chunk)
            else:
                chunks.clear()
            if not message.get("more_body"):
                return b"".join(chunks) if size <= self.max_body else None


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
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        key = name if name in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
