"""An update changes what was sent, nothing else, at once, and for good."""

from __future__ import annotations

from itertools import chain, combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, pagination, resources
from contract_tests.api.request_templates import MARK_READ, fields, notifications, public, update
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import EACH_ROLE, differing, find_value, fresh, unchanged

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile
    from contract_tests.http.messages import Exchange

# Things that a user must not be able to give to itself.
UNKNOWN = ("email", "role", "isAdmin", "verified", "avatarUrl")
UNKNOWN_LISTS = ("roles", "containers", "containerIds", "memberships")
NOWHERE = "no-such-container"
# The same field again, and others in between.
ROWS = (
    ("biography", "biography"),
    ("biography", "biography", "biography"),
    ("displayName", "displayName", "biography"),
    ("biography", "handle", "biography", "displayName"),
    ("dateOfBirth", "dateOfBirth", "handle"),
)
TWICE = 2


@EACH_ROLE
def test_partial(context: Context, role: str) -> None:
    """Every subset of the fields changes exactly those fields, and again changes nothing."""
    context.need(role)
    names = context.contract.updatable
    known = resources.profile(context, role)
    for size in range(1, len(names) + 1):
        for subset in combinations(names, size):
            # Some servers depend on the order of the keys.
            order = subset if size % 2 else tuple(reversed(subset))
            changes = {name: fresh(context, name, role, subset) for name in order}
            known = _apply(context, role, known, changes)


@EACH_ROLE
def test_seen_every_time(context: Context, role: str) -> None:
    """Plain updates, one after another, are each seen by the next read."""
    context.need(role)
    known = resources.profile(context, role, "biography", "displayName")
    # Often enough for who loses one in seven.
    for number in range(context.depth.repeats + 4):
        for name in ("biography", "displayName"):
            value = context.marker(name, number, role)
            written = resources.set_profile(context, role, **{name: value})
            read = context.accepted(fields(name), role)
            got = resources.profile_of(context, read, (name,))[name]
            _judge_kept(
                context,
                name,
                (known[name], value, got),
                written,
                read,
            )
            known[name] = got


@EACH_ROLE
@pytest.mark.parametrize("names", ROWS, ids="-".join)
def test_updates_in_a_row(
    context: Context,
    role: str,
    names: tuple[str, ...],
) -> None:
    """Updates with nothing between them are all kept, however often the profile is read."""
    context.need(role)
    wanted = resources.profile(context, role)
    steps = []
    for number, name in enumerate(names):
        # The same again where a field comes three times.
        salt = "" if names.count(name) > TWICE else number
        value = fresh(
            context,
            name,
            role,
            names,
            salt,
        )
        steps.append(resources.set_profile(context, role, **{name: value}))
        wanted[name] = value
    times = context.depth.repeats * 6 if names == ROWS[0] else 2
    for number in range(times):
        # The second read comes over another connection.
        if number == 1:
            context.client.close()
        now = resources.profile(context, role)
        for name in [name for name, value in wanted.items() if now[name] != value]:
            lost = comparison.how_lost(wanted[name], None, now[name])
            rule = lost if name in names else "update.partial"
            find_value(
                context,
                rule,
                name,
                (now[name], wanted[name]),
                *steps,
            )
        wanted = now


def test_an_empty_text_stays_empty(context: Context) -> None:
    """An empty biography is not filled by an update of something else."""
    for role in context.roles():
        context.send(update({"biography": ""}), role)
        before = resources.field(context, role, "biography")
        name = fresh(context, "displayName", role)
        exchange = resources.set_profile(context, role, displayName=name)
        after = resources.field(context, role, "biography")
        if after != before:
            find_value(
                context,
                "update.partial",
                "biography",
                (after, before),
                exchange,
            )


@EACH_ROLE
def test_no_read_is_stale(context: Context, role: str) -> None:
    """Every way of reading a profile shows an update at once, also where it was read before."""
    context.need(role)
    names = context.contract.fields
    every = chain.from_iterable(combinations(names, size) for size in (1, 2, 5))
    subsets = [subset for subset in every if "displayName" in subset]
    for number in range(2):
        for subset in subsets:
            before = resources.profile(context, role, *subset)["displayName"]
        value = context.marker(role, number)
        written = resources.set_profile(context, role, displayName=value)
        stored = resources.profile(context, role)["displayName"]
        _judge_kept(context, "displayName", (before, value, stored), written)
        for subset in (*subsets, names):
            # A connection of its own must not have a state of its own.
            if subset == names:
                context.client.close()
            read = context.accepted(fields(*subset), role, "input.accepted")
            got = resources.profile_of(context, read, subset)["displayName"]
            if got != stored:
                find_value(
                    context,
                    "update.seen",
                    "displayName",
                    (got, stored),
                    written,
                    read,
                )


@EACH_ROLE
def test_nothing_to_change(context: Context, role: str) -> None:
    """`{}` and unknown keys are valid and change nothing."""
    context.need(role)
    known = resources.profile(context, role)
    mark, handle = context.marker(), context.handle()
    bodies: tuple[dict[str, Any], ...] = (
        {},
        {"unknown": 1},
        {"username": "somebody-else"},
        {"DisplayName": mark, "display_name": mark, "HANDLE": handle, "id": "1"},
        {"unknown": None, "more": {"deep": [1, 2]}},
    )
    for body in bodies:
        exchange = context.accepted(update(body), role, "input.accepted")
        known = unchanged(
            context,
            role,
            known,
            exchange,
            ("update.ignored", "nothing to change"),
        )


