"""Takes bodies apart, also broken ones, for what must not be shown of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
PLAIN = {
    "code": re.compile(r"[A-Z][A-Z0-9_]*"),
    "type": re.compile(r"[a-z][a-z0-9_.-]{0,30}"),
    "id": re.compile(r"(?=[a-f-]*\d)[0-9a-f-]{1,40}"),
    "joinedAt": STAMP,
    "createdAt": STAMP,
}
"""Properties whose texts are no personal data as long as they have this form."""
PARTS = ("year", "month", "day")
COUNTS = ("page", "limit", "total", *PARTS)
"""Properties whose numbers are counted, or judged as a date."""
KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}")
TOKEN = re.compile(
    r"""(?P<key>"(?:[^"\\]|\\.)*"(?=\s*:))|(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<number>-?\d[\d.eE+-]*)"""
    r"""|(?P<word>[^\s"'{}\[\]:,]+)|(?P<rest>.)""",
    re.DOTALL,
)


def parsed(body: bytes) -> Any:
    """Return the JSON of a body; None where it is none."""
    try:
        return json.loads(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield everything in a JSON value with the property it stands at; odd keys are texts too."""
    waiting = [(key, value)]
    while waiting:
        at, node = waiting.pop()
        yield at, node
        if isinstance(node, dict):
            waiting += node.items()
            waiting += [("", name) for name in node if not KEY.fullmatch(name)]
        elif isinstance(node, list):
            waiting += [(at, item) for item in node]


def tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, text and property of each token of a body that is JSON, or nearly."""
    key = ""
    for match in TOKEN.finditer(text):
        kind = str(match.lastgroup)
        yield kind, match[0], key
        if kind == "key":
            key = match[0][1:-1]


def unquoted(token: str) -> str:
    """Return the value of a JSON string, as far as it can be read."""
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token.strip('"')
