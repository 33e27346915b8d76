"""What Ctrl-C and SIGTERM do at each moment of a run.

What was changed is put back, and a second signal ends the process at once.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from contract_tests.exceptions import BY_HAND, StoppedError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

# The exit code, as shells have it for what Ctrl-C ended.
INTERRUPTED = 130
NOTHING_SENT = "Interrupted. The target was not changed."
# Seconds after which a thread that no signal wakes looks whether the run was asked to end.
SLICE = 0.2
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Phase(Enum):
    """What a signal would meet: nothing to put back, laws at work, or the putting back."""

    IDLE = auto()
    AT_WORK = auto()
    PUTTING_BACK = auto()


@dataclass
class Interrupts:
    """Hears the signals of this process.

    An exception out of a signal handler may be swallowed anywhere, or be taken for a fault of the
    target. So a signal only sets `is_stopping`, at which every request to the target looks first,
    and breaks off nothing but waiting for the target.

    `let_go` breaks off what other threads wait for, `last_words` returns what is left when the
    process ends at once, and `children` end with it.
    """

    is_stopping: bool = False
    phase: Phase = Phase.IDLE
    let_go: Callable[[], None] | None = None
    last_words: Callable[[], str] | None = None
    children: list[subprocess.Popen[str]] = field(default_factory=list)
    _waiting: bool = False

    def install(self) -> None:
        """Hear the signals from now on."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in SIGNALS:
            signum = getattr(signal, name, None)
            if signum is None:
                continue
            # `nohup` makes a process ignore it, which stays so. What a shell started with `&`
            # ignores is Ctrl-C, which somebody may send to it all the same.
            if name == "SIGHUP" and signal.getsignal(signum) == signal.SIG_IGN:
                continue
            signal.signal(signum, self.hear)

    @property
    def stops_work(self) -> bool:
        """Whether no law may send anything any more."""
        return self.is_stopping and self.phase is Phase.AT_WORK

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for the target, which a signal breaks off."""
        outer = self._waiting
        self._waiting = outer or threading.current_thread() is threading.main_thread()
        try:
            self.check()
            yield
        finally:
            self._waiting = outer

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """Wait for what must not be left half done: only the end of the process breaks it off."""
        self.check()
        outer = self._waiting
        self._waiting = outer and threading.current_thread() is not threading.main_thread()
        try:
            yield
        finally:
            self._waiting = outer

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the run is asked to end."""
        if threading.current_thread() is threading.main_thread():
            with self.waiting():
                time.sleep(seconds)
            return
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, SLICE))

    def check(self) -> None:
        """Raise `StoppedError` where the run was asked to end."""
        if self.stops_work:
            raise StoppedError(BY_HAND)

    def hear(self, *_: object) -> None:
        """Take a signal: the first asks the run to end, the second ends it."""
        if self.is_stopping or self.phase is Phase.IDLE:
            self._leave()
        self.is_stopping = True
        if self.phase is Phase.AT_WORK:
            if self.let_go is not None:
                self.let_go()
            if self._waiting:
                self.check()

    def _leave(self) -> None:
        """End at once, and say what is left; nothing else may run, since it may wait for ever."""
        with suppress(Exception):
            words = self.last_words() if self.last_words is not None else NOTHING_SENT
            os.write(2, f"\n{words}\n".encode("utf-8", "backslashreplace"))
        for child in self.children:
            with suppress(OSError):
                child.terminate()
        os._exit(INTERRUPTED)


# Of this process.
STOP = Interrupts()
