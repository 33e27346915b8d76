"""`getProfile` answers exactly the requested fields, with the same values however they are asked for."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.api.request_templates import Ask, fields

if TYPE_CHECKING:
    from contract_tests.api.context import Lab, Profile

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


@pytest.mark.parametrize("who", ["primary", "secondary"])
def test_every_subset(lab: Lab, who: str) -> None:
    """Each subset of the fields is answered with exactly its keys, and with the values of the whole."""
    lab.need(who)
    known = resources.profile(lab, who)
    _subsets(lab, who, known)
    resources.set_profile(lab, who, biography=lab.marker(who))
    _subsets(lab, who, resources.profile(lab, who))


def test_order_and_repetition(lab: Lab) -> None:
    """The order of the names does not matter and a repeated name is harmless."""
    names = lab.contract.fields
    for who in lab.roles():
        known = resources.profile(lab, who)
        for number in range(6):
            asked = [*names, *names]
            lab.random(who, number).shuffle(asked)
            _exact(lab, who, tuple(asked[: number + 4]), known)
        _exact(lab, who, tuple(reversed(names)), known)
        for times in (3, 200):
            _exact(lab, who, (names[0],) * times, known)


@pytest.mark.parametrize("query", BAD_LISTS, ids=str)
def test_a_wrong_list_is_refused(lab: Lab, query: tuple[tuple[str, str], ...]) -> None:
    """`fields` is required, has at least one item, and each is one of the known names."""
    for who in lab.roles():
        known = resources.profile(lab, who)
        for _ in range(1 if query else lab.depth.repeats):
            lab.refused(Ask("getProfile", query=query), who)
        _exact(lab, who, ("biography",), known)


@pytest.mark.parametrize("name", OTHER_LISTS)
def test_a_list_is_spelt_by_repetition(lab: Lab, name: str) -> None:
    """Without `fields` itself the list is missing, whatever else looks like it."""
    for query in (((name, "handle"),), ((name, "handle"), (name, "biography"))):
        lab.refused(Ask("getProfile", query=query), rule="input.bounds")


def _subsets(lab: Lab, who: str, known: Profile) -> None:
    names = lab.contract.fields
    every = [subset for size in range(1, len(names) + 1) for subset in combinations(names, size)]
    chosen = (
        every
        if lab.depth.subsets >= len(every)
        else [*every[:5], *lab.random(who).sample(every[5:], lab.depth.subsets - 5)]
    )
    for subset in chosen:
        _exact(lab, who, subset, known)


def _exact(lab: Lab, who: str, names: tuple[str, ...], known: Profile) -> None:
    exchange = lab.accepted(fields(*names), who)
    body = lab.body(exchange)
    if not isinstance(body, dict):
        resources.profile_of(lab, exchange, names)
        return
    if set(body) != set(names):
        lab.find(
            "projection.exact",
            "getProfile",
            exchange.shown(),
            f"exactly the keys {sorted(set(names))}",
            exchange,
        )
    for name, value in resources.plain(
        lab, {name: body[name] for name in names if name in body}
    ).items():
        if value != known[name]:
            lab.find(
                "projection.values",
                "getProfile",
                f"{name} is {value!r}",
                f"{known[name]!r}, as in the whole",
                exchange,
                field=name,
            )
