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
        (call for call in history if call.until != NEVER or (call.writes and call.value in read)),
        key=lambda call: call.since,
    )
    last = max((n for n, call in enumerate(calls) if call.until != NEVER), default=-1)
    ways = [Way(0, 0, initial)]
    tried = set(ways)
    while ways:
        way = ways.pop()
        if all(way.has(n) or calls[n].until == NEVER for n in range(way.first, last + 1)):
            return True
        for further in _steps(calls, way):
            if further not in tried:
                tried.add(further)
                ways.append(further)
    return False


class Way(NamedTuple):
    """A beginning of an order: all calls before `first`, later ones whose bit is set in `more`, and the value it led to."""

    first: int
    more: int
    value: str

    def has(self, n: int) -> bool:
        """Whether a call stands in it already."""
        return bool(self.more >> (n - self.first) & 1)

    def then(self, n: int, value: str) -> "Way":
        """Answer the way that goes on with a call."""
        first, more = self.first, self.more | 1 << (n - self.first)
        while more & 1:
            first, more = first + 1, more >> 1
        return Way(first, more, value)


def _steps(calls: Sequence[Seen], way: Way) -> list[Way]:
    """Answer what may come next; a read that fits never stands in the way of anything, so it alone is enough."""
    end, possible = NEVER, list[Way]()
    open_now = list[int]()
    for n in range(way.first, len(calls)):
        if calls[n].since > end:
            break
        if not way.has(n):
            open_now.append(n)
            end = min(end, calls[n].until)
    for n in open_now:
        call = calls[n]
        if call.since > end:
            break
        if call.writes:
            possible.append(way.then(n, call.value))
        elif call.value == way.value:
            return [way.then(n, way.value)]
    return possible
