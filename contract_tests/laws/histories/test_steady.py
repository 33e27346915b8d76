"""The same safe request, again and again, gives the same data: what lies one time in seven is caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import RequestTemplate, fields, notifications, public
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text
from contract_tests.laws._support import meaning, wrong
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.http.messages import Exchange

OF_OTHERS = ("getPublicProfile", "listReferrals")
READS = [
    operation.name for operation in contract.load().operations.values() if operation.method == "GET"
]


@pytest.mark.parametrize("role", ["primary", "secondary"])
@pytest.mark.parametrize("operation", READS)
def test_the_same_again(context: Context, operation: str, role: str) -> None:
    """A safe request that is repeated gives the same status and the same data each time."""
    context.need(role)
    for template in _asks(context, operation, role):
        first = context.send(template, role)
        for _ in range(context.depth.repeats):
            again = context.send(template, role)
            if _news(context, first, again):
                first = again
            elif meaning(context, again) != meaning(context, first):
                context.find(
                    "http.same-answer", operation, again, Text("again {}", first), first, again
                )


@pytest.mark.parametrize("operation", READS)
def test_a_refusal_is_forgotten(context: Context, operation: str) -> None:
    """A safe request gives the same data after others that were refused."""
    template = resources.valid(context, operation, "primary")
    first = context.send(template)
    for other in wrong(context, operation):
        refused, again = context.send(other), context.send(template)
        if _news(context, first, again):
            first = again
        elif meaning(context, again) != meaning(context, first):
            context.find(
                "http.same-answer",
                operation,
                again,
                Text("as before another was refused: {}", first),
                first,
                refused,
                again,
            )


def _news(context: Context, first: Exchange, again: Exchange) -> bool:
    """Whether a notification has come or somebody else has another name, as may happen at any time, and it stays so."""
    totals = [context.object(exchange).get("total") for exchange in (first, again)]
    has_grown = all(type(total) is int for total in totals) and totals[1] > totals[0]  # type: ignore[operator]
    if not (first.ok and again.ok and (has_grown or first.request.operation in OF_OTHERS)):
        return False
    return meaning(context, context.client.send(again.request)) == meaning(context, again)


def _asks(context: Context, operation: str, role: str) -> list[RequestTemplate]:
    if operation == "getProfile":
        return [fields(*context.contract.fields), fields("biography"), RequestTemplate(operation)]
    if operation == "getPublicProfile":
        return [
            *(public(*pair) for pair in resources.members(context)[:3]),
            public("no-such-user", context.target.containers[0]),
        ]
    if operation == "listNotifications":
        return [
            template
            for home in resources.homes(context, role)
            for template in (
                notifications(home),
                notifications(home, 2, 7),
                notifications(home, 1, 100),
            )
        ]
    if operation == "listReferrals":
        return [RequestTemplate(operation)]
    raise NotJudgedError(f"{operation} is not known here")
