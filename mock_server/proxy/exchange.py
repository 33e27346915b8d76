"""Exchange of one request and its answer with the upstream: judged on the way, never held up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mock_server.api import cors
from mock_server.http.replies import NO_STORE, Reply, refusal
from mock_server.proxy.judging.content_codings import BOUND, after, start_of
from mock_server.proxy.judging.contract_violations import HEADER, header_value
from mock_server.proxy.messages.end_to_end_headers import OWN_VIA, forwarded, joined, to_upstream
from mock_server.proxy.upstream.upstream_client import UpstreamError
from mock_server.server.delivery import body_message, raw_headers, start

from .refusals import forbidden, no_answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import aiohttp

    from mock_server.api.incoming_request import Request
    from mock_server.config import Settings
    from mock_server.errors import ApiError
    from mock_server.proxy.judging.exchange_verdict import Verdict
    from mock_server.proxy.messages.link_rewriting import Rewriting
    from mock_server.proxy.upstream.upstream_client import Upstream
    from mock_server.server.delivery import Message, Receive, Send

HOLD = 0.1
"""Seconds for which an answer may be held back, so that its violations stand in a header.

After that it is passed on as it comes, and only the journal shows what is wrong with its body.
"""
EXPOSED = (*cors.EXPOSED, HEADER, "Location", "Retry-After", "Proxy-Status")
"""Headers that a page may read, where the upstream says nothing of CORS."""


class BrokenOffError(Exception):
    """The upstream broke off after the answer had begun: the client's connection must break too."""


class ClientLeftError(Exception):
    """The client left before it had sent its whole request, or sent what is no request."""


