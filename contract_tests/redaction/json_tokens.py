"""Takes bodies apart, also broken ones, for what must not be shown of them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from contract_tests.redaction.secret_table import WORD

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield everything in a JSON value with the key it stands at; odd keys are texts too."""
    waiting = [("", value)]
    while waiting:
        key, node = waiting.pop()
        yield key, node
        if isinstance(node, dict):
            waiting += node.items()
            waiting += [("", name) for name in node if not WORD.fullmatch(name)]
        elif isinstance(node, list):
            waiting += [(key, item) for item in node]


def tokens(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, text and key of each token of a body that is JSON, or nearly."""
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
