"""Where worlds are kept: the newest one, replaced atomically."""

import threading
from typing import Protocol

from .world import World


class Store(Protocol):
    """Keeps one world; a change is a comparison and a swap."""

    def load(self) -> World:
        """Answer the present world."""
        ...

    def commit(self, before: World, after: World) -> bool:
        """Replace `before` by `after`; answer `False`, and do nothing, where somebody else was faster."""
        ...


class MemoryStore:
    """Keeps the world in this process."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()

    def load(self) -> World:
        """Answer the present world."""
        return self._world

    def commit(self, before: World, after: World) -> bool:
        """Replace `before` by `after` unless the present world is another one."""
        with self._lock:
            if self._world is not before:
                return False
            self._world = after
            return True
