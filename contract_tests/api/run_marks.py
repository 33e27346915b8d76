"""Marks: what the gate writes into a profile says so, and which run wrote it.

A run is named by the time of its beginning, as in `User-Agent`, so that who finds a mark knows
since when the run goes on, and can find its calls in a log.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

# Parts of a second in which a run may begin.
TICKS = 16
# Ticks after which names of runs come again: eight years.
ROUND = 1 << 32
TEXT = re.compile(r"contract-tests ([0-9a-f]{8})\b", re.IGNORECASE)
HANDLE = re.compile(r"g[0-9a-z]{5}([0-9a-f]{8})_g", re.IGNORECASE)
# What versions wrote that did not name their run.
EARLIER = re.compile(
    r"(?:[0-9a-f]{12}|[abcXYZ019]{1,30}|start|state [0-9]+) contract-tests"
    r"|g[0-9a-f]{10}_gate"
    r"|gate_machine_[a-z0-9]+"
)
UNNAMED = ""
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def new_run() -> str:
    """Return the name of a run that begins now."""
    return f"{_now():08x}"


def text(chance: Random, run: str) -> str:
    """Return a plain text that nobody else writes."""
    return signed(f"{chance.getrandbits(48):012x}", run)


def signed(words: str, run: str) -> str:
    """Return some words with the mark of the run."""
    return f"{words} contract-tests {run}"


def handle(chance: Random, run: str) -> str:
    """Return a handle in the contract's form that nobody is likely to hold.

    It is one letter shorter than the longest.
    """
    letters = "".join(chance.choices(LETTERS, k=5))
    return f"g{letters}{run}_gate"


def run_of(value: object) -> str | None:
    """Return the run that wrote a value.

    `UNNAMED` where its mark names none, None where it has no mark.
    """
    if not isinstance(value, str):
        return None
    found = TEXT.search(value) or HANDLE.search(value)
    if found:
        return found[1].lower()
    return UNNAMED if EARLIER.fullmatch(value) else None


def named(run: str) -> str:
    """Return a run in words, with the time of its beginning."""
    if run == UNNAMED:
        return "a run of an earlier version of the gate"
    age = ((_now() - int(run, 16)) % ROUND) / TICKS
    began = datetime.fromtimestamp(time.time() - age, UTC)
    return f"the run {run}, which began on {began:%Y-%m-%d at %H:%M:%S} UTC"


def _now() -> int:
    return int(time.time() * TICKS) % ROUND
