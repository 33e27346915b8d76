"""Mark-read marks all, only one's own, and nothing else does. First of all laws: unread becomes read once only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.context import UNAUTHORIZED, Item, Lab
from contract_tests.api.invalid_credentials import claims, kinds
from contract_tests.api.request_templates import MARK_READ, Ask, fields, notifications, update
from contract_tests.exceptions import NotJudgedError
from contract_tests.laws._support import fresh

if TYPE_CHECKING:
    from contract_tests.api.pagination import Inbox
    from contract_tests.http.messages import Exchange

LIST, MARK = "listNotifications", "markNotificationsRead"


def test_listing_marks_nothing(lab: Lab) -> None:
    """What the very first call of the run shows as unread is still unread in the next, and after profiles were read."""
    for who in lab.roles():
        for container in lab.target.containers:
            first, second = pagination.first_readings(lab, who, container)
            written = pagination.before_writing(lab, who, container)
            third = pagination.reading(lab, who, container)
            only = "read.only-marking"
            _unread_still(lab, container, (only, LIST), first, second)
            _unread_still(lab, container, (only, "getProfile"), second, written or third)
            if written:
                _unread_still(lab, container, ("update.partial", "updateProfile"), written, third)
            if third[0]:
                _same(
                    lab,
                    {who: {container: third[0]}},
                    ("read.only-marking", LIST, "after reading the lists"),
                    third[1],
                )


def _unread_still(
    lab: Lab,
    container: str,
    judged: tuple[str, str],
    before: pagination.Reading,
    after: pagination.Reading,
) -> None:
    rule, operation = judged
    now = {str(item["id"]): item.get("read") for item in after[0]}
    changed = [
        item for item in before[0] if now.get(str(item["id"]), item.get("read")) != item.get("read")
    ]
    if changed:
        name, was = str(changed[0]["id"]), changed[0].get("read")
        received = f"after {operation}: {name} in {container} has read {now[name]}"
        lab.find(rule, operation, received, f"read {was} as before", before[1], after[1])


def test_only_marking_marks(lab: Lab) -> None:
    """Reading notifications, other calls, and mark-read without a valid session leave everything as it was."""
    before = {who: pagination.inbox(lab, who) for who in lab.roles()}
    referred = {who: pagination.referred(lab, who) for who in lab.roles()}
    _same(lab, before, ("read.only-marking", "listReferrals", "after the referrals"))
    for kind in [each for each in kinds(lab) if not each.valid_inside]:
        exchange = lab.ask(MARK_READ, None, kind.header)
        rule = "session.no-change" if exchange.status == UNAUTHORIZED else "read.only-marking"
        _same(lab, before, (rule, MARK, f"after mark-read, {kind.name}"), exchange)
    for who in lab.roles():
        for rule, operation, name, asks in _others(lab, who):
            steps = [lab.ask(ask, who) for ask in asks]
            _same(lab, before, (rule, operation, f"after {name}"), *steps[:1])
            _still_referred(lab, referred, (rule, operation, f"after {name}"), *steps[:1])


def _still_referred(
    lab: Lab, before: dict[str, dict[str, object]], judged: tuple[str, str, str], *steps: Exchange
) -> None:
    rule, operation, when = judged
    for role, known in before.items():
        now = pagination.referred(lab, role)
        if any(now.get(name) != joined for name, joined in known.items()):
            rule = "http.same-answer" if rule == "read.only-marking" else rule
            lab.find(
                rule,
                operation,
                f"{when}: the referrals of {role} are {now}",
                f"{known} among them, as before",
                *steps,
            )
            before[role] = now


def _others(lab: Lab, who: str) -> list[tuple[str, str, str, list[Ask]]]:
    """Calls that have nothing to do with marking: the rule and the operation that a change is put down to, name, calls."""
    containers = resources.homes(lab, who) if lab.target.containers else ()
    lists_ = [notifications(container) for container in containers for _ in range(2)]
    odd = [
        notifications(home, *pair)
        for home in containers
        for pair in ((2, 7), (None, 1), (3, None), (1, 50), (999, 20))
    ]
    only = "read.only-marking"
    return [
        (only, LIST, "a list without page and limit, twice", lists_),
        (only, LIST, "pages of other sizes", odd),
        (
            only,
            LIST,
            "a list and more",
            [ask.but(query=(*ask.query, ("unread", "true"), ("x", "1"))) for ask in lists_],
        ),
        (only, LIST, "HEAD of a list", [ask.but(method="HEAD") for ask in lists_]),
        (only, "getProfile", "the whole profile", [fields(*lab.contract.fields)]),
        *(
            (only, operation, operation, _valid(lab, operation, who))
            for operation in ("getProfile", "getPublicProfile")
        ),
        (
            only,
            "listReferrals",
            "the referrals",
            [Ask("listReferrals"), Ask("listReferrals", method="HEAD")],
        ),
        (only, "getProfile", "HEAD of a profile", [fields("handle").but(method="HEAD")]),
        (
            "update.partial",
            "updateProfile",
            "an update",
            [update({name: fresh(lab, name, who)}) for name in lab.contract.updatable],
        ),
        (
            "update.all-or-nothing",
            "updateProfile",
            "a rejected update",
            [update({"displayName": 5}), update(b"{")],
        ),
        (
            only,
            MARK,
            "reading methods",
            [MARK_READ.but(method=name) for name in ("GET", "OPTIONS")],
        ),
        (
            "http.method",
            MARK,
            "other methods",
            [MARK_READ.but(method=name) for name in ("PUT", "PATCH", "DELETE")],
        ),
    ]


def test_marking_marks_all_of_ones_own(lab: Lab) -> None:
    """After mark-read all of the user's notifications are read and everything else is as it was."""
    order = tuple(reversed(lab.roles()))
    for who in order:
        before = {role: pagination.inbox(lab, role) for role in order}
        profiles = {
            role: (resources.profile(lab, role), pagination.referred(lab, role)) for role in order
        }
        exchange = lab.accepted(MARK_READ, who)
        for role in order:
            if role == who:
                _marked(lab, before[role], pagination.inbox(lab, role), exchange)
                lab.client.close()  # it is marked for whoever asks, not for this connection
                _marked(lab, before[role], pagination.inbox(lab, role), exchange)
            else:
                _same(
                    lab,
                    {role: before[role]},
                    ("read.only-own", MARK, "after mark-read of the other user"),
                    exchange,
                )
            _profile_kept(lab, role, profiles[role], exchange)
        for other in set(order) - {who}:
            _nobody_marks_for(lab, who, other)


