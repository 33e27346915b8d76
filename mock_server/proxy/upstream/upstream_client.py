"""The server behind the proxy: kept-alive connections to it, and what goes wrong with it, in words."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from mock_server.stores.timeouts import patiently

from .upstream_network import origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .upstream_network import Trust

LARGEST_HEADER = 64 * 1024
LARGEST_HEAD = 512 * 1024
"""How many bytes all headers of an answer may take."""
STATUSES = range(200, 1000)
"""What can be passed on as a last answer (RFC 9110, 15); no client can read another one, nor this server write it."""
WANTS_CREDENTIALS = 407
UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Bytes that no header may hold (RFC 9110, 5.5)."""
IDLE = 4.0
"""Seconds for which an unused connection is kept; less than servers usually do, so that it is seldom they who close it."""
AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""Headers that the client library would add to a request that has none."""
FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""What the client library raises where the upstream does not do as HTTP says, or does nothing."""


class TroubleError(Exception):
    """The upstream gave no answer, or only a part of one. The text says why, to whoever asked; `reason` to the journal.

    `kind` is its name in RFC 9209, `fault` the journal's.
    """

    def __init__(self, url: str, status: int, fault: str, kind: str, reason: str) -> None:
        super().__init__(f"The upstream {url} {reason}.")
        self.status, self.fault, self.kind, self.reason = status, fault, kind, reason


class LieError(ValueError):
    """The upstream's answer is none that HTTP knows; the text says in what."""


def check_url(url: str) -> str | None:
    """Say what is wrong with the URL of an upstream; nothing of it is repeated, since it may hold a password."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return "must start with http:// or https:// and name a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials: clients send their own through the proxy"
    return "must not have a query or a fragment" if parts.query or parts.fragment else None


class Upstream:
    """One upstream, reached through a `proxy` where there is one; a context manager, which closes its connections."""

    def __init__(self, url: str, patience: float, verify: Trust, proxy: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.patience, self._verify, self._proxy = patience, verify, proxy
        self._base = str(URL(self.url)).rstrip("/")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._verify, keepalive_timeout=IDLE),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self.patience, sock_read=self.patience
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            proxy=self._proxy,
            skip_auto_headers=AUTOMATIC,
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
            max_headers=1000,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: AsyncIterator[bytes] | None,
    ) -> aiohttp.ClientResponse:
        """Send a request and return the response once its headers are there; raises `TroubleError`.

        The upstream has its time for each piece of the request that it has to take, and then for all of its headers,
        however slowly they come.
        """
        pace = Pace()
        url, data = URL(self._base + target, encoded=True), body and pace.watch(body)
        asked = self._session.request(
            Verbatim(method), url, headers=CIMultiDict(headers), data=data, allow_redirects=False
        )
        asking = asyncio.ensure_future(asked)
        try:
            return self._checked(await patiently(asking, self.patience, pace.progress))
        except FAILURES as error:
            raise self.trouble(error) from error
        finally:
            asking.cancel()

    def trouble(self, error: Exception) -> TroubleError:
        """Put a failure into words."""
        status, fault, kind, reason = _explained(error, self.patience)
        if self._proxy is not None and fault == "UPSTREAM_UNREACHABLE":
            reason = f"{reason} (through the proxy {origin(self._proxy)})"
        return TroubleError(self.url, status, fault, kind, reason)

    def _checked(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """Return a response that can be passed on; raises, and closes the connection, where it cannot."""
        try:
            if self._proxy is not None and response.status == WANTS_CREDENTIALS:
                raise aiohttp.ClientHttpProxyError(
                    response.request_info, (), status=response.status
                )
            if lie := _lie(response):
                raise LieError(lie)
        except FAILURES:
            response.close()
            raise
        return response

    def pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Return the body as it comes, in its content coding; raises `TroubleError`."""
        return Pieces(self, response.content)


