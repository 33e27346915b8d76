"""Pages of any size concatenate to the whole, in order, for each user and container."""

from __future__ import annotations

import itertools
from math import ceil
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import pytest

from contract_tests.api import pagination, resources
from contract_tests.api.context import FULL_PAGE, Item, Lab
from contract_tests.api.request_templates import notifications
from contract_tests.config import depth
from contract_tests.exceptions import NotJudgedError
from contract_tests.laws._support import moment

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

WHO = pytest.mark.parametrize("who", ["primary", "secondary"])
LIMITS = sorted({limit for each in depth.DEPTHS.values() for limit in each.limits})
OPERATION = "listNotifications"
MANY = 4


@WHO
@pytest.mark.parametrize("limit", LIMITS)
def test_pages_add_up(lab: Lab, who: str, limit: int) -> None:
    """The pages of one size are the whole: in its order, none twice, none lost, each full but the last."""
    lab.need(who)
    if limit not in lab.depth.limits:
        pytest.skip("another depth")
    for container, reference in _references(lab, who):
        size = _size(lab, who, container, limit, len(reference))
        for number in _numbers(lab, len(reference), size):
            exchange, items = pagination.page(lab, who, container, number, limit)
            wanted = reference[(number - 1) * size : number * size]
            _judge_page(lab, exchange, items, wanted, (number, limit, len(reference)))


@WHO
def test_any_page(lab: Lab, who: str) -> None:
    """Any page of any size is that part of the whole."""
    lab.need(who)
    for container, reference in _references(lab, who):
        chance = lab.random(who, container)
        for _ in range(lab.depth.rounds):
            limit = chance.randint(1, pagination.page_size(lab, who, container))
            size = _size(lab, who, container, limit, len(reference))
            number = chance.randint(1, ceil(len(reference) / size))
            exchange, items = pagination.page(lab, who, container, number, limit)
            wanted = reference[(number - 1) * size : number * size]
            _judge_page(lab, exchange, items, wanted, (number, limit, len(reference)))


def test_every_limit(lab: Lab) -> None:
    """The first page of every size is the beginning of the whole."""
    container, reference = _references(lab, "primary")[0]
    largest = pagination.page_size(lab, "primary", container)
    for limit in range(1, largest + 1):
        exchange, items = pagination.page(lab, "primary", container, 1, limit)
        _judge_page(lab, exchange, items, reference[:limit], (1, limit, len(reference)))


@WHO
def test_whole(lab: Lab, who: str) -> None:
    """The whole has no item twice, only items of its container, newest first, and `total` of them."""
    lab.need(who)
    for container in resources.homes(lab, who):
        for limit in (pagination.page_size(lab, who, container), 20, 9):
            items = pagination.whole(lab, who, container, limit)
            identities = [item["id"] for item in items]
            exchange = lab.ask(pagination.at(lab, who, container, 1, limit), who)
            if len(set(map(str, identities))) != len(identities):
                double = next(name for name in identities if identities.count(name) > 1)
                lab.find(
                    "pages.whole",
                    OPERATION,
                    f"{double} twice with limit {limit}",
                    "each once",
                    exchange,
                )
            _order(lab, items, exchange)
            _container(lab, items, container, exchange)


@WHO
def test_defaults(lab: Lab, who: str) -> None:
    """Without `page` and `limit` it is the first page of the default size; each may be absent alone."""
    lab.need(who)
    operation = lab.contract.operations[OPERATION]
    size = operation.parameter("limit").schema["default"]
    for container, reference in _references(lab, who):
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
            exchange, items = pagination.page(lab, who, container, page, limit)
            number, most = page or 1, limit or size
            if items != reference[(number - 1) * most : number * most]:
                wanted = reference[(number - 1) * most : number * most]
                received = f"page={page}, limit={limit}: {_first_difference(items, wanted)}"
                lab.find(
                    "pages.defaults",
                    OPERATION,
                    received,
                    f"as page={number}, limit={most}",
                    exchange,
                )
            _echo(lab, exchange, pagination.first_page(lab, who, container), most)


@WHO
def test_past_the_end(lab: Lab, who: str) -> None:
    """A page past the end is empty and says the same total."""
    lab.need(who)
    for container, reference in _references(lab, who):
        total = len(reference)
        for limit in (1, 7, 20, FULL_PAGE):
            last = ceil(total / limit)
            for number in (last + 1, last + 2, last + 50, total + 1000):
                exchange = lab.accepted(
                    pagination.at(lab, who, container, number, limit), who, "pages.past-end"
                )
                items = pagination.items_of(lab, exchange)
                if items and (number - 1) * limit >= total:
                    lab.find(
                        "pages.past-end",
                        OPERATION,
                        f"{len(items)} items",
                        "none past the end",
                        exchange,
                    )
                _echo(lab, exchange, number, limit)
                _total(lab, exchange, total)


def test_users_have_their_own(lab: Lab) -> None:
    """Two users do not share a whole list of notifications or of referrals."""
    lab.need("primary", "secondary")
    for container in set(resources.homes(lab, "primary")) & set(resources.homes(lab, "secondary")):
        first, second = (
            _plain(pagination.whole(lab, who, container)) for who in ("primary", "secondary")
        )
        # Few that are the same may have been told to everybody.
        if len(first) >= MANY and first == second:
            exchange = lab.ask(notifications(container), "secondary")
            lab.find(
                "pages.own",
                OPERATION,
                f"both users have the same {len(first)} notifications",
                "each one's own",
                exchange,
            )


