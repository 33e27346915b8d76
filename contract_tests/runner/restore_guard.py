"""Puts the profiles back when the run itself is killed: a child process that waits for its parent's end."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.api import resources
from contract_tests.interrupts import STOP, Phase
from contract_tests.redaction.terminal_text import shown

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.api.saved_profiles import Originals

SETTLING = 1.0
"""Seconds after which most requests that were under way when the run was killed have done what they do."""
DONE, QUIETLY = b".", b"!"


@dataclass(frozen=True)
class Guardian:
    """The run's end of the pipe on which the child waits, and the child's process id."""

    pipe: int
    child: int

    def dismiss(self) -> None:
        """Say that everything is put back, and wait until the child has ended."""
        os.write(self.pipe, DONE)
        os.close(self.pipe)
        os.waitpid(self.child, 0)

    def hush(self) -> None:
        """Say that the run ends at once, and that its user knows."""
        os.write(self.pipe, QUIETLY)


def watch(context: Context, originals: Originals | None) -> Guardian | None:
    """Start the child, which knows the profiles as they were; None where nothing is written.

    It is a fork, in a session of its own, so that neither Ctrl-C nor `kill -9` of the run reaches it.
    """
    if not context.permission.writes or not hasattr(os, "fork"):
        return None
    context.client.close()
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(ours)
        return Guardian(theirs, child)
    os.close(theirs)
    try:
        _wait(context, ours, originals)
    finally:
        os._exit(0)


def _wait(context: Context, pipe: int, originals: Originals | None) -> None:
    os.setsid()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)
    word = os.read(pipe, 1)
    if word == DONE:
        return
    if word == QUIETLY:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
    left = _restored(context)
    said = "The run was killed; the profiles were put back.\n"
    if left:
        users = " and ".join(f"${role.upper()}" for role in left)
        how = f"{originals.how_to()}\n" if originals is not None else ""
        said = f"The run was killed, and the profiles of {users} were not put back.\n{how}"
    if originals is not None:
        originals.narrow(left)
    os.write(
        2,
        shown(
            "".join([said, *(f"{what}: {why}\n" for what, why in context.collector.skipped)])
        ).encode(),
    )


def _restored(context: Context) -> dict[str, list[str]]:
    """Put the profiles back, and return what could not be, by role.

    At once, since somebody may look; and again when a write that a slow target was at work on has landed, too.
    """
    STOP.phase = Phase.PUTTING_BACK
    context.begin_closing()
    left: dict[str, list[str]] = {}
    for pause in (SETTLING, context.network.timeout):
        time.sleep(pause)
        context.collector.skipped.clear()
        left = resources.restore(context)
    return left