class Pace:
    """Whether the upstream has to do something, and how much it has done: a client may take its time with its request."""

    def __init__(self) -> None:
        self._taken, self._is_waiting = 0, True

    def progress(self) -> int | None:
        """Return how many pieces the upstream has taken, `None` while the client is to send the next one."""
        return self._taken if self._is_waiting else None

    async def watch(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Return what is sent."""
        self._is_waiting = False
        async for piece in body:
            self._is_waiting = True
            yield piece
            self._is_waiting = False
            self._taken += 1
        self._is_waiting = True


class Pieces:
    """A body as it comes. Whatever else the upstream sends meanwhile (extensions, trailers), a piece must come in time.

    A reader may be cancelled and go on later, which it could not with a generator.
    """

    def __init__(self, upstream: Upstream, content: aiohttp.StreamReader) -> None:
        self._upstream, self._content = upstream, content

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = self._content.read_nowait() or await self._next()
        except FAILURES as error:
            raise self._upstream.trouble(error) from error
        if not piece:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._upstream.patience):
                return await self._content.readany()
        except TimeoutError:
            if piece := self._content.read_nowait():  # it came while this process was busy
                return piece
            raise


class Verbatim(str):
    """A method as it came: methods are case-sensitive (RFC 9110, 9.1), and the client library would write it large."""

    __slots__ = ()

    def upper(self) -> str:
        """Return it as it is."""
        return self


def _lie(response: aiohttp.ClientResponse) -> str | None:
    """Say why a response cannot be passed on, `None` where it can."""
    if response.status not in STATUSES:
        return f"answered with the status {response.status:03d}, which ends no exchange"
    if {coding.strip().lower() for coding in response.headers.getall("Transfer-Encoding", ())} - {
        "chunked"
    }:
        return "encoded its answer for the transfer in a way that nobody had asked for"
    if sum(len(name) + len(value) for name, value in response.raw_headers) > LARGEST_HEAD:
        return "sent too many headers"
    odd = (name for name, value in response.raw_headers if UNSENDABLE.search(value))
    found = next(odd, None)
    return (
        None
        if found is None
        else f"sent a header that holds what HTTP forbids: {found.decode('latin-1')[:40]}"
    )


def _explained(error: Exception, patience: float) -> tuple[int, str, str, str]:
    """Return status, the journal's name, the name in RFC 9209, and the rest of the sentence."""
    match error:
        case TimeoutError():
            return (
                504,
                "UPSTREAM_TIMEOUT",
                "connection_timeout",
                f"did not answer within {patience:g} s (--timeout)",
            )
        case (
            aiohttp.ClientConnectorCertificateError()
            | aiohttp.ClientConnectorSSLError()
            | ssl.SSLError()
        ):
            cause = getattr(error, "certificate_error", error)
            why = (
                getattr(cause, "verify_message", None)
                or getattr(cause, "reason", None)
                or "TLS failed"
            )
            said = f"cannot be trusted: {why} (--tls-verify FILE names authorities to trust)"
            return 502, "UPSTREAM_UNREACHABLE", "tls_certificate_error", said
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            why = (
                _refused(error.status)
                if isinstance(error, aiohttp.ClientHttpProxyError)
                else _why(error.os_error)
            )
            return (
                502,
                "UPSTREAM_UNREACHABLE",
                "destination_unavailable",
                f"cannot be reached: {why}",
            )
        case LieError():
            return 502, "UPSTREAM_BROKE_OFF", "http_protocol_error", str(error)
        case aiohttp.ClientResponseError() | HttpProcessingError() | ValueError():
            said = f"did not answer with valid HTTP{_where(getattr(error, 'message', ''))}"
            return 502, "UPSTREAM_BROKE_OFF", "http_protocol_error", said
    return 502, "UPSTREAM_BROKE_OFF", "connection_terminated", "broke off the connection"


def _refused(status: int) -> str:
    if status == WANTS_CREDENTIALS:
        return "credentials are wanted (http://USER:PASSWORD@HOST) or wrong"
    return f"the way there is refused with the status {status}"


def _where(message: str) -> str:
    """Say what the parser did not like, without the bytes that it repeats."""
    words = " ".join(message.partition("\n\n")[0].partition(": b")[0].split()).rstrip(":")
    return f" ({words})" if words else ""


def _why(error: OSError) -> str:
    """Say why there is no connection; the library's own text repeats addresses."""
    known = isinstance(error, socket.gaierror) or not error.errno
    return (error.strerror if known else os.strerror(error.errno or 0)) or "no connection"
