"""Whether what is read is what was sent, another form of it, or lost."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import Any
from unicodedata import normalize


def how_lost(
    sent: object,
    before: object,
    got: object,
) -> str:
    """Return the rule that a field breaks.

    It was `before`, was `sent` and is not the same as `got`.

    Text that was cut, folded or trimmed was stored in a form of the target's own, to which the
    documentation gives no bounds; so is null for an empty text, a sign for each letter that is not
    known, text as a part of something larger, and another day for one that no calendar has.
    """
    if got == before:
        return "update.seen"
    if isinstance(sent, dict) and got is not None and not _has_a_calendar(sent):
        return "input.accepted"
    if not isinstance(sent, str):
        return "update.seen"
    if isinstance(got, dict | list):
        return "text.exact" if sent in _texts(got) else "update.seen"
    return "text.exact" if _is_form_of(got, sent) else "update.seen"


def _is_form_of(got: object, sent: str) -> bool:
    """Whether a value is what became of a text."""
    if not isinstance(got, str | int | None):
        return False
    # Spaces, signs and case are what targets change most often.
    stored, wanted = letters(str(got or "")), letters(sent)
    if not wanted:
        return True
    if not stored:
        return bool(got) and not sent.isascii()
    return stored in wanted or wanted in stored


def _has_a_calendar(birth: dict[str, Any]) -> bool:
    """Whether there is such a day."""
    try:
        date(*(int(birth.get(part, 0)) for part in ("year", "month", "day")))
    except ValueError:
        return False
    return True


def _texts(value: object) -> list[object]:
    """Return what an object or a list is made of."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        return [value]
    return list(chain.from_iterable(map(_texts, value)))


def letters(text: str) -> str:
    """Return what remains of a text in every form that a target may keep it in."""
    return "".join(letter for letter in normalize("NFKD", text).casefold() if letter.isalnum())
