"""Requests and answers as the bytes that they are, for what a client for HTTP does not show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.hiding import Pairs

STATUS_LINE = re.compile(r"HTTP/1\.[01] (\d{3})")


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Answer the bytes of a request (RFC 9112, 2.1)."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode() + body


def answer(raw: bytes) -> tuple[int, Pairs, bytes]:
    """Answer status, headers, and for the body all that follows; the status is 0 where there is none."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name.strip(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
    found = STATUS_LINE.match(first)
    return (int(found[1]), headers, body) if found else (0, (), b"")
