"""The same safe request, again and again, gives the same data: what lies one time in seven is caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import Ask, fields, notifications, public
from contract_tests.exceptions import NotJudgedError
from contract_tests.laws._support import meaning, wrong
from contract_tests.spec import contract

if TYPE_CHECKING:
    from contract_tests.api.context import Lab
    from contract_tests.http.messages import Exchange

OF_OTHERS = ("getPublicProfile", "listReferrals")
READS = [
    operation.name for operation in contract.load().operations.values() if operation.method == "GET"
]


@pytest.mark.parametrize("who", ["primary", "secondary"])
@pytest.mark.parametrize("operation", READS)
def test_the_same_again(lab: Lab, operation: str, who: str) -> None:
    """A safe request that is repeated gives the same status and the same data each time."""
    lab.need(who)
    for ask in _asks(lab, operation, who):
        first = lab.ask(ask, who)
        for _ in range(lab.depth.repeats):
            again = lab.ask(ask, who)
            if _news(lab, first, again):
                first = again
            elif meaning(lab, again) != meaning(lab, first):
                lab.find(
                    "http.same-answer",
                    operation,
                    again.shown(),
                    f"again {first.shown()}",
                    first,
                    again,
                )


@pytest.mark.parametrize("operation", READS)
def test_a_refusal_is_forgotten(lab: Lab, operation: str) -> None:
    """A safe request gives the same data after others that were refused."""
    ask = resources.valid(lab, operation, "primary")
    first = lab.ask(ask)
    for other in wrong(lab, operation):
        refused, again = lab.ask(other), lab.ask(ask)
        if _news(lab, first, again):
            first = again
        elif meaning(lab, again) != meaning(lab, first):
            documented = f"as before another was refused: {first.shown()}"
            lab.find(
                "http.same-answer", operation, again.shown(), documented, first, refused, again
            )


def _news(lab: Lab, first: Exchange, again: Exchange) -> bool:
    """Whether a notification has come or somebody else has another name, as may happen at any time, and it stays so."""
    totals = [lab.object(exchange).get("total") for exchange in (first, again)]
    has_grown = all(type(total) is int for total in totals) and totals[1] > totals[0]  # type: ignore[operator]
    if not (first.ok and again.ok and (has_grown or first.call.operation in OF_OTHERS)):
        return False
    return meaning(lab, lab.client.send(again.call)) == meaning(lab, again)


def _asks(lab: Lab, operation: str, who: str) -> list[Ask]:
    if operation == "getProfile":
        return [fields(*lab.contract.fields), fields("biography"), Ask(operation)]
    if operation == "getPublicProfile":
        return [
            *(public(*pair) for pair in resources.members(lab)[:3]),
            public("no-such-user", lab.target.containers[0]),
        ]
    if operation == "listNotifications":
        return [
            ask
            for home in resources.homes(lab, who)
            for ask in (notifications(home), notifications(home, 2, 7), notifications(home, 1, 100))
        ]
    if operation == "listReferrals":
        return [Ask(operation)]
    raise NotJudgedError(f"{operation} is not known here")
