"""The shapes of the fixtures that tests of the mock share."""

from collections.abc import Callable
from typing import Any

from mock_server.api.app import Core
from mock_server.stores.memory import MemoryStore

Build = Callable[..., Core]
Steer = Callable[..., tuple[int, Any]]


def memory(core: Core) -> MemoryStore:
    """Return the store of a core that keeps its sandboxes in memory."""
    assert isinstance(core.store, MemoryStore)
    return core.store
