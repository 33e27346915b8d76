"""Pages of any size concatenate to the whole, in order, for each user and container."""

from __future__ import annotations

import itertools
from collections import Counter
from math import ceil
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

import pytest

from contract_tests.api import pagination, resources
from contract_tests.api.context import FULL_PAGE, Context, Item
from contract_tests.api.request_templates import notifications
from contract_tests.config import depth
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import EACH_ROLE, moment

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

LIMITS = sorted({limit for each in depth.DEPTHS.values() for limit in each.limits})
OPERATION = "listNotifications"
# Fewer notifications that two users have in common may have been sent to everybody.
MANY = 4
# Pages and limits, each of which may be absent alone.
DEFAULTS = ((None, None), (2, None), (3, None), (None, 5), (None, FULL_PAGE), (1, None))


class Reference(NamedTuple):
    """All notifications of a user in a container, with which pages are compared."""

    role: str
    container: str
    items: list[Item]


@EACH_ROLE
@pytest.mark.parametrize("limit", LIMITS)
def test_pages_add_up(
    context: Context,
    role: str,
    limit: int,
) -> None:
    """The pages of one size are the whole: in its order, nothing twice or lost, and full."""
    context.need(role)
    if limit not in context.depth.limits:
        pytest.skip("another depth")
    for reference in _references(context, role):
        size = _size(context, reference, limit)
        for number in _numbers(context, len(reference.items), size):
            _judge_page(context, reference, number, limit, size)


@EACH_ROLE
def test_any_page(context: Context, role: str) -> None:
    """Any page of any size is that part of the whole."""
    context.need(role)
    for reference in _references(context, role):
        container = reference.container
        chance = context.random(role, container)
        for _ in range(context.depth.rounds):
            limit = chance.randint(1, pagination.page_size(context, role, container))
            size = _size(context, reference, limit)
            # What is past the end has a law of its own.
            number = chance.randint(1, ceil(len(reference.items) / size))
            _judge_page(context, reference, number, limit, size)


def test_every_limit(context: Context) -> None:
    """The first page of every size is the beginning of the whole."""
    # One list is enough: a size is handled alike in all.
    reference = _references(context, "primary")[0]
    largest = pagination.page_size(context, "primary", reference.container)
    for limit in range(1, largest + 1):
        _judge_page(context, reference, 1, limit, limit)


@EACH_ROLE
def test_whole(context: Context, role: str) -> None:
    """The whole has no item twice, and only items of its container, newest first."""
    context.need(role)
    for container in resources.homes(context, role):
        # In the fewest calls, in pages of the default size, and with a short last page.
        for limit in (pagination.page_size(context, role, container), 20, 9):
            items = pagination.whole(context, role, container, limit)
            exchange = pagination.send_page(context, role, container, 1, limit)
            counts = Counter(str(item["id"]) for item in items)
            name, times = counts.most_common(1)[0] if counts else ("", 0)
            if times > 1:
                context.find(
                    "pages.whole",
                    OPERATION,
                    Text("{} twice with limit {}", name, limit),
                    "each once",
                    exchange,
                )
            _judge_order(context, items, exchange)
            _judge_container(context, items, container, exchange)


@EACH_ROLE
def test_defaults(context: Context, role: str) -> None:
    """Without `page` and `limit` it is the first page of the default size.

    Each of them may be absent alone.
    """
    context.need(role)
    operation = context.contract.operations[OPERATION]
    size = operation.parameter("limit").schema["default"]
    for _, container, reference in _references(context, role):
        for page, limit in DEFAULTS:
            number, most = page or 1, limit or size
            wanted = reference[(number - 1) * most : number * most]
            if not wanted:
                continue
            exchange, items = pagination.page(
                context,
                role,
                container,
                page,
                limit,
            )
            if items != wanted:
                context.find(
                    "pages.defaults",
                    OPERATION,
                    Text("page={}, limit={}: {}", page, limit, _first_difference(items, wanted)),
                    Text("as page={}, limit={}", number, most),
                    exchange,
                )
            first = pagination.first_page(context, role, container)
            _judge_echo(context, exchange, first, most)


