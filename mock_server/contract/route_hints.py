"""Hints for a request that matched no operation: the nearest one, and what differs."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from urllib.parse import unquote

from .compiled import Operation

CLOSE = 0.6
"""How similar two paths must be for one to be worth naming."""
LONGEST = 200
"""How many characters of a path are compared."""
_DOTS = re.compile(r"(^|/)\.{1,2}(/|$)")


def nearest(
    operations: Iterable[Operation],
    method: str,
    path: str,
) -> str:
    """Return a sentence about the nearest operation, nothing where none comes close."""
    operations = list(operations)
    # Comparing long texts takes quadratic time.
    path = path[:LONGEST]
    meant = canonical(path)

    # Of the operations of one path, the one with the method of the request is nearer.
    def rank(operation: Operation) -> tuple[float, bool]:
        return _likeness(operation.path, meant), operation.method == method

    best = max(operations, key=rank, default=None)
    if best is None:
        return ""
    likeness, is_same_method = rank(best)
    if likeness < CLOSE:
        return ""
    name = f"{best.id} ({best.method} {best.path})"
    methods = [each.method for each in operations if each.path == best.path]
    other_method = f"the method is {' or '.join(methods)}, not {method}"
    if _likeness(best.path, path) == 1.0:
        return f"{name} has this path; {other_method}"
    hint = _spelling(path) if likeness == 1.0 else _difference(best.path, path)
    if not is_same_method:
        hint = f"{hint}, and {other_method}"
    return f"{name} is nearest; {hint}"


def canonical(path: str) -> str:
    """Return the path that was probably meant.

    It is decoded and in lower case, without doubled slashes, dot segments and parameters.
    """
    found: list[str] = []
    for segment in unquote(path).lower().split("/"):
        name = segment.partition(";")[0]
        if name == "..":
            del found[-1:]
        elif name not in {"", "."}:
            found.append(name)
    return "/" + "/".join(found)


def _likeness(template: str, path: str) -> float:
    if re.fullmatch(re.sub(r"\{.+?\}", "[^/]+", template), path):
        return 1.0
    # A path that does not match is never the same, however the letters agree.
    return min(SequenceMatcher(None, template, path).ratio(), 0.99)


def _spelling(path: str) -> str:
    """Return how a path differs from its documented spelling."""
    if path.startswith("//"):
        return "this path begins with two slashes, as where the base URL ends in one"
    if "//" in path:
        return "this path has a doubled slash"
    if path.endswith("/"):
        return "this path ends in a slash"
    if _DOTS.search(unquote(path)):
        return "this path has dot segments"
    return "this path is spelt otherwise: paths are compared letter by letter, as they are sent"


def _difference(template: str, path: str) -> str:
    documented = template.split("/")
    given = path.split("/")
    for expected, segment in zip(documented, given, strict=False):
        is_parameter = expected.startswith("{") and segment
        if segment == expected or is_parameter:
            continue
        shown = segment[:80]
        return f"it has {expected!r} where this path has {shown!r}"
    # Both begin with a slash, before which there is an empty segment.
    expected_count = len(documented) - 1
    count = len(given) - 1
    return f"it has {expected_count} segments, this path {count}"
