"""Tasks that run beside requests."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class BackgroundTasks:
    """Keep tasks until they are done: the event loop itself has only weak references to them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside what runs now."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
