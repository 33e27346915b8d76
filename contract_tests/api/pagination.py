"""Reads whole lists, page by page, whatever number the target gives its first page."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from contract_tests.api import resources
from contract_tests.api.context import BAD_REQUEST, FULL_PAGE, Context, Item
from contract_tests.api.request_templates import REFERRALS, RequestTemplate, notifications
from contract_tests.exceptions import NotJudgedError
from contract_tests.findings.evidence import Status, Text

if TYPE_CHECKING:
    from contract_tests.http.messages import Exchange

FIRST_PAGES, MOST_PAGES = 3, 100
TRIES = 4
SIZES = (FULL_PAGE, 50, 20, 10)
Inbox = dict[str, list[Item]]
Reading = tuple[list[Item], "Exchange"]


def items_of(context: Context, exchange: Exchange) -> list[Item]:
    """Return the items of a list's answer."""
    items = context.object(exchange).get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise NotJudgedError(f"{exchange.request.operation} answers in a shape of its own")
    return [_known(context, exchange.request.operation, item) for item in items]


def first_page(context: Context, role: str, container: str) -> int:
    """The number of a list's first page: 1, or 0 where the target turns out to count from there."""
    number: int = context.once(
        f"first page {role} {container}", lambda: _first_page(context, role, container)
    )
    return number


def _first_page(context: Context, role: str, container: str) -> int:
    zeroth, first, plain = (
        context.send(notifications(container, number, 5), role) for number in (0, 1, None)
    )
    if not (zeroth.ok and first.ok and plain.ok):
        return 1
    items = items_of(context, zeroth)
    if not items or items != items_of(context, plain) or items == items_of(context, first):
        return 1
    context.find(
        "pages.defaults",
        "listNotifications",
        "the first page is page 0",
        "the first page is page 1",
        plain,
        zeroth,
    )
    return 0


def at(
    context: Context, role: str, container: str, number: int, limit: object = None
) -> RequestTemplate:
    """Ask for the page that is the `number`th, from 1 on."""
    return notifications(container, number - 1 + first_page(context, role, container), limit)


def page(
    context: Context, role: str, container: str, number: int | None = None, limit: object = None
) -> tuple[Exchange, list[Item]]:
    """Read one page; without a number, the one that the target answers by default."""
    template = (
        at(context, role, container, number, limit)
        if number is not None
        else notifications(container, None, limit)
    )
    exchange = context.accepted(
        template, role, "input.valid" if (number, limit) == (None, None) else "input.accepted"
    )
    return exchange, items_of(context, exchange)


def page_size(context: Context, role: str, container: str) -> int:
    """The largest size of page that the target takes and fills: that 100 is too much for it is judged elsewhere."""

    def learn() -> int:
        return next(
            (size for size in SIZES if _holds(context, role, container, size)), 0
        ) or _filled(context, role, container)

    size: int = context.once(f"page size {role} {container}", learn)
    return size


def _filled(context: Context, role: str, container: str) -> int:
    """How many items a first page has, whatever it was asked for."""
    exchange = context.send(at(context, role, container, 1, SIZES[-1]), role)
    return len(items_of(context, exchange)) or FULL_PAGE if exchange.ok else FULL_PAGE


def _holds(context: Context, role: str, container: str, size: int) -> bool:
    """Whether pages of this size are taken, and full while there are more items."""
    first, second = (
        context.send(at(context, role, container, number, size), role) for number in (1, 2)
    )
    if not first.ok:
        return False
    return len(items_of(context, first)) >= size or not second.ok or not items_of(context, second)


def whole(context: Context, role: str, container: str, size: int = 0) -> list[Item]:
    """Read all notifications of a container, page by page until one is empty; again where some have come meanwhile."""
    for _ in range(TRIES):
        begun, found = _pages(context, role, container, size)
        total = _total(context, begun)
        if (
            total is None
            or len(found) <= total
            or _total(context, context.client.send(begun.request)) == total
        ):
            return found
    raise NotJudgedError("new notifications come while pages are read")


def _total(context: Context, exchange: Exchange) -> int | None:
    total = context.object(exchange).get("total")
    return total if isinstance(total, int) else None