@EACH_ROLE
def test_past_the_end(context: Context, role: str) -> None:
    """A page past the end is empty and says the same total."""
    context.need(role)
    for _, container, reference in _references(context, role):
        total = len(reference)
        # Sizes that fit the whole and that do not.
        for limit in (1, 7, 20, FULL_PAGE):
            last = ceil(total / limit)
            # Just past the end, and where a wrong total would still promise items.
            for number in (last + 1, last + 2, last + 50, total + 1000):
                template = pagination.at(
                    context,
                    role,
                    container,
                    number,
                    limit,
                )
                exchange = context.accepted(template, role, "pages.past-end")
                items = pagination.items_of(context, exchange)
                if items:
                    context.find(
                        "pages.past-end",
                        OPERATION,
                        Text("{} items", len(items)),
                        "none past the end",
                        exchange,
                    )
                _judge_echo(context, exchange, number, limit)
                _judge_total(context, exchange, total)


def test_users_have_their_own(context: Context) -> None:
    """Two users do not share a whole list of notifications or of referrals."""
    roles = ("primary", "secondary")
    context.need(*roles)
    shared = set.intersection(*(set(resources.homes(context, role)) for role in roles))
    for container in shared:
        first, second = (_without_read(context, role, container) for role in roles)
        if len(first) >= MANY and first == second:
            exchange = context.send(notifications(container), "secondary")
            context.find(
                "pages.own",
                OPERATION,
                Text("both users have the same {} notifications", len(first)),
                "each one's own",
                exchange,
            )


def _without_read(
    context: Context,
    role: str,
    container: str,
) -> list[Item]:
    """Return all notifications without whether they were read, which is each user's own."""
    items = pagination.whole(context, role, container)
    return [{**item, "read": None} for item in items]


def _size(context: Context, reference: Reference, limit: int) -> int:
    """Return how many items a page of this limit holds.

    A target may hold fewer, as long as none is lost.
    """
    role, container, whole = reference
    exchange, items = pagination.page(context, role, container, 1, limit)
    wanted = min(limit, len(whole))
    if 0 < len(items) < wanted:
        _find_short(context, exchange, (len(items), limit), wanted)
        return len(items)
    return limit


def _find_short(
    context: Context,
    exchange: Exchange,
    counts: tuple[int, int],
    wanted: int,
) -> None:
    context.find(
        "pages.size",
        OPERATION,
        Text("{} items on page 1 of {}", *counts),
        Text("{} items", wanted),
        exchange,
    )


def _give_up_if_new(
    context: Context,
    exchange: Exchange,
    total: int,
) -> None:
    """Give up where something has come since the whole was read, which may happen at any time."""
    now = context.object(exchange).get("total")
    # A boolean is an integer to Python.
    if type(now) is not int or now <= total:
        return
    again = context.client.send(exchange.request)
    # A total that only one answer gives is wrong.
    if context.object(again).get("total") == now:
        raise NotJudgedError("new notifications have come while pages were compared")


def _judge_page(
    context: Context,
    reference: Reference,
    number: int,
    limit: int,
    size: int,
) -> None:
    """Judge a page of a limit by its part of the whole, where pages have a size."""
    role, container, whole = reference
    total = len(whole)
    wanted = whole[(number - 1) * size : number * size]
    exchange, items = pagination.page(context, role, container, number, limit)
    if items != wanted:
        _give_up_if_new(context, exchange, total)
    if len(items) > limit:
        context.find(
            "pages.limit",
            OPERATION,
            Text("{} items on page {} of {}", len(items), number, limit),
            Text("at most {}", limit),
            exchange,
        )
    if number == 1 and 0 < len(items) < len(wanted) and items == wanted[: len(items)]:
        _find_short(context, exchange, (len(items), limit), len(wanted))
    elif items != wanted:
        context.find(
            "pages.whole",
            OPERATION,
            Text("page {} of {}: {}", number, limit, _first_difference(items, wanted)),
            Text("{} items as in the whole", len(wanted)),
            exchange,
        )
    _judge_echo(context, exchange, number, limit)
    _judge_total(context, exchange, total)


