"""Finds what a target says of a secret in a form of its own: a part of it, or in another coding."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING

from contract_tests.redaction.text_shapes import veiled

if TYPE_CHECKING:
    from contract_tests.redaction.placeholders import Pairs

# Letters in a row that are taken for a part of a secret; fewer may be a word.
PIECE = 10
CAPITALS = re.compile("[A-Z]+")


def hide_pieces(text: str, secrets: Pairs) -> str:
    """Put what it is a part of in place of each piece of a secret."""
    known = _pieces(secrets)
    # A text in lower case by `lower` may be longer than it was.
    plain = CAPITALS.sub(lambda found: found[0].lower(), text)
    names = [""] * len(text)
    for place in range(len(text) - PIECE + 1):
        name = known.get(plain[place : place + PIECE])
        if name:
            names[place : place + PIECE] = [name] * PIECE
    shown = []
    place = 0
    for name, run in groupby(names):
        end = place + len(list(run))
        shown.append(veiled(f"a part of {name}") if name else text[place:end])
        place = end
    return "".join(shown)


@lru_cache
def _pieces(secrets: Pairs) -> dict[str, str]:
    """Return the pieces of each secret that a variable holds, with its name."""
    pieces = {}
    for secret, shown in secrets:
        for form in _forms(secret) if shown[1:].isidentifier() else ():
            for place in range(len(form) - PIECE + 1):
                pieces[form[place : place + PIECE].lower()] = shown
    return pieces


def _forms(secret: str) -> list[str]:
    raw = secret.encode("utf-8", "surrogateescape")
    forms = [secret, raw.hex(), "".join(f"%{octet:02x}" for octet in raw)]
    for before in range(3):
        # What is before it moves its letters by some bits; those at both ends are not its alone.
        first = before + 1 if before else 0
        for encode in (b64encode, urlsafe_b64encode):
            coded = encode(bytes(before) + raw).rstrip(b"=")
            forms.append(coded[first:-1].decode())
    return forms
