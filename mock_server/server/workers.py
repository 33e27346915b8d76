"""Several processes on one port.

They are started from one that is ready to serve, replaced when they die, and ended together.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .stop_signals import Ending

log = logging.getLogger("mock_server")

PATIENCE = 5.0
"""Seconds in which a worker has to stop before it is killed."""
SHORT = 1.0
"""Seconds that a worker has to live for the next one to be started at once."""

PAUSE = 0.05
"""Seconds between two looks at the workers."""

Serve = Callable[[Callable[[], None]], None]
"""Serves until SIGTERM, calling its argument when connections are accepted."""


class Workers:
    """The workers of this process by their id, with when they were started; each runs `serve`."""

    def __init__(self, serve: Serve, ending: Ending) -> None:
        self._serve = serve
        self._ending = ending
        self._started: dict[int, float] = {}
        self._own = os.getpid()
        # The writing end is open as long as this process lives.
        self._alive, self._held = os.pipe()

    def run(self, count: int, ready: Callable[[], None]) -> None:
        """Keep `count` workers until asked to end.

        `ready` is called when the first ones accept connections.
        """
        self._ending.then(self._stop)
        reader, writer = os.pipe()
        for _ in range(count):
            self._start(writer)
        os.close(writer)
        for _ in range(count):
            # A byte of each, or nothing where all are dead.
            os.read(reader, 1)
        os.close(reader)
        if not self._ending.requested:
            ready()
        while self._started:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                self._replace(pid, status)
            else:
                # Not for ever: a signal that comes just before would be heard with the next event
                # only.
                time.sleep(PAUSE)

    def _start(self, writer: int | None = None) -> None:
        """Start a worker, which writes a byte into a pipe when it accepts connections."""
        pid = os.fork()
        if pid:
            self._started[pid] = time.monotonic()
            # It may have been asked to end while it was started.
            if self._ending.requested:
                self._signal(signal.SIGTERM)
            return

        def ready() -> None:
            if writer is not None:
                os.write(writer, b"1")

        code = 1
        try:
            os.close(self._held)
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._serve(ready)
            code = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            os._exit(code)

    def _end_with_parent(self) -> None:
        # This returns when the other end is closed.
        os.read(self._alive, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _replace(self, pid: int, status: int) -> None:
        started = self._started.pop(pid, None)
        if started is None or self._ending.requested:
            return
        log.error("worker %d ended (%s); another one takes its place", pid, _how(status))
        if time.monotonic() - started < SHORT:
            time.sleep(SHORT)
        if not self._ending.requested:
            self._start()

    def _stop(self) -> None:
        # A worker that does not serve yet will end as soon as it does.
        if os.getpid() != self._own:
            return
        self._signal(signal.SIGTERM)
        signal.signal(signal.SIGALRM, lambda *_: self._signal(signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)

    def _signal(self, signum: int) -> None:
        for pid in list(self._started):
            with suppress(ProcessLookupError):
                os.kill(pid, signum)


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"status {code}" if code >= 0 else signal.Signals(-code).name
