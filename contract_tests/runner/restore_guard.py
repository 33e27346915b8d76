"""The restore guard: a child process that puts the profiles back when the run itself is killed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.api import resources
from contract_tests.config.target import variables
from contract_tests.interrupts import STOP, Phase
from contract_tests.redaction.terminal_text import shown

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.api.saved_profiles import Originals

# Seconds after which most requests that were under way at the kill have done what they do.
SETTLING = 1.0
DONE, QUIETLY = b".", b"!"
STDERR = 2


@dataclass(frozen=True)
class RestoreGuard:
    """The run's end of the pipe on which the child waits, and the child's process id."""

    pipe: int
    child: int

    def dismiss(self) -> None:
        """Say that everything is put back, and wait until the child has ended."""
        os.write(self.pipe, DONE)
        os.close(self.pipe)
        os.waitpid(self.child, 0)

    def end_quietly(self) -> None:
        """Say that the run ends at once, and that its user knows."""
        os.write(self.pipe, QUIETLY)


def start_guard(context: Context, originals: Originals | None) -> RestoreGuard | None:
    """Start the child, which knows the profiles as they were; None where nothing is written.

    It is a fork, in a session of its own, so that neither Ctrl-C nor `kill -9` of the run reaches
    it.
    """
    if not context.permission.writes or not hasattr(os, "fork"):
        return None
    # Both processes would write to one connection.
    context.client.close()
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(ours)
        return RestoreGuard(theirs, child)
    os.close(theirs)
    try:
        _wait(context, ours, originals)
    finally:
        os._exit(0)


def _wait(context: Context, pipe: int, originals: Originals | None) -> None:
    """Wait for a word of the run, or for its end, which closes the pipe."""
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
    if originals is not None:
        originals.narrow(left)
    # Not `say`: the run's own streams may be gone with it.
    os.write(STDERR, shown(_outcome(context, left, originals)).encode())


def _outcome(context: Context, left: dict[str, list[str]], originals: Originals | None) -> str:
    """Return what the run's user should know, if anybody still looks at the terminal."""
    lines = ["The run was killed; the profiles were put back."]
    if left:
        users = " and ".join(variables(left))
        lines = [f"The run was killed, and the profiles of {users} were not put back."]
        if originals is not None:
            lines.append(originals.how_to())
    lines += [f"{each.what}: {each.why}" for each in context.collector.skipped]
    return "".join(f"{line}\n" for line in lines)


def _restored(context: Context) -> dict[str, list[str]]:
    """Put the profiles back, and return what could not be, by role.

    At once, since somebody may look; and again when a write that a slow target was at work on has
    landed, too.
    """
    STOP.phase = Phase.PUTTING_BACK
    context.begin_closing()
    left: dict[str, list[str]] = {}
    for pause in (SETTLING, context.network.timeout):
        time.sleep(pause)
        context.collector.skipped.clear()
        left = resources.restore(context)
    return left
