"""Finds what a target says of a secret in a form of its own: a part of it, in another case or in another coding."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from contract_tests.redaction.text_shapes import veiled

if TYPE_CHECKING:
    from contract_tests.redaction.secret_names import Pairs

PIECE = 10
"""Letters in a row that are told to be of a secret; fewer may be a word."""
CAPITALS = re.compile("[A-Z]+")


def redactor(text: str, secrets: Pairs) -> str:
    """Put what it is a part of in place of each piece of a secret."""
    known = _pieces(secrets)
    plain = CAPITALS.sub(lambda found: found[0].lower(), text)  # as long as the text
    marks = [""] * len(text)
    for place in range(len(text) - PIECE + 1):
        if name := known.get(plain[place : place + PIECE], ""):
            marks[place : place + PIECE] = [name] * PIECE
    runs = groupby(zip(text, marks, strict=True), key=lambda pair: pair[1])
    return "".join(
        veiled(f"a part of {name}") if name else "".join(letter for letter, _ in run)
        for name, run in runs
    )


@lru_cache
def _pieces(secrets: Pairs) -> dict[str, str]:
    """Return the pieces of each secret that a variable holds, with its name."""
    return {
        form[place : place + PIECE].lower(): shown
        for secret, shown in secrets
        if shown[1:].isidentifier()
        for form in _forms(secret)
        for place in range(len(form) - PIECE + 1)
    }


def _forms(secret: str) -> list[str]:
    raw = secret.encode("utf-8", "surrogateescape")
    coded = [
        # What is before it moves its letters by some bits; the letters at both ends are not of the secret alone.
        encode(bytes(before) + raw).rstrip(b"=")[before and before + 1 : -1].decode()
        for before in range(3)
        for encode in (b64encode, urlsafe_b64encode)
    ]
    return [secret, raw.hex(), "".join(f"%{octet:02x}" for octet in raw), *coded]
