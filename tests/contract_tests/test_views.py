"""An answer is judged with bounded work, however much is wrong with it."""

from typing import Any

import pytest

from contract_tests.spec import contract

REFERRAL = {"username": "u", "displayName": None, "joinedAt": "2026-03-01T08:00:00Z"}
PAGE = {"page": 1, "limit": 10, "total": 1}


def errors(items: list[Any]) -> list[str]:
    view = contract.load().full
    response = view.operations["listReferrals"].response(200)
    assert response is not None
    schema = view.resolve(response["content"]["application/json"]["schema"])
    return [place for place, _ in view.errors(schema, {**PAGE, "items": items})]


def test_of_a_list_of_two_hundred_thousand_wrong_items_the_first_are_told() -> None:
    assert errors([]) == []
    places = errors([1] * 200_000)
    assert places[:2] == ["/items/0", "/items/1"]
    assert len(places) == 200


@pytest.mark.parametrize("count", [1, 199, 200, 5000])
def test_one_wrong_item_is_found_wherever_it_is(count: int) -> None:
    assert errors([REFERRAL] * count) == []
    assert errors([*[REFERRAL] * count, 1]) == [f"/items/{count}"]
