"""How the process is asked to end: SIGINT, SIGTERM and SIGHUP, from the first moment to the last.

They only ask. So no second Ctrl-C, no signal that `npm run` sends twice and no terminal that is
closed can come between the server's stop and what is written then. What is asked for is done soon:
serving ends within seconds whatever clients do.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Ending:
    """Notes the signals of this process; `requested` is true after the first one."""

    def __init__(self) -> None:
        self.requested = False
        self._stop: Callable[[], object] | None = None
        self._waker = ExitStack()

    def listen(self) -> None:
        """Hear signals, except a hang-up that `nohup` has the process ignore."""
        for signum in SIGNALS:
            if signum == signal.SIGINT or signal.getsignal(signum) is not signal.SIG_IGN:
                signal.signal(signum, self._on_signal)

    def then(self, stop: Callable[[], object] | None) -> None:
        """Have `stop` called by the next signal, and at once where one came already.

        It may be called twice.
        """
        self._stop = stop
        if self.requested:
            self._call()

    def then_in_loop(self, stop: Callable[[], object]) -> None:
        """Have `stop` called in the running event loop.

        Until `leave_loop`, a signal wakes the loop. Else one that comes just before the loop begins
        to wait would be heard with the next event only.
        """
        loop = asyncio.get_running_loop()
        reader, writer = socket.socketpair()
        for each in (reader, writer):
            self._waker.enter_context(each)
            each.setblocking(False)  # noqa: FBT003 - so it is defined
        loop.add_reader(reader, reader.recv, 1024)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        self._waker.callback(signal.set_wakeup_fd, -1)
        self.then(partial(loop.call_soon_threadsafe, stop))

    def leave_loop(self) -> None:
        """Forget an event loop that ended."""
        self.then(None)
        self._waker.close()

    def _on_signal(self, *_: object) -> None:
        self.requested = True
        self._call()

    def _call(self) -> None:
        stop = self._stop
        # Before the call, in which the next signal may come.
        self._stop = None
        if stop is not None:
            stop()
