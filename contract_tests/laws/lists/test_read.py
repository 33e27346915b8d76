"""Mark-read marks all, only one's own, and nothing else does. First of all laws: unread becomes read once only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.context import UNAUTHORIZED, Context, Item
from contract_tests.api.invalid_credentials import claims, invalid_credentials
from contract_tests.api.request_templates import (
    MARK_READ,
    RequestTemplate,
    fields,
    notifications,
    update,
)
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import fresh

if TYPE_CHECKING:
    from contract_tests.api.pagination import Inbox
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.messages import Exchange

LIST, MARK = "listNotifications", "markNotificationsRead"


def test_listing_marks_nothing(context: Context) -> None:
    """What the very first call of the run shows as unread is still unread in the next, and after profiles were read."""
    for role in context.roles():
        for container in context.target.containers:
            first, second = pagination.first_readings(context, role, container)
            written = pagination.before_writing(context, role, container)
            third = pagination.reading(context, role, container)
            only = "read.only-marking"
            _unread_still(context, container, (only, LIST), first, second)
            _unread_still(context, container, (only, "getProfile"), second, written or third)
            if written:
                _unread_still(
                    context, container, ("update.partial", "updateProfile"), written, third
                )
            if third[0]:
                _same(
                    context,
                    {role: {container: third[0]}},
                    ("read.only-marking", LIST, "after reading the lists"),
                    third[1],
                )


def _unread_still(
    context: Context,
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
        context.find(
            rule,
            operation,
            Text("after {}: {} in {} has read {}", operation, name, container, now[name]),
            Text("read {} as before", was),
            before[1],
            after[1],
        )


def test_only_marking_marks(context: Context) -> None:
    """Reading notifications, other calls, and mark-read without a valid session leave everything as it was."""
    before = {role: pagination.inbox(context, role) for role in context.roles()}
    referred = {role: pagination.referred(context, role) for role in context.roles()}
    _same(context, before, ("read.only-marking", "listReferrals", "after the referrals"))
    for credential in [each for each in invalid_credentials(context) if not each.valid_inside]:
        exchange = context.send(MARK_READ, None, credential.header)
        rule = "session.no-change" if exchange.status == UNAUTHORIZED else "read.only-marking"
        _same(context, before, (rule, MARK, f"after mark-read, {credential.name}"), exchange)
    for role in context.roles():
        for rule, operation, name, templates in _others(context, role):
            steps = [context.send(template, role) for template in templates]
            _same(context, before, (rule, operation, f"after {name}"), *steps[:1])
            _still_referred(context, referred, (rule, operation, f"after {name}"), *steps[:1])


def _still_referred(
    context: Context,
    before: dict[str, dict[str, object]],
    judged: tuple[str, str, str],
    *steps: Exchange,
) -> None:
    rule, operation, when = judged
    for role, known in before.items():
        now = pagination.referred(context, role)
        if any(now.get(name) != joined for name, joined in known.items()):
            rule = "http.same-answer" if rule == "read.only-marking" else rule
            context.find(
                rule,
                operation,
                Text("{}: the referrals of {} are {}", when, role, now),
                Text("{} among them, as before", known),
                *steps,
            )
            before[role] = now


def _others(context: Context, role: str) -> list[tuple[str, str, str, list[RequestTemplate]]]:
    """Calls that have nothing to do with marking: the rule and the operation that a change is put down to, name, calls."""
    containers = resources.homes(context, role) if context.target.containers else ()
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
            [
                template.but(query=(*template.query, ("unread", "true"), ("x", "1")))
                for template in lists_
            ],
        ),
        (only, LIST, "HEAD of a list", [template.but(method="HEAD") for template in lists_]),
        (only, "getProfile", "the whole profile", [fields(*context.contract.fields)]),
        *(
            (only, operation, operation, _valid(context, operation, role))
            for operation in ("getProfile", "getPublicProfile")
        ),
        (
            only,
            "listReferrals",
            "the referrals",
            [RequestTemplate("listReferrals"), RequestTemplate("listReferrals", method="HEAD")],
        ),
        (only, "getProfile", "HEAD of a profile", [fields("handle").but(method="HEAD")]),
        (
            "update.partial",
            "updateProfile",
            "an update",
            [update({name: fresh(context, name, role)}) for name in context.contract.updatable],
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


def test_marking_marks_all_of_ones_own(context: Context) -> None:
    """After mark-read all of the user's notifications are read and everything else is as it was."""
    order = tuple(reversed(context.roles()))
    for role in order:
        before = {reader: pagination.inbox(context, reader) for reader in order}
        profiles = {
            reader: (resources.profile(context, reader), pagination.referred(context, reader))
            for reader in order
        }
        exchange = context.accepted(MARK_READ, role)
        for reader in order:
            if reader == role:
                _marked(context, before[reader], pagination.inbox(context, reader), exchange)
                context.client.close()  # it is marked for whoever asks, not for this connection
                _marked(context, before[reader], pagination.inbox(context, reader), exchange)
            else:
                _same(
                    context,
                    {reader: before[reader]},
                    ("read.only-own", MARK, "after mark-read of the other user"),
                    exchange,
                )
            _profile_kept(context, reader, profiles[reader], exchange)
        for other in set(order) - {role}:
            _nobody_marks_for(context, role, other)


