"""Mark-read marks all of the user's own notifications, and nothing else marks any.

These are the first of all laws: unread becomes read once only.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from contract_tests.api import pagination, resources
from contract_tests.api.context import UNAUTHORIZED, Context, Item
from contract_tests.api.invalid_credentials import claims, invalid_credentials
from contract_tests.api.request_templates import (
    MARK_READ,
    REFERRALS,
    RequestTemplate,
    fields,
    notifications,
    update,
)
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import fresh

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

LIST, MARK = "listNotifications", "markNotificationsRead"
ONLY = "read.only-marking"
# Page and limit of requests that a careless server could take for having been read.
ODD_PAGES = ((2, 7), (None, 1), (3, None), (1, 50), (999, 20))
# Notifications by container and id, in the order of their lists.
Key = tuple[str, str]
Inbox = dict[Key, Item]
# The rule and the operation that a change is put down to, and when it was seen.
Judged = tuple[str, str, str]


def test_listing_marks_nothing(context: Context) -> None:
    """What the very first call of the run shows as unread is still unread in the next.

    It is so after profiles were read, too.
    """
    for role in context.roles():
        for container in context.target.containers:
            first, second = pagination.first_readings(context, role, container)
            written = pagination.before_writing(context, role, container)
            third = pagination.reading(context, role, container)
            _unread_still(
                context,
                container,
                (ONLY, LIST),
                first,
                second,
            )
            _unread_still(
                context,
                container,
                (ONLY, "getProfile"),
                second,
                written or third,
            )
            if written:
                judged = ("update.partial", "updateProfile")
                _unread_still(
                    context,
                    container,
                    judged,
                    written,
                    third,
                )
            items, exchange = third
            if items:
                before = {role: _by_id({container: items})}
                _same(context, before, (ONLY, LIST, "after reading the lists"), exchange)


def _unread_still(
    context: Context,
    container: str,
    judged: tuple[str, str],
    before: pagination.Reading,
    after: pagination.Reading,
) -> None:
    rule, operation = judged
    now = {str(item["id"]): item.get("read") for item in after[0]}
    for item in before[0]:
        name, was = str(item["id"]), item.get("read")
        if now.get(name, was) != was:
            context.find(
                rule,
                operation,
                Text(
                    "after {}: {} in {} has read {}",
                    operation,
                    name,
                    container,
                    now[name],
                ),
                Text("read {} as before", was),
                before[1],
                after[1],
            )
            # One is enough to show it.
            return


def test_only_marking_marks(context: Context) -> None:
    """Reading notifications, other calls, and mark-read without a valid session change nothing."""
    before = {role: _inbox(context, role) for role in context.roles()}
    referred = {role: pagination.referred(context, role) for role in context.roles()}
    _same(context, before, (ONLY, "listReferrals", "after the referrals"))
    for credential in invalid_credentials(context):
        if credential.valid_inside:
            continue
        exchange = context.send(MARK_READ, None, credential.header)
        rule = "session.no-change" if exchange.status == UNAUTHORIZED else ONLY
        _same(context, before, (rule, MARK, f"after mark-read, {credential.name}"), exchange)
    for role in context.roles():
        for rule, operation, name, templates in _others(context, role):
            steps = [context.send(template, role) for template in templates]
            judged = (rule, operation, f"after {name}")
            _same(context, before, judged, *steps[:1])
            _still_referred(context, referred, judged, *steps[:1])


def _still_referred(
    context: Context,
    before: dict[str, dict[str, object]],
    judged: Judged,
    *steps: Exchange,
) -> None:
    rule, operation, when = judged
    for role, known in before.items():
        now = pagination.referred(context, role)
        # More may have come.
        if any(now.get(name) != joined for name, joined in known.items()):
            context.find(
                "http.same-answer" if rule == ONLY else rule,
                operation,
                Text("{}: the referrals of {} are {}", when, role, now),
                Text("{} among them, as before", known),
                *steps,
            )
            before[role] = now


def _others(context: Context, role: str) -> list[tuple[str, str, str, list[RequestTemplate]]]:
    """Return calls that have nothing to do with marking.

    Each with the rule and the operation that a change is put down to, and in words.
    """
    containers = resources.homes(context, role) if context.target.containers else ()
    # Twice in a row, for a server that marks what was read before.
    lists = [notifications(container) for container in containers for _ in range(2)]
    odd = [notifications(home, *numbers) for home, numbers in product(containers, ODD_PAGES)]
    more = (("unread", "true"), ("x", "1"))
    with_more = [template.but(query=(*template.query, *more)) for template in lists]
    updates = [update({name: fresh(context, name, role)}) for name in context.contract.updatable]
    rejected = [update({"displayName": 5}), update(b"{")]
    reading, other = (
        [MARK_READ.but(method=name) for name in names]
        for names in (("GET", "OPTIONS"), ("PUT", "PATCH", "DELETE"))
    )
    return [
        (ONLY, LIST, "a list without page and limit, twice", lists),
        (ONLY, LIST, "pages of other sizes", odd),
        (ONLY, LIST, "a list and more", with_more),
        (ONLY, LIST, "HEAD of a list", _heads(lists)),
        (ONLY, "getProfile", "the whole profile", [fields(*context.contract.fields)]),
        (ONLY, "getProfile", "getProfile", _valid(context, "getProfile", role)),
        (ONLY, "getPublicProfile", "getPublicProfile", _valid(context, "getPublicProfile", role)),
        (ONLY, "listReferrals", "the referrals", [REFERRALS, *_heads([REFERRALS])]),
        (ONLY, "getProfile", "HEAD of a profile", _heads([fields("handle")])),
        ("update.partial", "updateProfile", "an update", updates),
        ("update.all-or-nothing", "updateProfile", "a rejected update", rejected),
        (ONLY, MARK, "reading methods", reading),
        ("http.method", MARK, "other methods", other),
    ]


def _heads(templates: list[RequestTemplate]) -> list[RequestTemplate]:
    return [template.but(method="HEAD") for template in templates]


def test_marking_marks_all_of_ones_own(context: Context) -> None:
    """After mark-read all of the user's notifications are read and everything else is as it was."""
    order = tuple(reversed(context.roles()))
    for role in order:
        before = {reader: _inbox(context, reader) for reader in order}
        profiles = {reader: _profile(context, reader) for reader in order}
        exchange = context.accepted(MARK_READ, role)
        for reader in order:
            if reader == role:
                _marked(context, before[reader], _inbox(context, reader), exchange)
                # It is marked for whoever asks, not for this connection.
                context.client.close()
                _marked(context, before[reader], _inbox(context, reader), exchange)
            else:
                judged = ("read.only-own", MARK, "after mark-read of the other user")
                _same(context, {reader: before[reader]}, judged, exchange)
            _same_profile(context, reader, profiles[reader], exchange)
        for other in set(order) - {role}:
            _nobody_marks_for(context, role, other)


