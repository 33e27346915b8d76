"""Waiting that counts only time in which this process could hear.

A request that computes for long is no fault of a store.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SLICES = 8
"""In how many parts is waited; whatever held up the event loop costs at most one of them."""


async def patiently(
    awaited: asyncio.Future[T], seconds: float, progress: Callable[[], object] = int
) -> T:
    """Return what comes of a future or a task.

    Raises `TimeoutError`, and gives it up, where nothing comes for so long. The time starts anew
    whenever `progress` returns something else than before, and stands still while that is `None`.
    """
    left = SLICES
    before = progress()
    try:
        while left:
            done, _ = await asyncio.wait((awaited,), timeout=seconds / SLICES)
            if done:
                return awaited.result()
            now = progress()
            is_silent = now == before is not None
            left = left - 1 if is_silent else SLICES
            before = now
        raise TimeoutError
    finally:
        awaited.cancel()
