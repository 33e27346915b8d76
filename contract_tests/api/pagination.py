"""Reads whole lists, page by page, whatever number the target gives its first page."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from contract_tests.api import resources
from contract_tests.api.context import BAD_REQUEST, FULL_PAGE, Context, Item
from contract_tests.api.request_templates import REFERRALS, RequestTemplate, notifications
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Status, Text

if TYPE_CHECKING:
    from contract_tests.findings.evidence import Facts
    from contract_tests.http.messages import Exchange

# Pages of a first reading, and of a whole list before it is given up.
FIRST_PAGES, MOST_PAGES = 3, 100
# Readings of a list that grows meanwhile.
TRIES = 4
# The largest that the contract allows first, for the fewest calls.
SIZES = (FULL_PAGE, 50, 20, 10)
ITEMS = {"listNotifications": "Notification", "listReferrals": "Referral"}
Inbox = dict[str, list[Item]]
Reading = tuple[list[Item], "Exchange"]


def items_of(context: Context, exchange: Exchange) -> list[Item]:
    """Return the items of a list's answer."""
    items = context.object(exchange).get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotJudgedError(f"{exchange.request.operation} answers in a shape of its own")
    return [_known(context, exchange.request.operation, item) for item in items]


def first_page(
    context: Context,
    role: str,
    container: str,
) -> int:
    """The number of a list's first page: 1, or 0 where the target turns out to count from there."""

    def learn() -> int:
        return 0 if _counts_from_zero(context, role, container) else 1

    return context.once(f"first page {role} {container}", learn)


def _counts_from_zero(
    context: Context,
    role: str,
    container: str,
) -> bool:
    zeroth, first, plain = (
        context.send(notifications(container, number, 5), role) for number in (0, 1, None)
    )
    if not (zeroth.ok and first.ok and plain.ok):
        return False
    items = items_of(context, zeroth)
    # A target may also take 0 for 1, or ignore what it does not know.
    if not items or items != items_of(context, plain) or items == items_of(context, first):
        return False
    context.find(
        "pages.defaults",
        "listNotifications",
        "the first page is page 0",
        "the first page is page 1",
        plain,
        zeroth,
    )
    return True


def at(
    context: Context,
    role: str,
    container: str,
    number: int | None,
    limit: object = None,
) -> RequestTemplate:
    """Return the request for the page that is the `number`th, from 1 on; None for no number."""
    if number is not None:
        number += first_page(context, role, container) - 1
    return notifications(container, number, limit)


def send_page(
    context: Context,
    role: str,
    container: str,
    number: int,
    limit: object,
) -> Exchange:
    """Send the request for a page, which may be refused."""
    return context.send(at(context, role, container, number, limit), role)


def page(
    context: Context,
    role: str,
    container: str,
    number: int | None = None,
    limit: object = None,
) -> tuple[Exchange, list[Item]]:
    """Read one page; without a number, the one that the target answers by default."""
    template = at(
        context,
        role,
        container,
        number,
        limit,
    )
    # The bounds of both are ours.
    rule = "input.valid" if number is None and limit is None else "input.accepted"
    exchange = context.accepted(template, role, rule)
    return exchange, items_of(context, exchange)


def page_size(
    context: Context,
    role: str,
    container: str,
) -> int:
    """The largest size of page that the target takes and fills.

    That 100 is too much for it is judged elsewhere.
    """

    def learn() -> int:
        for size in SIZES:
            if _holds(context, role, container, size):
                return size
        return _filled(context, role, container)

    return context.once(f"page size {role} {container}", learn)


def _filled(
    context: Context,
    role: str,
    container: str,
) -> int:
    """How many items a first page has, whatever was requested."""
    exchange = send_page(context, role, container, 1, SIZES[-1])
    number = len(items_of(context, exchange)) if exchange.ok else 0
    return number or FULL_PAGE


def _holds(
    context: Context,
    role: str,
    container: str,
    size: int,
) -> bool:
    """Whether pages of this size are taken, and full while there are more items."""
    first, second = (send_page(context, role, container, number, size) for number in (1, 2))
    if not first.ok:
        return False
    is_full = len(items_of(context, first)) >= size
    return is_full or not second.ok or not items_of(context, second)


def whole(
    context: Context,
    role: str,
    container: str,
    size: int = 0,
) -> list[Item]:
    """Read all notifications of a container, page by page until one is empty.

    Read them again where some have come meanwhile.
    """
    for _ in range(TRIES):
        first, found = _pages(context, role, container, size)
        total = _total(context, first)
        if total is None or len(found) <= total:
            return found
        if _total(context, context.client.send(first.request)) == total:
            return found
    raise NotJudgedError("new notifications come while pages are read")


