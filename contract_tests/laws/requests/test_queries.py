"""Query parameters: required ones, numbers at and past their bounds, odd spellings, and unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import pagination, resources
from contract_tests.api.request_templates import Ask, fields, notifications, public
from contract_tests.laws._support import JUNK, OPERATIONS, meaning

if TYPE_CHECKING:
    from contract_tests.api.context import Lab

ELSEWHERE = (
    ("page", "2"),
    ("limit", "1"),
    ("containerId", "no-such-thing-here"),
    ("fields", "handle"),
)
"""Parameters of some operations, and unknown to the others."""
UNKNOWN = (
    *(
        ("unknown", "1"),
        ("_", "1700000000"),
        ("verbose", "true"),
        ("debug", ""),
        ("sort", "id"),
        ("size", "1"),
    ),
    *(
        ("offset", "3"),
        ("cursor", "x"),
        ("unread", "true"),
        ("read", "false"),
        ("per_page", "1"),
        ("filter", "none"),
    ),
)
NOT_NUMBERS = ("abc", "one", "true", "null", "1,2", "1;2", "--1", "1 2", "[1]")
ODD_NUMBERS = ("1.5", "0.5", "-1", "0", "-0.5")
# No numbers as JSON writes them; some languages read them as such.
LENIENT = ("", "NaN", "Infinity", "1_0", "\uff11", "0x10", " 5", "5 ", "+5")


@pytest.mark.parametrize("name", ["page", "limit"])
def test_numbers_of_pages(lab: Lab, name: str) -> None:
    """`page` and `limit` are whole numbers within their bounds."""
    schema = lab.contract.operations["listNotifications"].parameter(name).schema
    past = (
        [str(schema["maximum"] + 1), str(schema["maximum"] * 10), "1000000000"]
        if "maximum" in schema
        else []
    )
    at = [
        schema["minimum"],
        schema["minimum"] + 1,
        "2.0",
        *([schema["maximum"], schema["maximum"] - 1] if past else []),
    ]
    for who in lab.roles():
        container = resources.homes(lab, who)[0]
        for text in (*NOT_NUMBERS, *ODD_NUMBERS, *past):
            lab.refused(
                notifications(container).but(query=(("containerId", container), (name, text))), who
            )
        for value in at:
            lab.accepted(notifications(container, **{name: value}), who, "input.accepted")
        for text in LENIENT:
            query = (("containerId", container), (name, text))
            lab.refused(notifications(container).but(query=query), who, "input.bounds")


def test_huge_pages(lab: Lab) -> None:
    """There is no upper bound on `page`."""
    container = resources.homes(lab, "primary")[0]
    for page in (10**6, 2**31 - 1, 2**31, 2**53, 2**63, 10**25):
        exchange = lab.accepted(notifications(container, page, 100), rule="input.accepted")
        items = pagination.items_of(lab, exchange)
        if items:
            lab.find(
                "pages.past-end",
                "listNotifications",
                f"{len(items)} items",
                "no items past the end",
                exchange,
            )


def test_required_parameters(lab: Lab) -> None:
    """A missing required parameter is refused every time, an empty one too."""
    asks = [
        Ask("getProfile"),
        Ask("getPublicProfile", username=resources.username(lab, "primary")),
        Ask("listNotifications"),
        Ask("listNotifications", query=(("page", "1"), ("limit", "5"))),
        Ask("listNotifications", query=(("containerid", "main"), ("container", "main"))),
        Ask("listNotifications", query=(("page", "0"), ("limit", "101"))),
    ]
    empty = [public(resources.username(lab, "primary"), ""), notifications("")]
    for who in lab.roles():
        for ask in asks:
            for _ in range(lab.depth.repeats):
                lab.refused(ask, who)
        for ask in empty:
            lab.refused(ask, who)


def test_odd_queries(lab: Lab) -> None:
    """A single parameter given twice and broken encoding are refused."""
    name = resources.username(lab, "primary")
    container = resources.homes(lab, "primary")[0]
    one = notifications(container).query
    asks = [
        Ask("listNotifications", query=one + one),
        Ask("listNotifications", query=(*one, ("page", "1"), ("page", "2"))),
        Ask("listNotifications", query=(*one, ("limit", "5"), ("limit", "5"))),
        public(name, container).but(query=one + one),
        Ask("listNotifications", raw_query="containerId=%ff"),
        Ask("listNotifications", raw_query="containerId=%C3%28"),
        public(name, container).but(raw_query="containerId=%ff%fe"),
        public(name, container).but(raw_username="%ff"),
        fields("handle").but(raw_query="fields=%ff"),
    ]
    for ask in asks:
        lab.refused(ask)


def test_input_comes_before_existence(lab: Lab) -> None:
    """What is wrong with a request is said before what is not there."""
    for who in lab.roles():
        for page, limit in ((0, None), (None, 0), (None, 101), (1.5, None)):
            lab.refused(notifications(JUNK, page, limit), who)
        lab.refused(Ask("getPublicProfile", username=JUNK), who)
        lab.refused(public(JUNK, ""), who)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_parameters_are_ignored(lab: Lab, operation: str) -> None:
    """A parameter that is not documented makes no difference."""
    for who in lab.roles():
        ask = resources.valid(lab, operation, who)
        plain = lab.ask(ask, who)
        own = {parameter.name for parameter in lab.contract.operations[operation].parameters}
        for pair in (*UNKNOWN, *(pair for pair in ELSEWHERE if pair[0] not in own)):
            exchange = lab.accepted(ask.but(query=(*ask.query, pair)), who, "input.accepted")
            if plain.ok and meaning(lab, exchange) != meaning(lab, plain):
                documented = f"as without {pair[0]}: {plain.shown()}"
                lab.find("input.accepted", operation, exchange.shown(), documented, plain, exchange)
