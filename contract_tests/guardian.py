"""Puts the profiles back when the run itself is killed: a child process that waits for its parent's end."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests import state
from contract_tests.screen import shown

if TYPE_CHECKING:
    from contract_tests.lab import Lab

SETTLING = 1.0
"""Seconds after which a request that was under way when the run was killed has done what it does."""
DONE = b"."


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


def watch(lab: Lab) -> Guardian | None:
    """Start the child, which knows the profiles as they were and stores them nowhere; None where nothing is written.

    It is a fork, in a session of its own, so that neither Ctrl-C nor `kill -9` of the run reaches it.
    """
    if not lab.permission.writes or not hasattr(os, "fork"):
        return None
    lab.client.close()
    ours, theirs = os.pipe()
    child = os.fork()
    if child:
        os.close(ours)
        return Guardian(theirs, child)
    os.close(theirs)
    try:
        _wait(lab, ours)
    finally:
        os._exit(0)


def _wait(lab: Lab, pipe: int) -> None:
    os.setsid()
    if os.read(pipe, 1) == DONE:
        return
    time.sleep(SETTLING)
    lab.ledger.skipped.clear()
    state.restore(lab)
    left = [f"{what}: {why}\n" for what, why in lab.ledger.skipped]
    os.write(2, shown("".join(["The run was killed; the profiles were put back.\n", *left])).encode())
