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
    from collections.abc import Iterator

    from contract_tests.drift.sides import Observation

Fact = tuple[str, "Observation"]
Answers = dict[str, "Observation"]
SMALL = 2
"""Items on the small pages of the probes."""


def facts(seen: list[Observation]) -> dict[tuple[str, str], Fact]:
    """Return the facts by operation and subject; none where there is too little data."""
    found: dict[tuple[str, str], Fact] = {}
    for operation, subject, situation, judge in SUBJECTS:
        answers = _answers(seen, operation)
        said = judge(answers) if situation in answers else ""
        if said:
            found[(operation, subject)] = (said, answers[situation])
    return found


def differences(left: list[Observation], right: list[Observation]) -> Iterator[Difference]:
    """Yield the subjects on which both sides have something else to say."""
    mine, theirs = facts(left), facts(right)
    for (operation, subject), (said, one) in mine.items():
        other = theirs.get((operation, subject))
        if other and other[0] != said:
            curls = (one.curl, other[1].curl)
            yield Difference(
                "pages", operation, subject, said, other[0], (one.probe.situation,), curls=curls
            )


def _answers(seen: list[Observation], operation: str) -> Answers:
    """Return what succeeded, by situation and value; the latest of each."""
    mine = [
        each
        for each in seen
        if each.probe.operation == operation and each.probe.method == "GET" and each.exchange.ok
    ]
    return {f"{each.probe.situation} {each.probe.value}".strip(): each for each in mine}


def _value(answers: Answers, situation: str) -> Any:
    return value_of(answers[situation].exchange) if situation in answers else None


def _items(answers: Answers, situation: str) -> list[dict[str, Any]] | None:
    return items_of(_value(answers, situation))


def _order(items: list[dict[str, Any]] | None, key: str) -> str:
    times = [time for item in items or [] if (time := _time(item.get(key))) is not None]
    if len(times) < len(items or []) or len(set(times)) <= 1:
        return ""
    newest = all(one >= other for one, other in pairwise(times))
    oldest = all(one <= other for one, other in pairwise(times))
    return (
        "newest first"
        if newest
        else "oldest first"
        if oldest
        else "neither newest nor oldest first"
    )


def _time(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except ValueError:
        return None


def _list_order(answers: Answers) -> str:
    return _order(_items(answers, "success"), "createdAt")


def _ties(answers: Answers) -> str:
    items = _items(answers, "success") or []
    ties = [
        (str(one.get("id")), str(other.get("id")))
        for one, other in pairwise(items)
        if one.get("createdAt") == other.get("createdAt")
        and _time(one.get("createdAt")) is not None
    ]
    if not ties:
        return ""
    rising = [one < other for one, other in ties]
    return "by id ascending" if all(rising) else "not by id ascending"


def _referral_order(answers: Answers) -> str:
    return _order(_items(answers, "success"), "joinedAt")


def _referral_total(answers: Answers) -> str:
    value = _value(answers, "success")
    total, items = number_at(value, "total"), items_of(value)
    if total is None or items is None:
        return ""
    return "counts the items" if total == len(items) else "counts something else"


def _default_page(answers: Answers) -> str:
    page = number_at(_value(answers, "success"), "page")
    return "" if page is None else f"{page:g}"


def _default_limit(answers: Answers) -> str:
    limit = number_at(_value(answers, "success"), "limit")
    return "" if limit is None else f"{limit:g}"


def _default_size(answers: Answers) -> str:
    items, total = _items(answers, "success"), number_at(_value(answers, "success"), "total")
    return f"{len(items)} items" if items and total is not None and total > len(items) else ""


def _echo(name: str, situation: str, answers: Answers) -> str:
    number = number_at(_value(answers, situation), name)
    if number is None:
        return ""
    return f"the {name} asked for" if number == SMALL else f"{number:g} where 2 was asked for"


def _size(answers: Answers) -> str:
    items = _items(answers, "first of small pages")
    return (
        ""
        if not items or len(items) < SMALL
        else "at most the limit"
        if len(items) == SMALL
        else "more than the limit"
    )


def _following(answers: Answers) -> str:
    pages = [
        _items(answers, name)
        for name in ("success", "first of small pages", "second of small pages")
    ]
    if any(page is None for page in pages):
        return ""
    whole, first, second = ([item.get("id") for item in page or []] for page in pages)
    if len(whole) <= SMALL or len(set(map(str, whole))) < len(whole):
        return ""
    if first == whole[:SMALL]:
        return (
            "the second follows the first"
            if second == whole[SMALL : 2 * SMALL]
            else "the second does not follow the first"
        )
    return "page 1 is not the first" if first else "page 1 is empty"


def _total(answers: Answers) -> str:
    total = number_at(_value(answers, "first of small pages"), "total")
    first, second = (
        _items(answers, "first of small pages"),
        _items(answers, "second of small pages"),
    )
    whole, last = _items(answers, "success") or [], _items(answers, "last of small pages")
    if total is None or first is None or not second or len(first) != SMALL:
        return ""
    if total < max(len(whole), len(first) + len(second)):
        return "counts less than all pages"
    if last is None:
        return ""
    return "counts all pages" if len(last) == (total - 1) % SMALL + 1 else "counts something else"


def _past(answers: Answers) -> str:
    items = _items(answers, "far past the end")
    return "" if items is None else "items" if items else "no items"


def _too_high(answers: Answers) -> str:
    limit = number_at(_value(answers, "limit 101"), "limit")
    return "" if limit is None else f"answered as {limit:g}"


SUBJECTS = (
    (LIST, "order", "success", _list_order),
    (LIST, "order among equal times", "success", _ties),
    (LIST, "default page", "success", _default_page),
    (LIST, "default limit", "success", _default_limit),
    (LIST, "size of a page by default", "success", _default_size),
    (
        LIST,
        "echo of page",
        "second of small pages",
        partial(_echo, "page", "second of small pages"),
    ),
    (
        LIST,
        "echo of limit",
        "first of small pages",
        partial(_echo, "limit", "first of small pages"),
    ),
    (LIST, "size of a page", "first of small pages", _size),
    (LIST, "one page after another", "second of small pages", _following),
    (LIST, "total", "first of small pages", _total),
    (LIST, "items past the end", "far past the end", _past),
    (LIST, "limit 101", "limit 101", _too_high),
    (REFERRALS, "order", "success", _referral_order),
    (REFERRALS, "total", "success", _referral_total),
)
