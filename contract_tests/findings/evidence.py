"""What was met and what was expected, as values; `reports/` makes text of them."""

from __future__ import annotations

from typing import NamedTuple, TypedDict

from contract_tests.http.messages import Exchange

OF_JSON = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
}


def kind_of(value: object) -> str:
    """Return the kind of a JSON value for people."""
    return OF_JSON.get(type(value), "an object")


class Value(NamedTuple):
    """A JSON value that was read or written; of a finding about a field, that of the field."""

    value: object


class Text:
    """What a target did, in words: a template, and the values that stand where it has `{}`."""

    def __init__(self, template: str, *values: object) -> None:
        self.template = template
        self.values = values


class Status(NamedTuple):
    """A status that was expected, and why."""

    code: int
    why: str | Text = ""


class BodyFlaw(NamedTuple):
    """What a schema says against a value of a body.

    `missing` is a property that is not there; `sent` is of another type than those `wanted`.
    """

    pointer: str = ""
    message: str = ""
    missing: str = ""
    sent: str = ""
    wanted: tuple[str, ...] = ()


# A response, a value, a status or a flaw; a text describes what the others cannot.
Facts = Exchange | Value | Text | Status | BodyFlaw | str


class Evidence(NamedTuple):
    """One time that a rule was broken: what was received and expected, and the calls in order.

    A call or fact that comes from another part of the run is the text that this part has shown.
    """

    received: Facts
    expected: Facts
    steps: tuple[Exchange | str, ...] = ()
    kind: str = ""


class About(TypedDict, total=False):
    """What a law may say of a finding beside its evidence.

    `field` is the part of a body, or the parameter, that it is about; `sign` a better symptom than
    the evidence shows.
    """

    field: str
    sign: str


def kind_of_facts(*facts: Facts) -> str:
    """Return what facts have in common that differ in their values alone."""
    return " | ".join(map(_kind, facts))


def _kind(facts: Facts) -> str:
    match facts:
        case Text():
            return facts.template
        case Value():
            return kind_of(facts.value)
        case Status():
            return f"{facts.code} {_kind(facts.why)}"
        case str():
            return facts
        case _:
            return ""
