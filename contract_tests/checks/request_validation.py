"""What each view of the contract thinks of one request to a documented operation."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from contract_tests.findings.evidence import Status, Text, kind_of
from contract_tests.findings.finding import field_name
from contract_tests.spec.contract import JSON_TYPE

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

    from contract_tests.http.messages import HttpRequest
    from contract_tests.spec.contract import Contract, Parameter, Schema, View

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
    """What a view forbids of a request.

    Where, what was sent and why that is wrong, and the kind of it without a value.
    """

    place: Place
    why: str
    kind: str


def flaws(
    contract: Contract,
    view: View,
    request: HttpRequest,
) -> list[Flaw]:
    """Return everything that this view forbids, one flaw for each place."""
    operation = view.operations[request.operation]
    full = view is contract.full
    found = []
    for parameter in operation.parameters:
        flaw = _parameter(view, parameter, _given(parameter, request), full=full)
        if flaw:
            found.append(flaw)
    if operation.body is not None:
        found += _body(view, operation.body, request, full=full)
    return found


def wrong(
    contract: Contract,
    view: View,
    request: HttpRequest,
) -> list[Place]:
    """Return `(in, name)` of everything that this view forbids."""
    return [flaw.place for flaw in flaws(contract, view, request)]


def refusal(found: list[Flaw]) -> Status:
    """Return what is expected of a request with these flaws.

    It names the places, and then what is wrong with each.
    """
    places, reasons = [], []
    for flaw in found:
        place, name = flaw.place
        places.append(f"{name} ({place})" if name else "the body")
        subject = name if name and len(found) > 1 else "it"
        reasons.append(f"{subject} {flaw.why}")
    why = Text("because of {}: {}", ", ".join(places), "; ".join(reasons))
    return Status(BAD_REQUEST, why)


def field_of(found: list[Flaw]) -> str:
    """Return the parameter or the part of the body that is wrong.

    Empty where several are, or the body as a whole.
    """
    return field_name(found[0].place[1]) if len(found) == 1 else ""


def acceptance(found: list[Flaw]) -> str:
    """Return the symptom of a target that takes a request with these flaws."""
    kinds = dict.fromkeys(flaw.kind for flaw in found)
    return f"accepts {' and '.join(kinds)}"


def named(details: object) -> set[Place] | None:
    """Return `(in, name)` of each of an error's details; None if they are not of our shape."""
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return None
    return {(str(detail.get("in")), str(detail.get("name"))) for detail in details}


