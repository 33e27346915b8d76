"""One request on its way to the upstream and back: judged on the way, held up by nothing."""

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
    from mock_server.proxy.messages.proxy_request import Incoming
    from mock_server.proxy.upstream.upstream_client import Upstream
    from mock_server.server.delivery import Receive, Send

log = logging.getLogger("mock_server")
T = TypeVar("T")

HOLD = 0.1
"""Seconds for which an answer may be held back to be judged; then it goes out as it comes, and the journal has the rest."""

OWN = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class BrokenOffError(Exception):
    """The upstream broke off after the answer had begun, and so the connection to the client has to be broken too."""


class ClientLeftError(Exception):
    """The client left before it had sent its whole request, or sent what is none."""


class Exchange:
    """What is known of one request and its answer; `run` does it all."""

    def __init__(  # noqa: PLR0913 - what it needs of the proxy
        self,
        judge: Judge,
        upstream: Upstream,
        asked: Incoming,
        note: Callable[[Exchange], None],
        *,
        errors: bool,
        rewriting: Rewriting | None,
        origins: Collection[str],
    ) -> None:
        self._rewriting = rewriting
        self.judge, self.upstream, self.asked, self.errors = judge, upstream, asked, errors
        self._may_read = may_read(asked, origins)
        self._note: Callable[[Exchange], None] | None = note
        self.match = judge.find(asked.method, asked.path)
        self.findings: list[Finding] = []
        self.status, self.fault, self.unjudged, self.done = 0, "", "", ""
        self.value: Any = None
        self.started = perf_counter()
        self._request, self._answer = Copy(), Copy()
        self._sent_all, self._judged, self._left = asyncio.Event(), False, False
        if not asked.has_body:
            self._sent_all.set()
        self.answer_headers: dict[str, str] = {}

    async def run(self, receive: Receive, send: Send) -> None:
        """Forward the request and the answer; raises `BrokenOffError`."""
        try:
            body = self._body(receive) if self.asked.has_body else None
            if body is not None and self.errors:
                body = after(await start_of(body), body)
            self._judge_request()
            if self.errors and (refusal := forbidden(self.findings, "request", self.upstream.url)):
                await self._send_whole(send, refusal)
                return
            headers = to_upstream(self.asked.headers, self.asked.version)
            async with await self.upstream.ask(
                self.asked.method, self.asked.target, headers, body
            ) as response:
                await self._relay(response, send)
        except TroubleError as trouble:
            if self._left:  # which is why the upstream did not answer
                raise ClientLeftError from trouble
            self.fault, self.done = trouble.fault, trouble.reason
            await self._send_whole(send, no_answer(trouble))

    async def fail(self, send: Send, error: ApiError) -> bool:
        """Refuse the request; return `False` where that cannot be said, since an answer has begun."""
        if self.status:
            return False
        await self._send_whole(send, refused(error))
        return True

    async def gone(self, receive: Receive) -> None:
        """Return when the client has left; until its request is there, whoever reads that will notice."""
        await self._sent_all.wait()
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _body(self, receive: Receive) -> AsyncIterator[bytes]:
        """Yield the request's body as it comes; with its last byte it is known to be whole."""
        size, length = 0, int(self.asked.by_name.get("content-length", "-1"))
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self._left = True
                raise ClientLeftError
            piece = message.get("body", b"")
            size += len(piece)
            self._request.add(piece)
            if size == length or not message.get("more_body"):
                self._sent_all.set()
            if piece:
                yield piece
            if self._sent_all.is_set():
                return

    def _judge_request(self) -> None:
        """Judge the request, once it is there as a whole."""
        if self.match is None or self._judged or not self._sent_all.is_set():
            return
        self._judged = True
        headers = self.asked.by_name
        try:
            body = (
                self._request.decoded(headers.get("content-encoding", ""))
                if self.match.operation.body
                else b""
            )
            self.findings += self._said(
                self.judge.request, [], self.match, self.asked.query, headers, body
            )
        except UnjudgedError as reason:
            self.unjudged = f"request: {reason}"

    async def _relay(self, response: aiohttp.ClientResponse, send: Send) -> None:
        """Pass the answer on: whole and with all that is wrong with it, or as it comes where it is long or slow."""
        self.answer_headers = joined(response.raw_headers)
        self._judge_request()
        wants_body = self._judge_head(response.status)
        held: list[bytes] = []
        body = self.upstream.pieces(response)
        ended = await self._hold(body, held) if wants_body else False
        if ended:
            self._judge_answer(response.status)
        if self.errors and (refusal := forbidden(self.findings, "answer", self.upstream.url)):
            self.done = f"answered {response.status}"
            await self._send_whole(send, refusal)
            return
        if not await self._begin(response, send):
            return
        await self._pass_on(body, held, send, ended=ended, judged=ended or not wants_body)

    def _judge_head(self, status: int) -> bool:
        """Judge status and headers; return whether the body is to be judged too."""
        if self.match is None:
            return False
        evidence = self.match, self.asked.method, status, self.answer_headers, self.asked.by_name
        self.findings += self._said(self.judge.head, [], *evidence)
        if self.asked.method == "HEAD" or not self.judge.wants_body(
            self.match, status, self.answer_headers
        ):
            return False
        if is_over(self.answer_headers.get("content-length", ""), BOUND):
            self.unjudged = f"answer: {TOO_LARGE}"
            return False
        return True

    async def _hold(self, body: AsyncIterator[bytes], held: list[bytes]) -> bool:
        """Read the body for a moment, or as long as its errors matter; return whether that was all of it."""
        size = 0
        try:
            async with asyncio.timeout(self.upstream.patience if self.errors else HOLD):
                async for piece in body:
                    held.append(piece)
                    self._answer.add(piece)
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
            body = self._answer.decoded(self.answer_headers.get("content-encoding", ""))
            nothing: tuple[list[Finding], Any] = [], None
            found, self.value = self._said(self.judge.body, nothing, self.match, status, body)
            self.findings += found
        except UnjudgedError as reason:
            self.unjudged = f"answer: {reason}"

    async def _begin(self, response: aiohttp.ClientResponse, send: Send) -> bool:
        """Send status and headers; return whether a body is to follow."""
        version = response.version
        headers = forwarded(
            response.raw_headers, f"{version.major}.{version.minor}" if version else "1.1"
        )
        if self._rewriting is not None:
            headers = self._rewriting.answer(headers, self.asked.by_name.get("host", ""))
        status, grants_itself = (
            response.status,
            "access-control-allow-origin" in self.answer_headers,
        )
        if not grants_itself and self.asked.is_preflight and self._may_read:
            await self._send_whole(send, Refusal(204, [], b""))
            return False
        if not grants_itself:
            headers += permissions(self.asked, may=self._may_read)
        if self.findings:
            headers.append((HEADER, header_value(self.findings)))
        self.status = status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        return True

    async def _pass_on(
        self,
        body: AsyncIterator[bytes],
        held: list[bytes],
        send: Send,
        *,
        ended: bool,
        judged: bool,
    ) -> None:
        """Send the body: what was held, then what comes; the journal has it before the client can know it is whole."""
        if ended:
            self.note()
            await send({"type": "http.response.body", "body": b"".join(held), "more_body": False})
            return
        for piece in held or [b""]:  # an empty piece has the server send the headers
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        try:
            async for piece in body:
                self._answer.add(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TroubleError as trouble:
            self.fault, self.done = trouble.fault, trouble.reason
            raise BrokenOffError from trouble
        if not judged:
            self._judge_answer(self.status)
        self.note()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_whole(self, send: Send, refusal: Refusal) -> None:
        """Send an answer of our own."""
        self.status, headers, body = refusal
        headers = [*headers, *permissions(self.asked, may=self._may_read), OWN_VIA]
        if body:
            length = str(len(body)).encode()
            headers = [*OWN, (b"content-length", length), *headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        self.note()
        content = b"" if self.asked.method == "HEAD" else body
        await send({"type": "http.response.body", "body": content, "more_body": False})

    def _said(self, judgement: Callable[..., T], otherwise: T, *evidence: object) -> T:
        """Return a judgement; a failure of ours must not keep anything from passing."""
        try:
            return judgement(*evidence)
        except UnjudgedError:
            raise
        except Exception:
            log.exception(
                "%s %s could not be judged; please report this",
                self.asked.method,
                masking.path(self.asked.path),
            )
            self.unjudged = "the judge failed; the log says why"
            return otherwise

    def note(self) -> None:
        """Hand the exchange to the journal and the recording, once."""
        self._judge_request()
        if self.match is not None and not self._judged and not self.unjudged:
            self.unjudged = "request: it was not sent to its end"
        if self._note is not None:
            note, self._note = self._note, None
            note(self)
