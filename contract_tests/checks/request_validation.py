"""What each view of the contract thinks of one request to a documented operation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from contract_tests.findings.evidence import Status, Text, kind_of
from contract_tests.findings.finding import field_name

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

    from contract_tests.http.messages import HttpRequest
    from contract_tests.spec.contract import Contract, Operation, Parameter, View

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
NUMBERS = ("number", "integer")
OTHERWISE = "a number that is not written as JSON writes it"
BAD_REQUEST = 400
# Characters of what was sent that are shown.
SENT = 40
WANTED = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "object": "an object",
    "array": "a list",
}
# What is wrong with a value, by the keyword of JSON Schema that it breaks.
KINDS = {
    "minimum": "a number below its least",
    "maximum": "a number above its most",
    "minLength": "a text that is too short",
    "maxLength": "a text that is too long",
    "minItems": "a list that is too short",
    "maxItems": "a list that is too long",
    "pattern": "a text that breaks its pattern",
    "enum": "a word that is not listed",
    "format": "a text that breaks its format",
}

Place = tuple[str, str]


@dataclass(frozen=True)
class Flaw:
    """What a view forbids of a request: where, what was sent and why that is wrong, and the kind of it without a value."""

    place: Place
    why: str
    kind: str

    def text(self) -> str:
        """Return the flaw in words."""
        return self.why if self.place[1] else f"the body {self.why}"


def flaws(contract: Contract, view: View, request: HttpRequest) -> list[Flaw]:
    """Return everything that this view forbids, one flaw for each place; empty if the request is valid in it."""
    operation = view.operations[request.operation]
    full = view is contract.full
    query = parse_qsl(
        request.path.partition("?")[2], keep_blank_values=True, errors="surrogateescape"
    )
    found = [
        flaw
        for parameter in operation.parameters
        for flaw in _parameter(view, parameter, request, query, full)
    ]
    return found + (
        _body(view, operation, request, full=full) if operation.body is not None else []
    )


def wrong(contract: Contract, view: View, request: HttpRequest) -> list[Place]:
    """Return `(in, name)` of everything that this view forbids; empty if the request is valid in it."""
    return [flaw.place for flaw in flaws(contract, view, request)]


def refusal(found: list[Flaw]) -> Status:
    """Return what is expected of a request with these flaws.

    It names the places, and then what is wrong with each.
    """
    places = ", ".join(
        f"{name} ({place})" if name else "the body"
        for place, name in (flaw.place for flaw in found)
    )
    is_one = len(found) == 1
    told = [f"{'it' if is_one else flaw.place[1] or 'it'} {flaw.why}" for flaw in found]
    why = Text("because of {}: {}", places, "; ".join(told))
    return Status(BAD_REQUEST, why)


def field_of(found: list[Flaw]) -> str:
    """Return the parameter or the part of the body that is wrong; empty where several are, or the body as a whole."""
    return field_name(found[0].place[1]) if len(found) == 1 else ""


def acceptance(found: list[Flaw]) -> str:
    """Return the symptom of a target that takes a request with these flaws."""
    return f"accepts {' and '.join(dict.fromkeys(flaw.kind for flaw in found))}"


def named(details: object) -> set[Place] | None:
    """Return `(in, name)` of each of an error's details; None if they are not of our shape."""
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return None
    return {(str(detail.get("in")), str(detail.get("name"))) for detail in details}