def _same_profile(
    context: Context,
    role: str,
    before: object,
    exchange: Exchange,
) -> None:
    after = _profile(context, role)
    if after != before:
        context.find(
            "read.nothing-else",
            MARK,
            Text("profile and referrals {}", after),
            Value(before),
            exchange,
        )


def _profile(context: Context, role: str) -> object:
    return resources.profile(context, role), pagination.referred(context, role)


def _nobody_marks_for(
    context: Context,
    role: str,
    other: str,
) -> None:
    """Another user's name in a call of mark-read does not mark that user's notifications."""
    before = {other: _inbox(context, other)}
    for claim in claims(resources.username(context, other)):
        exchange = context.send(claim.on(MARK_READ), role)
        judged = ("session.isolation", MARK, f"after mark-read with {claim.name}")
        _same(context, before, judged, exchange)


def test_marking_again_is_harmless(context: Context) -> None:
    """Mark-read again, many times, succeeds and changes nothing."""
    for role in context.roles():
        context.accepted(MARK_READ, role)
        before = _inbox(context, role)
        for times in (1, context.depth.repeats):
            steps = [context.accepted(MARK_READ, role) for _ in range(times)]
            after = _known(before, _inbox(context, role))
            if list(after.items()) != list(before.items()):
                place, received = _difference(before, after)
                shown = _showing(context, role, before, place)
                context.find(
                    "read.nothing-else",
                    MARK,
                    received,
                    "nothing changed",
                    *steps[:1],
                    shown,
                )
                break


