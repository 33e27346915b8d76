"""The environment of a run, without variables that are meant for other runs of the same tools."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FOREIGN = ("MOCK_SERVER_", "PYTEST_", "HYPOTHESIS_", "SCHEMATHESIS_")
"""How the variables begin that change what the tools under the gate do."""


def without(*more: str) -> dict[str, str]:
    """Return the environment for a process of the gate, without the tools' variables and those that begin with `more`."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith((*FOREIGN, *more))
    }


def forget(prefixes: Iterable[str] = FOREIGN) -> None:
    """Take the tools' variables out of the environment of this process."""
    for name in [name for name in os.environ if name.startswith(tuple(prefixes))]:
        del os.environ[name]
