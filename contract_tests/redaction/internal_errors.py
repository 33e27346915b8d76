"""Failures of the gate itself: they are shown with their place, without the values at hand."""

from __future__ import annotations

import traceback
from pathlib import Path

# The exit code: neither the target nor its user is at fault.
FAILED = 4
REPORT_IT = "this is the gate's fault and says nothing of the target, please report it"
# Callers that are named, the innermost first.
MOST_PLACES = 4
ROOT = Path(__file__).parents[2]


def confession(error: BaseException) -> str:
    """Return one line with the kind of error and its place.

    The error's own text may hold personal data.
    """
    places = " < ".join(_places(error)) or "an unknown place"
    return f"Error: {REPORT_IT}: {type(error).__name__} in {places}"


def _places(error: BaseException) -> list[str]:
    """Return where it was raised in code of ours, and from where that was called."""
    places = []
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT / "contract_tests"):
            places.append(f"{path.relative_to(ROOT)}:{frame.lineno}")
    return places[:MOST_PLACES]
