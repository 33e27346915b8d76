"""Judgements on one answer, whatever was asked: status, media type, body, headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract_tests.findings.finding import field_name
from contract_tests.findings.symptoms import NO_FLAW, BodyFlaw, kind_of
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
EVERYBODY_TAKES = 8000
"""So many octets of a request line every server should take (RFC 9112, 3); what stands before a target may refuse more."""
AUTHENTICATION_NAMES = ("GENERIC_UNAUTHORIZED", "SESSION_TOKEN_EXPIRED", "REFRESH_TOKEN_EXPIRED")


@dataclass(frozen=True)
class Complaint:
    """One broken rule of one answer; `field` is the part of its body that is wrong, if it is one, and `flaw` how."""

    rule: str
    received: str
    documented: str
    field: str = ""
    flaw: BodyFlaw = NO_FLAW


def judge(contract: Contract, exchange: Exchange) -> Iterator[Complaint]:
    """Yield everything that is wrong with this answer to a documented operation, each part by its own rule."""
    request = exchange.request
    operation = None if request.extreme else contract.operations.get(request.operation)
    if exchange.trouble:
        yield Complaint("answer.complete", exchange.trouble, "a complete HTTP answer")
        return
    documented = operation is not None and request.method == operation.method
    # A method that a server does not know at all is 501 (RFC 9110, 15.6.2), and no failure.
    if exchange.status >= SERVER_ERROR and (documented or exchange.status != NOT_IMPLEMENTED):
        yield Complaint("answer.no-server-error", exchange.shown(), "never a server error")
    if operation is None or not documented or refuses_as_http(exchange):
        return
    yield from _status(operation, exchange)
    if operation.response(exchange.status) is not None:
        yield from _body(contract, operation, exchange)
        yield from _headers(exchange)


def refuses_as_http(exchange: Exchange) -> bool:
    """Whether a request is refused for its size, and is larger than what everybody takes, or for not telling it."""
    request = exchange.request
    if exchange.status == LENGTH_REQUIRED and not request.says_length:
        return True
    size = (
        len(request.path)
        + sum(len(name) + len(value) for name, value in request.headers)
        + len(request.body or b"")
    )
    return exchange.status in TOO_LARGE and size > EVERYBODY_TAKES


def error_name(exchange: Exchange) -> str | None:
    """Return which of the three documented names a 401 carries, wherever it stands; None if none or several do."""
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
    listed = ", ".join(operation.responses)
    if "default" not in operation.responses:
        if str(exchange.status) not in operation.responses:
            yield Complaint("answer.status", exchange.shown(), f"one of {listed}")
    elif str(exchange.status) not in operation.responses and exchange.status not in (
        200,
        SERVER_ERROR,
    ):
        yield Complaint(
            "answer.status-default", exchange.shown(), f"one of {listed}, and 200 for default"
        )


def _body(contract: Contract, operation: Operation, exchange: Exchange) -> Iterator[Complaint]:
    full = _documents_body(contract.full, operation, exchange)
    page = _documents_body(contract.documented, operation, exchange)
    if exchange.status in NO_CONTENT_STATUSES and not exchange.body:
        return  # that it is not 200 is judged by its own rule
    if not full:
        if exchange.body or exchange.header("Content-Type"):
            yield Complaint(
                "answer.no-body",
                f"{exchange.header('Content-Type')}: {exchange.shown()}",
                "an empty body without a type",
            )
        return
    if exchange.media_type != JSON_TYPE:
        received = f"{exchange.status} with Content-Type: {exchange.header('Content-Type')}"
        yield Complaint("answer.media-type" if page else "answer.shape", received, JSON_TYPE)
        return
    try:
        value = exchange.json()
    except UnreadableError as error:
        yield Complaint(
            "answer.json" if page else "answer.shape", f"{error}: {exchange.shown()}", "a JSON body"
        )
        return
    yield from _shape(contract, operation, exchange, value)


def _shape(
    contract: Contract, operation: Operation, exchange: Exchange, value: object
) -> Iterator[Complaint]:
    response = operation.response(exchange.status)
    assert response is not None
    schema = response["content"][JSON_TYPE]["schema"]
    try:
        faults = contract.full.errors(schema, value, masked=False)
    except ValueError as reason:
        documented = f"the body: is no text that can be sent: {reason}"
        yield Complaint("answer.shape", exchange.shown(), documented)
        return
    for pointer, error in faults[:3]:
        documented = f"{pointer or 'the body'}: {error.message}"
        flaw = _flaw(pointer, error)
        yield Complaint("answer.shape", exchange.shown(), documented, field_name(pointer), flaw)


def _flaw(pointer: str, error: ValidationError) -> BodyFlaw:
    told = error.kind.as_dict()
    match error.kind.name:
        case "type":
            return BodyFlaw(pointer, sent=kind_of(error.instance), wanted=tuple(told["types"]))
        case "required":
            return BodyFlaw(pointer, missing=told["property"])
        case _:
            return BodyFlaw(pointer)


def _documents_body(view: View, operation: Operation, exchange: Exchange) -> bool:
    response = view.operations[operation.name].response(exchange.status)
    return bool(response and response.get("content"))


def _headers(exchange: Exchange) -> Iterator[Complaint]:
    directives = {
        part.strip().lower() for part in (exchange.header("Cache-Control") or "").split(",")
    }
    if "no-store" not in directives:
        received = f"{exchange.status} with Cache-Control: {exchange.header('Cache-Control')}"
        yield Complaint("header.no-store", received, "Cache-Control: no-store")
    if exchange.status == UNAUTHORIZED:
        challenge = exchange.header("WWW-Authenticate")
        if not re.search(r"(?:^|,)\s*bearer(?:\s|,|$)", challenge or "", re.IGNORECASE):
            yield Complaint(
                "header.www-authenticate",
                f"401 with WWW-Authenticate: {challenge}",
                "WWW-Authenticate: Bearer",
            )
