"""What was wrong, in words that complete the sentence "the value …", and that hold nothing of what was sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from .decoding import UnfitJsonError

SENTENCES = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a whole multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
    "uniqueItems": "must not have the same item twice",
    "falseSchema": "must not be there",
    "required": "is required",
    "anyOf": "must match one of its alternatives",
    "oneOf": "must match exactly one of its alternatives",
    "schema": "must be as documented",
    "pattern": "must match {}",
    "const": "must be {}",
    "format": "must be a {}",
}
"""Reasons by keyword of JSON Schema, with the keyword's value."""
ALTERNATIVES = frozenset(("anyOf", "oneOf"))
MOST_KEYS, LONGEST_KEY = 3, 40
"""How many keys of the client's a reason shows, and how much of each."""

PLAIN = {
    "MissingRequiredParameter": "is required",
    "MissingRequiredRequestBody": "is required",
    "EmptyQueryParameterValue": "must not be empty",
    "CastError": "must be a number as JSON writes it",
    "MediaTypeDeserializeError": "must be valid JSON",
}
"""Reasons by the name of openapi-core's exception."""

Place = tuple[str | int, ...]


class Fault(NamedTuple):
    """One broken keyword of JSON Schema at a place; `branches` has the faults of each alternative of `anyOf` and `oneOf`."""

    place: Place
    keyword: str
    expected: Any
    branches: Sequence[Sequence["Fault"]] = ()


def plain_reason(error: BaseException) -> str:
    """Put an error of openapi-core that is not about a schema into words."""
    if isinstance(error.__context__, UnfitJsonError):
        return str(error.__context__)
    return PLAIN.get(type(error).__name__, "cannot be understood")


def pointer(place: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)


def schema_reason(error: Any) -> Iterator[tuple[str, str]]:
    """Put an error of `jsonschema` into JSON pointers and reasons; a missing key is named by its own pointer."""
    for fault in interpreted_faults(error):
        yield from ((pointer(place), reason) for place, reason in explained(fault))


def interpreted_faults(error: Any) -> Iterator[Fault]:
    """Read an error of `jsonschema`."""
    place, keyword, expected = tuple(error.absolute_path), error.validator, error.validator_value
    if keyword == "required":
        yield from (
            Fault((*place, key), keyword, None) for key in expected if key not in error.instance
        )
    elif keyword == "additionalProperties" and expected is False:
        known = error.schema.get("properties", {})
        yield Fault(place, keyword, [key for key in error.instance if key not in known])
    elif keyword == "dependentRequired":
        for key, others in expected.items():
            missing = (
                [other for other in others if other not in error.instance]
                if key in error.instance
                else []
            )
            yield from (Fault((*place, other), "required", None) for other in missing)
    elif keyword in ALTERNATIVES:
        branches: dict[int, list[Fault]] = {}
        for each in error.context:
            branches.setdefault(each.relative_schema_path[0], []).extend(interpreted_faults(each))
        yield Fault(place, keyword, None, list(branches.values()))
    else:
        yield Fault(place, "falseSchema" if keyword is None else keyword, expected)


def compiled_fault(error: Any, start: Place = ()) -> Fault:
    """Read an error of `jsonschema_rs` about a value that stands at `start`."""
    place, keyword, said = (*start, *error.instance_path), error.kind.name, error.kind.as_dict()
    if keyword == "required":
        return Fault((*place, said["property"]), keyword, None)
    if keyword in ALTERNATIVES:
        branches = [
            [compiled_fault(each, start) for each in branch] for branch in said.get("context", ())
        ]
        return Fault(place, keyword, None, branches)
    return Fault(place, keyword, next(iter(said.values()), None))


def explained(fault: Fault) -> Iterator[tuple[Place, str]]:
    """Say where and how a value is wrong; of alternatives, in the one that was most probably meant."""
    chosen = _meant(fault) if fault.branches else []
    for each in chosen:
        yield from explained(each)
    if not chosen:
        yield fault.place, describe(fault.keyword, fault.expected)


def _meant(fault: Fault) -> Sequence[Fault]:
    """Return the faults of the alternative that was meant, or one fault that names what would make it one of them."""
    branches = [branch for branch in fault.branches if branch]
    types = [
        each
        for branch in branches
        for each in branch
        if each.keyword == "type" and each.place == fault.place
    ]
    if types and len(types) == len(branches):
        names = [
            name
            for each in types
            for name in ([each.expected] if isinstance(each.expected, str) else each.expected)
        ]
        return [Fault(fault.place, "type", list(dict.fromkeys(names)))]
    branches = [branch for branch in branches if not any(each in types for each in branch)]
    # A key that must be one constant says which alternative it is.
    decisive = [
        each
        for branch in branches
        for each in branch
        if each.keyword == "const" and len(each.place) > len(fault.place)
    ]
    if decisive and all(any(each in decisive for each in branch) for branch in branches):
        return [
            Fault(
                decisive[0].place,
                "enum",
                list(dict.fromkeys(str(each.expected) for each in decisive)),
            )
        ]
    branches = [branch for branch in branches if not any(each in decisive for each in branch)]
    return min(branches, key=len, default=[])


def describe(keyword: str, expected: Any) -> str:
    """Say what a keyword of JSON Schema expects."""
    if keyword in WORDS and expected is not None:
        return WORDS[keyword](expected)
    return (
        SENTENCES[keyword].format(expected)
        if keyword in SENTENCES
        else f"breaks the rule {keyword!r}"
    )


def _either(types: str | list[str]) -> str:
    names = [types] if isinstance(types, str) else types
    said = (
        name if name == "null" else f"an {name}" if name[0] in "aio" else f"a {name}"
        for name in names
    )
    return f"must be {' or '.join(said)}"


def _one_of(choices: list[Any]) -> str:
    return f"must be one of {', '.join('null' if choice is None else str(choice) for choice in choices)}"


def _unexpected(keys: Any) -> str:
    if not isinstance(keys, list):
        return "has keys with values that are not allowed"
    shown = ", ".join(repr(_cut(key)) for key in keys[:MOST_KEYS])
    more = f" and {len(keys) - MOST_KEYS} more" if len(keys) > MOST_KEYS else ""
    verb = "was" if len(keys) == 1 else "were"
    return f"Additional properties are not allowed ({shown}{more} {verb} unexpected)"


def _forbidden(schema: Any) -> str:
    if isinstance(schema, dict) and "required" in schema:
        return f"must not have the key {', '.join(schema['required'])}"
    return "must not be like this"


def _cut(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}…"


WORDS: dict[str, Callable[[Any], str]] = {
    "type": _either,
    "enum": _one_of,
    "additionalProperties": _unexpected,
    "unevaluatedProperties": _unexpected,
    "not": _forbidden,
}
"""Reasons that depend on what the keyword's value is."""
