"""Waiting that counts only time in which this process could hear: a request that computes for long is no fault of a store."""

from __future__ import annotations

import asyncio
from typing import TypeVar

T = TypeVar("T")

SLICES = 8
"""In how many parts is waited; whatever held up the event loop costs at most one of them."""


async def patiently(awaited: asyncio.Future[T], seconds: float) -> T:
    """Answer what comes of a future or a task; raises `TimeoutError`, and gives it up, where nothing comes for so long."""
    try:
        for _ in range(SLICES):
            done, _ = await asyncio.wait((awaited,), timeout=seconds / SLICES)
            if done:
                return awaited.result()
        raise TimeoutError
    finally:
        awaited.cancel()
