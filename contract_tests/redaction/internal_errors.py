"""Failures of the gate itself: they are shown with their place, without the values at hand."""

from __future__ import annotations

import traceback
from pathlib import Path

FAILED = 4
"""The exit code: neither the target nor its user is at fault."""
REPORT_IT = "this is the gate's fault and says nothing of the target, please report it"
ROOT = Path(__file__).parents[2]


def confession(error: BaseException) -> str:
    """Return one line with the kind of error and its place.

    The error's own text may hold personal data.
    """
    return f"Error: {REPORT_IT}: {type(error).__name__} in {' < '.join(_places(error)) or 'an unknown place'}"


def _places(error: BaseException) -> list[str]:
    """Return where it was raised, and from where that was called, as far as it is code of ours.

    The innermost first.
    """
    frames = reversed(traceback.extract_tb(error.__traceback__))
    ours = [
        frame for frame in frames if Path(frame.filename).is_relative_to(ROOT / "contract_tests")
    ]
    return [f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}" for frame in ours[:4]]