def _nobody_marks_for(lab: Lab, who: str, other: str) -> None:
    """Another user's name in a call of mark-read does not mark that user's notifications."""
    before = {other: pagination.inbox(lab, other)}
    for claim in claims(resources.username(lab, other)):
        exchange = lab.ask(claim.on(MARK_READ), who)
        _same(
            lab, before, ("session.isolation", MARK, f"after mark-read with {claim.name}"), exchange
        )


def test_marking_again_is_harmless(lab: Lab) -> None:
    """Mark-read again, many times, succeeds and changes nothing."""
    for who in lab.roles():
        lab.accepted(MARK_READ, who)
        before = pagination.inbox(lab, who)
        for times in (1, lab.depth.repeats):
            steps = [lab.accepted(MARK_READ, who) for _ in range(times)]
            after = _kept(before, pagination.inbox(lab, who))
            if after != before:
                container, received = _difference(before, after)
                steps = [*steps[:1], *_showing(lab, who, container, before)]
                lab.find("read.nothing-else", MARK, received, "nothing changed", *steps)
                break


def test_there_was_something_to_mark(lab: Lab) -> None:
    """Without an unread notification mark-read cannot be judged; said once."""
    if lab.permission.forbids(MARK, "POST"):
        return
    seen = lab.once("unread seen", lambda: 0)
    if not seen:
        raise NotJudgedError("no notification was unread when the run began")


