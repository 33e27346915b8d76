"""Who calls is said by the session in `Authorization` and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.invalid_credentials import claims, elsewhere
from contract_tests.api.request_templates import fields, update
from contract_tests.laws._support import OPERATIONS, meaning, valid

if TYPE_CHECKING:
    from contract_tests.api.context import Lab

READS = ("getProfile", "listReferrals", "listNotifications")
USER_KEYS = ("username", "userId", "user_id", "user", "id")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_session_is_taken_from_its_header_only(lab: Lab, operation: str) -> None:
    """A token in the query, in a cookie or in another header is no session."""
    ask = valid(lab, operation)
    for place in elsewhere(lab):
        exchange = lab.ask(place.on(ask), None)
        if exchange.ok:
            lab.find(
                "session.place",
                operation,
                exchange.shown(),
                f"401: the token is in {place.name}",
                exchange,
                expected_status=401,
            )


@pytest.mark.parametrize("operation", READS)
def test_nobody_reads_as_somebody_else(lab: Lab, operation: str) -> None:
    """Another user's name in a header, a cookie or the query does not give that user's data."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        ask = (
            fields(*lab.contract.fields)
            if operation == "getProfile"
            else resources.valid(lab, operation, who)
        )
        own, theirs = lab.ask(ask, who), lab.ask(ask, other)
        if not theirs.ok or meaning(lab, own) == meaning(lab, theirs):
            continue
        for claim in claims(resources.username(lab, other)):
            got = lab.ask(claim.on(ask), who)
            if got.ok and meaning(lab, got) == meaning(lab, theirs):
                lab.find(
                    "session.isolation",
                    operation,
                    f"with {claim.name}: {got.shown()}",
                    f"{own.shown()}",
                    got,
                )


@pytest.mark.parametrize("operation", READS)
def test_readers_in_turn(lab: Lab, operation: str) -> None:
    """Two users who ask the very same in turn each get what is their own."""
    lab.need("primary", "secondary")
    ask = (
        fields(*lab.contract.fields)
        if operation == "getProfile"
        else resources.valid(lab, operation, "primary")
    )
    alone = {who: meaning(lab, [lab.ask(ask, who) for _ in range(2)][-1]) for who in lab.roles()}
    for who, other in (("primary", "secondary"), ("secondary", "primary")) * 2:
        got = lab.ask(ask, who)
        if got.ok and meaning(lab, got) == alone[other] != alone[who]:
            lab.find(
                "session.isolation",
                operation,
                f"after {other} asked: {got.shown()}",
                f"the answer that is {who}'s own",
                got,
            )


def test_nobody_writes_as_somebody_else(lab: Lab) -> None:
    """Another user's name in a header, a cookie, the query or the body does not change that user's profile."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        before = resources.profile(lab, other)
        name = before["username"]
        asks = {
            claim.name: claim.on(update({"biography": lab.marker(who, claim.name)}))
            for claim in claims(name)
        }
        asks |= {
            f"{key} in the body": update({key: name, "biography": lab.marker(who, key)})
            for key in USER_KEYS
        }
        for said, ask in asks.items():
            exchange = lab.ask(ask, who)
            after = resources.profile(lab, other)
            if after != before:
                received = f"with {said} the other user's profile is {after}"
                lab.find(
                    "session.isolation", "updateProfile", received, f"unchanged {before}", exchange
                )
                before = after
