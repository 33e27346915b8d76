"""Puts names in place of secrets, however these are spelt."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs = tuple[tuple[str, str], ...]
SHORTEST_PIECE = 3


def pieces(credential: str, tokens: Mapping[str, str]) -> Pairs:
    """Return the longest part of each token in a credential, and what a shell takes for it.

    A token without its first letter, or the half of one, is nearly as good as the token. `tokens`
    are those of roles.
    """
    # A whole token is hidden as such: a piece of another might hide but its first letters.
    for token in tokens.values():
        credential = credential.replace(token, "\n")
    found = []
    for role, token in tokens.items():
        matcher = SequenceMatcher(None, credential, token, autojunk=False)
        match = matcher.find_longest_match()
        start, size = match.b, match.size
        if SHORTEST_PIECE <= size < len(token):
            piece = token[start : start + size]
            found.append((piece, f"${{{role.upper()}:{start}:{size}}}"))
    return tuple(found)


def variable(shown: str) -> str:
    """Return the name of the shell variable that is shown for a secret, or for a part of it."""
    return shown.strip("${}").partition(":")[0]


def pattern(known: dict[str, str]) -> str:
    """Return a pattern that finds the spellings, the longest first."""
    return "|".join(re.escape(secret) for secret in sorted(known, key=len, reverse=True))


def hide(text: str, secrets: Pairs) -> str:
    """Put the name of each secret in its place."""
    if not secrets:
        return text
    known, finder = _spellings(secrets)
    return finder.sub(lambda match: known[match[0]], text)


# Each text that is shown is searched, and the secrets are nearly always the same.
@lru_cache
def _spellings(secrets: Pairs) -> tuple[dict[str, str], re.Pattern[str]]:
    """Return what is shown for each spelling of each secret, and the pattern that finds them."""
    known = {quote(secret, safe=""): shown for secret, shown in secrets} | dict(secrets)
    return known, re.compile(pattern(known))
