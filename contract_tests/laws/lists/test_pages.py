"""Pages of any size concatenate to the whole, in order, for each user and container."""

from __future__ import annotations

import itertools
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from contract_tests.api import pagination, resources
from contract_tests.api.context import FULL_PAGE, Context, Item
from contract_tests.api.request_templates import notifications
from contract_tests.config import depth
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import moment

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

EACH_ROLE = pytest.mark.parametrize("role", ["primary", "secondary"])
LIMITS = sorted({limit for each in depth.DEPTHS.values() for limit in each.limits})
OPERATION = "listNotifications"
MANY = 4


@EACH_ROLE
@pytest.mark.parametrize("limit", LIMITS)
def test_pages_add_up(context: Context, role: str, limit: int) -> None:
    """The pages of one size are the whole: in its order, none twice, none lost, each full but the last."""
    context.need(role)
    if limit not in context.depth.limits:
        pytest.skip("another depth")
    for container, reference in _references(context, role):
        size = _size(context, role, container, limit, len(reference))
        for number in _numbers(context, len(reference), size):
            exchange, items = pagination.page(context, role, container, number, limit)
            wanted = reference[(number - 1) * size : number * size]
            _judge_page(context, exchange, items, wanted, (number, limit, len(reference)))


@EACH_ROLE
def test_any_page(context: Context, role: str) -> None:
    """Any page of any size is that part of the whole."""
    context.need(role)
    for container, reference in _references(context, role):
        chance = context.random(role, container)
        for _ in range(context.depth.rounds):
            limit = chance.randint(1, pagination.page_size(context, role, container))
            size = _size(context, role, container, limit, len(reference))
            number = chance.randint(1, ceil(len(reference) / size))
            exchange, items = pagination.page(context, role, container, number, limit)
            wanted = reference[(number - 1) * size : number * size]
            _judge_page(context, exchange, items, wanted, (number, limit, len(reference)))


def test_every_limit(context: Context) -> None:
    """The first page of every size is the beginning of the whole."""
    container, reference = _references(context, "primary")[0]
    largest = pagination.page_size(context, "primary", container)
    for limit in range(1, largest + 1):
        exchange, items = pagination.page(context, "primary", container, 1, limit)
        _judge_page(context, exchange, items, reference[:limit], (1, limit, len(reference)))


@EACH_ROLE
def test_whole(context: Context, role: str) -> None:
    """The whole has no item twice, only items of its container, newest first, and `total` of them."""
    context.need(role)
    for container in resources.homes(context, role):
        for limit in (pagination.page_size(context, role, container), 20, 9):
            items = pagination.whole(context, role, container, limit)
            identities = [item["id"] for item in items]
            exchange = context.send(pagination.at(context, role, container, 1, limit), role)
            if len(set(map(str, identities))) != len(identities):
                double = next(name for name in identities if identities.count(name) > 1)
                context.find(
                    "pages.whole",
                    OPERATION,
                    Text("{} twice with limit {}", double, limit),
                    "each once",
                    exchange,
                )
            _order(context, items, exchange)
            _container(context, items, container, exchange)


@EACH_ROLE
def test_defaults(context: Context, role: str) -> None:
    """Without `page` and `limit` it is the first page of the default size; each may be absent alone."""
    context.need(role)
    operation = context.contract.operations[OPERATION]
    size = operation.parameter("limit").schema["default"]
    for container, reference in _references(context, role):
        for page, limit in (
            (None, None),
            (2, None),
            (3, None),
            (None, 5),
            (None, FULL_PAGE),
            (1, None),
        ):
            if ((page or 1) - 1) * (limit or size) >= len(reference):
                continue
            exchange, items = pagination.page(context, role, container, page, limit)
            number, most = page or 1, limit or size
            if items != reference[(number - 1) * most : number * most]:
                wanted = reference[(number - 1) * most : number * most]
                context.find(
                    "pages.defaults",
                    OPERATION,
                    Text("page={}, limit={}: {}", page, limit, _first_difference(items, wanted)),
                    Text("as page={}, limit={}", number, most),
                    exchange,
                )
            _echo(context, exchange, pagination.first_page(context, role, container), most)


@EACH_ROLE
def test_past_the_end(context: Context, role: str) -> None:
    """A page past the end is empty and says the same total."""
    context.need(role)
    for container, reference in _references(context, role):
        total = len(reference)
        for limit in (1, 7, 20, FULL_PAGE):
            last = ceil(total / limit)
            for number in (last + 1, last + 2, last + 50, total + 1000):
                exchange = context.accepted(
                    pagination.at(context, role, container, number, limit), role, "pages.past-end"
                )
                items = pagination.items_of(context, exchange)
                if items and (number - 1) * limit >= total:
                    context.find(
                        "pages.past-end",
                        OPERATION,
                        Text("{} items", len(items)),
                        "none past the end",
                        exchange,
                    )
                _echo(context, exchange, number, limit)
                _total(context, exchange, total)


def test_users_have_their_own(context: Context) -> None:
    """Two users do not share a whole list of notifications or of referrals."""
    context.need("primary", "secondary")
    for container in set(resources.homes(context, "primary")) & set(
        resources.homes(context, "secondary")
    ):
        first, second = (
            _plain(pagination.whole(context, role, container)) for role in ("primary", "secondary")
        )
        # Few that are the same may have been told to everybody.
        if len(first) >= MANY and first == second:
            exchange = context.send(notifications(container), "secondary")
            context.find(
                "pages.own",
                OPERATION,
                Text("both users have the same {} notifications", len(first)),
                "each one's own",
                exchange,
            )


