"""Puts names in place of secrets, however these are spelt."""

from __future__ import annotations

import re
from urllib.parse import quote

Pairs = tuple[tuple[str, str], ...]


def spellings(secrets: Pairs) -> dict[str, str]:
    """Return what is shown for each spelling of each secret."""
    return {quote(secret, safe=""): shown for secret, shown in secrets} | dict(secrets)


def pattern(known: dict[str, str]) -> str:
    """Return a pattern that finds the spellings, the longest first."""
    return "|".join(re.escape(secret) for secret in sorted(known, key=len, reverse=True))


def hide(text: str, secrets: Pairs) -> str:
    """Put the name of each secret in its place."""
    known = spellings(secrets)
    return re.sub(pattern(known), lambda match: known[match[0]], text) if known else text
