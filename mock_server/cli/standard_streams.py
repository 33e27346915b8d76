"""Standard output and error that never fail: no character, closed pipe or full disk stops a server or changes how it ends."""

import codecs
import io
import os
import sys
from contextlib import suppress

ESCAPED = "mock_server.escaped"
"""How characters are written that an encoding does not have: as JSON escapes them, so that a line of JSON stays one."""


class Stream(io.TextIOWrapper):
    """Text that is written as far as that can be done."""

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
    """Replace the process's own standard output and error; where others took them (a test does), they stay."""
    codecs.register_error(ESCAPED, _escaped)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started us (`>&-`)
            stream = _nowhere(number)
        elif stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue
        encoding, buffered = stream.encoding, stream.line_buffering
        hardened = Stream(
            stream.detach(),
            encoding,
            ESCAPED,
            line_buffering=buffered or number == 2,  # noqa: PLR2004
        )
        setattr(sys, name, hardened)
        setattr(sys, f"__{name}__", hardened)


def _nowhere(number: int) -> io.TextIOWrapper:
    """Open a stream that nobody reads, at its own number if that is free: a socket must not come to stand there."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(number)
    except OSError:
        os.dup2(nowhere, number)
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(nowhere, "w")), encoding="utf-8")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)), error.end
