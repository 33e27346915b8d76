"""Values at and past every bound of the contract's schemas, computed from the schemas."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from contract_tests.checks.coverage import pattern_bounds

if TYPE_CHECKING:
    from contract_tests.spec.contract import Schema

# One code point each: plain, two bytes, three bytes, outside the BMP, a combining mark, white
# space.
ALPHABETS = ("a", "é", "漢", "😀", "\u0301", " ")
NOT_STRINGS: tuple[Any, ...] = (
    5,
    1.5,
    True,
    False,
    None,
    [],
    {},
    ["text"],
    {"text": "text"},
)
NOT_OBJECTS: tuple[Any, ...] = (
    "1990-01-01",
    "",
    5,
    1.5,
    True,
    False,
    None,
    [],
    [1990, 1, 1],
)
NOT_INTEGERS: tuple[Any, ...] = ("5", 5.5, True, None, [], {})
EDGES = ("minimum", "maximum")
# Months with fewer than 31 days, and years in which February has 29 days and not: the contract has
# bounds for each part of a date and knows no calendar.
SHORT_MONTHS = (2, 4, 6, 9, 11)
FEBRUARIES = (1900, 2000, 2023, 2024)
# Letters that no handle may have. Some become allowed ones where a server folds case by Unicode
# (\u017f is a long s, \u212a the sign for kelvin) or takes any digit for one (٣).
STRANGERS = "AZ-. +@/`{:é漢😀ａ٣\u017f\u212a\u0131\u0000\u200b\n\t"


def good(schema: Schema, salt: str) -> list[Any]:
    """Return valid values at each bound; handles are salted, since they have to be unique."""
    if schema.get("type") == "object":
        return good_objects(schema)
    if "pattern" in schema:
        return _good_words(schema, salt)
    low, high = schema.get("minLength", 0), schema["maxLength"]
    sizes = sorted({low, low + 1, high - 1, high})
    found = dict.fromkeys(letter * size for letter in ALPHABETS for size in sizes)
    return list(found)


def why_good(schema: Schema, value: Any) -> str:
    """Return why a valid value is one: which bound it keeps, and what may look wrong in it."""
    if isinstance(value, dict):
        return _why_good_object(schema.get("properties", {}), value)
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    count = f"it has {len(value)} character{'' if len(value) == 1 else 's'}"
    if high is None:
        return f"{count}, and matches {schema.get('pattern')}"
    return f"{count} (code points), and {low} to {high} are allowed"


def _why_good_object(parts: Schema, value: dict[str, Any]) -> str:
    known, others = [], []
    for key, part in value.items():
        if key in parts:
            known.append(f"{key} is {_number(parts[key], part)}")
        else:
            others.append(f"{key} is not documented, and ignored")
    return "; ".join([*known, *others])


def _number(schema: Schema, value: float) -> str:
    is_float = isinstance(value, float) and value.is_integer()
    whole = ", a whole number as JSON Schema means it" if is_float else ""
    edges = {schema.get("minimum"): ", the least", schema.get("maximum"): ", the most"}
    return f"{value}{edges.get(value, '')}{whole}"


def bad(schema: Schema) -> list[Any]:
    """Return values just past each bound, and of every wrong type."""
    if schema.get("type") == "object":
        return [*NOT_OBJECTS, *_bad_objects(schema)]
    if "pattern" in schema:
        return [*NOT_STRINGS, *_bad_words(schema)]
    low, high = schema.get("minLength", 0), schema["maxLength"]
    longest = "a" * high
    # As many letters as are allowed, for who counts a letter and its accent as one.
    composed = "e\u0301" * (high // 2) + "e" * (high % 2 + 1)
    return [
        *NOT_STRINGS,
        *(letter * (high + 1) for letter in ALPHABETS),
        f" {longest}",
        f"{longest} ",
        f"{longest}\n",
        composed,
        longest * 3,
        *([""] if low else []),
    ]


def plain_object(schema: Schema) -> dict[str, int]:
    """Return an object in the middle of its bounds."""
    parts = schema.get("properties", {})
    return {key: (part["minimum"] + part["maximum"]) // 2 for key, part in parts.items()}


def good_objects(schema: Schema) -> list[dict[str, Any]]:
    """Return objects with each part at each bound, and the last days of months."""
    middle = plain_object(schema)
    parts = schema.get("properties", {})
    corners = [{key: part[edge] for key, part in parts.items()} for edge in EDGES]
    return [
        *({**middle, key: corner[key]} for key in parts for corner in corners),
        *corners,
        *({**middle, "month": month, "day": 31} for month in SHORT_MONTHS),
        *({"year": year, "month": 2, "day": 29} for year in FEBRUARIES),
        {key: float(value) for key, value in middle.items()},
        {**middle, "more": "ignored"},
    ]


def _bad_objects(schema: Schema) -> list[dict[str, Any]]:
    middle = plain_object(schema)
    below, above, negative, wrong = [], [], [], []
    for key, part in schema.get("properties", {}).items():
        below.append({**middle, key: part["minimum"] - 1})
        above.append({**middle, key: part["maximum"] + 1})
        negative.append({**middle, key: -middle[key]})
        odd = (*NOT_INTEGERS, str(middle[key]), middle[key] + 0.5)
        wrong += [{**middle, key: value} for value in odd]
    incomplete = [_without(middle, key) for key in schema.get("required", [])]
    return [*below, *above, *negative, *wrong, *incomplete, {}]


def _without(value: dict[str, int], key: str) -> dict[str, int]:
    return {other: part for other, part in value.items() if other != key}


def letters(schema: Schema) -> str:
    """Return the characters that a pattern such as `^[a-z0-9_]{3,20}$` allows."""
    letter = re.compile(schema["pattern"].rpartition("{")[0].removeprefix("^") + r"\Z")
    return "".join(filter(letter.match, string.printable))


def _good_words(schema: Schema, salt: str) -> list[str]:
    bounds = pattern_bounds(schema)
    if bounds is None:
        return []
    low, high = bounds
    allowed = letters(schema)
    filled = salt + "q" * high
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
    at_both_ends = [letter for letter in allowed if letter in "az059_"]
    # Together these have every letter that is allowed.
    parts = [allowed[start : start + high - 4] for start in range(0, len(allowed), high - 4)]
    return [
        *(filled[:size] for size in (high, high - 1, low, low + 1)),
        *(word[:high] for word in odd if len(word) >= low and set(word) <= set(allowed)),
        *(f"{letter}{salt}"[: high - 1] + letter for letter in at_both_ends),
        *((part + salt)[:high] for part in parts),
    ]


def _bad_words(schema: Schema) -> list[str]:
    bounds = pattern_bounds(schema)
    if bounds is None:
        return []
    low, high = bounds
    strange: list[str] = []
    for letter in STRANGERS:
        strange += [f"qq{letter}qq", f"{letter}qqqq", f"qqqq{letter}"]
    return [
        "",
        "q" * (low - 1),
        "q" * (high + 1),
        "q" * (high * 3),
        *strange,
        "q" * high + "\n",
        " " * low,
    ]
