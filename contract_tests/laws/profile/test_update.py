"""An update changes what was sent, nothing else, at once, for good; a rejected one changes nothing."""

from __future__ import annotations

from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.api import comparison, pagination, resources
from contract_tests.api.request_templates import MARK_READ, fields, notifications, public, update
from contract_tests.laws._support import differing, fresh

if TYPE_CHECKING:
    from contract_tests.api.context import Lab, Profile
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
WHO = pytest.mark.parametrize("who", ["primary", "secondary"])


@WHO
def test_partial(lab: Lab, who: str) -> None:
    """Every subset of the fields changes exactly those fields, in both profiles, and again changes nothing."""
    lab.need(who)
    names = lab.contract.updatable
    known = resources.profile(lab, who)
    for size in range(1, len(names) + 1):
        for subset in combinations(names, size):
            order = subset if size % 2 else tuple(reversed(subset))
            changes = {name: fresh(lab, name, who, subset) for name in order}
            known = _apply(lab, who, known, changes)


@WHO
def test_seen_every_time(lab: Lab, who: str) -> None:
    """Plain updates, one after another, are each seen by the next read."""
    lab.need(who)
    known = resources.profile(lab, who, "biography", "displayName")
    for number in range(lab.depth.repeats + 4):
        for name in ("biography", "displayName"):
            value = lab.marker(name, number, who)
            written = resources.set_profile(lab, who, **{name: value})
            read = lab.accepted(fields(name), who)
            got = resources.profile_of(lab, read, (name,))[name]
            _arrived(lab, (name, value), (known[name], got), written, read)
            known[name] = got


@WHO
@pytest.mark.parametrize("names", ROWS, ids="-".join)
def test_updates_in_a_row(lab: Lab, who: str, names: tuple[str, ...]) -> None:
    """Updates with nothing between them are all kept, and stay however often the profile is read, on any connection."""
    lab.need(who)
    wanted, steps = resources.profile(lab, who), []
    for number, name in enumerate(names):
        # The same again where a field comes three times.
        value = fresh(lab, name, who, names, "" if names.count(name) > TWICE else number)
        steps.append(resources.set_profile(lab, who, **{name: value}))
        wanted[name] = value
    for number in range(lab.depth.repeats * 6 if names == ROWS[0] else 2):
        if number == 1:
            lab.client.close()
        now = resources.profile(lab, who)
        for name in [name for name, value in wanted.items() if now[name] != value]:
            rule = (
                comparison.how_lost(wanted[name], None, now[name])
                if name in names
                else "update.partial"
            )
            lab.find(
                rule,
                "updateProfile",
                f"{name} is {now[name]!r}",
                f"{wanted[name]!r}",
                *steps,
                field=name,
            )
        wanted = now


def test_an_empty_text_stays_empty(lab: Lab) -> None:
    """An empty biography is not filled by an update of something else."""
    for who in lab.roles():
        lab.ask(update({"biography": ""}), who)
        before = resources.profile(lab, who, "biography")["biography"]
        exchange = resources.set_profile(lab, who, displayName=fresh(lab, "displayName", who))
        after = resources.profile(lab, who, "biography")["biography"]
        if after != before:
            lab.find(
                "update.partial",
                "updateProfile",
                f"biography is {after!r}",
                f"{before!r}",
                exchange,
                field="biography",
            )


@WHO
def test_no_read_is_stale(lab: Lab, who: str) -> None:
    """Every way of reading a profile shows an update at once, also where it was read before."""
    lab.need(who)
    names = lab.contract.fields
    subsets = [
        subset
        for size in (1, 2, 5)
        for subset in combinations(names, size)
        if "displayName" in subset
    ]
    for number in range(2):
        for subset in subsets:
            before = resources.profile(lab, who, *subset)["displayName"]
        value = lab.marker(who, number)
        written = resources.set_profile(lab, who, displayName=value)
        stored = resources.profile(lab, who)["displayName"]
        _arrived(lab, ("displayName", value), (before, stored), written)
        for subset in (*subsets, names):
            if subset == names:
                lab.client.close()  # a connection of its own must not have a state of its own
            read = lab.accepted(fields(*subset), who, "input.accepted")
            got = resources.profile_of(lab, read, subset)["displayName"]
            if got != stored:
                lab.find(
                    "update.seen",
                    "updateProfile",
                    f"displayName is {got!r}",
                    f"{stored!r}",
                    written,
                    read,
                    field="displayName",
                )


@WHO
def test_nothing_to_change(lab: Lab, who: str) -> None:
    """`{}` and unknown keys are valid and change nothing."""
    lab.need(who)
    known = resources.profile(lab, who)
    bodies: list[dict[str, Any]] = [
        {},
        {"unknown": 1},
        {"username": "somebody-else"},
        {
            "DisplayName": lab.marker(),
            "display_name": lab.marker(),
            "HANDLE": lab.handle(),
            "id": "1",
        },
        {"unknown": None, "more": {"deep": [1, 2]}},
    ]
    for body in bodies:
        exchange = lab.accepted(update(body), who, "input.accepted")
        after = resources.profile(lab, who)
        if after != known:
            lab.find("update.ignored", "updateProfile", str(after), f"unchanged {known}", exchange)
            known = after