def test_unknown_keys_are_not_kept(context: Context) -> None:
    """What the contract does not name cannot be written.

    It is not to be read by its name, and makes nobody a member of a container.
    """
    for role in context.roles():
        before = _memberships(context, role)
        marker = context.marker(role)
        body: dict[str, Any] = dict.fromkeys(UNKNOWN, marker)
        # A membership that a target does take could not be put back.
        if context.permission.others:
            body |= {key: [*context.target.containers, NOWHERE] for key in UNKNOWN_LISTS}
        exchange = context.accepted(update(body), role, "input.accepted")
        for name, value in body.items():
            _judge_ignored(
                context,
                role,
                name,
                (marker, value),
                exchange,
            )
        after = _memberships(context, role)
        if after != before:
            context.find(
                "update.ignored",
                "updateProfile",
                Text("member of {}", after),
                Text("member of {}", before),
                exchange,
            )


def _judge_ignored(
    context: Context,
    role: str,
    name: str,
    values: tuple[object, object],
    exchange: Exchange,
) -> None:
    read = context.send(fields(name), role)
    if read.ok and context.object(read).get(name) in values:
        context.find(
            "update.ignored",
            "updateProfile",
            read,
            Text("{} is not kept", name),
            exchange,
            read,
            field=name,
        )


def _memberships(context: Context, role: str) -> list[str]:
    containers = (*context.target.containers, NOWHERE)
    return [name for name in containers if context.send(notifications(name), role).ok]


def test_other_things_stay(context: Context) -> None:
    """An update changes no notification, no referral and nothing of another user."""
    for role, name in product(context.roles(), context.contract.updatable):
        for reader in context.roles():
            context.send(MARK_READ, reader)
        before = _surroundings(context, role)
        value = fresh(context, name, role, "alone")
        exchange = resources.set_profile(context, role, **{name: value})
        now = _surroundings(context, role)
        for (reader, what), known in before.items():
            old, new = _changed(known, now[reader, what])
            if old:
                context.find(
                    "update.partial" if reader == role else "session.isolation",
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


def _apply(
    context: Context,
    role: str,
    known: Profile,
    changes: dict[str, Any],
) -> Profile:
    """Make the changes twice, judge both times, and return the profile as it is then."""
    exchange, read, after = _update(context, role, changes)
    for name, before in known.items():
        if name in changes:
            _judge_kept(
                context,
                name,
                (before, changes[name], after[name]),
                exchange,
                read,
            )
        elif after[name] != before:
            context.find(
                "update.partial",
                "updateProfile",
                Text("{} is {} after {}", name, Value(after[name]), sorted(changes)),
                Value(before),
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


def _update(
    context: Context,
    role: str,
    changes: Profile,
) -> tuple[Exchange, Exchange, Profile]:
    """Return the exchange of an update, that of the next read, and the profile in it."""
    names = context.contract.fields
    exchange = resources.set_profile(context, role, **changes)
    read = context.accepted(fields(*names), role, "input.accepted")
    after = resources.profile_of(context, read, names)
    body = context.body(exchange)
    if isinstance(body, dict):
        returned = resources.plain(context, {key: body.get(key) for key in after})
        if returned != after:
            expected = Text("the whole profile {}", after)
            context.find("update.answer", "updateProfile", exchange, expected)
    _judge_public(context, role, {name: after[name] for name in changes}, exchange)
    return exchange, read, after


def _judge_kept(
    context: Context,
    name: str,
    values: tuple[object, object, object],
    *steps: Exchange,
) -> None:
    """Judge a field that had the first value, was given the second, and has the third."""
    before, sent, got = values
    if got != sent:
        rule = comparison.how_lost(sent, before, got)
        find_value(
            context,
            rule,
            name,
            (got, sent),
            *steps,
        )


def _judge_public(
    context: Context,
    role: str,
    changes: Profile,
    exchange: Exchange,
) -> None:
    """Judge that others see what was sent, whatever form the target gives it.

    That something is not shown is judged elsewhere.
    """
    if not context.target.containers:
        context.collector.not_judged("update.public", "the target gives no containers")
        return
    name = resources.username(context, role)
    for reader, container in product(context.roles(), resources.own_homes(context, role)):
        read = context.send(public(name, container), reader)
        wrong = differing(_shown(context, read), changes)
        if wrong:
            context.find(
                "update.public",
                "updateProfile",
                Text("public profile in {}: {}", container, wrong),
                Value({key: changes[key] for key in wrong}),
                exchange,
                read,
            )


def _shown(context: Context, read: Exchange) -> Profile:
    """Return what a public profile shows."""
    body = context.object(read) if read.ok else {}
    known = context.contract.updatable
    return resources.plain(context, {key: body[key] for key in known if key in body})


def _surroundings(context: Context, role: str) -> dict[tuple[str, str], dict[Any, Any]]:
    """Everything but the user's own profile; what may show the names of others is left out."""
    found: dict[tuple[str, str], dict[Any, Any]] = {}
    for reader in context.roles():
        if reader != role:
            found[reader, "profile"] = resources.profile(context, reader)
        found[reader, "referrals"] = pagination.referred(context, reader)
        inbox = pagination.inbox(context, reader) if context.target.containers else {}
        for container, items in inbox.items():
            read = {str(item["id"]): item.get("read") for item in items}
            found[reader, f"notifications in {container}"] = read
    return found
