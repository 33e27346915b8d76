"""Who calls is said by the session in `Authorization` and by nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.invalid_credentials import claims, elsewhere
from contract_tests.api.request_templates import fields, update
from contract_tests.findings.evidence import Status, Text
from contract_tests.laws._support import OPERATIONS, both_ways, meaning, unchanged, valid

if TYPE_CHECKING:
    from contract_tests.api.context import Context
    from contract_tests.api.request_templates import RequestTemplate

READS = ("getProfile", "listReferrals", "listNotifications")
# Keys by which a body may name a user.
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
    for role, other in both_ways(context):
        template = _whole(context, operation, role)
        own, theirs = context.send(template, role), context.send(template, other)
        meant = meaning(context, theirs)
        # Where both have the same there is nothing to tell them apart by.
        if not theirs.ok or meaning(context, own) == meant:
            continue
        for claim in claims(resources.username(context, other)):
            got = context.send(claim.on(template), role)
            if got.ok and meaning(context, got) == meant:
                received = Text("with {}: {}", claim.name, got)
                context.find(
                    "session.isolation",
                    operation,
                    received,
                    own,
                    got,
                )


@pytest.mark.parametrize("operation", READS)
def test_readers_in_turn(context: Context, operation: str) -> None:
    """Two users who ask the very same in turn each get what is their own."""
    pairs = both_ways(context)
    template = _whole(context, operation, "primary")
    alone = {}
    for role in context.roles():
        # The first answer may be one that was kept for the other.
        context.send(template, role)
        alone[role] = meaning(context, context.send(template, role))
    for role, other in pairs * 2:
        got = context.send(template, role)
        if got.ok and meaning(context, got) == alone[other] != alone[role]:
            context.find(
                "session.isolation",
                operation,
                Text("after {} asked: {}", other, got),
                Text("the answer that is {}'s own", role),
                got,
            )


def _whole(
    context: Context,
    operation: str,
    role: str,
) -> RequestTemplate:
    """Return a request whose answers tell one user from another."""
    if operation == "getProfile":
        return fields(*context.contract.fields)
    return resources.valid(context, operation, role)


def test_nobody_writes_as_somebody_else(context: Context) -> None:
    """Another user's name anywhere in a request does not change that user's profile."""
    for role, other in both_ways(context):
        before = resources.profile(context, other)
        name = before["username"]
        templates = {}
        for claim in claims(name):
            body = {"biography": context.marker(role, claim.name)}
            templates[claim.name] = claim.on(update(body))
        for key in USER_KEYS:
            body = {key: name, "biography": context.marker(role, key)}
            templates[f"{key} in the body"] = update(body)
        for claimed, template in templates.items():
            exchange = context.send(template, role)
            judged = ("session.isolation", f"with {claimed}")
            before = unchanged(
                context,
                other,
                before,
                exchange,
                judged,
            )
