"""What is wrong with a value, found one by one: whoever stops early has not paid for the rest.

`jsonschema_rs` notes all errors, each with a copy of what is wrong, before it tells the first one. So it is asked about small
parts alone; of a large value it says in which parts something is wrong.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from .compiled import URI, Contract, escape
from .reasons import ALTERNATIVES, Fault, Place, compiled_fault

SMALL = 1000
"""How many values, or pieces of text of so many characters as `PIECE`, are judged at once."""
PIECE = 10_000
CHUNK = 100
"""How many items are asked about at once."""
MOST_OF_BRANCH = 20
"""How many faults of an alternative are worth knowing to tell which of them was meant."""
HOLLOW = frozenset(
    (
        "type",
        "required",
        "minProperties",
        "maxProperties",
        "minItems",
        "maxItems",
        "dependentRequired",
    )
)
"""Keywords that look at a container and not at what is in it."""
WHOLE = frozenset(
    (
        *("not", "uniqueItems", "contains", "enum", "const", "patternProperties", "propertyNames"),
        *("prefixItems", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems"),
    )
)
"""Keywords that look at a whole value, and that say of a large one only that it is wrong."""

Pointer = tuple[str, ...]


def _reference(place: Pointer) -> dict[str, Any]:
    return {"$ref": f"{URI}#/{'/'.join(map(escape, place))}"}


def _absolute(node: Any) -> Any:
    """Return a part of a schema that means the same outside of its document."""
    if isinstance(node, list):
        return [_absolute(each) for each in node]
    if not isinstance(node, dict):
        return node
    moved = {key: _absolute(value) for key, value in node.items()}
    if str(moved.get("$ref", "")).startswith("#"):
        moved["$ref"] = URI + moved["$ref"]
    return moved


def is_small(value: object) -> bool:
    """Tell whether a value may be judged at once; a large one is not looked at to its end."""
    left, waiting = SMALL, [value]
    while waiting and left > 0:
        each = waiting.pop()
        left -= 1 + (len(each) // PIECE if isinstance(each, str) else 0)
        if isinstance(each, dict | list):
            if len(each) > left:
                return False
            waiting.extend(each.values() if isinstance(each, dict) else each)
    return left > 0


class Explainer:
    """Explains values against the schemas of a contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._compiled: dict[str, Any] = {}

    def faults(self, place: Pointer, value: object) -> Iterator[Fault]:
        """List what is wrong with a value against the schema at a place of the document."""
        fault = None
        for fault in self._of(place, value, ()):
            yield fault
        if fault is None and not self._is_valid(_reference(place), value):
            yield Fault((), "schema", None)

    def _of(self, place: Pointer, value: object, at: Place) -> Iterator[Fault]:
        if is_small(value) or not isinstance(value, dict | list):
            yield from self._told(_reference(place), value, at)
            return
        schema = self._contract.at(place)
        if "$ref" in schema:
            yield from self._of(self._contract.resolve(*place)[1], value, at)
        for n in range(len(schema.get("allOf", ()))):
            yield from self._of((*place, "allOf", str(n)), value, at)
        yield from self._of_container(schema, value, at)
        for key in sorted(ALTERNATIVES & schema.keys()):
            yield from self._of_alternatives((*place, key), len(schema[key]), value, at)
        if isinstance(value, dict):
            for key in schema.get("properties", {}):
                if key in value:
                    yield from self._of((*place, "properties", key), value[key], (*at, key))
        elif "items" in schema:
            yield from self._of_items((*place, "items"), value, at)

    def _of_container(
        self, schema: dict[str, Any], value: dict[str, Any] | list[Any], at: Place
    ) -> Iterator[Fault]:
        """Judge the container alone, with nothing in what it contains, and what can only be judged as a whole."""
        known = dict.fromkeys(schema.get("properties", {}), True)
        own = {key: schema[key] for key in HOLLOW & schema.keys()}
        others = schema.get("additionalProperties", True)
        if others is False:
            own |= {"properties": known, "additionalProperties": False}
        hollow: object = dict.fromkeys(value) if isinstance(value, dict) else [None] * len(value)
        yield from self._told(own, hollow, at)
        wholes = {key: {key: schema[key]} for key in sorted(WHOLE & schema.keys())}
        if isinstance(others, dict):
            wholes["additionalProperties"] = {"properties": known, "additionalProperties": others}
        if "if" in schema:
            wholes["if"] = {key: schema[key] for key in ("if", "then", "else") if key in schema}
        for key, whole in wholes.items():
            if not self._is_valid(_absolute(whole), value):
                yield Fault(at, key, schema[key])

    def _of_alternatives(
        self, place: Pointer, count: int, value: object, at: Place
    ) -> Iterator[Fault]:
        branches = []
        for n in range(count):
            faults = list(islice(self._of((*place, str(n)), value, at), MOST_OF_BRANCH))
            if not faults:
                return
            branches.append(faults)
        yield Fault(at, place[-1], None, branches)

    def _of_items(self, place: Pointer, items: list[Any], at: Place) -> Iterator[Fault]:
        all_right = {"items": _reference(place)}
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            if not (is_small(chunk) and self._is_valid(all_right, chunk)):
                for n, item in enumerate(chunk, start):
                    yield from self._of(place, item, (*at, n))

    def _told(self, schema: dict[str, Any], value: object, at: Place) -> Iterator[Fault]:
        return (compiled_fault(error, at) for error in self._validator(schema).iter_errors(value))

    def _is_valid(self, schema: dict[str, Any], value: object) -> bool:
        return bool(self._validator(schema).is_valid(value))

    def _validator(self, schema: dict[str, Any]) -> Any:
        key = repr(schema)
        if key not in self._compiled:
            self._compiled[key] = self._contract.validator(schema)
        return self._compiled[key]
