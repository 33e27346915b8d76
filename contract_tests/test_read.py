"""Mark-read marks all, only one's own, and nothing else does. First of all laws: unread becomes read once only."""

from __future__ import annotations

from contract_tests import state
from contract_tests.findings import NotJudgedError
from contract_tests.lab import MARK_READ, UNAUTHORIZED, Ask, Item, Lab, fields, update
from contract_tests.session import kinds

Inbox = dict[str, list[Item]]


def test_only_marking_marks(lab: Lab) -> None:
    """Reading notifications, other calls, and mark-read without a valid session leave everything as it was."""
    before = {who: state.inbox(lab, who) for who in lab.roles()}
    _same(lab, before, "read.only-marking", "after reading the lists")
    for kind in kinds(lab):
        exchange = lab.ask(MARK_READ, None, kind.header)
        _same(
            lab,
            before,
            "session.no-change" if exchange.status == UNAUTHORIZED else "read.only-marking",
            f"after mark-read, {kind.name}",
        )
    for who in lab.roles():
        for operation in ("getProfile", "getPublicProfile", "listReferrals", "listNotifications"):
            try:
                lab.ask(state.valid(lab, operation, who), who)
            except NotJudgedError:
                continue
        lab.ask(MARK_READ.but(method="GET"), who)
    _same(lab, before, "read.only-marking", "after reading alone")
    for who in lab.roles():
        for name, asks in _others(lab, who).items():
            for ask in asks:
                lab.ask(ask, who)
            _same(lab, before, "read.only-marking", f"after {name}")


def _others(lab: Lab, who: str) -> dict[str, list[Ask]]:
    """Calls that have nothing to do with marking, by name."""
    containers = state.homes(lab, who) if lab.target.containers else ()
    lists = [Ask("listNotifications", query=(("containerId", container),)) for container in containers]
    return {
        "a list without page and limit": lists,
        "HEAD": [ask.but(method="HEAD") for ask in [*lists, fields("handle"), Ask("listReferrals")]],
        "an update": [update({"biography": lab.marker(who)}), update({})],
        "a rejected update": [update({"displayName": 5}), update(b"{")],
        "other methods": [MARK_READ.but(method=method) for method in ("PUT", "PATCH", "DELETE", "OPTIONS")],
    }


def test_marking_marks_all_of_ones_own(lab: Lab) -> None:
    """After mark-read all of the user's notifications are read and everything else is as it was."""
    order = tuple(reversed(lab.roles()))
    for who in order:
        before = {role: state.inbox(lab, role) for role in order}
        profiles = {role: state.profile(lab, role) for role in order}
        exchange = lab.accepted(MARK_READ, who)
        for role in order:
            after = state.inbox(lab, role)
            if role == who:
                _marked(lab, before[role], after, exchange)
            elif after != before[role]:
                steps = (exchange, lab.ask(state.valid(lab, "listNotifications", role), role))
                lab.find(
                    "read.only-own",
                    "markNotificationsRead",
                    _difference(before[role], after),
                    "another user's as before",
                    *steps,
                )
            _profile_kept(lab, role, profiles[role], exchange)


def test_marking_again_is_harmless(lab: Lab) -> None:
    """Mark-read again, many times, succeeds and changes nothing."""
    for who in lab.roles():
        lab.accepted(MARK_READ, who)
        before = state.inbox(lab, who)
        for _ in range(lab.depth.repeats):
            lab.accepted(MARK_READ, who)
        after = state.inbox(lab, who)
        if after != before:
            lab.find("read.nothing-else", "markNotificationsRead", _difference(before, after), "nothing changed")


def test_there_was_something_to_mark(lab: Lab) -> None:
    """Without an unread notification mark-read cannot be judged; said once."""
    seen = lab.once("unread seen", lambda: 0)
    if not seen:
        raise NotJudgedError("no notification was unread when the run began")


def _marked(lab: Lab, before: Inbox, after: Inbox, exchange: object) -> None:
    unread = sum(item.get("read") is False for items in before.values() for item in items)
    if unread:
        lab.once("unread seen", lambda: unread)
    steps = [exchange] if exchange else []
    left = [(name, item.get("id")) for name, items in after.items() for item in items if item.get("read") is not True]
    if left:
        lab.find("read.marks", "markNotificationsRead", f"still unread: {left[:5]}", "all read in all containers", *steps)  # type: ignore[arg-type]
    if _without_read(before) != _without_read(after):
        received = _difference(_without_read(before), _without_read(after))
        lab.find("read.nothing-else", "markNotificationsRead", received, "only `read` changes", *steps)  # type: ignore[arg-type]


def _profile_kept(lab: Lab, role: str, before: object, exchange: object) -> None:
    after = state.profile(lab, role)
    if after != before:
        lab.find("read.nothing-else", "markNotificationsRead", f"profile {after}", f"profile {before}", exchange)  # type: ignore[arg-type]


def _same(lab: Lab, before: dict[str, Inbox], rule: str, when: str) -> None:
    for role, inbox in before.items():
        after = state.inbox(lab, role)
        if after != inbox:
            lab.find(rule, "markNotificationsRead", f"{when}: {_difference(inbox, after)}", "nothing changed")
            before[role] = after


def _without_read(inbox: Inbox) -> Inbox:
    return {
        name: [{key: value for key, value in item.items() if key != "read"} for item in items] for name, items in inbox.items()
    }


def _difference(before: Inbox, after: Inbox) -> str:
    changed = [
        f"{name}: {new} where {old} was"
        for name, items in before.items()
        for old, new in zip(items, after.get(name, []), strict=False)
        if old != new
    ]
    return changed[0] if changed else f"{sum(map(len, after.values()))} items where {sum(map(len, before.values()))} were"