def _nobody_marks_for(context: Context, role: str, other: str) -> None:
    """Another user's name in a call of mark-read does not mark that user's notifications."""
    before = {other: pagination.inbox(context, other)}
    for claim in claims(resources.username(context, other)):
        exchange = context.send(claim.on(MARK_READ), role)
        _same(
            context,
            before,
            ("session.isolation", MARK, f"after mark-read with {claim.name}"),
            exchange,
        )


def test_marking_again_is_harmless(context: Context) -> None:
    """Mark-read again, many times, succeeds and changes nothing."""
    for role in context.roles():
        context.accepted(MARK_READ, role)
        before = pagination.inbox(context, role)
        for times in (1, context.depth.repeats):
            steps = [context.accepted(MARK_READ, role) for _ in range(times)]
            after = _kept(before, pagination.inbox(context, role))
            if after != before:
                container, received = _difference(before, after)
                steps = [*steps[:1], *_showing(context, role, container, before)]
                context.find("read.nothing-else", MARK, received, "nothing changed", *steps)
                break


def test_there_was_something_to_mark(context: Context) -> None:
    """Without an unread notification mark-read cannot be judged; said once."""
    if context.permission.forbids(MARK, "POST"):
        return
    seen = context.once("unread seen", lambda: 0)
    if not seen:
        raise NotJudgedError("no notification was unread when the run began")


def _valid(context: Context, operation: str, role: str) -> list[RequestTemplate]:
    try:
        return [resources.valid(context, operation, role)]
    except NotJudgedError:
        return []


def _marked(context: Context, before: Inbox, now: Inbox, exchange: Exchange) -> None:
    unread = sum(item.get("read") is False for items in before.values() for item in items)
    if unread:
        context.once("unread seen", lambda: unread)
    after = _kept(before, now)
    left = [
        (name, item.get("id"))
        for name, items in after.items()
        for item in items
        if item.get("read") is False
    ]
    if left:
        context.find(
            "read.marks",
            MARK,
            Text("still unread: {}", left[:5]),
            "all read in all containers",
            exchange,
        )
    old, new = _without_read(before), _without_read(after)
    if _by_id(old).keys() == _by_id(new).keys() and _by_id(old) != _by_id(new):
        context.find(
            "read.nothing-else",
            MARK,
            _difference(_sorted(old), _sorted(new))[1],
            "only `read` changes",
            exchange,
        )
    elif old != new:
        context.find(
            "read.keeps",
            MARK,
            _difference(old, new)[1],
            "the same notifications in the same order",
            exchange,
        )


def _profile_kept(context: Context, role: str, before: object, exchange: Exchange) -> None:
    after = (resources.profile(context, role), pagination.referred(context, role))
    if after != before:
        context.find(
            "read.nothing-else",
            MARK,
            Text("profile and referrals {}", after),
            Value(before),
            exchange,
        )


def _same(
    context: Context, before: dict[str, Inbox], judged: tuple[str, str, str], *steps: Exchange
) -> None:
    """Judge by `judged`, a rule, an operation and a moment, what of the notifications known before is read or not."""
    rule, operation, when = judged
    for role, known in before.items():
        now = pagination.inbox(context, role)
        old, new = _flags(known), _flags(now)
        changed = [place for place, flag in old.items() if new.get(place, flag) != flag]
        if changed:
            container, name = changed[0]
            shown = _showing(context, role, container, now, name)
            context.find(
                rule,
                operation,
                Text(
                    "{}: {} in {} has read {}, {} in all changed",
                    when,
                    name,
                    container,
                    new[changed[0]],
                    len(changed),
                ),
                Text("read {} as before", old[changed[0]]),
                *steps,
                *shown,
            )
            before[role] = now


def _showing(
    context: Context, role: str, container: str, inbox: Inbox, name: str = ""
) -> list[Exchange]:
    """Ask for the page that shows this notification."""
    names = [str(item["id"]) for item in inbox.get(container, [])]
    size = pagination.page_size(context, role, container)
    number = (names.index(name) if name in names else 0) // size + 1
    return [context.send(pagination.at(context, role, container, number, size), role)]


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


def _difference(before: Inbox, after: Inbox) -> tuple[str, Facts]:
    """Return the container of the first difference, and the difference."""
    for name, items in before.items():
        for old, new in zip(items, after[name], strict=False):
            if old != new:
                return name, Text("{}: {} where {} was", name, new, old)
        if len(items) != len(after[name]):
            counts = (len(after[name]), len(items))
            return name, Text("{}: {} items where {} were", name, *counts)
    return "", "no difference"
