"""Decoding of what a request holds, strictly: what a lenient parser would guess is refused."""

import re
from collections import Counter
from decimal import Decimal, DecimalException
from itertools import chain
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# Python refuses to print integers over 4,300 digits.
_MOST_DIGITS = 4000

MOST_LEVELS = 100
"""How deep JSON may be nested: deeper than any contract, and no problem for recursive functions."""


class UnfitJsonError(ValueError):
    """JSON that is valid and yet refused; the text completes the sentence "the body …"."""


class BrokenEncodingError(ValueError):
    """The text is not percent-encoded UTF-8."""


def percent_decode(text: str, *, plus: bool) -> str:
    """Decode percent-encoded UTF-8 (RFC 3986, 2.1), with `plus` also `+` for a space.

    Raises `BrokenEncodingError`. `text` holds one character for each byte that was sent (Latin-1),
    as HTTP servers hand it over.
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
    """Split a query into values by decoded name, in order; the values are still encoded.

    A name that cannot be decoded is left out: it is no documented one.
    """
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
    """Read a number in the notation of JSON (RFC 8259, 6); raise `ValueError` for another one.

    A whole number becomes an `int`, also `1e3` and `2.0`. Python's own `float` would accept `nan`,
    `1_000`, blanks and digits of other scripts too.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a JSON number: {text[:40]!r}")
    # Most numbers are short and whole, for which `Decimal` would be slow.
    if len(text) < 16 and text.isdigit():  # noqa: PLR2004
        return int(text)
    try:
        number = Decimal(text)
    except DecimalException:
        # Its exponent has more digits than `Decimal` can hold.
        raise ValueError("too large a number") from None
    if number.adjusted() > _MOST_DIGITS:
        raise ValueError("too large a number")
    is_whole = number.adjusted() > -_MOST_DIGITS and number == number.to_integral_value()
    return int(number) if is_whole else float(number)


def read_json(raw: bytes) -> Any:
    """Return the value of JSON; raise `ValueError` where it is none.

    Raises `UnfitJsonError`, which is a `ValueError`, where it is nested too deep.
    """
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
    key = repeated_key(raw)
    if key is not None:
        raise UnfitJsonError(f"must not have the key {key[:80]!r} twice")
    return value


def is_too_deep(value: Any, raw: bytes) -> bool:
    """Tell whether a value is nested deeper than `MOST_LEVELS`; `raw` is the JSON it stands for."""
    # Fewer brackets cannot be deeper. That spares nearly every body the walk.
    if raw.count(b"[") + raw.count(b"{") <= MOST_LEVELS:
        return False
    level = [value]
    for _ in range(MOST_LEVELS):
        level = list(chain.from_iterable(map(_containers, level)))
        if not level:
            return False
    return True


def _containers(value: Any) -> list[Any]:
    """Return the objects and arrays that are directly in a value."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return []
    return [each for each in value if isinstance(each, dict | list)]


def repeated_key(raw: bytes) -> str | None:
    """Return a key that an object of JSON has twice, `None` where there is none.

    The JSON is known to be valid.
    """
    # `orjson` does not tell, and few bodies are looked at in this way.
    import json  # noqa: PLC0415

    repeated: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        if len(set(keys)) < len(keys):
            counts = Counter(keys)
            repeated.append(next(key for key in counts if counts[key] > 1))

    # Values do not matter: `len` spares the conversion of long numbers, which takes quadratic time.
    json.loads(
        raw,
        object_pairs_hook=look,
        parse_int=len,
        parse_float=len,
    )
    return repeated[0] if repeated else None
