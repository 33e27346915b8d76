"""Runs our own mock as a separate process for the length of one judgement."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import TYPE_CHECKING

from contract_tests.config import environment
from contract_tests.exceptions import MockError
from contract_tests.interrupts import STOP

if TYPE_CHECKING:
    from collections.abc import Iterator

DEADLINE = 20.0
LISTENS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def running_mock() -> Iterator[str]:
    """Start the mock on a free port, yield its URL, and stop it at the end. Raises `MockError`.

    It starts as it comes: what the shell tells a mock of its user's is not for this one.
    """
    command = [sys.executable, "-Pu", "-m", "mock_server", "--port", "0"]
    # In a session of its own, so that Ctrl-C leaves it alone until everything is put back.
    process = subprocess.Popen(  # noqa: S603 - our own
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env=environment.without("CONTRACT_TESTS_"),
        start_new_session=True,
    )
    STOP.children.append(process)
    lines: Queue[str | None] = Queue()
    # The reader goes on to the end, so that a full pipe never stops the mock.
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    try:
        yield _address(lines)
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
        STOP.children.remove(process)


def _read(process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
    assert process.stdout is not None
    with process.stdout as output:
        for line in output:
            lines.put(line)
    lines.put(None)


def _address(lines: Queue[str | None]) -> str:
    """Return where the mock listens, as it says itself."""
    output = ""
    with suppress(Empty):
        while line := lines.get(timeout=DEADLINE):
            output += line
            found = LISTENS.search(line)
            if found is not None:
                return found.group()
    raise MockError(
        f"the mock did not start within {DEADLINE:.0f} s; it said:\n{output or '(nothing)'}"
    )
