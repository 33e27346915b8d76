"""Values at and past every bound of the contract's schemas, computed from the schemas themselves."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from contract_tests.checks.coverage import pattern_bounds

if TYPE_CHECKING:
    from contract_tests.spec.contract import Schema

# One code point each: plain, two bytes, three bytes, outside the BMP, a combining mark, white space.
ALPHABETS = ("a", "é", "漢", "😀", "\u0301", " ")
NOT_STRINGS: tuple[Any, ...] = (5, 1.5, True, False, None, [], {}, ["text"], {"text": "text"})
NOT_OBJECTS: tuple[Any, ...] = ("1990-01-01", "", 5, 1.5, True, False, None, [], [1990, 1, 1])
NOT_INTEGERS: tuple[Any, ...] = ("5", 5.5, True, None, [], {})
STRANGERS = "AZ-. +@/`{:é漢😀ａ٣\u017f\u212a\u0131\u0000\u200b\n\t"


def good(name: str, schema: Schema, salt: str) -> list[Any]:
    """Return valid values at each bound; handles are salted, since they have to be unique."""
    if schema.get("type") == "object":
        return good_objects(schema)
    if "pattern" in schema:
        return _good_words(schema, salt)
    low, high = schema.get("minLength", 0), schema["maxLength"]
    found = [
        letter * size
        for letter in ALPHABETS
        for size in dict.fromkeys((low, low + 1, high - 1, high))
    ]
    return [text for text in dict.fromkeys(found) if name]


def why_good(schema: Schema, value: Any) -> str:
    """Return why a valid value is one, in words: which bound it keeps, and what may look wrong in it."""
    if isinstance(value, dict):
        parts = schema.get("properties", {})
        told = [
            f"{key} is {_number(parts[key], part)}" for key, part in value.items() if key in parts
        ]
        return "; ".join(
            [*told, *(f"{key} is not documented, and ignored" for key in value if key not in parts)]
        )
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    count = f"it has {len(value)} character{'' if len(value) == 1 else 's'}"
    if high is None:
        return f"{count}, and matches {schema.get('pattern')}"
    return f"{count} (code points), and {low} to {high} are allowed"


def _number(schema: Schema, value: float) -> str:
    whole = (
        ", a whole number as JSON Schema means it"
        if isinstance(value, float) and value.is_integer()
        else ""
    )
    edges = {schema.get("minimum"): ", the least", schema.get("maximum"): ", the most"}
    return f"{value}{edges.get(value, '')}{whole}"


def bad(schema: Schema) -> list[Any]:
    """Return values just past each bound, and of every wrong type."""
    if schema.get("type") == "object":
        return [*NOT_OBJECTS, *_bad_objects(schema)]
    if "pattern" in schema:
        return [*NOT_STRINGS, *_bad_words(schema)]
    low, high = schema.get("minLength", 0), schema["maxLength"]
    long = [letter * (high + 1) for letter in ALPHABETS]
    composed = "e\u0301" * (high // 2) + "e" * (high % 2 + 1)
    padded = [" " + "a" * high, "a" * high + " ", "a" * high + "\n", composed, "a" * (high * 3)]
    return [*NOT_STRINGS, *long, *padded, *([""] if low else [])]


def plain_object(schema: Schema) -> dict[str, int]:
    """Return an object in the middle of its bounds."""
    return {
        key: (part["minimum"] + part["maximum"]) // 2
        for key, part in schema.get("properties", {}).items()
    }


def good_objects(schema: Schema) -> list[dict[str, Any]]:
    """Return objects with each part at each bound, and the last of every month whatever the calendar says."""
    middle = plain_object(schema)
    parts = schema.get("properties", {})
    edges = [
        {**middle, key: part[edge]}
        for key, part in parts.items()
        for edge in ("minimum", "maximum")
    ]
    corners = [{key: part[edge] for key, part in parts.items()} for edge in ("minimum", "maximum")]
    days = [{**middle, "month": month, "day": 31} for month in (2, 4, 6, 9, 11)]
    days += [{"year": year, "month": 2, "day": 29} for year in (1900, 2000, 2023, 2024)]
    return [
        *edges,
        *corners,
        *days,
        {key: float(value) for key, value in middle.items()},
        {**middle, "more": "ignored"},
    ]


def _bad_objects(schema: Schema) -> list[dict[str, Any]]:
    middle = plain_object(schema)
    parts = schema.get("properties", {})
    past = [{**middle, key: part["minimum"] - 1} for key, part in parts.items()]
    past += [{**middle, key: part["maximum"] + 1} for key, part in parts.items()]
    past += [{**middle, key: -middle[key]} for key in parts]
    wrong = [
        {**middle, key: value}
        for key in parts
        for value in (*NOT_INTEGERS, str(middle[key]), middle[key] + 0.5)
    ]
    missing = [
        {other: value for other, value in middle.items() if other != key}
        for key in schema.get("required", [])
    ]
    return [*past, *wrong, *missing, {}]


def letters(schema: Schema) -> str:
    """Return the characters that a pattern such as `^[a-z0-9_]{3,20}$` allows."""
    head = re.compile(schema["pattern"].rpartition("{")[0].removeprefix("^") + r"\Z")
    return "".join(character for character in string.printable if head.match(character))


def _good_words(schema: Schema, salt: str) -> list[str]:
    bounds = pattern_bounds(schema)
    if bounds is None:
        return []
    low, high = bounds
    allowed = letters(schema)
    words = [f"{salt}{'q' * high}"[:size] for size in (high, high - 1, low, low + 1)]
    firsts = [f"{letter}{salt}"[: high - 1] + letter for letter in allowed if letter in "az059_"]
    # Words that a careless server takes for numbers or trims.
    digits = "".join(str(ord(letter) % 10) for letter in salt)
    odd = [
        digits,
        f"0{digits}",
        f"1e{digits[:3]}",
        f"_{salt}",
        f"{salt}_",
        f"{salt[:4]}__{salt[4:8]}",
        "_" * (low + len(salt) % 7),
    ]
    words += [word[:high] for word in odd if len(word[:high]) >= low and set(word) <= set(allowed)]
    rest = [
        (allowed[start : start + high - 4] + salt)[:high]
        for start in range(0, len(allowed), high - 4)
    ]
    return [*words, *firsts, *rest]


def _bad_words(schema: Schema) -> list[str]:
    bounds = pattern_bounds(schema)
    if bounds is None:
        return []
    low, high = bounds
    sized = ["", "q" * (low - 1), "q" * (high + 1), "q" * (high * 3)]
    strange = [
        word for letter in STRANGERS for word in (f"qq{letter}qq", f"{letter}qqqq", f"qqqq{letter}")
    ]
    return [*sized, *strange, "q" * high + "\n", " " * low]
