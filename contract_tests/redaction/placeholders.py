"""Puts names in place of secrets, however these are spelt."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

Pairs = tuple[tuple[str, str], ...]
SHORTEST_PIECE = 3


def spellings(secrets: Pairs) -> dict[str, str]:
    """Return what is shown for each spelling of each secret."""
    return {quote(secret, safe=""): shown for secret, shown in secrets} | dict(secrets)


def pieces(credential: str, tokens: Mapping[str, str]) -> Pairs:
    """Return the longest part of each token in a credential, and what a shell takes for it.

    A token without its first letter, or the half of one, is nearly as good as the token. `tokens` are those of roles.
    """
    # What is of a whole token is hidden as such: a piece of another might hide but its first letters.
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
    known = spellings(secrets)
    return re.sub(pattern(known), lambda match: known[match[0]], text) if known else text