class Exchange:
    """What is known of one request and its answer; `run` forwards both.

    `version` is that of HTTP in the request. `fault` is the one of the journal's entry, and
    `upstream_did` what the upstream did where the client got something else.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it needs of the proxy
        self,
        request: Request,
        version: str,
        verdict: Verdict,
        upstream: Upstream,
        settings: Settings,
        rewriting: Rewriting | None,
        note: Callable[[Exchange], None],
    ) -> None:
        assert settings.proxy is not None
        self.request = request
        self.verdict = verdict
        self.status = 0
        self.fault = ""
        self.upstream_did = ""
        self._version = version
        self._upstream = upstream
        self._rewriting = rewriting
        self._makes_errors = settings.proxy.errors
        origin = request.headers.get("origin")
        self._has_origin = origin is not None
        self._may_read = origin is not None and cors.may_call(origin, settings.cors_origins)
        self._note: Callable[[Exchange], None] | None = note
        self._sent_all = asyncio.Event()
        self._has_left = False
        self._has_body = has_body(request)
        if not self._has_body:
            self._sent_all.set()

    async def run(self, receive: Receive, send: Send) -> None:
        """Forward the request and the answer.

        Raises `BrokenOffError` and `ClientLeftError`.
        """
        try:
            await self._forward(receive, send)
        except UpstreamError as error:
            # The upstream waits in vain for the rest of a body when its client is gone.
            if self._has_left:
                raise ClientLeftError from error
            self._note_failure(error)
            await self._send_own(send, no_answer(error))

    async def fail(self, send: Send, error: ApiError) -> bool:
        """Refuse the request; return `False` where an answer has begun, so that it is too late."""
        if self.status:
            return False
        await self._send_own(send, refusal(error, NO_STORE))
        return True

    async def client_leaves(self, receive: Receive) -> None:
        """Return when the client has left."""
        # Until then `_body` reads all messages, and notices by itself that the client leaves.
        await self._sent_all.wait()
        while (await receive())["type"] != "http.disconnect":
            pass

    def note(self) -> None:
        """Hand the exchange to the journal and the recording, once."""
        self._judge_request()
        self.verdict.close()
        if self._note is not None:
            note = self._note
            self._note = None
            note(self)

    async def _forward(self, receive: Receive, send: Send) -> None:
        """Send the request to the upstream, and its answer to the client."""
        body = self._body(receive) if self._has_body else None
        if body is not None and self._makes_errors:
            # What is wrong with the request decides whether the upstream gets it.
            body = after(await start_of(body), body)
        self._judge_request()
        refused = self._forbidden("request")
        if refused is not None:
            await self._send_own(send, refused)
            return
        request = self.request
        headers = to_upstream(request.raw_headers, self._version)
        sending = self._upstream.send(request.method, target(request), headers, body)
        async with await sending as response:
            await self._relay(response, send)

    async def _body(self, receive: Receive) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes, and note when it is complete.

        With a `Content-Length` that is known at the last byte, before the server says that no more
        follows: the request can be judged before the upstream answers.
        """
        size = 0
        length = int(self.request.headers.get("content-length", "-1"))
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._has_left = True
                raise ClientLeftError
            piece = message.get("body", b"")
            size += len(piece)
            self.verdict.request_body.add(piece)
            if size == length or not message.get("more_body"):
                self._sent_all.set()
            if piece:
                yield piece
            if self._sent_all.is_set():
                return

    def _judge_request(self) -> None:
        """Judge the request, not before all of it has come."""
        if self._sent_all.is_set():
            self.verdict.judge_request()

    def _forbidden(self, side: str) -> Reply | None:
        """Return the error that `--errors` sends for one side, `None` if it breaks nothing."""
        if not self._makes_errors:
            return None
        return forbidden(self.verdict.violations, side, self._upstream.url)

    async def _relay(self, response: aiohttp.ClientResponse, send: Send) -> None:
        """Pass the answer on: with all its violations in a header, or as it comes if it is slow."""
        status = response.status
        headers = joined(response.raw_headers)
        self._judge_request()
        wants_body = self.verdict.judge_head(status, headers)
        body = self._upstream.pieces(response)
        held: list[bytes] = []
        is_whole = await self._hold(body, held) if wants_body else False
        if is_whole:
            self.verdict.judge_body(status)

        refused = self._forbidden("answer")
        if refused is not None:
            self.upstream_did = f"answered {status}"
            await self._send_own(send, refused)
            return

        has_own_cors = "access-control-allow-origin" in headers
        # An API without CORS answers a preflight by 401 or 405, as it does any OPTIONS.
        is_preflight = cors.is_preflight(self.request.method, self.request.headers)
        if is_preflight and self._may_read and not has_own_cors:
            await self._send_own(send, Reply(204, {}))
            return

        # From here on it is too late for an error in place of the answer.
        self.status = status
        await send(self._start(response, has_own_cors=has_own_cors))
        if is_whole:
            # The journal has the entry before the last piece is sent: a client that has its whole
            # answer finds it there.
            self.note()
            await send(body_message(b"".join(held)))
            return
        await self._pass_on(body, held, send)
        if wants_body:
            self.verdict.judge_body(status)
        self.note()
        await send(body_message(b""))

    async def _hold(self, body: AsyncIterator[bytes], held: list[bytes]) -> bool:
        """Read the body for `HOLD` seconds; return whether it came to its end.

        With `--errors` it is read for as long as the upstream may take, since what is wrong with it
        decides what the client gets.
        """
        size = 0
        try:
            async with asyncio.timeout(self._upstream.timeout if self._makes_errors else HOLD):
                async for piece in body:
                    held.append(piece)
                    self.verdict.answer_body.add(piece)
                    size += len(piece)
                    if size > BOUND:
                        return False
        except TimeoutError as error:
            if self._makes_errors:
                raise self._upstream.error_for(error) from error
            return False
        return True

    def _start(self, response: aiohttp.ClientResponse, *, has_own_cors: bool) -> Message:
        """Return the message that starts the client's answer."""
        version = response.version
        protocol = f"{version.major}.{version.minor}" if version else "1.1"
        headers = forwarded(response.raw_headers, protocol)
        if self._rewriting is not None:
            headers = self._rewriting.answer(headers, self.request.headers.get("host", ""))
        if not has_own_cors:
            headers += raw_headers(self._permissions())
        violations = self.verdict.violations
        if violations:
            headers += raw_headers({HEADER: header_value(violations)})
        return {"type": "http.response.start", "status": response.status, "headers": headers}

    async def _pass_on(self, body: AsyncIterator[bytes], held: list[bytes], send: Send) -> None:
        """Send what was held back of a body, and then what comes."""
        # The server sends the headers with the first piece, even an empty one.
        for piece in held or [b""]:
            await send(body_message(piece, more=True))
        try:
            async for piece in body:
                self.verdict.answer_body.add(piece)
                await send(body_message(piece, more=True))
        except UpstreamError as error:
            self._note_failure(error)
            raise BrokenOffError from error

    async def _send_own(self, send: Send, reply: Reply) -> None:
        """Send a reply that the proxy gives itself."""
        self.status = reply.status
        message = start(reply)
        message["headers"] += [*raw_headers(self._permissions()), OWN_VIA]
        await send(message)
        self.note()
        body = b"" if self.request.method == "HEAD" else reply.body
        await send(body_message(body))

    def _permissions(self) -> dict[str, str]:
        """Return the headers of CORS; the upstream has none."""
        if not self._has_origin:
            return {}
        return cors.permissions(self.request, EXPOSED, may=self._may_read)

    def _note_failure(self, error: UpstreamError) -> None:
        self.fault = error.fault
        self.upstream_did = error.reason


def has_body(request: Request) -> bool:
    """Tell whether a body follows (RFC 9112, 6.3)."""
    headers = request.headers
    length = headers.get("content-length", "0").strip()
    return "transfer-encoding" in headers or length != "0"


def target(request: Request) -> str:
    """Return path and query."""
    return f"{request.path}?{request.query}" if request.query else request.path
