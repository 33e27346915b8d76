"""Who calls is said by the session in `Authorization` and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.invalid_credentials import claims, elsewhere
from contract_tests.api.request_templates import fields, update
from contract_tests.findings.evidence import Status, Text
from contract_tests.laws._support import OPERATIONS, meaning, valid

if TYPE_CHECKING:
    from contract_tests.api.context import Context

READS = ("getProfile", "listReferrals", "listNotifications")
USER_KEYS = ("username", "userId", "user_id", "user", "id")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_session_is_taken_from_its_header_only(context: Context, operation: str) -> None:
    """A token in the query, in a cookie or in another header is no session."""
    template = valid(context, operation)
    for place in elsewhere(context):
        exchange = context.send(place.on(template), None)
        if exchange.ok:
            context.find(
                "session.place",
                operation,
                exchange,
                Status(401, Text("the token is in {}", place.name)),
            )


@pytest.mark.parametrize("operation", READS)
def test_nobody_reads_as_somebody_else(context: Context, operation: str) -> None:
    """Another user's name in a header, a cookie or the query does not give that user's data."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        template = (
            fields(*context.contract.fields)
            if operation == "getProfile"
            else resources.valid(context, operation, role)
        )
        own, theirs = context.send(template, role), context.send(template, other)
        if not theirs.ok or meaning(context, own) == meaning(context, theirs):
            continue
        for claim in claims(resources.username(context, other)):
            got = context.send(claim.on(template), role)
            if got.ok and meaning(context, got) == meaning(context, theirs):
                context.find(
                    "session.isolation", operation, Text("with {}: {}", claim.name, got), own, got
                )


@pytest.mark.parametrize("operation", READS)
def test_readers_in_turn(context: Context, operation: str) -> None:
    """Two users who ask the very same in turn each get what is their own."""
    context.need("primary", "secondary")
    template = (
        fields(*context.contract.fields)
        if operation == "getProfile"
        else resources.valid(context, operation, "primary")
    )
    alone = {
        role: meaning(context, [context.send(template, role) for _ in range(2)][-1])
        for role in context.roles()
    }
    for role, other in (("primary", "secondary"), ("secondary", "primary")) * 2:
        got = context.send(template, role)
        if got.ok and meaning(context, got) == alone[other] != alone[role]:
            context.find(
                "session.isolation",
                operation,
                Text("after {} asked: {}", other, got),
                Text("the answer that is {}'s own", role),
                got,
            )


def test_nobody_writes_as_somebody_else(context: Context) -> None:
    """Another user's name in a header, a cookie, the query or the body does not change that user's profile."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        before = resources.profile(context, other)
        name = before["username"]
        templates = {
            claim.name: claim.on(update({"biography": context.marker(role, claim.name)}))
            for claim in claims(name)
        }
        templates |= {
            f"{key} in the body": update({key: name, "biography": context.marker(role, key)})
            for key in USER_KEYS
        }
        for said, template in templates.items():
            exchange = context.send(template, role)
            after = resources.profile(context, other)
            if after != before:
                context.find(
                    "session.isolation",
                    "updateProfile",
                    Text("with {} the other user's profile is {}", said, after),
                    Text("unchanged {}", before),
                    exchange,
                )
                before = after
