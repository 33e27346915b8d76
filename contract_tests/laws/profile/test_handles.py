"""Handles: unique among all users, and one's own to take again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.request_templates import public, update
from contract_tests.exceptions import NotJudgedError

if TYPE_CHECKING:
    from contract_tests.api.context import Lab, Profile
    from contract_tests.http.messages import Exchange


def test_handles_are_unique(lab: Lab) -> None:
    """Another's handle is refused, one's own is not, and one that was given up is free again."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        taken, next_one = lab.handle(who, 1), lab.handle(who, 2)
        resources.set_profile(lab, who, handle=taken)
        _handle(lab, who, taken, taken=False)
        _handle(lab, other, taken, taken=True)
        resources.set_profile(lab, who, handle=next_one)
        _handle(lab, other, taken, taken=False)
        resources.set_profile(lab, other, handle=lab.handle(other, 3))


def test_handles_stay_with_their_holder(lab: Lab) -> None:
    """A handle is free neither while its holder changes something else nor taken because somebody asked for it in vain."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        held, second, wanted = lab.handle(who, 1), lab.handle(who, 2), lab.handle(who, 3)
        resources.set_profile(lab, who, handle=held)
        for name in ("displayName", "biography"):
            resources.set_profile(lab, who, **{name: lab.marker(who, name)})
        _handle(lab, other, held, taken=True)
        resources.set_profile(lab, who, handle=second)
        _handle(lab, who, held, taken=False)
        lab.ask(update({"handle": wanted, "displayName": 5}), who)
        _handle(lab, other, wanted, taken=False)
        resources.set_profile(lab, other, handle=lab.handle(other, 4))


def test_similar_handles_are_others(lab: Lab) -> None:
    """A handle that only resembles a held one is free: no prefixes, no wildcards, no other lengths."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        held = lab.handle(who, "similar")
        resources.set_profile(lab, who, handle=held)
        for similar in (
            held[:-1],
            held[:8],
            f"{held}0",
            f"a{held}",
            f"{held[:3]}_{held[4:]}",
            held[::-1],
        ):
            _handle(lab, other, similar, taken=False)
            if resources.profile(lab, who, "handle")["handle"] != held:
                documented = f"the handle {held} of the other user"
                lab.find(
                    "update.handle",
                    "updateProfile",
                    f"it is lost after somebody took {similar}",
                    documented,
                )


def test_usernames_are_no_handles(lab: Lab) -> None:
    """The username of another user is free to be a handle, once nobody holds it as one."""
    lab.need("primary", "secondary")
    schema = lab.contract.property_schema("handle")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        name = resources.username(lab, other)
        if re.match(schema["pattern"], name):
            resources.set_profile(lab, other, handle=lab.handle(other, "elsewhere"))
            _handle(lab, who, name, taken=False)
            resources.set_profile(lab, who, handle=lab.handle(who, "again"))


def test_ones_own_handle_may_come_along(lab: Lab) -> None:
    """One's own handle is no obstacle to the other changes of an update."""
    for who in lab.roles():
        held = lab.handle(who, "along")
        resources.set_profile(lab, who, handle=held)
        for number in range(3):
            text = lab.marker(who, number)
            exchange = lab.ask(
                update({"displayName": text, "handle": held, "biography": text}), who
            )
            if not exchange.ok:
                lab.find(
                    "update.handle",
                    "updateProfile",
                    exchange.shown(),
                    "accepted: it is the user's own",
                    exchange,
                )


def test_the_handles_of_all_users_count(lab: Lab) -> None:
    """A handle that a public profile shows is taken, also if its user has no session here."""
    found = _strangers(lab)
    if not found:
        raise NotJudgedError("no user without a session is known to hold a handle")
    for who in lab.roles():
        for handle in found:
            _handle(lab, who, handle, taken=True)
        resources.set_profile(lab, who, handle=lab.handle(who, 4))


def _strangers(lab: Lab) -> list[str]:
    """The handles of users whose session we do not have: those of the target, and those that were referred."""
    own = {resources.username(lab, who) for who in lab.roles()}
    referred = [
        item.get("username") for who in lab.roles() for item in pagination.referrals(lab, who)[1]
    ]
    known = [name for name in (*lab.target.usernames, *referred) if isinstance(name, str)]
    names = [name for name in dict.fromkeys(known) if name and name not in own]
    asks = [public(name, container) for name in names for container in lab.target.containers]
    bodies = [lab.body(exchange) for exchange in map(lab.ask, asks) if exchange.ok]
    handles = [body.get("handle") for body in bodies if isinstance(body, dict)]
    return list(dict.fromkeys(handle for handle in handles if isinstance(handle, str) and handle))[
        :5
    ]


def _handle(lab: Lab, who: str, handle: str, *, taken: bool) -> None:
    before = resources.profile(lab, who)
    body = (
        {"biography": lab.marker(who, handle, taken), "handle": handle}
        if taken
        else {"handle": handle}
    )
    exchange = lab.ask(update(body), who)
    if exchange.ok == taken:
        documented = "400: another user holds it" if taken else "accepted: nobody else holds it"
        lab.find(
            "update.handle",
            "updateProfile",
            exchange.shown(),
            documented,
            exchange,
            expected_status=400 if taken else 0,
        )
    elif taken:
        _unchanged(lab, who, before, exchange)


def _unchanged(lab: Lab, who: str, before: Profile, exchange: Exchange) -> None:
    after = resources.profile(lab, who)
    if after != before:
        lab.find(
            "update.all-or-nothing",
            "updateProfile",
            f"{exchange.status}, then {after}",
            f"unchanged {before}",
            exchange,
        )
