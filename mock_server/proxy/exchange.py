"""Exchange of one request and its answer with the upstream: judged on the way, never held up."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from mock_server.journal import masking
from mock_server.proxy.judging.content_codings import (
    BOUND,
    TOO_LARGE,
    Copy,
    UnjudgedError,
    after,
    is_over,
    start_of,
)
from mock_server.proxy.judging.proxy_findings import HEADER, Finding, header_value
from mock_server.proxy.messages.end_to_end_headers import OWN_VIA, forwarded, joined, to_upstream
from mock_server.proxy.upstream.upstream_client import TroubleError

from .cross_origin import may_read, permissions
from .refusals import Refusal, forbidden, no_answer, refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection

    import aiohttp

    from mock_server.errors import ApiError
    from mock_server.proxy.judging.judge import Judge
    from mock_server.proxy.messages.link_rewriting import Rewriting
    from mock_server.proxy.messages.proxy_request import ProxyRequest
    from mock_server.proxy.upstream.upstream_client import Upstream
    from mock_server.server.delivery import Receive, Send

log = logging.getLogger("mock_server")
T = TypeVar("T")

HOLD = 0.1
"""Seconds for which an answer may be held back, so that its violations stand in a header.

After that it is passed on as it comes, and only the journal shows what is wrong with its body.
"""

OWN = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class BrokenOffError(Exception):
    """The upstream broke off after the answer had begun: the client's connection must break too."""


class ClientLeftError(Exception):
    """The client left before it had sent its whole request, or sent what is no request."""