def _size(context: Context, role: str, container: str, limit: int, total: int) -> int:
    """How many items a page of this limit holds: a target may hold fewer, as long as none is lost."""
    exchange, items = pagination.page(context, role, container, 1, limit)
    if 0 < len(items) < min(limit, total):
        context.find(
            "pages.size",
            OPERATION,
            Text("{} items on page 1 of {}", len(items), limit),
            Text("{} items", min(limit, total)),
            exchange,
        )
        return len(items)
    return limit


def _settled(
    context: Context, exchange: Exchange, items: list[Item], wanted: list[Item], total: int
) -> None:
    """Give up where something has come since the whole was read, which may happen at any time."""
    said = context.object(exchange).get("total")
    if items != wanted and type(said) is int and said > total:
        again = context.body(context.client.send(exchange.request))
        if isinstance(again, dict) and again.get("total") == said:
            raise NotJudgedError("new notifications have come while pages were compared")


def _judge_page(
    context: Context,
    exchange: Exchange,
    items: list[Item],
    wanted: list[Item],
    at: tuple[int, int, int],
) -> None:
    number, limit, total = at
    _settled(context, exchange, items, wanted, total)
    if len(items) > limit:
        context.find(
            "pages.limit",
            OPERATION,
            Text("{} items on page {} of {}", len(items), number, limit),
            Text("at most {}", limit),
            exchange,
        )
    if number == 1 and 0 < len(items) < len(wanted) and items == wanted[: len(items)]:
        context.find(
            "pages.size",
            OPERATION,
            Text("{} items on page 1 of {}", len(items), limit),
            Text("{} items", len(wanted)),
            exchange,
        )
    elif items != wanted:
        context.find(
            "pages.whole",
            OPERATION,
            Text("page {} of {}: {}", number, limit, _first_difference(items, wanted)),
            Text("{} items as in the whole", len(wanted)),
            exchange,
        )
    _echo(context, exchange, number, limit)
    _total(context, exchange, total)


def _first_difference(items: list[Item], wanted: list[Item]) -> Text:
    for place, (item, other) in enumerate(zip(items, wanted, strict=False), 1):
        if item != other:
            return Text("item {} is {}, not {}", place, item, other)
    return Text("{} items", len(items))


def _references(context: Context, role: str) -> list[tuple[str, list[Item]]]:
    """Return the containers that have notifications, each with all of them."""
    found = [
        (container, items)
        for container in resources.homes(context, role)
        if (items := pagination.whole(context, role, container))
    ]
    if not found:
        raise NotJudgedError(f"the session {role} has no notifications")
    return found


def _numbers(context: Context, total: int, limit: int) -> list[int]:
    last = ceil(total / limit)
    if last <= context.depth.pages:
        return list(range(1, last + 1))
    middle = context.random(total, limit).sample(
        range(4, last - 1), min(context.depth.pages - 5, last - 5)
    )
    return [1, 2, 3, *sorted(middle), last - 1, last]


def _order(context: Context, items: list[Item], exchange: Exchange) -> None:
    stamps = [(moment(item.get("createdAt")), item["id"]) for item in items]
    for (first, first_id), (second, second_id) in itertools.pairwise(stamps):
        if first is None or second is None:
            continue
        tied = first == second and _after(str(first_id), str(second_id))
        if first < second or tied:
            context.find(
                "pages.order",
                OPERATION,
                Text("{} ({}) before {} ({})", first_id, first[0], second_id, second[0]),
                "newest first, then by id",
                exchange,
            )


def _after(one: str, other: str) -> bool:
    """Whether an identity belongs behind another, by its letters and, where it is a number, by that too."""
    numbers = one.isdecimal() and other.isdecimal()
    return one > other and not (numbers and int(one) < int(other))


def _container(context: Context, items: list[Item], container: str, exchange: Exchange) -> None:
    said = [str(item.get("containerId", container)) for item in items]
    # A target may have a form of its own for the name of a container, but then it is the same for all.
    odd = {name for name in said if name != container}
    foreign = [item for item, name in zip(items, said, strict=True) if name in odd]
    if odd & set(context.target.containers) or (odd and len(set(said)) > 1):
        context.find(
            "pages.container",
            OPERATION,
            Value(foreign[0]),
            Text("only notifications of {}", container),
            exchange,
        )


def _echo(context: Context, exchange: Exchange, page: int, limit: int) -> None:
    body = context.body(exchange)
    asked = dict(parse_qsl(exchange.request.path.partition("?")[2]))
    page = int(asked.get("page", page))
    echoed = (body.get("page"), body.get("limit"))
    if echoed != (page, limit) and None not in echoed:
        context.find(
            "pages.echo",
            OPERATION,
            Text("page {}, limit {}", echoed[0], echoed[1]),
            Text("page {}, limit {}", page, limit),
            exchange,
        )


def _total(context: Context, exchange: Exchange, total: int) -> None:
    said = context.object(exchange).get("total")
    if said is not None and said != total:
        context.find(
            "pages.total",
            OPERATION,
            Text("total {}", said),
            Text("total {}, as many as the pages hold", total),
            exchange,
        )


def _plain(items: list[Item]) -> list[Item]:
    return [{key: value for key, value in item.items() if key != "read"} for item in items]
