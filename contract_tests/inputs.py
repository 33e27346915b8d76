"""What each view of the contract thinks of one request to a documented operation."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from contract_tests.client import Call
    from contract_tests.contract import Contract, Operation, Parameter, View

NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?\Z", re.ASCII)

Place = tuple[str, str]


def wrong(contract: Contract, view: View, call: Call) -> list[Place]:
    """Answer `(in, name)` of everything that this view forbids; empty if the request is valid in it."""
    operation = view.operations[call.operation]
    full = view is contract.full
    query = parse_qsl(call.path.partition("?")[2], keep_blank_values=True, errors="surrogateescape")
    found = [place for parameter in operation.parameters for place in _parameter(view, parameter, call, query, full)]
    return found + (_body(view, operation, call, full=full) if operation.body is not None else [])


def named(details: object) -> set[Place] | None:
    """Answer `(in, name)` of each of an error's details; None if they are not of our shape."""
    if not isinstance(details, list) or not all(isinstance(detail, dict) for detail in details):
        return None
    return {(str(detail.get("in")), str(detail.get("name"))) for detail in details}


def missing(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Answer the wrong places that no detail names; a body that is wrong as a whole may be told from its header."""
    unnamed = [place for place in wrong if not any(_about(place, each) for each in named)]
    return [place for place in unnamed if place != ("body", "") or not named]


def accused(wrong: list[Place], named: set[Place]) -> list[Place]:
    """Answer the named places that are right; a body that is wrong as a whole has no part that is."""
    whole = ("body", "") in wrong
    return [each for each in named if not whole and not any(_about(place, each) for place in wrong)]


def _about(place: Place, named: Place) -> bool:
    """Whether a detail names the place, or something around or inside it, which is good enough."""
    (where, pointer), (said, name) = place, named
    return where == said and (name == pointer or name.startswith(f"{pointer}/") or pointer.startswith(f"{name}/"))


def _parameter(view: View, parameter: Parameter, call: Call, query: list[tuple[str, str]], full: bool) -> list[Place]:  # noqa: FBT001
    place = (parameter.place, parameter.name)
    given = [value for name, value in query if name == parameter.name]
    if parameter.place == "path":
        given = [unquote(call.path.partition("?")[0].split("/")[4], errors="surrogateescape")]
    if not given:
        return [place] if parameter.required else []
    if any(not _is_text(value) for value in given) or (len(given) > 1 and parameter.schema.get("type") != "array"):
        return [place] if full else []
    value = given if parameter.schema.get("type") == "array" else _value(parameter, given[0])
    return [place] if view.errors(parameter.schema, value) else []


def _value(parameter: Parameter, text: str) -> object:
    if parameter.schema.get("type") != "number" or not NUMBER.match(text):
        return text
    return json.loads(text)


def _body(view: View, operation: Operation, call: Call, *, full: bool) -> list[Place]:
    types = [value.partition(";")[0].strip().lower() for name, value in call.headers if name.lower() == "content-type"]
    try:
        value = json.loads((call.body or b"").decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return [("body", "")] if full else []
    if types != ["application/json"] or not isinstance(value, dict):
        return [("body", "")] if full else []
    assert operation.body is not None
    # That null does not stand for an absent value is a decision of ours.
    judged = value if full else {key: given for key, given in value.items() if given is not None}
    errors = {("body", pointer) for pointer, _ in view.errors(operation.body, _clean(judged))}
    unclean = {
        ("body", f"/{key}")
        for key in operation.body["properties"]
        if not _is_text(json.dumps(value.get(key), ensure_ascii=False))
    }
    return sorted(errors | (unclean if full else set()))


def _clean(value: dict[str, object]) -> object:
    """Put a harmless character where a lone surrogate stands, which the validator cannot take."""
    text = json.dumps(value, ensure_ascii=False)
    return value if _is_text(text) else json.loads(re.sub("[\ud800-\udfff]", "?", text))


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
