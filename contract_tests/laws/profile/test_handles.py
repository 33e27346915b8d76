"""Handles: unique among all users, and one's own to take again."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.request_templates import public, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Status, Text
from contract_tests.laws._support import both_ways, unchanged

if TYPE_CHECKING:
    from contract_tests.api.context import Context

FREE = "accepted: nobody else holds it"


def test_handles_are_unique(context: Context) -> None:
    """Another's handle is refused, one's own is not, and one that was given up is free again."""
    for role, other in both_ways(context):
        taken, next_one = context.handle(role, 1), context.handle(role, 2)
        resources.set_profile(context, role, handle=taken)
        _handle(context, role, taken, taken=False)
        _handle(context, other, taken, taken=True)
        resources.set_profile(context, role, handle=next_one)
        _handle(context, other, taken, taken=False)
        resources.set_profile(context, other, handle=context.handle(other, 3))


def test_handles_stay_with_their_holder(context: Context) -> None:
    """A handle stays taken while its holder changes something else.

    It is not taken because somebody asked for it in vain.
    """
    for role, other in both_ways(context):
        current, second, wanted = (context.handle(role, number) for number in (1, 2, 3))
        resources.set_profile(context, role, handle=current)
        for name in ("displayName", "biography"):
            resources.set_profile(context, role, **{name: context.marker(role, name)})
        _handle(context, other, current, taken=True)
        resources.set_profile(context, role, handle=second)
        _handle(context, role, current, taken=False)
        # The wrong name refuses the update, and with it the handle.
        context.send(update({"handle": wanted, "displayName": 5}), role)
        _handle(context, other, wanted, taken=False)
        resources.set_profile(context, other, handle=context.handle(other, 4))


def test_similar_handles_are_others(context: Context) -> None:
    """A handle that only resembles a taken one is free: no prefixes, wildcards or other lengths."""
    for role, other in both_ways(context):
        current = context.handle(role, "similar")
        resources.set_profile(context, role, handle=current)
        # Prefixes, other lengths, a wildcard of SQL, and the letters in another order.
        similar_ones = (
            current[:-1],
            current[:8],
            f"{current}0",
            f"a{current}",
            f"{current[:3]}_{current[4:]}",
            current[::-1],
        )
        for similar in similar_ones:
            _handle(context, other, similar, taken=False)
            if resources.field(context, role, "handle") != current:
                context.find(
                    "update.handle",
                    "updateProfile",
                    Text("it is lost after somebody took {}", similar),
                    Text("the handle {} of the other user", current),
                )


def test_usernames_are_no_handles(context: Context) -> None:
    """The username of another user is free to be a handle, once nobody holds it as one."""
    schema = context.contract.property_schema("handle")
    for role, other in both_ways(context):
        name = resources.username(context, other)
        # A username may have letters that no handle has.
        if re.match(schema["pattern"], name):
            resources.set_profile(context, other, handle=context.handle(other, "elsewhere"))
            _handle(context, role, name, taken=False)
            resources.set_profile(context, role, handle=context.handle(role, "again"))


def test_ones_own_handle_may_come_along(context: Context) -> None:
    """One's own handle is no obstacle to the other changes of an update."""
    for role in context.roles():
        current = context.handle(role, "along")
        resources.set_profile(context, role, handle=current)
        # The first time may still be the change to it.
        for number in range(3):
            text = context.marker(role, number)
            exchange = context.send(
                update({"displayName": text, "handle": current, "biography": text}), role
            )
            if not exchange.ok:
                context.find(
                    "update.handle", "updateProfile", exchange, "accepted: it is the user's own"
                )


def test_the_handles_of_all_users_count(context: Context) -> None:
    """A handle that a public profile shows is taken, also if its user has no session here."""
    found = _strangers(context)
    if not found:
        raise NotJudgedError("no user without a session is known to hold a handle")
    for role in context.roles():
        for handle in found:
            _handle(context, role, handle, taken=True)
        resources.set_profile(context, role, handle=context.handle(role, 4))


def _strangers(context: Context) -> list[str]:
    """Return handles of users whose session we do not have.

    They are users that the target file names, or that were referred.
    """
    known: list[object] = list(context.target.usernames)
    for role in context.roles():
        _, items = pagination.referrals(context, role)
        known += [item.get("username") for item in items]
    names = dict.fromkeys(name for name in known if isinstance(name, str) and name)
    for role in context.roles():
        names.pop(resources.username(context, role), None)
    pairs = product(names, context.target.containers)
    handles = dict.fromkeys(_shown_handle(context, *pair) for pair in pairs)
    return list(filter(None, handles))[:5]


def _shown_handle(
    context: Context,
    name: str,
    container: str,
) -> str:
    exchange = context.send(public(name, container))
    handle = context.object(exchange).get("handle") if exchange.ok else ""
    return handle if isinstance(handle, str) else ""


def _handle(
    context: Context,
    role: str,
    handle: str,
    *,
    taken: bool,
) -> None:
    """Ask for a handle, and judge by whether another user has it that nothing else is changed."""
    before = resources.profile(context, role)
    body = {"handle": handle}
    if taken:
        # What comes along must not be written either.
        body = {"biography": context.marker(role, handle, taken), **body}
    exchange = context.send(update(body), role)
    if exchange.ok == taken:
        expected = Status(400, "another user holds it") if taken else FREE
        context.find("update.handle", "updateProfile", exchange, expected)
    elif taken:
        judged = ("update.all-or-nothing", "another's handle")
        unchanged(
            context,
            role,
            before,
            exchange,
            judged,
        )
