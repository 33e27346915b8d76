"""The shape of a text that must not be shown: its length and its kinds of characters."""

from __future__ import annotations

import string
import unicodedata

ODD_SHOWN = 3


def veiled(what: str) -> str:
    """Return what stands in place of something that must not be shown."""
    return f"‹{what}›"


def shape(text: str) -> str:
    """Return length and kinds of character, the odd ones with their places counted from 1."""
    parts = [f"{len(text)} character{'' if len(text) == 1 else 's'}", *_kinds(text), *_edges(text)]
    odd = [
        f"U+{ord(letter):04X} at {place}"
        for place, letter in enumerate(text, 1)
        if _kind(letter) == "odd"
    ]
    more = [f"{len(odd) - ODD_SHOWN} more odd ones"] if len(odd) > ODD_SHOWN else []
    return ", ".join([*parts, *odd[:ODD_SHOWN], *more])


def _kinds(text: str) -> list[str]:
    found = dict.fromkeys(map(_kind, text))
    signs = "".join(dict.fromkeys(letter for letter in text if letter in string.punctuation))
    return [f"{kind} {signs}" if kind == "punctuation" else kind for kind in found if kind != "odd"]


def _kind(letter: str) -> str:
    if letter in string.punctuation:
        return "punctuation"
    if letter == " ":
        return "spaces"
    if letter in string.digits:
        return "digits"
    if not letter.isalpha():
        return "odd"
    case = "lower-case " if letter.islower() else "upper-case " if letter.isupper() else ""
    return f"{case}letters" + ("" if letter.isascii() else f" beyond ASCII{_compatible(letter)}")


def _compatible(letter: str) -> str:
    """Mark a letter that is another's double, such as the full-width ones: it looks as if it were allowed."""
    return "" if unicodedata.normalize("NFKC", letter) == letter else " that NFKC changes"


def _edges(text: str) -> list[str]:
    ends = (("first", text[:1]), ("last", text[-1:]))
    return [f"white space {name}" for name, letter in ends if letter.isspace()]
