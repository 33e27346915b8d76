"""From the text of a request to values, strictly: where a lenient parser would guess, these refuse."""

import re
from collections import Counter
from decimal import Decimal, DecimalException
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MOST_DIGITS = 4000  # Python refuses to print integers over 4,300 digits

MOST_LEVELS = 100
"""How deep JSON may be nested: far deeper than the contract, far less than what makes a function that calls itself fail."""


class UnfitJsonError(ValueError):
    """JSON is valid and not taken; the text completes the sentence "the body …"."""


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
    try:
        number = Decimal(text)
    except DecimalException:  # an exponent of more digits than there are atoms
        raise ValueError("too large a number") from None
    if number.adjusted() > _MOST_DIGITS:
        raise ValueError("too large a number")
    whole = number.adjusted() > -_MOST_DIGITS and number == number.to_integral_value()
    return int(number) if whole else float(number)


def read_json(raw: bytes) -> Any:
    """Return the value of JSON that is not nested too deep; raise `ValueError`, of the kind `UnfitJsonError` if it is."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if error.msg.startswith("depth limit"):
            raise UnfitJsonError(f"must not be nested deeper than {MOST_LEVELS} levels") from None
        raise
    if is_too_deep(value, raw):
        raise UnfitJsonError(f"must not be nested deeper than {MOST_LEVELS} levels")
    return value


def read_json_once(raw: bytes) -> Any:
    """Return the value of JSON in which no object has a key twice; raise as `read_json` does."""
    value = read_json(raw)
    if (key := repeated_key(raw)) is not None:
        raise UnfitJsonError(f"must not have the key {key[:80]!r} twice")
    return value


def is_too_deep(value: Any, raw: bytes) -> bool:
    """Tell whether a value is nested deeper than `MOST_LEVELS`; `raw` is the JSON that it was read from."""
    if raw.count(b"[") + raw.count(b"{") <= MOST_LEVELS:
        return False
    level = [value]
    for _ in range(MOST_LEVELS):
        level = [inner for each in level for inner in _containers(each)]
        if not level:
            return False
    return True


def _containers(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for each in inner if isinstance(each, dict | list)]


def repeated_key(raw: bytes) -> str | None:
    """Return a key that an object of JSON has twice, `None` where there is none; the JSON is known to be valid."""
    import json  # noqa: PLC0415 - `orjson` does not tell, and few ask

    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.append(next(key for key in counts if counts[key] > 1))

    json.loads(raw, object_pairs_hook=look, parse_int=len, parse_float=len)
    return repeated[0] if repeated else None
