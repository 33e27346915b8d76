"""How one side pages and orders its lists: facts that can be compared whatever is in the lists."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from contract_tests.drift.differences import Difference
from contract_tests.drift.probes import LIST, REFERRALS
from contract_tests.drift.response_facts import items_of, number_at, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contract_tests.drift.sides import Observation

Item = dict[str, Any]
# The JSON bodies of successful reads by the name of their probe.
Bodies = dict[str, Any]
# What a fact is about, the situation that shows it, and how it is judged.
Subject = tuple[str, str, "Callable[[Bodies], str]"]
WHOLE, FIRST, SECOND = "success", "first of small pages", "second of small pages"
# Names of probes.
LAST, PAST, TOO_HIGH = "last of small pages", "far past the end", "limit 101"
# Items on the small pages of the probes.
SMALL = 2


def differences(left: list[Observation], right: list[Observation]) -> Iterator[Difference]:
    """Yield the facts that differ; one of which a side has too little data is left out."""
    for operation, subjects in SUBJECTS.items():
        mine, theirs = _successes(left, operation), _successes(right, operation)
        facts, others = _facts(mine, subjects), _facts(theirs, subjects)
        for subject, situation, _ in subjects:
            fact, other = facts[subject], others[subject]
            if fact and other and fact != other:
                one, two = mine[situation], theirs[situation]
                place = (one.probe.situation,)
                curls = (one.curl, two.curl)
                yield Difference(
                    "pages",
                    operation,
                    subject,
                    fact,
                    other,
                    place,
                    curls=curls,
                )


def _facts(responses: dict[str, Observation], subjects: tuple[Subject, ...]) -> dict[str, str]:
    """Return the facts by subject, empty where there is too little data."""
    bodies = {name: value_of(each.exchange) for name, each in responses.items()}
    return {
        subject: judge(bodies) if situation in responses else ""
        for subject, situation, judge in subjects
    }


def _successes(seen: list[Observation], operation: str) -> dict[str, Observation]:
    """Return the reads that succeeded by name, the latest of each."""
    return {
        each.probe.name: each
        for each in seen
        if each.probe.operation == operation and each.probe.method == "GET" and each.exchange.ok
    }


def _items(bodies: Bodies, name: str) -> list[Item] | None:
    return items_of(bodies.get(name))


def _ids(bodies: Bodies, name: str) -> list[Any] | None:
    items = _items(bodies, name)
    return None if items is None else [item.get("id") for item in items]


def _time(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None


def _order(key: str, bodies: Bodies) -> str:
    items = _items(bodies, WHOLE) or []
    found = [_time(item.get(key)) for item in items]
    times = [time for time in found if time is not None]
    if len(times) < len(items) or len(set(times)) <= 1:
        return ""
    if times == sorted(times, reverse=True):
        return "newest first"
    return "oldest first" if times == sorted(times) else "neither newest nor oldest first"


def _ties(bodies: Bodies) -> str:
    rising = [
        str(one.get("id")) < str(other.get("id"))
        for one, other in pairwise(_items(bodies, WHOLE) or [])
        if one.get("createdAt") == other.get("createdAt")
        and _time(one.get("createdAt")) is not None
    ]
    if not rising:
        return ""
    return "by id ascending" if all(rising) else "not by id ascending"


def _referral_total(bodies: Bodies) -> str:
    total, items = number_at(bodies[WHOLE], "total"), _items(bodies, WHOLE)
    if total is None or items is None:
        return ""
    return "counts the items" if total == len(items) else "counts something else"


def _number(
    key: str,
    name: str,
    text: str,
    bodies: Bodies,
) -> str:
    number = number_at(bodies[name], key)
    return "" if number is None else text.format(number)


def _default_size(bodies: Bodies) -> str:
    items, total = _items(bodies, WHOLE), number_at(bodies[WHOLE], "total")
    # A list that fits on one page does not show how much fits there.
    return f"{len(items)} items" if items and total is not None and total > len(items) else ""


def _echo(
    key: str,
    name: str,
    bodies: Bodies,
) -> str:
    if number_at(bodies[name], key) == SMALL:
        return f"the {key} asked for"
    return _number(key, name, "{:g} where 2 was asked for", bodies)


def _size(bodies: Bodies) -> str:
    number = len(_items(bodies, FIRST) or [])
    if number < SMALL:
        return ""
    return "at most the limit" if number == SMALL else "more than the limit"


def _following(bodies: Bodies) -> str:
    whole, first, second = (_ids(bodies, name) for name in (WHOLE, FIRST, SECOND))
    if whole is None or first is None or second is None:
        return ""
    # Ids that occur twice cannot tell one page from the next.
    if len(whole) <= SMALL or len(set(map(str, whole))) < len(whole):
        return ""
    if not first:
        return "page 1 is empty"
    if first != whole[:SMALL]:
        return "page 1 is not the first"
    is_next = second == whole[SMALL : 2 * SMALL]
    return "the second follows the first" if is_next else "the second does not follow the first"


def _total(bodies: Bodies) -> str:
    total = number_at(bodies[FIRST], "total")
    whole, first, second, last = (
        _items(bodies, name) or [] for name in (WHOLE, FIRST, SECOND, LAST)
    )
    if total is None or not second or len(first) != SMALL:
        return ""
    # The last page may be one that could not be read.
    if total < max(len(whole), len(first) + len(second)):
        return "counts less than all pages"
    if _items(bodies, LAST) is None:
        return ""
    return "counts all pages" if len(last) == (total - 1) % SMALL + 1 else "counts something else"


def _past(bodies: Bodies) -> str:
    items = _items(bodies, PAST)
    if items is None:
        return ""
    return "items" if items else "no items"


SUBJECTS: dict[str, tuple[Subject, ...]] = {
    LIST: (
        ("order", WHOLE, partial(_order, "createdAt")),
        ("order among equal times", WHOLE, _ties),
        ("default page", WHOLE, partial(_number, "page", WHOLE, "{:g}")),
        ("default limit", WHOLE, partial(_number, "limit", WHOLE, "{:g}")),
        ("size of a page by default", WHOLE, _default_size),
        ("echo of page", SECOND, partial(_echo, "page", SECOND)),
        ("echo of limit", FIRST, partial(_echo, "limit", FIRST)),
        ("size of a page", FIRST, _size),
        ("one page after another", SECOND, _following),
        ("total", FIRST, _total),
        ("items past the end", PAST, _past),
        ("limit 101", TOO_HIGH, partial(_number, "limit", TOO_HIGH, "answered as {:g}")),
    ),
    REFERRALS: (
        ("order", WHOLE, partial(_order, "joinedAt")),
        ("total", WHOLE, _referral_total),
    ),
}
