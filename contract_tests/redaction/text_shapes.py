"""The shape of a text that must not be shown: its length and its kinds of characters."""

from __future__ import annotations

import string
import unicodedata

ODD = "odd"
ODD_SHOWN = 3


def veiled(what: str) -> str:
    """Return what stands in place of something that must not be shown."""
    return f"‹{what}›"


def shape(text: str) -> str:
    """Return length and kinds of character, the odd ones with their places counted from 1."""
    parts = [f"{len(text)} character{'' if len(text) == 1 else 's'}"]
    signs = "".join(dict.fromkeys(letter for letter in text if letter in string.punctuation))
    for kind in dict.fromkeys(map(_kind, text)):
        if kind == "punctuation":
            parts.append(f"punctuation {signs}")
        elif kind != ODD:
            parts.append(kind)
    if text[:1].isspace():
        parts.append("white space first")
    if text[-1:].isspace():
        parts.append("white space last")
    places = [place for place, letter in enumerate(text) if _kind(letter) == ODD]
    parts += [f"U+{ord(text[place]):04X} at {place + 1}" for place in places[:ODD_SHOWN]]
    if len(places) > ODD_SHOWN:
        parts.append(f"{len(places) - ODD_SHOWN} more odd ones")
    return ", ".join(parts)


def _kind(letter: str) -> str:
    if letter in string.punctuation:
        return "punctuation"
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
