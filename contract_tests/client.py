"""A thin HTTP client that sends exactly what it is told and records every exchange."""

from __future__ import annotations

import gzip
import http.client
import json
import shlex
import socket
import ssl
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs = tuple[tuple[str, str], ...]
BODY_SHOWN = 2000
REUSED_AND_GONE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class UnreadableError(ValueError):
    """An answer whose body is not what a law has to read."""


@dataclass(frozen=True)
class Call:
    """One request: `path` is the raw target below the base URL, `secrets` what must not be shown of it.

    A call without a body says `Content-Length: 0` where its method often has one, unless `length` is False.
    """

    operation: str
    method: str
    path: str
    headers: Pairs = ()
    body: bytes | None = None
    secrets: Pairs = ()
    length: bool = True

    def curl(self, base_url: str) -> str:
        """Answer a command that repeats the call, with `$PRIMARY` and the like in place of credentials."""
        words = ["curl", "-i", *self._method_words(), *self._path_words(), self._word(base_url + self.path)]
        for name, value in self.headers:
            # curl drops a header without a value unless it ends in a semicolon.
            words += ["-H", self._word(f"{name}: {value}" if value else f"{name};")]
        words += self._header_words()
        if self.body is not None:
            words += ["--data-raw", _body_word(self.body)]
        return " ".join(words)

    def _method_words(self) -> list[str]:
        if self.method == "HEAD":
            return ["--head"]
        return [] if self.method == "GET" else ["-X", self.method]

    def _path_words(self) -> list[str]:
        """Keep curl from shortening `..` and from reading brackets as a pattern."""
        return ["--path-as-is"] * ("/." in self.path) + ["-g"] * bool(set("[]{}") & set(self.path))

    def _header_words(self) -> list[str]:
        """Make curl's own headers those of the call."""
        if self.body is None:
            return ["-H", "'Content-Length: 0'"] if self.says_length else []
        typed = any(name.lower() == "content-type" for name, _ in self.headers)
        return [] if typed else ["-H", "Content-Type:"]

    @property
    def says_length(self) -> bool:
        """Whether the call carries `Content-Length`."""
        return self.body is not None or (self.length and self.method in ("POST", "PUT", "PATCH"))

    def _word(self, text: str) -> str:
        shown = self.hide(text)
        if shown == text:
            return shlex.quote(text)
        return '"' + shown.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`") + '"'

    def hide(self, text: str) -> str:
        """Put the name of a session in place of its token."""
        for token, shown in self.secrets:
            text = text.replace(token, shown).replace(quote(token, safe=""), shown)
        return text


@dataclass(frozen=True)
class Exchange:
    """A call and its answer; `status` is 0 and `trouble` says why where no whole HTTP answer came."""

    call: Call
    status: int
    headers: Pairs = ()
    body: bytes = b""
    trouble: str = ""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the call succeeded (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of success

    def header(self, name: str) -> str | None:
        """Answer the header's value, several joined with a comma (RFC 9110, 5.3), or None."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def media_type(self) -> str | None:
        """The media type without its parameters, in lower case."""
        value = self.header("Content-Type")
        return value.partition(";")[0].strip().lower() if value is not None else None

    def json(self) -> Any:
        """Answer the parsed body; `UnreadableError` if it is not JSON as RFC 8259 means it."""
        try:
            return json.loads(self.body.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise UnreadableError(f"not JSON: {error}") from error

    def shown(self) -> str:
        """Answer status and body in one line for people."""
        if self.trouble:
            return self.trouble
        text = self.body.decode("utf-8", "backslashreplace")
        text = " ".join(text.split())
        return f"{self.status} {text if len(text) <= BODY_SHOWN else text[:BODY_SHOWN] + '…'}".rstrip()


@dataclass
class Client:
    """Speaks HTTP/1.1 with one target; `permit` may raise before a call leaves, `seen` is called with every exchange."""

    base_url: str
    seen: Callable[[Exchange], None]
    permit: Callable[[Call], None]
    timeout: float = 10.0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)

    def send(self, call: Call) -> Exchange:
        """Send over the kept connection; a connection that died while idle is renewed once."""
        self.permit(call)
        reused = self._connection is not None
        connection = self._connection or self._open()
        self._connection = connection
        exchange, again = self._exchange(connection, call)
        if again and reused:
            self.close()
            self._connection = self._open()
            exchange, _ = self._exchange(self._connection, call)
        if exchange.trouble or (exchange.header("Connection") or "").lower() == "close":
            self.close()
        self.seen(exchange)
        return exchange

    def send_alone(self, call: Call) -> Exchange:
        """Send over a connection of its own: for threads, and for servers that serve one connection at a time."""
        self.permit(call)
        connection = self._open()
        exchange, _ = self._exchange(connection, Call(**{**vars(call), "headers": (*call.headers, ("Connection", "close"))}))
        connection.close()
        return exchange

    def send_raw(self, call: Call, head: bytes) -> bytes:
        """Send the call as these bytes on a fresh connection and answer all that comes until it closes; empty on trouble."""
        self.permit(call)
        self.close()
        parts = urlsplit(self.base_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        answer = b""
        try:
            with socket.create_connection((parts.hostname or "", port), self.timeout) as plain:
                stream = _tls(plain, parts.hostname) if parts.scheme == "https" else plain
                stream.sendall(head)
                while chunk := stream.recv(65536):
                    answer += chunk
        except OSError:
            return answer
        return answer

    def close(self) -> None:
        """Give up the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def prefix(self) -> str:
        """The path of the base URL, without a slash at its end."""
        return urlsplit(self.base_url).path.rstrip("/")

    def _open(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=self.timeout)

    def _exchange(self, connection: http.client.HTTPConnection, call: Call) -> tuple[Exchange, bool]:
        start = time.perf_counter()
        try:
            connection.putrequest(call.method, self.prefix + call.path, skip_accept_encoding=True)
            for name, value in _with_length(call):
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(call.body)
            answer = connection.getresponse()
            headers = tuple(answer.getheaders())
            body = _decoded(answer.read(), answer.getheader("Content-Encoding", ""))
        except (OSError, http.client.HTTPException, zlib.error, EOFError) as error:
            trouble = f"no complete HTTP answer ({type(error).__name__}: {error})"
            return Exchange(call, 0, trouble=trouble), isinstance(error, REUSED_AND_GONE)
        return Exchange(call, answer.status, headers, body, seconds=time.perf_counter() - start), False


def _with_length(call: Call) -> Pairs:
    if call.says_length:
        return (*call.headers, ("Content-Length", str(len(call.body or b""))))
    return call.headers


def _decoded(body: bytes, coding: str) -> bytes:
    match coding.strip().lower():
        case "gzip" | "x-gzip":
            return gzip.decompress(body) if body else body
        case "deflate":
            return zlib.decompress(body) if body else body
    return body


def _tls(plain: socket.socket, host: str | None) -> socket.socket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _body_word(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and (text or not body) and len(text) <= BODY_SHOWN:
        return shlex.quote(text)
    # Bash's own quoting: every byte that is not plain ASCII as an octal escape.
    return "$'" + "".join(chr(b) if 32 <= b < 127 and b not in b"\\'" else f"\\{b:03o}" for b in body) + "'"  # noqa: PLR2004
