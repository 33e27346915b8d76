"""Query parameters: required ones, numbers at and past their bounds, odd spellings, and unknown ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import pagination, resources
from contract_tests.api.request_templates import RequestTemplate, fields, notifications, public
from contract_tests.findings.evidence import Text
from contract_tests.laws._support import JUNK, OPERATIONS, meaning

if TYPE_CHECKING:
    from contract_tests.api.context import Context

# Parameters of some operations, and unknown to the others.
ELSEWHERE = (
    ("page", "2"),
    ("limit", "1"),
    ("containerId", "no-such-thing-here"),
    ("fields", "handle"),
)
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
def test_numbers_of_pages(context: Context, name: str) -> None:
    """`page` and `limit` are whole numbers within their bounds."""
    schema = context.contract.operations["listNotifications"].parameter(name).schema
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
    for role in context.roles():
        container = resources.homes(context, role)[0]
        for text in (*NOT_NUMBERS, *ODD_NUMBERS, *past):
            context.refused(
                notifications(container).but(query=(("containerId", container), (name, text))), role
            )
        for value in at:
            context.accepted(notifications(container, **{name: value}), role, "input.accepted")
        for text in LENIENT:
            query = (("containerId", container), (name, text))
            context.refused(notifications(container).but(query=query), role, "input.bounds")


def test_huge_pages(context: Context) -> None:
    """There is no upper bound on `page`."""
    container = resources.homes(context, "primary")[0]
    for page in (10**6, 2**31 - 1, 2**31, 2**53, 2**63, 10**25):
        exchange = context.accepted(notifications(container, page, 100), rule="input.accepted")
        items = pagination.items_of(context, exchange)
        if items:
            context.find(
                "pages.past-end",
                "listNotifications",
                Text("{} items", len(items)),
                "no items past the end",
                exchange,
            )


def test_required_parameters(context: Context) -> None:
    """A missing required parameter is refused every time, an empty one too."""
    templates = [
        RequestTemplate("getProfile"),
        RequestTemplate("getPublicProfile", username=resources.username(context, "primary")),
        RequestTemplate("listNotifications"),
        RequestTemplate("listNotifications", query=(("page", "1"), ("limit", "5"))),
        RequestTemplate(
            "listNotifications", query=(("containerid", "main"), ("container", "main"))
        ),
        RequestTemplate("listNotifications", query=(("page", "0"), ("limit", "101"))),
    ]
    empty = [public(resources.username(context, "primary"), ""), notifications("")]
    for role in context.roles():
        for template in templates:
            for _ in range(context.depth.repeats):
                context.refused(template, role)
        for template in empty:
            context.refused(template, role)


def test_odd_queries(context: Context) -> None:
    """A single parameter given twice and broken encoding are refused."""
    name = resources.username(context, "primary")
    container = resources.homes(context, "primary")[0]
    one = notifications(container).query
    templates = [
        RequestTemplate("listNotifications", query=one + one),
        RequestTemplate("listNotifications", query=(*one, ("page", "1"), ("page", "2"))),
        RequestTemplate("listNotifications", query=(*one, ("limit", "5"), ("limit", "5"))),
        public(name, container).but(query=one + one),
        RequestTemplate("listNotifications", raw_query="containerId=%ff"),
        RequestTemplate("listNotifications", raw_query="containerId=%C3%28"),
        public(name, container).but(raw_query="containerId=%ff%fe"),
        public(name, container).but(raw_username="%ff"),
        fields("handle").but(raw_query="fields=%ff"),
    ]
    for template in templates:
        context.refused(template)


def test_input_comes_before_existence(context: Context) -> None:
    """What is wrong with a request is said before what is not there."""
    for role in context.roles():
        for page, limit in ((0, None), (None, 0), (None, 101), (1.5, None)):
            context.refused(notifications(JUNK, page, limit), role)
        context.refused(RequestTemplate("getPublicProfile", username=JUNK), role)
        context.refused(public(JUNK, ""), role)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_unknown_parameters_are_ignored(context: Context, operation: str) -> None:
    """A parameter that is not documented makes no difference."""
    for role in context.roles():
        template = resources.valid(context, operation, role)
        plain = context.send(template, role)
        own = {parameter.name for parameter in context.contract.operations[operation].parameters}
        for pair in (*UNKNOWN, *(pair for pair in ELSEWHERE if pair[0] not in own)):
            exchange = context.accepted(
                template.but(query=(*template.query, pair)), role, "input.accepted"
            )
            if plain.ok and meaning(context, exchange) != meaning(context, plain):
                context.find(
                    "input.accepted",
                    operation,
                    exchange,
                    Text("as without {}: {}", pair[0], plain),
                    plain,
                    exchange,
                )