def _valid(lab: Lab, operation: str, who: str) -> list[Ask]:
    try:
        return [resources.valid(lab, operation, who)]
    except NotJudgedError:
        return []


def _marked(lab: Lab, before: Inbox, now: Inbox, exchange: Exchange) -> None:
    unread = sum(item.get("read") is False for items in before.values() for item in items)
    if unread:
        lab.once("unread seen", lambda: unread)
    after = _kept(before, now)
    left = [
        (name, item.get("id"))
        for name, items in after.items()
        for item in items
        if item.get("read") is False
    ]
    if left:
        lab.find(
            "read.marks", MARK, f"still unread: {left[:5]}", "all read in all containers", exchange
        )
    old, new = _without_read(before), _without_read(after)
    if _by_id(old).keys() == _by_id(new).keys() and _by_id(old) != _by_id(new):
        lab.find(
            "read.nothing-else",
            MARK,
            _difference(_sorted(old), _sorted(new))[1],
            "only `read` changes",
            exchange,
        )
    elif old != new:
        lab.find(
            "read.keeps",
            MARK,
            _difference(old, new)[1],
            "the same notifications in the same order",
            exchange,
        )


def _profile_kept(lab: Lab, role: str, before: object, exchange: Exchange) -> None:
    after = (resources.profile(lab, role), pagination.referred(lab, role))
    if after != before:
        lab.find("read.nothing-else", MARK, f"profile and referrals {after}", f"{before}", exchange)


def _same(
    lab: Lab, before: dict[str, Inbox], judged: tuple[str, str, str], *steps: Exchange
) -> None:
    """Judge by `judged`, a rule, an operation and a moment, what of the notifications known before is read or not."""
    rule, operation, when = judged
    for role, known in before.items():
        now = pagination.inbox(lab, role)
        old, new = _flags(known), _flags(now)
        changed = [place for place, flag in old.items() if new.get(place, flag) != flag]
        if changed:
            container, name = changed[0]
            received = f"{when}: {name} in {container} has read {new[changed[0]]}, {len(changed)} in all changed"
            shown = _showing(lab, role, container, now, name)
            lab.find(rule, operation, received, f"read {old[changed[0]]} as before", *steps, *shown)
            before[role] = now


def _showing(lab: Lab, who: str, container: str, inbox: Inbox, name: str = "") -> list[Exchange]:
    """Ask for the page that shows this notification."""
    names = [str(item["id"]) for item in inbox.get(container, [])]
    size = pagination.page_size(lab, who, container)
    number = (names.index(name) if name in names else 0) // size + 1
    return [lab.ask(pagination.at(lab, who, container, number, size), who)]


def _flags(inbox: Inbox) -> dict[tuple[str, str], object]:
    return {
        (name, str(item["id"])): item.get("read") for name, items in inbox.items() for item in items
    }


def _kept(before: Inbox, after: Inbox) -> Inbox:
    """Leave out what is new, since notifications may come at any time."""
    known = _flags(before)
    return {
        name: [item for item in after.get(name, []) if (name, str(item["id"])) in known]
        for name in before
    }


def _by_id(inbox: Inbox) -> dict[tuple[str, str], Item]:
    return {(name, str(item["id"])): item for name, items in inbox.items() for item in items}


def _sorted(inbox: Inbox) -> Inbox:
    return {name: sorted(items, key=lambda item: str(item["id"])) for name, items in inbox.items()}


def _without_read(inbox: Inbox) -> Inbox:
    return {
        name: [{key: value for key, value in item.items() if key != "read"} for item in items]
        for name, items in inbox.items()
    }


def _difference(before: Inbox, after: Inbox) -> tuple[str, str]:
    """Return the container of the first difference, and the difference."""
    for name, items in before.items():
        for old, new in zip(items, after[name], strict=False):
            if old != new:
                return name, f"{name}: {new} where {old} was"
        if len(items) != len(after[name]):
            return name, f"{name}: {len(after[name])} items where {len(items)} were"
    return "", "no difference"