class Exchange:
    """What is known of one request and its answer; `run` forwards both.

    `fault` and `unjudged` are those of the journal's entry, `done` is what the upstream did where
    the client got something else, and `value` is the parsed body of the answer.
    """

    def __init__(  # noqa: PLR0913 - what it needs of the proxy
        self,
        judge: Judge,
        upstream: Upstream,
        request: ProxyRequest,
        note: Callable[[Exchange], None],
        *,
        errors: bool,
        rewriting: Rewriting | None,
        origins: Collection[str],
    ) -> None:
        self._rewriting = rewriting
        self.judge = judge
        self.upstream = upstream
        self.request = request
        self.errors = errors
        self._may_read = may_read(request, origins)
        self._note: Callable[[Exchange], None] | None = note
        self.match = judge.find(request.method, request.path)
        self.findings: list[Finding] = []
        self.status = 0
        self.fault = ""
        self.unjudged = ""
        self.done = ""
        self.value: Any = None
        self.started = perf_counter()
        self._request_copy = Copy()
        self._answer_copy = Copy()
        self._sent_all = asyncio.Event()
        self._judged = False
        self._left = False
        if not request.has_body:
            self._sent_all.set()
        self.answer_headers: dict[str, str] = {}

    async def run(self, receive: Receive, send: Send) -> None:
        """Forward the request and the answer; raises `BrokenOffError`."""
        try:
            body = self._body(receive) if self.request.has_body else None
            if body is not None and self.errors:
                body = after(await start_of(body), body)
            self._judge_request()
            refusal = self._refusal("request")
            if refusal is not None:
                await self._send_whole(send, refusal)
                return
            headers = to_upstream(self.request.headers, self.request.version)
            answering = self.upstream.ask(self.request.method, self.request.target, headers, body)
            async with await answering as response:
                await self._relay(response, send)
        except TroubleError as trouble:
            # The upstream waits in vain for the rest of a body when its client is gone.
            if self._left:
                raise ClientLeftError from trouble
            self.fault = trouble.fault
            self.done = trouble.reason
            await self._send_whole(send, no_answer(trouble))

    async def fail(self, send: Send, error: ApiError) -> bool:
        """Refuse the request; return `False` where an answer has begun, so that it is too late."""
        if self.status:
            return False
        await self._send_whole(send, refused(error))
        return True

    async def gone(self, receive: Receive) -> None:
        """Return when the client has left."""
        # Until then `_body` reads all messages, and notices by itself that the client leaves.
        await self._sent_all.wait()
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _body(self, receive: Receive) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes, and note when it is complete.

        With a `Content-Length` that is known at the last byte, before the server says that no more
        follows: the request can be judged before the upstream answers.
        """
        size = 0
        length = int(self.request.by_name.get("content-length", "-1"))
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._left = True
                raise ClientLeftError
            piece = message.get("body", b"")
            size += len(piece)
            self._request_copy.add(piece)
            if size == length or not message.get("more_body"):
                self._sent_all.set()
            if piece:
                yield piece
            if self._sent_all.is_set():
                return

    def _judge_request(self) -> None:
        """Judge the request, once, and not before all of it has come."""
        if self.match is None or self._judged or not self._sent_all.is_set():
            return
        self._judged = True
        headers = self.request.by_name
        body = b""
        try:
            if self.match.operation.body:
                body = self._request_copy.decoded(headers.get("content-encoding", ""))
            evidence = self.match, self.request.query, headers, body
            self.findings += self._judgement(self.judge.request, [], *evidence)
        except UnjudgedError as reason:
            self.unjudged = f"request: {reason}"

    async def _relay(self, response: aiohttp.ClientResponse, send: Send) -> None:
        """Pass the answer on: with all its violations in a header, or as it comes if it is slow."""
        self.answer_headers = joined(response.raw_headers)
        self._judge_request()
        wants_body = self._judge_head(response.status)
        buffered: list[bytes] = []
        body = self.upstream.pieces(response)
        ended = await self._hold(body, buffered) if wants_body else False
        if ended:
            self._judge_answer(response.status)
        refusal = self._refusal("answer")
        if refusal is not None:
            self.done = f"answered {response.status}"
            await self._send_whole(send, refusal)
            return
        if not await self._begin(response, send):
            return
        await self._pass_on(body, buffered, send, ended=ended, judged=ended or not wants_body)

    def _refusal(self, side: str) -> Refusal | None:
        """Return the error that `--errors` sends for one side, `None` if it breaks nothing."""
        return forbidden(self.findings, side, self.upstream.url) if self.errors else None

    def _judge_head(self, status: int) -> bool:
        """Judge status and headers; return whether the body is to be judged too."""
        if self.match is None:
            return False
        method = self.request.method
        evidence = self.match, method, status, self.answer_headers, self.request.by_name
        self.findings += self._judgement(self.judge.head, [], *evidence)
        if method == "HEAD":
            return False
        if not self.judge.wants_body(self.match, status, self.answer_headers):
            return False
        if is_over(self.answer_headers.get("content-length", ""), BOUND):
            self.unjudged = f"answer: {TOO_LARGE}"
            return False
        return True

    async def _hold(self, body: AsyncIterator[bytes], buffered: list[bytes]) -> bool:
        """Read the body for `HOLD` seconds; return whether it came to its end.

        With `--errors` it is read for as long as the upstream may take, since what is wrong with it
        decides what the client gets.
        """
        size = 0
        try:
            async with asyncio.timeout(self.upstream.patience if self.errors else HOLD):
                async for piece in body:
                    buffered.append(piece)
                    self._answer_copy.add(piece)
                    size += len(piece)
                    if size > BOUND:
                        return False
        except TimeoutError as error:
            if self.errors:
                raise self.upstream.trouble(error) from error
            return False
        return True

    def _judge_answer(self, status: int) -> None:
        assert self.match is not None
        try:
            body = self._answer_copy.decoded(self.answer_headers.get("content-encoding", ""))
            nothing: tuple[list[Finding], Any] = [], None
            found, self.value = self._judgement(self.judge.body, nothing, self.match, status, body)
            self.findings += found
        except UnjudgedError as reason:
            self.unjudged = f"answer: {reason}"

    async def _begin(self, response: aiohttp.ClientResponse, send: Send) -> bool:
        """Send status and headers; return whether a body is to follow."""
        version = response.version
        protocol = f"{version.major}.{version.minor}" if version else "1.1"
        headers = forwarded(response.raw_headers, protocol)
        if self._rewriting is not None:
            headers = self._rewriting.answer(headers, self.request.by_name.get("host", ""))
        status = response.status
        grants_itself = "access-control-allow-origin" in self.answer_headers
        # An API without CORS answers a preflight by 401 or 405, as it does any OPTIONS.
        if not grants_itself and self.request.is_preflight and self._may_read:
            await self._send_whole(send, Refusal(204, [], b""))
            return False
        if not grants_itself:
            headers += permissions(self.request, may=self._may_read)
        if self.findings:
            headers.append((HEADER, header_value(self.findings)))
        self.status = status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        return True

    async def _pass_on(
        self,
        body: AsyncIterator[bytes],
        buffered: list[bytes],
        send: Send,
        *,
        ended: bool,
        judged: bool,
    ) -> None:
        """Send the body: first what was held back, then what comes.

        The journal has the entry before the last piece is sent: a client that has its whole answer
        finds it there.
        """
        if ended:
            self.note()
            whole = b"".join(buffered)
            await send({"type": "http.response.body", "body": whole, "more_body": False})
            return
        # The server sends the headers with the first piece, even an empty one.
        for piece in buffered or [b""]:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        try:
            async for piece in body:
                self._answer_copy.add(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TroubleError as trouble:
            self.fault = trouble.fault
            self.done = trouble.reason
            raise BrokenOffError from trouble
        if not judged:
            self._judge_answer(self.status)
        self.note()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_whole(self, send: Send, refusal: Refusal) -> None:
        """Send an answer that the proxy gives itself."""
        self.status, headers, body = refusal
        headers = [*headers, *permissions(self.request, may=self._may_read), OWN_VIA]
        if body:
            length = str(len(body)).encode()
            headers = [*OWN, (b"content-length", length), *headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        self.note()
        content = b"" if self.request.method == "HEAD" else body
        await send({"type": "http.response.body", "body": content, "more_body": False})

    def _judgement(self, judgement: Callable[..., T], otherwise: T, *evidence: object) -> T:
        """Return a judgement, `otherwise` if the judge fails: traffic must not stop for that."""
        try:
            return judgement(*evidence)
        except UnjudgedError:
            raise
        except Exception:
            log.exception(
                "%s %s could not be judged; please report this",
                self.request.method,
                masking.path(self.request.path),
            )
            self.unjudged = "the judge failed; the log says why"
            return otherwise

    def note(self) -> None:
        """Hand the exchange to the journal and the recording, once."""
        self._judge_request()
        if self.match is not None and not self._judged and not self.unjudged:
            self.unjudged = "request: it was not sent to its end"
        if self._note is not None:
            note = self._note
            self._note = None
            note(self)
