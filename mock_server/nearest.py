"""Which operation a request that matched none came closest to, and what kept it from matching."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from .contract import Operation

CLOSE = 0.6
"""How similar two paths must be for one to be worth naming."""


def nearest(operations: Iterable[Operation], method: str, path: str) -> str:
    """Answer a sentence, or nothing where no operation comes close."""
    rated = [(_likeness(operation.path, path), operation.method == method, operation) for operation in operations]
    best, same_method, operation = max(rated, key=lambda row: row[:2], default=(0.0, False, None))
    if operation is None or best < CLOSE:
        return ""
    name = f"{operation.id} ({operation.method} {operation.path})"
    if best == 1.0:
        return f"{name} has this path; the method is {operation.method}, not {method}"
    differs = _difference(operation.path, path)
    return f"{name} is nearest; {differs}" + ("" if same_method else f", and the method is {operation.method}, not {method}")


def _likeness(template: str, path: str) -> float:
    if re.fullmatch(re.sub(r"\{.+?\}", "[^/]+", template), path):
        return 1.0
    return min(SequenceMatcher(None, template, path[:200]).ratio(), 0.99)


def _difference(template: str, path: str) -> str:
    wanted, given = template.split("/"), path.split("/")
    for want, got in zip(wanted, given, strict=False):
        if want != got and not (want.startswith("{") and got):
            return f"it has {want!r} where this path has {got[:80]!r}"
    return f"it has {len(wanted) - 1} segments, this path {len(given) - 1}"
