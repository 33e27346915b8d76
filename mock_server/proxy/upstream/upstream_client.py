"""Client of the upstream: kept-alive connections, and its failures in plain words."""

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

from mock_server.http.origins import origin_of
from mock_server.stores.timeouts import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .upstream_network import Trust

LARGEST_HEADER = 64 * 1024
LARGEST_HEAD = 512 * 1024
"""How many bytes all headers of an answer may take."""
STATUSES = range(200, 1000)
"""What can be passed on as a final answer (RFC 9110, 15); no client could read another one."""
WANTS_CREDENTIALS = 407
UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Bytes that no header may hold (RFC 9110, 5.5)."""
IDLE = 4.0
"""Seconds for which an unused connection is kept.

Servers usually keep theirs longer. Otherwise a server might close one at the moment in which a
request is sent on it, and the client would get an error for nothing.
"""
AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""Headers that the client library would add to a request that has none."""
FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)
"""What the client library raises where the upstream breaks HTTP, or does not answer."""


class UpstreamError(Exception):
    """The upstream gave no answer, or only a part of one.

    The text tells the client why, `reason` is for the journal. `kind` is the name of the error in
    RFC 9209, `fault` its name in the journal.
    """

    def __init__(
        self,
        url: str,
        status: int,
        fault: str,
        kind: str,
        reason: str,
    ) -> None:
        super().__init__(f"The upstream {url} {reason}.")
        self.status = status
        self.fault = fault
        self.kind = kind
        self.reason = reason


class BrokenAnswerError(ValueError):
    """The upstream's answer breaks HTTP; the text tells how."""


def check_url(url: str) -> str | None:
    """Return what is wrong with the URL of an upstream, `None` where nothing is.

    The URL is not repeated, since it may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname
    except ValueError:
        return "is not a URL"
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        return "must start with http:// or https:// and name a host"
    if parts.username is not None or parts.password is not None:
        return "must not hold credentials: clients send their own through the proxy"
    return "must not have a query or a fragment" if parts.query or parts.fragment else None


class Upstream:
    """An upstream, perhaps behind another `proxy`: a context manager that closes connections."""

    def __init__(
        self,
        url: str,
        timeout: float,
        verify: Trust,
        proxy: str | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._verify = verify
        self._proxy = proxy
        self._base = str(URL(self.url)).rstrip("/")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._verify, keepalive_timeout=IDLE),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self.timeout, sock_read=self.timeout
            ),
            # Cookies belong to the clients, of which there may be several.
            cookie_jar=aiohttp.DummyCookieJar(),
            # Bodies go through as they come.
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

    async def send(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: AsyncIterator[bytes] | None,
    ) -> aiohttp.ClientResponse:
        """Send a request, and return the response once its headers are there.

        Raise `UpstreamError`.

        The upstream has its time for each piece of the request that it has to take, and then for
        all of its headers together: one that sends them byte by byte would never time out.
        """
        pace = Pace()
        url = URL(self._base + target, encoded=True)
        data = body and pace.watch(body)
        request = self._session.request(
            Verbatim(method), url, headers=CIMultiDict(headers), data=data, allow_redirects=False
        )
        responding = asyncio.ensure_future(request)
        try:
            return self._checked(await patiently(responding, self.timeout, pace.progress))
        except FAILURES as error:
            raise self.error_for(error) from error
        finally:
            responding.cancel()

    def error_for(self, error: Exception) -> UpstreamError:
        """Return the error that describes a failure."""
        status, fault, kind, reason = _explained(error, self.timeout)
        if self._proxy is not None and fault == "UPSTREAM_UNREACHABLE":
            reason = f"{reason} (through the proxy {origin_of(self._proxy)})"
        return UpstreamError(self.url, status, fault, kind, reason)

    def _checked(self, response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
        """Return a response that can be passed on; close the connection of another, and raise."""
        try:
            if self._proxy is not None and response.status == WANTS_CREDENTIALS:
                raise aiohttp.ClientHttpProxyError(
                    response.request_info, (), status=response.status
                )
            broken_rule = _broken_rule(response)
            if broken_rule is not None:
                raise BrokenAnswerError(broken_rule)
        except FAILURES:
            response.close()
            raise
        return response

    def pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        """Return the body as it comes, in its content coding; raises `UpstreamError`."""
        return Pieces(self, response.content)


class Pace:
    """How far a request has been sent, and whether the upstream or the client is to act next.

    Only the upstream has a time limit here: a client may be slow with its request.
    """

    def __init__(self) -> None:
        self._sent = 0
        self._is_waiting = True

    def progress(self) -> int | None:
        """Return how many pieces the upstream has taken, `None` while the client is to send one."""
        return self._sent if self._is_waiting else None

    async def watch(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the body as it comes, and note its progress."""
        self._is_waiting = False
        async for piece in body:
            self._is_waiting = True
            yield piece
            self._is_waiting = False
            self._sent += 1
        self._is_waiting = True


