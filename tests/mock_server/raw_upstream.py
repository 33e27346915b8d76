"""An upstream that speaks HTTP byte by byte: what no well-behaved server would send."""

import asyncio
import http.client
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.live import LiveMock

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: application/json\r\n"


def whole(
    body: bytes, *headers: bytes, status: bytes = b"200 OK", kind: bytes = b"application/json"
) -> bytes:
    """The bytes of an answer with a length."""
    more = b"".join(header + b"\r\n" for header in headers)
    start = b"HTTP/1.1 %s\r\nCache-Control: no-store\r\nContent-Type: %s\r\n" % (status, kind)
    return start + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


@dataclass
class Request:
    head: bytes
    body: bytes

    @property
    def target(self) -> str:
        return self.head.split(b" ")[1].decode("latin-1")

    def values(self, name: str) -> list[str]:
        lines = [line.partition(b":") for line in self.head.split(b"\r\n")[1:]]
        return [
            value.strip().decode("latin-1")
            for key, _, value in lines
            if key.decode("latin-1").lower() == name
        ]


@dataclass
class RawUpstream:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, bytes | Answer] = field(default_factory=dict)
    closed: threading.Event = field(default_factory=threading.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                request = await _read(reader)
                self.requests.append(request)
                answer = self.answers.get(request.target.partition("?")[0], b"")
                if isinstance(answer, bytes):
                    writer.write(answer or whole(b"{}"))
                    await writer.drain()
                else:
                    await answer(reader, writer)
        writer.close()
        self.closed.set()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = await reader.readuntil(b"\r\n\r\n")
    request, body = Request(head, b""), b""
    if request.values("transfer-encoding"):
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    elif length := request.values("content-length"):
        body = await reader.readexactly(int(length[0]))
    return Request(head, body)


@contextmanager
def raw_upstream(
    tls: ssl.SSLContext | None = None, **answers: bytes | Answer
) -> Iterator[RawUpstream]:
    """Serve from a thread; answers by path without its first slash."""
    upstream, loop, started = RawUpstream(), asyncio.new_event_loop(), threading.Event()
    upstream.answers = {f"/{path}": answer for path, answer in answers.items()}

    async def run() -> None:
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, ssl=tls)
        upstream.url = (
            f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        )
        started.set()
        await stopped.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    stopped = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(10)
        loop.close()


def journal(proxy: LiveMock) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(f"{proxy.url}/__mock/requests", timeout=5).json()[
        "requests"
    ]
    return found


def entry(proxy: LiveMock, path: str) -> dict[str, Any]:
    """The newest entry of a path, which may be written a moment after the answer."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for each in journal(proxy):
            if each["path"] == path:
                return each
        time.sleep(0.05)
    raise AssertionError(f"{path} is not in the journal")


def exchange(
    url: str,
    method: str,
    path: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Any:
    """Status, headers in order and raw body, as they come over the wire."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.getheaders(), content