def missing(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Return the wrong places that no detail names.

    A body that is wrong as a whole may be told from its header.
    """
    unnamed = [place for place in wrong if not any(_about(place, each) for each in named)]
    return [place for place in unnamed if place != ("body", "") or not named]


def accused(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Return the named places that are right; a body that is wrong as a whole has none."""
    whole = ("body", "") in wrong
    return [each for each in named if not whole and not any(_about(place, each) for place in wrong)]


def _about(place: Place, named: Place) -> bool:
    """Whether a detail names the place, or something around or inside it, which is good enough."""
    if place == named:
        return True
    (where, pointer), (other, name) = place, named
    is_within = name.startswith(f"{pointer}/") or pointer.startswith(f"{name}/")
    return where == other and is_within


def _given(parameter: Parameter, request: HttpRequest) -> list[str]:
    """Return the values of a parameter; what is not UTF-8 is in them as lone surrogates."""
    path, _, query = request.path.partition("?")
    if parameter.place == "path":
        return [unquote(path.split("/")[4], errors="surrogateescape")]
    pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
    return [value for name, value in pairs if name == parameter.name]


def _parameter(
    view: View,
    parameter: Parameter,
    given: list[str],
    *,
    full: bool,
) -> Flaw | None:
    place = (parameter.place, parameter.name)
    if not given:
        missing = Flaw(place, "is missing", "a call without a required parameter")
        return missing if parameter.required else None
    kind = parameter.schema.get("type")
    unreadable = _unreadable(place, given, is_list=kind == "array")
    # The documentation speaks neither of encodings nor of repetition.
    if unreadable:
        return unreadable if full else None
    value: object = given if kind == "array" else given[0]
    if kind in NUMBERS:
        if not NUMBER.match(given[0]):
            why = f"is {_sent(value)}, and not a number as JSON writes it"
            return Flaw(place, why, OTHERWISE)
        value = json.loads(given[0])
    errors = view.errors(parameter.schema, value)
    return _flaw(place, errors[0][1]) if errors else None


def _unreadable(place: Place, given: list[str], *, is_list: bool) -> Flaw | None:
    """Return what keeps values from being read at all."""
    if not all(map(_is_text, given)):
        return Flaw(place, "is not UTF-8", "a parameter that is not UTF-8")
    if len(given) == 1 or is_list:
        return None
    times = "twice" if len(given) == 2 else f"{len(given)} times"  # noqa: PLR2004 - twice
    return Flaw(place, f"is given {times}", "a parameter that is given twice")


def _flaw(place: Place, error: ValidationError) -> Flaw:
    """Put an error of the schema into words."""
    keyword = error.kind.name
    sent = _sent(error.instance)
    details = error.kind.as_dict()
    if keyword == "required":
        return Flaw(place, f"has no {details['property']}", "an object without a required key")
    if keyword == "type":
        wanted = " or ".join(WANTED.get(name, f"a {name}") for name in details["types"])
        kind = kind_of(error.instance)
        if isinstance(error.instance, float):
            kind = "a number with a fraction"
        why = f"is {sent}, and {wanted} is expected"
        return Flaw(place, why, f"{kind} where {wanted} is expected")
    kind = KINDS.get(keyword, f"a value that breaks `{keyword}`")
    return Flaw(place, f"is {sent}: {error.message}", kind)


def _sent(value: object) -> str:
    """Return a value as it was sent, or how long it is."""
    if isinstance(value, str) and len(value) > SENT:
        return f"a text of {len(value)} characters"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SENT else kind_of(value)


def _body(
    view: View,
    schema: Schema,
    request: HttpRequest,
    *,
    full: bool,
) -> list[Flaw]:
    value = _read(request)
    if isinstance(value, Flaw):
        return [value] if full else []
    # That null does not stand for an absent value is a decision of ours.
    judged = value if full else {key: given for key, given in value.items() if given is not None}
    found: dict[Place, Flaw] = {}
    for pointer, error in view.errors(schema, _clean(judged)):
        place = ("body", pointer)
        # Of several errors of one place the first counts.
        found.setdefault(place, _flaw(place, error))
    for key in schema["properties"] if full else ():
        if not _is_text(json.dumps(value.get(key), ensure_ascii=False)):
            place = ("body", f"/{key}")
            why = "has half a character in it (a lone surrogate)"
            found[place] = Flaw(place, why, "half a character (a lone surrogate)")
    return [found[place] for place in sorted(found)]


def _read(request: HttpRequest) -> dict[str, object] | Flaw:
    """Return the object in a body; or what is wrong with the body as a whole."""
    place = ("body", "")
    try:
        value = json.loads((request.body or b"").decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        if not request.body:
            return Flaw(place, "is missing", "a call without a body")
        return Flaw(place, f"is not JSON: {error}", "a body that is not JSON")
    types = [given.strip() for name, given in request.headers if name.lower() == "content-type"]
    if [given.partition(";")[0].strip().lower() for given in types] != [JSON_TYPE]:
        why = f"is sent as {' and '.join(types) or 'no type'}, not as {JSON_TYPE}"
        return Flaw(place, why, "a body of another media type")
    if not isinstance(value, dict):
        why = f"is {kind_of(value)}, and an object is expected"
        return Flaw(place, why, "a body that is no object")
    return value


def _clean(value: dict[str, object]) -> object:
    """Put a harmless character where a lone surrogate stands, which the validator cannot take."""
    text = json.dumps(value, ensure_ascii=False)
    return value if _is_text(text) else json.loads(re.sub("[\ud800-\udfff]", "?", text))


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
