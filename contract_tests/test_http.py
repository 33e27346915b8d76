"""HTTP itself: undocumented methods and paths, HEAD, bodies where none is demanded, and no failure on any input."""

from __future__ import annotations

import re

import pytest

from contract_tests import contract, state
from contract_tests.client import Call, Exchange
from contract_tests.lab import MARK_READ, NOT_FOUND, REFERRALS, Ask, Lab, fields, notifications, update

CONTRACT = contract.load()
PATHS = sorted({operation.path for operation in CONTRACT.operations.values()})
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOT_ALLOWED = 405
READS = [operation.name for operation in CONTRACT.operations.values() if operation.method == "GET"]
UNKNOWN = (
    "/v1/user/none",
    "/v1/user/notifications/none",
    "/v2/user/profile",
    "/v1/user/by-id/ada",
    "/v1/user/by-id/ada/private",
    "/none",
)
HEAVY = ("x" * 100_000, "😀" * 20_000, "\u0000", "\\u0000", "%00", "{" * 50, "[" * 50, "1" * 400)


@pytest.mark.parametrize("path", PATHS)
def test_other_methods(lab: Lab, path: str) -> None:
    """A method that is not documented is 405, `Allow` names those that are, with and without a session."""
    here = {operation.method: operation for operation in CONTRACT.operations.values() if operation.path == path}
    name = next(iter(here.values())).name
    ask = state.valid(lab, name, "primary")
    for method in METHODS:
        if method in here:
            continue
        for who in ("primary", None):
            call = lab.call(ask.but(method=method), who)
            _wrong_method(lab, lab.client.send(call), set(here))


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_paths(lab: Lab, path: str) -> None:
    """An unknown path is 404 with an error body, with and without a session."""
    for who in ("primary", None):
        known = lab.call(REFERRALS, who)
        exchange = lab.client.send(Call(**{**vars(known), "path": path, "operation": f"GET {path}"}))
        if exchange.status != NOT_FOUND and exchange.status:
            lab.find("http.path", f"GET {path}", exchange.shown(), "404", exchange)
        elif exchange.status:
            _error_body(lab, exchange, "http.path", "GENERIC_NOT_FOUND")


@pytest.mark.parametrize("operation", READS)
def test_head(lab: Lab, operation: str) -> None:
    """HEAD answers the status and headers of GET without a body (RFC 9110, 9.3.2)."""
    ask = state.valid(lab, operation, "primary")
    for who in ("primary", None):
        got = lab.ask(ask, who)
        call = lab.call(ask.but(method="HEAD"), who)
        raw = lab.client.send_raw(_raw(lab, call))
        head, _, body = raw.partition(b"\r\n\r\n")
        status = int(found[1]) if (found := re.match(rb"HTTP/1\.[01] (\d{3})", head)) else 0
        shown = Exchange(call, status, body=body)
        if status != got.status:
            lab.find("http.head", operation, f"HEAD {status}", f"{got.status}, as GET", shown)
        elif body:
            lab.find("http.head", operation, f"a body of {len(body)} bytes: {body[:80]!r}", "no body", shown)
        kinds = re.findall(rb"(?im)^content-type:[ \t]*([^;\r\n]*)", head)
        if status == got.status and kinds and kinds[0].strip().decode("latin-1").lower() != got.media_type:
            lab.find("http.head", operation, f"Content-Type {kinds[0]!r}", f"{got.media_type}, as GET", shown)


def test_marking_demands_no_body(lab: Lab) -> None:
    """Mark-read takes nothing: no body, no content type, and it answers 201 without a body."""
    for who in lab.roles():
        for ask in (MARK_READ, MARK_READ.but(body=b"", content_type=None)):
            for _ in range(lab.depth.repeats):
                lab.accepted(ask, who)


def test_optional_input(lab: Lab) -> None:
    """What is documented as optional may be absent, each alone and all together."""
    for who in lab.roles():
        container = state.homes(lab, who)[0]
        for page, limit in ((None, None), (1, None), (None, 5), (1, 5)):
            lab.accepted(notifications(container, page, limit), who)
        for name in ("displayName", "biography"):
            lab.accepted(update({name: lab.marker(name)}), who)


def test_nothing_makes_it_fail(lab: Lab) -> None:
    """Large, strange and broken input is refused or accepted, never a server error."""
    for text in HEAVY:
        for name in CONTRACT.updatable:
            lab.ask(update({name: text}))
            lab.ask(update({name: {"year": text}}))
        lab.ask(update({text[:1000]: text}))
        if len(text) < 1000 and text.isprintable():  # noqa: PLR2004 - what fits in a request line anywhere
            lab.ask(Ask("getPublicProfile", username=text, query=(("containerId", text),)))
            lab.ask(Ask("listNotifications", query=(("containerId", text), ("page", text), ("limit", text))))
            lab.ask(fields(text))
    for number in (1e300, -1e300, 10**30, 0.1, -0.0):
        lab.ask(update({"dateOfBirth": {"year": number, "month": number, "day": number}}))
    lab.ask(fields(*(["handle"] * 200)))
    lab.ask(fields("handle").but(headers=(("Accept", "text/html"), ("X-Strange", "é😀"), ("Cookie", "a=b; c"))))
    lab.ask(REFERRALS.but(raw_query="%zz&&=&a=%&=b"))


def _wrong_method(lab: Lab, exchange: Exchange, documented: set[str]) -> None:
    method = exchange.call.method
    name = exchange.call.operation
    wanted = f"405 with Allow: {', '.join(sorted(documented))}"
    allow = {part.strip().upper() for part in (exchange.header("Allow") or "").split(",")}
    if exchange.status != NOT_ALLOWED and exchange.status:
        lab.find("http.method", name, f"{method}: {exchange.shown()}", wanted, exchange)
    elif exchange.status and (not documented <= allow or method in allow):
        lab.find("http.method", name, f"{method}: 405 with Allow: {exchange.header('Allow')}", wanted, exchange)
    elif exchange.status:
        _error_body(lab, exchange, "http.method", "GENERIC_CLIENT_ERROR")


def _error_body(lab: Lab, exchange: Exchange, rule: str, code: str) -> None:
    body = lab.body(exchange)
    if exchange.media_type != "application/json" or not isinstance(body, dict) or body.get("code") != code:
        received = f"{exchange.header('Content-Type')}: {exchange.shown()}"
        lab.find(rule, exchange.call.operation, received, f"an Error body with code {code}", exchange)


def _raw(lab: Lab, call: Call) -> bytes:
    lines = [
        f"{call.method} {lab.client.prefix}{call.path} HTTP/1.1",
        f"Host: {lab.host}",
        *(f"{name}: {value}" for name, value in call.headers),
    ]
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode()
