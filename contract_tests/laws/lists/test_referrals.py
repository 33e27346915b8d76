"""Referrals are the user's own, newest first, and counted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import moment

if TYPE_CHECKING:
    from contract_tests.api.context import Context


def test_order_and_total(context: Context) -> None:
    """Newest first, and `total` of them."""
    for role in context.roles():
        exchange, items = pagination.referrals(context, role)
        stamps = [(moment(item.get("joinedAt")), item.get("username")) for item in items]
        for (first, one), (second, other) in itertools.pairwise(stamps):
            # Those at the same time may come in any order.
            if first is not None and second is not None and first < second:
                context.find(
                    "referrals.order",
                    "listReferrals",
                    Text("{} before {}", one, other),
                    "newest first",
                    exchange,
                )
        total = context.object(exchange).get("total")
        if total is not None and total != len(items):
            context.find(
                "referrals.total",
                "listReferrals",
                Text("total {}, {} items", total, len(items)),
                "as many as there are",
                exchange,
            )


def test_own(context: Context) -> None:
    """Nobody referred himself, and two users did not refer the same people at the same times."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for role in context.roles():
        exchange, items = pagination.referrals(context, role)
        names = [(str(item.get("username")), str(item.get("joinedAt"))) for item in items]
        own_name = resources.username(context, role)
        if own_name in dict(names):
            context.find(
                "referrals.own",
                "listReferrals",
                Value(names),
                "users that the session's user referred",
                exchange,
            )
        if len(set(names)) != len(names):
            context.find(
                "referrals.own",
                "listReferrals",
                Text("somebody twice: {}", names),
                "each once",
                exchange,
            )
        # One that is the same may have been invited by both.
        if len(names) > 1 and names in seen.values():
            context.find(
                "referrals.own",
                "listReferrals",
                Text("the same for both users: {}", names),
                "each one's own",
                exchange,
            )
        seen[role] = names