def _first_difference(items: list[Item], wanted: list[Item]) -> Text:
    for place, (item, other) in enumerate(zip(items, wanted, strict=False), 1):
        if item != other:
            return Text("item {} is {}, not {}", place, item, other)
    return Text("{} items", len(items))


def _references(context: Context, role: str) -> list[Reference]:
    """Return all notifications of the containers that have some."""
    lists = [
        Reference(role, container, pagination.whole(context, role, container))
        for container in resources.homes(context, role)
    ]
    found = [reference for reference in lists if reference.items]
    if not found:
        raise NotJudgedError(f"the session {role} has no notifications")
    return found


def _numbers(
    context: Context,
    total: int,
    limit: int,
) -> list[int]:
    """Return the numbers of the pages to read: all, or the first, the last and some between."""
    last = ceil(total / limit)
    most = context.depth.pages
    if last <= most:
        return list(range(1, last + 1))
    between = range(4, last - 1)
    middle = context.random(total, limit).sample(between, min(most - 5, last - 5))
    return [1, 2, 3, *sorted(middle), last - 1, last]


def _judge_order(
    context: Context,
    items: list[Item],
    exchange: Exchange,
) -> None:
    stamps = [(moment(item.get("createdAt")), str(item["id"])) for item in items]
    for (first, name), (second, other) in itertools.pairwise(stamps):
        if first is None or second is None:
            continue
        if first < second or (first == second and _comes_after(name, other)):
            context.find(
                "pages.order",
                OPERATION,
                Text(
                    "{} ({}) before {} ({})",
                    name,
                    first[0],
                    other,
                    second[0],
                ),
                "newest first, then by id",
                exchange,
            )


def _comes_after(one: str, other: str) -> bool:
    """Whether an id belongs behind another, by its letters and, if both are numbers, by them."""
    are_numbers = one.isdecimal() and other.isdecimal()
    return one > other and not (are_numbers and int(one) < int(other))


def _judge_container(
    context: Context,
    items: list[Item],
    container: str,
    exchange: Exchange,
) -> None:
    names = {str(item.get("containerId", container)) for item in items}
    odd = names - {container}
    # A target may have a form of its own for the name of a container, but then it is the same for
    # all.
    if odd and (len(names) > 1 or not odd.isdisjoint(context.target.containers)):
        foreign = next(item for item in items if str(item.get("containerId", container)) in odd)
        context.find(
            "pages.container",
            OPERATION,
            Value(foreign),
            Text("only notifications of {}", container),
            exchange,
        )


def _judge_echo(
    context: Context,
    exchange: Exchange,
    page: int,
    limit: int,
) -> None:
    body = context.object(exchange)
    # Where the target counts from 0, the number is not that of the page.
    query = dict(parse_qsl(exchange.request.path.partition("?")[2]))
    page = int(query.get("page", page))
    echoed = (body.get("page"), body.get("limit"))
    if echoed != (page, limit) and None not in echoed:
        context.find(
            "pages.echo",
            OPERATION,
            Text("page {}, limit {}", *echoed),
            Text("page {}, limit {}", page, limit),
            exchange,
        )


def _judge_total(
    context: Context,
    exchange: Exchange,
    total: int,
) -> None:
    found = context.object(exchange).get("total")
    if found is not None and found != total:
        context.find(
            "pages.total",
            OPERATION,
            Text("total {}", found),
            Text("total {}, as many as the pages hold", total),
            exchange,
        )
