"""Several processes on one port: started from one that is ready to serve, replaced when they die, ended together."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

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
        self._serve, self._ending, self._started = serve, ending, dict[int, float]()
        self._own = os.getpid()
        self._alive, self._held = os.pipe()  # its writing end is open as long as this process lives

    def run(self, count: int, ready: Callable[[], None]) -> None:
        """Keep `count` workers until asked to end; `ready` is called when the first ones accept connections."""
        self._ending.then(self._stop)
        ready_pipe, said = os.pipe()
        for _ in range(count):
            self._start(said)
        os.close(said)
        for _ in range(count):
            os.read(ready_pipe, 1)  # a byte of each, or nothing where all are dead
        os.close(ready_pipe)
        if not self._ending.asked:
            ready()
        while self._started:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid:
                self._replace(pid, status)
            else:
                time.sleep(
                    PAUSE
                )  # not for ever: a signal that comes just before would be heard with the next event only

    def _start(self, said: int | None = None) -> None:
        pid = os.fork()
        if pid:
            self._started[pid] = time.monotonic()
            if self._ending.asked:  # while it was started
                self._signal(signal.SIGTERM)
            return
        code = 1
        try:
            os.close(self._held)
            threading.Thread(target=self._end_with_parent, daemon=True).start()
            self._serve(partial(os.write, said, b"1") if said is not None else lambda: None)  # type: ignore[arg-type]
            code = 0
        except Exception:
            log.exception("a worker failed")
        finally:
            os._exit(code)

    def _end_with_parent(self) -> None:
        os.read(self._alive, 1)  # answers when the other end is closed
        os.kill(os.getpid(), signal.SIGTERM)

    def _replace(self, pid: int, status: int) -> None:
        started = self._started.pop(pid, None)
        if started is None or self._ending.asked:
            return
        log.error("worker %d ended (%s); another one takes its place", pid, _how(status))
        if time.monotonic() - started < SHORT:
            time.sleep(SHORT)
        if not self._ending.asked:
            self._start()

    def _stop(self) -> None:
        if os.getpid() != self._own:
            return  # a worker that does not serve yet: it will end as soon as it does
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
