"""An update changes what was sent, nothing else, at once, for good; a rejected one changes nothing."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from contract_tests import state
from contract_tests.lab import Lab, Profile, fields, public, update

WHO = pytest.mark.parametrize("who", ["primary", "secondary"])


@WHO
def test_partial(lab: Lab, who: str) -> None:
    """Every subset of the fields changes exactly those fields, in both profiles, and again changes nothing."""
    lab.need(who)
    names = lab.contract.updatable
    known = state.profile(lab, who)
    for size in range(1, len(names) + 1):
        for subset in combinations(names, size):
            changes = {name: fresh(lab, name, who, subset) for name in subset}
            known = _apply(lab, who, known, changes)


@WHO
def test_seen_every_time(lab: Lab, who: str) -> None:
    """Plain updates, one after another, are each seen by the next read of each kind."""
    lab.need(who)
    for number in range(lab.depth.repeats + 4):
        for name in ("biography", "displayName"):
            value = lab.marker(name, number, who)
            written = state.set_profile(lab, who, **{name: value})
            read = lab.accepted(fields(name), who)
            got = state.profile_of(lab, read, (name,))[name]
            if got != value:
                lab.find("update.seen", "updateProfile", f"{name} is {got!r}", f"{value!r}", written, read)


@WHO
def test_no_read_is_stale(lab: Lab, who: str) -> None:
    """Every way of reading a profile shows an update at once, also where it was read before."""
    lab.need(who)
    names = lab.contract.fields
    subsets = [subset for size in (1, 2, 5) for subset in combinations(names, size) if "displayName" in subset]
    for number in range(2):
        for subset in subsets:
            state.profile(lab, who, *subset)
        value = lab.marker(who, number)
        written = state.set_profile(lab, who, displayName=value)
        for subset in subsets:
            read = lab.accepted(fields(*subset), who, "input.accepted")
            got = state.profile_of(lab, read, subset)["displayName"]
            if got != value:
                lab.find("update.seen", "updateProfile", f"displayName is {got!r}", f"{value!r}", written, read)


@WHO
def test_nothing_to_change(lab: Lab, who: str) -> None:
    """`{}` and unknown keys are valid and change nothing."""
    lab.need(who)
    known = state.profile(lab, who)
    bodies: list[dict[str, Any]] = [
        {},
        {"unknown": 1},
        {"username": "somebody-else"},
        {"DisplayName": lab.marker(), "display_name": lab.marker(), "HANDLE": lab.handle(), "id": "1"},
        {"unknown": None, "more": {"deep": [1, 2]}},
    ]
    for body in bodies:
        exchange = lab.accepted(update(body), who, "input.accepted")
        after = state.profile(lab, who)
        if after != known:
            lab.find("update.ignored", "updateProfile", str(after), f"unchanged {known}", exchange)
            known = after


def test_other_things_stay(lab: Lab) -> None:
    """An update changes no notification, no referral and nothing of another user."""
    for who in lab.roles():
        before = _surroundings(lab, who)
        exchange = state.set_profile(lab, who, biography=lab.marker(who))
        for what, now in _surroundings(lab, who).items():
            if now != before[what]:
                lab.find("update.partial", "updateProfile", f"{what}: {now}", f"{before[what]}", exchange)


def test_handles_are_unique(lab: Lab) -> None:
    """Another's handle is refused, one's own is not, and one that was given up is free again."""
    lab.need("primary", "secondary")
    for who, other in (("primary", "secondary"), ("secondary", "primary")):
        taken, next_one = lab.handle(who, 1), lab.handle(who, 2)
        state.set_profile(lab, who, handle=taken)
        _handle(lab, who, taken, taken=False)
        _handle(lab, other, taken, taken=True)
        state.set_profile(lab, who, handle=next_one)
        _handle(lab, other, taken, taken=False)
        state.set_profile(lab, other, handle=lab.handle(other, 3))


def _handle(lab: Lab, who: str, handle: str, *, taken: bool) -> None:
    before = state.profile(lab, who)
    body = {"biography": lab.marker(who, handle, taken), "handle": handle} if taken else {"handle": handle}
    exchange = lab.ask(update(body), who)
    if exchange.ok == taken:
        documented = "400: another user holds it" if taken else "accepted: nobody else holds it"
        lab.find("update.handle", "updateProfile", exchange.shown(), documented, exchange)
    elif taken:
        _unchanged(lab, who, before, exchange)


def _unchanged(lab: Lab, who: str, before: Profile, exchange: Any) -> None:
    after = state.profile(lab, who)
    if after != before:
        lab.find("update.all-or-nothing", "updateProfile", f"{exchange.status}, then {after}", f"unchanged {before}", exchange)


def fresh(lab: Lab, name: str, *salt: object) -> Any:
    """Answer a valid value for the field that it does not have yet."""
    schema = lab.contract.property_schema(name)
    if schema.get("type") == "object":
        parts = schema.get("properties", {})
        chance = lab.random(name, *salt)
        return {key: chance.randint(part["minimum"], part["maximum"]) for key, part in parts.items()}
    return lab.handle(name, *salt) if name == "handle" else lab.marker(name, *salt)


def _apply(lab: Lab, who: str, known: Profile, changes: dict[str, Any]) -> Profile:
    for rule in ("update.seen", "update.idempotent"):
        exchange = state.set_profile(lab, who, **changes)
        read = lab.accepted(fields(*lab.contract.fields), who, "input.accepted")
        after = state.profile_of(lab, read, lab.contract.fields)
        _compare(
            lab,
            (rule, "update.partial" if rule == "update.seen" else rule),
            changes,
            ({**known, **changes}, after),
            (exchange, read),
        )
        _answer(lab, exchange, after)
        _public(lab, who, after, exchange)
        known = after
    return known


def _compare(lab: Lab, rules: tuple[str, str], changes: Profile, states: tuple[Profile, Profile], steps: Any) -> None:
    wanted, after = states
    for name, value in wanted.items():
        if after[name] != value:
            rule = rules[0] if name in changes else rules[1]
            lab.find(rule, "updateProfile", f"{name} is {after[name]!r}", f"{value!r} after {sorted(changes)}", *steps)


def _answer(lab: Lab, exchange: Any, after: Profile) -> None:
    body = lab.body(exchange)
    if isinstance(body, dict) and {key: body.get(key) for key in after} != after:
        lab.find("update.answer", "updateProfile", exchange.shown(), f"the whole profile {after}", exchange)


def _public(lab: Lab, who: str, after: Profile, exchange: Any) -> None:
    if not lab.target.containers:
        lab.ledger.not_judged("update.public", "the target gives no containers")
        return
    name = state.username(lab, who)
    for container in state.own_homes(lab, who):
        read = lab.accepted(public(name, container), who)
        body = lab.body(read)
        shared = {key: body[key] for key in after if key in body} if isinstance(body, dict) else {}
        wrong = {key: value for key, value in shared.items() if value != after[key]}
        if wrong:
            wanted = str({key: after[key] for key in wrong})
            lab.find("update.public", "updateProfile", f"public profile in {container}: {wrong}", wanted, exchange, read)


def _surroundings(lab: Lab, who: str) -> dict[str, Any]:
    found: dict[str, Any] = {f"profile of {role}": state.profile(lab, role) for role in lab.roles() if role != who}
    for role in lab.roles():
        found[f"referrals of {role}"] = state.referrals(lab, role)[1]
        if lab.target.containers:
            found[f"notifications of {role}"] = state.inbox(lab, role)
    return found
