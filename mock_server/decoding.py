"""From the text of a request to values, strictly: where a lenient parser would guess, these refuse."""

import re
from decimal import Decimal
from urllib.parse import unquote_to_bytes

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UNRESERVED = re.compile(r"%([46][1-9A-Fa-f]|[57][0-9Aa]|2[DdEe]|3[0-9]|5[Ff]|7[Ee])")
_MOST_DIGITS = 4000  # Python refuses to print integers over 4,300 digits


class BrokenEncodingError(ValueError):
    """The text is not percent-encoded UTF-8."""


def percent_decode(text: str, *, plus: bool) -> str:
    """Decode percent-encoded UTF-8 (RFC 3986, 2.1), in a query also `+` for a space; raises `BrokenEncodingError`.

    `text` holds one character for each byte that was sent (Latin-1), as HTTP servers hand it over.
    """
    if plus:
        text = text.replace("+", " ")
    if "%" not in text and text.isascii():
        return text
    raw = text.encode("latin-1")
    if _BROKEN.search(raw):
        raise BrokenEncodingError(text)
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise BrokenEncodingError(text) from None


def split_query(query: str) -> dict[str, list[str]]:
    """Split a query into still encoded values by decoded name, in order; a name that cannot be decoded is left out."""
    values: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        try:
            name = percent_decode(name, plus=True)
        except BrokenEncodingError:
            continue
        values.setdefault(name, []).append(value)
    return values


def decode_number(text: str) -> int | float:
    """Read a number as JSON writes it (RFC 8259, 6): a whole one as `int`, however it is written; raises `ValueError`.

    Python's own `float` would also take `nan`, `1_000`, blanks and digits of other scripts.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a JSON number: {text[:40]!r}")
    if len(text) < 16 and text.isdigit():  # noqa: PLR2004
        return int(text)
    number = Decimal(text)
    if number.adjusted() > _MOST_DIGITS:
        raise ValueError("too large a number")
    whole = number.adjusted() > -_MOST_DIGITS and number == number.to_integral_value()
    return int(number) if whole else float(number)


def canonical_path(raw: str) -> str:
    """Decode only what needs no encoding (RFC 3986, 6.2.2.2), so that `%2F` in a name stays part of the name."""
    return _UNRESERVED.sub(lambda match: chr(int(match[1], 16)), raw) if "%" in raw else raw
