"""Requests and answers as the bytes that they are, read as long and as far as is allowed."""

from __future__ import annotations

import gzip
import http.client
import io
import re
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from _typeshed import WriteableBuffer

    from contract_tests.redaction.placeholders import Pairs

# Bytes of a body that are read at most, as sent and as decoded.
LARGEST = 64 * 1024 * 1024
SWITCHING, OK = 101, 200
INFORMATIONAL = re.compile(rb"HTTP/1\.[01] 1")
STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})")


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return the bytes of a request (RFC 9112, 2.1)."""
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = "\r\n".join([*lines, "", ""])
    return head.encode() + body


def answer(raw: bytes) -> tuple[int, Pairs, bytes]:
    """Return status, headers, and for the body all that follows; the status is 0 without one."""
    head, _, body = raw.partition(b"\r\n\r\n")
    while INFORMATIONAL.match(head):
        head, _, body = body.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    found = STATUS_LINE.match(first)
    if found is None:
        return 0, (), b""
    headers = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    return int(found[1]), tuple(headers), body


class TooLargeError(http.client.HTTPException):
    """A body of which nobody knows where it ends."""

    def __init__(self) -> None:
        super().__init__(f"a body of more than {LARGEST // 1024 // 1024} MiB")


class SurplusError(http.client.HTTPException):
    """Bytes after the end of an answer, which belong to nothing."""


class Timed(io.RawIOBase):
    """Reads a socket until `seconds` are over, however often a little comes.

    A socket's own time-out is for each piece.
    """

    def __init__(self, stream: socket.socket, seconds: float) -> None:
        self._socket = stream
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._inner = stream.makefile("rb", buffering=0)
        self.over = False

    def readable(self) -> bool:
        """Return `True`: it can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        """Read a piece, and nothing once it is over; raises `TimeoutError`."""
        if self.over:
            return 0
        left = self._until - time.monotonic()
        with suppress(TimeoutError):
            if left > 0:
                self._socket.settimeout(left)
                return self._inner.readinto(buffer)
        raise TimeoutError(f"not whole after {self._seconds:g} s")

    def close(self) -> None:
        """Let go of the socket."""
        self._inner.close()
        super().close()


class Answer(http.client.HTTPResponse):
    """An answer that has to be there as a whole after so many seconds."""

    def __init__(self, sock: socket.socket, *args: Any, seconds: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.surplus = b""
        self._timed = Timed(sock, seconds)
        self.fp = io.BufferedReader(self._timed)

    def _read_status(self) -> tuple[str, int, str]:
        """Pass over informational answers such as 103 (RFC 9110, 15.2).

        The standard library takes them for the final one.
        """
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not SWITCHING < status < OK:
                return version, status, reason
            http.client.parse_headers(self.fp)

    def _close_conn(self) -> None:
        """Keep what came with the answer after its end, without waiting for more."""
        self._timed.over = True
        self.surplus = self.fp.peek()
        super()._close_conn()  # type: ignore[misc]

    def body(self) -> bytes:
        """Return the body without its content coding; raise what `http.client` and it raise."""
        raw = self.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise TooLargeError
        if self.length:
            raise http.client.IncompleteRead(raw, self.length)
        self._check_surplus()
        return decoded(raw, self.getheader("Content-Encoding", ""))

    def _check_surplus(self) -> None:
        """Raise `SurplusError` if something follows that belongs to nothing."""
        # An empty line is an old habit (RFC 9112, 2.2).
        if not self.surplus.strip():
            return
        # Another answer may be that to a body which the target did not read.
        if self.surplus.startswith(b"HTTP/"):
            return
        # What follows the answer to HEAD is judged by a law of its own.
        if self._method == "HEAD":  # type: ignore[attr-defined]
            return
        raise SurplusError(f"{len(self.surplus)} bytes after its end")


def decoded(raw: bytes, coding: str) -> bytes:
    """Return a body without its content coding; as it is where that is not known."""
    name = coding.strip().lower()
    if raw and name in ("gzip", "x-gzip"):
        plain = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST + 1)
    elif raw and name == "deflate":
        plain = _inflated(raw)
    else:
        return raw
    if len(plain) > LARGEST:
        raise TooLargeError
    return plain


def _inflated(raw: bytes) -> bytes:
    reader = zlib.decompressobj()
    plain = reader.decompress(raw, LARGEST + 1)
    if not reader.eof and len(plain) <= LARGEST:
        raise EOFError("the compressed body ends before its end")
    return plain


def until_closed(stream: socket.socket, seconds: float) -> bytes:
    """Return all that comes until the connection closes, the time is over, or it is too much."""
    received = bytearray()
    with suppress(OSError), Timed(stream, seconds) as raw:
        while len(received) <= LARGEST:
            piece = raw.read(65536)
            if not piece:
                break
            received += piece
    return bytes(received)
