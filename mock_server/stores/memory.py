"""The store of one process: the newest value of each sandbox, replaced atomically."""

import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from mock_server.journal.entries import Entry, Journal
from mock_server.world.sandbox import Sandbox

from .store import DEFAULT, SandboxesFullError, Step

T = TypeVar("T")

BUSY = 10.0
"""A sandbox that was used within so many seconds is never dropped for another."""


class MemoryStore:
    """Keep sandboxes in this process.

    There are at most `most` named ones. One goes when it was unused for `idle` seconds, or when it
    is the longest unused and there is no room for another.
    """

    def __init__(
        self,
        start: Sandbox,
        most: int = 10_000,
        idle: float = 3600.0,
        journal: Journal | None = None,
    ) -> None:
        self.start = start
        self._default = start
        self._most = most
        self._idle = idle
        self.journal = Journal() if journal is None else journal
        self._named: OrderedDict[str, Sandbox] = OrderedDict()
        self._used: dict[str, float] = {}
        # Requests come from one event loop, and a reload or a test from threads of their own.
        self._lock = threading.Lock()

    async def transact(
        self,
        name: str,
        step: Step[T],
        *,
        makes: bool,
    ) -> T:
        """Load a sandbox, run a step on it, and commit; again where somebody else was quicker."""
        while True:
            before = self.load(name) if makes else self.peek(name)
            # Without the lock: a step may take long, and has no effect before it is committed.
            change = step(before or self.start, before is not None)
            if before is None or self._is_committed(name, before, change.sandbox):
                break
        if change.clears:
            self.journal.clear(name)
        if change.entry is not None:
            self.journal.add(change.entry)
        if change.news is not None:
            self.journal.changed(*change.news)
        return change.result

    def change(self, name: str, step: Callable[[Sandbox], Sandbox]) -> None:
        """Replace a sandbox by what `step` makes of it; again where somebody else was quicker."""
        while True:
            before = self.load(name)
            if self._is_committed(name, before, step(before)):
                return

    def _is_committed(
        self,
        name: str,
        before: Sandbox,
        after: Sandbox,
    ) -> bool:
        return after is before or self.commit(name, before, after)

    def load(self, name: str) -> Sandbox:
        """Return the present sandbox, made on first use."""
        if name == DEFAULT:
            return self._default
        with self._lock:
            self._forget_idle()
            if name not in self._named:
                self._make_room()
                self._named[name] = self.start
            self._touch(name)
            return self._named[name]

    def peek(self, name: str) -> Sandbox | None:
        """Return the present sandbox, if there is one."""
        return self.load(name) if name == DEFAULT or name in self._named else None

    def commit(
        self,
        name: str,
        before: Sandbox,
        after: Sandbox,
    ) -> bool:
        """Replace `before` by `after` unless the present sandbox is another one."""
        with self._lock:
            present = self._default if name == DEFAULT else self._named.get(name)
            if present is not before:
                return False
            self._keep(name, after)
            return True

    async def copy(self, source: str, name: str) -> None:
        """Keep a sandbox under another name: one assignment, since it is a value."""
        sandbox = self.load(source)
        with self._lock:
            if name != DEFAULT and name not in self._named:
                self._make_room()
            self._keep(name, sandbox)

    async def drop(self, name: str) -> bool:
        """Forget a sandbox."""
        with self._lock:
            self._forget_idle()
            if name == DEFAULT:
                self._default = self.start
                self.journal.clear(name)
                return True
            if name not in self._named:
                return False
            self._forget(name)
            return True

    async def names(self) -> list[tuple[str, float]]:
        """Return every name, the default one first, then the longest unused first."""
        return self.present_names()

    def present_names(self) -> list[tuple[str, float]]:
        """Return what `names` does, to who cannot wait."""
        with self._lock:
            self._forget_idle()
            now = time.monotonic()
            named = [(name, now - self._used[name]) for name in self._named]
        return [(DEFAULT, 0.0), *named]

    async def entries(self, name: str) -> list[Entry]:
        """Return the journal of a sandbox, the newest entry first."""
        # That of a sandbox that was not used for too long goes with it.
        with self._lock:
            self._forget_idle()
        return self.journal.newest_first(name)

    async def clear(self, name: str) -> None:
        """Empty the journal of a sandbox."""
        self.journal.clear(name)

    async def announce(self, sandbox: str | None, operation: str) -> None:
        """Send a change to all who follow a journal."""
        self.journal.changed(sandbox, operation)

    def follow(self, name: str, after: int | None) -> AsyncIterator[bytes]:
        """Return server-sent events of a journal."""
        return self.journal.follow(name, after)

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Have `listener` called with each entry of the journal."""
        self.journal.listen(listener)

    def default(self) -> Sandbox:
        """Return the default sandbox."""
        return self.load(DEFAULT)

    def _keep(self, name: str, sandbox: Sandbox) -> None:
        if name == DEFAULT:
            self._default = sandbox
        else:
            self._named[name] = sandbox
            self._touch(name)

    def _touch(self, name: str) -> None:
        self._used[name] = time.monotonic()
        self._named.move_to_end(name)

    def _make_room(self) -> None:
        self._forget_idle()
        if len(self._named) < self._most:
            return
        oldest = next(iter(self._named), None)
        if oldest is None or time.monotonic() - self._used[oldest] < BUSY:
            raise SandboxesFullError
        self._forget(oldest)

    def _forget_idle(self) -> None:
        now = time.monotonic()
        while self._named:
            oldest = next(iter(self._named))
            if now - self._used[oldest] <= self._idle:
                break
            self._forget(oldest)

    def _forget(self, name: str) -> None:
        del self._named[name], self._used[name]
        self.journal.clear(name)
