"""The environment of a run, without variables that are meant for other runs of the same tools."""

from __future__ import annotations

import os

# How the variables begin that change what the tools under the gate do.
FOREIGN = ("MOCK_SERVER_", "PYTEST_", "HYPOTHESIS_", "SCHEMATHESIS_")


def without(*more: str) -> dict[str, str]:
    """Return the environment for a process of the gate.

    The tools' variables are left out, and those that begin with `more`.
    """
    left_out = (*FOREIGN, *more)
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def forget() -> None:
    """Take the tools' variables out of the environment of this process."""
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            del os.environ[name]
