"""In what form a target kept a value: whether what is read is what was sent, another form of it, or lost."""

from __future__ import annotations

from datetime import date
from typing import Any
from unicodedata import normalize


def how_lost(sent: object, before: object, got: object) -> str:
    """Return the rule that a field breaks which was `before`, was `sent` and is not the same as `got`.

    Text that was cut, folded or trimmed was kept in a form of the target's own, to which the documentation gives no bounds;
    so is null for an empty text, a sign for each letter that is not known, text as a part of something larger, and another day
    for one that no calendar has.
    """
    if isinstance(sent, dict) and got is not None and got != before and not _has_a_calendar(sent):
        return "input.accepted"
    if isinstance(sent, str) and isinstance(got, dict | list) and got != before:
        return "text.exact" if sent in _texts(got) else "update.seen"
    if not isinstance(sent, str) or not isinstance(got, str | int | None) or got == before:
        return "update.seen"
    kept, wanted = letters(str(got or "")), letters(sent)
    unknown = bool(got) and not kept and not sent.isascii()
    return (
        "text.exact"
        if not wanted or unknown or (kept and (kept in wanted or wanted in kept))
        else "update.seen"
    )


def _has_a_calendar(birth: dict[str, Any]) -> bool:
    """Whether there is such a day."""
    try:
        date(*(int(birth.get(part, 0)) for part in ("year", "month", "day")))
    except ValueError:
        return False
    return True


def _texts(value: object) -> list[object]:
    """Return what an object or a list is made of."""
    if not isinstance(value, dict | list):
        return [value]
    return [
        text
        for part in (value.values() if isinstance(value, dict) else value)
        for text in _texts(part)
    ]


def letters(text: str) -> str:
    """Return what remains of a text in every form that a target may keep it in."""
    return "".join(letter for letter in normalize("NFKD", text).casefold() if letter.isalnum())
