"""Headers that clients and proxies usually send change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.invalid_credentials import Carried
from contract_tests.api.request_templates import MARK_READ, RequestTemplate, update
from contract_tests.config.header_values import OVERRIDES
from contract_tests.findings.evidence import Status, Text, Value
from contract_tests.laws._support import READS, meaning

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.http.messages import Exchange

# What browsers, proxies, load balancers and tracing add.
USUAL = (
    ("Accept-Language", "de"),
    ("Accept-Language", "fr-CH, fr;q=0.9, *;q=0.1"),
    ("If-None-Match", '"of-another-answer"'),
    ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Cache-Control", "no-cache"),
    ("Referer", "https://app.example/profile"),
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("User-Agent", "Mozilla/5.0 (Linux; Android 14) Mobile"),
    ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("X-Api-Version", "2"),
    ("Accept", "application/json, text/plain, */*"),
    ("Cookie", "_ga=GA1.2.345; theme=dark"),
    ("X-Original-URL", "/v1/user/referrals"),
    ("X-Rewrite-URL", "/v1/user/referrals"),
)
SENTENCES = ("title", "body")
# Methods that some frameworks let a header or a form name.
METHODS = ("POST", "PUT", "DELETE")
FORM_FIELD = "_method"


def _with(name: str, value: str) -> Carried:
    return Carried(f"{name}: {value}", headers=((name, value),))


def overrides() -> list[Carried]:
    """Return the ways in which some frameworks take another method than that of the request."""
    fields = [
        Carried(f"{FORM_FIELD}={method}", query=((FORM_FIELD, method),)) for method in METHODS
    ]
    return [_with(name, method) for name in OVERRIDES for method in METHODS] + fields


@pytest.mark.parametrize("operation", READS)
def test_usual_headers(context: Context, operation: str) -> None:
    """No usual header changes what a read answers."""
    _as_without(context, operation, [_with(*pair) for pair in USUAL])


@pytest.mark.parametrize("operation", READS)
def test_the_method_is_that_of_the_request(context: Context, operation: str) -> None:
    """A read stays a read, whatever method a header or the query names."""
    _as_without(context, operation, overrides())


def test_usual_headers_of_changes(context: Context) -> None:
    """A change is made whichever usual headers come with it, and whatever method they name."""
    for role in context.roles():
        for number, pair in enumerate((*USUAL, *((name, "GET") for name in OVERRIDES))):
            carried = _with(*pair)
            marker = context.marker(role, number)
            exchange = _sent(context, carried, update({"biography": marker}), role)
            got = resources.field(context, role, "biography")
            if got != marker:
                context.find(
                    "http.headers",
                    "updateProfile",
                    Text("{}, then biography is {}", exchange, Value(got)),
                    Text("{}, as without {}", Value(marker), carried.name),
                    exchange,
                )


def test_usual_headers_of_marking(context: Context) -> None:
    """Mark-read succeeds whichever usual headers come with it."""
    for name, value in USUAL:
        exchange = _sent(context, _with(name, value), MARK_READ, "primary")
        if not exchange.ok:
            context.find(
                "http.headers",
                MARK_READ.operation,
                exchange,
                Status(201, Text("as without {}: {}", name, value)),
            )


def _as_without(
    context: Context,
    operation: str,
    everything: list[Carried],
) -> None:
    for role in context.roles():
        template = resources.valid(context, operation, role)
        plain = context.accepted(template, role)
        for carried in everything:
            exchange = _sent(context, carried, template, role)
            if _same(context, carried, exchange, plain):
                continue
            # Something may have come since.
            plain = context.accepted(template, role)
            if not _same(context, carried, exchange, plain):
                context.find(
                    "http.headers",
                    operation,
                    exchange,
                    Text("as without {}: {}", carried.name, plain),
                    exchange,
                    plain,
                )


def _sent(
    context: Context,
    carried: Carried,
    template: RequestTemplate,
    role: str,
) -> Exchange:
    """Send it, without demanding that the session is taken.

    It may be bound to a client that calls itself so.
    """
    return context.client.send(context.request(carried.on(template), role))


def _same(
    context: Context,
    carried: Carried,
    one: Exchange,
    other: Exchange,
) -> bool:
    """Whether two answers say the same; sentences may come in the language that was asked for."""
    first, second = meaning(context, one), meaning(context, other)
    if first == second or not any(name == "Accept-Language" for name, _ in carried.headers):
        return first == second
    return first[0] == second[0] and _data(first[1]) == _data(second[1])


def _data(text: str) -> object:
    return json.loads(text, object_hook=_without_sentences) if text else None


def _without_sentences(value: dict[str, object]) -> dict[str, object]:
    return {key: part for key, part in value.items() if key not in SENTENCES}
