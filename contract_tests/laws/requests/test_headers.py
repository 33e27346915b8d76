"""What the contract does not name in a request changes nothing: headers that clients and middleboxes usually send."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.invalid_credentials import Carried
from contract_tests.api.request_templates import MARK_READ, Ask, update
from contract_tests.config.header_values import OVERRIDES
from contract_tests.laws._support import meaning
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Lab
    from contract_tests.http.messages import Exchange

READS = [
    operation.name for operation in contract.load().operations.values() if operation.method == "GET"
]
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
SENTENCES = re.compile(r'"(title|body)": "(?:[^"\\]|\\.)*"')
METHODS = ("POST", "PUT", "DELETE")
FORM_FIELD = "_method"


def overrides() -> list[Carried]:
    """Return the ways in which some frameworks take another method than that of the request."""
    found = [
        Carried(f"{name}: {method}", headers=((name, method),))
        for name in OVERRIDES
        for method in METHODS
    ]
    return found + [
        Carried(f"{FORM_FIELD}={method}", query=((FORM_FIELD, method),)) for method in METHODS
    ]


@pytest.mark.parametrize("operation", READS)
def test_usual_headers(lab: Lab, operation: str) -> None:
    """No usual header changes what a read answers."""
    _as_without(
        lab,
        operation,
        [Carried(f"{name}: {value}", headers=((name, value),)) for name, value in USUAL],
    )


@pytest.mark.parametrize("operation", READS)
def test_the_method_is_that_of_the_request(lab: Lab, operation: str) -> None:
    """A read stays a read, whatever method a header or the query names."""
    _as_without(lab, operation, overrides())


def test_usual_headers_of_changes(lab: Lab) -> None:
    """A change is made whichever usual headers come with it, and whatever method they name."""
    for who in lab.roles():
        for number, (name, value) in enumerate((*USUAL, *((name, "GET") for name in OVERRIDES))):
            carried = Carried(f"{name}: {value}", headers=((name, value),))
            marker = lab.marker(who, number)
            exchange = _sent(lab, carried, update({"biography": marker}), who)
            got = resources.profile(lab, who, "biography")["biography"]
            if got != marker:
                received = f"{exchange.shown()}, then biography is {got!r}"
                lab.find(
                    "http.headers",
                    "updateProfile",
                    received,
                    f"{marker!r}, as without {carried.name}",
                    exchange,
                )


def test_usual_headers_of_marking(lab: Lab) -> None:
    """Mark-read succeeds whichever usual headers come with it."""
    for name, value in USUAL:
        exchange = _sent(lab, Carried(name, headers=((name, value),)), MARK_READ, "primary")
        if not exchange.ok:
            lab.find(
                "http.headers",
                MARK_READ.operation,
                exchange.shown(),
                f"201, as without {name}: {value}",
                exchange,
                expected_status=201,
            )


def _as_without(lab: Lab, operation: str, everything: list[Carried]) -> None:
    for who in lab.roles():
        ask = resources.valid(lab, operation, who)
        plain = lab.accepted(ask, who)
        for carried in everything:
            exchange = _sent(lab, carried, ask, who)
            if _same(lab, carried, exchange, plain):
                continue
            plain = lab.accepted(ask, who)  # something may have come since
            if not _same(lab, carried, exchange, plain):
                documented = f"as without {carried.name}: {plain.shown()}"
                lab.find("http.headers", operation, exchange.shown(), documented, exchange, plain)


def _sent(lab: Lab, carried: Carried, ask: Ask, who: str) -> Exchange:
    """Send it, without demanding that the session is taken: it may be bound to a client that calls itself so."""
    return lab.client.send(lab.call(carried.on(ask), who))


def _same(lab: Lab, carried: Carried, one: Exchange, other: Exchange) -> bool:
    """Whether two answers say the same; sentences may come in the language that was asked for."""
    first, second = meaning(lab, one), meaning(lab, other)
    if carried.name.startswith("Accept-Language"):
        first, second = ((status, SENTENCES.sub("", said)) for status, said in (first, second))
    return first == second