def _total(context: Context, exchange: Exchange) -> int | None:
    total = context.object(exchange).get("total")
    return total if isinstance(total, int) else None


def _pages(
    context: Context,
    role: str,
    container: str,
    size: int,
) -> tuple[Exchange, list[Item]]:
    """Return the first page as it came, and the items of all."""
    limit = size or page_size(context, role, container)
    first, last = page(
        context,
        role,
        container,
        1,
        limit,
    )
    exchange, found = first, list(last)
    for number in range(2, MOST_PAGES + 1):
        total = _total(context, exchange)
        exchange = send_page(context, role, container, number, limit)
        # Without a total every page may be the first, until the third.
        is_whole = number > 2 if total is None else len(found) >= total  # noqa: PLR2004
        items = _further_items(context, exchange, last, is_whole=is_whole)
        if not items:
            return first, found
        if len(found) < limit * (number - 1):
            counts = (len(items), number, limit, len(found))
            context.find(
                "pages.size",
                exchange.request.operation,
                Text("{} items on page {} of {} after {} items on those before", *counts),
                "full pages before it",
                exchange,
            )
        last = items
        found += items
        if len(found) == total and len(items) < limit:
            return first, found
    if size:
        return first, found
    most = MOST_PAGES * limit
    raise NotJudgedError(f"the session {role} has more than {most} notifications in {container}")


def _further_items(
    context: Context,
    exchange: Exchange,
    last: list[Item],
    *,
    is_whole: bool,
) -> list[Item]:
    """Return the items of one more page; none where the list has ended."""
    if not exchange.ok:
        # No loss of items: only we say that a page past the end is empty.
        if exchange.refused:
            _past_end(context, exchange, exchange)
        return []
    items = items_of(context, exchange)
    if items and items == last and is_whole:
        _past_end(context, exchange, "the last page once more")
        return []
    return items


def _past_end(
    context: Context,
    exchange: Exchange,
    received: Facts,
) -> None:
    expected = Status(200, "with no items")
    context.find(
        "pages.past-end",
        exchange.request.operation,
        received,
        expected,
        exchange,
    )


def first_readings(
    context: Context,
    role: str,
    container: str,
) -> tuple[Reading, Reading]:
    """Return what the first two readings of a list gave, before anything else was requested.

    Unread can become read once only.
    """

    def learn() -> tuple[Reading, Reading]:
        return reading(context, role, container), reading(context, role, container)

    return context.once(f"first readings {role} {container}", learn)


def keep_before_writing(context: Context) -> None:
    """Read every list once more before the run writes for the first time.

    What that does to them can be told by it.
    """
    for role in context.roles():
        for container in context.target.containers:
            learn = partial(reading, context, role, container)
            context.once(_before_writing(role, container), learn)


def before_writing(
    context: Context,
    role: str,
    container: str,
) -> Reading | None:
    """Return what the reading before the first write gave.

    None where nothing was written before the laws.
    """
    return context.once(_before_writing(role, container), lambda: None)


def _before_writing(role: str, container: str) -> str:
    return f"before writing {role} {container}"


def reading(
    context: Context,
    role: str,
    container: str,
) -> Reading:
    """Read the beginning of a list in as few calls as the target allows."""
    for size in SIZES:
        first = context.send(notifications(container, 1, size), role)
        if first.status != BAD_REQUEST:
            break
    found: list[Item] = []
    exchange = first
    with suppress(NotJudgedError):
        for number in range(2, FIRST_PAGES + 2):
            items = items_of(context, exchange) if exchange.ok else []
            found += items
            if len(items) < size or number > FIRST_PAGES:
                break
            exchange = context.send(notifications(container, number, size), role)
    return found, first


def inbox(context: Context, role: str) -> Inbox:
    """Read all notifications of a user by container."""
    return {
        container: whole(context, role, container) for container in resources.homes(context, role)
    }


def referrals(context: Context, role: str) -> tuple[Exchange, list[Item]]:
    """Read the referrals."""
    exchange = context.accepted(REFERRALS, role)
    return exchange, items_of(context, exchange)


def referred(context: Context, role: str) -> dict[str, object]:
    """Return who was referred and when.

    Names are left out: other users may change theirs at any time.
    """
    _, items = referrals(context, role)
    return {str(item.get("username")): item.get("joinedAt") for item in items}


def _known(
    context: Context,
    operation: str,
    item: Item,
) -> Item:
    """Return an item without what the contract does not name, which may change at any time."""
    known = context.contract.full.document["components"]["schemas"][ITEMS[operation]]["properties"]
    documented = {key: item[key] for key in known if key in item}
    if "id" not in documented and operation == "listNotifications":
        raise NotJudgedError(f"{operation} answers in a shape of its own")
    return documented
