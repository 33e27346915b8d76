"""Standard output and error that never fail.

No character, closed pipe or full disk stops a server, or changes its exit code.
"""

import codecs
import io
import os
import sys
from contextlib import suppress

ESCAPED = "mock_server.escaped"
"""The error handler that writes missing characters as JSON does: a line of JSON stays valid."""


class Stream(io.TextIOWrapper):
    """Text output that ignores errors of the operating system."""

    def write(self, text: str) -> int:
        """Write text, or leave it out."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """Write what waits, or leave it for later."""
        with suppress(OSError):
            super().flush()


def harden() -> None:
    """Replace standard output and error of the process; those that a test replaced stay."""
    codecs.register_error(ESCAPED, _escaped)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        # A shell closes it by `>&-`.
        if stream is None:
            stream = _nowhere(number)
        elif stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        # Read before `detach`, after which the stream has neither.
        encoding = stream.encoding
        is_line_buffered = stream.line_buffering or name == "stderr"
        hardened = Stream(stream.detach(), encoding, ESCAPED, line_buffering=is_line_buffered)
        setattr(sys, name, hardened)
        setattr(sys, f"__{name}__", hardened)


def _nowhere(number: int) -> io.TextIOWrapper:
    """Return a stream that nobody reads, under its own number if that is free.

    Otherwise the next socket would get that number, and the output would go into it.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(number)
    except OSError:
        os.dup2(nowhere, number)
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(nowhere, "w")), encoding="utf-8")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    units = missing.encode("utf-16-be", "surrogatepass").hex()
    escapes = [f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)]
    return "".join(escapes), error.end
