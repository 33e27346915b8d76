"""When the next request may leave: at the wanted rate, and not before a busy target allows it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from contract_tests.interrupts import STOP

# Seconds that a run waits for a target that answers 429. If it wants more, the run leaves it alone.
LONGEST_WAIT = 60.0


@dataclass
class Pace:
    """Keep a distance between requests, also between those of several threads.

    Not `pyrate-limiter`: it lets the requests of a whole second go at once, takes no rate such as
    0.5/s, and its sleep is not ended by Ctrl-C.
    """

    interval: float
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait for one's turn."""
        if not self.interval:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self.interval
        # Without the lock, so that other threads can take their turns meanwhile.
        STOP.sleep(turn - now)


def wanted_pause(retry_after: str | None) -> float:
    """Return the seconds to wait after a 429: a number or a date (RFC 9110, 10.2.3), else one."""
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    with suppress(ValueError, OverflowError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return 1.0
