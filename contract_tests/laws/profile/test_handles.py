"""Handles: unique among all users, and one's own to take again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.request_templates import public, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Status, Text

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange


def test_handles_are_unique(context: Context) -> None:
    """Another's handle is refused, one's own is not, and one that was given up is free again."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        taken, next_one = context.handle(role, 1), context.handle(role, 2)
        resources.set_profile(context, role, handle=taken)
        _handle(context, role, taken, taken=False)
        _handle(context, other, taken, taken=True)
        resources.set_profile(context, role, handle=next_one)
        _handle(context, other, taken, taken=False)
        resources.set_profile(context, other, handle=context.handle(other, 3))


def test_handles_stay_with_their_holder(context: Context) -> None:
    """A handle is free neither while its holder changes something else nor taken because somebody asked for it in vain."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        held, second, wanted = (
            context.handle(role, 1),
            context.handle(role, 2),
            context.handle(role, 3),
        )
        resources.set_profile(context, role, handle=held)
        for name in ("displayName", "biography"):
            resources.set_profile(context, role, **{name: context.marker(role, name)})
        _handle(context, other, held, taken=True)
        resources.set_profile(context, role, handle=second)
        _handle(context, role, held, taken=False)
        context.send(update({"handle": wanted, "displayName": 5}), role)
        _handle(context, other, wanted, taken=False)
        resources.set_profile(context, other, handle=context.handle(other, 4))


def test_similar_handles_are_others(context: Context) -> None:
    """A handle that only resembles a held one is free: no prefixes, no wildcards, no other lengths."""
    context.need("primary", "secondary")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        held = context.handle(role, "similar")
        resources.set_profile(context, role, handle=held)
        for similar in (
            held[:-1],
            held[:8],
            f"{held}0",
            f"a{held}",
            f"{held[:3]}_{held[4:]}",
            held[::-1],
        ):
            _handle(context, other, similar, taken=False)
            if resources.profile(context, role, "handle")["handle"] != held:
                context.find(
                    "update.handle",
                    "updateProfile",
                    Text("it is lost after somebody took {}", similar),
                    Text("the handle {} of the other user", held),
                )


def test_usernames_are_no_handles(context: Context) -> None:
    """The username of another user is free to be a handle, once nobody holds it as one."""
    context.need("primary", "secondary")
    schema = context.contract.property_schema("handle")
    for role, other in (("primary", "secondary"), ("secondary", "primary")):
        name = resources.username(context, other)
        if re.match(schema["pattern"], name):
            resources.set_profile(context, other, handle=context.handle(other, "elsewhere"))
            _handle(context, role, name, taken=False)
            resources.set_profile(context, role, handle=context.handle(role, "again"))


def test_ones_own_handle_may_come_along(context: Context) -> None:
    """One's own handle is no obstacle to the other changes of an update."""
    for role in context.roles():
        held = context.handle(role, "along")
        resources.set_profile(context, role, handle=held)
        for number in range(3):
            text = context.marker(role, number)
            exchange = context.send(
                update({"displayName": text, "handle": held, "biography": text}), role
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
    """The handles of users whose session we do not have: those of the target, and those that were referred."""
    own = {resources.username(context, role) for role in context.roles()}
    referred = [
        item.get("username")
        for role in context.roles()
        for item in pagination.referrals(context, role)[1]
    ]
    known = [name for name in (*context.target.usernames, *referred) if isinstance(name, str)]
    names = [name for name in dict.fromkeys(known) if name and name not in own]
    templates = [
        public(name, container) for name in names for container in context.target.containers
    ]
    bodies = [context.body(exchange) for exchange in map(context.send, templates) if exchange.ok]
    handles = [body.get("handle") for body in bodies if isinstance(body, dict)]
    return list(dict.fromkeys(handle for handle in handles if isinstance(handle, str) and handle))[
        :5
    ]


def _handle(context: Context, role: str, handle: str, *, taken: bool) -> None:
    before = resources.profile(context, role)
    body = (
        {"biography": context.marker(role, handle, taken), "handle": handle}
        if taken
        else {"handle": handle}
    )
    exchange = context.send(update(body), role)
    if exchange.ok == taken:
        context.find(
            "update.handle",
            "updateProfile",
            exchange,
            Status(400, "another user holds it") if taken else "accepted: nobody else holds it",
        )
    elif taken:
        _unchanged(context, role, before, exchange)


def _unchanged(context: Context, role: str, before: Profile, exchange: Exchange) -> None:
    after = resources.profile(context, role)
    if after != before:
        context.find(
            "update.all-or-nothing",
            "updateProfile",
            Text("{}, then {}", exchange.status, after),
            Text("unchanged {}", before),
            exchange,
        )
