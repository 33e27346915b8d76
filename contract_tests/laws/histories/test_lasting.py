"""An update lasts, whatever else is asked afterwards."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from contract_tests.api import resources
from contract_tests.findings.evidence import Text, Value
from contract_tests.laws._support import OPERATIONS, valid, wrong

if TYPE_CHECKING:
    from contract_tests.api.context import Context


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "updateProfile"])
def test_an_update_lasts(context: Context, operation: str) -> None:
    """An update is still there after any other call, also after one that is refused."""
    templates = [valid(context, operation), *wrong(context, operation)]
    # Without a session, too.
    calls = product(templates, (*context.roles(), None))
    for number, (template, role) in enumerate(calls):
        text = context.marker(operation, number)
        written = resources.set_profile(context, "primary", biography=text)
        before = resources.field(context, "primary", "biography")
        called = context.send(template, role)
        after = resources.field(context, "primary", "biography")
        if after != before:
            context.find(
                "update.seen",
                "updateProfile",
                Text("biography is {} after {}, {}", Value(after), operation, called.status),
                Value(before),
                written,
                called,
                field="biography",
            )
