"""Reasons why a value is wrong: they complete the sentence "the value …".

They hold nothing of the values that were sent, which may be personal or secret.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import chain
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
MOST_KEYS = 3
LONGEST_KEY = 40
"""How many keys of a request a reason shows, and how much of each."""

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
    """One broken keyword of JSON Schema at a place.

    For `anyOf` and `oneOf`, `branches` has the faults of each alternative.
    """

    place: Place
    keyword: str
    expected: Any
    branches: Sequence[Sequence["Fault"]] = ()


def plain_reason(error: BaseException) -> str:
    """Return the reason of an error of openapi-core that is not about a schema."""
    if isinstance(error.__context__, UnfitJsonError):
        return str(error.__context__)
    return PLAIN.get(type(error).__name__, "cannot be understood")


def pointer(place: Iterable[str | int]) -> str:
    """Return a JSON pointer (RFC 6901)."""
    keys = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
    return "".join(f"/{key}" for key in keys)


def compiled_fault(error: Any, start: Place = ()) -> Fault:
    """Return the fault of an error of `jsonschema_rs` about a value that stands at `start`."""
    place = (*start, *error.instance_path)
    keyword = error.kind.name
    facts = error.kind.as_dict()
    if keyword == "required":
        return Fault((*place, facts["property"]), keyword, None)
    if keyword == "propertyNames":
        return compiled_fault(facts["error"], start)
    if keyword in ALTERNATIVES:
        branches = [_compiled_faults(errors, start) for errors in facts.get("context", ())]
        return Fault(place, keyword, None, branches)
    # The first fact of other errors is the value of the keyword.
    return Fault(place, keyword, next(iter(facts.values()), None))


def _compiled_faults(errors: Iterable[Any], start: Place) -> list[Fault]:
    return [compiled_fault(error, start) for error in errors]


def explained(fault: Fault) -> Iterator[tuple[Place, str]]:
    """Yield places and reasons of a fault; of alternatives those that were most probably meant."""
    meant = _meant(fault) if fault.branches else []
    for each in meant:
        yield from explained(each)
    if not meant:
        yield fault.place, describe(fault.keyword, fault.expected)


def _meant(fault: Fault) -> Sequence[Fault]:
    """Return the faults of the alternative that was meant.

    Where that cannot be told, return one fault that names what would make it one of them.
    """
    branches = [branch for branch in fault.branches if branch]
    types = _own_types(fault.place, branches)
    if types and len(types) == len(branches):
        return [_any_type(fault.place, types)]
    branches = _without(types, branches)
    # A constant within, such as `action: freeze`, is what tells the alternatives apart.
    constants = _inner_constants(fault.place, branches)
    others = _without(constants, branches)
    if constants and not others:
        values = dict.fromkeys(str(each.expected) for each in constants)
        return [Fault(constants[0].place, "enum", list(values))]
    # The one with the fewest faults was most probably meant.
    return min(others, key=len, default=[])


def _own_types(place: Place, branches: Iterable[Sequence[Fault]]) -> list[Fault]:
    """Return the faults of all branches about the type of the value itself."""
    faults = chain.from_iterable(branches)
    return [each for each in faults if each.keyword == "type" and each.place == place]


def _inner_constants(place: Place, branches: Iterable[Sequence[Fault]]) -> list[Fault]:
    """Return the faults of keys that must be one constant, which shows what alternative it is."""
    faults = chain.from_iterable(branches)
    return [each for each in faults if each.keyword == "const" and len(each.place) > len(place)]


def _without(
    faults: Container[Fault],
    branches: Iterable[Sequence[Fault]],
) -> list[Sequence[Fault]]:
    """Return the branches that have none of these faults."""

    def has_none(branch: Sequence[Fault]) -> bool:
        return not any(fault in faults for fault in branch)

    return list(filter(has_none, branches))


def _any_type(place: Place, faults: Iterable[Fault]) -> Fault:
    """Return one fault that names the types of all."""
    names: dict[str, None] = {}
    for fault in faults:
        types = [fault.expected] if isinstance(fault.expected, str) else fault.expected
        names.update(dict.fromkeys(types))
    return Fault(place, "type", list(names))


def describe(keyword: str, expected: Any) -> str:
    """Return what a keyword of JSON Schema expects, as a part of a sentence."""
    if keyword in WORDS and expected is not None:
        return WORDS[keyword](expected)
    if keyword in SENTENCES:
        return SENTENCES[keyword].format(expected)
    return f"breaks the rule {keyword!r}"


def _either(types: str | list[str]) -> str:
    names = [types] if isinstance(types, str) else types
    # The validator sorts them; people expect `null` last.
    names = sorted(names, key="null".__eq__)
    return f"must be {' or '.join(map(_with_article, names))}"


def _with_article(name: str) -> str:
    if name == "null":
        return name
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def _one_of(choices: list[Any]) -> str:
    names = ("null" if choice is None else str(choice) for choice in choices)
    return f"must be one of {', '.join(names)}"


def _unexpected(keys: Any) -> str:
    if not isinstance(keys, list):
        return "has keys with values that are not allowed"
    shown = ", ".join(repr(_cut(key)) for key in keys[:MOST_KEYS])
    if len(keys) > MOST_KEYS:
        shown += f" and {len(keys) - MOST_KEYS} more"
    verb = "was" if len(keys) == 1 else "were"
    return f"Additional properties are not allowed ({shown} {verb} unexpected)"


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
"""Functions for reasons that depend on the keyword's value."""
