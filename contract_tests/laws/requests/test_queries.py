"""Query parameters: required ones, numbers and their bounds, odd spellings, and unknown ones."""

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
    ("unknown", "1"),
    ("_", "1700000000"),
    ("verbose", "true"),
    ("debug", ""),
    ("sort", "id"),
    ("size", "1"),
    ("offset", "3"),
    ("cursor", "x"),
    ("unread", "true"),
    ("read", "false"),
    ("per_page", "1"),
    ("filter", "none"),
)
# What nobody reads as a number.
NOT_NUMBERS = ("abc", "one", "true", "null", "1,2", "1;2", "--1", "1 2", "[1]")
# Numbers that are no number of a page.
ODD_NUMBERS = ("1.5", "0.5", "-1", "0", "-0.5")
# No numbers as JSON writes them; some languages read them as such.
LENIENT = ("", "NaN", "Infinity", "1_0", "\uff11", "0x10", " 5", "5 ", "+5")


@pytest.mark.parametrize("name", ["page", "limit"])
def test_numbers_of_pages(context: Context, name: str) -> None:
    """`page` and `limit` are whole numbers within their bounds."""
    schema = context.contract.operations["listNotifications"].parameter(name).schema
    low, high = schema["minimum"], schema.get("maximum")
    at: list[object] = [low, low + 1, "2.0"]
    past: list[str] = []
    if high is not None:
        at += [high, high - 1]
        past = [str(high + 1), str(high * 10), "1000000000"]
    for role in context.roles():
        template = notifications(resources.homes(context, role)[0])
        for text in (*NOT_NUMBERS, *ODD_NUMBERS, *past):
            context.refused(template.but(query=(*template.query, (name, text))), role)
        for value in at:
            query = (*template.query, (name, str(value)))
            context.accepted(template.but(query=query), role, "input.accepted")
        for text in LENIENT:
            query = (*template.query, (name, text))
            context.refused(template.but(query=query), role, "input.bounds")


def test_huge_pages(context: Context) -> None:
    """There is no upper bound on `page`."""
    container = resources.homes(context, "primary")[0]
    # Around the limits of 32 and 64 bits, and of what a float counts exactly.
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
    name = resources.username(context, "primary")
    lists = RequestTemplate("listNotifications")
    templates = [
        RequestTemplate("getProfile"),
        RequestTemplate("getPublicProfile", username=name),
        lists,
        lists.but(query=(("page", "1"), ("limit", "5"))),
        lists.but(query=(("containerid", "main"), ("container", "main"))),
        lists.but(query=(("page", "0"), ("limit", "101"))),
    ]
    empty = [public(name, ""), notifications("")]
    for role in context.roles():
        # Again and again, for what is refused six times in seven.
        for template in (*templates * context.depth.repeats, *empty):
            context.refused(template, role)


def test_odd_queries(context: Context) -> None:
    """A single parameter given twice and broken encoding are refused."""
    container = resources.homes(context, "primary")[0]
    shown = public(resources.username(context, "primary"), container)
    lists = notifications(container)
    one = lists.query
    templates = [
        lists.but(query=one + one),
        lists.but(query=(*one, ("page", "1"), ("page", "2"))),
        lists.but(query=(*one, ("limit", "5"), ("limit", "5"))),
        shown.but(query=one + one),
        lists.but(raw_query="containerId=%ff"),
        lists.but(raw_query="containerId=%C3%28"),
        shown.but(raw_query="containerId=%ff%fe"),
        shown.but(raw_username="%ff"),
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
    own = {parameter.name for parameter in context.contract.operations[operation].parameters}
    others = [pair for pair in ELSEWHERE if pair[0] not in own]
    for role in context.roles():
        template = resources.valid(context, operation, role)
        plain = context.send(template, role)
        for pair in (*UNKNOWN, *others):
            template_with = template.but(query=(*template.query, pair))
            exchange = context.accepted(template_with, role, "input.accepted")
            if plain.ok and meaning(context, exchange) != meaning(context, plain):
                context.find(
                    "input.accepted",
                    operation,
                    exchange,
                    Text("as without {}: {}", pair[0], plain),
                    plain,
                    exchange,
                )
