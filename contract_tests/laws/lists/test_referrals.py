"""Referrals are the user's own, newest first, and counted."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.laws._support import moment

if TYPE_CHECKING:
    from contract_tests.api.context import Lab


def test_order_and_total(lab: Lab) -> None:
    """Newest first, and `total` of them."""
    for who in lab.roles():
        exchange, items = pagination.referrals(lab, who)
        stamps = [(moment(item.get("joinedAt")), item.get("username")) for item in items]
        for (first, one), (second, other) in itertools.pairwise(stamps):
            if first is not None and second is not None and first < second:
                lab.find(
                    "referrals.order",
                    "listReferrals",
                    f"{one} before {other}",
                    "newest first",
                    exchange,
                )
        total = lab.object(exchange).get("total")
        if total is not None and total != len(items):
            lab.find(
                "referrals.total",
                "listReferrals",
                f"total {total}, {len(items)} items",
                "as many as there are",
                exchange,
            )


def test_own(lab: Lab) -> None:
    """Nobody referred himself, and two users did not refer the very same people at the same times."""
    seen: dict[str, list[tuple[str, str]]] = {}
    for who in lab.roles():
        exchange, items = pagination.referrals(lab, who)
        names = [(str(item.get("username")), str(item.get("joinedAt"))) for item in items]
        if any(name == resources.username(lab, who) for name, _ in names):
            lab.find(
                "referrals.own",
                "listReferrals",
                f"{names}",
                "users that the session's user referred",
                exchange,
            )
        if len(set(names)) != len(names):
            lab.find(
                "referrals.own", "listReferrals", f"somebody twice: {names}", "each once", exchange
            )
        if len(names) > 1 and names in seen.values():
            lab.find(
                "referrals.own",
                "listReferrals",
                f"the same for both users: {names}",
                "each one's own",
                exchange,
            )
        seen[who] = names
