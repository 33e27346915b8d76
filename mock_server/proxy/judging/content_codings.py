"""Copies of bodies for the judge: only up to a bound, and only in codings that can be read."""

import zlib
from collections.abc import AsyncIterator

BOUND = 1024 * 1024
"""How many bytes of a body are judged, both as sent and as decoded."""
TOO_LARGE = f"the body is over {BOUND} bytes"
BROKEN = "its content coding is broken"
MOST_CODINGS = 4


class UnjudgedError(Exception):
    """A body cannot be judged; the text says why."""


def is_over(length: str, bound: int) -> bool:
    """Tell whether a `Content-Length` is over a bound, however many digits it has."""
    digits = length.strip().lstrip("0")
    return digits.isdecimal() and (len(digits) > len(str(bound)) or int(digits) > bound)


class Copy:
    """The bytes of a body that passes, until there are too many."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Note a piece."""
        self._size += len(piece)
        if self._size <= BOUND:
            self._pieces.append(piece)
        else:
            self._pieces.clear()

    def decoded(self, codings: str) -> bytes:
        """Return the body without its content codings (RFC 9110, 8.4); raises `UnjudgedError`."""
        if self._size > BOUND:
            raise UnjudgedError(TOO_LARGE)
        raw = b"".join(self._pieces)
        names = [
            name
            for coding in codings.split(",")
            if (name := coding.strip().lower()) not in {"", "identity"}
        ]
        if len(names) > MOST_CODINGS:
            raise UnjudgedError(f"it has over {MOST_CODINGS} content codings")
        for name in reversed(names):
            raw = _without(name, raw) if raw else raw
        return raw


def _without(coding: str, raw: bytes) -> bytes:
    match coding:
        case "gzip" | "x-gzip":
            return _inflate(raw, 16 + zlib.MAX_WBITS)
        case "deflate":
            # zlib is what the standard says; some servers send the bare deflate stream (RFC 9110, 8.4.1.2).
            return _inflate(
                raw, zlib.MAX_WBITS if raw[0] & 0x0F == zlib.DEFLATED else -zlib.MAX_WBITS
            )
    raise UnjudgedError(f"its content coding is {coding[:40]!r}")


def _inflate(raw: bytes, window: int) -> bytes:
    """Decompress a stream, or several of them one after another, as gzip may have (RFC 1952, 2.2)."""
    plain = b""
    while raw:
        reader = zlib.decompressobj(window)
        try:
            plain += reader.decompress(raw, BOUND + 1 - len(plain))
        except zlib.error:
            raise UnjudgedError(BROKEN) from None
        if len(plain) > BOUND:
            raise UnjudgedError(TOO_LARGE)
        if not reader.eof:
            raise UnjudgedError(BROKEN)
        raw = reader.unused_data.lstrip(b"\0")  # some writers fill up their last block
    return plain


async def start_of(body: AsyncIterator[bytes]) -> list[bytes]:
    """Read a body to its end, or to the bound of what can be judged."""
    held, size = [], 0
    async for piece in body:
        held.append(piece)
        size += len(piece)
        if size > BOUND:
            break
    return held


async def after(held: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a body again whose start was read."""
    for piece in held:
        yield piece
    async for piece in rest:
        yield piece
