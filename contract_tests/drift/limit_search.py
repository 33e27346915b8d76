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
    """Return the highest limit that is accepted.

    None if there is none to be found, or no need to look for it.
    """
    if not any(each.what == "values of limit" for each in found):
        return None
    try:
        return _search(side)
    except (NotJudgedError, OutOfTimeError):
        return None


def _search(side: Side) -> int | None:
    limits = [int(text) for text in LIMITS if text.isdigit() and int(text)]
    accepted = [limit for limit in limits if _accepts(side, limit)]
    if not accepted:
        return None
    good = max(accepted)
    # Without one there is no bound to look for.
    refused = [limit for limit in limits if limit > good]
    return _halve(side, good, min(refused)) if refused else None


def _halve(
    side: Side,
    good: int,
    bad: int,
) -> int:
    while bad - good > 1:
        middle = (good + bad) // 2
        if _accepts(side, middle):
            good = middle
        else:
            bad = middle
    return good


def _accepts(side: Side, limit: int) -> bool:
    return side.send(with_limit(str(limit))).exchange.ok