def missing(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Return the wrong places that no detail names; a body that is wrong as a whole may be told from its header."""
    unnamed = [place for place in wrong if not any(_about(place, each) for each in named)]
    return [place for place in unnamed if place != ("body", "") or not named]


def accused(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Return the named places that are right; a body that is wrong as a whole has no part that is."""
    whole = ("body", "") in wrong
    return [each for each in named if not whole and not any(_about(place, each) for place in wrong)]


def _about(place: Place, named: Place) -> bool:
    """Whether a detail names the place, or something around or inside it, which is good enough."""
    (where, pointer), (said, name) = place, named
    return where == said and (
        name == pointer or name.startswith(f"{pointer}/") or pointer.startswith(f"{name}/")
    )


def _parameter(
    view: View,
    parameter: Parameter,
    request: HttpRequest,
    query: list[tuple[str, str]],
    full: bool,  # noqa: FBT001
) -> list[Flaw]:
    place = (parameter.place, parameter.name)
    given = [value for name, value in query if name == parameter.name]
    if parameter.place == "path":
        given = [unquote(request.path.partition("?")[0].split("/")[4], errors="surrogateescape")]
    if not given:
        return (
            [Flaw(place, "is missing", "a call without a required parameter")]
            if parameter.required
            else []
        )
    if any(not _is_text(value) for value in given):
        return [Flaw(place, "is not UTF-8", "a parameter that is not UTF-8")] if full else []
    many = parameter.schema.get("type") == "array"
    if len(given) > 1 and not many:
        times = "twice" if len(given) == 2 else f"{len(given)} times"  # noqa: PLR2004 - twice
        return [Flaw(place, f"is given {times}", "a parameter that is given twice")] if full else []
    value = given if many else _value(parameter, given[0])
    if isinstance(value, str) and parameter.schema.get("type") in NUMBERS:
        return [Flaw(place, f"is {_sent(value)}, and not a number as JSON writes it", OTHERWISE)]
    return [_flaw(place, error) for _, error in view.errors(parameter.schema, value)[:1]]


def _flaw(place: Place, error: ValidationError) -> Flaw:
    """Put an error of the schema into words."""
    keyword, value = error.kind.name, error.instance
    told = error.kind.as_dict()
    if keyword == "required":
        missing = told["property"]
        return Flaw(place, f"has no {missing}", "an object without a required key")
    if keyword == "type":
        wanted = " or ".join(WANTED.get(name, f"a {name}") for name in told["types"])
        sent = kind_of(value) if not isinstance(value, float) else "a number with a fraction"
        return Flaw(
            place,
            f"is {_sent(value)}, and {wanted} is expected",
            f"{sent} where {wanted} is expected",
        )
    return Flaw(
        place,
        f"is {_sent(value)}: {error.message}",
        KINDS.get(keyword, f"a value that breaks `{keyword}`"),
    )


def _sent(value: object) -> str:
    """Return a value as it was sent, or how long it is."""
    if isinstance(value, str) and len(value) > SENT:
        return f"a text of {len(value)} characters"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SENT else kind_of(value)


def _value(parameter: Parameter, text: str) -> object:
    if parameter.schema.get("type") not in NUMBERS or not NUMBER.match(text):
        return text
    return json.loads(text)


def _body(view: View, operation: Operation, request: HttpRequest, *, full: bool) -> list[Flaw]:
    value, whole = _object(request)
    if whole:
        return [Flaw(("body", ""), *whole)] if full else []
    assert operation.body is not None
    # That null does not stand for an absent value is a decision of ours.
    judged = value if full else {key: given for key, given in value.items() if given is not None}
    clean = _clean(judged)
    errors = view.errors(operation.body, clean)
    found = {
        ("body", pointer): _flaw(("body", pointer), error) for pointer, error in reversed(errors)
    }
    for key in operation.body["properties"] if full else ():
        if not _is_text(json.dumps(value.get(key), ensure_ascii=False)):
            place = ("body", f"/{key}")
            found[place] = Flaw(
                place,
                "has half a character in it (a lone surrogate)",
                "half a character (a lone surrogate)",
            )
    return [found[place] for place in sorted(found)]


def _object(request: HttpRequest) -> tuple[dict[str, object], tuple[str, str] | None]:
    """Return the object in a body; or what is wrong with the body as a whole, in words and by its kind."""
    types = [value.strip() for name, value in request.headers if name.lower() == "content-type"]
    try:
        value = json.loads((request.body or b"").decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if not request.body:
            return {}, ("is missing", "a call without a body")
        return {}, (f"is not JSON: {error}", "a body that is not JSON")
    if [given.partition(";")[0].strip().lower() for given in types] != ["application/json"]:
        return {}, (
            f"is sent as {' and '.join(types) or 'no type'}, not as application/json",
            "a body of another media type",
        )
    if not isinstance(value, dict):
        return {}, (f"is {kind_of(value)}, and an object is expected", "a body that is no object")
    return value, None


def _clean(value: dict[str, object]) -> object:
    """Put a harmless character where a lone surrogate stands, which the validator cannot take."""
    text = json.dumps(value, ensure_ascii=False)
    return value if _is_text(text) else json.loads(re.sub("[\ud800-\udfff]", "?", text))


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
