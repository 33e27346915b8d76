"""`getProfile` answers exactly the requested fields, always with the same values."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import RequestTemplate, fields
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import EACH_ROLE

if TYPE_CHECKING:
    from contract_tests.api.context import Context, Profile

# Nothing, unknown names alone and beside known ones, other spellings of a list, other keys.
BAD_LISTS = (
    (),
    (("fields", ""),),
    (("fields", "nonsense"),),
    (("fields", "handle"), ("fields", "nonsense")),
    (("fields", "handle"), ("fields", "")),
    (("fields", "nonsense"), ("fields", "handle")),
    (("fields", "handle,biography"),),
    (("fields", "Handle"),),
    (("fields", "handle "),),
    (("fields", "handl"),),
    (("fields", "*"),),
    (("fields", "all"),),
    (("fields", " handle"),),
    (("fields", "HANDLE"),),
    (("fields", "handle biography"),),
    (("fields", "handle|biography"),),
    (("fields", '["handle"]'),),
    (("Fields", "handle"),),
    (("field", "handle"),),
    (("page", "1"), ("limit", "2")),
)
# How a list is spelt in a query is not documented, so that these could be lists elsewhere.
OTHER_LISTS = ("fields[]", "fields[0]", "fields.0")


@EACH_ROLE
def test_every_subset(context: Context, role: str) -> None:
    """Each subset of the fields is answered with exactly its keys, and the values of the whole."""
    context.need(role)
    known = resources.profile(context, role)
    _subsets(context, role, known)
    # After a change, for who keeps answers by their fields.
    resources.set_profile(context, role, biography=context.marker(role))
    _subsets(context, role, resources.profile(context, role))


def test_order_and_repetition(context: Context) -> None:
    """The order of the names does not matter and a repeated name is harmless."""
    names = context.contract.fields
    for role in context.roles():
        known = resources.profile(context, role)
        for number in range(6):
            requested = [*names, *names]
            context.random(role, number).shuffle(requested)
            _exact(context, role, tuple(requested[: number + 4]), known)
        _exact(context, role, tuple(reversed(names)), known)
        # More names than there are fields.
        for times in (3, 200):
            _exact(context, role, (names[0],) * times, known)


@pytest.mark.parametrize("query", BAD_LISTS, ids=str)
def test_a_wrong_list_is_refused(context: Context, query: tuple[tuple[str, str], ...]) -> None:
    """`fields` is required, has at least one item, and each is one of the known names."""
    for role in context.roles():
        known = resources.profile(context, role)
        for _ in range(1 if query else context.depth.repeats):
            context.refused(RequestTemplate("getProfile", query=query), role)
        _exact(context, role, ("biography",), known)


@pytest.mark.parametrize("name", OTHER_LISTS)
def test_a_list_is_spelt_by_repetition(context: Context, name: str) -> None:
    """Without `fields` itself the list is missing, whatever else looks like it."""
    for query in (((name, "handle"),), ((name, "handle"), (name, "biography"))):
        context.refused(RequestTemplate("getProfile", query=query), rule="input.bounds")


def _subsets(
    context: Context,
    role: str,
    known: Profile,
) -> None:
    names = context.contract.fields
    sizes = range(1, len(names) + 1)
    every = list(chain.from_iterable(combinations(names, size) for size in sizes))
    number = context.depth.subsets
    # Each field alone, and some of the others.
    singles, others = every[: len(names)], every[len(names) :]
    if number < len(every):
        others = context.random(role).sample(others, number - len(singles))
    for subset in (*singles, *others):
        _exact(context, role, subset, known)


def _exact(
    context: Context,
    role: str,
    names: tuple[str, ...],
    known: Profile,
) -> None:
    exchange = context.accepted(fields(*names), role)
    body = context.body(exchange)
    if not isinstance(body, dict):
        resources.profile_of(context, exchange, names)
        return
    if set(body) != set(names):
        context.find(
            "projection.exact",
            "getProfile",
            exchange,
            Text("exactly the keys {}", sorted(set(names))),
        )
    found = resources.plain(context, {name: body[name] for name in names if name in body})
    for name, value in found.items():
        if value != known[name]:
            context.find(
                "projection.values",
                "getProfile",
                Value(value),
                Text("{}, as in the whole", Value(known[name])),
                exchange,
                field=name,
            )
