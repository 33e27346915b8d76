"""Judgements on one answer, whatever was asked: status, media type, body, headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from contract_tests.findings.evidence import BodyFlaw, Facts, Text, kind_of
from contract_tests.findings.finding import field_name
from contract_tests.http.messages import Exchange, UnreadableError
from contract_tests.spec.contract import JSON_TYPE, Contract, Operation, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema_rs import ValidationError

SERVER_ERROR = 500
UNAUTHORIZED = 401
NO_CONTENT_STATUSES = (204, 304)
NOT_IMPLEMENTED = 501
LENGTH_REQUIRED = 411
TOO_LARGE = (413, 414, 431)
# So many octets of a request line every server should take (RFC 9112, 3); what stands before a
# target may refuse more.
EVERYBODY_TAKES = 8000
AUTHENTICATION_NAMES = ("GENERIC_UNAUTHORIZED", "SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED")

# A challenge of the scheme, among others and with parameters or without (RFC 9110, 11.6.1).
BEARER = re.compile(r"(?:^|,)\s*bearer(?:\s|,|$)", re.IGNORECASE)


class Complaint(NamedTuple):
    """One broken rule of one answer; `field` is the part of its body that is wrong, if one is."""

    rule: str
    received: Facts
    expected: Facts
    field: str = ""


def judge(contract: Contract, exchange: Exchange) -> Iterator[Complaint]:
    """Yield everything that is wrong with an answer, each part by its own rule."""
    request = exchange.request
    operation = None if request.extreme else contract.operations.get(request.operation)
    if exchange.trouble:
        yield Complaint("answer.complete", exchange, "a complete HTTP answer")
        return
    documented = operation is not None and request.method == operation.method
    # A method that a server does not know at all is 501 (RFC 9110, 15.6.2), and no failure.
    if exchange.status >= SERVER_ERROR and (documented or exchange.status != NOT_IMPLEMENTED):
        yield Complaint("answer.no-server-error", exchange, "never a server error")
    if operation is None or not documented or refuses_as_http(exchange):
        return
    yield from _status(operation, exchange)
    if operation.response(exchange.status) is not None:
        yield from _body(contract, operation, exchange)
        yield from _headers(exchange)


def refuses_as_http(exchange: Exchange) -> bool:
    """Whether a request is refused for its size, or for not telling it.

    Its size must be larger than what everybody takes.
    """
    request = exchange.request
    if exchange.status == LENGTH_REQUIRED and not request.says_length:
        return True
    headers = sum(len(name) + len(value) for name, value in request.headers)
    size = len(request.path) + headers + len(request.body or b"")
    return exchange.status in TOO_LARGE and size > EVERYBODY_TAKES


def error_name(exchange: Exchange) -> str | None:
    """Return which of the three documented names a 401 carries, wherever it stands.

    None if none or several do.
    """
    try:
        body = exchange.json()
    except UnreadableError:
        body = None
    if isinstance(body, dict) and body.get("code") in AUTHENTICATION_NAMES:
        return str(body["code"])
    text = exchange.body.decode("utf-8", "replace")
    found = {name for name in AUTHENTICATION_NAMES if re.search(rf"\b{name}\b", text)}
    return found.pop() if len(found) == 1 else None


def _status(operation: Operation, exchange: Exchange) -> Iterator[Complaint]:
    status = exchange.status
    listed = ", ".join(operation.responses)
    if str(status) in operation.responses:
        return
    if "default" not in operation.responses:
        yield Complaint("answer.status", exchange, Text("one of {}", listed))
    # Which success `default` means is our decision, and a failure has a rule of its own.
    elif status not in (200, SERVER_ERROR):
        expected = Text("one of {}, and 200 for default", listed)
        yield Complaint("answer.status-default", exchange, expected)


def _body(
    contract: Contract,
    operation: Operation,
    exchange: Exchange,
) -> Iterator[Complaint]:
    # That it is not 200 is judged by its own rule.
    if exchange.status in NO_CONTENT_STATUSES and not exchange.body:
        return
    if _documents_body(contract.full, operation, exchange):
        yield from _json(contract, operation, exchange)
        return
    given = exchange.header("Content-Type")
    if exchange.body or given:
        received = Text("{}: {}", given, exchange)
        yield Complaint("answer.no-body", received, "an empty body without a type")


def _json(
    contract: Contract,
    operation: Operation,
    exchange: Exchange,
) -> Iterator[Complaint]:
    is_documented = _documents_body(contract.documented, operation, exchange)
    if exchange.media_type != JSON_TYPE:
        rule = "answer.media-type" if is_documented else "answer.shape"
        given = exchange.header("Content-Type")
        received = Text("{} with Content-Type: {}", exchange.status, given)
        yield Complaint(rule, received, JSON_TYPE)
        return
    try:
        value = exchange.json()
    except UnreadableError as error:
        rule = "answer.json" if is_documented else "answer.shape"
        yield Complaint(rule, Text("{}: {}", str(error), exchange), "a JSON body")
        return
    yield from _shape(contract, operation, exchange, value)


def _shape(
    contract: Contract,
    operation: Operation,
    exchange: Exchange,
    value: object,
) -> Iterator[Complaint]:
    response = operation.response(exchange.status)
    assert response is not None
    schema = response["content"][JSON_TYPE]["schema"]
    try:
        faults = contract.full.errors(schema, value)
    except ValueError as reason:
        expected = Text("the body: is no text that can be sent: {}", str(reason))
        yield Complaint("answer.shape", exchange, expected)
        return
    for pointer, error in faults[:3]:
        flaw = _flaw(pointer, error)
        yield Complaint("answer.shape", exchange, flaw, field_name(pointer))


def _flaw(pointer: str, error: ValidationError) -> BodyFlaw:
    flaw = BodyFlaw(pointer, error.message)
    details = error.kind.as_dict()
    match error.kind.name:
        case "type":
            return flaw._replace(sent=kind_of(error.instance), wanted=tuple(details["types"]))
        case "required":
            return flaw._replace(missing=details["property"])
        case _:
            return flaw


def _documents_body(
    view: View,
    operation: Operation,
    exchange: Exchange,
) -> bool:
    response = view.operations[operation.name].response(exchange.status)
    return bool(response and response.get("content"))


def _headers(exchange: Exchange) -> Iterator[Complaint]:
    caching = exchange.header("Cache-Control")
    directives = [part.strip().lower() for part in (caching or "").split(",")]
    if "no-store" not in directives:
        received = Text("{} with Cache-Control: {}", exchange.status, caching)
        yield Complaint("header.no-store", received, "Cache-Control: no-store")
    challenge = exchange.header("WWW-Authenticate")
    if exchange.status == UNAUTHORIZED and not BEARER.search(challenge or ""):
        received = Text("401 with WWW-Authenticate: {}", challenge)
        yield Complaint("header.www-authenticate", received, "WWW-Authenticate: Bearer")
