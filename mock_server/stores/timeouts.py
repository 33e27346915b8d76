"""Waiting that counts only time in which this process could hear: a request that computes for long is no fault of a store."""

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
    """Return what comes of a future or a task; raises `TimeoutError`, and gives it up, where nothing comes for so long.

    The time starts anew whenever `progress` returns something else than before, and stands still while that is `None`.
    """
    left, before = SLICES, progress()
    try:
        while left:
            done, _ = await asyncio.wait((awaited,), timeout=seconds / SLICES)
            if done:
                return awaited.result()
            now = progress()
            left, before = (left - 1 if now == before is not None else SLICES), now
        raise TimeoutError
    finally:
        awaited.cancel()