def _size(lab: Lab, who: str, container: str, limit: int, total: int) -> int:
    """How many items a page of this limit holds: a target may hold fewer, as long as none is lost."""
    exchange, items = pagination.page(lab, who, container, 1, limit)
    if 0 < len(items) < min(limit, total):
        lab.find(
            "pages.size",
            OPERATION,
            f"{len(items)} items on page 1 of {limit}",
            f"{min(limit, total)} items",
            exchange,
        )
        return len(items)
    return limit


def _settled(
    lab: Lab, exchange: Exchange, items: list[Item], wanted: list[Item], total: int
) -> None:
    """Give up where something has come since the whole was read, which may happen at any time."""
    said = lab.object(exchange).get("total")
    if items != wanted and type(said) is int and said > total:
        again = lab.body(lab.client.send(exchange.call))
        if isinstance(again, dict) and again.get("total") == said:
            raise NotJudgedError("new notifications have come while pages were compared")


def _judge_page(
    lab: Lab, exchange: Exchange, items: list[Item], wanted: list[Item], at: tuple[int, int, int]
) -> None:
    number, limit, total = at
    _settled(lab, exchange, items, wanted, total)
    if len(items) > limit:
        lab.find(
            "pages.limit",
            OPERATION,
            f"{len(items)} items on page {number} of {limit}",
            f"at most {limit}",
            exchange,
        )
    if number == 1 and 0 < len(items) < len(wanted) and items == wanted[: len(items)]:
        lab.find(
            "pages.size",
            OPERATION,
            f"{len(items)} items on page 1 of {limit}",
            f"{len(wanted)} items",
            exchange,
        )
    elif items != wanted:
        received = f"page {number} of {limit}: {_first_difference(items, wanted)}"
        lab.find(
            "pages.whole", OPERATION, received, f"{len(wanted)} items as in the whole", exchange
        )
    _echo(lab, exchange, number, limit)
    _total(lab, exchange, total)


def _first_difference(items: list[Item], wanted: list[Item]) -> str:
    pairs = enumerate(zip(items, wanted, strict=False), 1)
    return next(
        (f"item {place} is {a}, not {b}" for place, (a, b) in pairs if a != b),
        f"{len(items)} items",
    )


def _references(lab: Lab, who: str) -> list[tuple[str, list[Item]]]:
    """Return the containers that have notifications, each with all of them."""
    found = [
        (container, items)
        for container in resources.homes(lab, who)
        if (items := pagination.whole(lab, who, container))
    ]
    if not found:
        raise NotJudgedError(f"the session {who} has no notifications")
    return found


def _numbers(lab: Lab, total: int, limit: int) -> list[int]:
    last = ceil(total / limit)
    if last <= lab.depth.pages:
        return list(range(1, last + 1))
    middle = lab.random(total, limit).sample(range(4, last - 1), min(lab.depth.pages - 5, last - 5))
    return [1, 2, 3, *sorted(middle), last - 1, last]


def _order(lab: Lab, items: list[Item], exchange: Exchange) -> None:
    stamps = [(moment(item.get("createdAt")), item["id"]) for item in items]
    for (first, first_id), (second, second_id) in itertools.pairwise(stamps):
        if first is None or second is None:
            continue
        tied = first == second and _after(str(first_id), str(second_id))
        if first < second or tied:
            received = f"{first_id} ({first[0]}) before {second_id} ({second[0]})"
            lab.find("pages.order", OPERATION, received, "newest first, then by id", exchange)


def _after(one: str, other: str) -> bool:
    """Whether an identity belongs behind another, by its letters and, where it is a number, by that too."""
    numbers = one.isdecimal() and other.isdecimal()
    return one > other and not (numbers and int(one) < int(other))


def _container(lab: Lab, items: list[Item], container: str, exchange: Exchange) -> None:
    said = [str(item.get("containerId", container)) for item in items]
    # A target may have a form of its own for the name of a container, but then it is the same for all.
    odd = {name for name in said if name != container}
    foreign = [item for item, name in zip(items, said, strict=True) if name in odd]
    if odd & set(lab.target.containers) or (odd and len(set(said)) > 1):
        lab.find(
            "pages.container",
            OPERATION,
            f"{foreign[0]}",
            f"only notifications of {container}",
            exchange,
        )


def _echo(lab: Lab, exchange: Exchange, page: int, limit: int) -> None:
    body = lab.body(exchange)
    asked = dict(parse_qsl(exchange.call.path.partition("?")[2]))
    page = int(asked.get("page", page))
    echoed = (body.get("page"), body.get("limit"))
    if echoed != (page, limit) and None not in echoed:
        lab.find(
            "pages.echo",
            OPERATION,
            f"page {echoed[0]}, limit {echoed[1]}",
            f"page {page}, limit {limit}",
            exchange,
        )


def _total(lab: Lab, exchange: Exchange, total: int) -> None:
    said = lab.object(exchange).get("total")
    if said is not None and said != total:
        lab.find(
            "pages.total",
            OPERATION,
            f"total {said}",
            f"total {total}, as many as the pages hold",
            exchange,
        )


def _plain(items: list[Item]) -> list[Item]:
    return [{key: value for key, value in item.items() if key != "read"} for item in items]
