"""The shape of a text that must not be shown: its length and its kinds of characters."""

from __future__ import annotations

import string
import unicodedata

SIGNS, ODD = "punctuation", "odd"
ODD_SHOWN = 3


def veiled(what: str) -> str:
    """Return what stands in place of something that must not be shown."""
    return f"‹{what}›"


def shape(text: str) -> str:
    """Return length and kinds of character, the odd ones with their places counted from 1."""
    plural = "" if len(text) == 1 else "s"
    parts = [
        f"{len(text)} character{plural}",
        *_kinds(text),
        *_ends(text),
        *_odd(text),
    ]
    return ", ".join(parts)


def _kinds(text: str) -> list[str]:
    kinds = dict.fromkeys(map(_kind, text))
    kinds.pop(ODD, None)
    signs = [letter for letter in dict.fromkeys(text) if letter in string.punctuation]
    signs_shown = f"{SIGNS} {''.join(signs)}"
    return [signs_shown if kind == SIGNS else kind for kind in kinds]


def _ends(text: str) -> list[str]:
    ends = {
        "first": text[:1],
        "last": text[-1:],
    }
    return [f"white space {end}" for end, letter in ends.items() if letter.isspace()]


def _odd(text: str) -> list[str]:
    found = [
        f"U+{ord(letter):04X} at {place}"
        for place, letter in enumerate(text, 1)
        if _kind(letter) == ODD
    ]
    more = [f"{len(found) - ODD_SHOWN} more odd ones"] if len(found) > ODD_SHOWN else []
    return found[:ODD_SHOWN] + more


def _kind(letter: str) -> str:
    if letter in string.punctuation:
        return SIGNS
    if letter == " ":
        return "spaces"
    if letter in string.digits:
        return "digits"
    if not letter.isalpha():
        return ODD
    kind = "letters"
    if letter.islower():
        kind = "lower-case letters"
    elif letter.isupper():
        kind = "upper-case letters"
    if letter.isascii():
        return kind
    # Doubles of other letters, such as the full-width ones, look as if they were allowed.
    is_double = unicodedata.normalize("NFKC", letter) != letter
    return f"{kind} beyond ASCII{' that NFKC changes' if is_double else ''}"
