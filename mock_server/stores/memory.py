"""Where sandboxes are kept: the newest value of each, replaced atomically."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Protocol

from mock_server.world.sandbox import Sandbox

DEFAULT = "default"
"""The name of the sandbox of those who name none; it is never dropped."""
BUSY = 10.0
"""A sandbox that was used within so many seconds is never dropped for another."""


class SandboxesFullError(Exception):
    """All sandboxes that may exist are in use."""


class Store(Protocol):
    """Keeps sandboxes by name; a change is a comparison and a swap."""

    def load(self, name: str) -> Sandbox:
        """Return the present sandbox, made from the active scenario on first use; raises `SandboxesFullError`."""
        ...

    def peek(self, name: str) -> Sandbox | None:
        """Return the present sandbox; `None`, and none is made, where there is none."""
        ...

    def commit(self, name: str, before: Sandbox, after: Sandbox) -> bool:
        """Replace `before` by `after`; return `False`, and do nothing, where somebody else was faster."""
        ...

    def copy(self, source: str, name: str) -> None:
        """Keep what one sandbox is under another name, whatever was there; raises `SandboxesFullError`."""
        ...

    def drop(self, name: str) -> bool:
        """Forget a sandbox; return whether there was one. The default one starts anew."""
        ...

    def names(self) -> Iterator[tuple[str, float]]:
        """Return every name, with how many seconds it was not used."""
        ...

    def forget_idle(self) -> None:
        """Forget the sandboxes that were not used for too long, where the store does not do so by itself."""
        ...


class MemoryStore:
    """Keeps sandboxes in this process: at most `most` named ones, until `idle` seconds unused or the oldest too many."""

    def __init__(self, start: Sandbox, most: int = 10_000, idle: float = 3600.0) -> None:
        self._start, self._default, self._most, self._idle = start, start, most, idle
        self._named: OrderedDict[str, Sandbox] = OrderedDict()
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self.forgotten: Callable[[str], None] = lambda _name: None
        """Called with the name of each sandbox that is forgotten, or begins anew."""

    def load(self, name: str) -> Sandbox:
        """Return the present sandbox, made on first use."""
        if name == DEFAULT:
            return self._default
        with self._lock:
            self._forget_idle()
            if name not in self._named:
                self._make_room()
                self._named[name] = self._start
            self._touch(name)
            return self._named[name]

    def peek(self, name: str) -> Sandbox | None:
        """Return the present sandbox, if there is one."""
        return self.load(name) if name == DEFAULT or name in self._named else None

    def commit(self, name: str, before: Sandbox, after: Sandbox) -> bool:
        """Replace `before` by `after` unless the present sandbox is another one."""
        with self._lock:
            present = self._default if name == DEFAULT else self._named.get(name)
            if present is not before:
                return False
            self._keep(name, after)
            return True

    def copy(self, source: str, name: str) -> None:
        """Keep a sandbox under another name: one assignment, since it is a value."""
        sandbox = self.load(source)
        with self._lock:
            if name != DEFAULT and name not in self._named:
                self._make_room()
            self._keep(name, sandbox)

    def drop(self, name: str) -> bool:
        """Forget a sandbox."""
        with self._lock:
            self._forget_idle()
            if name == DEFAULT:
                self._default = self._start
                self.forgotten(name)
                return True
            if name not in self._named:
                return False
            self._forget(name)
            return True

    def forget_idle(self) -> None:
        """Forget the sandboxes that were not used for too long."""
        with self._lock:
            self._forget_idle()

    def names(self) -> Iterator[tuple[str, float]]:
        """Return every name, the default one first, then the longest unused first."""
        with self._lock:
            self._forget_idle()
            now = time.monotonic()
            return iter([(DEFAULT, 0.0), *((name, now - self._used[name]) for name in self._named)])

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
        while self._named and now - self._used[oldest := next(iter(self._named))] > self._idle:
            self._forget(oldest)

    def _forget(self, name: str) -> None:
        del self._named[name], self._used[name]
        self.forgotten(name)
