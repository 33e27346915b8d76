"""An update lasts, whatever else is asked afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.laws._support import OPERATIONS, valid, wrong

if TYPE_CHECKING:
    from contract_tests.api.context import Lab


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "updateProfile"])
def test_an_update_lasts(lab: Lab, operation: str) -> None:
    """An update is still there after any other call, also after one that is refused."""
    asks = [valid(lab, operation), *wrong(lab, operation)]
    calls = [(ask, who) for ask in asks for who in (*lab.roles(), None)]
    for number, (ask, who) in enumerate(calls):
        written = resources.set_profile(lab, "primary", biography=lab.marker(operation, number))
        before = resources.profile(lab, "primary", "biography")["biography"]
        called = lab.ask(ask, who)
        after = resources.profile(lab, "primary", "biography")["biography"]
        if after != before:
            received = f"biography is {after!r} after {operation}, {called.status}"
            lab.find(
                "update.seen",
                "updateProfile",
                received,
                f"{before!r}",
                written,
                called,
                field="biography",
            )
