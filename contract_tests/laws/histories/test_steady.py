"""The same safe request, again and again, gives the same data."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import RequestTemplate, fields, notifications, public
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text
from contract_tests.laws._support import EACH_ROLE, READS, meaning, wrong

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.http.messages import Exchange

# Operations that show names of other users.
OF_OTHERS = ("getPublicProfile", "listReferrals")


@EACH_ROLE
@pytest.mark.parametrize("operation", READS)
def test_the_same_again(
    context: Context,
    operation: str,
    role: str,
) -> None:
    """A safe request that is repeated gives the same status and the same data each time."""
    context.need(role)
    for template in _requests(context, operation, role):
        first = context.send(template, role)
        for _ in range(context.depth.repeats):
            first = _judge(context, "again {}", first, context.send(template, role))


@pytest.mark.parametrize("operation", READS)
def test_a_refusal_is_forgotten(context: Context, operation: str) -> None:
    """A safe request gives the same data after others that were refused."""
    template = resources.valid(context, operation, "primary")
    first = context.send(template)
    for other in wrong(context, operation):
        refused = context.send(other)
        expected = "as before another was refused: {}"
        first = _judge(context, expected, first, refused, context.send(template))


def _judge(context: Context, expected: str, first: Exchange, *others: Exchange) -> Exchange:
    """Judge that the last answer says what the first did, and return the newest that is right."""
    again = others[-1]
    if _is_news(context, first, again):
        return again
    if meaning(context, again) != meaning(context, first):
        context.find(
            "http.same-answer",
            first.request.operation,
            again,
            Text(expected, first),
            first,
            *others,
        )
    return first


def _is_news(
    context: Context,
    first: Exchange,
    again: Exchange,
) -> bool:
    """Whether a notification has come or somebody else has another name, and it stays so.

    Both may happen at any time.
    """
    if not first.ok or not again.ok:
        return False
    before, now = (context.object(exchange).get("total") for exchange in (first, again))
    has_grown = type(before) is int and type(now) is int and now > before
    if not has_grown and first.request.operation not in OF_OTHERS:
        return False
    return meaning(context, context.client.send(again.request)) == meaning(context, again)


def _requests(
    context: Context,
    operation: str,
    role: str,
) -> list[RequestTemplate]:
    match operation:
        case "getProfile":
            # Without fields it is refused, which must not change either.
            every = fields(*context.contract.fields)
            return [every, fields("biography"), RequestTemplate(operation)]
        case "getPublicProfile":
            known = [public(*pair) for pair in resources.members(context)[:3]]
            return [*known, public("no-such-user", context.target.containers[0])]
        case "listNotifications":
            homes = resources.homes(context, role)
            numbers = ((None, None), (2, 7), (1, 100))
            return [notifications(home, *pair) for home, pair in product(homes, numbers)]
        case "listReferrals":
            return [RequestTemplate(operation)]
    raise NotJudgedError(f"{operation} is not known here")