def test_unknown_keys_are_not_kept(lab: Lab) -> None:
    """What the contract does not name cannot be written: not to be read by its name, and no membership either."""
    for who in lab.roles():
        before = _memberships(lab, who)
        marker = lab.marker(who)
        # A membership that a target does take could not be put back.
        lists_ = {
            key: [*lab.target.containers, NOWHERE] for key in UNKNOWN_LISTS if lab.permission.others
        }
        exchange = lab.accepted(
            update({**dict.fromkeys(UNKNOWN, marker), **lists_}), who, "input.accepted"
        )
        for name in (*UNKNOWN, *lists_):
            read = lab.ask(fields(name), who)
            if read.ok and lab.object(read).get(name) in (marker, lists_.get(name, marker)):
                lab.find(
                    "update.ignored",
                    "updateProfile",
                    read.shown(),
                    f"{name} is not kept",
                    exchange,
                    read,
                    field=name,
                )
        if (after := _memberships(lab, who)) != before:
            lab.find(
                "update.ignored",
                "updateProfile",
                f"member of {after}",
                f"member of {before}",
                exchange,
            )


def _memberships(lab: Lab, who: str) -> list[str]:
    return [
        container
        for container in (*lab.target.containers, NOWHERE)
        if lab.ask(notifications(container), who).ok
    ]


def test_other_things_stay(lab: Lab) -> None:
    """An update changes no notification, no referral and nothing of another user, whichever field it changes."""
    for who in lab.roles():
        for name in lab.contract.updatable:
            for role in lab.roles():
                lab.ask(MARK_READ, role)
            before = _surroundings(lab, who)
            exchange = resources.set_profile(lab, who, **{name: fresh(lab, name, who, "alone")})
            now = _surroundings(lab, who)
            for (role, what), known in before.items():
                # Something new may come at any time.
                changed = {
                    key: now[role, what].get(key)
                    for key, value in known.items()
                    if now[role, what].get(key) != value
                }
                if changed:
                    rule = "update.partial" if role == who else "session.isolation"
                    documented = f"unchanged { ({key: known[key] for key in changed}) }"
                    lab.find(
                        rule, "updateProfile", f"{what} of {role}: {changed}", documented, exchange
                    )


def _apply(lab: Lab, who: str, known: Profile, changes: dict[str, Any]) -> Profile:
    exchange, read, after = _update(lab, who, changes)
    for name, value in {**known, **changes}.items():
        if name in changes:
            _arrived(lab, (name, value), (known[name], after[name]), exchange, read)
        elif after[name] != value:
            received = f"{name} is {after[name]!r} after {sorted(changes)}"
            lab.find(
                "update.partial",
                "updateProfile",
                received,
                f"{value!r}",
                exchange,
                read,
                field=name,
            )
    again, read, last = _update(lab, who, changes)
    for name, value in after.items():
        if last[name] != value:
            received = f"{name} is {last[name]!r} after {sorted(changes)}"
            lab.find(
                "update.idempotent",
                "updateProfile",
                received,
                f"{value!r} as before",
                exchange,
                again,
                read,
                field=name,
            )
    return last


def _update(lab: Lab, who: str, changes: Profile) -> tuple[Exchange, Exchange, Profile]:
    exchange = resources.set_profile(lab, who, **changes)
    read = lab.accepted(fields(*lab.contract.fields), who, "input.accepted")
    after = resources.profile_of(lab, read, lab.contract.fields)
    _answer(lab, exchange, after)
    _public(lab, who, {name: after[name] for name in changes}, exchange)
    return exchange, read, after


def _arrived(
    lab: Lab, sent: tuple[str, object], states: tuple[object, object], *steps: Exchange
) -> None:
    (name, value), (before, got) = sent, states
    if got != value:
        rule = comparison.how_lost(value, before, got)
        lab.find(rule, "updateProfile", f"{name} is {got!r}", f"{value!r}", *steps, field=name)


def _answer(lab: Lab, exchange: Any, after: Profile) -> None:
    body = lab.body(exchange)
    if (
        isinstance(body, dict)
        and resources.plain(lab, {key: body.get(key) for key in after}) != after
    ):
        lab.find(
            "update.answer",
            "updateProfile",
            exchange.shown(),
            f"the whole profile {after}",
            exchange,
        )


def _public(lab: Lab, who: str, changes: Profile, exchange: Any) -> None:
    """What was sent is what others see, whatever form the target gives it; that something is not shown is judged elsewhere."""
    if not lab.target.containers:
        lab.ledger.not_judged("update.public", "the target gives no containers")
        return
    name = resources.username(lab, who)
    for reader, container in product(lab.roles(), resources.own_homes(lab, who)):
        read = lab.ask(public(name, container), reader)
        body = lab.object(read) if read.ok else {}
        shared = resources.plain(lab, {key: body[key] for key in changes if key in body})
        if wrong := differing(shared, changes):
            wanted = str({key: changes[key] for key in wrong})
            lab.find(
                "update.public",
                "updateProfile",
                f"public profile in {container}: {wrong}",
                wanted,
                exchange,
                read,
            )


def _surroundings(lab: Lab, who: str) -> dict[tuple[str, str], dict[Any, Any]]:
    """Everything but the user's own profile; what may show the names of others is left out."""
    found: dict[tuple[str, str], Any] = {
        (role, "profile"): resources.profile(lab, role) for role in lab.roles() if role != who
    }
    for role in lab.roles():
        found[role, "referrals"] = pagination.referred(lab, role)
        if lab.target.containers:
            inbox = pagination.inbox(lab, role)
            found[role, "notifications"] = {
                (name, str(item["id"])): item.get("read")
                for name, items in inbox.items()
                for item in items
            }
    return found
