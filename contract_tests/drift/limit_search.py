"""The highest limit that a side accepts, found by halving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.drift.probes import LIMITS, with_limit
from contract_tests.exceptions import NotJudgedError, OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from contract_tests.drift.differences import Difference
    from contract_tests.drift.sides import Side


def largest(side: Side, found: Iterable[Difference]) -> int | None:
    """Return the highest limit that is accepted, None if there is none to be found or no need to look for it."""
    if not any(each.what == "values of limit" for each in found):
        return None
    try:
        accepted = [value for value in _whole() if _accepts(side, value)]
        refused = [value for value in _whole() if accepted and value > max(accepted)]
        return _between(side, max(accepted), min(refused)) if accepted and refused else None
    except (NotJudgedError, OutOfTimeError):
        return None


def _whole() -> list[int]:
    return [int(text) for text in LIMITS if text.isdigit() and int(text)]


def _between(side: Side, good: int, bad: int) -> int:
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if _accepts(side, middle) else (good, middle)
    return good


def _accepts(side: Side, value: int) -> bool:
    return side.send(with_limit(value)).exchange.ok
