"""Facts about a response, in words that show no personal data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from contract_tests.http.messages import Exchange, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTHING = object()
"""The value of a response without a JSON body."""
DEEPEST, MOST_PARTS, LARGEST = 40, 200_000, 1e300
"""Levels, parts and numbers of a body that is compared."""
NAME = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
TIMES = {
    "date-time": r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    "date-time without a zone": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?",
    "date": r"\d{4}-\d\d-\d\d",
    "HTTP date": r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
    "digits of a time": r"\d{10}|\d{13}",
}
HEADERS = ("Content-Type", "Cache-Control", "WWW-Authenticate", "Allow")


def value_of(exchange: Exchange) -> Any:
    """Return the JSON body, `NOTHING` if there is none that can be compared."""
    try:
        value = exchange.json()
    except UnreadableError:
        return NOTHING
    return value if _is_comparable(value) else NOTHING


def _is_comparable(value: Any) -> bool:
    """Tell whether a body is as small and flat as those of an API, and its numbers are numbers everywhere."""
    parts, count = [(value, 0)], 0
    while parts:
        part, depth = parts.pop()
        count += 1
        if depth > DEEPEST or count > MOST_PARTS:
            return False
        if isinstance(part, float | int) and not -LARGEST <= part <= LARGEST:
            return False
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        parts += [(each, depth + 1) for each in inner]
    return True


def number_at(value: Any, key: str) -> float | None:
    """Return the number under a key of an object."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def items_of(value: Any) -> list[dict[str, Any]] | None:
    """Return the items of a list, None if it is no list of objects in the contract's shape."""
    items = value.get("items") if isinstance(value, dict) else None
    return (
        items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None
    )


def outcome(exchange: Exchange) -> str:
    """Return the status, or that there was no complete response."""
    return str(exchange.status) if exchange.status else "no complete answer"


def body_kind(exchange: Exchange) -> str:
    """Return the kind of the body; that of a response to HEAD is not known."""
    if exchange.request.method == "HEAD":
        return "hidden"
    if not exchange.body:
        return "empty"
    if value_of(exchange) is not NOTHING:
        return "JSON"
    return "JSON that is too large or too deep to compare" if exchange.is_json else "not JSON"


def error_name(exchange: Exchange, known: tuple[str, ...]) -> str:
    """Return the name that an error goes by, wherever it stands."""
    value = value_of(exchange)
    code = value.get("code") if isinstance(value, dict) else None
    if isinstance(code, str) and NAME.fullmatch(code):
        return code
    text = exchange.body.decode("utf-8", "replace")
    found = [name for name in known if re.search(rf"\b{name}\b", text)]
    return found[0] if len(found) == 1 else "no name"


def headers(exchange: Exchange) -> dict[str, str]:
    """Return the headers that mean something to a client, written one way.

    An absent one is `absent`.
    """
    return {name: _plain(name, exchange.header(name)) for name in HEADERS}


def _plain(name: str, value: str | None) -> str:
    if value is None:
        return "absent"
    if name == "WWW-Authenticate":
        return _challenge(value)
    if name == "Content-Type":
        return "; ".join(part.strip().lower() for part in value.split(";"))
    parts = sorted(part.strip() for part in value.split(",") if part.strip())
    return ", ".join(parts if name == "Allow" else map(str.lower, parts))


def _challenge(value: str) -> str:
    """Return the scheme and which parameters it has.

    Their values may name a person or a session.
    """
    scheme, _, rest = value.strip().partition(" ")
    names = sorted(set(re.findall(r"(?<!\w)(\w++)\s*+=", rest)))
    return f"{scheme} with {', '.join(names)}" if names else scheme


def kind_of(value: Any) -> str:
    """Return the JSON type; a number without a fraction is an integer, as JSON Schema means it."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "integer" if value == value // 1 else "number"
        case str():
            return "string"
        case list():
            return "array"
    return "object"


def format_of(text: str) -> str:
    """Return how a text writes a time; `text` if it is none."""
    return next((name for name, pattern in TIMES.items() if re.fullmatch(pattern, text)), "text")


def spelling_of(text: str) -> str:
    """Return how a word of a list of words is spelt."""
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        return "WORDS_IN_CAPITALS"
    if re.fullmatch(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*", text):
        return "words_in_lower_case"
    return "camelCase" if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", text) else "free text"


def walk(value: Any, known: set[tuple[str, str]], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every part of a value with its place, but objects that are `known` there.

    Items of a list are all at `*`.
    """
    if isinstance(value, dict):
        told = (path, json.dumps(value, sort_keys=True))
        if told in known:
            return
        known.add(told)
    yield path, value
    parts = (
        value.items()
        if isinstance(value, dict)
        else [("*", part) for part in value]
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        yield from walk(part, known, f"{path}/{key}")
