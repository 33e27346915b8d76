"""Facts about a response, in words that show no personal data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from contract_tests.http.messages import Exchange, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# The value of a response without a JSON body.
NOTHING = object()
# Levels, parts and numbers of a body that is compared.
DEEPEST, MOST_PARTS, LARGEST = 40, 200_000, 1e300
# A name in capitals, as the documented ones are.
NAME = re.compile(r"[A-Z][A-Z0-9_]{2,60}")
# How times are written; the first that fits counts.
TIMES = {
    "date-time": r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
    "date-time without a zone": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?",
    "date": r"\d{4}-\d\d-\d\d",
    "HTTP date": r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT",
    "digits of a time": r"\d{10}|\d{13}",
}
SPELLINGS = {
    "WORDS_IN_CAPITALS": r"[A-Z][A-Z0-9_]*",
    "words_in_lower_case": r"[a-z][a-z0-9]*([_-][a-z0-9]+)*",
    "camelCase": r"[A-Za-z][A-Za-z0-9]*",
}
# Headers that mean something to a client.
HEADERS = ("Content-Type", "Cache-Control", "WWW-Authenticate", "Allow")
# Names of errors that the documentation lists.
ERROR_NAMES = (
    "GENERIC_CLIENT_ERROR",
    "GENERIC_UNAUTHORIZED",
    "SESSION_TOKEN_EXPIRED",
    "REFRESH_TOKEN_EXPIRED",
    "GENERIC_NOT_FOUND",
    "INTERNAL_SERVER_ERROR",
)


def value_of(exchange: Exchange) -> Any:
    """Return the JSON body, `NOTHING` if there is none that can be compared."""
    try:
        value = exchange.json()
    except UnreadableError:
        return NOTHING
    return value if _is_comparable(value) else NOTHING


def _is_comparable(value: Any) -> bool:
    """Tell whether a body is as small and flat as those of an API.

    Its numbers must be numbers everywhere, too.
    """
    waiting = [(value, 0)]
    count = 0
    while waiting:
        part, depth = waiting.pop()
        count += 1
        if depth > DEEPEST or count > MOST_PARTS:
            return False
        # Written so that NaN, which is neither more nor less than anything, is refused.
        if isinstance(part, float | int) and not -LARGEST <= part <= LARGEST:
            return False
        waiting += [(inner, depth + 1) for _, inner in _children(part)]
    return True


def _children(value: Any) -> Iterable[tuple[str, Any]]:
    """Return the keys and parts of a value; the items of a list are all at `*`."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list):
        return [("*", item) for item in value]
    return ()


def number_at(value: Any, key: str) -> float | None:
    """Return the number under a key of an object."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def items_of(value: Any) -> list[dict[str, Any]] | None:
    """Return the items of a list, None if it is no list of objects in the contract's shape."""
    items = value.get("items") if isinstance(value, dict) else None
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        return items
    return None


def outcome(exchange: Exchange) -> str:
    """Return the status, or that there was no complete response."""
    return str(exchange.status or "no complete answer")


def body_kind(exchange: Exchange) -> str:
    """Return the kind of the body; that of a response to HEAD is not known."""
    if exchange.request.method == "HEAD":
        return "hidden"
    if not exchange.body:
        return "empty"
    if value_of(exchange) is not NOTHING:
        return "JSON"
    return "JSON that is too large or too deep to compare" if exchange.is_json else "not JSON"


def error_name(exchange: Exchange) -> str:
    """Return the name that an error goes by, wherever it stands."""
    value = value_of(exchange)
    code = value.get("code") if isinstance(value, dict) else None
    if isinstance(code, str) and NAME.fullmatch(code):
        return code
    text = exchange.body.decode("utf-8", "replace")
    found = [name for name in ERROR_NAMES if re.search(rf"\b{name}\b", text)]
    return found[0] if len(found) == 1 else "no name"


def header(exchange: Exchange, name: str) -> str:
    """Return what a header means to a client, written one way; an absent one is `absent`."""
    value = exchange.header(name)
    if value is None:
        return "absent"
    if name == "WWW-Authenticate":
        return _challenge(value)
    if name == "Content-Type":
        return "; ".join(part.strip().lower() for part in value.split(";"))
    # Methods have capitals that mean something (RFC 9110, 9.1); directives of a cache do not.
    text = value if name == "Allow" else value.lower()
    return ", ".join(sorted(part.strip() for part in text.split(",") if part.strip()))


def _challenge(value: str) -> str:
    """Return the scheme and which parameters it has.

    Their values may name a person or a session.
    """
    # Parameters are compared by name only: a realm may name a host.
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
    return _first_match(TIMES, text) or "text"


def spelling_of(text: str) -> str:
    """Return how a word of a list of words is spelt."""
    return _first_match(SPELLINGS, text) or "free text"


def _first_match(patterns: dict[str, str], text: str) -> str | None:
    return next((name for name, pattern in patterns.items() if re.fullmatch(pattern, text)), None)


def walk(
    value: Any,
    known: set[tuple[str, str]],
    path: str = "",
) -> Iterator[tuple[str, Any]]:
    """Yield every part of a value with its place, but objects that are `known` there."""
    if isinstance(value, dict):
        key = (path, json.dumps(value, sort_keys=True))
        if key in known:
            return
        known.add(key)
    yield path, value
    for name, part in _children(value):
        yield from walk(part, known, f"{path}/{name}")
