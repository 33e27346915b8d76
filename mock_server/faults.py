"""What a client may ask of its own answer with `Prefer` (RFC 7240)."""

from .errors import Violation

LONGEST_DELAY = 60_000
"""Milliseconds."""


def wished_delay(prefer: str | None) -> tuple[float, list[Violation]]:
    """Answer the seconds of `Prefer: delay=MILLISECONDS`, 0 without one, and what is wrong with an impossible wish."""
    for wish in (prefer or "").split(","):
        name, _, value = wish.strip().partition("=")
        if name.strip().lower() == "delay":
            text = value.strip().strip('"')
            if not (text.isascii() and text.isdigit()) or int(text[:9]) > LONGEST_DELAY:
                reason = f"delay must be a whole number of milliseconds from 0 to {LONGEST_DELAY}"
                return 0.0, [Violation("header", "Prefer", reason)]
            return int(text) / 1000, []
    return 0.0, []