class Pieces:
    """A body as it comes; the next piece must come in time, whatever else the upstream sends.

    A reader may be cancelled and read on later, which a generator does not allow.
    """

    def __init__(self, upstream: Upstream, content: aiohttp.StreamReader) -> None:
        self._upstream = upstream
        self._content = content

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = self._content.read_nowait() or await self._next()
        except FAILURES as error:
            raise self._upstream.error_for(error) from error
        if not piece:
            raise StopAsyncIteration
        return piece

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._upstream.timeout):
                return await self._content.readany()
        except TimeoutError:
            # A piece may have come while this process was busy with something else.
            piece = self._content.read_nowait()
            if piece:
                return piece
            raise


class Verbatim(str):
    """A method as it came: the client library would write it in capitals.

    Methods are case-sensitive (RFC 9110, 9.1).
    """

    __slots__ = ()

    def upper(self) -> str:
        """Return it as it is."""
        return self


def _broken_rule(response: aiohttp.ClientResponse) -> str | None:
    """Return why a response cannot be passed on, `None` where it can."""
    if response.status not in STATUSES:
        return f"answered with the status {response.status:03d}, which ends no exchange"
    codings = response.headers.getall("Transfer-Encoding", ())
    if any(coding.strip().lower() != "chunked" for coding in codings):
        return "encoded its answer for the transfer in a way that nobody had asked for"
    if sum(len(name) + len(value) for name, value in response.raw_headers) > LARGEST_HEAD:
        return "sent too many headers"
    for name, value in response.raw_headers:
        if UNSENDABLE.search(value):
            return f"sent a header that holds what HTTP forbids: {name.decode('latin-1')[:40]}"
    return None


def _explained(error: Exception, timeout: float) -> tuple[int, str, str, str]:
    """Return status, the journal's name, the name in RFC 9209, and the rest of the sentence."""
    match error:
        case TimeoutError():
            reason = f"did not answer within {timeout:g} s (--timeout)"
            return 504, "UPSTREAM_TIMEOUT", "connection_timeout", reason
        case (
            aiohttp.ClientConnectorCertificateError()
            | aiohttp.ClientConnectorSSLError()
            | ssl.SSLError()
        ):
            cause = _tls_cause(error)
            reason = f"cannot be trusted: {cause} (--tls-verify FILE names authorities to trust)"
            return 502, "UPSTREAM_UNREACHABLE", "tls_certificate_error", reason
        case aiohttp.ClientHttpProxyError():
            reason = f"cannot be reached: {_refused(error.status)}"
            return 502, "UPSTREAM_UNREACHABLE", "destination_unavailable", reason
        case aiohttp.ClientConnectorError():
            reason = f"cannot be reached: {_connection_cause(error.os_error)}"
            return 502, "UPSTREAM_UNREACHABLE", "destination_unavailable", reason
        case BrokenAnswerError():
            return 502, "UPSTREAM_BROKE_OFF", "http_protocol_error", str(error)
        case aiohttp.ClientResponseError() | HttpProcessingError() | ValueError():
            reason = f"did not answer with valid HTTP{_where(getattr(error, 'message', ''))}"
            return 502, "UPSTREAM_BROKE_OFF", "http_protocol_error", reason
    return 502, "UPSTREAM_BROKE_OFF", "connection_terminated", "broke off the connection"


def _tls_cause(error: Exception) -> str:
    cause = getattr(error, "certificate_error", error)
    message = getattr(cause, "verify_message", None) or getattr(cause, "reason", None)
    return message or "TLS failed"


def _refused(status: int) -> str:
    if status == WANTS_CREDENTIALS:
        return "credentials are wanted (http://USER:PASSWORD@HOST) or wrong"
    return f"the way there is refused with the status {status}"


def _where(message: str) -> str:
    """Return what the parser did not like, without the bytes that it repeats."""
    words = " ".join(message.partition("\n\n")[0].partition(": b")[0].split()).rstrip(":")
    return f" ({words})" if words else ""


def _connection_cause(error: OSError) -> str:
    """Return why there is no connection; the library's own text repeats addresses."""
    known = isinstance(error, socket.gaierror) or not error.errno
    return (error.strerror if known else os.strerror(error.errno or 0)) or "no connection"
