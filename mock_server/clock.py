"""What time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers the present moment, with a time zone."""


def real_clock() -> datetime:
    """Answer the machine's time in UTC."""
    return datetime.now(UTC)
