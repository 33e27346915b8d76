"""The server behind the proxy: kept-alive connections to it, and what goes wrong with it, in words."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from typing import TYPE_CHECKING, Self, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from mock_server.patience import patiently

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

LARGEST_HEADER = 64 * 1024
IDLE = 4.0
"""Seconds for which an unused connection is kept; less than servers usually do, so that it is seldom they who close it."""
Trust: TypeAlias = ssl.SSLContext | bool
"""What a certificate is verified by: these authorities, the machine's (`True`), or nothing (`False`)."""
AUTOMATIC = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""Headers that the client library would add to a request that has none."""


class TroubleError(Exception):
    """The upstream gave no answer. The text says why; `kind` is its name in RFC 9209, `fault` the journal's."""

    def __init__(self, status: int, fault: str, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.fault, self.kind = status, fault, kind


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


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: which server it is, and no more."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def trust(verify: str) -> Trust:
    """Read `--tls-verify`: `true`, `false`, or a file of certificates; raises `OSError` where that cannot be used."""
    if verify.lower() in {"true", "1", "yes", "on"}:
        return True
    if verify.lower() in {"false", "0", "no", "off"}:
        return False
    return ssl.create_default_context(cafile=verify)


class Upstream:
    """One upstream; an asynchronous context manager, which closes its connections."""

    def __init__(self, url: str, timeout: float, verify: Trust) -> None:
        self.url = url.rstrip("/")
        self._timeout, self._verify = timeout, verify
        self._base = str(URL(self.url)).rstrip("/")

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._verify, keepalive_timeout=IDLE),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=AUTOMATIC,
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
            max_headers=1000,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def ask(
        self, method: str, target: str, headers: list[tuple[str, str]], body: AsyncIterator[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Send a request and answer the response once its headers are there; raises `TroubleError`.

        However slowly they come, all of them have to be there when the time is over that starts with the end of the request.
        """
        url, sent = URL(self._base + target, encoded=True), asyncio.get_running_loop().create_future()
        data = body and _watched(body, sent)
        asked = self._session.request(method, url, headers=CIMultiDict(headers), data=data, allow_redirects=False)
        asking = asyncio.ensure_future(asked)
        try:
            if body:
                await asyncio.wait((asking, sent), return_when=asyncio.FIRST_COMPLETED)
            return await patiently(asking, self._timeout)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self.trouble(error) from error
        finally:
            asking.cancel()

    def trouble(self, error: Exception) -> TroubleError:
        """Put a failure into words."""
        status, fault, kind, reason = _explained(error, self._timeout)
        return TroubleError(status, fault, kind, f"The upstream {self.url} {reason}.")


def _explained(error: Exception, patience: float) -> tuple[int, str, str, str]:
    """Answer status, the journal's name, the name in RFC 9209, and the rest of the sentence."""
    match error:
        case TimeoutError():
            return 504, "UPSTREAM_TIMEOUT", "connection_timeout", f"did not answer within {patience:g} s (--timeout)"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            cause = getattr(error, "certificate_error", error)
            why = getattr(cause, "verify_message", None) or getattr(cause, "reason", None) or "TLS failed"
            said = f"cannot be trusted: {why} (--tls-verify FILE names authorities to trust)"
            return 502, "UPSTREAM_UNREACHABLE", "tls_certificate_error", said
        case aiohttp.ClientConnectorError():
            return 502, "UPSTREAM_UNREACHABLE", "destination_unavailable", f"cannot be reached: {_why(error.os_error)}"
        case aiohttp.ClientResponseError() | ValueError():
            return 502, "UPSTREAM_BROKE_OFF", "http_protocol_error", "did not answer with valid HTTP"
    return 502, "UPSTREAM_BROKE_OFF", "connection_terminated", "broke off the connection"


def _why(error: OSError) -> str:
    """Say why there is no connection; the library's own text repeats addresses."""
    known = isinstance(error, socket.gaierror) or not error.errno
    return (error.strerror if known else os.strerror(error.errno or 0)) or "no connection"


async def _watched(body: AsyncIterator[bytes], sent: asyncio.Future[None]) -> AsyncIterator[bytes]:
    """Answer what is sent, and say when that is all."""
    async for piece in body:
        yield piece
    sent.set_result(None)


def pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Answer the body as it comes, in its content coding."""
    return response.content.iter_any().__aiter__()
