"""What was wrong, in words that complete the sentence "the value …"."""

from collections.abc import Iterator
from typing import Any

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
    "pattern": "must match {}",
    "const": "must be {}",
    "format": "must be a {}",
}
"""Reasons by keyword of JSON Schema, with the keyword's value."""

PLAIN = {
    "MissingRequiredParameter": "is required",
    "MissingRequiredRequestBody": "is required",
    "EmptyQueryParameterValue": "must not be empty",
    "CastError": "must be a number as JSON writes it",
    "MediaTypeDeserializeError": "must be valid JSON",
}
"""Reasons by the name of openapi-core's exception."""


def plain_reason(error: BaseException) -> str:
    """Put an error of openapi-core that is not about a schema into words."""
    if isinstance(error.__context__, UnfitJsonError):
        return str(error.__context__)
    return PLAIN.get(type(error).__name__, "cannot be understood")


def schema_reason(error: Any) -> Iterator[tuple[str, str]]:
    """Put an error of `jsonschema` into JSON pointers and reasons; a missing key is named by its own pointer."""
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.absolute_path)
    if error.validator == "required":
        yield from ((f"{pointer}/{key}", "is required") for key in error.validator_value if key not in error.instance)
    else:
        yield pointer, describe(error.validator, error.validator_value, error.message)


def describe(keyword: str, expected: Any, message: str) -> str:
    """Say what a keyword of JSON Schema expects; `message` where there is no better sentence."""
    if keyword == "type":
        return f"must be {_either(expected)}"
    if keyword == "enum":
        return f"must be one of {', '.join(str(choice) for choice in expected)}"
    return SENTENCES[keyword].format(expected) if keyword in SENTENCES else message


def _either(types: str | list[str]) -> str:
    names = [types] if isinstance(types, str) else types
    return " or ".join(name if name == "null" else f"an {name}" if name[0] in "aio" else f"a {name}" for name in names)
