"""Standard output and error that never fail.

No character, closed pipe or full disk fails a run or changes its exit code.

`mock_server/cli/standard_streams.py` does the same, since neither program may import the other.
"""

import io
import os
import sys
from contextlib import suppress


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
    """Replace the process's own standard output and error.

    Where others took them (a test does), they stay.
    """
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
            "backslashreplace",
            line_buffering=buffered or number == 2,  # noqa: PLR2004
        )
        setattr(sys, name, hardened)
        setattr(sys, f"__{name}__", hardened)


def _nowhere(number: int) -> io.TextIOWrapper:
    """Open a stream to the null device, with the given file number if that is free."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.fstat(number)
    except OSError:
        os.dup2(nowhere, number)
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(nowhere, "w")), encoding="utf-8")
