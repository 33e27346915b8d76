"""Checks before the first request that reports can be written, and writes to standard output."""

from __future__ import annotations

import sys
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from contract_tests.exceptions import UsageError

if TYPE_CHECKING:
    from pathlib import Path

# Bytes that a report may take.
ROOM = 1 << 20


def check(directory: Path | None, *names: str) -> None:
    """Create the directory of the reports.

    Raise `UsageError` where the files of these names could not be written there.
    """
    if directory is None:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=directory, prefix=".contract-tests-") as file:
            file.write(bytes(ROOM))
            file.flush()
        for name in names:
            if (directory / name).exists():
                (directory / name).open("ab").close()
    except OSError as error:
        raise UsageError(unwritable(directory, error)) from error


def unwritable(directory: Path, error: OSError) -> str:
    """Return the sentence about reports that cannot be written."""
    return (
        f"--report-dir {directory}: the reports cannot be written there: {error.strerror or error}"
    )


def say(text: str) -> None:
    """Write to standard output at once."""
    # A reader that has gone, or a full disk, raises nothing: see `cli/output_streams.py`.
    sys.stdout.write(text)
    sys.stdout.flush()
