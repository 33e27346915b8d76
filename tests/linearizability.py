"""Tells whether what clients saw of a register can be explained by one order of all calls (Herlihy and Wing, 1990)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

NEVER = math.inf


class Seen(NamedTuple):
    """A call: it wrote or read `value` between two moments; `until` is `NEVER` for a write that nobody knows to have been."""

    writes: bool
    value: str
    since: float
    until: float


def explained(history: Sequence[Seen], initial: str) -> bool:
    """Search for an order in which each call stands between its two moments, and each read sees the last write before it.

    The values that are written must differ.
    """
    read = {call.value for call in history if not call.writes}
    calls = sorted(
        (call for call in history if call.until != NEVER or (call.writes and call.value in read)), key=lambda call: call.since
    )
    certain = sum(1 << n for n, call in enumerate(calls) if call.until != NEVER)
    tried = {(0, initial)}
    ways = [(0, initial)]
    while ways:
        done, value = ways.pop()
        if done & certain == certain:
            return True
        for way in _steps(calls, done, value):
            if way not in tried:
                tried.add(way)
                ways.append(way)
    return False


def _steps(calls: Sequence[Seen], done: int, value: str) -> list[tuple[int, str]]:
    """Answer what may come next; a read that fits never stands in the way of anything, so it alone is enough."""
    end, possible = NEVER, list[tuple[int, str]]()
    for n, call in enumerate(calls):
        if done >> n & 1:
            continue
        if call.since > end:
            break
        end = min(end, call.until)
    for n, call in enumerate(calls):
        if call.since > end:
            break
        if done >> n & 1:
            continue
        if call.writes:
            possible.append((done | 1 << n, call.value))
        elif call.value == value:
            return [(done | 1 << n, value)]
    return possible