def _pages(context: Context, role: str, container: str, size: int) -> tuple[Exchange, list[Item]]:
    """Return the first page as it came, and the items of all."""
    limit = size or page_size(context, role, container)
    begun, found = page(context, role, container, 1, limit)
    exchange, last = begun, found
    for number in range(2, MOST_PAGES + 1):
        total = _total(context, exchange)
        exchange = context.send(at(context, role, container, number, limit), role)
        if not exchange.ok:
            _ended(context, exchange)
            break
        items = items_of(context, exchange)
        if _is_last_again(items, last, len(found), total, number):
            context.find(
                "pages.past-end",
                exchange.request.operation,
                "the last page once more",
                "200 with no items",
                exchange,
            )
            break
        last = items
        if items and len(found) < limit * (number - 1):
            context.find(
                "pages.size",
                exchange.request.operation,
                Text(
                    "{} items on page {} of {} after {} items on those before",
                    len(items),
                    number,
                    limit,
                    len(found),
                ),
                "full pages before it",
                exchange,
            )
        if not items:
            break
        found += items
        if len(found) == total and len(items) < limit:
            break
    else:
        if not size:
            raise NotJudgedError(
                f"the session {role} has more than {MOST_PAGES * limit} notifications in {container}"
            )
    return begun, found


def _is_last_again(
    items: list[Item], last: list[Item], found: int, total: int | None, number: int
) -> bool:
    """Whether a page past the end is answered by the last one: the whole was there already, as far as that is said."""
    whole = found >= total if total is not None else number > 2  # noqa: PLR2004 - or every page may be the first
    return bool(items) and items == last and whole


def _ended(context: Context, exchange: Exchange) -> None:
    """A refused page past the end is no loss of items; that it is refused breaks a decision of ours only."""
    if exchange.refused:
        context.find(
            "pages.past-end",
            exchange.request.operation,
            exchange,
            Status(200, "with no items"),
        )


def first_readings(context: Context, role: str, container: str) -> tuple[Reading, Reading]:
    """Return what the first two readings of a list gave, before anything else was asked: unread can become read once only."""
    readings: tuple[Reading, Reading] = context.once(
        f"first readings {role} {container}",
        lambda: (reading(context, role, container), reading(context, role, container)),
    )
    return readings


def keep_before_writing(context: Context) -> None:
    """Read every list once more before the run writes for the first time, so that what that does to them can be told."""
    for role in context.roles():
        for container in context.target.containers:
            known = reading(context, role, container)
            context.once(_before_writing(role, container), lambda known=known: known)


def before_writing(context: Context, role: str, container: str) -> Reading | None:
    """Return what the reading before the first write gave, `None` where nothing was written before the laws."""
    found: Reading | None = context.once(_before_writing(role, container), lambda: None)
    return found


def _before_writing(role: str, container: str) -> str:
    return f"before writing {role} {container}"


def reading(context: Context, role: str, container: str) -> Reading:
    """Read the beginning of a list in as few calls as the target allows."""
    for size in SIZES:
        first = context.send(notifications(container, 1, size), role)
        if first.status != BAD_REQUEST:
            break
    found: list[Item] = []
    with suppress(NotJudgedError):
        for number in range(1, FIRST_PAGES + 1):
            exchange = (
                context.send(notifications(container, number, size), role) if number > 1 else first
            )
            items = items_of(context, exchange) if exchange.ok else []
            found += items
            if len(items) < size:
                break
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
    """Return who was referred and when, without names: other users may change theirs at any time."""
    return {str(item.get("username")): item.get("joinedAt") for item in referrals(context, role)[1]}


def _known(context: Context, operation: str, item: Item) -> Item:
    view = context.contract.full
    name = {"listNotifications": "Notification", "listReferrals": "Referral"}[operation]
    known: dict[str, Any] = view.document["components"]["schemas"][name]["properties"]
    kept = {key: item[key] for key in known if key in item}
    if "id" not in kept and operation == "listNotifications":
        raise NotJudgedError(f"{operation} answers in a shape of its own")
    return kept
