"""Errors of a value against its schema, found one by one: a caller that stops saves the rest.

`jsonschema_rs` collects all errors, each with a copy of what is wrong, before it returns the first
one. So it explains small parts alone; of a large value it only tells which parts are wrong.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from .compiled import URI, Contract, escape
from .reasons import ALTERNATIVES, Fault, Place, compiled_fault, explained
from .references import part_of, with_references

SMALL = 1000
"""How many values, or pieces of text of so many characters as `PIECE`, are judged at once."""
PIECE = 10_000
CHUNK = 100
"""How many items are judged at once."""
MOST_OF_BRANCH = 20
"""How many faults of an alternative are enough to tell which of them was meant."""
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
"""Keywords about a container and not about what is in it."""
WHOLE = frozenset(
    (
        "not",
        "uniqueItems",
        "contains",
        "enum",
        "const",
        "patternProperties",
        "propertyNames",
        "prefixItems",
        "dependentSchemas",
        "unevaluatedProperties",
        "unevaluatedItems",
    )
)
"""Keywords about a value as a whole; a large one is not explained further."""

Pointer = tuple[str, ...]


def _reference(place: Pointer) -> dict[str, Any]:
    return {"$ref": f"{URI}#/{'/'.join(map(escape, place))}"}


def _absolute(reference: str) -> str:
    """Return a reference that means the same outside of its document."""
    return URI + reference if reference.startswith("#") else reference


def _any_properties(schema: dict[str, Any]) -> dict[str, bool]:
    """Return the properties of a schema, each with any value."""
    return dict.fromkeys(schema.get("properties", {}), True)


def _wholes(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a schema of its own for each keyword that judges a value as a whole."""
    wholes = {}
    for key in sorted(WHOLE & schema.keys()):
        wholes[key] = {key: schema[key]}
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        # Which properties are additional depends on those that are not.
        wholes["additionalProperties"] = {
            "properties": _any_properties(schema),
            "additionalProperties": others,
        }
    if "if" in schema:
        wholes["if"] = {key: schema[key] for key in ("if", "then", "else") if key in schema}
    return wholes


def is_small(value: object) -> bool:
    """Tell whether a value may be judged at once; a large one is not looked at to its end."""
    left = SMALL
    waiting = [value]
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

    def explain(self, place: Pointer, value: object) -> Iterator[tuple[Place, str]]:
        """List what is wrong with a value, as `faults` does, in words, and where."""
        return chain.from_iterable(map(explained, self.faults(place, value)))

    def faults(self, place: Pointer, value: object) -> Iterator[Fault]:
        """List what is wrong with a value against the schema at a place of the document."""
        fault = None
        for fault in self._of(place, value, ()):
            yield fault
        if fault is None and not self._is_valid(_reference(place), value):
            yield Fault((), "schema", None)

    def _of(
        self,
        place: Pointer,
        value: object,
        at: Place,
    ) -> Iterator[Fault]:
        if is_small(value) or not isinstance(value, dict | list):
            yield from self._direct(_reference(place), value, at)
            return
        schema = part_of(self._contract.document, place)
        if "$ref" in schema:
            _, target = self._contract.resolve(*place)
            yield from self._of(target, value, at)
        all_of = schema.get("allOf", ())
        for n in range(len(all_of)):
            yield from self._of((*place, "allOf", str(n)), value, at)
        yield from self._of_container(schema, value, at)
        for key in sorted(ALTERNATIVES & schema.keys()):
            yield from self._of_alternatives((*place, key), len(schema[key]), value, at)
        if isinstance(value, dict):
            yield from self._of_properties(place, schema.get("properties", {}), value, at)
        elif "items" in schema:
            yield from self._of_items((*place, "items"), value, at)

    def _of_properties(
        self, place: Pointer, properties: Iterable[str], value: dict[str, Any], at: Place
    ) -> Iterator[Fault]:
        for key in properties:
            if key in value:
                yield from self._of((*place, "properties", key), value[key], (*at, key))

    def _of_container(
        self, schema: dict[str, Any], value: dict[str, Any] | list[Any], at: Place
    ) -> Iterator[Fault]:
        """Judge a container without what it contains, and what can only be judged as a whole."""
        own = {key: schema[key] for key in HOLLOW & schema.keys()}
        if schema.get("additionalProperties", True) is False:
            own["properties"] = _any_properties(schema)
            own["additionalProperties"] = False
        hollow: object = dict.fromkeys(value) if isinstance(value, dict) else [None] * len(value)
        yield from self._direct(own, hollow, at)
        for key, whole in _wholes(schema).items():
            absolute = with_references(whole, _absolute)
            if not self._is_valid(absolute, value):
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

    def _of_items(
        self,
        place: Pointer,
        items: list[Any],
        at: Place,
    ) -> Iterator[Fault]:
        all_right = {"items": _reference(place)}
        for start in range(0, len(items), CHUNK):
            chunk = items[start : start + CHUNK]
            # Most items are right, which is known much sooner of a hundred at once.
            if is_small(chunk) and self._is_valid(all_right, chunk):
                continue
            for n, item in enumerate(chunk, start):
                yield from self._of(place, item, (*at, n))

    def _direct(
        self,
        schema: dict[str, Any],
        value: object,
        at: Place,
    ) -> Iterator[Fault]:
        return (compiled_fault(error, at) for error in self._validator(schema).iter_errors(value))

    def _is_valid(self, schema: dict[str, Any], value: object) -> bool:
        return bool(self._validator(schema).is_valid(value))

    def _validator(self, schema: dict[str, Any]) -> Any:
        # A dictionary is no key; its text is, and it is short: references stand for the rest.
        key = repr(schema)
        if key not in self._compiled:
            self._compiled[key] = self._contract.validator(schema)
        return self._compiled[key]
