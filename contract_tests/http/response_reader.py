"""Requests and answers as the bytes that they are, read for as long and as far as the gate's patience goes."""

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

LARGEST = 64 * 1024 * 1024
"""Bytes of a body that are read at most, as sent and as decoded."""
SWITCHING, OK = 101, 200
INFORMATIONAL = re.compile(rb"HTTP/1\.[01] 1")
STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})")


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return the bytes of a request (RFC 9112, 2.1)."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body


def answer(raw: bytes) -> tuple[int, Pairs, bytes]:
    """Return status, headers, and for the body all that follows; the status is 0 where there is none."""
    head, _, body = raw.partition(b"\r\n\r\n")
    while INFORMATIONAL.match(head):
        head, _, body = body.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple(
        (name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines)
    )
    found = STATUS_LINE.match(first)
    return (int(found[1]), headers, body) if found else (0, (), b"")


class TooLargeError(http.client.HTTPException):
    """A body of which nobody knows where it ends."""

    def __init__(self) -> None:
        super().__init__(f"a body of more than {LARGEST // 1024 // 1024} MiB")


class SurplusError(http.client.HTTPException):
    """Bytes after the end of an answer, which belong to nothing."""


class Timed(io.RawIOBase):
    """Reads a socket until `seconds` are over, however often a little comes: a socket's own time-out is for each piece."""

    def __init__(self, stream: socket.socket, seconds: float) -> None:
        self._socket, self._seconds, self._until = stream, seconds, time.monotonic() + seconds
        self.over = False
        self._inner = stream.makefile("rb", buffering=0)

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
        self.surplus, self._timed = b"", Timed(sock, seconds)
        self.fp = io.BufferedReader(self._timed)

    def _read_status(self) -> tuple[str, int, str]:
        """Pass over informational answers such as 103 (RFC 9110, 15.2), which the standard library takes for the final one."""
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
        """Return the body without its content coding; raises what `http.client` and the coding raise."""
        raw = self.read(LARGEST + 1)
        if len(raw) > LARGEST:
            raise TooLargeError
        if self.length:
            raise http.client.IncompleteRead(raw, self.length)
        # What follows HEAD is judged by a law of its own; an empty line is an old habit (RFC 9112, 2.2), and another answer
        # may be that to a body which the target did not read.
        is_answer = self.surplus.startswith(b"HTTP/")
        to_head = self._method == "HEAD"  # type: ignore[attr-defined]
        if self.surplus.strip() and not is_answer and not to_head:
            raise SurplusError(f"{len(self.surplus)} bytes after its end")
        return decoded(raw, self.getheader("Content-Encoding", ""))


def decoded(raw: bytes, coding: str) -> bytes:
    """Return a body without its content coding; as it is where that is not known."""
    match coding.strip().lower() if raw else "":
        case "gzip" | "x-gzip":
            plain = gzip.GzipFile(fileobj=io.BytesIO(raw)).read(LARGEST + 1)
        case "deflate":
            reader = zlib.decompressobj()
            plain = reader.decompress(raw, LARGEST + 1)
            if not reader.eof and len(plain) <= LARGEST:
                raise EOFError("the compressed body ends before its end")
        case _:
            return raw
    if len(plain) > LARGEST:
        raise TooLargeError
    return plain


def until_closed(stream: socket.socket, seconds: float) -> bytes:
    """Return all that comes until the connection closes, the time is over, or it is too much."""
    raw, pieces = Timed(stream, seconds), bytearray()
    with suppress(OSError), raw:
        while len(pieces) <= LARGEST and (piece := raw.read(65536)):
            pieces += piece
    return bytes(pieces)
