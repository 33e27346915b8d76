"""References (`$ref`) of a document, and whether each leads to something in it, not in a circle.

Others are refused before anything is opened: a validator would read the file, and quote it.
"""

from collections.abc import Callable, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

Place = list[str | int]
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
REFERENCES = ("$ref", "$dynamicRef")
BESIDE = ("allOf", "anyOf", "oneOf")
"""Keywords with schemas for the same value; `ONE` have one."""
ONE = ("not", "if", "then", "else")
MOST_DIGITS = 10


def reference_faults(document: Any) -> Iterator[tuple[Place, str]]:
    """List the places of references that cannot be followed, and why."""
    places: dict[int, Place] = {}
    schemas_of: dict[int, list[int]] = {}
    for place, node in _objects(document):
        for key in REFERENCES:
            reason = _fault(document, node.get(key))
            if reason is not None:
                yield [*place, key], reason
        identity = id(node)
        places[identity] = place
        schemas_of[identity] = list(map(id, _schemas_of_same_value(document, node)))
    try:
        TopologicalSorter(schemas_of).prepare()
    except CycleError as error:
        # The places are in the order of the document.
        first = next(node for node in places if node in error.args[1])
        yield places[first], "refers to itself in a circle"


def _objects(document: Any) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the objects of a document in its order, each with its place."""
    # A list of what waits: recursion would end at some depth.
    waiting: list[tuple[Place, Any]] = [([], document)]
    while waiting:
        place, node = waiting.pop()
        if isinstance(node, dict):
            yield place, node
            inner = list(node.items())
        elif isinstance(node, list):
            inner = list(enumerate(node))
        else:
            continue
        # The last one that waits comes next.
        for key, each in reversed(inner):
            waiting.append(([*place, key], each))


def _fault(document: Any, reference: Any) -> str | None:
    # Else it is a property of this name, or a fault that the validator of the document reports.
    if not isinstance(reference, str):
        return None
    if not reference.startswith("#"):
        return f"{reference[:80]!r} is outside of this document, which must hold all that it needs"
    if reference.startswith("#/") and _target(document, reference) is None:
        return f"{reference[:80]!r} is not in this document"
    return None


def _target(document: Any, reference: Any) -> Any:
    """Return what a reference points to, `None` where that is nothing."""
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return None
    try:
        return part_of(document, pointer_parts(unquote(reference)))
    except LookupError:
        return None


def operations_of(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield path, method and description of each operation."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def pointer_parts(pointer: str) -> list[str]:
    """Return the keys in a JSON pointer (RFC 6901), perhaps with a `#` before it."""
    parts = pointer.removeprefix("#/").split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def part_of(document: Any, parts: Iterable[str]) -> Any:
    """Return what stands at a place in a document; raise `LookupError` where nothing does."""
    node = document
    for part in parts:
        try:
            node = node[_index(part) if isinstance(node, list) else part]
        except TypeError:
            raise LookupError(part) from None
    return node


def _index(part: str) -> int:
    # `int` would accept other digits than ASCII, and refuse very many.
    if part.isascii() and part.isdigit() and len(part) < MOST_DIGITS:
        return int(part)
    raise LookupError(part)


def with_references(node: Any, change: Callable[[str], str]) -> Any:
    """Return a copy of a part of a document, with each reference changed."""
    if isinstance(node, list):
        return [with_references(each, change) for each in node]
    if not isinstance(node, dict):
        return node
    copy = {key: with_references(value, change) for key, value in node.items()}
    reference = copy.get("$ref")
    # Else it is a property of this name.
    if isinstance(reference, str):
        copy["$ref"] = change(reference)
    return copy


def _schemas_of_same_value(document: Any, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the schemas that judge the same value as this one."""
    found = [_target(document, node.get(key)) for key in REFERENCES]
    found += [node.get(key) for key in ONE]
    for key in BESIDE:
        schemas = node.get(key)
        if isinstance(schemas, list):
            found += schemas
    return (schema for schema in found if isinstance(schema, dict))
