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
        names = [coding.strip().lower() for coding in codings.split(",")]
        names = [name for name in names if name not in {"", "identity"}]
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
            # The standard means zlib; some servers send the bare deflate stream (RFC 9110,
            # 8.4.1.2), which negative bits stand for.
            is_zlib = raw[0] & 0x0F == zlib.DEFLATED
            return _inflate(raw, zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
    raise UnjudgedError(f"its content coding is {coding[:40]!r}")


def _inflate(raw: bytes, window: int) -> bytes:
    """Return streams decompressed: gzip may have several, one after another (RFC 1952, 2.2)."""
    plain = b""
    while raw:
        reader = zlib.decompressobj(window)
        try:
            # Never more than the bound and a byte: a small body may stand for gigabytes.
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
    start = []
    size = 0
    async for piece in body:
        start.append(piece)
        size += len(piece)
        if size > BOUND:
            break
    return start


async def after(start: list[bytes], rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield a whole body again, the start of which was read."""
    for piece in start:
        yield piece
    async for piece in rest:
        yield piece