def test_there_was_something_to_mark(context: Context) -> None:
    """Without an unread notification mark-read cannot be judged; said once."""
    if context.permission.forbids(MARK, "POST"):
        return
    seen = context.once("unread seen", lambda: 0)
    if not seen:
        raise NotJudgedError("no notification was unread when the run began")


def _valid(
    context: Context,
    operation: str,
    role: str,
) -> list[RequestTemplate]:
    try:
        return [resources.valid(context, operation, role)]
    except NotJudgedError:
        return []


def _marked(
    context: Context,
    before: Inbox,
    now: Inbox,
    exchange: Exchange,
) -> None:
    unread = sum(item.get("read") is False for item in before.values())
    if unread:
        context.once("unread seen", lambda: unread)
    after = _known(before, now)
    left = [place for place, item in after.items() if item.get("read") is False]
    if left:
        context.find(
            "read.marks",
            MARK,
            Text("still unread: {}", left[:5]),
            "all read in all containers",
            exchange,
        )
    old, new = _without_read(before), _without_read(after)
    if list(old.items()) == list(new.items()):
        return
    _, received = _difference(old, new)
    if old.keys() == new.keys() and old != new:
        context.find(
            "read.nothing-else",
            MARK,
            received,
            "only `read` changes",
            exchange,
        )
    else:
        expected = "the same notifications in the same order"
        context.find(
            "read.keeps",
            MARK,
            received,
            expected,
            exchange,
        )


def _same(
    context: Context,
    before: dict[str, Inbox],
    judged: Judged,
    *steps: Exchange,
) -> None:
    """Judge what of the notifications known before is read or not."""
    rule, operation, when = judged
    for role, known in before.items():
        now = _inbox(context, role)
        changed = [
            place
            for place, item in known.items()
            if place in now and now[place].get("read") != item.get("read")
        ]
        if changed:
            place = changed[0]
            container, name = place
            what = (name, container, now[place].get("read"), len(changed))
            context.find(
                rule,
                operation,
                Text("{}: {} in {} has read {}, {} in all changed", when, *what),
                Text("read {} as before", known[place].get("read")),
                *steps,
                _showing(context, role, now, place),
            )
            before[role] = now


def _showing(
    context: Context,
    role: str,
    inbox: Inbox,
    place: Key,
) -> Exchange:
    """Return the page that shows this notification."""
    container, _ = place
    size = pagination.page_size(context, role, container)
    places = [each for each in inbox if each[0] == container]
    number = places.index(place) // size + 1 if place in places else 1
    return pagination.send_page(context, role, container, number, size)


def _inbox(context: Context, role: str) -> Inbox:
    return _by_id(pagination.inbox(context, role))


def _by_id(lists: pagination.Inbox) -> Inbox:
    found = {}
    for container, items in lists.items():
        found.update({(container, str(item["id"])): item for item in items})
    return found


def _known(before: Inbox, after: Inbox) -> Inbox:
    """Leave out what is new, since notifications may come at any time."""
    return {place: item for place, item in after.items() if place in before}


def _without_read(inbox: Inbox) -> Inbox:
    found = {place: dict(item) for place, item in inbox.items()}
    for item in found.values():
        item.pop("read", None)
    return found


def _difference(before: Inbox, after: Inbox) -> tuple[Key, Text]:
    """Return the place of the first difference, and the difference."""
    for (place, old), (other, new) in zip(before.items(), after.items(), strict=False):
        if (place, old) != (other, new):
            return place, Text("{}: {} where {} was", place[0], new, old)
    last = [*before, *after][-1]
    return last, Text("{} notifications where {} were", len(after), len(before))
