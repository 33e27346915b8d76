"""An update changes what was sent, nothing else, at once, for good; a rejected one changes nothing."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, pagination, resources
from contract_tests.api.request_templates import MARK_READ, fields, notifications, public, update
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import differing, fresh

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange

UNKNOWN = ("email", "role", "isAdmin", "verified", "avatarUrl")
UNKNOWN_LISTS = ("roles", "containers", "containerIds", "memberships")
NOWHERE = "no-such-container"
ROWS = (
    ("biography", "biography"),
    ("biography", "biography", "biography"),
    ("displayName", "displayName", "biography"),
    ("biography", "handle", "biography", "displayName"),
    ("dateOfBirth", "dateOfBirth", "handle"),
)
TWICE = 2
EACH_ROLE = pytest.mark.parametrize("role", ["primary", "secondary"])


@EACH_ROLE
def test_partial(context: Context, role: str) -> None:
    """Every subset of the fields changes exactly those fields, in both profiles, and again changes nothing."""
    context.need(role)
    names = context.contract.updatable
    known = resources.profile(context, role)
    for size in range(1, len(names) + 1):
        for subset in combinations(names, size):
            order = subset if size % 2 else tuple(reversed(subset))
            changes = {name: fresh(context, name, role, subset) for name in order}
            known = _apply(context, role, known, changes)


@EACH_ROLE
def test_seen_every_time(context: Context, role: str) -> None:
    """Plain updates, one after another, are each seen by the next read."""
    context.need(role)
    known = resources.profile(context, role, "biography", "displayName")
    for number in range(context.depth.repeats + 4):
        for name in ("biography", "displayName"):
            value = context.marker(name, number, role)
            written = resources.set_profile(context, role, **{name: value})
            read = context.accepted(fields(name), role)
            got = resources.profile_of(context, read, (name,))[name]
            _arrived(context, (name, value), (known[name], got), written, read)
            known[name] = got


@EACH_ROLE
@pytest.mark.parametrize("names", ROWS, ids="-".join)
def test_updates_in_a_row(context: Context, role: str, names: tuple[str, ...]) -> None:
    """Updates with nothing between them are all kept, and stay however often the profile is read, on any connection."""
    context.need(role)
    wanted, steps = resources.profile(context, role), []
    for number, name in enumerate(names):
        # The same again where a field comes three times.
        value = fresh(context, name, role, names, "" if names.count(name) > TWICE else number)
        steps.append(resources.set_profile(context, role, **{name: value}))
        wanted[name] = value
    for number in range(context.depth.repeats * 6 if names == ROWS[0] else 2):
        if number == 1:
            context.client.close()
        now = resources.profile(context, role)
        for name in [name for name, value in wanted.items() if now[name] != value]:
            rule = (
                comparison.how_lost(wanted[name], None, now[name])
                if name in names
                else "update.partial"
            )
            context.find(
                rule, "updateProfile", Value(now[name]), Value(wanted[name]), *steps, field=name
            )
        wanted = now


def test_an_empty_text_stays_empty(context: Context) -> None:
    """An empty biography is not filled by an update of something else."""
    for role in context.roles():
        context.send(update({"biography": ""}), role)
        before = resources.profile(context, role, "biography")["biography"]
        exchange = resources.set_profile(
            context, role, displayName=fresh(context, "displayName", role)
        )
        after = resources.profile(context, role, "biography")["biography"]
        if after != before:
            context.find(
                "update.partial",
                "updateProfile",
                Value(after),
                Value(before),
                exchange,
                field="biography",
            )


@EACH_ROLE
def test_no_read_is_stale(context: Context, role: str) -> None:
    """Every way of reading a profile shows an update at once, also where it was read before."""
    context.need(role)
    names = context.contract.fields
    subsets = [
        subset
        for size in (1, 2, 5)
        for subset in combinations(names, size)
        if "displayName" in subset
    ]
    for number in range(2):
        for subset in subsets:
            before = resources.profile(context, role, *subset)["displayName"]
        value = context.marker(role, number)
        written = resources.set_profile(context, role, displayName=value)
        stored = resources.profile(context, role)["displayName"]
        _arrived(context, ("displayName", value), (before, stored), written)
        for subset in (*subsets, names):
            if subset == names:
                context.client.close()  # a connection of its own must not have a state of its own
            read = context.accepted(fields(*subset), role, "input.accepted")
            got = resources.profile_of(context, read, subset)["displayName"]
            if got != stored:
                context.find(
                    "update.seen",
                    "updateProfile",
                    Value(got),
                    Value(stored),
                    written,
                    read,
                    field="displayName",
                )


@EACH_ROLE
def test_nothing_to_change(context: Context, role: str) -> None:
    """`{}` and unknown keys are valid and change nothing."""
    context.need(role)
    known = resources.profile(context, role)
    bodies: list[dict[str, Any]] = [
        {},
        {"unknown": 1},
        {"username": "somebody-else"},
        {
            "DisplayName": context.marker(),
            "display_name": context.marker(),
            "HANDLE": context.handle(),
            "id": "1",
        },
        {"unknown": None, "more": {"deep": [1, 2]}},
    ]
    for body in bodies:
        exchange = context.accepted(update(body), role, "input.accepted")
        after = resources.profile(context, role)
        if after != known:
            context.find(
                "update.ignored",
                "updateProfile",
                Value(after),
                Text("unchanged {}", known),
                exchange,
            )
            known = after


def test_unknown_keys_are_not_kept(context: Context) -> None:
    """What the contract does not name cannot be written: not to be read by its name, and no membership either."""
    for role in context.roles():
        before = _memberships(context, role)
        marker = context.marker(role)
        # A membership that a target does take could not be put back.
        lists_ = {
            key: [*context.target.containers, NOWHERE]
            for key in UNKNOWN_LISTS
            if context.permission.others
        }
        exchange = context.accepted(
            update({**dict.fromkeys(UNKNOWN, marker), **lists_}), role, "input.accepted"
        )
        for name in (*UNKNOWN, *lists_):
            read = context.send(fields(name), role)
            if read.ok and context.object(read).get(name) in (marker, lists_.get(name, marker)):
                context.find(
                    "update.ignored",
                    "updateProfile",
                    read,
                    Text("{} is not kept", name),
                    exchange,
                    read,
                    field=name,
                )
        if (after := _memberships(context, role)) != before:
            context.find(
                "update.ignored",
                "updateProfile",
                Text("member of {}", after),
                Text("member of {}", before),
                exchange,
            )


def _memberships(context: Context, role: str) -> list[str]:
    return [
        container
        for container in (*context.target.containers, NOWHERE)
        if context.send(notifications(container), role).ok
    ]


def test_other_things_stay(context: Context) -> None:
    """An update changes no notification, no referral and nothing of another user, whichever field it changes."""
    for role in context.roles():
        for name in context.contract.updatable:
            for reader in context.roles():
                context.send(MARK_READ, reader)
            before = _surroundings(context, role)
            exchange = resources.set_profile(
                context, role, **{name: fresh(context, name, role, "alone")}
            )
            now = _surroundings(context, role)
            for (reader, what), known in before.items():
                old, new = _changed(known, now[reader, what])
                if old:
                    rule = "update.partial" if reader == role else "session.isolation"
                    context.find(
                        rule,
                        "updateProfile",
                        Text("{} of {}: {}", what, reader, new),
                        Text("unchanged {}", old),
                        exchange,
                    )


def _changed(known: dict[str, Any], now: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what was there and is another now, as it was and as it is.

    What is new is left out, since it may come at any time.
    """
    old = {key: value for key, value in known.items() if now.get(key) != value}
    return old, {key: now.get(key) for key in old}


def _apply(context: Context, role: str, known: Profile, changes: dict[str, Any]) -> Profile:
    exchange, read, after = _update(context, role, changes)
    for name, value in {**known, **changes}.items():
        if name in changes:
            _arrived(context, (name, value), (known[name], after[name]), exchange, read)
        elif after[name] != value:
            context.find(
                "update.partial",
                "updateProfile",
                Text("{} is {} after {}", name, Value(after[name]), sorted(changes)),
                Value(value),
                exchange,
                read,
                field=name,
            )
    again, read, last = _update(context, role, changes)
    for name, value in after.items():
        if last[name] != value:
            context.find(
                "update.idempotent",
                "updateProfile",
                Text("{} is {} after {}", name, Value(last[name]), sorted(changes)),
                Text("{} as before", Value(value)),
                exchange,
                again,
                read,
                field=name,
            )
    return last


def _update(context: Context, role: str, changes: Profile) -> tuple[Exchange, Exchange, Profile]:
    exchange = resources.set_profile(context, role, **changes)
    read = context.accepted(fields(*context.contract.fields), role, "input.accepted")
    after = resources.profile_of(context, read, context.contract.fields)
    _answer(context, exchange, after)
    _public(context, role, {name: after[name] for name in changes}, exchange)
    return exchange, read, after


def _arrived(
    context: Context, sent: tuple[str, object], states: tuple[object, object], *steps: Exchange
) -> None:
    (name, value), (before, got) = sent, states
    if got != value:
        rule = comparison.how_lost(value, before, got)
        context.find(rule, "updateProfile", Value(got), Value(value), *steps, field=name)


def _answer(context: Context, exchange: Any, after: Profile) -> None:
    body = context.body(exchange)
    if (
        isinstance(body, dict)
        and resources.plain(context, {key: body.get(key) for key in after}) != after
    ):
        context.find(
            "update.answer", "updateProfile", exchange, Text("the whole profile {}", after)
        )


def _public(context: Context, role: str, changes: Profile, exchange: Any) -> None:
    """What was sent is what others see, whatever form the target gives it; that something is not shown is judged elsewhere."""
    if not context.target.containers:
        context.collector.not_judged("update.public", "the target gives no containers")
        return
    name = resources.username(context, role)
    for reader, container in product(context.roles(), resources.own_homes(context, role)):
        read = context.send(public(name, container), reader)
        body = context.object(read) if read.ok else {}
        shared = resources.plain(context, {key: body[key] for key in changes if key in body})
        if wrong := differing(shared, changes):
            wanted = Value({key: changes[key] for key in wrong})
            context.find(
                "update.public",
                "updateProfile",
                Text("public profile in {}: {}", container, wrong),
                wanted,
                exchange,
                read,
            )


def _surroundings(context: Context, role: str) -> dict[tuple[str, str], dict[Any, Any]]:
    """Everything but the user's own profile; what may show the names of others is left out."""
    found: dict[tuple[str, str], Any] = {
        (reader, "profile"): resources.profile(context, reader)
        for reader in context.roles()
        if reader != role
    }
    for reader in context.roles():
        found[reader, "referrals"] = pagination.referred(context, reader)
        if context.target.containers:
            inbox = pagination.inbox(context, reader)
            found[reader, "notifications"] = {
                (name, str(item["id"])): item.get("read")
                for name, items in inbox.items()
                for item in items
            }
    return found
